"""Scores, representations, ranks and metrics against plain readings of what they are."""
import numpy as np
import pytest
import scipy.sparse as sp

from lfm.lightfm import LightFM, evaluation
from lfm.lightfm.evaluation import auc_score, precision_at_k, recall_at_k, reciprocal_rank


@pytest.fixture(params=['identity', 'features'])
def world(request):
    """A fitted model, test and train, and its feature matrices."""
    random = np.random.RandomState(3)
    train = sp.rand(30, 45, 0.1, 'csr', random_state=1)
    test = sp.rand(30, 45, 0.12, 'csr', random_state=2)
    test = (test - test.multiply(train != 0)).tocsr()
    test.eliminate_zeros()
    features = {}
    if request.param == 'features':
        features = {'user_features': sp.rand(30, 6, 0.5, 'csr', random_state=random).astype(np.float32),
                    'item_features': sp.rand(45, 9, 0.4, 'csr', random_state=random).astype(np.float32)}
    model = LightFM(loss='warp', random_state=5).fit(train, epochs=5, **features)
    return model, test, train, features


def all_scores(model, shape, features):
    n_users, n_items = shape
    return model.predict(np.repeat(np.arange(n_users), n_items), np.tile(np.arange(n_items), n_users),
                         **features).reshape(shape)


def naive_ranks(scores, test, train):
    """{(user, item): rank}: other items scored at least as high, without train's."""
    ranks = {}
    for user in range(test.shape[0]):
        candidates = np.ones(test.shape[1], dtype=bool)
        if train is not None:
            candidates[train.indices[train.indptr[user]:train.indptr[user + 1]]] = False
        for item in test.indices[test.indptr[user]:test.indptr[user + 1]]:
            above = (scores[user] >= scores[user, item]) & candidates
            above[item] = False
            ranks[user, item] = int(above.sum())
    return ranks


def test_scores_are_dot_products_and_biases(world):
    model, test, _, features = world
    user_biases, users = model.get_user_representations(features.get('user_features'))
    item_biases, items = model.get_item_representations(features.get('item_features'))
    assert users.shape == (30, 10) and items.shape == (45, 10)
    assert {x.dtype for x in (users, items, user_biases, item_biases)} == {np.dtype(np.float32)}
    expected = users @ items.T + user_biases[:, None] + item_biases
    scores = all_scores(model, test.shape, features)
    assert scores.dtype == np.float32 and np.allclose(scores, expected, atol=1e-5)


def test_representations_without_features_are_the_arrays():
    model = LightFM().fit(sp.rand(5, 6, 0.5))
    assert model.get_item_representations()[0] is model.item_biases
    assert model.get_item_representations()[1] is model.item_embeddings
    assert model.get_user_representations()[0] is model.user_biases
    assert model.get_user_representations()[1] is model.user_embeddings
    with pytest.raises(ValueError):
        model.get_user_representations(sp.identity(6))


def test_predict_takes_users_in_many_forms(world):
    model, _, _, features = world
    items = np.arange(20)
    expected = model.predict(np.repeat(4, 20), items, **features)
    for user in (4, np.int64(4), np.int32(4)):
        assert np.array_equal(model.predict(user, items, **features), expected)
    for users, ids in ((np.repeat(np.int64(4), 20), items.astype(np.int64)), ([4] * 20, list(items)),
                       ((4,) * 20, tuple(items)), (np.repeat(4, 40)[::2], items.astype(np.int32)),
                       (np.repeat(4.0, 20), items.astype(np.uint16))):
        assert np.array_equal(model.predict(users, ids, **features), expected)
    for threads in (1, 2, 4):
        assert np.array_equal(model.predict(4, items, num_threads=threads, **features), expected)
    for few in (1, 3, 16, 17):
        assert np.array_equal(model.predict(4, items[:few], **features), expected[:few])
        assert np.array_equal(model.predict([4] * few, items[:few].tolist(), **features), expected[:few])


