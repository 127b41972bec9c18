"""Search for the parameters with which a model does best on held-out interactions.

    train, test = likes.split('leave-out')
    inner, validation = train.split('leave-out', seed=2)
    found = lfm.tune.search(inner, validation, metric='ndcg@10', trials=50, progress=True)
    found.best_params, found.best_value
    model = found.fit(train)                    # the best parameters, and as many epochs as did best

`search` is a thin layer over Optuna. A trial trains once and is measured after every epoch: its value is the
largest on that learning curve, and a trial whose curve lags behind is pruned. `forest_minimize` is the recipe with
scikit-optimize that goes by epochs as one more dimension. Both are optional: `pip install 'liblfm[tune]'`."""
from __future__ import annotations

import importlib
import inspect
import time
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from ._data import Features, Interactions
from ._errors import DivergedError
from ._model import Model
from .callbacks import Callback, EarlyStopping, State

SPACE: Dict[str, Any] = {
    'learning_rate': (1e-4, 1.0, 'log'),
    'components': (20, 200),
    'alpha': (1e-6, 1e-1, 'log'),
    'user_scale': (1e-3, 1.0, 'log'),
}
"""The space that is searched when none is given. To change an entry: `{**lfm.tune.SPACE, 'components': (8, 64)}`."""


class Trial(NamedTuple):
    """One training of a search.

    number: counted from 0. state: 'complete', 'pruned', 'diverged', 'failed' (an error, or Ctrl-C), 'running' or
    'waiting'. value: the largest of the curve, NaN when nothing was measured. epoch: where that was.
    sampled: what was drawn from the space. params: what that means for lfm.Model, with `epochs` as above.
    curve: (epoch, value) of each measurement. seconds: how long it took.
    """

    number: int
    state: str
    value: float
    epoch: int
    sampled: Dict[str, Any]
    params: Dict[str, Any]
    curve: List[Tuple[int, float]]
    seconds: float


class Search:
    """What a search has found.

    metric: the name of what was to grow. trials: a Trial for each, in their order. study: Optuna's Study, or
    scikit-optimize's result (None when it was interrupted). interrupted: whether Ctrl-C ended the search.
    """

    def __init__(self, objective: 'Objective', trials: List[Trial], study: Any, interrupted: bool = False) -> None:
        self.objective, self.metric = objective, objective.metric
        self.trials, self.study, self.interrupted = trials, study, interrupted

    @property
    def best_trial(self) -> Trial:
        """The completed trial with the largest value; the first of equals. ValueError when none was completed."""
        completed = [trial for trial in self.trials if trial.state == 'complete']
        if not completed:
            raise ValueError(f'none of {len(self.trials)} trials was completed')
        return max(completed, key=lambda trial: trial.value)

    @property
    def best_value(self) -> float:
        """The metric that the best trial reached."""
        return self.best_trial.value

    @property
    def best_params(self) -> Dict[str, Any]:
        """The best trial's parameters for lfm.Model, epochs included; the others are those of the given model."""
        return self.best_trial.params

    @property
    def model(self) -> Model:
        """A model with the best parameters, not fitted yet."""
        return self.objective.model(self.best_params)

    def fit(self, interactions: Any = None, **options: Any) -> Model:
        """Train a model with the best parameters on interactions (None: those that the search trained on).
        options: as in Model.fit; features that are not given are those of the search."""
        given = self.objective.train if interactions is None else interactions
        return self.model.fit(given, **{**self.objective.features, **options})

    def table(self) -> List[Dict[str, Any]]:
        """A row for each trial, fit for pandas.DataFrame: number, state, value, epoch, seconds, and what was
        drawn."""
        return [{'number': trial.number, 'state': trial.state, 'value': trial.value, 'epoch': trial.epoch,
                 'seconds': trial.seconds, **trial.sampled} for trial in self.trials]

    def __repr__(self) -> str:
        if not any(trial.state == 'complete' for trial in self.trials):
            return f'<Search: {len(self.trials)} trials, none completed>'
        return f'<Search: {len(self.trials)} trials, {self.metric} {self.best_value:.4f} with {self.best_params}>'


