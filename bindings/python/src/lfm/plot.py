"""Pictures of training and of what was learnt, with matplotlib, which is optional: `pip install 'liblfm[plot]'`.

    watch = lfm.callbacks.Validation(test, 'precision@10', train=train)
    model = lfm.Model().fit(train, callbacks=[watch])
    lfm.plot.learning_curve(watch)
    lfm.plot.embeddings(model, 'item_feature', highlight=['wood', 'steel'])

Every function draws into the axes that it is given, or makes a figure when it is given none, and returns the axes;
nothing is shown and no setting of matplotlib's is changed."""
from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple, Union

import numpy as np

from ._checks import choice, number, numbers
from ._errors import UnknownIdError
from ._ids import Ids, as_array, rows_of
from ._model import scorer_of
from ._scorer import Scorer
from .callbacks import TRAIN, EarlyStopping, Validation

Curve = List[Tuple[float, float]]


def learning_curve(history: Any, metric: Optional[str] = None, *, ax: Any = None) -> Any:
    """Draw a metric over the epochs, and return the axes.

    history: a Validation (EarlyStopping) callback after training, or its `history`. Where it measured interactions
        of training as well, both curves are drawn; the best epoch of an EarlyStopping is marked.
        Or curves under the names that they are to have, {'train': ..., 'test': ...}: each a Validation, a `history`,
        a trial of lfm.tune or its `curve`, any other list (or n x 2 array) of (epoch, value), or a list or array of
        values, from epoch 1 on
    metric: the name of what is to be drawn; None: the first that was measured
    ax: axes to draw into; None: those of a new figure

    ValueError where there is no such metric, or nothing to draw; TypeError for what is no curve; ImportError without
    matplotlib.
    """
    wanted, curves = _curves(history, metric)
    ax = _axes(ax)
    for name, curve in curves.items():
        epochs, values = zip(*curve)
        ax.plot(epochs, values, label=name or None, marker='o' if len(curve) == 1 else None)
    if isinstance(history, EarlyStopping) and wanted == history.metrics[0] and history.best_epoch:
        ax.plot([history.best_epoch], [history.best], 'o', color='black', label=f'best: epoch {history.best_epoch}')
    ax.set_xlabel('epoch')
    _whole_numbers(ax.xaxis)
    if wanted is not None:
        ax.set_ylabel(wanted)
    if any(curves):
        ax.legend()
    return ax


def embeddings(model: Any, space: str = 'item', ids: Optional[Iterable[Any]] = None, *, labels: Any = None,
               highlight: Any = None, method: Union[str, Callable[[Any], Any]] = 'pca', measure: str = 'cosine',
               ax: Any = None) -> Any:
    """Draw representations as points in the plane, and return the axes. What is close there was close in the model,
    as far as two dimensions can tell.

    model: a fitted Model, or a Scorer
    space: 'item', 'user', 'item_feature' or 'user_feature'
    ids: what to draw, by its ids (row numbers where there are none), each once; None: all. The plane is that of what
        is drawn
    labels: the texts beside points: True for the ids themselves, False for none, or {id: text} for some. None: what is
        highlighted, when those are at most 30
    highlight: an id, or a list of them, to draw in a colour of their own, the others grey; {name: ids} for several
        colours, with a legend
    method: 'pca' for the two directions of the largest variance; or a function that makes an array of n x 2 out of
        the n x components, as scikit-learn's `TSNE().fit_transform`
    measure: 'cosine' scales vectors to length one first, as `similar` does; 'dot' takes them as they are
    ax: axes to draw into; None: those of a new figure

    UnknownIdError (a KeyError) for an id that is not there; ValueError for a space, method or measure that does not
    exist, for fewer than two points, and for a method's result of another shape or that is not finite; TypeError for
    arguments of another type; ImportError without matplotlib.
    """
    scorer = scorer_of(model)
    vectors, names = _points(scorer, space, ids)
    places, axis_names = _plane(_measured(vectors, measure), method)
    groups = _groups(highlight, names, space)
    texts = _texts(labels, groups, names, space)
    ax = _axes(ax)
    rest = np.ones(len(names), dtype=bool)
    for rows in groups.values():
        rest[rows] = False
    ax.scatter(*places[rest].T, s=6, linewidths=0, color='0.7' if groups else None)
    for name, rows in groups.items():
        ax.scatter(*places[rows].T, s=16, linewidths=0, label=name)
    for row, text in texts.items():
        ax.annotate(text, places[row], xytext=(3, 3), textcoords='offset points', fontsize='small')
    if isinstance(highlight, dict) and groups:
        ax.legend()
    ax.set_xlabel(axis_names[0])
    ax.set_ylabel(axis_names[1])
    return ax


def _axes(ax: Any) -> Any:
    if ax is not None:
        if not hasattr(ax, 'scatter'):
            raise TypeError(f'ax is {ax!r}: it must be axes of matplotlib')
        return ax
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError("lfm.plot needs matplotlib: pip install matplotlib, or 'liblfm[plot]'") from error
    return pyplot.subplots()[1]


def _whole_numbers(axis: Any) -> None:
    """Ticks at whole epochs, unless the caller has given the axis ticks of another kind."""
    from matplotlib.ticker import MaxNLocator

    if isinstance(axis.get_major_locator(), MaxNLocator):
        axis.get_major_locator().set_params(integer=True)


