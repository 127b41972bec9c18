"""What must not get lost or mixed up: ids, what users have seen, a model that a refused call had to do with, Ctrl-C."""
import datetime
import os
import pickle
import signal
import threading
import time

import numpy as np
import pytest
import scipy.sparse as sp

import lfm

KIND = 5


@pytest.fixture(scope='module')
def likes():
    random = np.random.default_rng(1)
    person = random.integers(60, size=1500)
    thing = 20 * (person % KIND) + random.integers(20, size=1500)
    return lfm.Interactions.from_pairs([f'u{n}' for n in person], [f'i{n}' for n in thing], duplicates='last')


@pytest.fixture
def model(likes):
    return lfm.Model(8, epochs=5, threads=1).fit(likes)


def known_of(interactions, user):
    row = interactions.user_ids.places[user]
    return {interactions.item_ids.names[item] for item in interactions.tocoo().tocsr()[row].indices}


@pytest.mark.parametrize('users', [[1, '1', 2], [b'a', b'b', b'c'], [1.5, 2.0, 3.0], [True, False, 7],
                                   [datetime.date(2020, 1, day) for day in (1, 2, 3)], [2**63 + 1, 2**63 + 2, 5],
                                   [('a', 1), ('a', 2), ('b', 1)]], ids=str)
def test_ids_that_files_cannot_keep_are_refused_by_save(users, tmp_path):
    column = np.empty(3, dtype=object)
    column[:] = users
    model = lfm.Model(2, epochs=1).fit(lfm.Interactions.from_pairs(column, ['x', 'y', 'z']))
    with pytest.raises(ValueError, match='user ids: .* files keep'):
        model.save(tmp_path / 'model.lfm')
    assert not (tmp_path / 'model.lfm').exists()
    again = pickle.loads(pickle.dumps(model))
    for user in users:
        assert np.array_equal(again.predict([user], ['x']), model.predict([user], ['x']))


def test_dates_and_ids_that_are_the_same_bytes_are_refused_by_save(tmp_path):
    dated = lfm.Interactions(np.eye(3), user_ids=np.array([1, 2, 3], 'M8[ns]'))
    with pytest.raises(ValueError, match='user ids: .* files keep'):
        lfm.Model(2, epochs=1).fit(dated).save(tmp_path / 'model.lfm')
    model = lfm.Model(2, epochs=1).fit(lfm.Interactions.from_pairs(['ä', '\udcc3\udca4'], ['x', 'y']))
    with pytest.raises(ValueError, match='user ids: two of them are the same bytes'):
        model.save(tmp_path / 'model.lfm')


@pytest.mark.parametrize('users', [['a\0x', 'a\0y', ''], [101.0, 7.0, 2.0**52], [-2**63, 0, 2**63 - 1],
                                   ['ä', '\udc80', '日']], ids=ascii)
def test_ids_that_files_keep(users, tmp_path):
    model = lfm.Model(2, epochs=1).fit(lfm.Interactions.from_pairs(users, ['x', 'y', 'z']))
    model.save(tmp_path / 'model.lfm')
    again = lfm.Model.load(tmp_path / 'model.lfm')
    assert list(again.scorer().ids['user']) == users
    for user in users:
        assert again.predict(user, 'x') == model.predict(user, 'x')


@pytest.mark.parametrize('missing', [None, float('nan'), np.datetime64('NaT')], ids=str)
def test_missing_ids_are_nobodys(missing):
    for users in (['a', missing, 'b'], ['a', 'a', missing]):
        place = users.index(missing)
        for call in (lambda: lfm.Interactions.from_pairs(users, [1, 2, 3]),
                     lambda: lfm.Interactions.from_pairs([1, 2, 3], users)):
            with pytest.raises(ValueError, match=f'(users|items): number {place} is'):
                call()
    with pytest.raises(ValueError, match="user_ids: number 1 is .* nobody's id"):
        lfm.Interactions(np.eye(3), user_ids=['a', missing, 'b'])
    with pytest.raises(ValueError, match="names: number 0 is .* nobody's id"):
        lfm.Features.from_tags(['a'], {'a': [missing]})


