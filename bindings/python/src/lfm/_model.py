"""The trainable model, as an estimator of scikit-learn's kind."""
from __future__ import annotations

import contextlib
import ctypes
import inspect
import math
import os
import threading
import time
import weakref
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Set, Tuple

import numpy as np

from . import _abi, _files
from ._data import Features, Interactions
from ._errors import BusyError, InvalidError, NotFittedError, OutOfMemoryError, UnsupportedError, error_of
from ._checks import choice, instance, number, whole
from ._ids import Ids, check_same, longest
from ._library import CALLBACKS, STRUCTS, Handle, create, lib, make, option_rows, put
from ._matrices import INT32_MAX, address
from ._running import new_cancel, run_interruptibly
from ._scorer import Explanation, Result, Scorer
from ._seen import Seen
from .callbacks import Callback, State, checked

_ARRAYS = {'embeddings': _abi.LFM_EMBEDDINGS, 'biases': _abi.LFM_BIASES}
_MODEL_OPTIONS = ('components', 'optimiser', 'seed', 'init_scale')


def _set_options(group: int, options: Any, values: Dict[str, Any]) -> None:
    """Set a struct's fields from a model's parameters, choices by their names."""
    for name, _, choices, _, _ in option_rows(group):
        if name not in values:
            continue
        value = values[name]
        if choices is not None:
            names = choices.split('|')
            value = names.index(choice(name, value, names))
        kind = dict(options._fields_)[name]
        put(options, name, number(name, value) if kind is ctypes.c_double else whole(name, value))


def check_parameter(name: str, value: Any) -> None:
    """Raise the ValueError or TypeError for a value that a parameter of Model's can never have."""
    for group, kind in ((_abi.LFM_OPTIONS_MODEL, 'model'), (_abi.LFM_OPTIONS_TRAIN, 'train')):
        if name in (row[0] for row in option_rows(group)):
            options = make(f'lfm_{kind}_options')
            _set_options(group, options, {name: value})
            text = ctypes.create_string_buffer(_abi.LFM_OPTION_TEXT_SIZE)
            getattr(lib, f'lfm_{kind}_options_get')(ctypes.byref(options), name.encode(), text, len(text))


class _Call:
    """A call that trains a model: the threads that may ask the model meanwhile, and what they are answered by."""

    def __init__(self) -> None:
        self.askers: Set[int] = {threading.get_ident()}
        self.scorer: Optional[Scorer] = None


# What the library turns down before the first step.
_REFUSALS = (InvalidError, BusyError, OutOfMemoryError, UnsupportedError)


