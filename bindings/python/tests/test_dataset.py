"""Dataset, splits, and the files of data sets."""
import os
import urllib.request
import zipfile

import numpy as np
import pytest
import scipy.sparse as sp

from lfm.lightfm.cross_validation import random_train_test_split
from lfm.lightfm.data import Dataset
from lfm.lightfm.datasets import _common, fetch_movielens, fetch_stackexchange


def test_shapes_and_mapping():
    data = Dataset()
    assert data.fit(range(10), iter(range(20)), ['x', 'y'], ('p',)) is None
    assert data.interactions_shape() == (10, 20)
    assert data.user_features_shape() == (10, 12) and data.item_features_shape() == (20, 21)
    assert data.model_dimensions() == (12, 21)
    users, user_features, items, item_features = data.mapping()
    assert users == {n: n for n in range(10)} and items[19] == 19
    assert user_features['y'] == 11 and item_features['p'] == 20 and user_features[3] == 3
    assert [m.shape for m in data.build_interactions([])] == [(10, 20)] * 2
    assert data.build_user_features([]).getnnz() == 10 and data.build_item_features([]).getnnz() == 20
    data.fit_partial(users=['new', 3], item_features=['q'])
    assert data.interactions_shape() == (11, 20) and data.model_dimensions() == (13, 22)
    assert users['new'] == 10 and user_features['new'] == 12
    data.fit(['a'], ['b'])
    assert data.model_dimensions() == (1, 1) and data.mapping()[0] == {'a': 0}


def test_without_identity():
    data = Dataset(user_identity_features=False, item_identity_features=False)
    data.fit(range(10), range(20), ['x'], ['p', 'q'])
    assert data.model_dimensions() == (1, 2)
    assert data.build_user_features([], normalize=False).getnnz() == 0
    with pytest.raises(ValueError, match='some rows have zero norm, as that of user number 9'):
        data.build_user_features([(n, ['x']) for n in range(9)])
    assert data.build_user_features([(n, ['x']) for n in range(10)]).toarray().tolist() == [[1]] * 10


def test_interactions():
    data = Dataset()
    data.fit(['a', 'b'], [7, 8, 9])
    ones, weights = data.build_interactions(iter([('a', 9), ('b', 7, 2.5), ('b', 7), ['b', 8, np.float64(3)]]))
    for matrix, dtype, values in ((ones, np.int32, [1, 1, 1, 1]), (weights, np.float32, [1, 2.5, 1, 3])):
        assert matrix.format == 'coo' and matrix.dtype == dtype and matrix.shape == (2, 3)
        assert matrix.data.tolist() == values and matrix.row.tolist() == [0, 1, 1, 1]
        assert matrix.col.tolist() == [2, 0, 0, 1] and matrix.row.dtype == matrix.col.dtype == np.int32
    for wrong, what in ((('c', 7), 'User id c not in user id mapping'), (('a', 6), 'Item id 6 not in item id mapping'),
                        (('a',), 'Expecting tuples'), (('a', 7, 1, 1), 'Expecting tuples')):
        with pytest.raises(ValueError, match=what):
            data.build_interactions([wrong])
    for weight in (None, '2', [1]):
        with pytest.raises(TypeError):
            data.build_interactions([('a', 7, weight)])
    with pytest.raises(ValueError):
        Dataset().build_interactions([('a', 7)])


@pytest.mark.parametrize('side', ['user', 'item'])
def test_features(side):
    data = Dataset()
    data.fit(['a', 'b', 'c'], ['a', 'b', 'c'], ['p', 'q'], ['p', 'q'])
    build = getattr(data, f'build_{side}_features')
    given = [('a', ['p', 'q']), ('b', {'q': 3, 'p': -1}), ('a', ('p',))]
    plain = build(given, normalize=False)
    assert plain.format == 'csr' and plain.dtype == np.float32
    assert plain.toarray().tolist() == [[1, 0, 0, 2, 1], [0, 1, 0, -1, 3], [0, 0, 1, 0, 0]]
    normal = build(iter(given))
    assert np.allclose(normal.toarray(), plain.toarray() / np.array([[4], [5], [1]]))
    for wrong, what in ((('d', ['p']), f'{side} id d not in {side} id mappings'),
                        (('a', ['r']), 'Feature r not in feature mapping. Call fit first'),
                        (('a', ['p'], 1), 'Expected tuples'), (('a',), 'Expected tuples')):
        with pytest.raises(ValueError, match=what):
            build([wrong])
    for weight in (None, '2'):
        with pytest.raises(TypeError):
            build([('a', {'p': weight})])


