"""Ids and names of features to the numbers and matrices that a model works with."""
from __future__ import annotations

from array import array
from typing import Any, Dict, Hashable, Iterable, Iterator, List, Optional, Tuple

import numpy as np
import scipy.sparse as sp

from ._inputs import check_finite

__all__ = ['Dataset']

Mapping = Dict[Hashable, int]


class Dataset:
    """Builds interaction and feature matrices, and keeps which id is which row or column.

    Call `fit` with all ids and names of features, then `build_interactions`, `build_user_features` and
    `build_item_features`; `fit_partial` adds more.

    Parameters
    ----------
    user_identity_features, item_identity_features: bool
        Give every user (item) a feature of its own beside the others.
    """

    def __init__(self, user_identity_features: bool = True, item_identity_features: bool = True) -> None:
        self._user_identity_features = user_identity_features
        self._item_identity_features = item_identity_features
        self._forget()

    def _forget(self) -> None:
        self._user_id_mapping: Mapping = {}
        self._item_id_mapping: Mapping = {}
        self._user_feature_mapping: Mapping = {}
        self._item_feature_mapping: Mapping = {}

    def fit(self, users: Iterable[Hashable], items: Iterable[Hashable],
            user_features: Optional[Iterable[Hashable]] = None,
            item_features: Optional[Iterable[Hashable]] = None) -> None:
        """Number users, items and features anew, in the order in which they come."""
        self._forget()
        self.fit_partial(users, items, user_features, item_features)

    def fit_partial(self, users: Optional[Iterable[Hashable]] = None, items: Optional[Iterable[Hashable]] = None,
                    user_features: Optional[Iterable[Hashable]] = None,
                    item_features: Optional[Iterable[Hashable]] = None) -> None:
        """Number what is not numbered yet."""
        if users is not None:
            _extend(users, self._user_id_mapping, self._user_feature_mapping if self._user_identity_features else None)
        if items is not None:
            _extend(items, self._item_id_mapping, self._item_feature_mapping if self._item_identity_features else None)
        if user_features is not None:
            _extend(user_features, self._user_feature_mapping)
        if item_features is not None:
            _extend(item_features, self._item_feature_mapping)

    def build_interactions(self, data: Iterable[Tuple[Any, ...]]) -> Tuple[Any, Any]:
        """Build matrices of interactions and of their weights.

        data: tuples (user id, item id) or (user id, item id, weight); without a weight it is 1.
        Returns two COO matrices with an entry for each tuple, in the same order: int32 ones, and float32
        weights.
        """
        rows: List[int] = []
        columns: List[int] = []
        weights = array('f')  # which takes numbers alone
        for entry in data:
            if len(entry) not in (2, 3):
                raise ValueError(f'Expecting tuples of (user_id, item_id, weight) or (user_id, item_id), got {entry!r}')
            user, item, *weight = entry
            for what, identity, mapping, numbers in (('user', user, self._user_id_mapping, rows),
                                                     ('item', item, self._item_id_mapping, columns)):
                number = mapping.get(identity)
                if number is None:
                    raise ValueError(f'{what.capitalize()} id {identity} not in {what} id mapping. Make sure you call '
                                     'the fit method with it')
                numbers.append(number)
            weights.append(weight[0] if weight else 1.0)
        row, column = np.array(rows, dtype=np.int32), np.array(columns, dtype=np.int32)
        ones = np.ones(len(row), dtype=np.int32)
        shape = self.interactions_shape()
        return (sp.coo_matrix((ones, (row, column)), shape=shape, dtype=np.int32),
                sp.coo_matrix((np.array(weights), (row.copy(), column.copy())), shape=shape,
                              dtype=np.float32))

    def build_user_features(self, data: Iterable[Tuple[Any, Any]], normalize: bool = True) -> Any:
        """Build the matrix of user features, a CSR matrix of float32.

        data: tuples (user id, names of features) or (user id, {name: weight}).
        normalize: divide each row by the sum of its absolute weights; a row without features is an error, and so is
        a weight that is not finite.
        """
        return _build_features('user', data, self._user_id_mapping, self._user_feature_mapping,
                               self._user_identity_features, normalize)

    def build_item_features(self, data: Iterable[Tuple[Any, Any]], normalize: bool = True) -> Any:
        """Build the matrix of item features, as build_user_features does that of users."""
        return _build_features('item', data, self._item_id_mapping, self._item_feature_mapping,
                               self._item_identity_features, normalize)

    def interactions_shape(self) -> Tuple[int, int]:
        """(number of users, number of items)"""
        return len(self._user_id_mapping), len(self._item_id_mapping)

    def user_features_shape(self) -> Tuple[int, int]:
        """(number of users, number of user features)"""
        return len(self._user_id_mapping), len(self._user_feature_mapping)

    def item_features_shape(self) -> Tuple[int, int]:
        """(number of items, number of item features)"""
        return len(self._item_id_mapping), len(self._item_feature_mapping)

    def model_dimensions(self) -> Tuple[int, int]:
        """(number of user features, number of item features)"""
        return len(self._user_feature_mapping), len(self._item_feature_mapping)

    def mapping(self) -> Tuple[Mapping, Mapping, Mapping, Mapping]:
        """The numbers of user ids, user features, item ids and item features, each by id or name."""
        return (self._user_id_mapping, self._user_feature_mapping, self._item_id_mapping,
                self._item_feature_mapping)


