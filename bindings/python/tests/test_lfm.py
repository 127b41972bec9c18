"""The package's own interface: interactions, features, models, scorers, callbacks, files."""
import inspect
import logging
import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from conftest import planted

import lfm
import lfm.lightfm
from lfm import _abi, callbacks
from lfm._library import option_rows
from lfm._matrices import address


@pytest.fixture
def likes():
    train, _ = planted()
    return lfm.Interactions.from_pairs([f'u{n}' for n in train.row], [f'i{n}' for n in train.col])


def test_interactions_of_matrices():
    matrix = sp.coo_matrix((np.array([1, -1, 2.5]), ([0, 1, 1], [2, 0, 0])), shape=(3, 4))
    for given in (matrix, matrix.tocsr(), matrix.toarray()):
        made = lfm.Interactions(given)
        assert made.shape == (3, 4) and made.user_ids is None
    made = lfm.Interactions(matrix, weights=[1, 2, 0.5], timestamps=[7, 8, 9])
    assert made.nnz == 3 and made.tocoo().data.tolist() == [1, -1, 2.5] and made.tocoo().row.tolist() == [0, 1, 1]
    assert made.weights.tolist() == [1, 2, 0.5] and made.timestamps.tolist() == [7, 8, 9]
    assert lfm.Interactions(matrix, duplicates='sum').tocoo().data.tolist() == [1, 1.5]
    again = pickle.loads(pickle.dumps(made))
    assert (again.tocoo() != made.tocoo()).nnz == 0 and again.timestamps.tolist() == [7, 8, 9]
    assert lfm.Interactions.of(made) is made and '3 entries' in repr(made)
    for wrong in ({'duplicates': 'reject'}, {'duplicates': 'what'}, {'user_ids': ['a']}, {'weights': [-1, 1, 1]}):
        with pytest.raises(ValueError):
            lfm.Interactions(matrix, **wrong)


def test_interactions_of_pairs():
    made = lfm.Interactions.from_pairs(['b', 'a', 'b'], [7, 7, 3], values=[1, 2, -1], weights=[1, 1, 2])
    assert made.user_ids.names.tolist() == ['b', 'a'] and made.item_ids.names.tolist() == [7, 3]
    assert made.tocoo().toarray().tolist() == [[1, -1], [2, 0]]
    test = lfm.Interactions.from_pairs(['a', 'x'], [3, 3], user_ids=made.user_ids, item_ids=made.item_ids, unknown='drop')
    assert test.shape == made.shape and test.nnz == 1 and test.user_ids is made.user_ids
    with pytest.raises(KeyError, match="'x'"):
        lfm.Interactions.from_pairs(['x'], [3], user_ids=made.user_ids, item_ids=made.item_ids)


def test_interactions_of_frames():
    pandas = pytest.importorskip('pandas')
    frame = pandas.DataFrame({'who': ['b', 'a', 'b'], 'what': ['p', 'q', 'p'], 'stars': [5, 4, 3], 'at': [1, 2, 3]})
    made = lfm.Interactions.from_frame(frame, 'who', 'what', 'stars', timestamp='at')
    assert made.user_ids.names.tolist() == ['b', 'a'] and made.tocoo().data.tolist() == [5, 4, 3]
    assert made.timestamps.tolist() == [1, 2, 3]
    polars = pytest.importorskip('polars')
    same = lfm.Interactions.from_frame(polars.DataFrame({name: frame[name].tolist() for name in frame}), 'who', 'what',
                                       'stars')
    assert (same.tocoo() != made.tocoo()).nnz == 0


def test_splitting_and_dropping(likes):
    train, test = likes.split(fraction=0.25, seed=3)
    assert train.shape == test.shape == likes.shape and train.nnz + test.nnz == likes.nnz
    assert abs(test.nnz - likes.nnz / 4) < 2 and train.user_ids is likes.user_ids
    assert train.tocoo().tocsr().multiply(test.tocoo().tocsr()).nnz == 0
    assert (likes.split(seed=3)[1].tocoo() != likes.split(seed=3)[1].tocoo()).nnz == 0
    _, out = likes.split('leave-out', k=2, user_fraction=1)
    assert set(out.tocoo().getnnz(axis=1)) <= {0, 2}
    with pytest.raises(ValueError):
        likes.split('last')
    with pytest.raises(ValueError, match='leave-out'):
        likes.split('by luck')
    kept = likes.threshold(16, 12)
    counts = kept.tocoo()
    assert counts.getnnz(axis=1).min() >= 16 and counts.getnnz(axis=0).min() >= 12
    assert set(kept.user_ids) < set(likes.user_ids)
    assert lfm.Interactions(likes.tocoo()).threshold(16, 12).user_ids.names.dtype.kind == 'i'


