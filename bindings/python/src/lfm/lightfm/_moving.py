"""Models that LightFM itself trained."""
from __future__ import annotations

import pickle
from typing import Any, Optional

import numpy as np

from .lightfm import LightFM


class _Unpickler(pickle.Unpickler):
    """Finds this class where a pickle names LightFM's."""

    def find_class(self, module: str, name: str) -> Any:
        if name == 'LightFM' and module in ('lightfm', 'lightfm.lightfm'):
            return LightFM
        return super().find_class(module, name)


def from_pickle(source: Any) -> LightFM:
    """Read a model that was pickled by LightFM, which need not be installed.

    source: a path or an open binary file. As any pickle it may run code: read only files you trust.
    """
    if hasattr(source, 'read'):
        model = _Unpickler(source).load()
    else:
        with open(source, 'rb') as file:
            model = _Unpickler(file).load()
    if not isinstance(model, LightFM):
        raise ValueError(f'the pickle holds a {type(model).__name__}, not a LightFM model')
    return model


def from_arrays(item_embeddings: Any, item_biases: Any, user_embeddings: Any, user_biases: Any,
                item_embedding_gradients: Optional[Any] = None, item_bias_gradients: Optional[Any] = None,
                user_embedding_gradients: Optional[Any] = None, user_bias_gradients: Optional[Any] = None,
                item_embedding_momentum: Optional[Any] = None, item_bias_momentum: Optional[Any] = None,
                user_embedding_momentum: Optional[Any] = None, user_bias_momentum: Optional[Any] = None,
                **params: Any) -> LightFM:
    """Make a model from the arrays of another, which are copied.

    Gradients and momentum that are not given are those of a fresh model. params: as for LightFM;
    no_components follows from the arrays.
    """
    given = {'item_embeddings': item_embeddings, 'item_biases': item_biases, 'user_embeddings': user_embeddings,
             'user_biases': user_biases, 'item_embedding_gradients': item_embedding_gradients,
             'item_bias_gradients': item_bias_gradients, 'user_embedding_gradients': user_embedding_gradients,
             'user_bias_gradients': user_bias_gradients, 'item_embedding_momentum': item_embedding_momentum,
             'item_bias_momentum': item_bias_momentum, 'user_embedding_momentum': user_embedding_momentum,
             'user_bias_momentum': user_bias_momentum}
    for name in ('item_embeddings', 'user_embeddings'):
        if np.ndim(given[name]) != 2:
            raise ValueError(f'{name} must be a matrix, a row for each feature, not of shape {np.shape(given[name])}')
    model = LightFM(no_components=np.shape(item_embeddings)[1], **params)
    fresh = {name: 1.0 if name.endswith('gradients') and model.learning_schedule == 'adagrad' else 0.0
             for name in given}
    for name, array in given.items():
        side, _, kind = name.partition('_')
        shape = np.shape(given[f'{side}_embeddings' if kind.startswith('embedding') else f'{side}_biases'])
        copied = np.full(shape, fresh[name], dtype=np.float32) if array is None else \
            np.array(array, dtype=np.float32, order='C')
        wanted = (len(np.asarray(given[f'{side}_embeddings'])),) + \
            ((model.no_components,) if kind.startswith('embedding') else ())
        if copied.shape != wanted:
            raise ValueError(f'{name} has the shape {copied.shape}, the embeddings ask for {wanted}')
        setattr(model, name, copied)
    return model
