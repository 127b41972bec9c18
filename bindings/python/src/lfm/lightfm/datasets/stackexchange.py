"""Who answered which question on the sites of StackExchange."""
from __future__ import annotations

import os
from typing import Any, Dict

import numpy as np
import scipy.sparse as sp

from . import _common

__all__ = ['fetch_stackexchange']

URL = 'https://github.com/maciejkula/lightfm_datasets/releases/download/v0.1.0/stackexchange_{}.npz'


def fetch_stackexchange(dataset: str, test_set_fraction: float = 0.2, min_training_interactions: int = 1,
                        data_home: Any = None, indicator_features: bool = True, tag_features: bool = False,
                        download_if_missing: bool = True) -> Dict[str, Any]:
    """Fetch a site's answers: users are rows, questions are items.

    Parameters
    ----------
    dataset: 'crossvalidated' or 'stackoverflow'
    test_set_fraction: float
        The latest answers, this share of them, are the test set.
    min_training_interactions: int
        Users with no more answers than this in the training set are left out; 0 keeps all.
    data_home: path, optional
        Where data sets are kept; ~/lightfm_data when none is given. The file is stackexchange/<dataset>/data.npz.
    indicator_features, tag_features: bool
        Which item features to return: one for each question, tags, or both side by side.
    download_if_missing: bool
        Fetch the file when it is missing; else that is an IOError.

    Returns
    -------
    dict with train and test (float32 COO matrices of ones), item_features (float32 CSR matrix) and
    item_feature_labels (array of text).
    """
    if not (indicator_features or tag_features):
        raise ValueError('at least one of indicator_features and tag_features must be True')
    if dataset not in ('crossvalidated', 'stackoverflow'):
        raise ValueError(f'there is no data set {dataset!r}: choose crossvalidated or stackoverflow')
    if not 0.0 < test_set_fraction < 1.0:
        raise ValueError(f'test_set_fraction is {test_set_fraction}, must be between 0 and 1')
    path = _common.get_data(data_home, URL.format(dataset), os.path.join('stackexchange', dataset), 'data.npz',
                            download_if_missing)
    with np.load(path) as file:
        data = {name: file[name] for name in file.files}

    answers = _matrix(data, 'interactions')
    answers.sum_duplicates()
    cut = np.sort(answers.data)[int(len(answers.data) * (1.0 - test_set_fraction))]
    train, test = (sp.coo_matrix((np.ones(int(part.sum()), dtype=np.float32), (answers.row[part], answers.col[part])),
                                 shape=answers.shape) for part in (answers.data < cut, answers.data >= cut))
    if min_training_interactions > 0:
        kept = np.bincount(train.row, minlength=train.shape[0]) > min_training_interactions
        train, test = train.tocsr()[kept].tocoo(), test.tocsr()[kept].tocoo()

    parts = []
    if indicator_features:
        n_items = train.shape[1]
        parts.append((sp.identity(n_items, format='csr', dtype=np.float32),
                      np.array([f'question_id:{number}' for number in range(n_items)])))
    if tag_features:
        parts.append((_matrix(data, 'features').tocsr(), data['labels']))
    features = parts[0][0] if len(parts) == 1 else sp.hstack([part[0] for part in parts]).tocsr()
    return {'train': train, 'test': test, 'item_features': features,
            'item_feature_labels': parts[0][1] if len(parts) == 1 else np.concatenate([part[1] for part in parts])}


def _matrix(data: Dict[str, Any], name: str) -> Any:
    return sp.coo_matrix((data[f'{name}_data'], (data[f'{name}_row'], data[f'{name}_col'])),
                         shape=tuple(int(n) for n in data[f'{name}_shape'].flatten()))
