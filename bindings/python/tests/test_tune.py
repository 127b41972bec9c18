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
    assert list(frame.columns) == ['number', 'state', 'value', 'seconds', 'components', 'epochs', 'reason']
    assert list(frame.epochs) == [trial.epoch for trial in found.trials] and set(frame.reason) == {''}
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
    assert 'diverged in epoch 1' in found.trials[0].reason and found.table()[0]['reason'] == found.trials[0].reason


# A linear schedule needs to be told where it ends (schedule_epochs).
SCHEDULES = {'schedule': ['constant', 'linear']}


def test_parameters_that_do_not_go_together_fail_a_trial_and_not_the_search(optuna, data):
    study = study_of(optuna, {'schedule': 'linear'}, {'schedule': 'constant'})
    found = search(*data, SCHEDULES, **{**KNOBS, 'trials': 2}, study=study)
    assert [trial.state for trial in found.trials] == ['failed', 'complete']
    assert found.best_params['schedule'] == 'constant'
    assert 'schedule_epochs' in found.trials[0].reason and found.table()[0]['reason'] == found.trials[0].reason
    assert found.trials[1].reason == '' and math.isnan(found.trials[0].value)
    assert [trial.state.name for trial in study.trials] == ['FAIL', 'COMPLETE']
    alone = study_of(optuna, {'schedule': 'linear'})  # Optuna's optimize needs no `catch` for it
    alone.optimize(Objective(*data, SCHEDULES, model=KNOBS['model']), n_trials=1)


@pytest.mark.parametrize('space, state', [({'schedule': ['linear']}, 'failed'), ({'learning_rate': [1e6]}, 'diverged')])
def test_every_trial_failed(optuna, data, space, state):
    with pytest.raises(lfm.tune.SearchError, match=f'none of 3 trials was completed: trial 0 {state}: .*') as caught:
        search(*data, space, **{**KNOBS, 'trials': 3})
    failed = caught.value.search
    assert [trial.state for trial in failed.trials] == [state] * 3 and failed.trials[0].reason in str(caught.value)
    assert isinstance(caught.value, lfm.Error) and isinstance(caught.value, ValueError)
    with pytest.raises(lfm.tune.SearchError):
        failed.best_params


def test_errors_of_the_callers_own_code_come_out(optuna, data):
    class Pruner(optuna.pruners.NopPruner):
        def prune(self, study, trial):
            raise ZeroDivisionError('mine')

    with pytest.raises(ZeroDivisionError, match='mine'):
        search(*data, QUICK, **KNOBS, pruner=Pruner())


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
    assert all((trial.reason != '') == (trial.state == 'diverged') for trial in found.trials)
    assert found.best_value == -seen[-1] > 0


def test_a_forest_survives_parameters_that_do_not_go_together(skopt, data):
    found = forest_minimize(*data, SCHEDULES, **KNOBS)
    assert {(trial.state, trial.sampled['schedule']) for trial in found.trials} == \
        {('complete', 'constant'), ('failed', 'linear')}
    with pytest.raises(lfm.tune.SearchError, match='none of 2 trials .* trial 0 failed: .*schedule_epochs'):
        forest_minimize(*data, {'schedule': ['linear']}, **{**KNOBS, 'trials': 2})


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
    ({'alpha': (0, 1), 'item_alpha': (0, 1)}, 'item_alpha'), ({}, 'space is empty'), ({'epochs': (1, 5)}, 'epochs'),
    ({'learning_rate': (-1, 1)}, 'learning_rate'), ({'components': (-4, 4)}, 'components'),
    ({'learning_rate': (0.1, math.inf)}, 'learning_rate'), ({'learning_rate': (math.nan, 1)}, 'learning_rate'),
    ({'components': (2.5, 8)}, 'components'), ({'alpha': (-1, 1)}, 'alpha'), ({'loss': ['warp', 'wrap']}, 'wrap'),
    ({'alpha': (0, 1), 'user_scale': [-1]}, 'user_scale'), ({'components': [8, -8]}, 'components')], ids=str)
def test_spaces_that_cannot_be(data, space, what):
    with pytest.raises(ValueError, match=what):
        Objective(*data, space)


@pytest.mark.parametrize('space', [5, 'abc', [('components', (2, 4))], {'learning_rate': (None, 1)},
                                   {'components': ('a', 'b')}, {'learning_rate': [0.1, 'x']}], ids=str)
