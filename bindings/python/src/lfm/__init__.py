"""liblfm for Python: recommendations from who interacted with what, and from what is known about both.

    import lfm

    likes = lfm.Interactions.from_pairs(users, items)         # two columns of ids
    train, test = likes.split()
    model = lfm.Model(loss='warp', epochs=30).fit(train)
    model.evaluate(test, ['precision@10', 'auc'])
    items, scores = model.recommend('ann', 10)

`lfm.lightfm` is the interface of LightFM 1.17 on the same library."""
from __future__ import annotations

import importlib as _importlib
from typing import Any as _Any

from . import callbacks, plot, tune
from ._abi import VERSION as __version__
from ._data import Features, Interactions
from ._errors import (BusyError, CancelledError, DivergedError, Error, FileError, InvalidError, NotFittedError,
                      OutOfMemoryError, OverlapError, UnknownIdError, UnsupportedError)
from ._ids import Ids
from ._model import Model, evaluate
from ._scorer import Explanation, Part, Result, Scorer

__all__ = ['BusyError', 'CancelledError', 'DivergedError', 'Error', 'Explanation', 'Features', 'FileError', 'Ids',
           'Interactions', 'InvalidError', 'Model', 'NotFittedError', 'OutOfMemoryError', 'OverlapError', 'Part',
           'Result', 'Scorer', 'UnknownIdError', 'UnsupportedError', 'callbacks', 'evaluate', 'plot',
           'tune', '__version__']


def __getattr__(name: str) -> _Any:
    if name == 'lightfm':  # made when it is asked for: it takes a third of the time of importing all
        return _importlib.import_module('.lightfm', __name__)
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