def test_predict_refuses(world):
    model, _, _, features = world
    for users, items in (([0, 1], [1, 2, 3]), ([-1], [0]), ([0], [-1]), ([2**40], [0]), ([0], [2**31]),
                         ([30], [0]), ([0], [45]), ([], []), ([[0]], [[0]])):
        with pytest.raises(ValueError):
            model.predict(np.array(users), np.array(items), **features)
    for user in (-1, 30, 2**31, 2**70, np.int64(-1)):
        with pytest.raises(ValueError):
            model.predict(user, np.array([0]), **features)
    for n in (3, 30):
        with pytest.raises(ValueError):
            model.predict(0, np.r_[np.zeros(n, dtype=int), -1], **features)
    # What has a length has a wrong one; what has none, or the right one, is of a wrong kind.
    for user, kind in (('foo', ValueError), ({1, 2}, ValueError), ('x' * 30, TypeError), (None, TypeError), (1.0, TypeError)):
        with pytest.raises(kind):
            model.predict(user, np.arange(30), **features)


def test_predict_with_features_of_other_sizes():
    features = sp.rand(20, 8, 0.6, 'csr', random_state=1)
    model = LightFM(random_state=1).fit(sp.rand(10, 20, 0.3), item_features=features, epochs=2)
    ids = np.arange(20)
    whole = model.predict(3, ids, item_features=features)
    more = sp.vstack([features, features]).tocsr()
    assert np.array_equal(model.predict(3, np.arange(40), item_features=more), np.tile(whole, 2))
    narrow = features[:, :5]
    padded = sp.hstack([narrow, sp.csr_matrix((20, 3))]).tocsr()
    assert np.array_equal(model.predict(3, ids, item_features=narrow), model.predict(3, ids, item_features=padded))
    with pytest.raises(ValueError, match='9'):
        model.predict(3, ids, item_features=sp.csr_matrix((20, 9)))
    with pytest.raises(ValueError):  # without features items beyond the embeddings are unknown
        model.predict(3, np.array([8]))


def test_predict_of_numbers_that_are_not_finite():
    model = LightFM().fit(sp.rand(5, 6, 0.5))
    model.item_biases[2] = np.nan
    assert np.isnan(model.predict(0, np.arange(6))).tolist() == [False, False, True, False, False, False]


@pytest.mark.parametrize('form', ['csr', 'coo', 'csc', 'lil'])
def test_ranks(world, form):
    model, test, train, features = world
    scores = all_scores(model, test.shape, features)
    for excluded in (None, train):
        expected = naive_ranks(scores, test, excluded)
        for threads in (1, 3):
            ranks = model.predict_rank(test.asformat(form), excluded, num_threads=threads, **features)
            assert isinstance(ranks, sp.csr_matrix) and ranks.dtype == np.float32 and ranks.shape == test.shape
            got = ranks.tocoo()
            assert {(u, i): r for u, i, r in zip(got.row, got.col, got.data)} == expected


def test_ranks_leave_their_input_alone(world):
    model, test, train, features = world
    before = [x.copy() for x in (test.data, test.indices, test.indptr, train.data)]
    ranks = model.predict_rank(test, train, **features)
    ranks.data[:] = -1
    ranks.indices[:] = 0
    assert all(np.array_equal(a, b) for a, b in zip(before, (test.data, test.indices, test.indptr, train.data)))


def test_ranks_of_everything():
    n_users, n_items = 10, 100
    train = sp.rand(n_users, n_items, format='csr', random_state=42)
    model = LightFM(random_state=1).fit_partial(train)
    everything = sp.csr_matrix(np.ones((n_users, n_items)))
    ranks = model.predict_rank(everything, num_threads=2).toarray()
    assert (np.sort(ranks, axis=1) == np.arange(n_items)).all()
    ranks = model.predict_rank(everything, train_interactions=everything, check_intersections=False)
    assert (ranks.toarray() == 0).all()
    for name in ('user_embeddings', 'item_embeddings', 'user_biases', 'item_biases'):
        setattr(model, name, np.zeros_like(getattr(model, name)))
    ties = model.predict_rank(everything, num_threads=2).toarray()
    assert (ties == n_items - 1).all()
    for shape in ((5, 5), (n_users, n_items + 1), (n_users + 1, n_items), (n_users, n_items - 1)):
        with pytest.raises(ValueError):
            model.predict_rank(sp.csr_matrix(shape), num_threads=2)