@pytest.mark.parametrize('form', ['coo', 'csr', 'lil'])
@pytest.mark.parametrize('fraction', [0.0, 0.2, 0.5, 0.7, 1.0])
def test_split(form, fraction):
    matrix = sp.rand(50, 60, 0.2, random_state=1).asformat(form)
    train, test = random_train_test_split(matrix, test_percentage=fraction, random_state=3)
    assert (train.format, test.format, train.shape, test.shape) == ('coo', 'coo', (50, 60), (50, 60))
    assert train.dtype == test.dtype == matrix.dtype
    assert train.nnz == int((1 - fraction) * matrix.nnz) and train.nnz + test.nnz == matrix.nnz
    assert (train.tocsr() + test.tocsr() != matrix.tocsr()).nnz == 0
    assert train.tocsr().multiply(test.tocsr()).nnz == 0


def test_split_is_the_shuffle_of_the_random_state():
    matrix = sp.coo_matrix((np.arange(1, 11, dtype=np.int32), (np.arange(10), np.arange(10))))
    order = np.arange(10)
    np.random.RandomState(7).shuffle(order)
    for state in (7, np.random.RandomState(7)):
        train, test = random_train_test_split(matrix, random_state=state)
        assert train.data.tolist() == (order[:8] + 1).tolist() and test.data.tolist() == (order[8:] + 1).tolist()
    weights = sp.coo_matrix((np.linspace(0, 1, 10), (matrix.row, matrix.col)))
    for a, b in zip(random_train_test_split(matrix, random_state=5), random_train_test_split(weights, random_state=5)):
        assert np.array_equal(a.row, b.row) and np.array_equal(a.col, b.col)
    assert random_train_test_split(matrix)[0].nnz == 8
    with pytest.raises(ValueError, match='sparse'):
        random_train_test_split(np.eye(3))


def small_movielens(folder):
    folder = folder / 'movielens100k'
    folder.mkdir()
    with zipfile.ZipFile(folder / 'movielens.zip', 'w') as archive:
        archive.writestr('ml-100k/ua.base', '1\t1\t5\t881\n1\t3\t2\t882\n3\t2\t4\t883\n')
        archive.writestr('ml-100k/ua.test', '2\t4\t3\t881\n')
        archive.writestr('ml-100k/u.genre', 'unknown|0\nAction|1\n\n')
        archive.writestr('ml-100k/u.item', '\n'.join([
            '1|Toy Story (1995)|01-Jan-1995||http://a|0|1', '2|L\u00e9on|||http://b|1|1', '4|Last|||http://c|0|0',
            '3|Third|||http://d|1|0', '']).encode('latin-1'))
    return folder / 'movielens.zip'


def test_movielens_files(tmp_path):
    small_movielens(tmp_path)
    data = fetch_movielens(data_home=tmp_path, download_if_missing=False)
    assert set(data) == {'train', 'test', 'item_features', 'item_feature_labels', 'item_labels'}
    assert data['train'].toarray().tolist() == [[5, 0, 2, 0], [0, 0, 0, 0], [0, 4, 0, 0]]
    assert data['test'].toarray().tolist() == [[0, 0, 0, 0], [0, 0, 0, 3], [0, 0, 0, 0]]
    assert data['train'].format == 'coo' and data['train'].dtype == np.int32
    assert data['item_labels'].tolist() == ['Toy Story (1995)', 'L\u00e9on', 'Third', 'Last']
    assert data['item_feature_labels'] is data['item_labels']
    assert (data['item_features'] != sp.identity(4)).nnz == 0 and data['item_features'].dtype == np.float32
    genres = fetch_movielens(str(tmp_path), indicator_features=False, genre_features=True)
    assert genres['item_features'].toarray().tolist() == [[0, 1], [1, 1], [1, 0], [0, 0]]
    assert genres['item_feature_labels'].tolist() == ['genre:unknown', 'genre:Action']
    both = fetch_movielens(tmp_path, genre_features=True, min_rating=4)
    assert both['item_features'].shape == (4, 6) and both['item_features'].format == 'csr'
    assert both['item_feature_labels'].tolist() == [*data['item_labels'], *genres['item_feature_labels']]
    assert both['train'].nnz == 2 and both['test'].nnz == 0 and both['train'].shape == (3, 4)
    with pytest.raises(ValueError):
        fetch_movielens(tmp_path, indicator_features=False)


