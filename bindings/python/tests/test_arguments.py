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


@pytest.mark.parametrize('given', [5, True, None, 'abc', {1: 2}, 'features'], ids=str)
def test_what_is_no_matrix(likes, model, given):
    given = lfm.Features(np.eye(2)) if given == 'features' else given
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


@pytest.mark.parametrize('form, name, words', [
    ('coo', 'row', 'row 1000000 is outside|row 1000000,'), ('coo', 'col', 'column 1000000 is outside|column 1000000'),
    ('csc', 'indices', 'row 1000000 is outside|index 1000000'), ('csr', 'indices', 'column 1000000|index 1000000'),
    ('bsr', 'indices', 'column 1000000|index 1000000'), ('csr', 'indptr', 'indptr'), ('csc', 'indptr', 'indptr'),
    ('bsr', 'indptr', 'indptr')])
def test_matrices_overwritten_with_places_outside(form, name, words):
    """SciPy itself, making another form of them, would write where they point."""
    whole = sp.identity(50, dtype=np.float32, format='coo')
    matrix = whole.asformat(form).copy()
    getattr(matrix, name)[3] = 10**6
    for call in (lambda: lfm.Features(matrix), lambda: lfm.Interactions(matrix),
                 lambda: lfm.Model(2).fit(whole, user_features=matrix)):
        with pytest.raises(ValueError, match=words):
            call()
    with pytest.raises(ValueError, match=f'weights|{words}'):
        lfm.Interactions(whole, weights=matrix)


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
    for option in ('identity', 'normalise'):
        with pytest.raises(TypeError, match=f"{option} is 'no'"):
            lfm.Features(np.eye(2), **{option: 'no'})
    for tags, what in (({'a': 'chair'}, "of 'a' are 'chair'"), ({'a': None}, "of 'a' are None"), (['a'], 'a list')):
        with pytest.raises(TypeError, match=what):
            lfm.Features.from_tags(['a'], tags)


def test_splits_that_cannot_be(likes):
    for options, kind in (({'k': 'a'}, TypeError), ({'fraction': 'a'}, TypeError), ({'seed': None}, TypeError),
                          ({'k': 2**40}, ValueError), ({'seed': -1}, ValueError),
                          ({'fraction': float('nan')}, ValueError), ({'method': ['last']}, ValueError)):
        with pytest.raises(kind, match=next(iter(options))):
            likes.split(**options)
    for wrong, kind in (('a', TypeError), (-1, ValueError), (2**40, ValueError)):
        with pytest.raises(kind, match='min_user'):
            likes.threshold(wrong)


@pytest.mark.parametrize('k, kind', [(0, ValueError), (-1, ValueError), (2.5, ValueError), (float('nan'), ValueError),
                                     ('a', TypeError), (None, TypeError)], ids=str)
def test_numbers_of_answers_that_cannot_be(model, k, kind):
    for call in (lambda: model.recommend('u1', k), lambda: model.recommend(['u1'], k), lambda: model.similar('i1', k),
                 lambda: model.explain('u1', 'i1', k), lambda: model.scorer().recommend_vectors(np.ones(8), k)):
        with pytest.raises(kind, match='^k is'):
            call()


def test_more_answers_than_there_are(model):
    assert len(model.similar('i1', 2**40)[0]) == model.scorer().n_items - 1
    assert len(model.recommend('u1', 2**40, exclude=None)[0]) == model.scorer().n_items
    assert model.recommend('u1', np.int64(3))[0].tolist() == model.recommend('u1', 3.0)[0].tolist()


@pytest.mark.parametrize('name, value', [
    ('measure', 'x'), ('space', 'x'), ('space', ['item']), ('among', 'x'), ('exclude', 'x'), ('exclude', True)])
def test_similar_to_what_cannot_be(model, name, value):
    with pytest.raises(ValueError, match=f'^{name} is'):
        model.similar('i1', **{name: value})


