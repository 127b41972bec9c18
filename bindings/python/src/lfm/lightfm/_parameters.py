"""The twelve arrays of a model between Python, which owns them, and the library, which trains them."""
from __future__ import annotations

import ctypes
import operator
from typing import Any, Dict, Iterator, List, Optional, Tuple

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


def new_model(n_users: int, n_items: int, d: int, schedule: str, seed: int = 1) -> Handle:
    """A model of the library's for so many features, with initial parameters."""
    optimiser = _abi.LFM_OPTIMISER_ADADELTA if schedule == 'adadelta' else _abi.LFM_OPTIMISER_ADAGRAD
    options = make('lfm_model_options', components=d, optimiser=optimiser, seed=seed)
    return create('model', lib.lfm_model_create, None, n_users, n_items, ctypes.byref(options))


def new_arrays(n_users: int, n_items: int, d: int) -> Iterator[Tuple[str, Any]]:
    """(name, array) of all twelve arrays, 0 until read_arrays fills them; momentum stays so without Adadelta."""
    for name, side, _, matrix, _ in ARRAYS:
        rows = n_items if side == _abi.LFM_ITEM else n_users
        yield name, np.zeros((rows, d) if matrix else (rows,), dtype=np.float32)


def read_arrays(owner: Any, model: Handle, schedule: str) -> None:
    """Copy a library's model into the new arrays of a LightFM."""
    for name, side, number, _, momentum in ARRAYS:
        array = getattr(owner, name)
        if not momentum or schedule == 'adadelta':
            lib.lfm_model_get(model.pointer, side, number, address(array), array.size)


class Training:
    """A stretch of training: the library's model, filled from the arrays, and what it is trained on."""

    def __init__(self, model: Any, interactions: Any, weights: Optional[Any], user_features: Optional[Any],
                 item_features: Optional[Any], threads: int, started: Optional[Handle] = None) -> None:
        """started: a library's model that is as the arrays are."""
        self._owner = model
        self._cancel = new_cancel()
        self._threads = threads
        self._d = components(model)
        self._adadelta = model.learning_schedule == 'adadelta'
        data = interactions.data
        if np.all(data == 1):
            data = None
        self._interactions = interactions_from_coo(
            interactions.shape, interactions.row, interactions.col, data, weights)
        self._user_features = _features(user_features, interactions.shape[0])
        self._item_features = _features(item_features, interactions.shape[1])
        self._work = len(interactions.row) * self._d
        self._model = started or new_model(len(model.user_embeddings), len(model.item_embeddings), self._d,
                                           model.learning_schedule)
        if started is None:
            self._copy_in()

    def _arrays(self) -> List[Tuple[str, int, int, Any]]:
        """The arrays that the optimiser has, each as large as the library wants it."""
        found = []
        for name, side, number, matrix, momentum in ARRAYS:
            if momentum and not self._adadelta:
                continue
            array = checked_array(self._owner, name, 2 if matrix else 1)
            rows = lib.lfm_model_n_features(self._model.pointer, side)
            if len(array) != rows or (matrix and array.shape[1] < self._d):
                wanted = f'({rows}, {self._d})' if matrix else f'({rows},)'
                raise ValueError(f'{name} has the shape {array.shape}, the other arrays ask for {wanted}')
            if not array.flags.writeable:
                raise ValueError(f'{name} is read-only: training could not write to it')
            found.append((name, side, number, array[:, :self._d] if matrix else array))
        return found

    def _copy_in(self) -> None:
        for name, side, number, array in self._arrays():
            packed = np.ascontiguousarray(array)
            try:
                lib.lfm_model_set(self._model.pointer, side, number, address(packed), packed.size)
            except ValueError as error:
                raise ValueError(f'{name}: {error}') from None

    def copy_out(self) -> None:
        """Bring the trained parameters into the model's arrays, where these lie."""
        for _, side, number, array in self._arrays():
            packed = array if array.flags.c_contiguous else np.empty(array.shape, dtype=np.float32)
            lib.lfm_model_get(self._model.pointer, side, number, address(packed), packed.size)
            if packed is not array:
                array[...] = packed

    def run_epoch(self, seed: int) -> None:
        """One epoch with the parameters that the model has now."""
        m = self._owner
        if m.loss in ('warp', 'warp-kos') and m.max_sampled < 1:
            return  # nobody is drawn, nobody violates: an epoch without a step
        options = make('lfm_train_options', epochs=1, regularisation=_abi.LFM_REGULARISATION_LIGHTFM,
                       threads=self._threads, draw_seed=seed, cancel=self._cancel.pointer, **_options(m))

        def call() -> None:
            lib.lfm_model_fit_partial(
                self._model.pointer, self._interactions.pointer,
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