def _extend(names: Iterable[Hashable], *mappings: Optional[Mapping]) -> None:
    wanted = [mapping for mapping in mappings if mapping is not None]
    for name in names:
        for mapping in wanted:
            mapping.setdefault(name, len(mapping))


def _weighted(features: Any) -> Iterator[Tuple[Any, float]]:
    if isinstance(features, dict):
        yield from features.items()
    else:
        for name in features:
            yield name, 1.0


def _build_features(kind: str, data: Iterable[Tuple[Any, Any]], ids: Mapping, names: Mapping, identity: bool,
                    normalize: bool) -> Any:
    rows: List[int] = []
    columns: List[int] = []
    weights = array('f')  # which takes numbers alone
    if identity:
        for own, number in ids.items():
            rows.append(number)
            columns.append(names[own])
            weights.append(1.0)
    for entry in data:
        if len(entry) != 2:
            raise ValueError(f'Expected tuples of ({kind}_id, features), got {entry!r}')
        own, features = entry
        if own not in ids:
            raise ValueError(f'{kind} id {own} not in {kind} id mappings: call fit with it first')
        for name, weight in _weighted(features):
            if name not in names:
                raise ValueError(f'Feature {name} not in feature mapping. Call fit first, with it as a {kind} feature')
            rows.append(ids[own])
            columns.append(names[name])
            weights.append(weight)
    matrix = sp.coo_matrix((np.array(weights),
                            (np.array(rows, dtype=np.int32), np.array(columns, dtype=np.int32))),
                           shape=(len(ids), len(names)), dtype=np.float32).tocsr()
    if normalize:
        _normalise(matrix, kind)
    return matrix


def _normalise(matrix: Any, kind: str) -> None:
    """Divide each row by the sum of its absolute weights, in place."""
    lengths = np.diff(matrix.indptr)
    if not len(lengths):
        raise ValueError(f'Cannot normalize feature matrix: there are no {kind}s. Call fit first')
    check_finite(matrix.data, f'the {kind} features')
    if not lengths.all():
        raise ValueError(f'Cannot normalize feature matrix: some rows have zero norm, as that of {kind} number '
                         f'{int(np.argmin(lengths))}, which has no features')
    rows = np.repeat(np.arange(len(lengths)), lengths)
    sums = np.bincount(rows, weights=np.abs(matrix.data), minlength=len(lengths))
    sums[sums == 0] = 1
    matrix.data /= sums[rows].astype(np.float32)
