"""What lfm.tune may search: entries of a space checked, drawn by Optuna, and as scikit-optimize's dimensions."""
from __future__ import annotations

import importlib
import inspect
from typing import Any, Dict, Mapping, Tuple

from ._checks import number, whole
from ._model import Model, check_parameter

_DEFAULTS = {**{name: parameter.default for name, parameter in inspect.signature(Model.__init__).parameters.items()
                if name != 'self'}, 'alpha': 0.0, 'user_scale': 1.0}
_NATIVE = {'optuna': "Optuna's distributions", 'skopt': "scikit-optimize's dimensions"}


def needed(module: str) -> Any:
    """An optional module."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = 'scikit-optimize' if module == 'skopt' else module
        raise ImportError(f"this search needs {package}: pip install {package}, or 'liblfm[tune]'") from error


def checked(space: Any, module: str) -> Dict[str, Any]:
    """A space as a dict of its own; ValueError or TypeError that names the entry that cannot be."""
    if not isinstance(space, Mapping):
        raise TypeError(f'space is {space!r}: it must be a dict of parameters and what to try for each')
    if not space:
        raise ValueError('space is empty: there is nothing to search')
    for name, entry in space.items():
        if name not in _DEFAULTS:
            raise ValueError(f'there is no parameter {name!r} to search: choose from {", ".join(_DEFAULTS)}')
        if name == 'epochs' and module == 'optuna':
            raise ValueError('epochs is not searched here, but read off the learning curve of each trial: the model '
                             'that is given says how many a trial may train at most, model=lfm.Model(epochs=100)')
        for value in _extremes(name, entry, module):
            _check_value(name, entry, value)
    if 'user_scale' in space and 'alpha' not in space:
        raise ValueError('user_scale is a factor of alpha, which is not searched')
    if 'alpha' in space and ('user_alpha' in space or 'item_alpha' in space):
        raise ValueError('alpha stands for item_alpha and user_alpha: search it or them')
    return dict(space)


def _extremes(name: str, entry: Any, module: str) -> Any:
    """The choices, or both ends of the range."""
    if isinstance(entry, tuple):
        if isinstance(_DEFAULTS[name], (str, bool)):
            raise ValueError(f'{name} has no range: give a list of choices')
        if len(entry) not in (2, 3) or entry[2:] not in ((), ('log',)):
            raise ValueError(f"the range of {name} is {entry!r}: it must be (low, high) or (low, high, 'log')")
        low, high, log = _range(name, entry)
        if not low < high:
            raise ValueError(f'the range of {name} is {entry!r}: it must go from a smaller number to a larger one')
        if log and low <= 0:
            raise ValueError(f'the range of {name} is {entry!r}: on a log scale it must begin above 0')
        return low, high
    if isinstance(entry, list):
        if not entry:
            raise ValueError(f'there are no choices for {name}')
        return entry
    kinds = _kinds(needed(module))
    if not isinstance(entry, kinds):
        raise ValueError(f'{name} is {entry!r}: that is no range, no list of choices and none of {_NATIVE[module]}')
    if isinstance(entry, kinds[0]):
        return entry.choices if module == 'optuna' else entry.categories
    if isinstance(entry, kinds[2]) and _whole(name):
        raise ValueError(f'{name} is {entry!r}: it must be of whole numbers, a {kinds[1].__name__}')
    return entry.low, entry.high


def _kinds(module: Any) -> Tuple[Any, Any, Any]:
    """The classes of choices, of whole numbers and of real ones."""
    if module.__name__ == 'skopt':
        return module.space.Categorical, module.space.Integer, module.space.Real
    some = module.distributions
    return some.CategoricalDistribution, some.IntDistribution, some.FloatDistribution


def _check_value(name: str, entry: Any, value: Any) -> None:
    try:
        if name == 'user_scale':
            if number(name, value) < 0:
                raise ValueError('it must be 0 or more')
        elif name == 'epochs':
            whole(name, value, 1)
        check_parameter({'alpha': 'item_alpha', 'user_scale': 'user_alpha'}.get(name, name), value)
    except (TypeError, ValueError) as error:
        raise type(error)(f'{name} is to be searched in {entry!r}: {error}') from None


def _whole(name: str) -> bool:
    return isinstance(_DEFAULTS[name], int)


def _range(name: str, entry: Tuple[Any, ...]) -> Tuple[Any, Any, bool]:
    ends = [(whole if _whole(name) else number)(f'an end of the range of {name}', end) for end in entry[:2]]
    return ends[0], ends[1], len(entry) == 3


def suggest(trial: Any, name: str, entry: Any) -> Any:
    """What an Optuna trial chooses for an entry of the space."""
    if isinstance(entry, list):
        return trial.suggest_categorical(name, entry)
    if isinstance(entry, tuple):
        low, high, log = _range(name, entry)
        return (trial.suggest_int if _whole(name) else trial.suggest_float)(name, low, high, log=log)
    if hasattr(entry, 'choices'):
        return trial.suggest_categorical(name, entry.choices)
    draw = trial.suggest_int if isinstance(entry, _kinds(needed('optuna'))[1]) else trial.suggest_float
    return draw(name, entry.low, entry.high, step=entry.step, log=entry.log)


def dimension(name: str, entry: Any) -> Any:
    """An entry of the space as scikit-optimize wants it."""
    categorical, integer, real = _kinds(needed('skopt'))
    if isinstance(entry, list):
        return categorical(entry, name=name)
    if isinstance(entry, tuple):
        low, high, log = _range(name, entry)
        return (integer if _whole(name) else real)(low, high, prior='log-uniform' if log else 'uniform', name=name)
    return entry
