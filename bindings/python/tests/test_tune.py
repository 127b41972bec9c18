"""Search for parameters: with Optuna and with scikit-optimize, each test skipped where its package is missing."""
import math
import os
import signal
import sys
import time

import pytest
import scipy.sparse as sp
from conftest import planted

import lfm
from lfm.tune import SPACE, Objective, forest_minimize, search

QUICK = {'learning_rate': (1e-3, 0.5, 'log'), 'components': (4, 16), 'alpha': (1e-6, 1e-3, 'log'),
         'user_scale': (0.1, 1.0)}
KNOBS = {'metric': 'ndcg@10', 'model': lfm.Model(epochs=12, threads=1), 'trials': 8}


@pytest.fixture
def optuna():
    module = pytest.importorskip('optuna')
    module.logging.set_verbosity(module.logging.ERROR)
    return module


@pytest.fixture
def skopt():
    return pytest.importorskip('skopt')


def drawn(found):
    return [(trial.state, trial.sampled, trial.curve) for trial in found.trials]


def measured(model, test, metric='ndcg@10'):
    return model.evaluate(test, metric)[metric].mean


def study_of(optuna, *points, **options):
    """A study that begins at these points."""
    study = optuna.create_study(direction='maximize', **{'sampler': optuna.samplers.RandomSampler(seed=1), **options})
    for point in points:
        study.enqueue_trial(point)
    return study


# Optuna

def test_search_finds_parameters_that_do_as_told(optuna, data):
    train, validation = data
    found = search(train, validation, QUICK, **KNOBS)
    assert len(found.trials) == 8 and found.metric == 'ndcg@10' and not found.interrupted
    assert found.study.direction == optuna.study.StudyDirection.MAXIMIZE
    best = found.best_trial
    assert best.state == 'complete' and best.value == max(t.value for t in found.trials if t.state == 'complete')
    assert (best.epoch, best.value) in best.curve and best.value == max(value for _, value in best.curve)
    assert found.best_value == best.value == found.study.best_value and found.best_params == best.params
    assert set(best.params) == {'learning_rate', 'components', 'item_alpha', 'user_alpha', 'epochs'}
    assert best.params['user_alpha'] == best.sampled['alpha'] * best.sampled['user_scale']
    assert best.params['item_alpha'] == best.sampled['alpha'] and best.params['epochs'] == best.epoch
    assert measured(found.fit(), validation) == found.best_value
    assert found.model.get_params() == {**KNOBS['model'].get_params(), **found.best_params}
    both = found.fit(train + validation)
    assert both.epochs_done == best.epoch and both.get_params() == found.model.get_params()
    worst = min(t.value for t in found.trials if t.state == 'complete')
    assert found.best_value > 1.2 * worst and 'ndcg@10' in repr(found)


def test_a_search_repeats(optuna, data):
    first, again, other = (search(*data, QUICK, **KNOBS, seed=seed) for seed in (3, 3, 4))
    assert drawn(first) == drawn(again) and drawn(first)[0][1] != drawn(other)[0][1]


def test_table(optuna, data):
    found = search(*data, {'components': [4, 8]}, **{**KNOBS, 'trials': 3})
    frame = pytest.importorskip('pandas').DataFrame(found.table())
    assert list(frame.columns) == ['number', 'state', 'value', 'epoch', 'seconds', 'components']
    assert len(frame) == 3 and (frame.seconds > 0).all() and frame.components.isin([4, 8]).all()


def test_entries_of_the_space(optuna, data):
    space = {'components': (3, 5), 'learning_rate': (0.01, 1, 'log'), 'loss': ['warp', 'bpr'], 'max_sampled': [7],
             'margin': (1, 2), 'user_alpha': optuna.distributions.FloatDistribution(0, 0.5, step=0.25),
             'kos_k': optuna.distributions.IntDistribution(2, 6, step=2),
             'graded': optuna.distributions.CategoricalDistribution([True, False])}
    found = search(*data, space, metric='precision@5', model=lfm.Model(epochs=1, threads=1), trials=12)
    for trial in found.trials:
        assert set(trial.params) == {*space, 'epochs'}
        assert trial.params['components'] in (3, 4, 5) and isinstance(trial.params['components'], int)
        assert 0.01 <= trial.params['learning_rate'] <= 1 and isinstance(trial.params['margin'], float)
        assert trial.params['loss'] in ('warp', 'bpr') and trial.params['max_sampled'] == 7
        assert trial.params['user_alpha'] in (0, 0.25, 0.5) and trial.params['kos_k'] in (2, 4, 6)
        assert trial.params['graded'] in (True, False) and isinstance(trial.params['graded'], bool)
    assert len({trial.params['margin'] for trial in found.trials}) == 12
    with pytest.raises(ValueError, match='components'):
        search(*data, {'components': 8}, **KNOBS)