def test_features():
    made = lfm.Features.from_tags(['a', 'b', 'c'], {'b': ['x', 'y'], 'a': {'y': 3}, 'other': ['z']})
    assert made.n_rows == 3 and made.n_features == 5 and made.first_named == 3
    assert made.names.names.tolist() == ['x', 'y']
    plain = lfm.Features(sp.identity(4), names=list('pqrs'))
    assert plain.n_features == 4 and plain.first_named == 0
    assert lfm.Features.of(plain) is plain and lfm.Features.of(None) is None
    assert pickle.loads(pickle.dumps(made)).names.names.tolist() == ['x', 'y']
    with pytest.raises(KeyError, match='z'):
        lfm.Features.from_tags(['a'], {'a': ['z']}, names=['x'])
    with pytest.raises(ValueError):
        lfm.Features(sp.identity(4), names=['p'])


def test_parameters_are_the_librarys_options():
    defaults = {name: p.default for name, p in inspect.signature(lfm.Model.__init__).parameters.items() if name != 'self'}
    table = {}
    for group in (_abi.LFM_OPTIONS_MODEL, _abi.LFM_OPTIONS_TRAIN):
        for name, text, choices, _, kind in option_rows(group):
            table[name] = text if choices is not None else text == 'true' if kind == _abi.LFM_OPTION_SWITCH else float(text)
    table.pop('draw_seed')  # calls follow from the seed and the count of epochs
    assert set(defaults) == set(table)
    assert {name: value if isinstance(value, (str, bool)) else float(value) for name, value in defaults.items()} == table


def test_estimator():
    base = pytest.importorskip('sklearn.base')
    model = lfm.Model(8, loss='bpr', seed=4)
    assert base.clone(model).get_params() == model.get_params()
    assert repr(model) == "Model(components=8, loss='bpr', seed=4)"
    assert model.set_params(epochs=3) is model and model.epochs == 3
    with pytest.raises(ValueError, match='nonsense'):
        model.set_params(nonsense=1)
    with pytest.raises(ValueError, match='not fitted'):
        model.recommend('u1')
    with pytest.raises(ValueError, match='warp'):
        lfm.Model(loss='what').fit(sp.identity(3))


def test_grid_search(likes):
    search = pytest.importorskip('sklearn.model_selection')
    matrix = likes.tocoo().tocsr()
    rows = np.arange(matrix.shape[0])
    found = search.GridSearchCV(lfm.Model(epochs=5, threads=1), {'components': [2, 16]}, cv=[(rows, rows)])
    assert found.fit(matrix).best_params_ == {'components': 16}


