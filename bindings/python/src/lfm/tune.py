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

import inspect
import math
import time
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from ._checks import instance, number, whole
from ._data import Features, Interactions
from ._errors import DivergedError, Error
from ._model import Model, check_parameter
from ._space import checked, dimension, needed, suggest
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
    sampled: what was drawn from the space, by its names. params: what that means for lfm.Model, by the names of its
    parameters, with `epochs` as above (0 when nothing was measured).
    curve: (epoch, value) of each measurement. seconds: how long it took. reason: why it diverged or failed, else ''.
    """

    number: int
    state: str
    value: float
    epoch: int
    sampled: Dict[str, Any]
    params: Dict[str, Any]
    curve: List[Tuple[int, float]]
    seconds: float
    reason: str = ''


class SearchError(Error, ValueError):
    """No trial of a search was completed. search: the Search all the same, with the reason of each trial."""

    search: 'Search'


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
        """The completed trial with the largest value; the first of equals. SearchError when none was completed."""
        completed = [trial for trial in self.trials if trial.state == 'complete']
        if not completed:
            reasons = [f': trial {trial.number} {trial.state}: {trial.reason}' for trial in self.trials if trial.reason]
            error = SearchError(f'none of {len(self.trials)} trials was completed{reasons[0] if reasons else ""}')
            error.search = self
            raise error
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
        """A row for each trial, fit for pandas.DataFrame: number, state, value, seconds, the parameters that were
        searched, by the names that best_params has (epochs included), and reason."""
        return [{'number': trial.number, 'state': trial.state, 'value': trial.value, 'seconds': trial.seconds,
                 **trial.params, 'reason': trial.reason} for trial in self.trials]

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
        (low, high, 'log'), a list of choices, or one of Optuna's distributions. None: SPACE. Not 'epochs', which is
        read off the learning curve.
    metric: a name as in lfm.evaluate, one of those that are to be large
    model: a Model with the parameters that are not searched; `epochs` is how many a trial may train at most, 1 or
        more. None: Model(epochs=100)
    patience: end a trial when the metric has not grown for so many measurements, 1 or more
    every: measure after every so many epochs, 1 or more
    user_features, item_features: as in Model.fit

    With threads=1 in the model, a trial's parameters alone decide its curve. A trial whose training diverges counts as
    pruned, one whose parameters do not go together (a lfm.Error) as failed, as Optuna does with NaN.

    Arguments and data are looked at once, when the objective is made, on a model of one component that is not trained:
    ValueError (OverlapError, …) or TypeError.
    """

    _module = 'optuna'

    def __init__(self, train: Any, validation: Any, space: Optional[Dict[str, Any]] = None, *,
                 metric: str = 'precision@10', model: Optional[Model] = None, patience: int = 10, every: int = 1,
                 user_features: Any = None, item_features: Any = None) -> None:
        self.train, self.validation = Interactions.of(train, 'train'), Interactions.of(validation, 'validation')
        self.features: Dict[str, Any] = {
            'user_features': Features.of(user_features, 'user_features'),
            'item_features': Features.of(item_features, 'item_features')}
        self.space = checked(SPACE if space is None else space, self._module)
        self.metric = instance('metric', metric, str, 'the name of a metric')
        self.patience, self.every = whole('patience', patience, 1), whole('every', every, 1)
        model = Model(epochs=100) if model is None else instance('model', model, Model, 'an lfm.Model')
        self.fixed = model.get_params()
        for name, value in self.fixed.items():
            check_parameter(name, value)
        whole("the model's epochs", self.fixed['epochs'], 1)
        Model(1, epochs=0, threads=self.fixed['threads']).fit(self.train, **self.features).evaluate(
            self.validation, self.metric)

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
        """Train with what an Optuna trial suggests, and return the largest metric of the learning curve; NaN when
        that failed."""
        optuna = needed('optuna')
        try:
            sampled = {name: suggest(trial, name, entry) for name, entry in self.space.items()}
        except ValueError as error:
            raise ValueError(f'the space is not that of the trials which the study has: {error}') from error
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
        except Error as error:
            trial.set_user_attr('failed', str(error))
            return math.nan
        return stop.best

    def trial(self, number: int, state: str, sampled: Dict[str, Any], curve: List[Tuple[int, float]],
              seconds: float, reason: str) -> Trial:
        """A Trial of a draw from the space and its learning curve."""
        epoch, value = max(curve, key=lambda point: point[1]) if curve else (0, float('nan'))
        return Trial(number, state, value, epoch, sampled, {**self.params(sampled), 'epochs': epoch}, curve, seconds,
                     reason)

    def results(self, study: Any, interrupted: bool = False) -> Search:
        """What a study of this objective has found so far."""
        trials = []
        for frozen in study.get_trials(deepcopy=False):
            state = 'diverged' if 'diverged' in frozen.user_attrs else \
                'failed' if frozen.state.name == 'FAIL' else frozen.state.name.lower()
            reason = frozen.user_attrs.get(state, '')
            seconds = float('nan') if frozen.duration is None else frozen.duration.total_seconds()
            trials.append(self.trial(frozen.number, state, frozen.params, sorted(frozen.intermediate_values.items()),
                                     seconds, reason))
        return Search(self, trials, study, interrupted)