def test_alpha_alone_is_that_of_both_sides():
    objective = Objective(*planted(), {'alpha': (1e-5, 1e-3)})
    assert objective.params({'alpha': 1e-4}) == {'item_alpha': 1e-4, 'user_alpha': 1e-4}
    assert Objective(*planted()).space == SPACE


def test_every_and_patience(optuna, data):
    # A rate of 0 learns nothing: the first measurement is the best for ever.
    found = search(*data, {'learning_rate': [0.0]}, **{**KNOBS, 'trials': 1}, every=3, patience=2)
    assert [epoch for epoch, _ in found.trials[0].curve] == [3, 6, 9] and found.best_params['epochs'] == 3


def test_curves_that_lag_behind_are_pruned(optuna, data):
    study = study_of(optuna, {'learning_rate': 0.05}, {'learning_rate': 1e-4},
                     pruner=optuna.pruners.MedianPruner(n_startup_trials=1))
    found = search(*data, {'learning_rate': (1e-5, 0.5, 'log')}, **{**KNOBS, 'trials': 2}, patience=99, study=study)
    good, bad = found.trials
    assert good.state == 'complete' and len(good.curve) == 12
    assert bad.state == 'pruned' and len(bad.curve) == 1 and found.best_trial is good


def test_divergence_ends_a_trial_and_not_the_search(optuna, data):
    study = study_of(optuna, {'learning_rate': 1e6}, {'learning_rate': 0.05})
    found = search(*data, {'learning_rate': (1e-3, 1e6, 'log')}, **{**KNOBS, 'trials': 2}, study=study)
    assert [trial.state for trial in found.trials] == ['diverged', 'complete']
    assert math.isnan(found.trials[0].value) and found.best_trial is found.trials[1]
    assert 'diverged' in found.study.trials[0].user_attrs['diverged']


def test_features_are_those_of_the_search(optuna, data):
    train, validation = data
    tags = lfm.Features(sp.random(train.shape[1], 6, 0.5, random_state=1), identity=True)
    people = sp.random(train.shape[0], 40, 0.2, random_state=1)
    found = search(train, validation, QUICK, **{**KNOBS, 'trials': 2}, item_features=tags, user_features=people)
    model = found.fit()
    assert measured(model, validation) == found.best_value
    assert [len(model.parameters(side)[0]) for side in ('user', 'item')] == [40, train.shape[1] + 6]
    assert len(found.fit(user_features=None).parameters('user')[0]) == train.shape[0]


def test_errors_come_out(optuna, data):
    train, validation = data
    with pytest.raises(lfm.OverlapError):
        search(train, train, QUICK, **KNOBS)
    with pytest.raises(ValueError, match='no positive'):
        search(train, validation * 0, QUICK, **KNOBS)
    with pytest.raises(ValueError, match='precison'):
        search(train, validation, QUICK, **{**KNOBS, 'metric': 'precison@10'})
    study = study_of(optuna)
    with pytest.raises(ValueError, match='sampler'):
        search(train, validation, QUICK, **KNOBS, study=study, pruner=optuna.pruners.NopPruner())
    with pytest.raises(ValueError, match='maximize'):
        search(train, validation, QUICK, **KNOBS, study=optuna.create_study())
    assert study.trials == []


def ctrl_c_pruner(optuna, number):
    """Ctrl-C comes in the third epoch of a trial, while the library trains."""
    class Pruner(optuna.pruners.NopPruner):
        def prune(self, study, trial):
            if trial.number == number and trial.last_step == 3:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.5)  # until the main thread has seen it
            return False

    return Pruner()


def test_ctrl_c_during_training_keeps_what_was_found(optuna, data):
    found = search(*data, {'learning_rate': (0.01, 0.02)}, **KNOBS, patience=99, pruner=ctrl_c_pruner(optuna, 2))
    assert found.interrupted and [trial.state for trial in found.trials] == ['complete', 'complete', 'failed']
    assert [len(trial.curve) for trial in found.trials] == [12, 12, 3] and found.best_trial.number < 2


def test_ctrl_c_before_anything_was_found(optuna, data):
    with pytest.raises(KeyboardInterrupt):
        search(*data, QUICK, **KNOBS, patience=99, pruner=ctrl_c_pruner(optuna, 0))