def test_training_and_answers(likes):
    train, test = likes.split()
    model = lfm.Model(16, threads=1).fit(train)
    assert model.epochs_done == 20
    found = lfm.evaluate(model, test)
    assert set(found) == {'precision@10', 'recall@10', 'auc', 'mrr'} and found['auc'].mean > 0.75
    assert found['auc'].n_users == (test.tocoo().getnnz(axis=1) > 0).sum()
    interval = model.evaluate(test, 'auc', bootstrap=100)['auc']
    assert interval.low < interval.mean < interval.high
    users = model.scorer().evaluate_users(test, ['auc'])['auc']
    assert np.nanmean(users) == pytest.approx(found['auc'].mean)
    items, scores = model.recommend('u1', 5)
    assert len(items) == 5 and (np.diff(scores) <= 0).all() and np.array_equal(scores, model.predict('u1', items))
    known = set(train.item_ids.names[train.tocoo().tocsr()[train.user_ids.places['u1']].indices])
    assert not known & set(items) and known & set(model.recommend('u1', 20, exclude=None)[0])
    table, numbers = model.recommend(['u1', 'u2'], 5)
    assert table.shape == numbers.shape == (2, 5) and table[0].tolist() == items.tolist()
    assert model.recommend(k=3)[0].shape == (train.n_users, 3)
    assert model.recommend('u1', 5, candidates=['i1', 'i2'], exclude=None)[0].tolist() in (['i1', 'i2'], ['i2', 'i1'])
    assert 'i3' not in model.recommend('u1', 200, exclude=None, exclude_items=['i3'])[0]
    with pytest.raises(KeyError, match='nobody'):
        model.recommend('nobody')
    assert model.predict('u1', items[0]).tolist() == [scores[0]]
    for user, item in (('nobody', 'i1'), ('u1', 'nothing'), (1, 'i1')):
        with pytest.raises(KeyError):
            model.predict(user, item)
    similar, near = model.similar('i1', 4)
    assert len(similar) == 4 and 'i1' not in similar and (near <= 1).all()
    whole = model.explain('u1', items[0], 3)
    assert whole.score == pytest.approx(scores[0], abs=1e-5)
    assert sum(part.value for part in whole.parts) + whole.remainder == pytest.approx(whole.score)
    vectors, biases = model.parameters('item')
    assert vectors.shape == (likes.n_items, 16) and biases.shape == (likes.n_items,)
    assert np.array_equal(vectors, model.scorer().representations('item')[0])


def test_rows_by_number():
    train, _ = planted()
    model = lfm.Model(8, epochs=3).fit(train)
    items, _ = model.recommend(3, 5)
    assert items.dtype == np.int32 and model.recommend(np.int64(3), 5)[0].tolist() == items.tolist()
    with pytest.raises(TypeError):
        model.recommend('u3')
    with pytest.raises(ValueError):
        model.recommend(10**6)
    for far in (-1, 2**31, 2**32 + 3):  # not row 3 after dropping what does not fit 32 bits
        for users in (far, [far]):
            with pytest.raises(ValueError):
                model.recommend(users)
            with pytest.raises(ValueError):
                model.predict(users, 0)
            with pytest.raises(ValueError):
                model.predict(0, users)
    with pytest.raises(TypeError):
        model.predict(3, 'i3')
    for user, item in ((3, 7), (np.int64(3), np.int32(7)), (np.int16(3), np.uint8(7))):
        assert model.predict(user, item).tolist() == model.predict([3], [7]).tolist()
    for user in (0, 3):
        for options in ({}, {'exclude': None}, {'k': 1}, {'k': 10**6}):
            one, many = model.recommend(user, **options), model.recommend([user], **options)
            there = many[0][0] >= 0
            assert one[0].tolist() == many[0][0][there].tolist() and one[1].tolist() == many[1][0][there].tolist()


def test_resuming_is_training_on(likes):
    whole = lfm.Model(8, epochs=6, threads=1).fit(likes)
    parts = lfm.Model(8, threads=1).partial_fit(likes, epochs=2).partial_fit(likes, epochs=4)
    again = pickle.loads(pickle.dumps(lfm.Model(8, epochs=5, threads=1).fit(likes))).partial_fit(likes, epochs=1)
    for model in (parts, again):
        assert np.array_equal(model.parameters('user')[0], whole.parameters('user')[0])
    assert whole.recommend('u1')[0].tolist() == pickle.loads(pickle.dumps(whole)).recommend('u1')[0].tolist()


def test_tags(likes):
    groups = {name: [f'tag{int(name[1:]) % 5}'] for name in likes.item_ids}
    features = lfm.Features.from_tags(likes.item_ids, groups)
    model = lfm.Model(16, threads=1, epochs=10).fit(likes, item_features=features)
    tags, near = model.similar('i7', 9, space='item', among='item_feature', exclude=None)
    assert sorted(tags) == [f'tag{n}' for n in range(5)] and tags[0] == 'tag2'
    lacking, closeness = model.similar('i7', 9, space='item', among='item_feature')
    assert lacking.tolist() == tags[1:].tolist() and closeness.tolist() == near[1:].tolist()
    both, _ = model.similar(['i7', 'i8'], 9, space='item', among='item_feature')
    assert both.shape == (2, 9) and both[0].tolist() == [*lacking, *[None] * 5] and 'tag3' not in both[1]
    items, _ = model.similar('tag2', 3, space='item_feature', among='item')
    assert all(name.startswith('i') for name in items)
    assert len(model.similar('tag2', 9, space='item_feature')[0]) == 4
    assert {part.item_feature for part in model.explain('u1', 'i7', 100).parts} == {None, 'i7', 'tag2'}
    with pytest.raises(ValueError, match='space'):
        model.similar('i7', space='nothing')


