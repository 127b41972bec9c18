"""How the package lives with others: borrowed memory, threads, processes, Ctrl-C, scikit-learn."""
import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pytest
import scipy.sparse as sp

import lfm
from lfm import _matrices
from lfm.lightfm import LightFM
from lfm.lightfm.evaluation import auc_score, precision_at_k

from conftest import planted


def parts(matrix):
    return (matrix.row, matrix.col, matrix.data)


def frozen(matrix):
    """The same with read-only arrays."""
    copies = [np.array(x) for x in parts(matrix)]
    for array in copies:
        array.flags.writeable = False
    made = sp.coo_matrix(matrix.shape, dtype=np.float32)
    made.row, made.col, made.data = copies
    return made


def mapped(matrix, folder):
    """The same with arrays that are files."""
    made = sp.coo_matrix(matrix.shape, dtype=np.float32)
    arrays = []
    for name, array in zip(('row', 'col', 'data'), parts(matrix)):
        np.save(folder / f'{name}.npy', array)
        arrays.append(np.load(folder / f'{name}.npy', mmap_mode='r'))
    made.row, made.col, made.data = arrays
    return made


def test_read_only_and_mapped_arrays(data, tmp_path):
    train, test = data
    train.data[::3] = 2  # values that are borrowed, not left out
    weights = sp.coo_matrix((np.linspace(0.5, 1, train.nnz, dtype=np.float32), (train.row, train.col)), train.shape)
    want = LightFM(loss='warp', random_state=1).fit(train, sample_weight=weights, epochs=3)
    frozen_weights = frozen(weights)
    for given in (frozen(train), mapped(train, tmp_path)):
        model = LightFM(loss='warp', random_state=1).fit(given, sample_weight=frozen_weights, epochs=3)
        assert np.array_equal(model.item_embeddings, want.item_embeddings)
    csr = train.tocsr()
    for array in (csr.data, csr.indices, csr.indptr):
        array.flags.writeable = False
    assert precision_at_k(model, csr).mean() > 0
    model.predict_rank(csr)


@pytest.mark.parametrize('index', [np.int32, np.int64])
@pytest.mark.parametrize('value', [np.float32, np.float64, '>f4', np.float16])
def test_types_that_fit_are_not_copied(index, value):
    rows, columns = np.array([0, 1, 2], dtype=index), np.array([2, 1, 0], dtype=index)
    data = np.array([2, 1, -1], dtype=value)
    count = sys.getrefcount(rows), sys.getrefcount(data)
    handle = _matrices.interactions_from_coo((3, 3), rows, columns, data)
    from lfm._library import lib
    users = lib.lfm_interactions_users(handle.pointer)
    values = lib.lfm_interactions_values(handle.pointer)
    assert (users == _matrices.address(rows)) == (index == np.int32)
    assert (values == _matrices.address(data)) == (value == np.float32)
    assert np.frombuffer((np.ctypeslib.ctypes.c_float * 3).from_address(values), np.float32).tolist() == [2, 1, -1]
    del handle
    gc.collect()
    assert (sys.getrefcount(rows), sys.getrefcount(data)) == count and not _matrices._borrowed


def test_borrowed_arrays_live_as_long_as_they_are_needed():
    handle = _matrices.interactions_from_coo((5, 5), np.arange(5, dtype=np.int32), np.arange(5, dtype=np.int32))
    assert len(_matrices._borrowed) == 1
    del handle
    assert not _matrices._borrowed
    with pytest.raises(ValueError, match='column'):
        _matrices.interactions_from_coo((5, 5), np.arange(5, dtype=np.int32), np.arange(5, dtype=np.int32) * 2)
    assert not _matrices._borrowed


def test_nothing_stays_behind(data):
    train, test = data
    for _ in range(3):
        LightFM(loss='warp').fit(train, item_features=sp.identity(train.shape[1]) * 2, epochs=1).predict_rank(test)
    gc.collect()
    assert not _matrices._borrowed


def test_threads_with_models_of_their_own(data):
    train, _ = data
    want = LightFM(loss='warp', random_state=1).fit(train, epochs=5).item_embeddings
    found = [None] * 8

    def work(n):
        found[n] = LightFM(loss='warp', random_state=1).fit(train, epochs=5).item_embeddings
    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(array, want) for array in found)


