"""Models and scorers to files and back."""
from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING, Any, List, Optional, Type

from . import _abi
from ._data import Features, Interactions
from ._ids import Ids
from ._library import CALLBACKS, Handle, create, lib, make, option_rows
from ._seen import Seen

if TYPE_CHECKING:
    from ._model import Model


def _path(path: Any) -> bytes:
    name = os.fsencode(path)
    if b'\0' in name:
        raise ValueError(f'path is {path!r}: there is a NUL in it')
    return name


def save_model(model: 'Model', path: Any) -> None:
    held: List[Handle] = []  # keeps the ids alive until the call is over
    options = make('lfm_save_options')
    for side in ('user', 'item'):
        features = model._features[side]
        if features is not None:
            setattr(options, f'{side}_features', features._handle.pointer)
    spaces = [('user', model._ids['user'], 0), ('item', model._ids['item'], 0)]
    for number, side in enumerate(('user', 'item')):
        features = model._features[side]
        spaces.append((side, None if features is None else features.names,
                       0 if features is None else features.first_named))
        options.feature_ids_start[number] = spaces[-1][2]
    for place, (_, ids, _) in enumerate(spaces):
        if ids is not None:
            held.append(ids.to_library(f"{spaces[place][0]} {'ids' if place < 2 else 'feature names'}"))
            options.ids[place] = held[-1].pointer
    seen = None if model._seen is None else model._seen.interactions()
    if seen is not None:
        options.seen = seen._handle.pointer
    train = make('lfm_train_options')
    from ._model import _set_options

    _set_options(_abi.LFM_OPTIONS_TRAIN, train, model.get_params())
    options.train = ctypes.addressof(train)
    lib.lfm_model_save(model._fitted().pointer, _path(path), ctypes.byref(options))


def _optional(kind: str, function: Any, *arguments: Any) -> Optional[Handle]:
    handle = create(kind, function, *arguments)
    return handle if handle.pointer else None


def load_model(cls: Type['Model'], path: Any) -> 'Model':
    name = _path(path)
    os.stat(path)  # says in Python's own words that there is none
    file = create('file', lib.lfm_file_open, None, name, None)
    handle = create('model', lib.lfm_file_model, file.pointer)
    model = cls(**_parameters(file, handle))
    model._handle = handle
    for side, number, space in (('user', _abi.LFM_USER, _abi.LFM_SPACE_USER), ('item', _abi.LFM_ITEM, _abi.LFM_SPACE_ITEM)):
        model._ids[side] = Ids.from_library(_optional('ids', lib.lfm_file_ids, file.pointer, space))
        features = _optional('features', lib.lfm_file_features, file.pointer, number)
        if features is not None:
            names = Ids.from_library(_optional('ids', lib.lfm_file_ids, file.pointer, space + 2))
            model._features[side] = _features(features, names, lib.lfm_file_ids_start(file.pointer, space + 2))
    seen = _optional('interactions', lib.lfm_file_seen, file.pointer)
    if seen is not None:
        users, items = model._ids['user'], model._ids['item']
        n_users, n_items = lib.lfm_interactions_n_users(seen.pointer), lib.lfm_interactions_n_items(seen.pointer)
        model._seen = Seen(Interactions._made(seen, users if users is not None and len(users) == n_users else None,
                                              items if items is not None and len(items) == n_items else None))
    return model


def _features(handle: Handle, names: Optional[Ids], first: int) -> Features:
    """Features of a file; their matrix is put together again, indicators included."""
    import numpy as np
    import scipy.sparse as sp

    n_rows, n_features = lib.lfm_features_n_rows(handle.pointer), lib.lfm_features_n_features(handle.pointer)
    rows, offsets, weights = [], [0], []
    columns_at, values_at = ctypes.c_void_p(), ctypes.c_void_p()
    for row in range(n_rows):
        n = lib.lfm_features_row(handle.pointer, row, ctypes.byref(columns_at), ctypes.byref(values_at))
        offsets.append(offsets[-1] + n)
        if n:
            rows.append(np.array((ctypes.c_int32 * n).from_address(columns_at.value or 0)))
            weights.append(np.array((ctypes.c_float * n).from_address(values_at.value)) if values_at.value
                           else np.ones(n, dtype=np.float32))
    empty = np.empty(0, dtype=np.float32)
    matrix = sp.csr_matrix((np.concatenate(weights or [empty]), np.concatenate(rows or [empty.astype(np.int32)]),
                            np.array(offsets)), shape=(n_rows, n_features))
    made = Features(matrix)
    made.names, made._first = names, first
    return made


def _parameters(file: Handle, model: Handle) -> Any:
    """The parameters of a model by the names that the library gives them."""
    found = {}
    own, train = make('lfm_model_options'), make('lfm_train_options')
    lib.lfm_model_get_options(model.pointer, ctypes.byref(own))
    lib.lfm_file_train_options(file.pointer, ctypes.byref(train))
    for group, options in ((_abi.LFM_OPTIONS_MODEL, own), (_abi.LFM_OPTIONS_TRAIN, train)):
        for name, _, choices, _, kind in option_rows(group):
            value = getattr(options, name)
            if choices is not None:
                value = choices.split('|')[value]
            elif kind == _abi.LFM_OPTION_SWITCH:
                value = bool(value)
            found[name] = value
    found.pop('draw_seed', None)
    return found


def model_bytes(model: Handle) -> bytes:
    """A checkpoint of the parameters alone, in memory."""
    blocks: List[bytes] = []

    def write(data: int, size: int, _: int) -> int:
        blocks.append(ctypes.string_at(data, size))
        return 0
    hook = CALLBACKS['lfm_write_fn'](write)
    lib.lfm_model_write(model.pointer, ctypes.cast(hook, ctypes.c_void_p), None, None)
    return b''.join(blocks)


def model_of_bytes(data: bytes) -> Handle:
    options = make('lfm_file_options', copy=1)
    file = create('file', lib.lfm_file_from_memory, None, data, len(data), None, None, ctypes.byref(options))
    return create('model', lib.lfm_file_model, file.pointer)
