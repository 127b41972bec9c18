"""Arguments looked at before anything is done: what cannot be is a TypeError or ValueError that names the argument."""
from __future__ import annotations

import math
import operator
from typing import Any, Iterable

import numpy as np


def number(name: str, value: Any, what: str = 'a finite number') -> float:
    """A finite number."""
    try:
        if isinstance(value, (str, bytes)) or np.iscomplexobj(value):
            raise TypeError
        found = float(value)
    except OverflowError:
        found = math.inf
    except (TypeError, ValueError):
        raise TypeError(f'{name} is {value!r}: it must be {what}') from None
    if not math.isfinite(found):
        raise ValueError(f'{name} is {value!r}: it must be {what}')
    return found


def whole(name: str, value: Any, least: float = -math.inf, most: float = math.inf) -> int:
    """A whole number in [least, most]; 3.0 is one."""
    try:
        found = operator.index(value)
    except TypeError:
        real = number(name, value, 'a whole number')
        found = int(real)
        if found != real:
            raise ValueError(f'{name} is {value!r}: it must be a whole number') from None
    if not least <= found <= most:
        bounds = f'{least} or more' if most == math.inf else f'from {least} to {most}'
        raise ValueError(f'{name} is {value!r}: it must be {bounds}')
    return found


def switch(name: str, value: Any) -> bool:
    """True or False."""
    return bool(whole(name, value, 0, 1))


def choice(name: str, value: Any, choices: Iterable[str]) -> str:
    """One of some names."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f'{name} is {value!r}: choose {", ".join(choices)}')
    return value


def instance(name: str, value: Any, kind: Any, what: str) -> Any:
    """An object of a class."""
    if isinstance(value, type) and issubclass(value, kind):
        raise TypeError(f'{name} is the class {value.__name__}: give an object of it')
    if not isinstance(value, kind):
        raise TypeError(f'{name} is {value!r}: it must be {what}')
    return value


def numbers(name: str, array: Any) -> Any:
    """An array or sparse matrix of real numbers, as it is."""
    if array.dtype.kind not in 'biuf':
        raise TypeError(f'{name}: real numbers are needed, these are of type {array.dtype}')
    return array


def floats(name: str, array: Any) -> Any:
    """A packed array of float32."""
    return np.ascontiguousarray(numbers(name, np.asarray(array)), dtype=np.float32)