def test_one_model_asked_by_many_threads(data):
    train, test = data
    model = LightFM(loss='warp', random_state=1).fit(train, epochs=5)
    want = auc_score(model, test)
    found = []
    threads = [threading.Thread(target=lambda: found.append(auc_score(model, test, num_threads=2))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6 and all(np.array_equal(x, want) for x in found)


def test_many_threads_with_everything_at_once(data):
    """What they share is read only, and what they make lives and goes on its own."""
    train, _ = data
    shared = lfm.Model(8, epochs=3, threads=1).fit(train)
    want = shared.recommend(k=5)[0]
    before, wrong = len(_matrices._borrowed), []

    def work(n):
        for round in range(20):
            user = (n + 8 * round) % len(want)
            own = lfm.Model(8, epochs=1, threads=1).fit(train, item_features=sp.identity(train.shape[1], format='csr'))
            if shared.recommend(user, 5)[0].tolist() != want[user].tolist() or \
                    own.recommend(user, 5)[0].tolist() != firsts[user].tolist() or \
                    lfm.Interactions(train).nnz != train.nnz:
                wrong.append((n, round))

    firsts = lfm.Model(8, epochs=1, threads=1).fit(train, item_features=sp.identity(train.shape[1], format='csr')
                                                   ).recommend(k=5)[0]
    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gc.collect()
    assert not wrong and len(_matrices._borrowed) == before


def test_python_runs_while_training_does():
    train, _ = planted(400, 500, density=0.3)
    beats, stop = [], threading.Event()

    def beat():
        while not stop.is_set():
            beats.append(time.monotonic())
            time.sleep(0.002)
    thread = threading.Thread(target=beat)
    thread.start()
    began = time.monotonic()
    LightFM(loss='warp', no_components=64).fit(train, epochs=8)
    ended = time.monotonic()
    stop.set()
    thread.join()
    assert sum(began < at < ended for at in beats) > 10


def train_in_child(queue):
    train, test = planted()
    model = LightFM(loss='warp', random_state=1).fit(train, epochs=5, num_threads=4)
    queue.put(float(precision_at_k(model, train, num_threads=4).mean()))


@pytest.mark.parametrize('method', ['fork', 'spawn'])
def test_processes_after_a_parallel_fit(data, method):
    train, _ = data
    LightFM(loss='warp').fit(train, epochs=2, num_threads=4)
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', DeprecationWarning)  # Python's own about fork and threads
        children = [context.Process(target=train_in_child, args=(queue,)) for _ in range(2)]
        for child in children:
            child.start()
    found = [queue.get(timeout=60) for _ in children]
    for child in children:
        child.join(30)
        assert child.exitcode == 0
    assert all(value > 0.3 for value in found)


def test_joblib_after_a_parallel_fit(data):
    joblib = pytest.importorskip('joblib')
    train, test = data
    model = LightFM(loss='warp', random_state=1).fit(train, epochs=3, num_threads=4)
    want = auc_score(model, test)
    for backend in ('loky', 'multiprocessing', 'threading'):
        found = joblib.Parallel(n_jobs=2, backend=backend)(joblib.delayed(auc_score)(model, test) for _ in range(3))
        assert all(np.array_equal(x, want) for x in found)


INTERRUPTED = '''
import signal, sys, threading, time
import numpy as np, scipy.sparse as sp
from lfm.lightfm import LightFM
random = np.random.RandomState(0)
n = 3000000
train = sp.coo_matrix((np.ones(n, dtype=np.float32), (random.randint(20000, size=n), random.randint(30000, size=n))),
                      shape=(20000, 30000))
model = LightFM(loss='warp', no_components=64, random_state=1)
model.fit_partial(train, epochs=0)
before = model.item_embeddings.copy()
import os
threading.Timer(1.0, os.kill, [os.getpid(), signal.SIGINT]).start()
pressed = time.monotonic() + 1.0
try:
    model.fit_partial(train, epochs=1000, num_threads=2)
except KeyboardInterrupt:
    waited = time.monotonic() - pressed
    assert not np.array_equal(before, model.item_embeddings), 'the steps done are kept'
    assert np.isfinite(model.item_embeddings).all()
    small = sp.coo_matrix((20000, 30000), dtype=np.float32)
    model.fit_partial(small, epochs=1)
    assert len(model.predict(0, np.arange(10))) == 10
    print('waited', waited)
'''


def test_ctrl_c_ends_training_within_a_second():
    done = subprocess.run([sys.executable, '-B', '-c', INTERRUPTED], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and done.stdout.startswith('waited'), done.stderr
    # A second, and what an overloaded machine adds.
    limit = 1 + max(0.0, os.getloadavg()[0] - (os.cpu_count() or 1)) * 0.5
    assert float(done.stdout.split()[1]) < limit, done.stdout


def test_a_handler_of_the_callers_own(data):
    """Its exception comes through as it is."""
    class Alarm(Exception):
        pass

    def ring(*_):
        raise Alarm
    train, _ = planted(400, 500, density=0.3)
    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(Alarm):
            LightFM(loss='warp', no_components=64).fit(train, epochs=100000)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize('form', ['coo', 'csr'])
def test_memory_of_a_fit(form):
    """No more than one copy of the COO matrix beside what was given and the model."""
    code = '''
import resource, sys
import numpy as np, scipy.sparse as sp
from lfm.lightfm import LightFM
n = 4000000
random = np.random.RandomState(0)
train = sp.coo_matrix((np.ones(n, dtype=np.float32), (random.randint(2000, size=n, dtype=np.int32),
                       random.randint(3000, size=n, dtype=np.int32))), shape=(2000, 3000))
train.data[0] = 2
LightFM(no_components=2).fit(train.tocsr()[:2].tocoo().reshape((2, 3000)), epochs=1)
def peak():
    return int(next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1]) * 1024
train = train.asformat(sys.argv[1])
train.data = train.data.astype(np.float32)
n = train.nnz
open('/proc/self/clear_refs', 'w').write('5')
before = peak()
LightFM(no_components=2, loss='warp').fit(train, epochs=1)
print((peak() - before) / (12 * n))
'''
    if not os.access('/proc/self/clear_refs', os.W_OK):
        pytest.skip('the peak of memory cannot be reset here')
    done = subprocess.run([sys.executable, '-B', '-c', code, form], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 1.0, done.stdout


def folds(train):
    """Cross validation by halves of the users' rows: every fold keeps all users."""
    rows = np.arange(train.shape[0])
    return [(rows, rows), (rows, rows)]


def score(model, test, y=None):
    return float(precision_at_k(model, test).mean())


def test_sklearn_clone():
    sklearn = pytest.importorskip('sklearn.base')
    model = LightFM(loss='warp', k=7, random_state=3)
    other = sklearn.clone(model)
    mine, theirs = model.get_params(), other.get_params()
    mine.pop('random_state'), theirs.pop('random_state')
    assert mine == theirs and other.item_embeddings is None and other is not model


@pytest.mark.parametrize('jobs', [1, 2])
def test_sklearn_searches(data, jobs):
    search = pytest.importorskip('sklearn.model_selection')
    train = data[0].tocsr()
    grid = {'loss': ['logistic', 'warp'], 'no_components': [4, 8]}
    found = search.GridSearchCV(LightFM(random_state=1), grid, scoring=score, cv=folds(train), n_jobs=jobs)
    found.fit(train)
    assert found.best_params_['loss'] == 'warp' and type(found.best_estimator_) is LightFM
    assert len(found.cv_results_['mean_test_score']) == 4 and np.isfinite(found.cv_results_['mean_test_score']).all()
    stats = pytest.importorskip('scipy.stats')
    random = search.RandomizedSearchCV(LightFM(loss='warp'), {'learning_rate': stats.uniform(0.01, 0.1),
                                                              'no_components': stats.randint(2, 9)},
                                       n_iter=3, scoring=score, cv=folds(train), random_state=1, n_jobs=jobs)
    random.fit(train, epochs=2)
    assert 0.01 <= random.best_params_['learning_rate'] <= 0.11 and random.best_score_ > 0
