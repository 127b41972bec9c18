"""Names, defaults, parameters and errors of the class LightFM."""
import inspect
import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse as sp

import lfm.lightfm as lightfm
from lfm.lightfm import LightFM
from lfm.lightfm._lightfm_fast import CSRMatrix
from lfm.lightfm.lightfm import CSRMatrix as from_lightfm

DEFAULTS = {'no_components': 10, 'k': 5, 'n': 10, 'learning_schedule': 'adagrad', 'loss': 'logistic',
            'learning_rate': 0.05, 'rho': 0.95, 'epsilon': 1e-6, 'item_alpha': 0.0, 'user_alpha': 0.0,
            'max_sampled': 10, 'random_state': None}
FIT = ['self', 'interactions', 'user_features', 'item_features', 'sample_weight', 'epochs', 'num_threads', 'verbose']
ARRAYS = [f'{side}_{name}' for side in ('item', 'user')
          for name in ('embeddings', 'embedding_gradients', 'embedding_momentum', 'biases', 'bias_gradients',
                       'bias_momentum')]


def signature(function):
    return {name: p.default for name, p in inspect.signature(function).parameters.items()}


def test_constructor_signature():
    given = signature(LightFM.__init__)
    assert list(given) == ['self', *DEFAULTS] and {k: given[k] for k in DEFAULTS} == DEFAULTS


def test_method_signatures():
    for fit in (LightFM.fit, LightFM.fit_partial):
        assert list(signature(fit)) == FIT
        assert signature(fit)['epochs'] == 1 and signature(fit)['num_threads'] == 1
    assert list(signature(LightFM.predict)) == ['self', 'user_ids', 'item_ids', 'item_features', 'user_features',
                                                'num_threads']
    assert list(signature(LightFM.predict_rank)) == [
        'self', 'test_interactions', 'train_interactions', 'item_features', 'user_features', 'num_threads',
        'check_intersections']
    assert signature(LightFM.predict_rank)['check_intersections'] is True


def test_evaluation_signatures():
    from lfm.lightfm import evaluation
    common = ['user_features', 'item_features', 'preserve_rows', 'num_threads', 'check_intersections']
    for name in ('auc_score', 'reciprocal_rank'):
        assert list(signature(getattr(evaluation, name))) == ['model', 'test_interactions', 'train_interactions', *common]
    for name in ('precision_at_k', 'recall_at_k'):
        given = signature(getattr(evaluation, name))
        assert list(given) == ['model', 'test_interactions', 'train_interactions', 'k', *common] and given['k'] == 10
    assert evaluation.__all__ == ['precision_at_k', 'recall_at_k', 'auc_score', 'reciprocal_rank']


def test_get_and_set_params():
    model = LightFM(k=np.int64(3), no_components=np.int32(7), loss='warp', random_state=1)
    params = model.get_params()
    assert set(params) == set(DEFAULTS) and params['k'] == 3 and params['random_state'] is model.random_state
    assert LightFM(**params).get_params() == params
    assert model.get_params(deep=False) == params
    assert model.set_params(loss='bpr', learning_rate=0.5) is model and model.loss == 'bpr'
    with pytest.raises(ValueError, match='nonsense'):
        model.set_params(nonsense=1)
    model.set_params(loss='never heard of')  # not validated after construction
    assert model.loss == 'never heard of'


@pytest.mark.parametrize('wrong', [
    {'no_components': -1}, {'no_components': 0}, {'user_alpha': -1.0}, {'item_alpha': -1.0}, {'k': -1.0}, {'k': 0},
    {'n': -1.0}, {'rho': -1.0}, {'rho': 0}, {'rho': 1}, {'epsilon': -1.0}, {'learning_schedule': 'foo'},
    {'loss': 'foo'}], ids=str)
def test_constructor_asserts(wrong):
    with pytest.raises(AssertionError, match=next(iter(wrong))):
        LightFM(**wrong)


@pytest.mark.parametrize('max_sampled', [0, -1.0])
def test_max_sampled(max_sampled):
    with pytest.raises(ValueError, match='max_sampled'):
        LightFM(max_sampled=max_sampled)


@pytest.mark.parametrize('state', [None, 3, np.random.RandomState(4), np.array([1, 2, 3])], ids=str)
def test_random_state_forms(state):
    model = LightFM(random_state=state)
    assert isinstance(model.random_state, np.random.RandomState)
    if isinstance(state, np.random.RandomState):
        assert model.random_state is state


