"""Representations, scores and ranks of a model's arrays."""
from __future__ import annotations

import ctypes
from functools import partial
from typing import Any, Optional, Tuple

import numpy as np
import scipy.sparse as sp

from .. import _abi
from .._library import Handle, create, lib, make
from .._matrices import address, check_range, embeddings, interactions_from_csr
from .._running import new_cancel, run_interruptibly
from ._inputs import as_csr, feature_csr
from ._parameters import checked_array, pair_of


def feature_rows(model: Any, side: str, features: Any, n_rows: int, exact: bool) -> Optional[Any]:
    """The feature matrix, checked against the model: None for the identity. exact: it must be as wide as
    the model; else narrower ones do."""
    known = checked_array(model, f'{side}_embeddings', 2).shape[0]
    if features is None:
        width = n_rows
    else:
        features = feature_csr(features, f'{side}_features')
        check_rows(side, features, n_rows)
        width = features.shape[1]
    check_width(side, width, known, features is not None, exact)
    return features


def check_rows(side: str, features: Any, n_rows: int) -> None:
    if features.shape[0] < n_rows:
        raise ValueError(f'Number of {side} feature rows does not equal the number of {side}s: {features.shape[0]} are '
                         f'too few for {n_rows}')


def check_width(side: str, width: int, known: int, given: bool, exact: bool) -> None:
    note = f'columns of {side}_features' if given else f'{side}s: without {side}_features each is its own feature'
    if width > known:
        raise ValueError(f'The {side} feature matrix specifies more features than there are estimated feature '
                         f'embeddings: {known} vs {width} {note}')
    if exact and width != known:
        raise ValueError(f'Incorrect number of features in {side}_features: the model has embeddings for {known}, not '
                         f'for {width} {note}')


def represent(model: Any, side: str, features: Optional[Any]) -> Tuple[Any, Any]:
    """(embeddings, biases) of the rows of a feature matrix; None: of the features themselves."""
    vectors, biases = pair_of(model, side)
    if features is None:
        return vectors, biases
    width = features.shape[1]
    check_range(features.indices[:features.nnz], width, f'{side}_features', 'column')
    return features @ vectors[:width], features @ biases[:width]


def represent_pairs(model: Any, side: str, features: Optional[Any], ids: Any) -> Tuple[Any, Any, Any]:
    """(embeddings, biases, ids into them) of the rows that ids name."""
    if features is None:
        return (*represent(model, side, None), ids)
    rows, places = np.unique(ids, return_inverse=True)
    return (*represent(model, side, features[rows]), places.astype(np.int32).reshape(-1))


def predict(model: Any, user_features: Optional[Any], item_features: Optional[Any], user_ids: Any,
            item_ids: Any, threads: int) -> Any:
    """Scores of pairs."""
    users, user_biases, user_places = represent_pairs(model, 'user', user_features, user_ids)
    items, item_biases, item_places = represent_pairs(model, 'item', item_features, item_ids)
    scores = np.empty(len(user_ids), dtype=np.float32)
    left, right = embeddings(users, user_biases), embeddings(items, item_biases)
    pointers = (None, ctypes.byref(left), ctypes.byref(right), len(scores), address(user_places), address(item_places),
                address(scores))
    if len(scores) < _SHORT:
        lib.lfm_predict_embeddings(*pointers, _ONE_THREAD)
        return scores
    cancel = new_cancel()
    options = make('lfm_infer_options', threads=threads, cancel=cancel.pointer)
    run_interruptibly(partial(lib.lfm_predict_embeddings, *pointers, ctypes.byref(options)), cancel)
    return scores


# Precision is looked for in lists of fewer than so many items, of so many users at once.
_LONGEST_LIST, _AT_ONCE = 200, 1 << 16


# Pairs that are scored before another thread could help.
_SHORT = 20000
_ONE_THREAD = ctypes.byref(make('lfm_infer_options', threads=1))


# What LightFM's own check returns of sets that share no pair, not even a stored 0; a check of a user's returns what it will.
DISJOINT = object()


