"""What the tests share: generated interactions with a structure to learn, and MovieLens 100k where it is."""
import gzip
import os
import pathlib
import signal
import zipfile

import numpy as np
import pytest
import scipy.sparse as sp

from lfm.lightfm.datasets import fetch_movielens

# Shells start what runs in the background with Ctrl-C ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)


def planted(n_users=120, n_items=150, n_groups=5, density=0.16, seed=0):
    """Users like the items of their own group, mostly: (train, test), COO of float32 ones, disjoint."""
    random = np.random.RandomState(seed)
    same = random.randint(n_groups, size=n_users)[:, None] == random.randint(n_groups, size=n_items)[None, :]
    liked = random.rand(n_users, n_items) < density * np.where(same, n_groups * 0.85, 0.15)
    in_test = liked & (random.rand(n_users, n_items) < 0.2)
    return (sp.coo_matrix((liked & ~in_test).astype(np.float32)), sp.coo_matrix(in_test.astype(np.float32)))


@pytest.fixture
def data():
    return planted()


def _table(path):
    with gzip.open(path, 'rt', encoding='utf-8') as file:
        return [line.rstrip('\n').split('\t') for line in file]


def movielens_home(folder, source):
    """A folder with movielens.zip as LightFM leaves it, made from tables; None where there are none."""
    source = pathlib.Path(source)
    if not (source / 'train.tsv.gz').is_file():
        return None
    features, titles = _table(source / 'item_features.tsv.gz'), _table(source / 'item_titles.tsv.gz')
    genres = sorted({name for _, name, _ in features if name.startswith('genre:')})
    by_item = {}
    for item, name, _ in features:
        by_item.setdefault(item, set()).add(name)
    target = pathlib.Path(folder, 'movielens100k')
    target.mkdir(parents=True)
    with zipfile.ZipFile(target / 'movielens.zip', 'w') as archive:
        for name, table in (('ua.base', 'train.tsv.gz'), ('ua.test', 'test.tsv.gz')):
            archive.writestr(f'ml-100k/{name}', '\n'.join('\t'.join(row) for row in _table(source / table)) + '\n')
        archive.writestr('ml-100k/u.genre', ''.join(f"{name[len('genre:'):]}|{n}\n" for n, name in enumerate(genres)))
        archive.writestr('ml-100k/u.item', '\n'.join(
            '|'.join([item, title, date, '', 'http://x', *('1' if genre in by_item.get(item, ()) else '0'
                                                           for genre in genres)])
            for item, title, date in titles).encode('latin-1', errors='replace') + b'\n')
    return str(folder)


@pytest.fixture(scope='session')
def movielens(tmp_path_factory):
    """fetch_movielens of the real data, or a skip."""
    source = os.environ.get('LFM_ML100K', '')
    home = movielens_home(tmp_path_factory.mktemp('home'), source) if source else None
    if home is None:
        pytest.skip('MovieLens 100k is not here (LFM_ML100K names its folder)')

    def fetch(**options):
        return fetch_movielens(data_home=home, download_if_missing=False, **options)

    return fetch
