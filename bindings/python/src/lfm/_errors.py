"""The exceptions: one class per kind of failure, each with the library's message and status."""
from __future__ import annotations

from typing import Dict, Type

from . import _abi


class Error(Exception):
    """What could not be done. `status` is the library's number for it, `LFM_ERROR_...` in the C headers; 0 where
    the failure is the package's own."""

    status: int = 0


class InvalidError(Error, ValueError):
    """An argument, an option, a shape or data that cannot be."""


class OverlapError(InvalidError):
    """Test and excluded interactions share a pair."""


class FileError(Error, OSError):
    """A file could not be opened, read or written."""


class OutOfMemoryError(Error, MemoryError):
    """Memory ran out."""


class BusyError(Error, RuntimeError):
    """Another call is using the model."""


class CancelledError(Error):
    """The call was cancelled."""


class DivergedError(Error, ValueError):
    """Training met a parameter that is not finite."""


class UnsupportedError(Error, NotImplementedError):
    """What was asked for does not exist."""


class NotFittedError(Error, ValueError):
    """A model was asked that has not been trained yet."""


class UnknownIdError(Error, KeyError):
    """An id that is not there."""

    __str__ = Exception.__str__  # a KeyError shows its message in quotes


CLASSES: Dict[int, Type[Error]] = {
    _abi.LFM_ERROR_MEMORY: OutOfMemoryError,
    _abi.LFM_ERROR_FILE: FileError,
    _abi.LFM_ERROR_BUSY: BusyError,
    _abi.LFM_ERROR_CANCELLED: CancelledError,
    _abi.LFM_ERROR_DIVERGED: DivergedError,
    _abi.LFM_ERROR_OVERLAP: OverlapError,
    _abi.LFM_ERROR_UNSUPPORTED: UnsupportedError,
}


def error_of(status: int, message: str) -> Error:
    """The exception for a status."""
    error = CLASSES.get(status, InvalidError)(message)
    error.status = status
    return error
