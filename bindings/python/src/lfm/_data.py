"""Who interacted with what, and what is known about both."""
from __future__ import annotations

import ctypes
import datetime
from typing import Any, Optional, Tuple, Union

import numpy as np
import scipy.sparse as sp

from . import _abi
from ._checks import choice, floats, numbers, switch, whole
from ._errors import UnknownIdError
from ._ids import Ids, as_array, as_ids
from ._library import Handle, create, lib, make
from ._matrices import INT32_MAX, address, as_sparse, features_from_csr, interactions_from_coo, to_csr
from ._running import new_cancel

# So many entries of a matrix, at most, are copied rather than borrowed.
_SMALL = 1 << 20

_DUPLICATES = {'keep': _abi.LFM_DUPLICATES_KEEP, 'sum': _abi.LFM_DUPLICATES_SUM,
               'last': _abi.LFM_DUPLICATES_LAST, 'reject': _abi.LFM_DUPLICATES_REJECT}


def _array(pointer: Optional[int], n: int, kind: Any) -> Optional[Any]:
    """A copy of n numbers of the library's."""
    if not pointer:
        return None
    if n == 0:
        return np.empty(0, dtype=kind)
    return np.array(np.ctypeslib.as_array(ctypes.cast(pointer, ctypes.POINTER(kind)), (n,)))


def _policy(duplicates: str) -> int:
    return _DUPLICATES[choice('duplicates', duplicates, _DUPLICATES)]


def _column(name: str, values: Any) -> Optional[Any]:
    """A column of real numbers."""
    return None if values is None else numbers(name, as_array(values, name))


def _whole_column(name: str, values: Any) -> Optional[Any]:
    """A column of int64; of dates it is how often their unit has passed since 1970."""
    if values is None:
        return None
    array = as_array(values, name)
    if array.dtype.kind == 'O' and len(array) and all(isinstance(value, datetime.datetime) for value in array):
        array = np.array([value.astimezone(datetime.timezone.utc).replace(tzinfo=None) if value.tzinfo else value
                          for value in array], dtype='datetime64[us]')
    if array.dtype.kind == 'M':
        if np.isnat(array).any():
            raise ValueError(f'{name}: number {int(np.argmax(np.isnat(array)))} is missing')
        return array.astype(np.int64)
    with np.errstate(invalid='ignore'):
        found = numbers(name, array).astype(np.int64)
    if not (found == array).all():
        place = int(np.argmin(found == array))
        raise ValueError(f'{name}: number {place} is {array[place]}: it must be a whole number below 2^63')
    return found