def test_whole_numbers_in_a_list_stay_apart():
    made = lfm.Interactions.from_pairs([2**63 + 1, 2**63 + 2, -1], [1, 2, 3])
    assert list(made.user_ids) == [2**63 + 1, 2**63 + 2, -1]
    for column in ((2**53 + 1, 2**53, 0.5), [np.int64(2**53 + 1), np.int64(2**53), 0.5]):
        assert list(lfm.Interactions.from_pairs(column, [1, 2, 3]).user_ids) == [2**53 + 1, 2**53, 0.5]
    made = lfm.Interactions.from_pairs(np.array([2**63 + 5, 1], dtype=np.uint64), [1, 2])
    assert list(made.user_ids) == [2**63 + 5, 1]


def test_what_users_have_seen_stays_left_out(likes, model, tmp_path):
    known = known_of(likes, 'u7')
    model.resize(user_ids=['new'], item_ids=['i-new'])
    everything = model.recommend('u7', 200)[0]
    assert not known & set(everything) and len(everything) == len(likes.item_ids) + 1 - len(known)
    more = lfm.Interactions.from_pairs(['u7', 'new', 'new'], ['i-new', 'i1', 'i-new'], user_ids=model.scorer().ids['user'],
                                       item_ids=model.scorer().ids['item'])
    for _ in range(3):
        model.partial_fit(more, epochs=1)
    model.save(tmp_path / 'model.lfm')
    for of in (model, lfm.Model.load(tmp_path / 'model.lfm'), pickle.loads(pickle.dumps(model))):
        assert not (known | {'i-new'}) & set(of.recommend('u7', 200)[0])
        assert not {'i1', 'i-new'} & set(of.recommend('new', 200)[0])
        assert of.scorer().seen.nnz == likes.nnz + 3


def test_seen_of_many_calls_is_kept_in_few_parts():
    matrix = sp.random(50, 40, 0.2, 'csr', random_state=1)
    model = lfm.Model(2, threads=1)
    for _ in range(5):
        model.partial_fit(matrix, epochs=1)
    assert model.scorer().seen.nnz == matrix.nnz and not model._seen._parts
    random = np.random.default_rng(1)
    pairs = {*zip(*matrix.nonzero())}
    batch = sp.coo_matrix((np.ones(20), (np.arange(20), np.arange(20))), shape=(50, 40))
    for call in range(300):  # one buffer for all
        batch.row[:], batch.col[:] = random.integers(50, size=20), random.integers(40, size=20)
        pairs |= {*zip(batch.row, batch.col)}
        model.partial_fit(batch, epochs=1)
        assert len(model._seen._parts) <= 8 and sum(len(part[0]) for part in model._seen._parts) <= 2 * 50 * 40
    seen = model.scorer().seen.tocoo()
    assert {*zip(seen.row, seen.col)} == pairs and seen.nnz == len(pairs)


