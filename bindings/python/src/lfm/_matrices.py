"""SciPy matrices and NumPy arrays to objects of the library, without copies where the types fit."""
from __future__ import annotations

import ctypes
from typing import Any, Dict, Optional, Tuple

import numpy as np
import scipy.sparse as sp

from . import _abi
from ._checks import numbers
from ._library import CALLBACKS, STRUCTS, Handle, create, lib, make

_TYPE_OF = {np.dtype(np.int32): _abi.LFM_INT32, np.dtype(np.int64): _abi.LFM_INT64,
            np.dtype(np.float32): _abi.LFM_FLOAT32, np.dtype(np.float64): _abi.LFM_FLOAT64}
INT32_MAX = 2**31 - 1
_BYTE = ctypes.c_char
_EMBEDDINGS = STRUCTS['lfm_embeddings']
_EMBEDDINGS_SIZE = ctypes.sizeof(_EMBEDDINGS)

# What the library borrows stays referenced from here, by its id, until the library says that it is done.
_borrowed: Dict[int, Tuple[Any, ...]] = {}


@CALLBACKS['lfm_release_fn']  # type: ignore[untyped-decorator]
def _release(token: Optional[int]) -> None:
    _borrowed.pop(token or 0, None)


_RELEASE = ctypes.cast(_release, ctypes.c_void_p).value


def address(array: Any) -> int:
    """Where an array's numbers begin."""
    try:  # a third of the other way's time
        return ctypes.addressof(_BYTE.from_buffer(array))
    except (TypeError, ValueError, BufferError):  # read-only, empty or strided
        return int(array.__array_interface__['data'][0])


def plain(array: Any, kinds: Tuple[Any, ...]) -> Any:
    """The array itself when it is one-dimensional, packed and of one of the types; else a copy of the first
    type."""
    array = np.asarray(array)
    if array.dtype not in kinds:
        array = array.astype(kinds[0])
    return np.require(array, requirements=['C', 'A'])


def ids(array: Any) -> Any:
    return plain(array, (np.dtype(np.int64), np.dtype(np.int32)))


def values(array: Any) -> Any:
    return plain(array, (np.dtype(np.float32), np.dtype(np.float64)))


def _as_argument(array: Any) -> Any:
    """An lfm_array."""
    if array is None:
        return STRUCTS['lfm_array'](None, _abi.LFM_NONE, 0)
    # An empty array may have no address of its own; the library wants to see one.
    return STRUCTS['lfm_array'](address(array) or 8, _TYPE_OF[array.dtype], 0)


def _checked_shape(shape: Tuple[int, ...]) -> Tuple[int, int]:
    rows, columns = int(shape[0]), int(shape[1])
    if rows > INT32_MAX or columns > INT32_MAX:
        raise ValueError(f'a matrix of {rows} x {columns}: rows and columns must be below 2^31')
    return rows, columns


def _taken_over(kind: str, form: str, matrix: Any, options: Any, arrays: Tuple[Any, ...]) -> Handle:
    """Have the library borrow `arrays`, which `matrix` and `options` point at."""
    token = id(arrays)
    _borrowed[token] = arrays
    options.borrow = 1
    options.release = _RELEASE
    options.release_user_data = token
    function = getattr(lib, f'lfm_{kind}_from_{form}')
    return create(kind, function, None, ctypes.byref(matrix), ctypes.byref(options))


def check_offsets(matrix: Any, what: str) -> None:
    """Refuse a CSR, CSC or BSR matrix whose indptr SciPy itself would follow out of its arrays."""
    form = getattr(matrix, 'format', None)
    if form not in ('csr', 'csc', 'bsr'):
        return
    n = matrix.shape[1] if form == 'csc' else matrix.shape[0] // (matrix.blocksize[0] if form == 'bsr' else 1)
    offsets, stored = matrix.indptr, min(len(matrix.indices), len(matrix.data))
    if len(offsets) != n + 1 or offsets[0] != 0 or offsets[-1] > stored or (offsets[1:] < offsets[:-1]).any():
        raise ValueError(f'{what}: indptr must be {n + 1} numbers that rise from 0 to at most {stored}, how many '
                         'entries there are')


def check_range(places: Any, n: int, what: str, name: str) -> None:
    """Refuse numbers of rows or columns outside [0, n)."""
    if len(places) and not (0 <= places.min() and places.max() < n):
        entry = int(np.argmax((places < 0) | (places >= n)))
        raise ValueError(f'{what}: entry {entry}: the {name} {places[entry]} is outside [0, {n})')


