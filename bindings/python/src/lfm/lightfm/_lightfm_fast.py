"""The two names that people reach for in LightFM's compiled module."""
from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ['CSRMatrix']


class CSRMatrix:
    """A view of a csr_matrix of float32 values and int32 indices."""

    def __init__(self, csr_matrix: Any) -> None:
        for name, dtype in (('indices', np.int32), ('indptr', np.int32), ('data', np.float32)):
            array = getattr(csr_matrix, name)
            if array.dtype != dtype:
                raise ValueError(f'{name} must be {np.dtype(dtype).name}, not {array.dtype}')
            setattr(self, name, array)
        self.rows, self.cols = csr_matrix.shape
        self.nnz = len(csr_matrix.data)


def __test_in_positives(row: int, col: int, mat: Any) -> bool:
    """Whether a matrix with sorted indices stores an entry at (row, col)."""
    columns = mat.indices[mat.indptr[row]:mat.indptr[row + 1]]
    place = np.searchsorted(columns, col)
    return bool(place < len(columns) and columns[place] == col)
