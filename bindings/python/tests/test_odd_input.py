"""Input that LightFM misreads, crashes on or refuses: here it is refused, with the same kind of error where LightFM has
one."""
import numpy as np
import pytest
import scipy.sparse as sp

from lfm.lightfm import LightFM, evaluation
from lfm.lightfm.cross_validation import random_train_test_split
from lfm.lightfm.data import Dataset


@pytest.fixture
def model(data):
    return LightFM(no_components=4, loss='warp', random_state=3).fit(data[0])


def broken(matrix, name, place, number):
    """A copy of the matrix in which something was overwritten after SciPy had checked it."""
    matrix = matrix.copy()
    getattr(matrix, name)[place] = number
    return matrix


@pytest.mark.parametrize('name, value, error', [
    ('loss', 'no such thing', ValueError), ('loss', ['warp'], ValueError), ('learning_schedule', 'adam', ValueError),
    ('learning_schedule', None, ValueError), ('k', 0, ValueError), ('k', '3', TypeError), ('n', -1, ValueError),
    ('n', None, TypeError), ('max_sampled', '3', TypeError), ('learning_rate', '0.1', TypeError),
    ('item_alpha', -1, ValueError), ('user_alpha', np.nan, ValueError), ('no_components', 0, ValueError),
    ('no_components', -1, ValueError), ('no_components', 2.5, TypeError), ('no_components', '4', TypeError)])
def test_parameters_set_to_what_they_cannot_be(data, model, name, value, error):
    model.loss = 'warp-kos'
    setattr(model, name, value)
    for call in (model.fit_partial, model.fit):
        with pytest.raises(error):
            call(data[0])


@pytest.mark.parametrize('name, value', [('rho', -1), ('epsilon', np.nan), ('k', None), ('n', 0)])
def test_parameters_that_play_no_part_may_be_anything(data, model, name, value):
    want = LightFM(no_components=4, loss='warp', random_state=3).fit(data[0], epochs=2).item_embeddings
    setattr(model, name, value)
    assert np.array_equal(model.fit_partial(data[0]).item_embeddings, want)


def test_adadelta_has_no_learning_rate_and_wants_an_epsilon(data):
    model = LightFM(learning_schedule='adadelta', learning_rate=-1).fit(data[0])
    model.epsilon = -1
    with pytest.raises(ValueError, match='epsilon'):
        model.fit_partial(data[0])


def test_no_components_when_asking(data, model):
    for value, error in ((0, ValueError), (-1, ValueError), (4.5, TypeError), ('4', TypeError)):
        model.no_components = value
        for call in (lambda: model.predict(0, [1, 2]), lambda: model.predict_rank(data[1])):
            with pytest.raises(error):
                call()


@pytest.mark.parametrize('epochs, error', [(-1, ValueError), (1.5, TypeError), (None, TypeError), ('3', TypeError)])
def test_epochs(data, model, epochs, error):
    with pytest.raises(error):
        model.fit_partial(data[0], epochs=epochs)


@pytest.mark.parametrize('k', [0, -1, 2.5, np.nan, np.inf, None, '3'])
@pytest.mark.parametrize('metric', [evaluation.precision_at_k, evaluation.recall_at_k])
def test_places_that_are_not_counted(data, model, metric, k):
    with pytest.raises(TypeError if k in (None, '3') else ValueError):
        metric(model, data[1], k=k)
    assert np.array_equal(metric(model, data[1], k=3.0), metric(model, data[1], k=3))


@pytest.mark.parametrize('fraction', [2, 1.01, -0.1, np.nan])
def test_fractions(data, fraction):
    with pytest.raises(ValueError, match='test_percentage'):
        random_train_test_split(data[0], fraction)
    sizes = [[part.nnz for part in random_train_test_split(data[0], all_or_nothing)] for all_or_nothing in (0, 1)]
    assert sizes == [[data[0].nnz, 0], [0, data[0].nnz]]


@pytest.mark.parametrize('ids', [[0.5], [1, 2.5], np.array([0.5], dtype=object), [np.nan], [2**31], [-1], [],
                                 np.array([2**32 + 1]), [[1]], np.array([2**64 - 1], dtype=np.uint64)], ids=repr)
def test_ids_that_are_no_ids(model, ids):
    for call in (lambda: model.predict(0, ids), lambda: model.predict(ids, [0] * len(ids))):
        with pytest.raises(ValueError):
            call()


@pytest.mark.parametrize('ids', [3, 3.0, None, 'a', {1, 2}, np.array(3), iter([1, 2])], ids=repr)
def test_items_that_are_no_array(model, ids):
    with pytest.raises(TypeError):
        model.predict(0, ids)


