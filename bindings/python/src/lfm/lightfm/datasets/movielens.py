"""MovieLens 100k."""
from __future__ import annotations

import os
import zipfile
from typing import Any, Dict, List, Tuple

import numpy as np
import scipy.sparse as sp

from . import _common

__all__ = ['fetch_movielens']

URL = 'https://github.com/maciejkula/lightfm_datasets/releases/download/v0.1.0/movielens.zip'


def fetch_movielens(data_home: Any = None, indicator_features: bool = True, genre_features: bool = False,
                    min_rating: float = 0.0, download_if_missing: bool = True) -> Dict[str, Any]:
    """Fetch MovieLens 100k: ratings of 1,682 films by 943 users, split in train and test.

    Parameters
    ----------
    data_home: path, optional
        Where data sets are kept; ~/lightfm_data when none is given. The file is movielens100k/movielens.zip.
    indicator_features, genre_features: bool
        Which item features to return: one for each film, genres, or both side by side.
    min_rating: float
        Ratings below are left out.
    download_if_missing: bool
        Fetch the file when it is missing; else that is an IOError.

    Returns
    -------
    dict with train and test (int32 COO matrices of ratings), item_features (float32 CSR matrix),
    item_feature_labels and item_labels (arrays of text; item labels are titles).
    """
    if not (indicator_features or genre_features):
        raise ValueError('at least one of indicator_features and genre_features must be True')
    path = _common.get_data(data_home, URL, 'movielens100k', 'movielens.zip', download_if_missing)
    try:
        with zipfile.ZipFile(path) as archive:
            base, test, films, genres = (archive.read(f'ml-100k/{name}').decode('latin-1').splitlines()
                                         for name in ('ua.base', 'ua.test', 'u.item', 'u.genre'))
    except zipfile.BadZipFile:
        os.unlink(path)  # the next call fetches it anew
        raise ValueError(f'{path} was damaged and has been removed; please try again') from None

    ratings = [_ratings(lines) for lines in (base, test)]
    shape = tuple(int(max(table[:, column].max() for table in ratings if len(table))) for column in (0, 1))
    titles, by_genre, names = _films(films, genres, shape[1])
    parts = []
    if indicator_features:
        parts.append((sp.identity(shape[1], format='csr', dtype=np.float32), titles))
    if genre_features:
        parts.append((by_genre, names))
    features = parts[0][0] if len(parts) == 1 else sp.hstack([part[0] for part in parts]).tocsr()
    return {
        'train': _matrix(ratings[0], shape, min_rating),
        'test': _matrix(ratings[1], shape, min_rating),
        'item_features': features,
        # Of one kind of features, these are its labels themselves: with indicators alone, item_labels.
        'item_feature_labels': parts[0][1] if len(parts) == 1 else np.concatenate([part[1] for part in parts]),
        'item_labels': titles,
    }


def _ratings(lines: List[str]) -> Any:
    """Users, items (from 1), ratings and times."""
    return np.array([[int(field) for field in line.split('\t')] for line in lines if line],
                    dtype=np.int64).reshape(-1, 4)


def _matrix(ratings: Any, shape: Tuple[int, ...], min_rating: float) -> Any:
    kept = ratings[(ratings[:, 2] >= min_rating) & (ratings[:, 2] != 0)]
    kept = kept[np.lexsort((kept[:, 1], kept[:, 0]))]
    rows, columns = (kept[:, 0] - 1).astype(np.int32), (kept[:, 1] - 1).astype(np.int32)
    return sp.coo_matrix((kept[:, 2].astype(np.int32), (rows, columns)), shape=shape, dtype=np.int32)


def _films(lines: List[str], genre_lines: List[str], n_items: int) -> Tuple[Any, Any, Any]:
    """Titles, a matrix of genres, the genres' names."""
    names = np.array([f"genre:{line.split('|')[0]}" for line in genre_lines if line])
    titles = [''] * n_items
    by_genre = sp.lil_matrix((n_items, len(names)), dtype=np.float32)
    for line in filter(None, lines):
        fields = line.split('|')
        item = int(fields[0]) - 1
        titles[item] = fields[1]
        for genre, flag in enumerate(fields[5:]):
            if int(flag) > 0:
                by_genre[item, genre] = 1.0
    return np.array(titles), by_genre.tocsr(), names