def to_csr(matrix: Any, what: str) -> Any:
    """A csr_matrix of any sparse matrix; a csr_matrix is taken as it is. COO entries of one place are added up, as
    everywhere in SciPy. ValueError for places that SciPy would follow out of its arrays on the way."""
    check_offsets(matrix, what)
    if matrix.format == 'coo':
        check_range(matrix.row, matrix.shape[0], what, 'row')
        check_range(matrix.col, matrix.shape[-1], what, 'column')
    elif matrix.format == 'csc':
        check_range(matrix.indices[:matrix.indptr[-1]], matrix.shape[0], what, 'row')
    return matrix if isinstance(matrix, sp.csr_matrix) else sp.csr_matrix(matrix)


def interactions_from_coo(shape: Tuple[int, ...], rows: Any, columns: Any, data: Any = None,
                          weights: Any = None, timestamps: Any = None, **options: Any) -> Handle:
    """Interactions that borrow the arrays; data, weights and timestamps may be None."""
    n_rows, n_columns = _checked_shape(shape)
    rows, columns = ids(rows), ids(columns)
    data = None if data is None else values(data)
    weights = None if weights is None else values(weights)
    timestamps = None if timestamps is None else plain(timestamps, (np.dtype(np.int64),))
    for name, array in (('columns', columns), ('values', data), ('weights', weights), ('timestamps', timestamps)):
        if array is not None and array.shape != rows.shape:
            raise ValueError(f'{name}: {len(rows)} are needed, one for each entry; these are of shape {array.shape}')
    matrix = make('lfm_coo', n_entries=len(rows), n_rows=n_rows, n_columns=n_columns,
                  rows=_as_argument(rows), columns=_as_argument(columns), values=_as_argument(data))
    how = make('lfm_interactions_options', weights=_as_argument(weights), timestamps=_as_argument(timestamps),
               **options)
    return _taken_over('interactions', 'coo', matrix, how, (rows, columns, data, weights, timestamps))


def _csr_parts(matrix: Any, with_values: bool) -> Tuple[Any, Tuple[Any, ...]]:
    n_rows, n_columns = _checked_shape(matrix.shape)
    offsets = ids(matrix.indptr)
    n_entries = int(offsets[-1])
    columns = ids(matrix.indices)[:n_entries]
    data = values(matrix.data)[:n_entries] if with_values else None
    made = make('lfm_csr', n_entries=n_entries, n_rows=n_rows, n_columns=n_columns,
                offsets=_as_argument(offsets), columns=_as_argument(columns), values=_as_argument(data))
    return made, (offsets, columns, data)


def interactions_from_csr(matrix: Any, with_values: bool = False) -> Handle:
    """Interactions that borrow a CSR matrix's arrays; without values every stored entry is a positive."""
    made, arrays = _csr_parts(matrix, with_values)
    return _taken_over('interactions', 'csr', made, make('lfm_interactions_options'), arrays)


def features_from_csr(matrix: Any, **options: Any) -> Handle:
    """Features that borrow a CSR matrix's arrays."""
    made, arrays = _csr_parts(matrix, True)
    return _taken_over('features', 'csr', made, make('lfm_features_options', **options), arrays)


def embeddings(vectors: Any, biases: Any) -> Any:
    """An lfm_embeddings that points into packed float32 arrays, which must outlive it."""
    rows, d = vectors.shape
    return _EMBEDDINGS(_EMBEDDINGS_SIZE, address(vectors) or None, address(biases) or None, 0, rows, d)


def is_identity(matrix: Any) -> bool:
    """Whether a CSR matrix is the identity, stored as such."""
    n = matrix.shape[0]
    return bool(matrix.shape[1] == n and matrix.nnz == n and len(matrix.indptr) == n + 1
                and (matrix.data == 1).all() and (matrix.indices == np.arange(n)).all()
                and (matrix.indptr == np.arange(n + 1)).all())


def as_sparse(matrix: Any, what: str) -> Any:
    """A sparse matrix of real numbers, made of a dense one where need be."""
    given = matrix if sp.issparse(matrix) else np.asarray(matrix)
    if given.ndim == 0:
        raise TypeError(f'{what}: a matrix is needed, not {matrix!r}')
    if given.ndim != 2:
        raise ValueError(f'{what}: a matrix is needed, not an array of shape {given.shape}')
    numbers(what, given)
    check_offsets(given, what)
    return given if sp.issparse(given) else sp.coo_matrix(given)