def test_arrays_before_and_after(data):
    train, _ = data
    model = LightFM(no_components=6)
    assert all(getattr(model, name) is None for name in ARRAYS)
    assert model.fit(train) is model and model.fit_partial(train) is model
    for name in ARRAYS:
        array = getattr(model, name)
        rows = train.shape[1] if name.startswith('item') else train.shape[0]
        assert type(array) is np.ndarray and array.dtype == np.float32 and array.flags.writeable
        assert array.shape == ((rows, 6) if '_embedding' in name else (rows,)), name


def test_unfitted_before_anything_else():
    model = LightFM()
    for call in (lambda: model.predict('nonsense', None), lambda: model.predict_rank(None, num_threads=0),
                 model.get_user_representations, lambda: model.get_item_representations(5)):
        with pytest.raises(ValueError, match='fit'):
            call()


@pytest.mark.parametrize('threads', [0, -1, -5])
def test_num_threads(data, threads):
    from lfm.lightfm import evaluation
    train, test = data
    model = LightFM().fit(train)
    for call in (lambda: model.fit(train, num_threads=threads), lambda: model.fit_partial(train, num_threads=threads),
                 lambda: model.predict([1], [1], num_threads=threads),
                 lambda: model.predict_rank(test, num_threads=threads),
                 *(lambda f=f: getattr(evaluation, f)(model, test, num_threads=threads) for f in evaluation.__all__)):
        with pytest.raises(ValueError, match='threads'):
            call()
        model.fit_partial(train, epochs=0)


def test_a_refused_fit_leaves_initial_arrays(data):
    refused, initial = LightFM(random_state=3), LightFM(random_state=3).fit(data[0], epochs=0)
    with pytest.raises(ValueError):
        refused.fit_partial(data[0], num_threads=0)
    for name in ARRAYS:
        assert np.array_equal(getattr(refused, name), getattr(initial, name))


@pytest.mark.parametrize('function', ['new_arrays', 'read_arrays', 'Training'])
def test_what_fails_while_arrays_are_made_leaves_no_half_of_a_model(data, monkeypatch, function):
    def fail(*_):
        raise MemoryError
    model = LightFM(random_state=3)
    monkeypatch.setattr(f'lfm.lightfm.lightfm.{function}', fail)
    with pytest.raises(MemoryError):
        model.fit_partial(data[0], epochs=0 if function == 'read_arrays' else 1)
    monkeypatch.undo()
    if function == 'Training':  # the initial model is one
        assert np.array_equal(model.item_embeddings, LightFM(random_state=3).fit(data[0], epochs=0).item_embeddings)
    else:
        assert all(getattr(model, name) is None for name in ARRAYS)
    assert np.isfinite(model.fit_partial(data[0]).predict(0, [1, 2])).all()