def test_seen_keeps_the_last_value_and_explicit_negatives():
    def one(value):
        return sp.coo_matrix(([value], ([0], [1])), shape=(3, 4))
    model = lfm.Model(2, epochs=1, threads=1).fit(sp.coo_matrix(np.eye(3, 4)))
    for value in (2.0, -1.0):
        model.partial_fit(one(value))
    assert model.scorer().seen.tocoo().toarray().tolist() == [[1, -1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]


def test_a_grown_model_is_saved(likes, model, tmp_path):
    model.resize(user_ids=['new'], item_ids=['i-new'])
    model.save(tmp_path / 'model.lfm')
    again = lfm.Model.load(tmp_path / 'model.lfm')
    for user in ('u7', 'new'):
        assert again.recommend(user, 200)[0].tolist() == model.recommend(user, 200)[0].tolist()
    model.partial_fit(likes, epochs=1)
    assert model.predict('new', 'i-new').shape == (1,)
    model.resize(user_ids=['another'])
    assert model.scorer().n_users == len(likes.user_ids) + 2
    model.partial_fit(lfm.Interactions(likes.tocoo(), user_ids=likes.user_ids), epochs=1)
    assert model.predict('another', 'i-new').shape == (1,)
    for more, told in (([None], 'nobody'), ([float('nan')], 'nobody'), ([{}], 'user_ids: .*hashable')):
        with pytest.raises((ValueError, TypeError), match=told):
            model.resize(user_ids=more)
    model.resize(user_ids=[2**63 + 1, 2**63 + 2, -1, ('a', 1)])
    assert list(model.scorer().ids['user'])[-4:] == [2**63 + 1, 2**63 + 2, -1, ('a', 1)]


def test_features_of_other_rows_are_refused(likes, model):
    tags = lfm.Features.from_tags(likes.item_ids, {name: [f'of {name}'] for name in likes.item_ids})
    for features in (tags, pickle.loads(pickle.dumps(tags))):
        lfm.Model(2, epochs=1).fit(likes, item_features=features)
        fewer = likes.threshold(min_item=9)
        assert 0 < fewer.n_items < likes.n_items
        with pytest.raises(ValueError, match="item_features: ids are not numbered as the interactions'.*from_tags"):
            model.fit(fewer, item_features=features)
    assert model.epochs_done == 5
    more = [*likes.item_ids, 'another']  # those that training does not know may stand behind
    wider = lfm.Model(2, epochs=1).fit(likes, item_features=lfm.Features.from_tags(more, {'another': ['new']}))
    assert 'another' in wider.recommend('u1', 200)[0] and wider.predict('u1', 'another').shape == (1,)
    with pytest.raises(ValueError, match='2 ids for 3 rows'):
        lfm.Features(np.eye(3), ids=['a', 'b'])


@pytest.mark.parametrize('change', [{'epochs': -1}, {'loss': 'x'}, {'components': 0}, {'learning_rate': -1.0}, {'seed': 'a'},
                                    {'components': 2**31 - 1}], ids=str)
def test_a_refused_fit_leaves_the_model(likes, model, change):
    before = model.recommend('u1', 3)
    with pytest.raises((ValueError, TypeError, MemoryError)):
        model.set_params(**change).fit(likes)
    with pytest.raises(ValueError):
        model.set_params(**{name: getattr(lfm.Model(), name) for name in change}).fit(likes, item_features=np.eye(3))
    assert model.epochs_done == 5
    assert np.array_equal(before[0], model.recommend('u1', 3)[0]) and np.array_equal(before[1], model.recommend('u1', 3)[1])


def test_a_callback_that_refuses_to_begin_leaves_the_model(likes, model):
    before, other = model.recommend('u1', 3), lfm.Interactions.from_pairs(['u1'], ['i1'], user_ids=likes.user_ids,
                                                                         item_ids=likes.item_ids)
    for train in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match='learning_rate'):
            train(other, callbacks=[lfm.callbacks.LearningRate(lambda epoch: -1.0)])
        assert model.epochs_done == 5 and model.scorer().seen.nnz == likes.nnz
        assert np.array_equal(model.recommend('u1', 3)[1], before[1])


def test_a_model_belongs_to_its_callbacks_while_it_trains(likes, model):
    asked, answers = [], []

    def ask():
        try:
            answers.append(model.recommend('u1', 3))
        except lfm.BusyError:
            asked.append('busy')

    def callback(state):
        state.model.recommend('u1', 3)
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    model.fit(likes, callbacks=[callback])
    assert asked == ['busy'] * 5 and not answers
    model.recommend('u1', 3)


def test_a_child_forked_while_a_scorer_is_made_answers(likes, model):
    with model._lock:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                other = threading.Thread(target=model.recommend, args=('u1', 3), daemon=True)
                other.start()
                other.join(20)
                status = int(other.is_alive())
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0


def test_training_goes_before_asking(likes, model):
    stop, answers, refused, wrong = threading.Event(), [], [], []

    def ask():
        while not stop.is_set():
            try:
                answers.append(model.recommend('u1', 3))
            except lfm.BusyError:
                refused.append(1)
            except Exception as error:
                wrong.append(error)
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            model.partial_fit(likes, epochs=1)
            model.fit(likes)
            model.recommend('u2', 3)
            model.resize(user_ids=[])
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not wrong and model.epochs_done == 5 and answers and refused


def test_a_callbacks_error_comes_out_of_a_handler_of_interrupts(likes):
    def raises(state):
        raise RuntimeError('of the callback')
    with pytest.raises(RuntimeError, match='of the callback'):
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            lfm.Model(2, epochs=5).fit(likes, callbacks=[raises])


def test_an_interrupt_outlasts_a_callback_that_raises(likes):
    def slow(state):
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        time.sleep(0.6)
        raise RuntimeError('of the callback')
    with pytest.raises(KeyboardInterrupt):
        lfm.Model(2, epochs=5).fit(likes, callbacks=[slow])