def test_callbacks(likes, caplog):
    train, test = likes.split()
    seen = []
    stopper = callbacks.EarlyStopping(test, 'auc', patience=2)
    with caplog.at_level(logging.INFO):
        model = lfm.Model(8, epochs=200, threads=1).fit(train, callbacks=[
            callbacks.LearningRate(lambda epoch: 0.05 / (1 + epoch)), stopper, callbacks.Logging(),
            lambda state: seen.append((state.epoch, state.learning_rate, state.metrics['auc']))])
    assert 2 < model.epochs_done < 200 and len(seen) == model.epochs_done == stopper.best_epoch + 2
    assert seen[1][1] == 0.05 / 3 and stopper.best == max(row[2] for row in seen)
    assert f'epoch 1 of 200: loss' in caplog.text and 'auc' in caplog.text
    measured = callbacks.Validation(test, ['auc'], every=2)
    lfm.Model(8, epochs=5).fit(train, callbacks=[measured])
    assert [epoch for epoch, _ in measured.history] == [2, 4, 5]


def test_progress_bar(likes, capsys):
    pytest.importorskip('tqdm')
    lfm.Model(4, epochs=3).fit(likes, callbacks=[callbacks.Progress()])
    assert '3/3' in capsys.readouterr().err


def test_exceptions_of_callbacks_come_out(likes):
    def fail(state):
        if state.epoch == 2:
            raise KeyError('mine')
    model = lfm.Model(4, epochs=5)
    with pytest.raises(KeyError, match='mine'):
        model.fit(likes, callbacks=[fail])
    assert model.epochs_done == 2 and len(model.recommend('u1', 3)[0]) == 3


def test_files(likes, tmp_path):
    groups = {name: [f'tag{int(name[1:]) % 5}'] for name in likes.item_ids}
    features = lfm.Features.from_tags(likes.item_ids, groups)
    for given in ({}, {'item_features': features}):
        model = lfm.Model(8, loss='bpr', epochs=3, threads=1, user_alpha=1e-6, seed=9).fit(likes, **given)
        model.save(tmp_path / 'model.lfm')
        read = lfm.Model.load(tmp_path / 'model.lfm')
        assert read.get_params() == model.get_params() and read.epochs_done == 3
        assert read.recommend('u1', 5)[0].tolist() == model.recommend('u1', 5)[0].tolist()
        assert read.similar('i1', 3)[0].tolist() == model.similar('i1', 3)[0].tolist()
        if given:
            assert read.similar('i1', 3, among='item_feature')[0].tolist() == \
                model.similar('i1', 3, among='item_feature')[0].tolist()
        read.partial_fit(likes, epochs=1), model.partial_fit(likes, epochs=1)
        assert np.array_equal(read.parameters('user')[0], model.parameters('user')[0])
    numbered = lfm.Model(4, epochs=1).fit(lfm.Interactions.from_pairs([10**12, 5], [3, 4]))
    numbered.save(str(tmp_path / 'n.lfm'))
    assert lfm.Model.load(tmp_path / 'n.lfm').recommend(10**12, 2, exclude=None)[0].tolist() in ([3, 4], [4, 3])
    with pytest.raises(FileNotFoundError, match='no-such'):
        lfm.Model.load(tmp_path / 'no-such.lfm')
    with pytest.raises(lfm.FileError, match='no-such'):
        model.save(tmp_path / 'no-such' / 'm.lfm')
    for call in (model.save, lfm.Model.load):
        with pytest.raises(ValueError, match='NUL'):
            call(str(tmp_path / 'm.lfm\0x'))


