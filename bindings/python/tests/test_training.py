"""Training: random state, live arrays and parameters, what comes in and what is refused."""
import copy
import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from test_interface import ARRAYS

from lfm.lightfm import LightFM, from_arrays, from_pickle

LOSSES = ['logistic', 'bpr', 'warp', 'warp-kos']


def arrays(model):
    return [np.array(getattr(model, name)) for name in ARRAYS]


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(arrays(a), arrays(b)))


@pytest.mark.parametrize('schedule', ['adagrad', 'adadelta'])
@pytest.mark.parametrize('loss', LOSSES)
def test_five_and_five_are_ten(data, loss, schedule):
    def make():
        return LightFM(loss=loss, learning_schedule=schedule, random_state=3, item_alpha=1e-4, user_alpha=1e-5)
    ten = make().fit(data[0], epochs=10)
    parts = make().fit_partial(data[0], epochs=5).fit_partial(data[0], epochs=5)
    apart = make().fit_partial(data[0], epochs=4)
    apart = pickle.loads(pickle.dumps(apart)).fit_partial(data[0], epochs=6)
    assert same(ten, parts) and same(ten, apart)
    assert not same(ten, make().set_params(random_state=np.random.RandomState(4)).fit(data[0], epochs=10))


def test_fit_starts_parameters_anew_and_not_the_random_state(data):
    train, _ = data
    a, b = (LightFM(random_state=8, loss='warp') for _ in range(2))
    assert same(a.fit(train, epochs=2), b.fit(train, epochs=2))
    first = arrays(a)
    assert same(a.fit(train, epochs=2), b.fit(train, epochs=2))
    assert not np.array_equal(first[0], a.item_embeddings)
    assert (a.fit(train, epochs=0).user_embedding_gradients == 1).all()


def test_random_state_moves_visibly(data):
    model = LightFM(loss='warp', random_state=1).fit_partial(data[0])
    seen = []
    for _ in range(3):
        seen.append(model.random_state.get_state()[1].copy())
        model.fit_partial(data[0])
    assert not np.array_equal(seen[0], seen[1]) and not np.array_equal(seen[1], seen[2])
    state = model.random_state.get_state()[1].copy()
    model.predict([1], [1])
    model.fit_partial(data[0], epochs=0)
    assert np.array_equal(state, model.random_state.get_state()[1])


def test_a_shared_random_state_is_drawn_from_by_both(data):
    state = np.random.RandomState(1)
    a, b = LightFM(random_state=state), LightFM(random_state=state)
    assert a.random_state is b.random_state is state
    assert not np.array_equal(a.fit(data[0]).user_embeddings, b.fit(data[0]).user_embeddings)


@pytest.mark.parametrize('schedule, start', [('adagrad', 1), ('adadelta', 0)])
def test_initial_parameters(data, schedule, start):
    train, _ = data
    model = LightFM(no_components=10, learning_schedule=schedule, random_state=5)
    state = model.random_state.get_state()[1].copy()
    model.fit_partial(train, epochs=0)
    assert not np.array_equal(state, model.random_state.get_state()[1])
    for side, rows in (('item', train.shape[1]), ('user', train.shape[0])):
        drawn = getattr(model, f'{side}_embeddings')
        assert drawn.shape == (rows, 10) and drawn.dtype == np.float32
        # Uniform: every tenth of the range holds about a tenth of the numbers.
        counts, _ = np.histogram(drawn, 10, (-0.05, 0.05))
        assert counts.sum() == drawn.size and abs(counts / drawn.size - 0.1).max() < 0.04
        assert (getattr(model, f'{side}_biases') == 0).all()
        for what in ('embedding', 'bias'):
            assert (getattr(model, f'{side}_{what}_gradients') == start).all()
            assert (getattr(model, f'{side}_{what}_momentum') == 0).all()
    equal, other = (LightFM(learning_schedule=schedule, random_state=seed).fit(train, epochs=0) for seed in (5, 6))
    assert same(model, equal) and not np.array_equal(model.item_embeddings, other.item_embeddings)
    again = arrays(equal.fit(train, epochs=0))
    assert not np.array_equal(again[0], model.item_embeddings)  # the random state goes on
    model.fit_partial(train, epochs=1)
    for side in ('item', 'user'):
        for what in ('embedding', 'bias'):
            assert (getattr(model, f'{side}_{what}_gradients') > start).any()
            assert (getattr(model, f'{side}_{what}_momentum') > 0).any() == (schedule == 'adadelta')