class Objective:
    """What Optuna is to make as large as it can: for studies of one's own, in parallel or with a storage.

        objective = lfm.tune.Objective(train, validation, metric='ndcg@10')
        study = optuna.create_study(direction='maximize', storage='sqlite:///search.db', study_name='likes')
        study.optimize(objective, n_trials=50, n_jobs=4)
        found = objective.results(study)

    Parameters
    ----------
    train, validation: Interactions, or sparse matrices, of the same users x items
    space: what to search: a name and an entry for each. Names are the parameters of lfm.Model, 'alpha' (item_alpha)
        and 'user_scale' (user_alpha is alpha times that; 1 where it is not searched). Entries: (low, high),
        (low, high, 'log'), a list of choices, or one of Optuna's distributions. None: SPACE.
    metric: a name as in lfm.evaluate, one of those that are to be large
    model: a Model with the parameters that are not searched; `epochs` is how many a trial may train at most.
        None: Model(epochs=100)
    patience: end a trial when the metric has not grown for so many measurements
    every: measure after every so many epochs
    user_features, item_features: as in Model.fit

    With threads=1 in the model, a trial's parameters alone decide its curve.
    """

    def __init__(self, train: Any, validation: Any, space: Optional[Dict[str, Any]] = None, *,
                 metric: str = 'precision@10', model: Optional[Model] = None, patience: int = 10, every: int = 1,
                 user_features: Any = None, item_features: Any = None) -> None:
        self.train, self.validation = Interactions.of(train), Interactions.of(validation)
        self.features = {'user_features': Features.of(user_features), 'item_features': Features.of(item_features)}
        self.space = dict(SPACE if space is None else space)
        self.metric, self.patience, self.every = metric, patience, every
        self.fixed = (Model(epochs=100) if model is None else model).get_params()
        _check(self.space)

    def params(self, sampled: Dict[str, Any]) -> Dict[str, Any]:
        """The parameters for lfm.Model that a draw from the space means."""
        params = dict(sampled)
        scale = params.pop('user_scale', 1.0)
        if 'alpha' in params:
            params['item_alpha'] = params.pop('alpha')
            params['user_alpha'] = params['item_alpha'] * scale
        return params

    def model(self, params: Dict[str, Any]) -> Model:
        """A model with these parameters and those that are not searched, not fitted yet."""
        return Model(**{**self.fixed, **params})

    def fit(self, sampled: Dict[str, Any], callbacks: List[Callback]) -> Model:
        """Train a model with a draw from the space."""
        return self.model(self.params(sampled)).fit(self.train, callbacks=callbacks, **self.features)

    def __call__(self, trial: Any) -> float:
        """Train with what an Optuna trial suggests, and return the largest metric of the learning curve."""
        optuna = _needed('optuna', 'optuna')
        sampled = {name: _suggest(optuna, trial, name, entry) for name, entry in self.space.items()}
        stop = EarlyStopping(self.validation, self.metric, self.patience, self.every)

        def report(state: State) -> None:
            if self.metric in state.metrics:
                trial.report(state.metrics[self.metric], state.epoch)
                if not state.stopped and trial.should_prune():
                    raise optuna.TrialPruned(f'pruned after epoch {state.epoch}')

        try:
            self.fit(sampled, [stop, report])
        except DivergedError as error:
            trial.set_user_attr('diverged', str(error))
            raise optuna.TrialPruned(str(error)) from error
        return stop.best

    def trial(self, number: int, state: str, sampled: Dict[str, Any], curve: List[Tuple[int, float]],
              seconds: float) -> Trial:
        """A Trial of a draw from the space and its learning curve."""
        epoch, value = max(curve, key=lambda point: point[1]) if curve else (0, float('nan'))
        return Trial(number, state, value, epoch, sampled, {**self.params(sampled), 'epochs': epoch}, curve, seconds)

    def results(self, study: Any, interrupted: bool = False) -> Search:
        """What a study of this objective has found so far."""
        trials = []
        for frozen in study.get_trials(deepcopy=False):
            state = 'diverged' if 'diverged' in frozen.user_attrs else \
                'failed' if frozen.state.name == 'FAIL' else frozen.state.name.lower()
            seconds = float('nan') if frozen.duration is None else frozen.duration.total_seconds()
            trials.append(self.trial(frozen.number, state, frozen.params, sorted(frozen.intermediate_values.items()),
                                     seconds))
        return Search(self, trials, study, interrupted)


