"""lfm.plot: what is drawn, where, and what is refused."""
import sys

import numpy as np
import pytest
from conftest import planted

import lfm
from lfm import callbacks, plot

matplotlib = pytest.importorskip('matplotlib')
matplotlib.use('Agg')
from matplotlib import pyplot  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

N_GROUPS = 5


@pytest.fixture(autouse=True)
def no_figures_are_left():
    yield
    pyplot.close('all')


@pytest.fixture
def ax():
    return Figure().subplots()


@pytest.fixture(scope='module')
def trained():
    """A model of items whose tag is their group, and what was measured while it trained."""
    train, test = planted()
    ids = [f'i{n}' for n in range(train.shape[1])]
    likes = lfm.Interactions(train, user_ids=[f'u{n}' for n in range(train.shape[0])], item_ids=ids)
    random = np.random.RandomState(0)
    random.randint(N_GROUPS, size=train.shape[0])
    groups = random.randint(N_GROUPS, size=train.shape[1])  # as planted() draws them
    tags = lfm.Features.from_tags(ids, {own: [f'tag{group}'] for own, group in zip(ids, groups)})
    watch = callbacks.Validation(lfm.Interactions(test), ['precision@10', 'auc'], train=likes)
    model = lfm.Model(16, epochs=8, threads=1).fit(likes, item_features=tags, callbacks=[watch])
    return model, watch, dict(zip(ids, groups))


def lines(ax):
    return {line.get_label(): line.get_xydata().tolist() for line in ax.get_lines()}


def points(ax):
    return [tuple(place) for dots in ax.collections for place in dots.get_offsets()]


def test_validation_measures_training_too(trained):
    model, watch, _ = trained
    epoch, last = watch.history[-1]
    assert epoch == 8 and list(last) == ['precision@10', 'auc', 'train precision@10', 'train auc']
    expected = model.evaluate(watch.train, 'precision@10', exclude=None)['precision@10'].mean
    assert last['train precision@10'] == expected > last['precision@10']


def test_learning_curve_of_a_validation(trained, ax):
    _, watch, _ = trained
    assert plot.learning_curve(watch, ax=ax) is ax
    assert lines(ax) == {'train': [[epoch, found['train precision@10']] for epoch, found in watch.history],
                         'test': [[epoch, found['precision@10']] for epoch, found in watch.history]}
    assert ax.get_xlabel() == 'epoch' and ax.get_ylabel() == 'precision@10'
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ['train', 'test']
    assert all(tick == int(tick) for tick in ax.get_xticks())


def test_learning_curve_of_a_metric_and_of_history(trained, ax):
    _, watch, _ = trained
    plot.learning_curve(watch.history, 'auc', ax=ax)
    assert lines(ax)['test'][3] == [4, watch.history[3][1]['auc']] and ax.get_ylabel() == 'auc'
    only = plot.learning_curve(watch, 'train auc', ax=Figure().subplots())
    assert list(lines(only)) == ['train']
    with pytest.raises(ValueError, match="no 'ndcg@3'.*precision@10, auc"):
        plot.learning_curve(watch, 'ndcg@3', ax=ax)


def test_learning_curves_by_name(trained, ax):
    _, watch, _ = trained
    plot.learning_curve({'warp': watch, 'old': [0.1, 0.2], 'trial': [(2, 0.3), (4, 0.25)], 'one': [(9, 0.5)]}, ax=ax)
    drawn = lines(ax)
    assert list(drawn) == ['warp (train)', 'warp (test)', 'old', 'trial', 'one']
    assert drawn['old'] == [[1, 0.1], [2, 0.2]] and drawn['trial'] == [[2, 0.3], [4, 0.25]]
    for nothing in ({}, [], {'x': []}, callbacks.Validation(np.eye(2))):
        with pytest.raises(ValueError, match='nothing was measured'):
            plot.learning_curve(nothing, ax=ax)


def test_learning_curve_marks_where_it_was_best(ax):
    train, test = planted()
    stop = callbacks.EarlyStopping(test, 'auc', patience=2, train=train)
    lfm.Model(16, epochs=100, threads=1).fit(train, callbacks=[stop])
    plot.learning_curve(stop, ax=ax)
    drawn = lines(ax)
    assert drawn[f'best: epoch {stop.best_epoch}'] == [[stop.best_epoch, stop.best]]
    assert [stop.best_epoch, stop.best] in drawn['test'] and len(drawn['train']) == len(drawn['test'])