def test_arrays_are_live(data):
    train, _ = data
    model = LightFM(loss='warp', random_state=2).fit(train, epochs=3)
    held = model.item_embeddings
    before = model.predict(0, np.arange(5))
    model.item_biases[2] += 10
    assert np.allclose(model.predict(0, np.arange(5)) - before, [0, 0, 10, 0, 0], atol=1e-5)
    model.item_biases = np.zeros_like(model.item_biases)
    model.user_embeddings *= 0
    assert np.array_equal(model.predict(3, np.arange(5)), np.repeat(model.user_biases[3], 5))
    model.fit_partial(train, epochs=2)
    assert model.item_embeddings is held and not (model.user_embeddings == 0).any()
    # Training goes on from what was written: the same as from the same arrays set at once.
    other = copy.deepcopy(model)
    model.item_embeddings[...] = 0.25
    other.item_embeddings = np.full(other.item_embeddings.shape, 0.25, dtype=np.float32)
    assert same(model.fit_partial(train), other.fit_partial(train))


def test_a_fresh_start_is_the_arrays(data):
    for schedule in ('adagrad', 'adadelta'):
        once = LightFM(random_state=4, learning_schedule=schedule).fit(data[0], epochs=2)
        begun = LightFM(random_state=4, learning_schedule=schedule).fit(data[0], epochs=0)
        assert same(once, begun.fit_partial(data[0], epochs=2))


def test_an_initialisation_of_ones_own_counts(data):
    class Warm(LightFM):
        def _initialize(self, *widths):
            super()._initialize(*widths)
            self.item_biases[:] = 7
            self.item_bias_gradients[:] = 1e12  # keeps them there

    model = Warm(random_state=1).fit(data[0], epochs=2)
    assert np.allclose(model.item_biases, 7, atol=0.01) and (model.item_bias_gradients > 9e11).all()


def test_parameters_are_live(data):
    train, _ = data
    still = LightFM(loss='warp', random_state=2).fit(train)
    before = arrays(still)
    still.learning_rate = np.float32(0)
    still.fit_partial(train, epochs=2)
    assert np.array_equal(before[ARRAYS.index('item_embeddings')], still.item_embeddings)
    still.learning_rate = 0.05
    still.loss = 'bpr'
    assert not np.array_equal(before[0], still.fit_partial(train).item_embeddings)
    still.no_components = 3
    assert still.fit(train).item_embeddings.shape[1] == 3


@pytest.mark.parametrize('most', [0, -3])
@pytest.mark.parametrize('loss', ['warp', 'warp-kos'])
def test_no_draws_set_later_mean_no_steps(data, loss, most):
    model = LightFM(loss=loss, random_state=2).fit(data[0])
    before, state = arrays(model), model.random_state.get_state()[1].copy()
    model.max_sampled = most
    assert model.fit_partial(data[0], epochs=2) is model
    assert all(np.array_equal(a, b) for a, b in zip(before, arrays(model)))
    assert not np.array_equal(state, model.random_state.get_state()[1])
    model.max_sampled = 10
    assert not np.array_equal(before[0], model.fit_partial(data[0]).item_embeddings)


def test_draws_do_not_concern_other_losses(data):
    for loss in ('logistic', 'bpr'):
        none, ten = (LightFM(loss=loss, random_state=2) for _ in range(2))
        none.max_sampled = 0
        assert same(none.fit(data[0]), ten.fit(data[0]))


