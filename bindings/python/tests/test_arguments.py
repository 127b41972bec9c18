"""What lfm's own interface says about arguments and data that cannot be."""
import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from conftest import planted

import lfm


@pytest.fixture(scope='module')
def likes():
    train, _ = planted()
    return lfm.Interactions.from_pairs([f'u{n}' for n in train.row], [f'i{n}' for n in train.col])


@pytest.fixture(scope='module')
def model(likes):
    return lfm.Model(8, epochs=2, threads=1).fit(likes)


def test_failures_of_the_package_are_errors_of_its_own(model):
    for call in (lambda: lfm.Model().recommend('u1'), lambda: lfm.Model().save('x'), lambda: lfm.Model().epochs_done):
        with pytest.raises(lfm.NotFittedError, match='not fitted'):
            call()
    tags = {'a': ['z']}
    for call, name in ((lambda: model.recommend('nobody'), 'nobody'), (lambda: model.predict('u1', ['i1', 'x']), 'x'),
                       (lambda: model.similar('y'), 'y'),
                       (lambda: lfm.Features.from_tags(['a'], tags, names=['x']), 'z')):
        with pytest.raises(lfm.UnknownIdError) as caught:
            call()
        assert str(caught.value) in (f'there is no user {name!r}', f'there is no item {name!r}',
                                     f'there is no feature {name!r}')
        assert isinstance(caught.value, lfm.Error) and isinstance(caught.value, KeyError)
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    assert issubclass(lfm.NotFittedError, ValueError) and issubclass(lfm.NotFittedError, lfm.Error)


SHORT = {'weights': [1, 2], 'timestamps': [1, 2]}


@pytest.mark.parametrize('name', SHORT)
def test_columns_of_another_length(name):
    """They would be read beyond their end."""
    matrix = sp.coo_matrix(np.eye(3))
    with pytest.raises(ValueError, match=rf'{name}: 3 are needed'):
        lfm.Interactions(matrix, **{name: SHORT[name]})
    with pytest.raises(ValueError, match=rf'{name}: there are 2 for 3 pairs'):
        lfm.Interactions.from_pairs([1, 2, 3], [1, 2, 3], **{name: SHORT[name]})
    for wrong in (sp.coo_matrix(np.eye(3)[::-1]), sp.coo_matrix(np.eye(4))):
        with pytest.raises(ValueError, match='weights: .* the entries of the interactions'):
            lfm.Interactions(matrix, weights=wrong)
    assert lfm.Interactions(matrix, weights=matrix * 2).weights.tolist() == [2, 2, 2]


@pytest.mark.parametrize('given', [5, True, None, 'abc', {1: 2}, lfm.Features(np.eye(2))], ids=str)
def test_what_is_no_matrix(likes, model, given):
    for call, name in ((lfm.Interactions, 'interactions'), (lfm.Interactions.of, 'interactions'),
                       (lfm.Features, 'features'), (lfm.Model().fit, 'interactions'), (model.evaluate, 'test'),
                       (lambda x: lfm.Model().fit(likes, item_features=x), 'item_features')):
        if not (isinstance(given, lfm.Features) or given is None and call is not lfm.Features):
            with pytest.raises(TypeError, match=f'^{name}: a matrix is needed, not'):
                call(given)
    with pytest.raises(ValueError, match=r'a matrix is needed, not an array of shape \(3,\)'):
        lfm.Interactions([1, 0, 1])


@pytest.mark.parametrize('kind', [complex, object, str])
def test_what_is_no_number(kind):
    """Neither cut off at its real part nor read from text."""
    dense = np.array([[1, 0], [0, 1]]).astype(kind)
    with pytest.raises(TypeError, match='interactions: real numbers are needed'):
        lfm.Interactions(dense)
    with pytest.raises(TypeError, match='features: real numbers are needed'):
        lfm.Features(dense)
    if kind is complex:
        with pytest.raises(TypeError, match='interactions: .* complex128'):
            lfm.Interactions(sp.csr_matrix(dense))
    for name in ('values', 'weights', 'timestamps'):
        with pytest.raises(TypeError, match=f'^{name}: real numbers are needed'):
            lfm.Interactions.from_pairs([1, 2], [1, 2], **{name: dense[0]})

    for weight in ('1', 1j):
        with pytest.raises(TypeError, match='the weights of tags: real numbers'):
            lfm.Features.from_tags(['a'], {'a': {'x': weight}})


def test_timestamps():
    def of(times):
        return lfm.Interactions.from_pairs([1, 2], [1, 2], timestamps=times).timestamps.tolist()

    assert of([3.0, 4.0]) == [3, 4] and of(np.array(['1970-01-02', '1970-01-05'], 'M8[D]')) == [1, 4]
    for wrong in ([1, float('nan')], [1, 1.5], np.array([1, 2**63], dtype=np.uint64),
                  np.array(['1970-01-02', 'NaT'], 'M8[D]')):
        with pytest.raises(ValueError, match='timestamps: number 1 is'):
            of(wrong)


def test_ids_that_cannot_be():
    for wrong in (1, 'abc', None, {'a'}):
        with pytest.raises(TypeError, match='^users: a list or a column is needed'):
            lfm.Interactions.from_pairs(wrong, [1, 2, 3])
    with pytest.raises(ValueError, match='items: number 1 is NaN'):
        lfm.Interactions.from_pairs([1, 2], ['a', float('nan')])
    assert list(lfm.Interactions.from_pairs(['a', 1], [1, 2]).user_ids) == ['a', 1]
    for names in (['a', 'b', 'a'], [1, 0, 1]):
        with pytest.raises(ValueError, match=f'{names[0]!r} comes more than once'):
            lfm.Interactions(np.eye(3), user_ids=names)
    with pytest.raises(TypeError, match="user_ids: .* 'abc'"):
        lfm.Interactions(np.eye(3), user_ids='abc')
    for option in ('duplicates', 'unknown'):
        with pytest.raises(ValueError, match=f'{option} is'):
            lfm.Interactions.from_pairs([1], [1], user_ids=[1], **{option: 'dorp'})


def test_columns_of_pandas_own_kinds():
    pandas = pytest.importorskip('pandas')
    frame = pandas.DataFrame({'user': ['a', 'b'], 'item': [1, 2], 'stars': pandas.array([3, 4], 'Int64')})
    assert lfm.Interactions.from_frame(frame, value='stars').tocoo().data.tolist() == [3, 4]
    frame['stars'] = pandas.array([3, None], 'Int64')
    with pytest.raises(ValueError, match='values'):
        lfm.Interactions.from_frame(frame, value='stars')


def test_tags_that_cannot_be():
    for tags, what in (({'a': 'chair'}, "of 'a' are 'chair'"), ({'a': None}, "of 'a' are None"), (['a'], 'a list')):
        with pytest.raises(TypeError, match=what):
            lfm.Features.from_tags(['a'], tags)


def test_splits_that_cannot_be(likes):
    for options, kind in (({'k': 'a'}, TypeError), ({'fraction': 'a'}, TypeError), ({'seed': None}, TypeError),
                          ({'k': 2**40}, ValueError), ({'seed': -1}, ValueError), ({'fraction': float('nan')}, ValueError),
                          ({'method': ['last']}, ValueError)):
        with pytest.raises(kind, match=next(iter(options))):
            likes.split(**options)
    for wrong, kind in (('a', TypeError), (-1, ValueError), (2**40, ValueError)):
        with pytest.raises(kind, match='min_user'):
            likes.threshold(wrong)
