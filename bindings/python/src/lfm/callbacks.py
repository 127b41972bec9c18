"""What may happen between epochs: stopping early, changing the learning rate, logging, showing progress.

A callback is any function of a `State`, called at each epoch's end, on a thread of the library's; it may look
at the model and evaluate it, but not train it. It stops training by `state.stop()`; an exception stops it too and
comes out of the fit call. An object may have methods `begin` and `end` besides, called with a `State` before the first
epoch and after the last of each training call: there `epoch` is what was completed before, and `loss` is NaN until an
epoch has ended.

`Validation` and `EarlyStopping` may be used again: they forget what they have measured when a training begins anew
(`fit`), and go on where one goes on (`partial_fit`)."""
from __future__ import annotations

import logging as _logging
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, List, Optional

import numpy as np

from ._checks import instance, number, whole
from ._data import Interactions
from ._scorer import parse_metrics

if TYPE_CHECKING:
    from ._model import Model

Callback = Callable[['State'], None]

TRAIN = 'train '
"""What the names of metrics on interactions of training begin with."""


class State:
    """Where training stands.

    epoch: epochs completed, over all calls. epochs: what that will be in the end. loss: mean loss of the epoch.
    violation_rate: the share of positives that led to a step. seconds: since the call began.
    learning_rate: of the epoch; set it to change it for those that follow (0 or more, else it is a ValueError).
    metrics: what callbacks have measured after this epoch, by name.
    """

    def __init__(self, model: 'Model', progress: Any) -> None:
        self.model = model
        self.epoch, self.epochs = int(progress.epoch), int(progress.epochs)
        self.loss, self.violation_rate = float(progress.loss), float(progress.violation_rate)
        self.seconds, self._rate = float(progress.seconds), float(progress.learning_rate)
        self.metrics: Dict[str, float] = {}
        self.stopped = self.rate_was_set = False

    @property
    def learning_rate(self) -> float:
        return self._rate

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        given = number('learning_rate', rate)
        if not 0 <= given <= _LARGEST:
            raise ValueError(f'learning_rate is {rate!r}: it must be from 0 to {_LARGEST}')
        self._rate, self.rate_was_set = given, True

    def stop(self) -> None:
        """End training after this epoch."""
        self.stopped = True


_LARGEST = float(np.finfo(np.float32).max)


def checked(callbacks: Optional[Iterable[Callback]]) -> List[Callback]:
    """Callbacks as a list, or a TypeError."""
    if callbacks is None:
        return []
    if callable(callbacks) or not hasattr(callbacks, '__iter__'):
        raise TypeError(f'callbacks is {callbacks!r}: give a list of them')
    functions = list(callbacks)
    for place, function in enumerate(functions):
        if isinstance(function, type):
            raise TypeError(f'callbacks: number {place} is the class {function.__name__}: give an object of it')
        if not callable(function):
            raise TypeError(f'callbacks: number {place} is {function!r}: it must be a function of a State')
    return functions


class Validation:
    """Measure metrics on held-out interactions every so many epochs; `history` holds (epoch, metrics).

    test: Interactions or a matrix. metrics: names as in lfm.evaluate. every: 1 or more.
    train: interactions of training, all or some of them, to be measured as well: their metrics are called
    'train precision@10' and so on, and nothing is left out of the lists for them. `lfm.plot.learning_curve`
    draws both.
    """

    def __init__(self, test: Any, metrics: Any = ('precision@10', 'auc'), every: int = 1, *, train: Any = None) -> None:
        self.test, self.every = Interactions.of(test, 'test'), whole('every', every, 1)
        self.train = None if train is None else Interactions.of(train, 'train')
        self.metrics: List[str] = parse_metrics(metrics)[0]
        self.history: List[Any] = []

    def begin(self, state: State) -> None:
        """Forget another training."""
        if state.epoch == 0 or self.history and self.history[-1][0] > state.epoch:
            self.history = []

    def __call__(self, state: State) -> None:
        if state.epoch % self.every == 0 or state.epoch == state.epochs:
            found = state.model.scorer().evaluate(self.test, self.metrics)
            state.metrics.update({name: result.mean for name, result in found.items()})
            if self.train is not None:
                found = state.model.scorer().evaluate(self.train, self.metrics, exclude=None)
                state.metrics.update({TRAIN + name: result.mean for name, result in found.items()})
            self.history.append((state.epoch, dict(state.metrics)))