def test_an_interrupted_end_of_the_first_fit_leaves_no_half_of_a_model(data, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt
    model = LightFM(random_state=3)
    monkeypatch.setattr('lfm.lightfm.lightfm.Training.copy_out', interrupt)
    with pytest.raises(KeyboardInterrupt):
        model.fit(data[0])
    assert all(getattr(model, name) is None for name in ARRAYS)
    monkeypatch.undo()
    before = model.fit(data[0], epochs=2).item_embeddings.copy()
    monkeypatch.setattr('lfm.lightfm.lightfm.Training.copy_out', interrupt)
    with pytest.raises(KeyboardInterrupt):
        model.fit_partial(data[0])
    assert np.array_equal(model.item_embeddings, before)


def test_verbose_prints_epochs(data, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, 'tqdm', None)
    LightFM().fit(data[0], epochs=3, verbose=True)
    assert capsys.readouterr().out == 'Epoch 0\nEpoch 1\nEpoch 2\n'
    LightFM().fit(data[0], epochs=3)
    assert capsys.readouterr() == ('', '')


def test_verbose_uses_tqdm(data, capsys):
    pytest.importorskip('tqdm')
    LightFM().fit(data[0], epochs=3, verbose=True)
    said = capsys.readouterr()
    assert '3/3' in said.err and 'Epoch' in said.err and said.out == ''


def test_reach_into_the_compiled_module():
    fast = lightfm._lightfm_fast
    matrix = sp.csr_matrix(np.array([[0, 1], [1, 0]], dtype=np.float32))
    view = CSRMatrix(matrix)
    inside = getattr(fast, '__test_in_positives')
    assert from_lightfm is CSRMatrix and fast.CSRMatrix is CSRMatrix
    assert [[inside(row, col, view) for col in (0, 1)] for row in (0, 1)] == [[False, True], [True, False]]
    with pytest.raises(ValueError, match='float32'):
        CSRMatrix(matrix.astype(np.float64))


def test_versions():
    assert lightfm.__version__ == lightfm.version.__version__ == '1.17'


INSTALLED = '''
import sys, types
sys.modules['lightfm'] = types.ModuleType('lightfm')
sys.modules['lightfm.old'] = types.ModuleType('lightfm.old')
import lfm.lightfm
lfm.lightfm.install_as_lightfm()
import lightfm, lightfm.evaluation, lightfm.datasets.movielens, lightfm.datasets._common, lightfm.version
from lightfm import LightFM, cross_validation
from lightfm.lightfm import LightFM as Same
from lightfm.data import Dataset
from lightfm.datasets import fetch_movielens, fetch_stackexchange
from lightfm.cross_validation import random_train_test_split
from lightfm.evaluation import auc_score, precision_at_k, recall_at_k, reciprocal_rank
from lightfm._lightfm_fast import CSRMatrix
assert lightfm is lfm.lightfm and LightFM is Same is lfm.lightfm.LightFM
assert lightfm.evaluation is lfm.lightfm.evaluation and 'lightfm.old' not in sys.modules
import pickle
assert type(pickle.loads(pickle.dumps(LightFM()))) is LightFM
'''


def test_install_as_lightfm():
    done = subprocess.run([sys.executable, '-B', '-c', INSTALLED], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_messages_begin_as_lightfms(data):
    """Programs that look for its words find them."""
    train, test = data
    model = LightFM(loss='warp').fit(train)
    n_users, n_items = train.shape
    holed = train.astype(np.float32)
    holed.data[3] = np.nan
    kos, unlike = LightFM(loss='warp-kos'), sp.coo_matrix((n_users + 1, n_items))
    for words, call in (
            ('You must fit the model before trying to obtain predictions', lambda: LightFM().predict(0, [1])),
            ('Number of threads must be 1 or larger', lambda: model.predict(0, [1], num_threads=0)),
            (r'Expected the number of user IDs \(2\) to equal the number of item IDs \(3\)',
             lambda: model.predict([0, 1], [1, 2, 3])),
            ('User or item ids cannot be negative', lambda: model.predict(-1, [1])),
            ('User or item ids cannot be negative', lambda: model.predict(0, [1, -1])),
            ('The item feature matrix specifies more features than there are estimated feature embeddings: '
             f'{n_items} vs {n_items + 1}', lambda: model.predict(0, [n_items])),
            ('Number of item feature rows does not equal the number of items',
             lambda: LightFM().fit(train, item_features=sp.identity(n_items - 1))),
            ('Incorrect number of features in user_features', lambda: model.fit_partial(train.tocsr()[:-1])),
            ('Not all input values are finite', lambda: LightFM().fit(holed)),
            ('Not all estimated parameters are finite, your model may have diverged',
             lambda: LightFM(loss='warp', learning_rate=1e6).fit(train, item_features=sp.identity(n_items) * 1e10,
                                                                 epochs=20)),
            ('Sample_weight must be a COO matrix', lambda: LightFM().fit(train, sample_weight=train.tocsr())),
            ('Sample weight and interactions matrices must be the same shape',
             lambda: LightFM().fit(train, sample_weight=unlike)),
            ('k-OS loss with sample weights not implemented', lambda: kos.fit(train, sample_weight=train)),
            (f'Test interactions matrix and train interactions matrix share {train.nnz} interactions',
             lambda: model.predict_rank(train, train)),
            ('max_sampled must be a positive integer', lambda: LightFM(max_sampled=0)),
            ('Invalid parameter nothing for estimator LightFM', lambda: model.set_params(nothing=1))):
        with pytest.raises((ValueError, NotImplementedError), match=words):
            call()


def test_ids_of_any_kind_that_holds_numbers(data):
    model = LightFM().fit(data[0])
    want = model.predict(2, np.array([3, 4])).tolist()
    for items in (np.array([3, 4], dtype=object), np.array(['3', '4']), range(3, 5), np.array([3.0, 4.0])):
        assert model.predict(2, items).tolist() == want
    with pytest.raises(ValueError):
        model.predict(2, ['a'])
