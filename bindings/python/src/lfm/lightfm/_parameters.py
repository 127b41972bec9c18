"""The parameters of a model: what the library trains, and the twelve arrays that they are in Python from when somebody
looks at them."""
from __future__ import annotations

import ctypes
import operator
import threading
from typing import Any, Dict, Iterator, Optional, Tuple

import numpy as np

from .. import _abi
from .._errors import DivergedError
from .._library import Handle, create, lib, make
from .._matrices import address, features_from_csr, interactions_from_coo, is_identity
from .._running import new_cancel, run_interruptibly
from .._scorer import LOSSES

SCHEDULES = ('adagrad', 'adadelta')

# attribute, side, the library's array, whether it is a matrix, whether only Adadelta has it
ARRAYS: Tuple[Tuple[str, int, int, bool, bool], ...] = tuple(
    (f'{name}_{array}', side, number, matrix, momentum)
    for name, side in (('item', _abi.LFM_ITEM), ('user', _abi.LFM_USER))
    for array, number, matrix, momentum in (
        ('embeddings', _abi.LFM_EMBEDDINGS, True, False),
        ('embedding_gradients', _abi.LFM_EMBEDDING_GRADIENTS, True, False),
        ('embedding_momentum', _abi.LFM_EMBEDDING_MOMENTUM, True, True),
        ('biases', _abi.LFM_BIASES, False, False),
        ('bias_gradients', _abi.LFM_BIAS_GRADIENTS, False, False),
        ('bias_momentum', _abi.LFM_BIAS_MOMENTUM, False, True)))

# Training shorter than this many numbers touched is over before anyone can press Ctrl-C.
_SHORT = 4_000_000


def checked_array(model: Any, name: str, ndim: int) -> Any:
    """An array of the model as it may be read: float32 with one or two dimensions."""
    array = getattr(model, name)
    if not isinstance(array, np.ndarray) or array.dtype != np.float32 or array.ndim != ndim:
        kind = f'{array.ndim}-dimensional {array.dtype}' if isinstance(array, np.ndarray) else type(array).__name__
        raise ValueError(f'{name} must be a {ndim}-dimensional float32 array, not {kind}')
    return array


def check_choices(model: Any) -> None:
    """Refuse a loss or a schedule that was set later and does not exist."""
    for name, choices in (('loss', tuple(LOSSES)), ('learning_schedule', SCHEDULES)):
        if getattr(model, name) not in choices:
            raise ValueError(f'{name} is {getattr(model, name)!r}, must be one of {", ".join(choices)}')


def components(model: Any) -> int:
    """no_components, which may have been set to anything."""
    d = operator.index(model.no_components)
    if d < 1:
        raise ValueError(f'no_components is {d}, must be 1 or more')
    return d


def _number(model: Any, name: str) -> float:
    number = getattr(model, name)
    if isinstance(number, str):
        raise TypeError(f'{name} must be a number, not the string {number!r}')
    return float(number)


def _count(model: Any, name: str, most: int) -> int:
    """A parameter that is a whole number of 1 or more; above `most` it counts as that."""
    number = min(_number(model, name), most)
    if not number >= 1:
        raise ValueError(f'{name} is {getattr(model, name)}, must be 1 or more')
    return int(number)


def pair_of(model: Any, side: str) -> Tuple[Any, Any]:
    """(embeddings, biases) of a side, packed and of no_components columns."""
    vectors = checked_array(model, f'{side}_embeddings', 2)
    biases = checked_array(model, f'{side}_biases', 1)
    if len(biases) != len(vectors):
        raise ValueError(f'{side}_biases has {len(biases)} entries, {side}_embeddings {len(vectors)} rows')
    d = components(model)
    if d > vectors.shape[1]:
        raise ValueError(f'no_components is {d}, {side}_embeddings has {vectors.shape[1]} columns: fit again')
    if d < vectors.shape[1]:
        vectors = vectors[:, :d]
    return np.ascontiguousarray(vectors), np.ascontiguousarray(biases)