def test_ticks_of_the_caller_stay(trained, ax):
    ax.set_xscale('log')
    locator = ax.xaxis.get_major_locator()
    plot.learning_curve(trained[1], ax=ax)
    assert ax.xaxis.get_major_locator() is locator


def test_embeddings_show_what_belongs_together(trained, ax):
    """Items of one group lie closer together than to the others, in the plane too."""
    model, _, groups = trained
    by_group = {group: [own for own, other in groups.items() if other == group] for group in range(N_GROUPS)}
    assert plot.embeddings(model, highlight=by_group, ax=ax) is ax
    centres = np.array([np.mean(dots.get_offsets(), axis=0) for dots in ax.collections[1:]])
    spread = [np.linalg.norm(dots.get_offsets() - centre, axis=1).mean()
              for dots, centre in zip(ax.collections[1:], centres)]
    apart = np.linalg.norm(centres[:, None] - centres[None], axis=2)
    assert len(centres) == N_GROUPS and np.mean(spread) < 0.5 * apart[np.triu_indices(N_GROUPS, 1)].mean()
    assert len(points(ax)) == len(groups) and len(ax.collections[0].get_offsets()) == 0
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [str(group) for group in range(N_GROUPS)]
    assert not ax.texts  # 150 names would cover everything


def test_embeddings_are_the_principal_components(trained, ax):
    model, _, _ = trained
    vectors = model.scorer().representations('item')[0].astype(float)
    centred = vectors - vectors.mean(axis=0)
    plot.embeddings(model, measure='dot', ax=ax)
    found = np.array(points(ax))
    eigenvalues = np.linalg.eigvalsh(centred.T @ centred)[::-1]
    assert np.allclose((found**2).sum(axis=0), eigenvalues[:2]) and abs(found[:, 0] @ found[:, 1]) < 1e-6
    assert f'{eigenvalues[0] / eigenvalues.sum():.0%}' in ax.get_xlabel()


def test_embeddings_of_features_leave_out_the_items_own(trained, ax):
    model, _, _ = trained
    plot.embeddings(model.scorer(), 'item_feature', highlight=['tag3'], labels=True, ax=ax)
    assert sorted(text.get_text() for text in ax.texts) == [f'tag{n}' for n in range(N_GROUPS)]
    assert len(points(ax)) == N_GROUPS and len(ax.collections[1].get_offsets()) == 1


def test_embeddings_of_some(trained, ax):
    model, _, _ = trained
    wanted = ['i7', 'i3', 'i90']
    plot.embeddings(model, ids=wanted, highlight='i3 i90'.split(), ax=ax)
    texts = {text.get_text(): text.xy for text in ax.texts}
    assert list(texts) == ['i3', 'i90'] and tuple(texts['i3']) == points(ax)[1] and len(points(ax)) == 3
    plot.embeddings(model, 'user', ids=['u1', 'u2', 'u3'], labels={'u2': 'Ann'}, ax=(other := Figure().subplots()))
    assert [text.get_text() for text in other.texts] == ['Ann']
    with pytest.raises(KeyError, match="'i8'"):
        plot.embeddings(model, ids=wanted, highlight=['i8'], ax=ax)
    with pytest.raises(KeyError, match="'x'"):
        plot.embeddings(model, ids=['x', 'i3'], ax=ax)


def test_embeddings_without_ids(ax):
    model = lfm.Model(1, epochs=1, threads=1).fit(planted()[0])
    plot.embeddings(model, 'user', highlight=[3], ax=ax)  # one component: a line
    assert len(points(ax)) == 120 and [text.get_text() for text in ax.texts] == ['3']
    assert np.ptp(np.array(points(ax))[:, 1]) == 0
    with pytest.raises(KeyError, match='120'):
        plot.embeddings(model, 'user', ids=[1, 120], ax=ax)


def test_methods_of_the_caller(trained, ax):
    model, _, _ = trained
    plot.embeddings(model, method=lambda vectors: vectors[:, :2], measure='dot', ax=ax)
    assert np.allclose(points(ax), model.scorer().representations('item')[0][:, :2])
    for wrong, message in (({'method': lambda vectors: vectors}, 'shape'), ({'method': 'tsne'}, "'tsne'"),
                           ({'measure': 'taxi'}, "'taxi'"), ({'space': 'tag'}, "'tag'"), ({'ids': []}, 'too few'),
                           ({'ids': ['i1']}, 'too few')):
        with pytest.raises(ValueError, match=message):
            plot.embeddings(model, ax=ax, **wrong)


