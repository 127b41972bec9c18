"""What may happen between epochs: stopping early, changing the learning rate, logging, showing progress.

A callback is any function of a `State`, called at each epoch's end, on a thread of the library's; it may look
at the model and evaluate it. It stops training by `state.stop()`; an exception stops it too and comes out of
the fit call."""
from __future__ import annotations

import logging as _logging
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional

if TYPE_CHECKING:
    from ._model import Model

Callback = Callable[['State'], None]

TRAIN = 'train '
"""What the names of metrics on interactions of training begin with."""


class State:
    """Where training stands.

    epoch: epochs completed, over all calls. epochs: what that will be in the end. loss: mean loss of the epoch.
    violation_rate: the share of positives that led to a step. seconds: since the call began.
    learning_rate: of the epoch; set it to change it for those that follow. metrics: what callbacks have
    measured after this epoch, by name.
    """

    def __init__(self, model: 'Model', progress: Any) -> None:
        self.model = model
        self.epoch, self.epochs = int(progress.epoch), int(progress.epochs)
        self.loss, self.violation_rate = float(progress.loss), float(progress.violation_rate)
        self.seconds, self.learning_rate = float(progress.seconds), float(progress.learning_rate)
        self.metrics: Dict[str, float] = {}
        self.stopped = False

    def stop(self) -> None:
        """End training after this epoch."""
        self.stopped = True


class Validation:
    """Measure metrics on held-out interactions every so many epochs; `history` holds (epoch, metrics).

    train: interactions of training, all or some of them, to be measured as well: their metrics are called
    'train precision@10' and so on, and nothing is left out of the lists for them. `lfm.plot.learning_curve`
    draws both.
    """

    def __init__(self, test: Any, metrics: Any = ('precision@10', 'auc'), every: int = 1, *, train: Any = None) -> None:
        self.test, self.every, self.train = test, every, train
        self.metrics: List[str] = [metrics] if isinstance(metrics, str) else list(metrics)
        self.history: List[Any] = []

    def __call__(self, state: State) -> None:
        if state.epoch % self.every == 0 or state.epoch == state.epochs:
            found = state.model.scorer().evaluate(self.test, self.metrics)
            state.metrics.update({name: result.mean for name, result in found.items()})
            if self.train is not None:
                found = state.model.scorer().evaluate(self.train, self.metrics, exclude=None)
                state.metrics.update({TRAIN + name: result.mean for name, result in found.items()})
            self.history.append((state.epoch, dict(state.metrics)))


class EarlyStopping(Validation):
    """Stop when a metric has not grown for `patience` measurements. `best` and `best_epoch` tell what was reached."""

    def __init__(self, test: Any, metric: str = 'precision@10', patience: int = 3, every: int = 1,
                 least: float = 0.0, *, train: Any = None) -> None:
        super().__init__(test, metric, every, train=train)
        self.patience, self.least = patience, least
        self.best, self.best_epoch = -float('inf'), 0
        self._waited = 0

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
        self.rate = rate

    def __call__(self, state: State) -> None:
        state.learning_rate = self.rate(state.epoch)


class Logging:
    """Write a line for every epoch to a logger of the module logging."""

    def __init__(self, logger: Optional[_logging.Logger] = None, level: int = _logging.INFO) -> None:
        self.logger = logger if logger is not None else _logging.getLogger('lfm')
        self.level = level

    def __call__(self, state: State) -> None:
        measured = ''.join(f', {name} {value:.4f}' for name, value in state.metrics.items())
        self.logger.log(self.level, 'epoch %d of %d: loss %.4f%s, %.1f s', state.epoch, state.epochs, state.loss,
                        measured, state.seconds)


class Progress:
    """A bar of tqdm's."""

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._bar: Any = None

    def __call__(self, state: State) -> None:
        from tqdm import tqdm

        bar = self._bar
        if bar is None:
            self._bar = bar = tqdm(total=state.epochs, initial=state.epoch - 1, desc='Epoch', **self._options)
        bar.update(1)
        bar.set_postfix({'loss': f'{state.loss:.4f}', **{n: f'{v:.4f}' for n, v in state.metrics.items()}})
        if state.epoch >= state.epochs:
            bar.close()
            self._bar = None