class Parameters:
    """A model of the library's."""

    def __init__(self, n_users: int, n_items: int, d: int, schedule: str, seed: int = 1) -> None:
        self.d, self.schedule = d, schedule
        self.lock = threading.RLock()  # held while an epoch is trained, so that nobody reads meanwhile
        options = make('lfm_model_options', components=d, seed=seed, optimiser={
            'adagrad': _abi.LFM_OPTIMISER_ADAGRAD, 'adadelta': _abi.LFM_OPTIMISER_ADADELTA}[schedule])
        self.model = create('model', lib.lfm_model_create, None, n_users, n_items, ctypes.byref(options))

    def n_features(self, side: int) -> int:
        return int(lib.lfm_model_n_features(self.model.pointer, side))

    def new_arrays(self) -> Iterator[Tuple[str, Any]]:
        """(name, array) of all twelve, as the parameters are now."""
        for name, side, number, matrix, momentum in ARRAYS:
            rows = self.n_features(side)
            shape = (rows, self.d) if matrix else (rows,)
            if momentum and self.schedule != 'adadelta':
                yield name, np.zeros(shape, dtype=np.float32)
                continue
            array = np.empty(shape, dtype=np.float32)
            lib.lfm_model_get(self.model.pointer, side, number, address(array), array.size)
            yield name, array

    def read(self, owner: Any) -> None:
        """Take the parameters from the arrays of a LightFM."""
        for name, side, number, array in self._arrays_of(owner):
            packed = np.ascontiguousarray(array)
            try:
                lib.lfm_model_set(self.model.pointer, side, number, address(packed), packed.size)
            except ValueError as error:
                raise ValueError(f'{name}: {error}') from None

    def write(self, owner: Any) -> None:
        """Bring the parameters into the arrays of a LightFM, where these lie."""
        for _, side, number, array in self._arrays_of(owner):
            packed = array if array.flags.c_contiguous else np.empty(array.shape, dtype=np.float32)
            lib.lfm_model_get(self.model.pointer, side, number, address(packed), packed.size)
            if packed is not array:
                array[...] = packed

    def _arrays_of(self, owner: Any) -> Iterator[Tuple[str, int, int, Any]]:
        """The arrays that the optimiser has, each as large as the library wants it."""
        for name, side, number, matrix, momentum in ARRAYS:
            if momentum and self.schedule != 'adadelta':
                continue
            array = checked_array(owner, name, 2 if matrix else 1)
            rows = self.n_features(side)
            if len(array) != rows or (matrix and array.shape[1] < self.d):
                wanted = f'({rows}, {self.d})' if matrix else f'({rows},)'
                raise ValueError(f'{name} has the shape {array.shape}, the other arrays ask for {wanted}')
            if not array.flags.writeable:
                raise ValueError(f'{name} is read-only: training could not write to it')
            yield name, side, number, array[:, :self.d] if matrix else array


class ArrayAttribute:
    """One of the arrays: an entry of the object's __dict__ like any other attribute, but after a fit only from when it
    is first read. So training goes on without copying as long as nobody looks."""

    def __set_name__(self, owner: Any, name: str) -> None:
        self._name = name

    def __get__(self, owner: Any, kind: Any = None) -> Any:
        """Called where __dict__ has no such entry."""
        if owner is not None:
            bring_arrays(owner)
            if self._name in owner.__dict__:
                return owner.__dict__[self._name]
        raise AttributeError(f'{getattr(kind, "__name__", "LightFM")} has no attribute {self._name!r} here')


def bring_arrays(owner: Any) -> None:
    """Make the arrays that are not there yet; from now on they are the parameters."""
    held: Optional[Parameters] = owner._held
    if held is None:
        return
    with held.lock:
        if owner._held is held:
            for name, array in held.new_arrays():
                owner.__dict__.setdefault(name, array)
            owner._held = None


def whole_parameters(owner: Any) -> Optional[Parameters]:
    """The library's model where it is all there is: no array has been looked at or assigned since the fit, and it is of
    the kind that is asked for now."""
    held: Optional[Parameters] = owner._held
    if held is None or (held.d, held.schedule) != (components(owner), owner.learning_schedule) or \
            any(name in owner.__dict__ for name, *_ in ARRAYS):
        return None
    return held