def test_a_figure_of_its_own_only_when_there_are_no_axes(trained, ax):
    model, watch, _ = trained
    settings = matplotlib.rcParams.copy()
    plot.learning_curve(watch, ax=ax)
    plot.embeddings(model, ax=ax)
    assert not pyplot.get_fignums()
    drawn = [plot.learning_curve(watch), plot.embeddings(model)]
    assert [one.figure.number for one in drawn] == pyplot.get_fignums() and matplotlib.rcParams == settings


def test_without_matplotlib(trained, monkeypatch):
    model, watch, _ = trained
    monkeypatch.setitem(sys.modules, 'matplotlib', None)
    for draw in (lambda: plot.learning_curve(watch), lambda: plot.embeddings(model)):
        with pytest.raises(ImportError, match=r'liblfm\[plot\]'):
            draw()


def test_highlights_of_one_and_twice(trained, ax):
    model, _, _ = trained
    plot.embeddings(model, highlight='i3', ax=ax)
    assert [text.get_text() for text in ax.texts] == ['i3'] and len(ax.collections[1].get_offsets()) == 1
    for options, drawn in (({'highlight': ['i3', 'i3', 'i5']}, [148, 2]), ({'highlight': {'a': 'i3'}}, [149, 1]),
                           ({'highlight': np.array(['i3', 'i5'])}, [148, 2]),
                           ({'ids': ['i3', 'i5', 'i3'], 'highlight': 'i5'}, [1, 1])):
        other = plot.embeddings(model, ax=Figure().subplots(), **options)
        assert [len(dots.get_offsets()) for dots in other.collections] == drawn
    with pytest.raises(lfm.UnknownIdError, match="there is no item 'abc'"):
        plot.embeddings(model, highlight='abc', ax=ax)


def test_arguments_of_embeddings_that_cannot_be(trained, ax):
    model, _, _ = trained
    for options, what in (({'labels': np.array(['i1', 'i2'])}, 'labels is'), ({'labels': ['i1']}, 'labels is'),
                          ({'ax': 5}, 'ax is 5'), ({'method': lambda vectors: vectors[:, :2] * 1j}, 'complex'),
                          ({'model': 5}, 'model is 5'), ({'model': lfm.Model}, 'model is the class Model')):
        with pytest.raises(TypeError, match=what):
            plot.embeddings(**{'model': model, 'ax': ax, **options})
    with pytest.raises(ValueError, match='not finite'):
        plot.embeddings(model, method=lambda vectors: vectors[:, :2] * np.nan, ax=ax)


@pytest.mark.filterwarnings('error')
def test_curves_of_arrays_and_trials(ax):
    trial = lfm.tune.Trial(0, 'complete', 0.2, 2, {}, {}, [(1, 0.1), (2, 0.2)], 1.0)
    for one in (np.array([0.1, 0.2]), np.array([[1, 0.1], [2, 0.2]]), [[1, 0.1], [2, 0.2]], trial):
        (line,) = plot.learning_curve(one, ax=Figure().subplots()).get_lines()
        assert line.get_xydata().tolist() == [[1, 0.1], [2, 0.2]]
    for kind in (float, np.float32):
        (line,) = plot.learning_curve([kind('nan'), kind(0.5)], ax=Figure().subplots()).get_lines()
        assert np.isnan(line.get_ydata()[0]) and line.get_ydata()[1] == 0.5
    # Of two callbacks one may measure more often: its history has what both did.
    plot.learning_curve([(1, {'auc': 0.1}), (2, {'auc': 0.2, 'mrr': 0.5})], 'mrr', ax=ax)
    assert lines(ax) == {'test': [[2, 0.5]]}


@pytest.mark.parametrize('wrong', [5, None, 'abc', callbacks.Validation, [(1, 2, 3)], [(1,)], ['a', 'b'], {'a': 5},
                                   [{'auc': 0.1}], np.ones((2, 3))], ids=str)
def test_what_is_no_curve(ax, wrong):
    with pytest.raises(TypeError, match='no curve|no point of a curve|a value is'):
        plot.learning_curve(wrong, ax=ax)
    with pytest.raises(ValueError, match='there is no'):
        plot.learning_curve([(1, {})], ax=ax)