def test_movielens_that_is_damaged(tmp_path):
    path = small_movielens(tmp_path)
    path.write_bytes(b'not a zip')
    with pytest.raises(ValueError, match='damaged'):
        fetch_movielens(tmp_path)
    assert not path.exists()


def test_missing_files(tmp_path, monkeypatch):
    for fetch in (fetch_movielens, lambda **k: fetch_stackexchange('crossvalidated', **k)):
        with pytest.raises(IOError, match='missing'):
            fetch(data_home=tmp_path, download_if_missing=False)

    def nothing(url, *_, **__):
        raise OSError('no network in tests')
    monkeypatch.setattr(urllib.request, 'urlopen', nothing)
    with pytest.raises(IOError, match='no network in tests'):
        fetch_movielens(data_home=tmp_path)
    assert _common.get_data_dir() == os.path.join(os.path.expanduser('~'), 'lightfm_data')


def test_a_download_appears_whole_or_not_at_all(tmp_path):
    source = tmp_path / 'source'
    source.write_bytes(b'x' * 3000000)
    assert _common.get_data(tmp_path, source.as_uri(), 'a/b', 'c', True) == str(tmp_path / 'a' / 'b' / 'c')
    assert (tmp_path / 'a' / 'b' / 'c').read_bytes() == source.read_bytes()
    assert os.listdir(tmp_path / 'a' / 'b') == ['c']


def test_home_is_the_default(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    (tmp_path / 'lightfm_data').mkdir()
    small_movielens(tmp_path / 'lightfm_data')
    assert fetch_movielens(download_if_missing=False)['train'].nnz == 3


def test_stackexchange(tmp_path):
    random = np.random.RandomState(1)
    n = 200
    folder = tmp_path / 'stackexchange' / 'crossvalidated'
    folder.mkdir(parents=True)
    pairs = random.permutation(40 * 50)[:n]
    np.savez(folder / 'data.npz', interactions_data=np.arange(n, dtype=np.float32) + 1, interactions_row=pairs // 50,
             interactions_col=pairs % 50, interactions_shape=np.array([40, 50]), labels=np.array(['r', 'sql']),
             features_data=np.ones(50), features_row=np.arange(50), features_col=np.arange(50) % 2,
             features_shape=np.array([50, 2]))
    data = fetch_stackexchange('crossvalidated', data_home=tmp_path, min_training_interactions=0)
    train, test = data['train'], data['test']
    assert train.nnz == 160 and test.nnz == 40 and train.shape == test.shape == (40, 50)
    assert train.dtype == np.float32 and (train.data == 1).all() and train.format == test.format == 'coo'
    late = set(zip(pairs[160:] // 50, pairs[160:] % 50))
    assert set(zip(test.row, test.col)) == late
    assert data['item_feature_labels'][7] == 'question_id:7' and data['item_features'].shape == (50, 50)
    kept = fetch_stackexchange('crossvalidated', data_home=tmp_path, min_training_interactions=3)
    assert kept['train'].shape[0] == kept['test'].shape[0] == (train.getnnz(axis=1) > 3).sum() < 40
    tags = fetch_stackexchange('crossvalidated', data_home=tmp_path, indicator_features=False, tag_features=True)
    assert tags['item_features'].shape == (50, 2) and tags['item_feature_labels'].tolist() == ['r', 'sql']
    both = fetch_stackexchange('crossvalidated', data_home=tmp_path, tag_features=True)
    assert both['item_features'].shape == (50, 52) and both['item_features'].format == 'csr'
    for wrong in ({'dataset': 'other'}, {'test_set_fraction': 0}, {'test_set_fraction': 1.0},
                  {'indicator_features': False}):
        with pytest.raises(ValueError):
            fetch_stackexchange(**{'dataset': 'crossvalidated', 'data_home': tmp_path, **wrong})
