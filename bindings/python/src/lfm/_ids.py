"""Ids (names) of users, items and features, and the rows and columns that they stand for."""
from __future__ import annotations

import ctypes
from collections import Counter
from typing import Any, Dict, Hashable, Iterator, Optional, Tuple

import numpy as np

from . import _abi
from ._checks import choice
from ._errors import UnknownIdError
from ._library import STRUCTS, Handle, create, lib
from ._matrices import address


def as_array(values: Any, what: str = 'ids') -> Any:
    """A one-dimensional array of a list, a pandas or polars column, or an array; texts stay Python's."""
    if hasattr(values, 'to_numpy'):
        kind = getattr(getattr(values, 'dtype', None), 'kind', 'O')
        values = values.to_numpy()
        if kind in 'iuf' and values.dtype.kind != kind:  # pandas' own kinds of numbers, where one is missing
            try:
                values = values.astype(kind + '8', casting='unsafe' if values.dtype.kind == 'O' else 'safe')
            except (TypeError, ValueError):
                raise ValueError(f'{what}: a number is missing') from None
    try:
        array = np.asarray(values)
    except ValueError as error:  # lists of several lengths
        raise ValueError(f'{what}: a list or a column is needed: {error}') from None
    if array.dtype.kind in 'US':
        array = np.asarray(values, dtype=object)  # in a list, a number beside texts stays one
    if array.ndim == 0:
        raise TypeError(f'{what}: a list or a column is needed, not {values!r}')
    if array.ndim != 1:
        raise ValueError(f'{what}: a list or a column is needed, not an array of shape {array.shape}')
    return array


class Ids:
    """Distinct ids in a fixed order: the id of row i is names[i]."""

    def __init__(self, names: Any) -> None:
        self.names = as_array(names)
        self._places: Optional[Dict[Hashable, int]] = None

    @staticmethod
    def first_seen(values: Any, what: str = 'ids') -> Tuple['Ids', Any]:
        """The distinct values in the order in which they come first, and the place of each value."""
        places: Dict[Hashable, int] = {}
        array = as_array(values, what)
        indices = np.fromiter((places.setdefault(value, len(places)) for value in array.tolist()), dtype=np.int32,
                              count=len(array))
        if array.dtype.kind in 'fO':
            for name, place in places.items():
                if isinstance(name, float) and name != name:
                    raise ValueError(f"{what}: number {int(np.argmax(indices == place))} is NaN: that is nobody's id")
        names = np.empty(len(places), dtype=object)
        names[:] = list(places)
        ids = Ids(names.astype(np.int64) if all(type(name) is int for name in places) and places else names)
        ids._places = places
        return ids, indices

    @property
    def places(self) -> Dict[Hashable, int]:
        """Row by id."""
        if self._places is None:
            places = {name: place for place, name in enumerate(self.names.tolist())}
            if len(places) != len(self.names):
                twice = Counter(self.names.tolist()).most_common(1)[0][0]
                raise ValueError(f'ids must be distinct: {twice!r} comes more than once')
            self._places = places
        return self._places

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.names.tolist())

    def find(self, values: Any, what: str = 'id', unknown: str = 'error') -> Any:
        """The places of ids; an id that is not there is an UnknownIdError or, with unknown='drop', -1."""
        places = self.places
        array = as_array(values, f'{what}s')
        choice('unknown', unknown, ('error', 'drop'))
        found = np.fromiter((places.get(value, -1) for value in array.tolist()), dtype=np.int32, count=len(array))
        if unknown == 'error' and len(found) and found.min() < 0:
            raise UnknownIdError(f'there is no {what} {array.tolist()[int(np.argmin(found))]!r}')
        return found

    def extended(self, more: Any) -> 'Ids':
        """These and the new ones of others, behind them."""
        known = self.places
        new = [name for name in dict.fromkeys(as_array(more).tolist()) if name not in known]
        names = np.empty(len(self) + len(new), dtype=object)
        names[:] = [*self.names.tolist(), *new]
        return Ids(names)

    def to_library(self) -> Handle:
        """A map of the library's with these ids: numbers or texts."""
        if self.names.dtype.kind in 'iu':
            ids = create('ids', lib.lfm_ids_create, None, _abi.LFM_IDS_NUMBER)
            numbers = np.ascontiguousarray(self.names, dtype=np.int64)
            given = STRUCTS['lfm_names'](address(numbers) or 8, None, _abi.LFM_NAMES_NUMBERS, 0)
        else:
            texts = [str(name).encode() for name in self.names.tolist()]
            ids = create('ids', lib.lfm_ids_create, None, _abi.LFM_IDS_TEXT)
            block = np.frombuffer(b''.join(texts) or b'\0', dtype=np.uint8)
            offsets = np.zeros(len(texts) + 1, dtype=np.int64)
            np.cumsum([len(text) for text in texts], out=offsets[1:])
            given = STRUCTS['lfm_names'](address(block), address(offsets), _abi.LFM_NAMES_TEXTS, 0)
        lib.lfm_ids_add_all(ids.pointer, len(self), given, None)
        return ids

    @staticmethod
    def from_library(ids: Optional[Handle]) -> Optional['Ids']:
        if ids is None:
            return None
        count = lib.lfm_ids_count(ids.pointer)
        if lib.lfm_ids_kind(ids.pointer) == _abi.LFM_IDS_NUMBER:
            return Ids(np.array([lib.lfm_ids_number(ids.pointer, place) for place in range(count)], dtype=np.int64))
        names = np.empty(count, dtype=object)
        length = ctypes.c_size_t()
        for place in range(count):
            text = lib.lfm_ids_text(ids.pointer, place, ctypes.byref(length))
            names[place] = text.decode(errors='surrogateescape')
        return Ids(names)


def as_ids(names: Any, what: str) -> Optional[Ids]:
    """Ids of a list or a column, checked; None for None."""
    if names is None or isinstance(names, Ids):
        return names
    ids = Ids(as_array(names, what))
    ids.places  # says when they are not distinct
    return ids


def check_same(known: Optional[Ids], given: Optional[Ids], what: str) -> None:
    """Refuse ids that are numbered otherwise than the model's; either may go on where the other ends."""
    if known is None or given is None or known is given:
        return
    n = min(len(known), len(given))
    if np.array_equal(known.names[:n], given.names[:n]):
        return
    for number, (own, other) in enumerate(zip(known, given)):
        if own != other:
            raise ValueError(f'{what} ids are not numbered as the model\'s: number {number} is {other!r}, there '
                             f'{own!r}; '
                             'make the interactions with user_ids and item_ids of those that the model was trained on')


def rows_of(ids: Optional[Ids], wanted: Any, what: str) -> Any:
    """int32 rows of ids or, where there are no ids, of row numbers."""
    if ids is not None:
        return ids.find(wanted, what)
    array = as_array(wanted, f'{what}s')
    if array.dtype.kind not in 'iu':
        raise TypeError(f'{what}s have no ids here: give their numbers')
    if array.dtype.itemsize > 4 and len(array) and not 0 <= array.min() <= array.max() < 2**31:
        raise ValueError(f'{what}s from {array.min()} to {array.max()}: their numbers must be from 0 to 2^31 - 1')
    return np.ascontiguousarray(array, dtype=np.int32)


def is_single(wanted: Any) -> bool:
    """Whether one id is meant, not a list of them."""
    return isinstance(wanted, (str, bytes, tuple)) or np.ndim(wanted) == 0 and not hasattr(wanted, '__len__')
