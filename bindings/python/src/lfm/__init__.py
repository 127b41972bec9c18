"""liblfm for Python: recommendations from who interacted with what, and from what is known about both."""
from __future__ import annotations

from ._abi import VERSION as __version__
from ._errors import (BusyError, CancelledError, DivergedError, Error, InvalidError, OutOfMemoryError, OverlapError,
                      UnsupportedError)

__all__ = ['BusyError', 'CancelledError', 'DivergedError', 'Error', 'InvalidError', 'OutOfMemoryError',
           'OverlapError', 'UnsupportedError', '__version__']