def test_what_is_left_out(likes, model):
    for call in (lambda **options: model.recommend('u1', 2, **options),
                 lambda **options: model.evaluate(likes, **options)):
        with pytest.raises(ValueError, match="exclude is 'sen': choose seen"):
            call(exclude='sen')
        with pytest.raises(TypeError, match='exclude: a matrix'):
            call(exclude=True)
    for name in ('candidates', 'exclude_items'):
        with pytest.raises(TypeError, match=f"{name}: a list or a column is needed, not 'i1'"):
            model.recommend('u1', 2, **{name: 'i1'})


def test_explanations_are_of_one(model):
    for pair, name in (((['u1'], 'i1'), 'user'), (('u1', ['i1']), 'item')):
        with pytest.raises(TypeError, match=f'^{name} is .*one id'):
            model.explain(*pair)


def test_evaluations_that_cannot_be(likes, model):
    for options, kind in (({'bootstrap': 'a'}, TypeError), ({'bootstrap': 2**40}, ValueError),
                          ({'confidence': 'a'}, TypeError), ({'threads': 2**40}, ValueError),
                          ({'keep_empty': 'no'}, TypeError), ({'check_overlap': 2}, ValueError)):
        with pytest.raises(kind, match=f'^{next(iter(options))} is'):
            model.evaluate(likes, 'auc', exclude=None, **options)
    for wrong, what in ((lfm.Model, 'is the class Model'), (5, 'model is 5')):
        with pytest.raises(TypeError, match=what):
            lfm.evaluate(wrong, likes)


def test_what_cannot_be_folded_in(model):
    """A pointer of the caller's, say, would be followed."""
    scorer, new = model.scorer(), np.eye(3, model.scorer().n_items)
    for name in ('size', 'cancel', 'start', 'training', 'side'):
        with pytest.raises(ValueError, match=f'no option {name!r}: choose loss'):
            scorer.fold_in(new, **{name: 5})
    for options, kind in (({'loss': 'x'}, ValueError), ({'epochs': 'a'}, TypeError), ({'seed': -1}, ValueError)):
        with pytest.raises(kind, match=f'^{next(iter(options))} is'):
            scorer.fold_in(new, **options)


def test_vectors_that_cannot_be(model):
    scorer = model.scorer()
    for given, kind in ((np.ones(8) * 1j, TypeError), (['1'] * 8, TypeError), (np.ones((1, 2, 8)), ValueError)):
        with pytest.raises(kind, match='^vectors: '):
            scorer.recommend_vectors(given)
    two = np.ones((2, 3))
    for users, items, options, kind in ((two * 1j, two, {}, TypeError), (None, two, {}, TypeError),
                                        (5, 5, {}, ValueError), ([1, 2], two, {}, ValueError),
                                        (two, two, {'user_biases': [1]}, ValueError),
                                        (two, two, {'user_ids': ['a']}, ValueError)):
        with pytest.raises(kind, match='^embeddings|there are 1 user ids for 2 users'):
            lfm.Scorer.from_embeddings(users, items, **options)


def test_sides_and_sizes_that_cannot_be(likes):
    model = lfm.Model(2, epochs=1, threads=1).fit(planted()[0])
    with pytest.raises(ValueError, match='side is'):
        model.parameters('users')
    for n, kind in (('a', TypeError), (-1, ValueError), (2**40, ValueError)):
        with pytest.raises(kind, match='n_users is'):
            model.resize(n_users=n)
    named = lfm.Model(2, epochs=1, threads=1).fit(likes)
    for options, what in (({'user_ids': ['x'], 'n_users': 500}, 'give one of them'),
                          ({'n_users': 500}, 'give user_ids')):
        with pytest.raises(ValueError, match=what):
            named.resize(**options)
    with pytest.raises(TypeError, match="user_ids: .* 'abc'"):
        named.resize(user_ids='abc')
    # What was refused has added no id.
    with pytest.raises(lfm.BusyError):
        named.fit(likes, callbacks=[lambda state: named.resize(user_ids=['new'])])
    with pytest.raises(lfm.UnknownIdError):
        named.recommend('new')