def search(train: Any, validation: Any, space: Optional[Dict[str, Any]] = None, *, metric: str = 'precision@10',
           model: Optional[Model] = None, trials: Optional[int] = 50, timeout: Optional[float] = None,
           patience: int = 10, every: int = 1, seed: Optional[int] = 1, sampler: Any = None, pruner: Any = None,
           study: Any = None, user_features: Any = None, item_features: Any = None, progress: bool = False,
           **options: Any) -> Search:
    """Search with Optuna for the parameters with which training on `train` does best on `validation`.

    train, validation, space, metric, model, patience, every, user_features, item_features: as in Objective
    trials, timeout: end after so many trials or seconds, whichever comes first; None: no such bound
    seed: of the sampler. With it, and threads=1 in the model, a search repeats exactly
    sampler, pruner: Optuna's; None: TPESampler, and MedianPruner after the first five epochs
    study: an Optuna study to go on with, of direction 'maximize', which brings its own sampler and pruner
    progress: show Optuna's progress bar
    options: passed on to optuna.Study.optimize: n_jobs, callbacks, ...

    A training that diverges counts as pruned. Ctrl-C ends the search: what was found is returned, with
    `interrupted` set; when no trial was completed yet, the KeyboardInterrupt goes its way.
    ImportError when Optuna is not installed; ValueError for spaces, parameters and data that cannot be.
    """
    optuna = _needed('optuna', 'optuna')
    objective = Objective(train, validation, space, metric=metric, model=model, patience=patience, every=every,
                          user_features=user_features, item_features=item_features)
    if study is None:
        study = optuna.create_study(
            direction='maximize', sampler=optuna.samplers.TPESampler(seed=seed) if sampler is None else sampler,
            pruner=optuna.pruners.MedianPruner(n_warmup_steps=5) if pruner is None else pruner)
    elif sampler is not None or pruner is not None:
        raise ValueError('sampler and pruner are those of the study that is given')
    elif study.direction != optuna.study.StudyDirection.MAXIMIZE:
        raise ValueError("the study is to minimise: make it with direction='maximize'")
    interrupted = False
    try:
        study.optimize(objective, n_trials=trials, timeout=timeout, show_progress_bar=progress, **options)
    except KeyboardInterrupt:
        interrupted = True
    return _unless_nothing(objective.results(study, interrupted))


def forest_minimize(train: Any, validation: Any, space: Optional[Dict[str, Any]] = None, *,
                    metric: str = 'precision@10', model: Optional[Model] = None, trials: int = 50, seed: int = 1,
                    user_features: Any = None, item_features: Any = None, **options: Any) -> Search:
    """Search with scikit-optimize's function of this name: a forest guesses from the trials so far where to try next.

    Here epochs may be searched as well: a trial trains that many and is measured once, at the end.

    space: as in Objective, but with scikit-optimize's dimensions in place of Optuna's distributions. None: SPACE with
        epochs from 1 to 250
    train, validation, metric, model, user_features, item_features: as in Objective
    trials: how many. seed: of the forest; with it, and threads=1 in the model, a search repeats exactly
    options: passed on to skopt.forest_minimize: n_initial_points, callback, verbose, ...

    A training that diverges counts as 0. Ctrl-C and errors: as in `search`, with scikit-optimize for Optuna.
    """
    skopt = _needed('skopt', 'scikit-optimize')
    space = {'epochs': (1, 250), **SPACE} if space is None else dict(space)
    objective = Objective(train, validation, space, metric=metric, model=model, user_features=user_features,
                          item_features=item_features)
    done: List[Trial] = []

    def loss(point: List[Any]) -> float:
        sampled = {name: value.item() if hasattr(value, 'item') else value for name, value in zip(space, point)}
        began, state = time.monotonic(), 'complete'
        curve: List[Tuple[int, float]] = []
        try:
            model = objective.fit(sampled, [])
            curve = [(model.epochs_done, model.evaluate(objective.validation, metric)[metric].mean)]
        except DivergedError:
            state = 'diverged'
        done.append(objective.trial(len(done), state, sampled, curve, time.monotonic() - began))
        return -curve[0][1] if curve else 0.0

    result, interrupted = None, False
    options.setdefault('n_initial_points', min(10, trials))
    try:
        result = skopt.forest_minimize(loss, [_dimension(skopt, name, entry) for name, entry in space.items()],
                                       n_calls=trials, random_state=seed, **options)
    except KeyboardInterrupt:
        interrupted = True
    return _unless_nothing(Search(objective, done, result, interrupted))