def test_an_interrupt_ends_a_long_search_for_vectors():
    random = np.random.default_rng(1)
    scorer = lfm.Scorer.from_embeddings(random.random((10, 64)), random.random((60000, 64)))
    vectors = random.random((60000, 64))
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        while True:  # where processors are many, one call is over before
            scorer.recommend_vectors(vectors)
    assert time.monotonic() - begin < 3  # alone, on two processors, one call takes ten seconds


def test_rows_of_other_users_are_not_scored(likes):
    matrix = likes.tocoo().tocsr()
    model = lfm.Model(4, epochs=1).fit(matrix)
    assert 0 <= model.score(matrix) <= 1
    with pytest.raises(ValueError, match='12 users, the model was trained on 60.*Folds'):
        model.score(matrix[:12])
    grown = lfm.Model(4, epochs=1).fit(matrix).resize(n_users=70)
    assert 0 <= grown.score(matrix) <= 1


def test_what_two_sets_share_is_told_by_ids(likes, model):
    with pytest.raises(lfm.OverlapError, match=r"user 'u\d+', item 'i\d+' is in the test set.*check_overlap=False"):
        model.evaluate(likes)
    matrix = likes.tocoo()
    with pytest.raises(lfm.OverlapError, match=r'user \d+, item \d+ is in the test set'):
        lfm.Model(2, epochs=1).fit(matrix).evaluate(matrix)


def test_arguments_that_cannot_be(likes, model):
    scorer = model.scorer()
    for call, kind, told in (
            (lambda: lfm.Interactions.from_pairs([{}], [1]), TypeError, 'users: .*hashable'),
            (lambda: lfm.Interactions.from_pairs([1], [1], unknown='ignore'), ValueError, 'unknown'),
            (lambda: scorer.recommend_vectors(np.zeros((3, 8)), exclude=np.eye(2, likes.n_items)), ValueError, '2 rows for 3'),
            (lambda: scorer.recommend('u1', threads=-1), ValueError, 'threads'),
            (lambda: scorer.recommend('u1', threads='2'), TypeError, 'threads'),
            (lambda: scorer.recommend(('u1', 'u2')), KeyError, "no user \\('u1', 'u2'\\)"),
            (lambda: pickle.dumps(scorer), TypeError, 'pickle its Model'),
            (lambda: lfm.lightfm.from_arrays(None, None, None, None), ValueError, 'item_embeddings must be a matrix'),
            (lambda: lfm.lightfm.from_arrays(np.eye(2), [1, 2], [1, 2], [1, 2]), ValueError, 'user_embeddings must be')):
        with pytest.raises(kind, match=told):
            call()
    assert len(model.explain('u1', 'i1', k=2**31 - 1).parts) == 3


def test_columns_of_arrow():
    arrow = pytest.importorskip('pyarrow')
    users, items = arrow.array(['a', 'b', 'a']), arrow.array([3, 4, 4])
    made = lfm.Interactions.from_pairs(users, items)
    assert list(made.user_ids) == ['a', 'b'] and list(made.item_ids) == [3, 4]
    made = lfm.Interactions.from_pairs(users.dictionary_encode(), arrow.chunked_array([[3], [4, 4]]),
                                       arrow.array([1.0, 2.0, 3.0]))
    assert list(made.user_ids) == ['a', 'b'] and made.tocoo().data.tolist() == [1, 2, 3]
    batch = arrow.record_batch([users, items], names=['user', 'item'])
    assert lfm.Interactions.from_frame(batch).nnz == 3
    with pytest.raises(ValueError, match='users: number 1 is None'):
        lfm.Interactions.from_pairs(arrow.array(['a', None, 'b']), items)


def test_timestamps_with_time_zones():
    zone = datetime.timezone(datetime.timedelta(hours=2))
    times = [datetime.datetime(2020, 1, 1, 2, tzinfo=zone), datetime.datetime(2020, 1, 1, 0, 0, 1, tzinfo=zone)]
    expected = [1577836800 * 10**6, 1577829601 * 10**6]
    assert lfm.Interactions.from_pairs([1, 2], [1, 2], timestamps=times).timestamps.tolist() == expected
    pandas = pytest.importorskip('pandas')
    found = lfm.Interactions.from_pairs([1, 2], [1, 2], timestamps=pandas.Series(times)).timestamps.tolist()
    assert found == expected