@pytest.mark.parametrize('name, wrong', [
    ('item_embeddings', np.zeros((150, 10))), ('item_embeddings', np.zeros((149, 10), dtype=np.float32)),
    ('user_biases', np.zeros((120, 1), dtype=np.float32)), ('user_bias_gradients', np.ones(3, dtype=np.float32)),
    ('item_embedding_gradients', np.zeros((150, 10), dtype=np.float32)), ('user_embeddings', [[1.0]]),
    ('item_biases', np.full(150, np.nan, dtype=np.float32))], ids=lambda x: getattr(x, 'dtype', x).__str__())
def test_arrays_that_cannot_be_trained(data, name, wrong):
    model = LightFM(loss='warp').fit(data[0])
    setattr(model, name, wrong)
    with pytest.raises(ValueError, match=name.split('_')[0]):
        model.fit_partial(data[0])


def test_no_components_smaller_than_the_arrays(data):
    train, _ = data
    model = LightFM(no_components=8, loss='warp').fit(train, epochs=2)
    rest = model.item_embeddings[:, 5:].copy()
    first = model.item_embeddings[:, :5].copy()
    model.no_components = 5
    u, i = np.array([1, 2]), np.array([3, 4])
    expected = (model.user_embeddings[u, :5] * model.item_embeddings[i, :5]).sum(1) + model.user_biases[u] + \
        model.item_biases[i]
    assert np.allclose(model.predict(u, i), expected, atol=1e-6)
    model.fit_partial(train)
    assert np.array_equal(model.item_embeddings[:, 5:], rest) and not np.array_equal(model.item_embeddings[:, :5], first)
    model.no_components = 9
    with pytest.raises(ValueError, match='no_components'):
        model.predict(u, i)


FORMATS = ['coo', 'csr', 'csc', 'lil', 'dok']
DTYPES = [np.int8, np.int32, np.int64, np.float32, np.float64, np.uint8, bool]


@pytest.mark.parametrize('dtype', DTYPES, ids=lambda d: np.dtype(d).name)
@pytest.mark.parametrize('form', FORMATS)
def test_matrix_types(data, form, dtype):
    train, _ = data
    given = train.astype(dtype).asformat(form)
    before = given.copy()
    features = sp.identity(train.shape[1], dtype=dtype).asformat(form)
    model = LightFM(loss='warp', random_state=1).fit(given, item_features=features, epochs=2)
    assert given.dtype == before.dtype and given.format == form and (given != before).nnz == 0
    assert features.dtype == np.dtype(dtype) and features.format == form
    assert np.isfinite(model.item_embeddings).all()
    assert model.predict_rank(given, item_features=features).dtype == np.float32
    assert len(model.predict([0, 1], [2, 3], item_features=features)) == 2


@pytest.mark.skipif(not hasattr(sp, 'coo_array'), reason='SciPy without sparse arrays')
@pytest.mark.parametrize('kind', ['coo_array', 'csr_array'])
def test_sparse_arrays_are_matrices_too(data, kind):
    train, _ = data
    given = getattr(sp, kind)(train)
    a, b = LightFM(loss='warp', random_state=1), LightFM(loss='warp', random_state=1)
    assert np.array_equal(a.fit(given).user_embeddings, b.fit(train.asformat(given.format)).user_embeddings)
    ranks = a.predict_rank(given)
    assert isinstance(ranks, sp.csr_matrix) and ranks.nnz == train.nnz


def test_features_by_identity_and_by_nothing_are_the_same(data):
    train, _ = data
    plain = LightFM(loss='warp', random_state=1).fit(train, epochs=3)
    given = LightFM(loss='warp', random_state=1).fit(
        train, user_features=sp.identity(train.shape[0]), item_features=sp.identity(train.shape[1]).tocoo(), epochs=3)
    assert same(plain, given)


