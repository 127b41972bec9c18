"""What users of LightFM hand over, checked and brought into the forms that the library reads."""
from __future__ import annotations

from typing import Any, Optional, Tuple

import numpy as np
import scipy.sparse as sp

from .._matrices import check_offsets, to_csr

_UNSIGNED = {np.dtype(np.int32): np.dtype(np.uint32), np.dtype(np.int64): np.dtype(np.uint64)}


def check_threads(num_threads: Any) -> int:
    if num_threads < 1:
        raise ValueError(f'Number of threads must be 1 or larger, not {num_threads}')
    return min(int(num_threads), 4096)


def as_coo(matrix: Any, what: str) -> Any:
    """A COO matrix of any sparse matrix (or of a dense one); a COO matrix is taken as it is."""
    if sp.issparse(matrix):
        check_offsets(matrix, what)
        return matrix.tocoo(copy=False)
    if isinstance(matrix, np.ndarray) and matrix.ndim == 2:
        return sp.coo_matrix(matrix)
    if hasattr(matrix, 'tocoo'):
        return matrix.tocoo()
    raise TypeError(f'{what} must be a scipy.sparse matrix, not {type(matrix).__name__}')


def as_csr(matrix: Any, what: str) -> Any:
    """A csr_matrix of any sparse matrix (or of a dense one); a csr_matrix is taken as it is."""
    if sp.issparse(matrix):
        return to_csr(matrix, what)
    if isinstance(matrix, np.ndarray) and matrix.ndim == 2:
        return sp.csr_matrix(matrix)
    if hasattr(matrix, 'tocsr'):
        return sp.csr_matrix(matrix.tocsr())
    raise TypeError(f'{what} must be a scipy.sparse matrix, not {type(matrix).__name__}')


def feature_csr(features: Any, what: str) -> Any:
    """A feature matrix as a float32 csr_matrix."""
    features = as_csr(features, what)
    return features if features.dtype == np.float32 else features.astype(np.float32)


def _size(matrix: Any) -> str:
    return f'{matrix.shape[0]} x {matrix.shape[1]}'


def check_finite(data: Any, what: str) -> None:
    if data.dtype.kind != 'f':
        return
    # The sum of numbers one of which is not finite is not finite, and sums need no memory.
    with np.errstate(over='ignore', invalid='ignore'):
        total = np.sum(data)
    if not np.isfinite(total) and not np.isfinite(data).all():
        place = int(np.argmin(np.isfinite(data)))
        raise ValueError(f'Not all input values are finite: entry {place} of {what} is {data[place]}. Check the input '
                         'for NaNs and infinite values')


def sample_weights(interactions: Any, sample_weight: Any, loss: str) -> Optional[Any]:
    """The weights of the interactions' entries, None for ones."""
    if sample_weight is None:
        return None
    if loss == 'warp-kos':
        raise NotImplementedError('k-OS loss with sample weights not implemented: warp-kos takes none')
    if not (sp.issparse(sample_weight) and sample_weight.format == 'coo'):
        raise ValueError('Sample_weight must be a COO matrix')
    if tuple(sample_weight.shape) != tuple(interactions.shape):
        raise ValueError('Sample weight and interactions matrices must be the same shape, not '
                         f'{_size(sample_weight)} and {_size(interactions)}')
    for ours, theirs in ((interactions.row, sample_weight.row), (interactions.col, sample_weight.col)):
        if ours is not theirs and not np.array_equal(ours, theirs):
            raise ValueError('Sample weight and interaction matrix entries must be in the same order')
    return sample_weight.data


def pair_ids(user_ids: Any, item_ids: Any) -> Tuple[Any, Any, int, int]:
    """The ids of predict as int32 arrays of one length, and the largest of each."""
    lengths = _length(user_ids), _length(item_ids)
    item_ids = np.asarray(item_ids)
    if isinstance(user_ids, (int, np.integer)):
        if not 0 <= user_ids < 2**31 - 1:
            raise _bad_ids('user_ids', user_ids, user_ids)
        user, user_ids = user_ids, np.empty(item_ids.shape, dtype=np.int32)
        user_ids.fill(user)
    user_ids = np.asarray(user_ids)
    if user_ids.ndim != 1 or item_ids.ndim != 1:
        # LightFM compares the lengths before it looks at kinds, and a text has one.
        differ = None not in lengths and lengths[0] != lengths[1]
        kind = ValueError if differ or user_ids.ndim and item_ids.ndim else TypeError
        raise kind('item_ids must be a one-dimensional array, user_ids an integer or such an array')
    if len(user_ids) != len(item_ids):
        raise ValueError(f'Expected the number of user IDs ({len(user_ids)}) to equal the number of item IDs '
                         f'({len(item_ids)})')
    if len(user_ids) == 0:
        raise ValueError('user_ids and item_ids are empty')
    users, most_user = _as_int32(user_ids, 'user_ids')
    items, most_item = _as_int32(item_ids, 'item_ids')
    return users, items, most_user, most_item


def _length(ids: Any) -> Optional[int]:
    """What len() says of ids, if it takes them."""
    if isinstance(ids, (np.ndarray, np.generic)) and ids.ndim == 0:
        return None
    return len(ids) if hasattr(ids, '__len__') else None


# So few numbers are looked through sooner in Python than NumPy gets ready.
_FEW = 16


def _as_int32(ids: Any, what: str) -> Tuple[Any, int]:
    unsigned = _UNSIGNED.get(ids.dtype)
    if unsigned is not None:
        if len(ids) <= _FEW:
            numbers = ids.tolist()
            most = max(numbers) if min(numbers) >= 0 else 2**31
        else:  # read as unsigned, the negative ones are the largest: one pass instead of two
            most = int(ids.view(unsigned).max())
        if most < 2**31 - 1:
            return np.ascontiguousarray(ids, dtype=np.int32), most
    elif ids.dtype.kind in 'OUS':
        return _as_int32(ids.astype(np.float64 if ids.dtype.kind == 'O' else np.int64), what)
    elif ids.dtype.kind not in 'iufb':
        raise TypeError(f'{what} must be numbers, not {ids.dtype}')
    low, high = ids.min(), ids.max()
    if not (low >= 0 and high < 2**31 - 1):
        raise _bad_ids(what, low, high)
    whole = np.ascontiguousarray(ids, dtype=np.int32)
    if ids.dtype.kind == 'f' and not np.array_equal(whole, ids):
        raise ValueError(f'{what} must be whole numbers, not {ids[np.argmax(whole != ids)]}')
    return whole, int(high)


def _bad_ids(what: str, low: Any, high: Any) -> ValueError:
    return ValueError(f'User or item ids cannot be negative or exceed 2^31 - 2. Check your inputs for negative numbers '
                      f'or very large numbers that can overflow: {what} range from {low} to {high}')