class Interactions:
    """An immutable, checked matrix of users x items: entries with a value and, where given, weight and time.

    A value above 0 is a positive, any other an explicit negative. Make one from a sparse matrix, from pairs
    (`from_pairs`) or from a pandas or polars frame (`from_frame`).

    Parameters
    ----------
    matrix: any SciPy sparse matrix. int32 ids and float32 values are used where they lie: do not change
        them while this object lives.
    user_ids, item_ids: ids of rows and columns, optional
    weights: one for each entry, in the order of matrix.tocoo(), or a COO matrix with the same entries
    timestamps: integers, one for each entry
    duplicates: what becomes of entries of one place: 'keep', 'sum', 'last' or 'reject'
    """

    def __init__(self, matrix: Any, *, user_ids: Any = None, item_ids: Any = None, weights: Any = None,
                 timestamps: Any = None, duplicates: str = 'keep') -> None:
        coo = as_sparse(matrix, 'interactions').tocoo(copy=False)
        if sp.issparse(weights):
            weights = as_sparse(weights, 'weights').tocoo()
            if weights.shape != coo.shape or not (np.array_equal(weights.row, coo.row)
                                                  and np.array_equal(weights.col, coo.col)):
                raise ValueError('weights: a matrix of them must have the entries of the interactions, in their order')
            weights = weights.data
        values = None if (coo.data == 1).all() else coo.data
        handle = interactions_from_coo(coo.shape, coo.row, coo.col, values, _column('weights', weights),
                                       _whole_column('timestamps', timestamps), duplicates=_policy(duplicates))
        self._settle(handle, as_ids(user_ids, 'user_ids'), as_ids(item_ids, 'item_ids'))

    def _settle(self, handle: Handle, user_ids: Optional[Ids], item_ids: Optional[Ids]) -> None:
        self._handle = handle
        self.user_ids, self.item_ids = user_ids, item_ids
        for ids, n, what in ((user_ids, self.n_users, 'user'), (item_ids, self.n_items, 'item')):
            if ids is not None and len(ids) != n:
                raise ValueError(f'there are {len(ids)} {what} ids for {n} {what}s')

    @classmethod
    def _made(cls, handle: Handle, user_ids: Optional[Ids], item_ids: Optional[Ids]) -> 'Interactions':
        made = cls.__new__(cls)
        made._settle(handle, user_ids, item_ids)
        return made

    @classmethod
    def of(cls, data: Union['Interactions', Any], what: str = 'interactions', keep: bool = False) -> 'Interactions':
        """The interactions themselves, or those of a matrix. what: the name that errors give to the data. keep: they will
        be there when the caller's matrix has changed; of large ones that is left to the caller."""
        if isinstance(data, cls):
            return data
        matrix = as_sparse(data, what)
        return cls(matrix.tocoo(copy=True) if keep and matrix.nnz <= _SMALL else matrix)

    @classmethod
    def from_pairs(cls, users: Any, items: Any, values: Any = None, *, weights: Any = None, timestamps: Any = None,
                   user_ids: Any = None, item_ids: Any = None, unknown: str = 'error',
                   duplicates: str = 'keep') -> 'Interactions':
        """Interactions of the ids in two columns.

        user_ids, item_ids: the ids that there are, say those of a training set; None: those of the columns,
        in the order in which they come first. unknown: 'error', or 'drop' pairs with an id that is not there.
        """
        sides = []
        choice('unknown', unknown, ('error', 'drop'))
        for column, given, what in ((users, user_ids, 'user'), (items, item_ids, 'item')):
            ids = as_ids(given, f'{what}_ids')
            if ids is None:
                ids, places = Ids.first_seen(column, f'{what}s')
            else:
                places = ids.find(column, what, unknown)
            sides.append((ids, places))
        (user_names, rows), (item_names, columns) = sides
        if len(rows) != len(columns):
            raise ValueError(f'there are {len(rows)} users and {len(columns)} items')
        kept = (rows >= 0) & (columns >= 0)
        extra = []
        for name, column in (('values', _column('values', values)), ('weights', _column('weights', weights)),
                             ('timestamps', _whole_column('timestamps', timestamps))):
            if column is not None and len(column) != len(kept):
                raise ValueError(f'{name}: there are {len(column)} for {len(kept)} pairs')
            extra.append(None if column is None else column[kept])
        handle = interactions_from_coo((len(user_names), len(item_names)), rows[kept], columns[kept], *extra,
                                       duplicates=_policy(duplicates))
        return cls._made(handle, user_names, item_names)

    @classmethod
    def from_frame(cls, frame: Any, user: str = 'user', item: str = 'item', value: Optional[str] = None,
                   weight: Optional[str] = None, timestamp: Optional[str] = None, **options: Any) -> 'Interactions':
        """Interactions of a pandas or polars frame; the other arguments name its columns."""
        def column(name: Optional[str]) -> Any:
            return None if name is None else frame[name]
        return cls.from_pairs(column(user), column(item), column(value), weights=column(weight),
                              timestamps=column(timestamp), **options)

    @property
    def n_users(self) -> int:
        return int(lib.lfm_interactions_n_users(self._handle.pointer))

    @property
    def n_items(self) -> int:
        return int(lib.lfm_interactions_n_items(self._handle.pointer))

    @property
    def shape(self) -> Tuple[int, int]:
        return self.n_users, self.n_items

    @property
    def nnz(self) -> int:
        """How many entries are stored."""
        return int(lib.lfm_interactions_n_entries(self._handle.pointer))

    def _column(self, name: str, kind: Any) -> Optional[Any]:
        pointer = getattr(lib, f'lfm_interactions_{name}')(self._handle.pointer)
        return _array(pointer, self.nnz, kind)

    @property
    def weights(self) -> Optional[Any]:
        """A copy of the weights; None: all are 1."""
        return self._column('weights', ctypes.c_float)

    @property
    def timestamps(self) -> Optional[Any]:
        """A copy of the timestamps; None: unknown."""
        return self._column('timestamps', ctypes.c_int64)

    def tocoo(self) -> Any:
        """A COO matrix of the entries in their stored order."""
        values = self._column('values', ctypes.c_float)
        rows, columns = self._column('users', ctypes.c_int32), self._column('items', ctypes.c_int32)
        if values is None:
            values = np.ones(self.nnz, dtype=np.float32)
        if rows is None or columns is None:
            rows = columns = np.empty(0, dtype=np.int32)
        return sp.coo_matrix((values, (rows, columns)), shape=self.shape)

    def split(self, method: str = 'random', *, fraction: float = 0.2, k: int = 5, user_fraction: float = 0.2,
              seed: int = 1) -> Tuple['Interactions', 'Interactions']:
        """Split in (train, test) of the same users and items.

        method: 'random' takes a fraction of all pairs, 'leave-out' k positives of each of a fraction of the
        users, 'last' the k latest positives of each user.
        """
        methods = {'random': _abi.LFM_SPLIT_RANDOM, 'leave-out': _abi.LFM_SPLIT_LEAVE_OUT, 'last': _abi.LFM_SPLIT_LAST}
        cancel = new_cancel()
        options = make('lfm_split_options', method=methods[choice('method', method, methods)], k=k, fraction=fraction,
                       user_fraction=user_fraction, seed=seed, cancel=cancel.pointer)
        train, test = ctypes.c_void_p(), ctypes.c_void_p()
        lib.lfm_interactions_split(self._handle.pointer, ctypes.byref(options), ctypes.byref(train),
                                   ctypes.byref(test))
        parts = [Handle(part.value or 0, lib.lfm_interactions_free) for part in (train, test)]
        return (Interactions._made(parts[0], self.user_ids, self.item_ids),
                Interactions._made(parts[1], self.user_ids, self.item_ids))

    def threshold(self, min_user: int = 0, min_item: int = 0) -> 'Interactions':
        """Drop users and items with fewer distinct pairs, again and again, until all that are left have enough.
        Without ids the numbers that users and items had become their ids."""
        min_user, min_item = whole('min_user', min_user, 0, INT32_MAX), whole('min_item', min_item, 0, INT32_MAX)
        users: np.ndarray[Any, np.dtype[np.int32]] = np.empty(self.n_users, dtype=np.int32)
        items: np.ndarray[Any, np.dtype[np.int32]] = np.empty(self.n_items, dtype=np.int32)
        handle = create('interactions', lambda out: lib.lfm_interactions_threshold(
            self._handle.pointer, min_user, min_item, address(users) or 8, address(items) or 8, out))
        users = users[:lib.lfm_interactions_n_users(handle.pointer)]
        items = items[:lib.lfm_interactions_n_items(handle.pointer)]
        return Interactions._made(handle, Ids(users if self.user_ids is None else self.user_ids.names[users]),
                                  Ids(items if self.item_ids is None else self.item_ids.names[items]))

    def __repr__(self) -> str:
        return f'<Interactions: {self.nnz} entries of {self.n_users} users and {self.n_items} items>'

    def __reduce__(self) -> Any:
        return _remake, (self.tocoo(), self.user_ids, self.item_ids, self.weights, self.timestamps)