def test_growing(likes):
    model = lfm.Model(8, epochs=5, threads=1).fit(likes)
    before = model.parameters('user')[0]
    model.resize(user_ids=['new', 'u1'], item_ids=['fresh'])
    vectors = model.parameters('user')[0]
    assert len(vectors) == len(before) + 1 and np.array_equal(vectors[:-1], before)
    assert len(model.recommend('new', 3)[0]) == 3
    more = lfm.Interactions.from_pairs(['new', 'new'], ['i1', 'fresh'], user_ids=model._ids['user'],
                                       item_ids=model._ids['item'])
    model.partial_fit(more, epochs=2)
    assert model.recommend('new', 3)[0].tolist() != ['i1'] and model.epochs_done == 7


def test_folding_in(likes):
    train = likes.tocoo().tocsr()
    model = lfm.Model(16, epochs=20, threads=1).fit(likes)
    scorer = model.scorer()
    new = sp.csr_matrix(train[:3])
    vectors, biases = scorer.fold_in(new, epochs=30, loss='warp')
    assert vectors.shape == (3, 16) and biases.shape == (3,)
    items, _ = scorer.recommend_vectors(vectors, 10, exclude=new)
    old, _ = scorer.recommend([likes.user_ids.names[n] for n in range(3)], 10)
    assert sum(len(set(a) & set(b)) for a, b in zip(items.tolist(), old.tolist())) > 10
    with pytest.raises(ValueError, match='nonsense'):
        scorer.fold_in(new, nonsense=1)


def test_scorer_of_embeddings():
    random = np.random.RandomState(1)
    users, items = random.randn(5, 4), random.randn(7, 4)
    scorer = lfm.Scorer.from_embeddings(users, items, item_biases=random.randn(7), item_ids=list('abcdefg'))
    want = users[2] @ items.T + scorer.representations('item')[1]
    found, scores = scorer.recommend(2, 7)
    assert np.allclose(scores, np.sort(want)[::-1], atol=1e-5) and found[0] == 'abcdefg'[int(np.argmax(want))]
    assert scorer.n_users == 5 and scorer.n_items == 7
    with pytest.raises(ValueError):
        lfm.Scorer.from_embeddings(users, items[:, :3])


def test_addresses_of_arrays_of_all_kinds():
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    fixed = array.copy()
    fixed.flags.writeable = False
    for given in (array, fixed, array[1:], array.T, array[:, 1:3], array[::-1], array[:0], np.empty(0, np.int32)):
        assert address(given) == given.__array_interface__['data'][0]


def test_ids_of_other_interactions():
    """Interactions whose ids are numbered otherwise than the model's are refused, never taken for others'."""
    users, items = list('aabbccdd'), list('wxxyyzzw')
    likes = lfm.Interactions.from_pairs(users, items)
    same = lfm.Interactions.from_pairs(users[::-1], items[::-1])
    model = lfm.Model(2, epochs=2, threads=1).fit(likes)
    assert model.evaluate(likes, 'auc', exclude=None)['auc'].mean >= 0
    for call in (lambda: model.evaluate(same, 'auc', exclude=None), lambda: model.recommend('a', 2, exclude=same),
                 lambda: model.scorer().fold_in(same), lambda: model.partial_fit(same, epochs=1)):
        with pytest.raises(ValueError, match='ids are not numbered as the model'):
            call()


def test_offsets_that_lead_out_of_a_matrix():
    """SciPy itself would read beyond its arrays."""
    for wrong in (10 ** 6, -5):
        for kind in ('csr', 'csc'):
            matrix = sp.random(20, 20, 0.3, random_state=1).asformat(kind)
            matrix.indptr[3] = wrong
            with pytest.raises(ValueError, match='indptr'):
                lfm.Interactions(matrix)
            with pytest.raises(ValueError, match='indptr'):
                lfm.lightfm.LightFM().fit(matrix)


@pytest.mark.parametrize('name, value', [('components', 2 ** 32 + 8), ('epochs', 2 ** 64 + 1), ('components', 6.9),
                                         ('epochs', '8'), ('threads', float('nan')), ('max_sampled', float('inf'))])
def test_options_that_are_no_whole_numbers(name, value):
    """Neither wrapped around nor rounded."""
    with pytest.raises(TypeError if isinstance(value, str) else ValueError, match=name):
        lfm.Model(**{name: value}).fit(sp.identity(3))
