"""The arrays of a model are made when they are first read, and nothing but the copying shows that."""
import copy
import pickle
import threading

import numpy as np
import pytest
import scipy.sparse as sp
from test_interface import ARRAYS
from test_training import arrays, same

from lfm.lightfm import LightFM
from lfm.lightfm.evaluation import auc_score, precision_at_k


def made(model):
    """Which arrays are there."""
    return [name for name in ARRAYS if model.__dict__.get(name) is not None]


def fitted(data, schedule='adagrad', epochs=2, **options):
    return LightFM(loss='warp', learning_schedule=schedule, random_state=3, **options).fit(data[0], epochs=epochs)


@pytest.mark.parametrize('schedule', ['adagrad', 'adadelta'])
def test_made_when_read(data, schedule):
    model = fitted(data, schedule)
    assert not made(model)
    held = model.user_biases
    assert made(model) == ARRAYS and model.user_biases is held
    unread, read = fitted(data, schedule).fit_partial(data[0], epochs=3), model.fit_partial(data[0], epochs=3)
    assert not made(unread) and read.user_biases is held
    assert same(unread, read) and same(unread, fitted(data, schedule, 5))


def test_before_the_first_fit_all_are_none():
    model = LightFM()
    assert all(getattr(model, name) is None for name in ARRAYS)
    for name in ARRAYS:
        with pytest.raises(AttributeError, match=name):
            getattr(LightFM, name)


@pytest.mark.parametrize('measure', [precision_at_k, auc_score], ids=lambda f: f.__name__)
def test_evaluation_makes_none_and_is_the_same(data, measure):
    train, test = data
    model = fitted(data)
    unread = measure(model, test, train)
    ranks = model.predict_rank(test, train)
    assert not made(model)
    model.item_embeddings
    assert np.array_equal(unread, measure(model, test, train))
    assert (ranks != model.predict_rank(test, train)).nnz == 0
    # With features it is the arrays that are multiplied.
    features = sp.identity(train.shape[1], format='csr', dtype=np.float32)
    assert np.array_equal(unread, measure(fitted(data), test, train, item_features=features))


@pytest.mark.parametrize('how', [copy.deepcopy, copy.copy, lambda m: pickle.loads(pickle.dumps(m))],
                         ids=['deepcopy', 'copy', 'pickle'])
def test_copies_of_unread_models(data, how):
    model = fitted(data)
    other = how(model)
    assert made(other) == ARRAYS and same(model, other)
    assert (other.item_biases is model.item_biases) == (how is copy.copy)
    if how is not copy.copy:  # whose random state is shared
        assert same(model.fit_partial(data[0]), other.fit_partial(data[0]))


def test_assigning_to_unread_models(data):
    model, read = fitted(data), fitted(data)
    arrays(read)
    ones = np.ones(data[0].shape[1], dtype=np.float32)
    model.item_biases = ones
    assert made(model) == ['item_biases'] and model.item_biases is ones
    assert np.array_equal(model.user_embeddings, read.user_embeddings) and model.item_biases is ones
    read.item_biases = ones.copy()
    unread = fitted(data)
    unread.item_biases = ones.copy()
    for trained in (model, unread):
        trained.fit_partial(data[0])
    assert model.item_biases is ones and not (ones == 1).any()
    assert same(model, read.fit_partial(data[0])) and same(unread, read)
    model = fitted(data)
    model.user_bias_gradients = None
    with pytest.raises(ValueError, match='fit the model'):
        model.predict(0, [1])


def test_parameters_set_on_unread_models(data):
    train, test = data
    model, read = fitted(data), fitted(data)
    arrays(read)
    for trained in (model, read):
        trained.no_components = 5
        trained.fit_partial(train)
    assert same(model, read) and model.item_embeddings.shape[1] == 10
    model = fitted(data)
    model.no_components = 11
    for refused in (lambda: model.fit_partial(train), lambda: precision_at_k(model, test, train)):
        with pytest.raises(ValueError, match='10'):
            refused()
    model, read = fitted(data), fitted(data)
    arrays(read)
    for trained in (model, read):
        trained.learning_schedule = 'adadelta'
        trained.fit_partial(train)
    assert same(model, read) and (model.item_bias_momentum > 0).any()


def test_refused_training_loses_nothing(data):
    model, whole = fitted(data), fitted(data)
    spoilt = data[0].copy()
    spoilt.data[3] = np.nan
    with pytest.raises(ValueError, match='NaN'):
        model.fit_partial(spoilt)
    with pytest.raises(ValueError, match='user'):
        model.fit_partial(sp.vstack([data[0], data[0]]))
    model.learning_rate = -1
    with pytest.raises(ValueError, match='learning_rate'):
        model.fit_partial(data[0])
    assert same(model, whole)


def test_read_while_an_epoch_runs(data):
    train = sp.vstack([data[0]] * 40).tocoo()  # so long that it runs in a thread of its own
    model = LightFM(loss='warp', no_components=64, random_state=1)
    seen, failed, stop = [], [], threading.Event()

    def look():
        while not stop.is_set():
            try:
                array = model.item_embeddings
            except Exception as error:
                failed.append(error)
                return
            if array is not None and not any(array is other for other in seen):
                seen.append(array)

    thread = threading.Thread(target=look)
    thread.start()
    model.fit(train, epochs=6)
    stop.set()
    thread.join()
    alone = LightFM(loss='warp', no_components=64, random_state=1).fit(train, epochs=6)
    assert same(model, alone)
    assert all(np.array_equal(array, alone.item_embeddings) for array in seen) and len(seen) <= 1 and not failed