def is_missing(owner: Any, name: str) -> bool:
    """Whether an array is None, as all are before the first fit."""
    if owner._held is not None and name not in owner.__dict__:
        return False
    return getattr(owner, name) is None


def known_features(owner: Any, side: str) -> int:
    """How many features of a side have embeddings."""
    held: Optional[Parameters] = owner._held
    if held is not None and f'{side}_embeddings' not in owner.__dict__:
        return held.n_features(_abi.LFM_USER if side == 'user' else _abi.LFM_ITEM)
    return len(checked_array(owner, f'{side}_embeddings', 2))


class Training:
    """A stretch of training: a model's parameters, and what they are trained on."""

    def __init__(self, model: Any, interactions: Any, weights: Optional[Any], user_features: Optional[Any],
                 item_features: Optional[Any], threads: int) -> None:
        self._owner = model
        self._cancel = new_cancel()
        self._threads = threads
        d = components(model)
        data = interactions.data
        if np.all(data == 1):
            data = None
        self._interactions = interactions_from_coo(
            interactions.shape, interactions.row, interactions.col, data, weights)
        self._user_features = _features(user_features, interactions.shape[0])
        self._item_features = _features(item_features, interactions.shape[1])
        self._work = len(interactions.row) * d
        held = whole_parameters(model)
        if held is None:
            held = Parameters(known_features(model, 'user'), known_features(model, 'item'), d, model.learning_schedule)
            held.read(model)
        self._parameters = held

    def finish(self) -> None:
        """Bring what was trained into the model's arrays, where it has any."""
        with self._parameters.lock:
            if self._owner._held is not self._parameters:
                self._parameters.write(self._owner)

    def run_epoch(self, seed: int) -> None:
        """One epoch with the parameters that the model has now."""
        m = self._owner
        if m.loss in ('warp', 'warp-kos') and m.max_sampled < 1:
            return  # nobody is drawn, nobody violates: an epoch without a step
        options = make('lfm_train_options', epochs=1, regularisation=_abi.LFM_REGULARISATION_LIGHTFM,
                       threads=self._threads, draw_seed=seed, cancel=self._cancel.pointer, **_options(m))

        def call() -> None:
            with self._parameters.lock:
                lib.lfm_model_fit_partial(
                    self._parameters.model.pointer, self._interactions.pointer,
                    self._user_features.pointer if self._user_features else None,
                    self._item_features.pointer if self._item_features else None, ctypes.byref(options))

        try:
            if self._work < _SHORT and self._user_features is None and self._item_features is None:
                call()
            else:
                run_interruptibly(call, self._cancel)
        except DivergedError as error:
            error.args = (f'Not all estimated parameters are finite, your model may have diverged: {error}',)
            raise


def _options(m: Any) -> Dict[str, Any]:
    """The library's options for those parameters that play a part."""
    options: Dict[str, Any] = {'loss': LOSSES[m.loss]}
    for name in ('user_alpha', 'item_alpha', 'learning_rate', 'rho', 'epsilon'):
        options[name] = _number(m, name)
    if m.learning_schedule == 'adadelta':
        del options['learning_rate']
        if 0 <= options['epsilon'] < 1e-30:
            options['epsilon'] = 1e-30
    else:
        del options['rho'], options['epsilon']
    if m.loss in ('warp', 'warp-kos'):
        options['max_sampled'] = _count(m, 'max_sampled', 1000000)
    if m.loss == 'warp-kos':
        options.update(kos_k=_count(m, 'k', 1000), kos_n=_count(m, 'n', 1000), kos_known=1)
    return options


def _features(matrix: Optional[Any], n_rows: int) -> Optional[Handle]:
    """Features for the library; None stands for the identity, which it knows without a matrix."""
    if matrix is None or (matrix.shape[0] == n_rows and is_identity(matrix)):
        return None
    return features_from_csr(matrix)