def test_intersections_are_refused(world):
    model, test, train, features = world
    calls = [lambda **k: model.predict_rank(train, train_interactions=train.tocoo(), **k, **features),
             *(lambda f=getattr(evaluation, name), **k: f(model, train, train_interactions=train, **k, **features)
               for name in evaluation.__all__)]
    for call in calls:
        with pytest.raises(ValueError, match='share'):
            call()
        with pytest.raises(ValueError, match=f'share {train.nnz} '):
            call(check_intersections=True)
        call(check_intersections=False)
    # Zeros that are stored are no intersections.
    zeros = train.copy()
    zeros.data[:] = 0
    model.predict_rank(zeros, train_interactions=train, **features)
    with pytest.raises(ValueError, match='shape'):
        model.predict_rank(test, train_interactions=train[:, :-1], **features)


def test_a_check_of_intersections_of_ones_own(world, monkeypatch):
    model, test, train, features = world
    both = (test + train).tocsr()
    both.data[:] = 1
    calls = [lambda **k: model.predict_rank(both, train_interactions=train, **k, **features).toarray(),
             *(lambda f=getattr(evaluation, name), **k: f(model, both, train_interactions=train, **k, **features)
               for name in evaluation.__all__)]
    expected = [call(check_intersections=False) for call in calls]
    seen = []
    monkeypatch.setattr(LightFM, '_check_test_train_intersections', lambda self, *sets: seen.append(sets) or True)
    for call, numbers in zip(calls, expected):
        np.testing.assert_array_equal(call(), numbers)
    assert len(seen) == len(calls)


def naive_metrics(ranks, test, train, k):
    """Precision, recall, AUC, reciprocal rank of each user, as the documentation says."""
    n_users, n_items = test.shape
    rows = []
    for user in range(n_users):
        own = sorted(rank for (u, _), rank in ranks.items() if u == user)
        if not own:
            rows.append((0, 0, 0.5, 0))
            continue
        hits = sum(rank < k for rank in own)
        negatives = n_items - len(own) - (train.indptr[user + 1] - train.indptr[user] if train is not None else 0)
        auc = np.mean([1 - max(0, rank - t) / negatives for t, rank in enumerate(own)])
        rows.append((hits / k, hits / len(own), auc, 1 / (own[0] + 1)))
    return np.array(rows).T


class Other:
    """Not a LightFM, but one that ranks."""

    def __init__(self, model):
        self.model = model

    def predict_rank(self, *args, **kwargs):
        return self.model.predict_rank(*args, **kwargs)


class Redefined(LightFM):
    """A LightFM whose ranks are its own: every item is the best."""

    def predict_rank(self, test_interactions, **_):
        ranks = test_interactions.tocsr().astype(np.float32)
        ranks.data[:] = 0
        return ranks


@pytest.mark.parametrize('wrap', [lambda m: m, Other], ids=['LightFM', 'other'])
@pytest.mark.parametrize('k', [1, 3, np.int64(10), 45, 1000, 3.0])
def test_metrics(world, k, wrap):
    model, test, train, features = world
    test = test.copy()
    test.data[test.indptr[4]:test.indptr[5]] = 0  # a user without test items
    test.eliminate_zeros()
    scores = all_scores(model, test.shape, features)
    wanted = test.getnnz(axis=1) > 0
    assert not wanted.all()
    for excluded in (None, train):
        expected = naive_metrics(naive_ranks(scores, test, excluded), test, excluded, k)
        for threads in (1, 2):
            common = {'num_threads': threads, 'train_interactions': excluded, **features}
            for form in ('csr', 'coo'):
                for whole in (True, False):
                    got = [precision_at_k(wrap(model), test.asformat(form), k=k, preserve_rows=whole, **common),
                           recall_at_k(wrap(model), test.asformat(form), k=k, preserve_rows=whole, **common),
                           auc_score(wrap(model), test.asformat(form), preserve_rows=whole, **common),
                           reciprocal_rank(wrap(model), test.asformat(form), preserve_rows=whole, **common)]
                    assert [x.dtype for x in got] == [np.float32, np.float64, np.float32, np.float32]
                    for ours, theirs in zip(got, expected):
                        theirs = theirs if whole else theirs[wanted]
                        assert ours.shape == theirs.shape and np.allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize('ties', [False, True])
