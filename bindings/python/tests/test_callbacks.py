"""lfm.callbacks: used again, begun and ended, given wrongly; and what a callback must not do."""
import pickle
import threading

import numpy as np
import pytest
import scipy.sparse as sp
from conftest import planted

import lfm
from lfm.callbacks import EarlyStopping, LearningRate, Logging, Progress, Validation

TRAIN, TEST = planted()


def model(**options):
    return lfm.Model(8, **{'epochs': 4, 'threads': 1, **options})


def test_used_again_they_begin_anew():
    stop = EarlyStopping(TEST, 'auc', patience=2)
    model(epochs=100).fit(TRAIN, callbacks=[stop])
    first, reached = stop.history, (stop.best, stop.best_epoch)
    model(epochs=100).fit(TRAIN, callbacks=[stop])
    assert stop.history == first and stop.history is not first and (stop.best, stop.best_epoch) == reached
    # What a good model has reached does not stop a bad one before its time.
    worse = EarlyStopping(TEST, 'auc', patience=2)
    for callback in (stop, worse):
        model(epochs=5, learning_rate=1e-5).fit(TRAIN, callbacks=[callback])
    assert stop.history == worse.history and stop.best == worse.best < reached[0]


def test_training_on_is_measured_on():
    watch, stop = Validation(TEST, 'auc'), EarlyStopping(TEST, 'auc', patience=2, least=1.0)
    trained = model()
    for _ in range(2):
        trained.partial_fit(TRAIN, epochs=9, callbacks=[watch, stop])
    # Three epochs, the last two of which were patience; then two more, as patience is anew.
    assert [epoch for epoch, _ in watch.history] == [1, 2, 3, 4, 5] and trained.epochs_done == 5
    assert stop.best_epoch == 1 and stop.history == watch.history
    model().partial_fit(TRAIN, epochs=1, callbacks=[watch])
    assert [epoch for epoch, _ in watch.history] == [1]
    other = model(epochs=2).fit(TRAIN)
    model(epochs=4).fit(TRAIN, callbacks=[watch])
    other.partial_fit(TRAIN, epochs=1, callbacks=[watch])
    assert [epoch for epoch, _ in watch.history] == [3]


class Told:
    def __init__(self, stop=False):
        self.calls, self.stops = [], stop

    def begin(self, state):
        self.calls.append(('begin', state.epoch, state.epochs, np.isnan(state.loss)))
        if self.stops:
            state.stop()

    def __call__(self, state):
        self.calls.append(state.epoch)
        if state.epoch == 5:
            raise RuntimeError('enough')

    def end(self, state):
        self.calls.append(('end', state.epoch))


def test_begin_and_end():
    told, trained = Told(), model(epochs=2)
    trained.fit(TRAIN, callbacks=[told])
    with pytest.raises(RuntimeError, match='enough'):
        trained.partial_fit(TRAIN, callbacks=[told], epochs=4)
    assert told.calls == [('begin', 0, 2, True), 1, 2, ('end', 2), ('begin', 2, 6, True), 3, 4, 5, ('end', 5)]
    assert model().fit(TRAIN, callbacks=[Told(stop=True)]).epochs_done == 0


def test_every_end_is_called():
    class Fails(Told):
        def end(self, state):
            super().end(state)
            raise RuntimeError('at the end')

    first, fails, last = Told(), Fails(), Told()
    with pytest.raises(RuntimeError, match='at the end'):
        model(epochs=2).fit(TRAIN, callbacks=[first, fails, last])
    assert [told.calls[-1] for told in (first, fails, last)] == [('end', 2)] * 3


def test_rates_are_those_of_every_epoch():
    """The first too, and whatever the schedule is."""
    rates = []
    plain = model(learning_rate=0.02).fit(TRAIN)
    for options in ({}, {'schedule': 'linear', 'schedule_epochs': 4}):
        set_by = model(learning_rate=0.5, **options).fit(
            TRAIN, callbacks=[lambda state: rates.append(state.learning_rate), LearningRate(lambda epoch: 0.02)])
        assert np.array_equal(set_by.parameters('item')[0], plain.parameters('item')[0])
    assert rates == [0.02] * 8


@pytest.mark.parametrize('rate, kind', [(float('nan'), ValueError), (-1, ValueError), (float('inf'), ValueError),
                                        (1e300, ValueError), ('0.1', TypeError), (None, TypeError)])
def test_rates_that_cannot_be(rate, kind):
    def assign(state):
        with pytest.raises(kind, match='learning_rate is'):
            state.learning_rate = rate
        seen.append(state.learning_rate)

    seen = []
    model(epochs=2).fit(TRAIN, callbacks=[assign])
    assert seen == [0.05, 0.05]
    with pytest.raises(kind, match='learning_rate is'):
        model().fit(TRAIN, callbacks=[LearningRate(lambda epoch: rate)])