class Model:
    """A hybrid recommender: an embedding and a bias for every feature of users and items.

    The parameters are the library's options, with its defaults: see docs/model.md. `fit` learns from
    interactions, the other methods answer from the model as it then is.
    """

    def __init__(self, components: int = 64, *, loss: str = 'warp', epochs: int = 20, learning_rate: float = 0.05,
                 optimiser: str = 'adagrad', schedule: str = 'constant', schedule_epochs: int = 0,
                 regularisation: str = 'l2', user_alpha: float = 0.0, item_alpha: float = 0.0, rho: float = 0.95,
                 epsilon: float = 1e-6, max_sampled: int = 10, max_draws: int = 100, margin: float = 1.0,
                 negative_power: float = -1.0, graded: bool = False, kos_k: int = 5, kos_n: int = 10,
                 kos_known: bool = False, order: str = 'shuffled', rollback: bool = False, init_scale: float = 0.0,
                 seed: int = 1, threads: int = 0) -> None:
        self.components, self.loss, self.epochs, self.learning_rate = components, loss, epochs, learning_rate
        self.optimiser, self.schedule, self.schedule_epochs = optimiser, schedule, schedule_epochs
        self.regularisation, self.user_alpha, self.item_alpha = regularisation, user_alpha, item_alpha
        self.rho, self.epsilon, self.max_sampled, self.max_draws = rho, epsilon, max_sampled, max_draws
        self.margin, self.negative_power, self.graded = margin, negative_power, graded
        self.kos_k, self.kos_n, self.kos_known = kos_k, kos_n, kos_known
        self.order, self.rollback, self.init_scale = order, rollback, init_scale
        self.seed, self.threads = seed, threads
        self._handle: Optional[Handle] = None
        self._seen: Optional[Seen] = None
        self._features: Dict[str, Optional[Features]] = {'user': None, 'item': None}
        self._ids: Dict[str, Optional[Ids]] = {'user': None, 'item': None}
        self._scorer: Optional[Scorer] = None
        self._begin()

    def _begin(self) -> None:
        self._call: Optional[_Call] = None
        self._lock = threading.RLock()  # of _call and _scorer
        _models[id(self)] = self

    # scikit-learn's conventions

    @classmethod
    def _parameters(cls) -> List[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != 'self']

    def get_params(self, deep: bool = True) -> Dict[str, Any]:
        """The parameters by name. deep plays no part."""
        return {name: getattr(self, name) for name in self._parameters()}

    def set_params(self, **params: Any) -> 'Model':
        """Set parameters by name; those of training count from the next call on, the others from the next fit."""
        known = self._parameters()
        for name, value in params.items():
            if name not in known:
                raise ValueError(f'there is no parameter {name!r}: choose {", ".join(known)}')
            setattr(self, name, value)
        return self

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn (1.6 and later) asks an estimator that does not inherit from its own."""
        from sklearn.utils import Tags, TargetTags

        return Tags(estimator_type=None, target_tags=TargetTags(required=False), transformer_tags=None,
                    classifier_tags=None, regressor_tags=None)

    def __sklearn_is_fitted__(self) -> bool:
        return self._handle is not None

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self).__init__).parameters
        changed = [f'{name}={value!r}' for name, value in self.get_params().items() if value != defaults[name].default]
        return f"{type(self).__name__}({', '.join(changed)})"

    # training

    def fit(self, interactions: Any, y: Any = None, *, user_features: Any = None, item_features: Any = None,
            callbacks: Optional[Iterable[Callback]] = ()) -> 'Model':
        """Learn anew from interactions: an Interactions or any sparse matrix of users x items.

        user_features, item_features: Features or sparse matrices; None: each user (item) is its own feature.
        callbacks: functions called at each epoch's end, see lfm.callbacks. y plays no part.
        While it trains, the model is its callbacks' alone: other threads that ask it, or train it, get a BusyError; a
        Scorer made before answers them. A call that is refused leaves the model as it was.
        """
        with self._alone():
            return self._fit(interactions, user_features, item_features, self.epochs, callbacks)

    def _fit(self, interactions: Any, user_features: Any, item_features: Any, epochs: int,
             callbacks: Optional[Iterable[Callback]]) -> 'Model':
        functions = checked(callbacks)
        given = Interactions.of(interactions, keep=True)
        features = {side: Features.of(of_side, f'{side}_features')
                    for side, of_side in (('user', user_features), ('item', item_features))}
        options = make('lfm_model_options')
        _set_options(_abi.LFM_OPTIONS_MODEL, options, self.get_params())
        width = {side: n if features[side] is None else features[side].n_features  # type: ignore[union-attr]
                 for side, n in (('user', given.n_users), ('item', given.n_items))}
        handle = create('model', lib.lfm_model_create, None, width['user'], width['item'], ctypes.byref(options))
        return self._train(handle, given, features, epochs, functions)

    def partial_fit(self, interactions: Any, y: Any = None, *, epochs: Optional[int] = None, user_features: Any = None,
                    item_features: Any = None, callbacks: Optional[Iterable[Callback]] = ()) -> 'Model':
        """Go on for more epochs (as many as the parameter says when epochs is None), on the same or other
        interactions; what users have seen is then all that the model was trained on. Features that are not given are
        those of the call before. Callbacks, BusyError and refused calls: as in fit."""
        epochs = self.epochs if epochs is None else epochs
        with self._alone():
            if self._handle is None:
                return self._fit(interactions, user_features, item_features, epochs, callbacks)
            functions = checked(callbacks)
            features = {side: self._features[side] if given is None else Features.of(given, f'{side}_features')
                        for side, given in (('user', user_features), ('item', item_features))}
            given = Interactions.of(interactions, keep=self._seen is None)
            check_same(self._ids['user'], given.user_ids, 'interactions: user')
            check_same(self._ids['item'], given.item_ids, 'interactions: item')
            return self._train(self._handle, given, features, epochs, functions)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """A training call has the model to itself: the library's models know, but fit makes a new one."""
        own = _Call()
        try:
            with self._lock:  # a scorer that is being made is finished first
                if self._call is not None:
                    raise error_of(_abi.LFM_ERROR_BUSY, 'the model is in use by another training call (or by the one whose '
                                                        'callback this is)')
                self._call, self._scorer = own, None
            yield
        finally:
            if self._call is own:
                self._call = None

    def _train(self, handle: Handle, given: Interactions, features: Dict[str, Optional[Features]], epochs: int,
               functions: List[Callback]) -> 'Model':
        cancel = new_cancel()
        options = make('lfm_train_options', cancel=cancel.pointer)
        _set_options(_abi.LFM_OPTIONS_TRAIN, options, {**self.get_params(), 'epochs': epochs})
        before = self._handle, self._seen, self._features, self._ids
        goes_on = self._handle is handle
        ids = {}
        for side, own in (('user', given.user_ids), ('item', given.item_ids)):
            known, of_features = longest(self._ids[side] if goes_on else None, own), features[side]
            if of_features is not None:
                check_same(known, of_features.ids, f'{side}_features:', "the interactions'",
                           f'make them with Features.from_tags(interactions.{side}_ids, ...)')
                known = known and longest(known, of_features.ids)
            ids[side] = known
        seen = self._seen.with_more(given) if goes_on and self._seen is not None else Seen(given)
        raised: List[BaseException] = []
        pointers = [None if features[side] is None else features[side]._handle.pointer  # type: ignore[union-attr]
                    for side in ('user', 'item')]
        ends = contextlib.ExitStack()  # all are called, even when one raises
        begun = interrupted = False
        try:
            self._handle, self._seen, self._features, self._ids = handle, seen, features, ids
            done = self.epochs_done
            states = [State(self, make('lfm_progress', epoch=done, epochs=done + options.epochs, loss=math.nan,
                                       violation_rate=math.nan, learning_rate=options.learning_rate))]
            if functions:
                hook = CALLBACKS['lfm_progress_fn'](self._progress(functions, states, raised))
                options.progress = ctypes.cast(hook, ctypes.c_void_p)
            for function in functions:
                if hasattr(function, 'begin'):
                    function.begin(states[0])
                if hasattr(function, 'end'):
                    ends.callback(lambda function: function.end(states[0]), function)
            if states[0].rate_was_set:
                options.learning_rate, options.schedule = states[0].learning_rate, _abi.LFM_SCHEDULE_CONSTANT
            if states[0].stopped:
                options.epochs = 0
            begun = True
            _when_free(lambda: run_interruptibly(lambda: lib.lfm_model_fit_partial(
                handle.pointer, given._handle.pointer, *pointers, ctypes.byref(options)), cancel))
        except BaseException as error:
            interrupted = not isinstance(error, Exception)
            if not begun or isinstance(error, _REFUSALS):
                self._handle, self._seen, self._features, self._ids = before
            raise
        finally:
            self._forget_scorer()
            with ends:
                if raised and not interrupted:  # Ctrl-C goes its way
                    raise raised[0]
        return self

    def _forget_scorer(self) -> None:
        """What the callbacks have been answered by is no longer the model."""
        if self._call is not None:
            self._call.scorer = None

    def _progress(self, functions: List[Callback], states: List[State],
                  raised: List[BaseException]) -> Callable[[int, int], int]:
        def hook(progress: int, _: int) -> int:
            try:
                told = STRUCTS['lfm_progress'].from_address(progress)
                if not told.epoch_ended:
                    return 0
                self._forget_scorer()
                if self._call is not None:
                    self._call.askers.add(threading.get_ident())
                states[0] = state = State(self, told)
                for function in functions:
                    function(state)
                told.learning_rate = state.learning_rate
                return int(state.stopped)
            except BaseException as error:  # nothing may unwind through the library
                raised.append(error)
                return 1
        return hook

    def resize(self, *, user_ids: Any = None, item_ids: Any = None, n_users: Optional[int] = None,
               n_items: Optional[int] = None) -> 'Model':
        """Make room for users and items that training did not know, each a feature of its own: give their ids
        (those that are known already do no harm) or, where there are no ids, the new numbers. They begin with
        fresh parameters; partial_fit trains them."""
        with self._alone():
            return self._resize({'user': (user_ids, n_users), 'item': (item_ids, n_items)})

    def _resize(self, given: Dict[str, Tuple[Any, Optional[int]]]) -> 'Model':
        handle = self._fitted()
        wanted, ids = [], dict(self._ids)
        for side, (more, n) in given.items():
            if self._features[side] is not None and (more is not None or n is not None):
                raise ValueError(f'the model describes {side}s by features: give those to partial_fit')
            known = ids[side]
            if more is not None:
                if known is None:
                    raise ValueError(f'{side}s have no ids here: give n_{side}s')
                if n is not None:
                    raise ValueError(f'n_{side}s follows from {side}_ids: give one of them')
                ids[side] = known = known.extended(more, f'{side}_ids')
                n = len(known)
            elif n is not None and known is not None:
                raise ValueError(f'{side}s have ids here: give {side}_ids')
            wanted.append(lib.lfm_model_n_features(handle.pointer, _SIDES[side]) if n is None else
                          whole(f'n_{side}s', n, 0, INT32_MAX))
        _when_free(lambda: lib.lfm_model_resize(handle.pointer, wanted[0], wanted[1], None))
        self._ids = ids
        return self

    # answers

    def _fitted(self) -> Handle:
        if self._handle is None:
            raise NotFittedError('the model is not fitted: call fit first')
        return self._handle

    @property
    def epochs_done(self) -> int:
        """Epochs completed since fit began."""
        return int(lib.lfm_model_epochs(self._fitted().pointer))

    def parameters(self, side: str) -> Tuple[Any, Any]:
        """(embeddings, biases) of the features of 'user' or 'item', as copies."""
        handle, place, found = self._fitted(), _SIDES[choice('side', side, _SIDES)], []
        for array in _ARRAYS.values():
            shape = (lib.lfm_model_n_features(handle.pointer, place), lib.lfm_model_columns(handle.pointer, array))
            values = np.empty(shape, dtype=np.float32)
            lib.lfm_model_get(handle.pointer, place, array, address(values) or 8, values.size)
            found.append(values)
        return found[0], found[1][:, 0]

    def scorer(self) -> Scorer:
        """The model frozen as it is: made when first asked for after training."""
        scorer = self._scorer
        if scorer is not None:
            return scorer
        with self._lock:
            call = self._call
            if call is None:
                if self._scorer is None:
                    self._scorer = self._make_scorer()
                return self._scorer
            if threading.get_ident() not in call.askers:
                raise error_of(_abi.LFM_ERROR_BUSY,
                               'the model is being trained on another thread: ask a Scorer made before')
        if call.scorer is None:
            call.scorer = self._make_scorer()
        return call.scorer

    def _make_scorer(self) -> Scorer:
        pointers = [None if features is None else features._handle.pointer for features in self._features.values()]
        options = make('lfm_scorer_options', threads=self.threads)
        handle = create('scorer', lib.lfm_scorer_create, self._fitted().pointer, *pointers, ctypes.byref(options))
        return Scorer(handle, self._ids['user'], self._ids['item'], self._features['user'], self._features['item'],
                      None if self._seen is None else self._seen.interactions())

    def predict(self, users: Any, items: Any) -> Any:
        """As Scorer.predict."""
        return self.scorer().predict(users, items)

    def recommend(self, users: Any = None, k: int = 10, **options: Any) -> Tuple[Any, Any]:
        """As Scorer.recommend."""
        return self.scorer().recommend(users, k, **options)

    def similar(self, to: Any, k: int = 10, **options: Any) -> Tuple[Any, Any]:
        """As Scorer.similar."""
        return self.scorer().similar(to, k, **options)

    def explain(self, user: Any, item: Any, k: int = 10) -> Explanation:
        """As Scorer.explain."""
        return self.scorer().explain(user, item, k)

    def evaluate(self, test: Any, *args: Any, **options: Any) -> Dict[str, Result]:
        """As Scorer.evaluate."""
        return self.scorer().evaluate(test, *args, **options)

    def score(self, interactions: Any, y: Any = None) -> float:
        """NDCG@10 on interactions, for scikit-learn's searches. What was trained on is left out, except where
        it is to be found again."""
        scorer, given = self.scorer(), Interactions.of(interactions)
        trained = scorer.n_users if scorer.seen is None else scorer.seen.n_users  # there may be rows for others, too
        if given.user_ids is None and given.n_users not in (trained, scorer.n_users):
            raise ValueError(f'interactions: there are {given.n_users} users, the model was trained on {trained}: '
                             'row by row they must be the same. Folds of scikit-learn are rows, so other users: give '
                             'cv=[(rows, rows)], and a scoring function that evaluates on held-out interactions')
        return scorer.evaluate(given, 'ndcg@10', check_overlap=False)['ndcg@10'].mean

    # files

    def save(self, path: Any) -> None:
        """Write a checkpoint: parameters, optimiser state, options, features, ids and what each user has seen."""
        _files.save_model(self, path)

    @classmethod
    def load(cls, path: Any) -> 'Model':
        """Read a checkpoint: a model that answers, and goes on training where the saved one stood."""
        return _files.load_model(cls, path)

    def __getstate__(self) -> Dict[str, Any]:
        state = {name: value for name, value in self.__dict__.items()
                 if name not in ('_handle', '_scorer', '_call', '_lock')}
        state['_bytes'] = None if self._handle is None else _files.model_bytes(self._handle)
        return state

    def __setstate__(self, state: Dict[str, Any]) -> None:
        data = state.pop('_bytes')
        self.__dict__.update(state)
        self._scorer = None
        self._handle = None if data is None else _files.model_of_bytes(data)
        if isinstance(self._seen, Interactions):  # of an earlier version
            self._seen = Seen(self._seen)
        self._begin()