def _unless_nothing(found: Search) -> Search:
    if found.interrupted and not any(trial.state == 'complete' for trial in found.trials):
        raise KeyboardInterrupt
    return found


def _needed(module: str, package: str) -> Any:
    """An optional module."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(f"this search needs {package}: pip install {package}, or 'liblfm[tune]'") from error


_DEFAULTS = {**{name: parameter.default for name, parameter in inspect.signature(Model.__init__).parameters.items()
                if name != 'self'}, 'alpha': 0.0, 'user_scale': 1.0}


def _whole(name: str) -> bool:
    return isinstance(_DEFAULTS[name], int)


def _check(space: Dict[str, Any]) -> None:
    """Say what is wrong with a space."""
    for name, entry in space.items():
        if name not in _DEFAULTS:
            raise ValueError(f'there is no parameter {name!r} to search: choose from {", ".join(_DEFAULTS)}')
        if isinstance(entry, tuple):
            if isinstance(_DEFAULTS[name], (str, bool)):
                raise ValueError(f'{name} has no range: give a list of choices')
            if len(entry) not in (2, 3) or entry[2:] not in ((), ('log',)) or not entry[0] < entry[1]:
                raise ValueError(f"the range of {name} is {entry!r}: it must be (low, high) or (low, high, 'log')")
            if entry[2:] and entry[0] <= 0:
                raise ValueError(f'the range of {name} is {entry!r}: on a log scale it must begin above 0')
        elif isinstance(entry, list) and not entry:
            raise ValueError(f'there are no choices for {name}')
    if 'user_scale' in space and 'alpha' not in space:
        raise ValueError('user_scale is a factor of alpha, which is not searched')
    if 'alpha' in space and ('user_alpha' in space or 'item_alpha' in space):
        raise ValueError('alpha stands for item_alpha and user_alpha: search it or them')


def _range(name: str, entry: Tuple[Any, ...]) -> Tuple[Any, Any, bool]:
    kind = int if _whole(name) else float
    return kind(entry[0]), kind(entry[1]), len(entry) == 3


def _suggest(optuna: Any, trial: Any, name: str, entry: Any) -> Any:
    """What an Optuna trial chooses for an entry of the space."""
    if isinstance(entry, list):
        return trial.suggest_categorical(name, entry)
    if isinstance(entry, tuple):
        low, high, log = _range(name, entry)
        return (trial.suggest_int if _whole(name) else trial.suggest_float)(name, low, high, log=log)
    if isinstance(entry, optuna.distributions.CategoricalDistribution):
        return trial.suggest_categorical(name, entry.choices)
    if isinstance(entry, optuna.distributions.IntDistribution):
        return trial.suggest_int(name, entry.low, entry.high, step=entry.step, log=entry.log)
    if isinstance(entry, optuna.distributions.FloatDistribution):
        return trial.suggest_float(name, entry.low, entry.high, step=entry.step, log=entry.log)
    raise ValueError(f'{name}: {entry!r} is no range, no list of choices and none of Optuna\'s distributions')


def _dimension(skopt: Any, name: str, entry: Any) -> Any:
    """An entry of the space as scikit-optimize wants it."""
    if isinstance(entry, list):
        return skopt.space.Categorical(entry, name=name)
    if isinstance(entry, tuple):
        low, high, log = _range(name, entry)
        kind = skopt.space.Integer if _whole(name) else skopt.space.Real
        return kind(low, high, prior='log-uniform' if log else 'uniform', name=name)
    return entry
