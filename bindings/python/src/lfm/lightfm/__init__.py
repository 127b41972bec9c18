"""The interface of LightFM 1.17 on top of liblfm.

`from lfm.lightfm import LightFM` in place of `from lightfm import LightFM`, or
`lfm.lightfm.install_as_lightfm()` before anything imports lightfm, and code written for LightFM runs as
it is."""
from __future__ import annotations

import importlib
import sys

from . import _lightfm_fast, cross_validation, data, datasets, evaluation, version
from ._moving import from_arrays, from_pickle
from .lightfm import LightFM
from .version import __version__

__all__ = ['LightFM', 'cross_validation', 'data', 'datasets', 'evaluation', 'from_arrays', 'from_pickle',
           'install_as_lightfm', '__version__']

_MODULES = ('lightfm', 'evaluation', 'cross_validation', 'data', 'datasets', 'datasets.movielens',
            'datasets.stackexchange', 'datasets._common', 'version', '_lightfm_fast')


def install_as_lightfm() -> None:
    """Make `import lightfm`, and the import of any of its modules, find these, whether LightFM itself is
    installed or not. Modules that have imported LightFM already keep what they have."""
    for name in [name for name in sys.modules if name == 'lightfm' or name.startswith('lightfm.')]:
        del sys.modules[name]
    sys.modules['lightfm'] = sys.modules[__name__]
    for name in _MODULES:
        sys.modules[f'lightfm.{name}'] = importlib.import_module(f'{__name__}.{name}')