def test_a_bar_for_each_training(capsys):
    pytest.importorskip('tqdm')
    bar = Progress()
    trained = model(epochs=9).fit(TRAIN, callbacks=[lambda state: state.epoch == 3 and state.stop(), bar])
    assert '3/9' in capsys.readouterr().err
    trained.partial_fit(TRAIN, epochs=2, callbacks=[bar])
    trained.partial_fit(TRAIN, epochs=2, callbacks=[lambda state: bar(state)])
    shown = capsys.readouterr().err
    assert '5/5' in shown and '7/7' in shown and bar._bar is None


def test_callbacks_that_are_none():
    likes = lfm.Interactions(TRAIN)
    trained = model().fit(likes)
    for wrong, what in (([Logging], 'number 0 is the class Logging'), ([print, 'x'], "number 1 is 'x'"),
                        ([None], 'number 0 is None'), (Logging(), 'give a list'), (Logging, 'give a list'),
                        (5, 'callbacks is 5')):
        for call in (trained.fit, trained.partial_fit):
            with pytest.raises(TypeError, match=what):
                call(likes, callbacks=wrong)
    assert trained.epochs_done == 4 and trained.partial_fit(likes, callbacks=None).epochs_done == 8


@pytest.mark.parametrize('options, kind', [
    ({'every': 0}, ValueError), ({'every': -1}, ValueError), ({'every': 1.5}, ValueError), ({'every': 'x'}, TypeError),
    ({'patience': 0}, ValueError), ({'patience': float('inf')}, ValueError), ({'patience': None}, TypeError),
    ({'least': float('nan')}, ValueError), ({'least': -0.1}, ValueError), ({'least': 'x'}, TypeError),
    ({'metric': 'precison@10'}, ValueError), ({'metric': ('auc',)}, TypeError), ({'metric': 5}, TypeError),
    ({'train': True}, TypeError), ({'test': 5}, TypeError), ({'test': None}, TypeError)], ids=str)
def test_arguments_that_cannot_be(options, kind):
    (name, value), = options.items()
    with pytest.raises(kind, match=value if name == 'metric' and kind is ValueError else name):
        EarlyStopping(**{'test': TEST, **options})
    if name in ('every', 'train', 'test'):
        with pytest.raises(kind, match=name):
            Validation(**{'test': TEST, **options})


def test_other_arguments_that_cannot_be():
    for metrics, kind in (((), ValueError), (['auc', 5], TypeError), (5, TypeError)):
        with pytest.raises(kind, match='metrics'):
            Validation(TEST, metrics)
        with pytest.raises(kind, match='metrics'):
            model(epochs=1).fit(TRAIN).evaluate(TEST, metrics)
    for make, name in ((lambda: LearningRate(0.1), 'rate'), (lambda: Logging('lfm'), 'logger'),
                       (lambda: Logging(level='loud'), 'level')):
        with pytest.raises(TypeError, match=f'^{name} is'):
            make()


@pytest.mark.parametrize('train', ['fit', 'partial_fit'])
def test_a_callback_cannot_train_its_own_model(train):
    trained = model(epochs=3)
    with pytest.raises(lfm.BusyError, match='callback'):
        trained.fit(TRAIN, callbacks=[lambda state: getattr(state.model, train)(TRAIN)])
    assert trained.epochs_done == 1 and len(trained.recommend(3, 5)[0]) == 5
    assert trained.fit(TRAIN).epochs_done == 3


def test_another_thread_cannot_train_it_either():
    found = []

    def other():
        try:
            trained.fit(TRAIN)
        except lfm.BusyError as error:
            found.append(error)

    def meanwhile(state):
        if state.epoch == 1:
            thread = threading.Thread(target=other)
            thread.start()
            thread.join()
            copies.append(pickle.loads(pickle.dumps(state.model)))

    trained, copies = model(), []
    trained.fit(TRAIN, callbacks=[meanwhile])
    assert len(found) == 1 and trained.epochs_done == 4
    assert copies[0].epochs_done == 1 and copies[0].partial_fit(TRAIN, epochs=1).epochs_done == 2


def test_what_is_refused_leaves_the_model_as_it_was():
    items = TRAIN.shape[1]
    trained = model().fit(TRAIN, item_features=sp.identity(items))
    before = trained.recommend(3, 5)[0].tolist()
    for wrong in ({'item_features': sp.identity(3)}, {'epochs': -1}):
        with pytest.raises(lfm.InvalidError):
            trained.partial_fit(TRAIN, **wrong)
        assert trained.recommend(3, 5)[0].tolist() == before
    with pytest.raises(lfm.BusyError):
        trained.fit(TRAIN, callbacks=[lambda state: trained.resize(n_users=1000)])