# All that there are, for whose sake a forked child makes new locks: a thread that held one is not there.
_models: 'weakref.WeakValueDictionary[int, Model]' = weakref.WeakValueDictionary()


def _after_fork() -> None:
    for model in list(_models.values()):
        model._lock = threading.RLock()
        if model._call is not None and threading.get_ident() not in model._call.askers:
            model._call = None


if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=_after_fork)


def _when_free(call: Callable[[], Any]) -> Any:
    """A call that wants the library's model for itself: what others have begun to read of it is over soon."""
    end = time.monotonic() + 10
    while True:
        try:
            return call()
        except BusyError:
            if time.monotonic() > end:
                raise
            time.sleep(0.001)


_SIDES = {'user': _abi.LFM_USER, 'item': _abi.LFM_ITEM}


def evaluate(model: Any, test: Any, metrics: Any = ('precision@10', 'recall@10', 'auc', 'mrr'),
             **options: Any) -> Dict[str, Result]:
    """Measure a Model or a Scorer on held-out interactions.

    metrics: names as 'precision@10', 'recall@10', 'hit@10', 'ndcg@10', 'map@10', 'auc', 'mrr', 'coverage@10',
    'popularity@10', 'similarity@10'. options: exclude (interactions that are no candidates, by default those
    of training), keep_empty (users without positives count as 0), check_overlap, bootstrap (resamples for an
    interval of `confidence`), threads.
    Returns a Result (mean, n_users, standard_error, low, high) for each name.
    """
    return scorer_of(model).evaluate(test, metrics, **options)


def scorer_of(model: Any) -> Scorer:
    """The scorer of a Model, or the Scorer itself."""
    if isinstance(model, Scorer):
        return model
    scorer: Scorer = instance('model', model, Model, 'an lfm.Model or a Scorer').scorer()
    return scorer
