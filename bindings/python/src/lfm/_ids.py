"""Ids (names) of users, items and features, and the rows and columns that they stand for."""
from __future__ import annotations

import contextlib
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
    if hasattr(values, 'to_pylist'):  # Arrow's to_numpy() takes only what needs no copy
        values = values.to_pylist()
    elif hasattr(values, 'to_numpy'):
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


def id_array(values: Any, what: str) -> Any:
    """The same of ids. In a list tuples stay ids, and whole numbers whole: NumPy makes all floats for the sake of one, and
    two that differ in their last digits the same."""
    kinds = set(map(type, values)) if isinstance(values, (list, tuple)) else set()
    if tuple in kinds:
        array = np.empty(len(values), dtype=object)
        array[:] = values
        return array
    array = as_array(values, what)
    if array.dtype.kind == 'f' and any(issubclass(kind, (int, np.integer)) for kind in kinds):
        array = np.array([value.item() if isinstance(value, np.generic) else value for value in values], dtype=object)
    return array


_NEVER_MISSING = 'iuUSb'  # kinds of arrays


def _refuse_missing(places: Dict[Hashable, int], indices: Any, what: str) -> None:
    """ValueError for None, NaN, NaT and pandas' NA among names, which stand where indices have their places."""
    for name, place in places.items():
        if name is None or type(name).__name__ == 'NAType' or name != name:
            told = 'NaN' if isinstance(name, float) else name
            raise ValueError(f"{what}: number {int(np.argmax(indices == place))} is {told}: that is nobody's id")


def _is_int64(name: Any) -> bool:
    """Whether a name is a whole number, be it a float, that int64 can hold."""
    return isinstance(name, (int, np.integer, float)) and not isinstance(name, bool) and \
        bool(-2**63 <= name < 2**63 and name == int(name))


def _as_int64(name: Any, what: str) -> int:
    if not _is_int64(name):
        raise ValueError(f'{what}: {name!r}: files keep ids that are all texts or all whole numbers within 64 bits; make '
                         'them so before training, or pickle the model')
    return int(name)


# Where a text is: ctypes' own texts end at the first NUL.
_text_at = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int32, ctypes.c_void_p)(('lfm_ids_text', lib))


@contextlib.contextmanager
def _hashable(what: str) -> Iterator[None]:
    """Where values are looked up, name the argument that has lists or dictionaries among them."""
    try:
        yield
    except TypeError as error:
        raise TypeError(f'{what}: {error}: an id must be hashable') from None


class Ids:
    """Distinct ids in a fixed order: the id of row i is names[i]."""

    def __init__(self, names: Any) -> None:
        self.names = as_array(names)
        self._places: Optional[Dict[Hashable, int]] = None

    @staticmethod
    def first_seen(values: Any, what: str = 'ids') -> Tuple['Ids', Any]:
        """The distinct values in the order in which they come first, and the place of each value."""
        places: Dict[Hashable, int] = {}
        array = id_array(values, what)
        with _hashable(what):
            indices = np.fromiter((places.setdefault(value, len(places)) for value in array.tolist()), dtype=np.int32,
                                  count=len(array))
        if array.dtype.kind not in _NEVER_MISSING:
            _refuse_missing(places, indices, what)
        names = np.empty(len(places), dtype=object)
        names[:] = list(places)
        numbers = len(places) > 0 and all(type(name) is int and _is_int64(name) for name in places)
        ids = Ids(names.astype(np.int64) if numbers else names)
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
        array = id_array(values, f'{what}s')
        choice('unknown', unknown, ('error', 'drop'))
        with _hashable(f'{what}s'):
            found = np.fromiter((places.get(value, -1) for value in array.tolist()), dtype=np.int32, count=len(array))
        if unknown == 'error' and len(found) and found.min() < 0:
            raise UnknownIdError(f'there is no {what} {array.tolist()[int(np.argmin(found))]!r}')
        return found

    def extended(self, more: Any, what: str = 'ids') -> 'Ids':
        """These and the new ones of others, behind them."""
        known, others = self.places, Ids.first_seen(more, what)[0]
        new = [name for name in others if name not in known]
        names = np.empty(len(self) + len(new), dtype=object)
        names[:] = [*self.names.tolist(), *new]
        return Ids(names)

    def to_library(self, what: str = 'ids') -> Handle:
        """A map of the library's with these ids: whole numbers or texts. ValueError for others, which would not be the
        same when they come back."""
        if self.names.dtype.kind == 'i':
            numbers: Any = np.ascontiguousarray(self.names, dtype=np.int64)
        else:
            names = self.names.tolist() if self.names.dtype.kind not in 'mM' else list(self.names)
            numbers = None if all(isinstance(name, str) for name in names) else \
                np.array([_as_int64(name, what) for name in names], dtype=np.int64)
        if numbers is not None:
            ids = create('ids', lib.lfm_ids_create, None, _abi.LFM_IDS_NUMBER)
            given = STRUCTS['lfm_names'](address(numbers) or 8, None, _abi.LFM_NAMES_NUMBERS, 0)
        else:
            texts = [name.encode(errors='surrogateescape') for name in names]
            ids = create('ids', lib.lfm_ids_create, None, _abi.LFM_IDS_TEXT)
            block = np.frombuffer(b''.join(texts) or b'\0', dtype=np.uint8)
            offsets = np.zeros(len(texts) + 1, dtype=np.int64)
            np.cumsum([len(text) for text in texts], out=offsets[1:])
            given = STRUCTS['lfm_names'](address(block), address(offsets), _abi.LFM_NAMES_TEXTS, 0)
        lib.lfm_ids_add_all(ids.pointer, len(self), given, None)
        if lib.lfm_ids_count(ids.pointer) != len(self):
            raise ValueError(f'{what}: two of them are the same bytes in a file')
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
            if len(text) != length.value:
                text = ctypes.string_at(_text_at(ids.pointer, place, None), length.value)
            names[place] = text.decode(errors='surrogateescape')
        return Ids(names)


def as_ids(names: Any, what: str) -> Optional[Ids]:
    """Ids of a list or a column, checked; None for None."""
    if names is None or isinstance(names, Ids):
        return names
    ids = Ids(id_array(names, what))
    with _hashable(what):
        places = ids.places  # says when they are not distinct
    if ids.names.dtype.kind not in _NEVER_MISSING:
        _refuse_missing(places, np.arange(len(ids)), what)
    return ids


def longest(*several: Optional[Ids]) -> Optional[Ids]:
    """The one of several, each of which goes on where another ends, that has most ids: the first such."""
    return max((ids for ids in several if ids is not None), key=len, default=None)


_REMEDY = 'make the interactions with user_ids and item_ids of those that the model was trained on'


def check_same(known: Optional[Ids], given: Optional[Ids], what: str, whose: str = "the model's",
               remedy: str = _REMEDY) -> None:
    """Refuse ids that are numbered otherwise than those known; either may go on where the other ends."""
    if known is None or given is None or known is given:
        return
    n = min(len(known), len(given))
    if np.array_equal(known.names[:n], given.names[:n]):
        return
    for number, (own, other) in enumerate(zip(known, given)):
        if own != other:
            raise ValueError(f'{what} ids are not numbered as {whose}: number {number} is {other!r}, there {own!r}; '
                             f'{remedy}')


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