def _remake(matrix: Any, user_ids: Any, item_ids: Any, weights: Any, timestamps: Any) -> Interactions:
    return Interactions(matrix, user_ids=user_ids, item_ids=item_ids, weights=weights, timestamps=timestamps)


class Features:
    """What is known about users or items: an immutable matrix of rows x features.

    Parameters
    ----------
    matrix: any SciPy sparse matrix: row r holds the weights of the features of user or item r
    names: names of the columns, optional
    ids: ids of the rows, optional: they must be those of the interactions that the features go with
    identity: give each row a feature of its own as well, before the others
    normalise: divide each row by the sum of its absolute weights
    """

    def __init__(self, matrix: Any, *, names: Any = None, identity: bool = False, normalise: bool = False,
                 ids: Any = None) -> None:
        self._matrix = to_csr(as_sparse(matrix, 'features'), 'features')
        self._identity, self._normalise = switch('identity', identity), switch('normalise', normalise)
        self.names = as_ids(names, 'names')
        if self.names is not None and len(self.names) != self._matrix.shape[1]:
            raise ValueError(f'there are {len(self.names)} names for {self._matrix.shape[1]} columns')
        self.ids = as_ids(ids, 'ids')
        if self.ids is not None and len(self.ids) != self._matrix.shape[0]:
            raise ValueError(f'there are {len(self.ids)} ids for {self._matrix.shape[0]} rows')
        self._first = int(self._matrix.shape[0]) if self._identity else 0
        self._handle = features_from_csr(self._matrix, identity=int(self._identity), normalise=int(self._normalise))

    @classmethod
    def from_tags(cls, ids: Any, tags: Any, *, names: Any = None, identity: bool = True,
                  normalise: bool = True) -> 'Features':
        """Features of tags: a mapping of ids to tags, either lists of names or {name: weight}.

        ids: the ids of the rows, say `interactions.item_ids`. names: the names that there are; None: those
        that come. Rows without tags have their own feature only.
        """
        wanted, known = as_ids(ids, 'ids'), as_ids(names, 'names')
        if wanted is None:
            raise TypeError('ids: a list or a column is needed, not None')
        if not hasattr(tags, 'items'):
            raise TypeError(f'tags is a {type(tags).__name__}: it must be a mapping of ids to tags')
        columns = dict(known.places) if known is not None else {}
        rows, places, weights = [], [], []
        for own, given in tags.items():
            row = wanted.places.get(own)
            if row is None:
                continue
            if isinstance(given, (str, bytes)) or not hasattr(given, '__iter__'):
                raise TypeError(f'the tags of {own!r} are {given!r}: give a list of names or {{name: weight}}')
            for name, weight in (given.items() if hasattr(given, 'items') else ((tag, 1.0) for tag in given)):
                if known is not None and name not in columns:
                    raise UnknownIdError(f'there is no feature {name!r}')
                rows.append(row)
                places.append(columns.setdefault(name, len(columns)))
                weights.append(weight)
        matrix = sp.csr_matrix((floats('the weights of tags', weights), (rows, places)),
                               shape=(len(wanted), len(columns)))
        return cls(matrix, names=list(columns), identity=identity, normalise=normalise, ids=wanted)

    @classmethod
    def of(cls, data: Any, what: str = 'features') -> Optional['Features']:
        """The features themselves, or those of a matrix; None for None. what: the name that errors give to the data."""
        return data if data is None or isinstance(data, cls) else cls(to_csr(as_sparse(data, what), what))

    @property
    def n_rows(self) -> int:
        return int(lib.lfm_features_n_rows(self._handle.pointer))

    @property
    def n_features(self) -> int:
        return int(lib.lfm_features_n_features(self._handle.pointer))

    @property
    def first_named(self) -> int:
        """The column of the first feature that is not a row's own."""
        return self._first

    def __repr__(self) -> str:
        return f'<Features: {self.n_rows} rows, {self.n_features} features>'

    def __reduce__(self) -> Any:
        return _remake_features, (self._matrix, self.names, self._identity, self._normalise, self._first, self.ids)


def _remake_features(matrix: Any, names: Any, identity: bool, normalise: bool, first: int, ids: Any = None) -> Features:
    made = Features(matrix, identity=identity, normalise=normalise, ids=ids)
    made.names, made._first = names, first
    return made