def _curves(history: Any, metric: Optional[str]) -> Tuple[Optional[str], Dict[str, Curve]]:
    """The metric's name, where it has one, and the curves to draw by their labels."""
    given = dict(history) if isinstance(history, dict) else {'': history}
    curves: Dict[str, Curve] = {}
    for name, one in given.items():
        points = _listed(one)
        if not all(isinstance(point, tuple) and isinstance(point[1], dict) for point in points) or not points:
            curves[name] = _numbers(points)
        else:
            measured = list(dict.fromkeys(key for _, values in points for key in values))
            if metric is None:
                metric = next(iter(one.metrics if isinstance(one, Validation) else measured), '')
            if metric not in measured:
                raise ValueError(f'there is no {metric!r} in the history: choose {", ".join(measured)}')
            both = [key for key in (TRAIN + metric, metric) if key in measured]
            for key in both:
                part = 'train' if key.startswith(TRAIN) else 'test'
                label = f'{name} ({part})' if name and len(both) > 1 else name or part
                curves[label] = _numbers([(epoch, values[key]) for epoch, values in points if key in values])
    empty = [name for name, curve in curves.items() if not curve]
    if empty or not curves:
        raise ValueError(f'nothing was measured{f" for {empty[0]!r}" if empty and empty[0] else ""}: there is no curve')
    return metric, curves


def _listed(curve: Any) -> List[Any]:
    """The points of a curve: values, or pairs as tuples."""
    points = curve.history if isinstance(curve, Validation) else getattr(curve, 'curve', curve)
    if isinstance(points, (str, bytes, type)) or not hasattr(points, '__iter__'):
        raise TypeError(f'{curve!r} is no curve: a callback, a history, or a list of values or of (epoch, value) is')
    listed = [tuple(point) if isinstance(point, (list, np.ndarray)) else point for point in points]
    for point in listed:
        if isinstance(point, tuple) and len(point) != 2:
            raise TypeError(f'{point!r} is no point of a curve: a value or (epoch, value) is')
    return listed


def _numbers(points: List[Any]) -> Curve:
    pairs = [point if isinstance(point, tuple) else (epoch, point) for epoch, point in enumerate(points, 1)]
    return [(number('an epoch', epoch), float(value) if isinstance(value, _FLOATS) else number('a value', value))
            for epoch, value in pairs]


_FLOATS = (float, np.floating)  # of which not even NaN is refused: no point is drawn there


def _points(scorer: Scorer, space: str, ids: Optional[Iterable[Any]]) -> Tuple[Any, Ids]:
    """The vectors to draw, and their ids."""
    vectors = scorer.representations(space)[0][scorer._first(space):]
    known = scorer._names(space)
    if ids is None:
        return vectors, Ids(np.arange(len(vectors))) if known is None else known
    wanted = _ids('ids', ids)
    if not wanted:
        return vectors[:0], Ids(wanted)
    rows = rows_of(known, wanted, space)
    if known is None and len(rows) and rows.max() >= len(vectors):
        raise UnknownIdError(f'there is no {space} {rows.max()}: there are {len(vectors)}')
    names = np.empty(len(wanted), dtype=object)
    names[:] = wanted
    return vectors[rows], Ids(names)


def _ids(what: str, ids: Any) -> List[Any]:
    """One id, or each of many once."""
    if isinstance(ids, (str, bytes)) or np.ndim(ids) == 0 and not hasattr(ids, '__iter__'):
        return [ids]
    return list(dict.fromkeys(as_array(list(ids), what).tolist()))


def _measured(vectors: Any, measure: str) -> Any:
    choice('measure', measure, ('cosine', 'dot'))
    vectors = vectors.astype(np.float64)
    if measure == 'cosine':
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return vectors


def _plane(vectors: Any, method: Union[str, Callable[[Any], Any]]) -> Tuple[Any, Tuple[str, str]]:
    """Two coordinates for each vector, and what the axes are called."""
    if len(vectors) < 2:
        raise ValueError(f'there are too few points to draw: {len(vectors)}')
    if callable(method):
        places = numbers('the places that the method gave', np.asarray(method(vectors)))
        if places.shape != (len(vectors), 2):
            raise ValueError(f'the method gave an array of shape {places.shape}, not {(len(vectors), 2)}')
        if not np.isfinite(places).all():
            raise ValueError('the method gave places that are not finite')
        return places, ('', '')
    if method != 'pca':
        raise ValueError(f"there is no method {method!r}: choose 'pca', or give a function")
    centred = vectors - vectors.mean(axis=0)
    # Of one component, or of two points, there is one direction only: the other stays 0.
    places = np.zeros((len(vectors), 2))
    _, spread, directions = np.linalg.svd(centred, full_matrices=False)
    found = centred @ directions[:2].T
    places[:, :found.shape[1]] = found
    shares = np.zeros(2)
    shares[:found.shape[1]] = spread[:2]**2 / max(float((spread**2).sum()), np.finfo(float).tiny)
    return places, (f'first direction ({shares[0]:.0%} of the variance)', f'second direction ({shares[1]:.0%})')


def _groups(highlight: Any, names: Ids, space: str) -> Dict[str, Any]:
    """The rows to highlight, by the name of their colour."""
    if highlight is None:
        return {}
    groups = highlight if isinstance(highlight, dict) else {'': highlight}
    return {str(name): names.find(_ids('highlight', ids), space) for name, ids in groups.items()}


def _texts(labels: Any, groups: Dict[str, Any], names: Ids, space: str) -> Dict[int, str]:
    """The texts beside points, by their rows."""
    if isinstance(labels, dict):
        return dict(zip(names.find(list(labels), space).tolist(), map(str, labels.values())))
    if labels is None:
        rows = [row for group in groups.values() for row in group.tolist()]
        rows = rows if len(rows) <= _LABELS else []
    elif isinstance(labels, (bool, np.bool_)):
        rows = list(range(len(names))) if labels else []
    else:
        raise TypeError(f'labels is {labels!r}: it must be True, False, None or {{id: text}}')
    return {row: str(names.names[row]) for row in rows}


_LABELS = 30