class EarlyStopping(Validation):
    """Stop when a metric has not grown for `patience` measurements. `best` and `best_epoch` tell what was reached; the model
    has gone on from there: a fit of `best_epoch` epochs brings it back, on one thread to the bit.

    metric: one name. patience: 1 or more. least: by how much more than this the metric must grow to count as grown, 0
    or more. test, every, train: as in Validation.
    """

    def __init__(self, test: Any, metric: str = 'precision@10', patience: int = 3, every: int = 1,
                 least: float = 0.0, *, train: Any = None) -> None:
        super().__init__(test, instance('metric', metric, str, 'the name of a metric'), every, train=train)
        self.patience, self.least = whole('patience', patience, 1), number('least', least)
        if self.least < 0:
            raise ValueError(f'least is {least!r}: it must be 0 or more')
        self.best, self.best_epoch = -float('inf'), 0
        self._waited = 0

    def begin(self, state: State) -> None:
        super().begin(state)
        self._waited = 0
        if not self.history:
            self.best, self.best_epoch = -float('inf'), 0

    def __call__(self, state: State) -> None:
        before = len(self.history)
        super().__call__(state)
        if len(self.history) == before:
            return
        value = state.metrics[self.metrics[0]]
        if value > self.best + self.least:
            self.best, self.best_epoch, self._waited = value, state.epoch, 0
        else:
            self._waited += 1
            if self._waited >= self.patience:
                state.stop()


class LearningRate:
    """Set the rate of every epoch by a function of its number, counted from 0."""

    def __init__(self, rate: Callable[[int], float]) -> None:
        if not callable(rate):
            raise TypeError(f'rate is {rate!r}: it must be a function of the epoch')
        self.rate = rate

    def __call__(self, state: State) -> None:
        state.learning_rate = self.rate(state.epoch)

    begin = __call__


class Logging:
    """Write a line for every epoch to a logger of the module logging."""

    def __init__(self, logger: Optional[_logging.Logger] = None, level: int = _logging.INFO) -> None:
        self.logger = logger if logger is not None else _logging.getLogger('lfm')
        if not hasattr(self.logger, 'log'):
            raise TypeError(f'logger is {logger!r}: it must be one of the module logging')
        self.level = whole('level', level)

    def __call__(self, state: State) -> None:
        measured = ''.join(f', {name} {value:.4f}' for name, value in state.metrics.items())
        self.logger.log(self.level, 'epoch %d of %d: loss %.4f%s, %.1f s', state.epoch, state.epochs, state.loss,
                        measured, state.seconds)


class Progress:
    """A bar of tqdm's. options: as tqdm has them."""

    def __init__(self, **options: Any) -> None:
        try:
            from tqdm import tqdm
        except ImportError as error:
            raise ImportError("a progress bar needs tqdm: pip install tqdm, or 'liblfm[progress]'") from error
        self._make, self._options = tqdm, options
        self._bar: Any = None

    def begin(self, state: State) -> None:
        self._bar = self._make(**{'total': state.epochs, 'initial': state.epoch, 'desc': 'Epoch', **self._options})

    def __call__(self, state: State) -> None:
        if self._bar is None:  # called by a function that is the callback
            self.begin(state)
        self._bar.update(state.epoch - self._bar.n)
        self._bar.set_postfix({'loss': f'{state.loss:.4f}', **{n: f'{v:.4f}' for n, v in state.metrics.items()}})
        if state.epoch >= state.epochs:
            self.end(state)

    def end(self, _: State) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