def test_hits_from_lists_and_from_ranks_are_the_same(ties, monkeypatch):
    from lfm.lightfm import _ranking
    train = sp.rand(40, 60, 0.2, 'csr', random_state=1)
    test = (lambda m: (m - m.multiply(train != 0)).tocsr())(sp.rand(40, 60, 0.4, 'csr', random_state=2))
    test.data[test.indptr[5]:test.indptr[6]] = 0
    test.eliminate_zeros()
    model = LightFM(loss='warp', no_components=3, random_state=5).fit(train, epochs=3)
    if ties:
        for name in ('user_embeddings', 'item_embeddings', 'user_biases', 'item_biases'):
            setattr(model, name, np.round(getattr(model, name)))
    found = {}
    monkeypatch.setattr(_ranking, '_AT_ONCE', 7)
    for longest in (200, 0):
        monkeypatch.setattr(_ranking, '_LONGEST_LIST', longest)
        found[longest] = [precision_at_k(model, test, excluded, k=k, preserve_rows=True)
                       for excluded in (None, train) for k in (1, 2, 10, 59, 60)]
    assert all(np.array_equal(a, b) for a, b in zip(*found.values()))
    assert sum(x.sum() for x in found[0]) > 10


def test_metrics_go_by_a_redefined_predict_rank():
    train = sp.rand(6, 20, 0.3, 'csr', random_state=1)
    model = Redefined().fit(train)
    assert (reciprocal_rank(model, train) == 1).all() and (recall_at_k(model, train, k=1) == 1).all()
    plain = LightFM().fit(train)
    plain.predict_rank = model.predict_rank
    assert (reciprocal_rank(plain, train) == 1).all()


def test_every_stored_entry_counts(world):
    """Whatever its value, and as often as it is stored."""
    model, test, train, features = world
    odd = test.copy()
    odd.data = np.where(np.arange(test.nnz) % 3, -odd.data, 0)
    for metric in (precision_at_k, recall_at_k, auc_score, reciprocal_rank):
        assert np.array_equal(metric(model, odd, train, **features), metric(model, test, train, **features))
    twice = sp.csr_matrix((np.ones(4), np.array([1, 1, 2, 2]), np.array([0, 4] + [4] * 29)), shape=test.shape)
    ranks = model.predict_rank(twice, **features)
    assert ranks.nnz == 4 and ranks.data[0] == ranks.data[1]
    hits = (ranks.data < 20).sum()
    assert precision_at_k(model, twice, k=20, **features)[0] == np.float32(hits / 20)
    assert recall_at_k(model, twice, k=20, **features)[0] == hits / 4


def test_one_user_and_nobody():
    model = LightFM(random_state=1).fit(sp.rand(1, 9, 0.5, random_state=1))
    one = sp.csr_matrix(np.eye(1, 9))
    nobody = sp.csr_matrix((1, 9))
    for metric in (precision_at_k, recall_at_k, auc_score, reciprocal_rank):
        assert metric(model, one).shape == (1,) and metric(model, one, preserve_rows=True).shape == (1,)
        assert metric(model, nobody).shape == (0,) and metric(model, nobody, preserve_rows=True).shape == (1,)
    assert auc_score(model, nobody, preserve_rows=True)[0] == 0.5
    everything = sp.csr_matrix(np.ones((1, 9)))
    assert auc_score(model, everything)[0] == 0.5  # no negatives


def test_ties_are_pessimistic():
    test = sp.rand(10, 100, 0.1, 'csr', random_state=1)
    model = LightFM(loss='bpr').fit(test)
    for name in ('user_embeddings', 'item_embeddings', 'user_biases', 'item_biases'):
        setattr(model, name, np.zeros_like(getattr(model, name)))
    assert precision_at_k(model, test, k=10).mean() == 0 and (reciprocal_rank(model, test) == np.float32(0.01)).all()


def test_infinite_representations_are_refused():
    train = sp.rand(10, 20, 0.3, 'csr', random_state=1)
    model = LightFM().fit(train)
    model.user_embeddings[3, 4] = np.inf
    with pytest.raises(ValueError, match='row 3, column 4'):
        precision_at_k(model, train)