def test_studies_of_ones_own(optuna, data, tmp_path):
    pytest.importorskip('sqlalchemy')
    options = {'study_name': 'likes', 'storage': f'sqlite:///{tmp_path}/search.db'}
    objective = Objective(*data, QUICK, metric=KNOBS['metric'], model=KNOBS['model'])
    study = study_of(optuna, **options)
    study.optimize(objective, n_trials=4, n_jobs=2)
    found = objective.results(optuna.load_study(**options))
    assert len(found.trials) == 4 and drawn(found) == drawn(objective.results(study))
    for trial in found.trials:
        alone = Objective(*data, QUICK, metric=KNOBS['metric'], model=KNOBS['model'])
        assert trial.state != 'complete' or alone(optuna.trial.FixedTrial(trial.sampled)) == trial.value
    more = search(*data, QUICK, **{**KNOBS, 'trials': 2}, study=study)
    assert len(more.trials) == 6 and drawn(more)[:4] == drawn(found)


# scikit-optimize

def test_forest_minimize(skopt, data):
    space = {'epochs': (1, 12), **QUICK}
    found, again, other = (forest_minimize(*data, space, **{**KNOBS, 'trials': 12}, seed=seed) for seed in (1, 1, 2))
    assert drawn(found) == drawn(again) and drawn(found)[0] != drawn(other)[0]
    assert len(found.trials) == 12 and found.best_value == -found.study.fun
    assert [trial.sampled for trial in found.trials] == [dict(zip(space, x)) for x in found.study.x_iters]
    for trial in found.trials:
        assert trial.curve == [(trial.params['epochs'], trial.value)] and trial.epoch == trial.sampled['epochs']
        assert 1e-3 <= trial.params['learning_rate'] <= 0.5 and 4 <= trial.params['components'] <= 16
        assert trial.params['user_alpha'] == trial.sampled['alpha'] * trial.sampled['user_scale']
    assert len({trial.epoch for trial in found.trials}) > 4 and measured(found.fit(), data[1]) == found.best_value
    assert found.model.threads == 1 and len(found.table()) == 12


def test_forest_minimize_has_the_recipes_space(skopt, data):
    found = forest_minimize(*data, model=lfm.Model(threads=1), trials=3)
    assert list(found.trials[0].sampled) == ['epochs', *SPACE] and found.study.space.dimensions[0].bounds == (1, 250)


def test_entries_for_the_forest(skopt, data):
    space = {'components': [4, 16], 'loss': ['warp', 'bpr'], 'learning_rate': skopt.space.Real(0.01, 0.1)}
    found = forest_minimize(*data, space, **{**KNOBS, 'trials': 10}, n_initial_points=8)
    assert {trial.sampled['components'] for trial in found.trials} == {4, 16}
    assert {type(value) for trial in found.trials for value in trial.sampled.values()} == {int, str, float}
    assert {trial.epoch for trial in found.trials} == {12}


def test_a_forest_survives_divergence_and_ctrl_c(skopt, data):
    seen = []

    def ctrl_c(result):
        seen.append(result.fun)
        if len(seen) == 6:
            os.kill(os.getpid(), signal.SIGINT)

    found = forest_minimize(*data, {'learning_rate': (1e-3, 1e6, 'log')}, **KNOBS, callback=ctrl_c)
    assert found.interrupted and found.study is None and len(found.trials) == 6
    assert {trial.state for trial in found.trials} == {'complete', 'diverged'}
    assert found.best_value == -seen[-1] > 0


# Without either

@pytest.mark.parametrize('call, module, package', [(search, 'optuna', 'optuna'),
                                                   (forest_minimize, 'skopt', 'scikit-optimize')])
def test_what_is_missing_is_told(data, monkeypatch, call, module, package):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf'{package}.*liblfm\[tune\]'):
        call(*data)


@pytest.mark.parametrize('space, what', [
    ({'speed': (1, 2)}, 'speed'), ({'components': (8, 8)}, 'components'), ({'components': (8,)}, 'components'),
    ({'learning_rate': (0.1, 0.01)}, 'learning_rate'), ({'learning_rate': (0.0, 0.1, 'log')}, 'above 0'),
    ({'learning_rate': (0.01, 0.1, 'exp')}, "'exp'"), ({'loss': ('bpr', 'warp')}, 'choices'),
    ({'rollback': (0, 1)}, 'choices'), ({'components': []}, 'choices'), ({'user_scale': (0.1, 1)}, 'alpha'),
    ({'alpha': (0, 1), 'item_alpha': (0, 1)}, 'item_alpha')])
def test_spaces_that_cannot_be(data, space, what):
    with pytest.raises(ValueError, match=what):
        Objective(*data, space)