def test_features_of_more_rows(data):
    train, _ = data
    wide = sp.vstack([sp.identity(train.shape[1]), sp.random(7, train.shape[1], 0.2)]).tocsr()
    model = LightFM(loss='warp', random_state=1).fit(train, item_features=wide, epochs=2)
    assert model.item_embeddings.shape == (train.shape[1], 10)
    assert len(model.predict(0, np.arange(train.shape[1] + 7), item_features=wide)) == train.shape[1] + 7


def test_features_that_do_not_fit(data):
    train, _ = data
    n_users, n_items = train.shape
    few = sp.csr_matrix((n_users - 1, 4), dtype=np.float32)
    with pytest.raises(Exception, match='rows'):
        LightFM().fit_partial(train, user_features=few)
    with pytest.raises(Exception, match='rows'):
        LightFM().fit_partial(train, item_features=sp.csr_matrix((n_items - 1, 4)))
    model = LightFM().fit(train)
    for width in (n_items - 1, n_items + 1):
        with pytest.raises(ValueError, match='item_features'):
            model.fit_partial(train, item_features=sp.random(n_items, width, 0.1).tocsr())
    with pytest.raises(ValueError, match='user_features'):
        model.fit_partial(sp.vstack([train, train]))


@pytest.mark.parametrize('bad', [np.nan, np.inf, -np.inf])
def test_what_is_not_finite(data, bad):
    train, _ = data
    spoilt = train.copy()
    spoilt.data[5] = bad
    features = sp.identity(train.shape[0], format='csr', dtype=np.float32)
    features.data[7] = bad
    for arguments in ({'interactions': spoilt}, {'interactions': train, 'user_features': features},
                      {'interactions': train, 'sample_weight': spoilt}):
        with pytest.raises(ValueError, match='NaN'):
            LightFM(loss='warp').fit(**arguments)


@pytest.mark.filterwarnings('error')
def test_large_finite_numbers_are_fine(data):
    train, _ = data
    large = train.copy()
    large.data = np.full(train.nnz, 3e38, dtype=np.float32)  # whose sum is infinite
    assert same(LightFM(random_state=1).fit(large), LightFM(random_state=1).fit(train))


def test_divergence_is_a_value_error(data):
    train, _ = data
    features = sp.identity(train.shape[1], format='csr', dtype=np.float32) * 1e10
    with pytest.raises(ValueError, match='diverged'):
        LightFM(loss='warp', learning_rate=1e6).fit(train, item_features=features, epochs=20)


def test_sample_weights(data):
    train, _ = data
    ones = sp.coo_matrix((np.ones(train.nnz), (train.row, train.col)), shape=train.shape)
    for loss in LOSSES[:3]:
        a, b, c, d = (LightFM(loss=loss, random_state=1) for _ in range(4))
        assert same(a.fit(train, epochs=2), b.fit(train, sample_weight=ones, epochs=2))
        assert not same(a, c.fit(train, sample_weight=ones * 0.5, epochs=2))
        before = d.fit(train, epochs=0).item_embeddings.copy()
        d.fit_partial(train, sample_weight=ones * 0, epochs=2)
        assert np.array_equal(before, d.item_embeddings)
        assert not same(d, b)


def test_sample_weights_that_do_not_fit():
    train = sp.coo_matrix(np.array([[0, 1], [0, 1]]))
    model = LightFM()
    for wrong in (sp.coo_matrix(np.zeros((2, 2))), np.zeros(3), sp.coo_matrix(np.ones((3, 2))), train.tocsr(),
                  sp.coo_matrix((train.data, (train.row[::-1], train.col[::-1])))):
        with pytest.raises(ValueError, match='[Ss]ample.weight'):
            model.fit(train, sample_weight=wrong)
    model.fit(train, sample_weight=sp.coo_matrix((train.data, (train.row, train.col))))
    model.fit(train, sample_weight=train)
    with pytest.raises(NotImplementedError):
        LightFM(loss='warp-kos').fit(train, sample_weight=np.ones(1))


