"""What users have seen: all that a model was trained on."""
from __future__ import annotations

from typing import Any, Optional, Sequence, Tuple

import numpy as np

from . import _abi
from ._data import Interactions
from ._ids import Ids, longest
from ._matrices import interactions_from_coo

# Rows, columns and values of some pairs, each once.
_Pairs = Tuple[Any, Any, Any]


class Seen:
    """Interactions and, in parts that shrink by half or more from one to the next, those of later calls. Immutable."""

    def __init__(self, first: Interactions, parts: Sequence[_Pairs] = (), shape: Optional[Tuple[int, int]] = None,
                 user_ids: Optional[Ids] = None, item_ids: Optional[Ids] = None) -> None:
        self._first, self._parts = first, tuple(parts)
        self._shape = first.shape if shape is None else shape
        self._ids = longest(first.user_ids, user_ids), longest(first.item_ids, item_ids)
        self._joined: Optional[Interactions] = None

    def with_more(self, given: Interactions) -> 'Seen':
        """These and others, which are copied."""
        if given is self._first or not self._parts and _same_pairs(given, self._first):
            return self
        matrix = given.tocoo()
        parts = [*self._parts, _once([(matrix.row, matrix.col, matrix.data)])]
        while len(parts) > 1 and len(parts[-2][0]) <= 2 * len(parts[-1][0]):
            parts[-2:] = [_once(parts[-2:])]
        shape = max(self._shape[0], given.n_users), max(self._shape[1], given.n_items)
        return Seen(self._first, parts, shape, longest(self._ids[0], given.user_ids),
                    longest(self._ids[1], given.item_ids))

    def interactions(self) -> Interactions:
        """All of them, each pair once with its last value."""
        if not self._parts:
            return self._first
        if self._joined is None:
            matrix = self._first.tocoo()
            rows, columns, values = _together([(matrix.row, matrix.col, matrix.data), *self._parts])
            handle = interactions_from_coo(self._shape, rows, columns, None if (values == 1).all() else values,
                                           duplicates=_abi.LFM_DUPLICATES_LAST)
            self._joined = Interactions._made(handle, *(
                ids if ids is not None and len(ids) == n else None for ids, n in zip(self._ids, self._shape)))
        return self._joined


def _together(parts: Sequence[_Pairs]) -> _Pairs:
    rows, columns, values = (np.concatenate(arrays) for arrays in zip(*parts))
    return rows, columns, values


def _once(parts: Sequence[_Pairs]) -> _Pairs:
    """Each pair of some parts once, with its last value."""
    rows, columns, values = _together(parts)
    keys = rows.astype(np.int64) << 31 | columns
    last = len(keys) - 1 - np.unique(keys[::-1], return_index=True)[1]
    return rows[last], columns[last], values[last]


def _same_pairs(one: Interactions, other: Interactions) -> bool:
    if one.shape != other.shape or one.nnz != other.nnz:
        return False
    left, right = one.tocoo(), other.tocoo()
    return all(np.array_equal(getattr(left, name), getattr(right, name)) for name in ('row', 'col', 'data'))