def test_spaces_of_another_type(data, space):
    with pytest.raises(TypeError, match='space is' if not isinstance(space, dict) else next(iter(space))):
        Objective(*data, space)


def test_distributions_that_cannot_be(optuna, data):
    some = optuna.distributions
    for entry in (some.FloatDistribution(2, 8), some.IntDistribution(-4, 4), some.CategoricalDistribution([8, 'x']), 8):
        with pytest.raises((ValueError, TypeError), match='components'):
            Objective(*data, {'components': entry})


def test_dimensions_that_cannot_be(skopt, data):
    for entry in (skopt.space.Real(2, 8), skopt.space.Integer(-4, 4), skopt.space.Categorical([8, 'x']), 8):
        with pytest.raises((ValueError, TypeError), match='components'):
            forest_minimize(*data, {'components': entry})
    with pytest.raises(ValueError, match='epochs'):
        forest_minimize(*data, {'epochs': (0, 5)})


ALL = [('metric', ('auc',), TypeError), ('metric', 5, TypeError), ('metric', 'precison@10', ValueError),
       ('model', 5, TypeError), ('model', lfm.Model, TypeError), ('model', lfm.Model(epochs=0), ValueError),
       ('model', lfm.Model(components=-1), ValueError), ('train', 5, TypeError), ('validation', None, TypeError),
       ('item_features', 5, TypeError), ('user_features', sp.identity(3), ValueError)]
CURVES = [('every', 0, ValueError), ('every', 'x', TypeError), ('patience', 0, ValueError),
          ('patience', 1.5, ValueError)]
COUNTS = [('trials', -1, ValueError), ('trials', 0, ValueError), ('trials', math.nan, ValueError),
          ('trials', 'x', TypeError), ('seed', -1, ValueError), ('seed', 'x', TypeError), ('nonsense', 1, TypeError)]
OPTUNAS = [('timeout', 0, ValueError), ('timeout', math.nan, ValueError), ('timeout', 'x', TypeError),
           ('sampler', 5, TypeError), ('pruner', 5, TypeError), ('study', 'x', TypeError), ('n_jobs', 0, ValueError),
           ('n_trials', 5, TypeError), ('callbacks', 5, TypeError), ('callbacks', [5], TypeError)]
FORESTS = [('n_initial_points', 9, ValueError), ('n_initial_points', 'x', TypeError), ('n_calls', 5, TypeError)]


@pytest.mark.parametrize('call, name, value, kind', [
    *((Objective, *case) for case in ALL + CURVES), *((search, *case) for case in ALL + CURVES + COUNTS + OPTUNAS),
    *((forest_minimize, *case) for case in ALL + COUNTS + FORESTS)],
    ids=lambda value: str(value) if isinstance(value, (str, int, float)) else getattr(value, '__name__', 'object'))
def test_arguments_that_cannot_be(request, monkeypatch, data, call, name, value, kind):
    """They are refused before anything is trained."""
    if call is not Objective:
        request.getfixturevalue('optuna' if call is search else 'skopt')
    options = {'train': data[0], 'validation': data[1], 'space': {'components': (2, 8)}, name: value}
    options.update({} if call is Objective or name == 'trials' else {'trials': 8})
    monkeypatch.setattr(Objective, 'fit', None)
    with pytest.raises(kind, match={'precison@10': value, 'user_features': 'user feature matrix'}.get(
            value if name == 'metric' else name, 'components' if 'components=' in repr(value) else name)):
        call(**options)


def test_samplers_are_objects_and_studies_have_one_value(optuna, data):
    for options in ({'sampler': optuna.samplers.TPESampler}, {'pruner': optuna.pruners.NopPruner}):
        with pytest.raises(TypeError, match=f'{next(iter(options))} is the class'):
            search(*data, QUICK, **KNOBS, **options)
    with pytest.raises(ValueError, match='maximize'):
        search(*data, QUICK, **KNOBS, study=optuna.create_study(directions=['maximize', 'maximize']))
    study = study_of(optuna)
    search(*data, {'components': (2, 8)}, **{**KNOBS, 'trials': 1}, study=study)
    with pytest.raises(ValueError, match='the space is not that of the trials'):
        search(*data, {'components': [2, 8]}, **{**KNOBS, 'trials': 1}, study=study)