@pytest.mark.parametrize('loss', LOSSES)
def test_nothing_to_learn_from(loss):
    model = LightFM(loss=loss).fit(sp.coo_matrix((10, 100), dtype=np.int32), epochs=3)
    assert len(model.predict(np.repeat(np.arange(10), 100), np.tile(np.arange(100), 10))) == 1000
    start = sp.coo_matrix((10, 100), dtype=np.float32)
    assert model.predict_rank(start).nnz == 0


def test_duplicates_are_each_stepped_on():
    once = sp.coo_matrix((np.ones(3), ([0, 1, 2], [0, 1, 2])), shape=(3, 4))
    twice = sp.coo_matrix((np.ones(6), ([0, 1, 2] * 2, [0, 1, 2] * 2)), shape=(3, 4))
    a, b = LightFM(random_state=1), LightFM(random_state=1)
    a.fit(once), b.fit(twice)
    assert (b.item_bias_gradients[:3] > a.item_bias_gradients[:3]).all()
    assert twice.nnz == 6


def test_explicit_negatives_count():
    data = sp.coo_matrix(np.array([[1, -1, 0, 0], [1, -1, 0, 0]]))
    model = LightFM(random_state=1).fit(data, epochs=30)
    scores = model.predict(0, np.arange(4))
    assert scores[0] > 0 > scores[1]
    # Items 2 and 3 are the only negatives: item 1 is known and never drawn.
    model = LightFM(loss='warp', random_state=1).fit(data, epochs=20)
    assert model.item_bias_gradients[1] == 1 and (model.item_bias_gradients[[0, 2, 3]] > 1).all()


@pytest.mark.parametrize('how', [copy.deepcopy, copy.copy, lambda m: pickle.loads(pickle.dumps(m))],
                         ids=['deepcopy', 'copy', 'pickle'])
def test_copies_are_whole(data, how):
    train, _ = data
    model = LightFM(loss='warp', no_components=4, random_state=9, item_alpha=1e-5).fit(train, epochs=2)
    other = how(model)
    assert same(model, other) and type(other) is LightFM
    mine, theirs = model.get_params(), other.get_params()
    mine.pop('random_state'), theirs.pop('random_state')
    assert mine == theirs
    ids = np.arange(20)
    assert np.array_equal(model.predict(1, ids), other.predict(1, ids))
    if how is not copy.copy:
        assert other.item_embeddings is not model.item_embeddings
        assert same(model.fit_partial(train), other.fit_partial(train))


def test_from_arrays(data):
    train, _ = data
    model = LightFM(loss='warp', random_state=9).fit(train, epochs=2)
    given = {name: getattr(model, name).tolist() for name in ARRAYS}
    assert same(model, from_arrays(**given, loss='warp'))
    brief = from_arrays(model.item_embeddings, model.item_biases, model.user_embeddings, model.user_biases)
    assert (brief.item_embedding_gradients == 1).all() and (brief.user_bias_momentum == 0).all()
    assert brief.item_embeddings is not model.item_embeddings
    assert np.array_equal(brief.predict(0, [1, 2]), model.predict(0, [1, 2]))
    with pytest.raises(ValueError, match='item_biases'):
        from_arrays(model.item_embeddings, model.item_biases[1:], model.user_embeddings, model.user_biases)


def test_from_pickle_of_the_original(data, tmp_path):
    """A pickle that names LightFM's own class, as LightFM writes it."""
    model = LightFM(loss='warp', random_state=9).fit(data[0], epochs=2)
    theirs = pickle.dumps(model, protocol=0).replace(b'lfm.lightfm.lightfm', b'lightfm.lightfm')
    path = tmp_path / 'model.pickle'
    path.write_bytes(theirs)
    for source in (path, str(path), open(path, 'rb')):
        read = from_pickle(source)
        assert type(read) is LightFM and same(read, model)
    source.close()
    path.write_bytes(pickle.dumps([1]))
    with pytest.raises(ValueError, match='list'):
        from_pickle(path)