def search(train: Any, validation: Any, space: Optional[Dict[str, Any]] = None, *, metric: str = 'precision@10',
           model: Optional[Model] = None, trials: Optional[int] = 50, timeout: Optional[float] = None,
           patience: int = 10, every: int = 1, seed: Optional[int] = 1, sampler: Any = None, pruner: Any = None,
           study: Any = None, user_features: Any = None, item_features: Any = None, progress: bool = False,
           **options: Any) -> Search:
    """Search with Optuna for the parameters with which training on `train` does best on `validation`.

    train, validation, space, metric, model, patience, every, user_features, item_features: as in Objective
    trials, timeout: end after so many trials (1 or more) or seconds (above 0), whichever comes first; None: no such
        bound
    seed: of the sampler, 0 to 2^32 - 1, or None for another each time. With it, and threads=1 in the model, a search
        repeats exactly
    sampler, pruner: Optuna's; None: TPESampler, and MedianPruner after the first five epochs
    study: an Optuna study to go on with, of direction 'maximize', which brings its own sampler and pruner
    progress: show Optuna's progress bar
    options: passed on to optuna.Study.optimize: n_jobs, callbacks, ...

    A training that diverges counts as pruned, and a trial fails whose parameters do not go together or want too much
    memory: the table has the reason, and the search goes on. Ctrl-C ends it: what was found is returned, with
    `interrupted` set; when no trial was completed yet, the KeyboardInterrupt goes its way.
    ImportError when Optuna is not installed; ValueError and TypeError, before any training, for spaces, parameters
    and data that cannot be; SearchError when every trial failed, with the reason of the first.
    """
    optuna = needed('optuna')
    trials = None if trials is None else whole('trials', trials, 1)
    if timeout is not None and number('timeout', timeout) <= 0:
        raise ValueError(f'timeout is {timeout!r}: it must be above 0')
    _check_seed(seed)
    for name, value, kind in (('sampler', sampler, optuna.samplers.BaseSampler),
                              ('pruner', pruner, optuna.pruners.BasePruner), ('study', study, optuna.study.Study)):
        if value is not None:
            instance(name, value, kind, f'a {kind.__name__} of Optuna\'s')
    _check_options(options, optuna.study.Study.optimize, ('self', 'func', 'n_trials', 'timeout', 'show_progress_bar'))
    if whole('n_jobs', options.get('n_jobs', 1), -1) == 0:
        raise ValueError('n_jobs is 0: it must be 1 or more, or -1')
    if not all(map(callable, instance('callbacks', options.get('callbacks') or [], (list, tuple), 'a list'))):
        raise TypeError(f'callbacks is {options["callbacks"]!r}: they must be functions of a study and a trial')
    objective = Objective(train, validation, space, metric=metric, model=model, patience=patience, every=every,
                          user_features=user_features, item_features=item_features)
    if study is None:
        study = optuna.create_study(
            direction='maximize', sampler=optuna.samplers.TPESampler(seed=seed) if sampler is None else sampler,
            pruner=optuna.pruners.MedianPruner(n_warmup_steps=5) if pruner is None else pruner)
    elif sampler is not None or pruner is not None:
        raise ValueError('sampler and pruner are those of the study that is given')
    elif study.directions != [optuna.study.StudyDirection.MAXIMIZE]:
        raise ValueError("the study is not to maximise one value: make it with direction='maximize'")
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
    trials: how many, 1 or more. seed: of the forest, 0 to 2^32 - 1; with it, and threads=1 in the model, a search
        repeats exactly
    options: passed on to skopt.forest_minimize: n_initial_points, callback, verbose, ...

    A trial that diverges or fails counts as 0. Ctrl-C and errors: as in `search`, with scikit-optimize for Optuna.
    """
    skopt = needed('skopt')
    trials = whole('trials', trials, 1)
    _check_seed(seed)
    _check_options(options, skopt.forest_minimize, ('func', 'dimensions', 'n_calls', 'random_state'))
    options['n_initial_points'] = whole('n_initial_points', options.get('n_initial_points', min(10, trials)),
                                        0 if 'x0' in options else 1, trials)
    space = {'epochs': (1, 250), **SPACE} if space is None else space
    objective = _ForestObjective(train, validation, space, metric=metric, model=model, user_features=user_features,
                                 item_features=item_features)
    done: List[Trial] = []

    def loss(point: List[Any]) -> float:
        sampled = {name: value.item() if hasattr(value, 'item') else value
                   for name, value in zip(objective.space, point)}
        began, state, reason = time.monotonic(), 'complete', ''
        curve: List[Tuple[int, float]] = []
        try:
            model = objective.fit(sampled, [])
            curve = [(model.epochs_done, model.evaluate(objective.validation, metric)[metric].mean)]
        except Error as error:
            state, reason = 'diverged' if isinstance(error, DivergedError) else 'failed', str(error)
        done.append(objective.trial(len(done), state, sampled, curve, time.monotonic() - began, reason))
        return -curve[0][1] if curve else 0.0

    result, interrupted = None, False
    try:
        result = skopt.forest_minimize(loss, [dimension(name, entry) for name, entry in objective.space.items()],
                                       n_calls=trials, random_state=seed, **options)
    except KeyboardInterrupt:
        interrupted = True
    return _unless_nothing(Search(objective, done, result, interrupted))


class _ForestObjective(Objective):
    _module = 'skopt'


def _unless_nothing(found: Search) -> Search:
    states = {trial.state for trial in found.trials}
    if found.interrupted and 'complete' not in states:
        raise KeyboardInterrupt
    if not states & {'complete', 'pruned'}:
        found.best_trial  # says why
    return found


def _check_seed(seed: Optional[int]) -> None:
    if seed is not None:
        whole('seed', seed, 0, 2**32 - 1)


def _check_options(options: Dict[str, Any], function: Any, own: Tuple[str, ...]) -> None:
    """Refuse options that a function does not have, or that are given to it by other names here."""
    known = [name for name in inspect.signature(function).parameters if name not in own]
    for name in options:
        if name not in known:
            raise TypeError(f'there is no option {name!r}: choose from {", ".join(known)}')