class Ranking:
    """A scorer of a model's users and items, and the interactions that are ranked, as the library sees
    them."""

    def __init__(self, model: Any, test: Any, train: Any, user_features: Any, item_features: Any,
                 threads: int, check_intersections: bool) -> None:
        self.test = as_csr(test, 'test_interactions')
        train = None if train is None else as_csr(train, 'train_interactions')
        self._disjoint = train is None
        if check_intersections and train is not None:
            self._disjoint = model._check_test_train_intersections(self.test, train) is DISJOINT
        n_users, n_items = self.test.shape
        user_features = feature_rows(model, 'user', user_features, n_users, True)
        item_features = feature_rows(model, 'item', item_features, n_items, True)
        self.threads = threads
        train = None if train is None else _cut(train, n_users, n_items)
        self._test = interactions_from_csr(self.test)
        self._train = None if train is None else interactions_from_csr(train)
        left = represent(model, 'user', None if user_features is None else user_features[:n_users])
        right = represent(model, 'item', None if item_features is None else item_features[:n_items])
        self._sides = left, right
        self._cancel = new_cancel()

    def _scorer(self, precision: int) -> Handle:
        """A scorer that searches in items held so; the results are the same."""
        users, items = (embeddings(*side) for side in self._sides)
        options = make('lfm_scorer_options', threads=self.threads, precision=precision)
        return create('scorer', lib.lfm_scorer_from_embeddings, None, ctypes.byref(users), ctypes.byref(items),
                      ctypes.byref(options))

    def ranks(self) -> Any:
        """The rank of every stored entry of test, in its order."""
        ranks = np.empty(self.test.nnz, dtype=np.int32)
        options = make('lfm_infer_options', threads=self.threads, check_overlap=0, cancel=self._cancel.pointer)
        scorer = self._scorer(_abi.LFM_PRECISION_FLOAT32)
        run_interruptibly(lambda: lib.lfm_rank(
            scorer.pointer, self._test.pointer, self._train.pointer if self._train else None,
            address(ranks) or 8, ctypes.byref(options)), self._cancel)
        return ranks

    def hits(self, k: int) -> Any:
        """How many entries of each user have a rank below k, as doubles."""
        users = np.flatnonzero(np.diff(self.test.indptr)).astype(np.int32)
        if self._disjoint and k < min(self.test.shape[1], _LONGEST_LIST):
            return self._hits_in_lists(users, k)
        return np.rint(self.per_user(_abi.LFM_METRIC_PRECISION, k) * k)

    def _hits_in_lists(self, users: Any, k: int) -> Any:
        """The same from the lists of the k + 1 best: an entry has a rank below k when it scores above the last of
        them. That spares ranking all entries, and lists are found in small codes of the items."""
        stored = sp.csr_matrix((np.ones(self.test.nnz, dtype=np.int8), self.test.indices, self.test.indptr),
                               shape=self.test.shape)
        scorer = self._scorer(_abi.LFM_PRECISION_INT8)
        options = make('lfm_recommend_options', threads=self.threads, cancel=self._cancel.pointer)
        hits = np.zeros(self.test.shape[0])
        for part in np.split(users, range(_AT_ONCE, len(users), _AT_ONCE)):
            items = np.empty((len(part), k + 1), dtype=np.int32)
            scores = np.empty((len(part), k + 1), dtype=np.float32)
            pointers = (address(part) or 8, k + 1, self._train.pointer if self._train else None, address(items) or 8,
                        address(scores) or 8)
            run_interruptibly(partial(lib.lfm_recommend, scorer.pointer, len(part), *pointers, ctypes.byref(options)),
                              self._cancel)
            rows, places = np.nonzero(scores[:, :k] > scores[:, k:])
            if len(rows):
                found = np.asarray(stored[part[rows], items[rows, places]]).ravel()
                hits[part] = np.bincount(rows, weights=found, minlength=len(part))
        return hits

    def per_user(self, metric: int, k: int) -> Any:
        """A metric of every user, as doubles; users without entries have 0."""
        wanted = make('lfm_metric', metric=metric, k=k)
        n_users = self.test.shape[0]
        numbers = np.zeros(n_users, dtype=np.float64)
        if self.test.nnz == 0:
            return numbers
        result = make('lfm_metric_result')
        options = make('lfm_evaluate_options', keep_empty=1, check_overlap=0, threads=self.threads,
                       exclude=self._train.pointer if self._train else None, cancel=self._cancel.pointer)
        scorer = self._scorer(_abi.LFM_PRECISION_FLOAT32)
        run_interruptibly(lambda: lib.lfm_evaluate(
            scorer.pointer, self._test.pointer, ctypes.byref(wanted), 1, ctypes.byref(options),
            ctypes.byref(result), address(numbers)), self._cancel)
        return numbers


def _cut(train: Any, n_users: int, n_items: int) -> Any:
    """What of the training set concerns the users and items of the test set."""
    if train.shape[0] < n_users:
        raise ValueError(f'train_interactions has {train.shape[0]} rows, too few for the {n_users} users of '
                         'test_interactions')
    if train.shape[0] > n_users:
        train = train[:n_users]
    return train[:, :n_items] if train.shape[1] > n_items else train


def check_disjoint(test: Any, train: Any) -> bool:
    """Refuse test and training sets that share a pair; whether none is stored in both, not even with a 0."""
    if tuple(test.shape) != tuple(train.shape):
        raise ValueError(f'test_interactions are {test.shape[0]} x {test.shape[1]}, train_interactions '
                         f'{train.shape[0]} x {train.shape[1]}: the shapes must be the same')
    left, right = interactions_from_csr(test), interactions_from_csr(train)
    found, user, item = ctypes.c_int32(), ctypes.c_int32(), ctypes.c_int32()
    lib.lfm_find_overlap(left.pointer, right.pointer, ctypes.byref(found), ctypes.byref(user), ctypes.byref(item))
    if not found.value:
        return True
    # Entries that are stored but 0 are no interactions here, as in the product of the matrices.
    shared = test.multiply(train).nnz
    if shared:
        raise ValueError(f'Test interactions matrix and train interactions matrix share {shared} interactions, user '
                         f'{user.value} and item {item.value} among them. This will cause incorrect evaluation, check '
                         'your data split')
    return False


def rank_matrix(ranking: Ranking) -> Any:
    """A float32 csr_matrix of the ranks of test's entries."""
    test = ranking.test
    result = sp.csr_matrix(test.shape, dtype=np.float32)
    result.indptr, result.indices = test.indptr.copy(), test.indices[:test.nnz].copy()
    result.data = ranking.ranks().astype(np.float32)
    return result