@pytest.mark.parametrize('matrix', [None, 5, 'x', [[1, 0]], np.ones(3), np.ones((2, 2, 2))], ids=str)
def test_matrices_that_are_none(data, model, matrix):
    train, test = data
    for call in (lambda: model.fit_partial(matrix), lambda: model.predict_rank(matrix),
                 lambda: matrix is None or model.predict_rank(test, matrix),
                 lambda: matrix is None or model.predict(0, [1], user_features=matrix),
                 *(lambda f=f: getattr(evaluation, f)(model, matrix) for f in evaluation.__all__)):
        try:
            assert call() is True
        except TypeError as error:
            assert 'must be a scipy.sparse matrix' in str(error)


@pytest.mark.parametrize('name, number', [('row', -1), ('row', 10**6), ('col', -1), ('col', 10**6)])
def test_coo_places_outside(data, model, name, number):
    train, test = data
    for call in (lambda: model.fit_partial(broken(train, name, 3, number)),
                 lambda: model.predict_rank(broken(test, name, 3, number)),
                 lambda: model.predict_rank(test, broken(train, name, 3, number)),
                 lambda: evaluation.auc_score(model, test, broken(train, name, 3, number)),
                 lambda: model.predict(0, [1], user_features=broken(sp.identity(120).tocoo(), name, 3, number))):
        with pytest.raises(ValueError, match='outside'):
            call()


@pytest.mark.parametrize('name, place, number, words', [
    ('indices', 0, 10**6, 'outside|index'), ('indices', 0, -1, 'outside|index'), ('indptr', 3, 10**6, 'indptr'),
    ('indptr', 0, -1, 'indptr'), ('indptr', -1, 10**6, 'indptr')])
def test_csr_places_outside(data, model, name, place, number, words):
    features = broken(sp.identity(120, dtype=np.float32, format='csr'), name, place, number)
    train, test = (broken(matrix.tocsr(), name, place, number) for matrix in data)
    for call in (lambda: model.fit_partial(train), lambda: model.predict_rank(test),
                 lambda: model.predict_rank(data[1], train), lambda: model.predict(0, [1, 2], user_features=features),
                 lambda: model.fit_partial(data[0], user_features=features),
                 lambda: model.predict_rank(data[1], user_features=features),
                 lambda: model.get_user_representations(features)):
        with pytest.raises(ValueError, match=words):
            call()


@pytest.mark.parametrize('form, name, words', [
    ('csc', 'indices', 'row 1000000 is outside'), ('csc', 'indptr', 'indptr'), ('bsr', 'indptr', 'indptr')])
def test_places_outside_in_other_forms(data, model, form, name, words):
    features = broken(sp.identity(120, dtype=np.float32).asformat(form), name, 3, 10**6)
    test = broken(data[1].asformat(form), name, 3, 10**6)
    for call in (lambda: model.fit_partial(data[0], user_features=features), lambda: model.predict_rank(test)):
        with pytest.raises(ValueError, match=words):
            call()
    with pytest.raises(ValueError, match=f'{words}|index 1000000'):
        random_train_test_split(test)


def test_representations_of_a_list(model):
    biases, vectors = model.get_user_representations([[0.0] * 120, [2.0] + [0.0] * 119])
    assert np.array_equal(vectors, [[0] * 4, 2 * model.user_embeddings[0]]) and biases[1] == 2 * model.user_biases[0]


def test_unsorted_training_interactions(data, model):
    train, test = data
    turned = train.tocsr()
    for begin, end in zip(turned.indptr, turned.indptr[1:]):
        turned.indices[begin:end] = turned.indices[begin:end][::-1].copy()
    turned.has_sorted_indices = False
    assert (model.predict_rank(test, turned) != model.predict_rank(test, train)).nnz == 0


@pytest.mark.parametrize('weight', [np.nan, np.inf, 1e300])
def test_weights_of_features_that_are_not_finite(weight):
    dataset = Dataset()
    dataset.fit(['ann'], [1], user_features=['tall'])
    with pytest.raises(ValueError, match='finite'):
        dataset.build_user_features([('ann', {'tall': weight})])


def test_weights_of_interactions_that_are_not_finite():
    dataset = Dataset()
    dataset.fit(['ann', 'bob'], [1, 2])
    interactions, weights = dataset.build_interactions([('ann', 1), ('bob', 2, np.nan)])
    assert np.isnan(weights.data[1])
    with pytest.raises(ValueError, match='entry 1 of sample_weight is nan'):
        LightFM(loss='warp').fit(interactions, sample_weight=weights)


def test_a_dataset_without_users():
    with pytest.raises(ValueError, match='Call fit first'):
        Dataset().build_user_features([])
    assert Dataset().build_user_features([], normalize=False).shape == (0, 0)


def test_an_entry_may_be_anything_that_can_be_unpacked():
    dataset = Dataset()
    dataset.fit(['a', 'b'], ['c'])
    built, weights = dataset.build_interactions(['ac', {'b': 1, 'c': 2}, np.array(['b', 'c'])])
    assert built.toarray().tolist() == [[1], [2]] and weights.data.tolist() == [1, 1, 1]
