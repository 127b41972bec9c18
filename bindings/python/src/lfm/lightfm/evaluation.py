"""How good a fitted model is: precision, recall, AUC and reciprocal rank of each user.

All functions take the same arguments:

model: a fitted LightFM, or any object with its predict_rank
test_interactions: sparse matrix of shape (n_users, n_items); every stored entry is a positive to be found
train_interactions: sparse matrix of the same shape, optional; its stored items are no candidates
user_features, item_features: sparse matrices as in fit, optional
preserve_rows: True: a number for each user; False: for users with test interactions only
num_threads: threads, 1 or more
check_intersections: refuse test and train interactions that share a pair
"""
from __future__ import annotations

from typing import Any, Optional

import numpy as np

from .. import _abi
from .._checks import whole
from ._inputs import as_csr, check_threads
from ._ranking import Ranking
from .lightfm import LightFM

__all__ = ['precision_at_k', 'recall_at_k', 'auc_score', 'reciprocal_rank']


def precision_at_k(model: Any, test_interactions: Any, train_interactions: Any = None, k: int = 10,
                   user_features: Any = None, item_features: Any = None, preserve_rows: bool = False,
                   num_threads: int = 1, check_intersections: bool = True) -> Any:
    """The share of the first k places that hold a test item: a float32 for each user, 0 for users without
    test interactions. A user's best possible value is (number of test items) / k."""
    check_threads(num_threads)
    k = whole('k', k, 1, 2**63 - 1)
    hits = _hits(model, test_interactions, train_interactions, k, user_features, item_features, num_threads,
                 check_intersections)
    return _rows(hits / np.float32(k), test_interactions, preserve_rows)


def recall_at_k(model: Any, test_interactions: Any, train_interactions: Any = None, k: int = 10,
                user_features: Any = None, item_features: Any = None, preserve_rows: bool = False,
                num_threads: int = 1, check_intersections: bool = True) -> Any:
    """The share of a user's test items that stand in the first k places: a float64 for each user, 0 for users
    without test interactions."""
    check_threads(num_threads)
    k = whole('k', k, 1, 2**63 - 1)
    hits = _hits(model, test_interactions, train_interactions, k, user_features, item_features, num_threads,
                 check_intersections)
    wanted = _row_counts(test_interactions)
    recall = hits.astype(np.float64) / np.maximum(wanted, 1)
    return _rows(recall, test_interactions, preserve_rows)


def auc_score(model: Any, test_interactions: Any, train_interactions: Any = None, user_features: Any = None,
              item_features: Any = None, preserve_rows: bool = False, num_threads: int = 1,
              check_intersections: bool = True) -> Any:
    """The chance that a test item scores above an item that is in neither set: a float32 for each user, 0.5
    where there is no item of one of the kinds."""
    check_threads(num_threads)
    ranks = _ranks(model, test_interactions, train_interactions, user_features, item_features, num_threads,
                   check_intersections)
    n_users, n_items = ranks.shape
    lengths = np.diff(ranks.indptr)
    known = np.zeros(n_users, dtype=np.int64)
    if train_interactions is not None:
        known += _row_counts(train_interactions)[:n_users]
    negatives = n_items - lengths - known
    rows = np.repeat(np.arange(n_users), lengths)
    # A user's ranks in ascending order: the t-th has t other positives before it, which are no inversions.
    ordered = ranks.data[np.lexsort((ranks.data, rows))].astype(np.float64)
    before = np.arange(len(ordered)) - np.repeat(ranks.indptr[:-1], lengths)
    inversions = np.bincount(rows, weights=np.maximum(ordered - before, 0), minlength=n_users)
    defined = (lengths > 0) & (negatives != 0)
    auc = np.full(n_users, 0.5, dtype=np.float32)
    auc[defined] = 1 - inversions[defined] / lengths[defined] / negatives[defined]
    return _rows(auc, test_interactions, preserve_rows)


def reciprocal_rank(model: Any, test_interactions: Any, train_interactions: Any = None,
                    user_features: Any = None, item_features: Any = None, preserve_rows: bool = False,
                    num_threads: int = 1, check_intersections: bool = True) -> Any:
    """1 / (the place of the best test item, counted from 1): a float32 for each user, 0 for users without test
    interactions."""
    check_threads(num_threads)
    ranking = _fast(model, test_interactions, train_interactions, user_features, item_features, num_threads,
                    check_intersections)
    if ranking is not None:
        best = ranking.per_user(_abi.LFM_METRIC_RECIPROCAL_RANK, 1).astype(np.float32)
    else:
        ranks = _ranks(model, test_interactions, train_interactions, user_features, item_features, num_threads,
                       check_intersections)
        best = np.zeros(ranks.shape[0], dtype=np.float32)
        np.maximum.at(best, np.repeat(np.arange(len(best)), np.diff(ranks.indptr)), 1 / (ranks.data + 1))
    return _rows(best, test_interactions, preserve_rows)


def _fast(model: Any, test: Any, train: Any, user_features: Any, item_features: Any, num_threads: int,
          check_intersections: bool) -> Optional[Ranking]:
    """A ranking by the library's evaluation, where that gives what ranks would: for a LightFM whose ranks
    nobody has redefined, and test interactions that store no pair twice."""
    if not isinstance(model, LightFM) or 'predict_rank' in vars(model) or \
            type(model).predict_rank is not LightFM.predict_rank:
        return None
    model._check_initialized()
    if not as_csr(test, 'test_interactions').has_canonical_format:
        return None
    return Ranking(model, test, train, user_features, item_features, check_threads(num_threads), check_intersections)


def _ranks(model: Any, test: Any, train: Any, user_features: Any, item_features: Any, num_threads: int,
           check_intersections: bool) -> Any:
    return as_csr(model.predict_rank(test, train_interactions=train, user_features=user_features,
                                     item_features=item_features, num_threads=num_threads,
                                     check_intersections=check_intersections), 'ranks')


def _hits(model: Any, test: Any, train: Any, k: int, user_features: Any, item_features: Any, num_threads: int,
          check_intersections: bool) -> Any:
    """How many of each user's test items have a rank below k, as float32."""
    if k < 2**31:
        ranking = _fast(model, test, train, user_features, item_features, num_threads, check_intersections)
        if ranking is not None:
            return ranking.hits(k).astype(np.float32)
    ranks = _ranks(model, test, train, user_features, item_features, num_threads, check_intersections)
    rows = np.repeat(np.arange(ranks.shape[0]), np.diff(ranks.indptr))
    return np.bincount(rows, weights=ranks.data < k, minlength=ranks.shape[0]).astype(np.float32)


def _row_counts(matrix: Any) -> Any:
    """Stored entries of each row, those stored twice counted twice."""
    if getattr(matrix, 'format', None) == 'coo':
        return np.bincount(matrix.row, minlength=matrix.shape[0])
    return np.diff(as_csr(matrix, 'interactions').indptr)


def _rows(numbers: Any, test: Any, preserve_rows: bool) -> Any:
    return numbers if preserve_rows else numbers[_row_counts(test) > 0]
