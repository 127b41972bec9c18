"""Representations, scores and ranks of a model's arrays."""
from __future__ import annotations

import ctypes
from typing import Any, Optional, Tuple

import numpy as np
import scipy.sparse as sp

from .._library import Handle, create, lib, make
from .._matrices import address, embeddings, interactions_from_csr
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
        if features.shape[0] < n_rows:
            raise ValueError(f'{side}_features has {features.shape[0]} rows, too few for {n_rows} {side}s')
        width = features.shape[1]
    if width > known or (exact and width != known):
        what = f'{side}_features has {width} columns' if features is not None else \
            f'there are {n_rows} {side}s and no {side}_features'
        raise ValueError(f'{what}, but the model has embeddings for {known} {side} features')
    return features


def represent(model: Any, side: str, features: Optional[Any]) -> Tuple[Any, Any]:
    """(embeddings, biases) of the rows of a feature matrix; None: of the features themselves."""
    vectors, biases = pair_of(model, side)
    if features is None:
        return vectors, biases
    width = features.shape[1]
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
    cancel = new_cancel()
    options = make('lfm_infer_options', threads=threads, cancel=cancel.pointer)
    left, right = embeddings(users, user_biases), embeddings(items, item_biases)
    lib.lfm_predict_embeddings(None, ctypes.byref(left), ctypes.byref(right), len(scores), address(user_places),
                               address(item_places), address(scores), ctypes.byref(options))
    return scores


class Ranking:
    """A scorer of a model's users and items, and the interactions that are ranked, as the library sees
    them."""

    def __init__(self, model: Any, test: Any, train: Any, user_features: Any, item_features: Any,
                 threads: int, check_intersections: bool) -> None:
        if check_intersections and train is not None:
            check_disjoint(test, train)
        n_users, n_items = test.shape
        user_features = feature_rows(model, 'user', user_features, n_users, True)
        item_features = feature_rows(model, 'item', item_features, n_items, True)
        self.threads = threads
        self.test = as_csr(test, 'test_interactions')
        train = None if train is None else _cut(as_csr(train, 'train_interactions'), n_users, n_items)
        self._test = interactions_from_csr(self.test)
        self._train = None if train is None else interactions_from_csr(train)
        left = represent(model, 'user', None if user_features is None else user_features[:n_users])
        right = represent(model, 'item', None if item_features is None else item_features[:n_items])
        users, items = embeddings(*left), embeddings(*right)
        options = make('lfm_scorer_options', threads=threads)
        self._scorer: Handle = create('scorer', lib.lfm_scorer_from_embeddings, None, ctypes.byref(users),
                                      ctypes.byref(items), ctypes.byref(options))
        self._cancel = new_cancel()

    def ranks(self) -> Any:
        """The rank of every stored entry of test, in its order."""
        ranks = np.empty(self.test.nnz, dtype=np.int32)
        options = make('lfm_infer_options', threads=self.threads, check_overlap=0, cancel=self._cancel.pointer)
        run_interruptibly(lambda: lib.lfm_rank(
            self._scorer.pointer, self._test.pointer, self._train.pointer if self._train else None,
            address(ranks) or 8, ctypes.byref(options)), self._cancel)
        return ranks

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
        run_interruptibly(lambda: lib.lfm_evaluate(
            self._scorer.pointer, self._test.pointer, ctypes.byref(wanted), 1, ctypes.byref(options),
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


def check_disjoint(test: Any, train: Any) -> None:
    """Refuse test and training sets that share a pair."""
    if tuple(test.shape) != tuple(train.shape):
        raise ValueError(f'test_interactions are {test.shape[0]} x {test.shape[1]}, train_interactions '
                         f'{train.shape[0]} x {train.shape[1]}: the shapes must be the same')
    test, train = as_csr(test, 'test_interactions'), as_csr(train, 'train_interactions')
    left, right = interactions_from_csr(test), interactions_from_csr(train)
    found, user, item = ctypes.c_int32(), ctypes.c_int32(), ctypes.c_int32()
    lib.lfm_find_overlap(left.pointer, right.pointer, ctypes.byref(found), ctypes.byref(user), ctypes.byref(item))
    if not found.value:
        return
    # Entries that are stored but 0 are no interactions here, as in the product of the matrices.
    shared = test.multiply(train).nnz
    if shared:
        raise ValueError(f'test_interactions and train_interactions share {shared} interactions, user {user.value} '
                         f'and item {item.value} among them: evaluation would be wrong, check the split')


def rank_matrix(ranking: Ranking) -> Any:
    """A float32 csr_matrix of the ranks of test's entries."""
    test = ranking.test
    result = sp.csr_matrix(test.shape, dtype=np.float32)
    result.indptr, result.indices = test.indptr.copy(), test.indices[:test.nnz].copy()
    result.data = ranking.ranks().astype(np.float32)
    return result
