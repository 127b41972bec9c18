"""Splitting interactions into train and test."""
from __future__ import annotations

from typing import Any, Tuple

import numpy as np
import scipy.sparse as sp

from ._inputs import as_coo

__all__ = ['random_train_test_split']


def random_train_test_split(interactions: Any, test_percentage: float = 0.2,
                            random_state: Any = None) -> Tuple[Any, Any]:
    """Split interactions at random into two COO matrices of the same shape and dtype.

    Parameters
    ----------
    interactions: sparse matrix
    test_percentage: float
        The fraction (not percentage) of the entries that go to test, from 0 to 1.
    random_state: int, numpy.random.RandomState or None
        A matrix of weights that has its entries in the same order is split along the same lines when the
        seed is the same.

    Returns
    -------
    (train, test)
    """
    if not sp.issparse(interactions):
        raise ValueError(f'Interactions must be a scipy.sparse matrix, not {type(interactions).__name__}')
    if not 0 <= test_percentage <= 1:
        raise ValueError(f'test_percentage is {test_percentage}, must be a fraction between 0 and 1')
    if not isinstance(random_state, np.random.RandomState):
        random_state = np.random.RandomState(random_state)
    entries = as_coo(interactions, 'interactions')
    order = np.arange(len(entries.data))
    random_state.shuffle(order)
    cut = int((1.0 - test_percentage) * len(order))

    def part(places: Any) -> Any:
        return sp.coo_matrix((entries.data[places], (entries.row[places], entries.col[places])),
                             shape=entries.shape, dtype=entries.dtype)

    return part(order[:cut]), part(order[cut:])
