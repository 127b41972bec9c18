"""The frozen model that answers: scores, recommendations, similar things, explanations, metrics."""
from __future__ import annotations

import ctypes
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from . import _abi
from ._checks import choice, floats, instance, switch, whole
from ._data import Features, Interactions
from ._errors import OverlapError
from ._ids import Ids, as_array, as_ids, check_same, id_array, is_single, rows_of
from ._library import STRUCTS, Handle, create, lib, make, put
from ._matrices import INT32_MAX, address, embeddings
from ._running import new_cancel, run_interruptibly

SPACES = {'user': _abi.LFM_SPACE_USER, 'item': _abi.LFM_SPACE_ITEM, 'user_feature': _abi.LFM_SPACE_USER_FEATURE,
          'item_feature': _abi.LFM_SPACE_ITEM_FEATURE}


class Result(NamedTuple):
    """A metric over the users that count."""

    mean: float
    n_users: int
    standard_error: float
    low: float
    high: float


class Part(NamedTuple):
    """A part of a score: a user feature with an item feature, or (None for the other) a feature's bias."""

    user_feature: Any
    item_feature: Any
    value: float


class Explanation(NamedTuple):
    """A score, its largest parts, and what the other parts come to."""

    score: float
    parts: List[Part]
    remainder: float


# Parts of a score that are listed at most.
_MOST_PARTS = 10**6

# Pairs that are scored before anyone could press Ctrl-C.
_SHORT = 1 << 20

# The kinds of one id, or of one number where there are no ids.
_ONE = frozenset((int, str, np.int32, np.int64))


def _reference(row: int) -> Any:
    return ctypes.byref(ctypes.c_int32(row))


def _pointer(thing: Any) -> Optional[int]:
    return None if thing is None else thing._handle.pointer


class Scorer:
    """Representations of all users and items, frozen. Any number of threads may ask one scorer."""

    def __init__(self, handle: Handle, user_ids: Optional[Ids] = None, item_ids: Optional[Ids] = None,
                 user_features: Optional[Features] = None, item_features: Optional[Features] = None,
                 seen: Optional[Interactions] = None) -> None:
        self._handle = handle
        self._features = {'user': user_features, 'item': item_features}
        self.ids: Dict[str, Optional[Ids]] = {'user': user_ids, 'item': item_ids}
        self.seen = seen
        # What a call without options of its own is given: made once.
        self._recommend_options = make('lfm_recommend_options')
        self._plain = ctypes.byref(self._recommend_options)
        self._width = self.n_items

    @classmethod
    def from_embeddings(cls, users: Any, items: Any, user_biases: Any = None, item_biases: Any = None, *,
                        user_ids: Any = None, item_ids: Any = None) -> 'Scorer':
        """A scorer of embeddings from elsewhere, which are copied."""
        sides = []
        kept = []
        for vectors, biases in ((users, user_biases), (items, item_biases)):
            vectors = floats('embeddings', vectors)
            if vectors.ndim != 2:
                raise ValueError(f'embeddings: a matrix is needed, not an array of shape {vectors.shape}')
            biases = np.zeros(len(vectors), dtype=np.float32) if biases is None else floats('biases', biases)
            if biases.shape != (len(vectors),):
                raise ValueError(f'embeddings {vectors.shape} and biases {biases.shape} do not go together')
            kept.append((vectors, biases))
            sides.append(embeddings(vectors, biases))
        names = as_ids(user_ids, 'user_ids'), as_ids(item_ids, 'item_ids')
        for ids, (vectors, _), what in zip(names, kept, ('user', 'item')):
            if ids is not None and len(ids) != len(vectors):
                raise ValueError(f'there are {len(ids)} {what} ids for {len(vectors)} {what}s')
        handle = create('scorer', lib.lfm_scorer_from_embeddings, None, ctypes.byref(sides[0]),
                        ctypes.byref(sides[1]), None)
        return cls(handle, *names)

    def __reduce__(self) -> Any:
        raise TypeError('a Scorer cannot be pickled: pickle its Model, which makes the same one')

    @property
    def n_users(self) -> int:
        return int(lib.lfm_scorer_n_rows(self._handle.pointer, _abi.LFM_SPACE_USER))

    @property
    def n_items(self) -> int:
        return int(lib.lfm_scorer_n_rows(self._handle.pointer, _abi.LFM_SPACE_ITEM))

    def representations(self, space: str) -> Tuple[Any, Any]:
        """(vectors, biases) of 'user', 'item', 'user_feature' or 'item_feature', as copies."""
        found = []
        for function in (lib.lfm_scorer_representations, lib.lfm_scorer_biases):
            view = make('lfm_view')
            function(self._handle.pointer, _space(space), ctypes.byref(view))
            shape = (view.rows, view.columns)
            if not view.data or 0 in shape:
                found.append(np.zeros(shape, dtype=np.float32))
                continue
            flat = np.ctypeslib.as_array(ctypes.cast(view.data, ctypes.POINTER(ctypes.c_float)),
                                         ((view.rows - 1) * view.stride // 4 + view.columns,))
            found.append(np.array(np.lib.stride_tricks.as_strided(flat, shape, (view.stride, 4))))
        return found[0], found[1][:, 0]

    def predict(self, users: Any, items: Any) -> Any:
        """Score pairs; one user goes with all the items."""
        if type(users) in _ONE and type(items) in _ONE:
            scores = np.empty(1, dtype=np.float32)
            lib.lfm_predict(self._handle.pointer, 1, _reference(self._row('user', users)),
                            _reference(self._row('item', items)), address(scores), None)
            return scores
        item_rows = rows_of(self.ids['item'], [items] if is_single(items) else items, 'item')
        user_rows = rows_of(self.ids['user'], [users] if is_single(users) else users, 'user')
        if len(user_rows) == 1 and len(item_rows) != 1:
            user_rows = np.repeat(user_rows, len(item_rows))
        if len(user_rows) != len(item_rows):
            raise ValueError(f'there are {len(user_rows)} users and {len(item_rows)} items')
        scores = np.empty(len(item_rows), dtype=np.float32)
        pointers = (self._handle.pointer, len(scores), address(user_rows) or 8, address(item_rows) or 8,
                    address(scores) or 8)
        if len(scores) < _SHORT:
            lib.lfm_predict(*pointers, None)
            return scores
        cancel = new_cancel()
        options = make('lfm_infer_options', cancel=cancel.pointer)
        run_interruptibly(lambda: lib.lfm_predict(*pointers, ctypes.byref(options)), cancel)
        return scores

    def _numbered(self, data: Any, what: str, sides: Sequence[str] = ('user', 'item')) -> Interactions:
        """Interactions whose ids, if they have any, are the scorer's."""
        given = Interactions.of(data, what)
        for side in sides:
            check_same(self.ids[side], given.user_ids if side == 'user' else given.item_ids, f'{what}: {side}')
        return given

    def _left_out(self, exclude: Any) -> Optional[Interactions]:
        """What `exclude` means."""
        if isinstance(exclude, str):
            choice('exclude', exclude, ('seen',))
            return self.seen
        return None if exclude is None else self._numbered(exclude, 'exclude')

    def recommend(self, users: Any = None, k: int = 10, *, exclude: Any = 'seen', candidates: Any = None,
                  exclude_items: Any = None, threads: int = 0) -> Tuple[Any, Any]:
        """The k best items of a user, or of each of many, best first: (items, scores).

        users: an id, a list of ids, or None for all. k: 1 or more. exclude: interactions whose items are left out for
        their users; 'seen': those that the model was trained on; None: nothing. candidates, exclude_items: lists
        of ids: only these items, none of these.
        For one user the arrays hold what there is; for many they are tables, filled up with None (-1 where
        items have no ids) and -inf.
        """
        if type(users) in _ONE and candidates is None and exclude_items is None and type(k) is int and k > 0 and \
                threads == 0 and \
                (exclude is None or exclude is self.seen or isinstance(exclude, str) and exclude == 'seen'):
            return self._recommend_one(users, k, None if exclude is None else self.seen)
        single = users is not None and is_single(users)
        known = self.ids['user']
        if single:
            rows = rows_of(known, [users], 'user') if known is None or users not in known.places else \
                np.array([known.places[users]], dtype=np.int32)
        else:
            rows = np.arange(self.n_users, dtype=np.int32) if users is None else rows_of(known, users, 'user')
        k, threads = min(whole('k', k, 1), self.n_items), whole('threads', threads, 0, INT32_MAX)
        left_out = self._left_out(exclude)
        items, scores = np.empty((len(rows), k), dtype=np.int32), np.empty((len(rows), k), dtype=np.float32)
        pointers = (self._handle.pointer, len(rows), address(rows) or 8, k, _pointer(left_out), address(items) or 8,
                    address(scores) or 8)
        if single and candidates is None and exclude_items is None:
            lib.lfm_recommend(*pointers, self._plain)
        else:
            cancel = new_cancel()
            options = make('lfm_recommend_options', threads=threads, cancel=cancel.pointer)
            lists = {}
            for name, given in (('candidates', candidates), ('exclude_items', exclude_items)):
                if given is not None:
                    lists[name] = rows_of(self.ids['item'], id_array(given, name), 'item')
                    setattr(options, name, address(lists[name]) or 8)
                    setattr(options, f'n_{name}', len(lists[name]))
            run_interruptibly(lambda: lib.lfm_recommend(*pointers, ctypes.byref(options)), cancel)
        if single:
            n = k if items[0, -1] >= 0 else int((items[0] >= 0).sum())
            return _named(self.ids['item'], items[0, :n]), scores[0, :n]
        return _named(self.ids['item'], items), scores

    def _recommend_one(self, user: Any, k: int, left_out: Optional[Interactions]) -> Tuple[Any, Any]:
        """The everyday case, in as few steps as it takes: a service asks for one user after another, and what
        scans all items leaves little of Python in the processor's caches."""
        k = k if k < self._width else self._width
        items: np.ndarray[Any, np.dtype[np.int32]] = np.empty(k, dtype=np.int32)
        scores: np.ndarray[Any, np.dtype[np.float32]] = np.empty(k, dtype=np.float32)
        lib.lfm_recommend(self._handle.pointer, 1, _reference(self._row('user', user)), k, _pointer(left_out),
                          address(items) or 8, address(scores) or 8, self._plain)
        if k > 0 and items.item(-1) < 0:
            n = int((items >= 0).sum())
            items, scores = items[:n], scores[:n]
        named = self.ids['item']
        return items if named is None else named.names.take(items), scores

    def _row(self, side: str, wanted: Any) -> int:
        """The row of one of _ONE's kinds."""
        known = self.ids[side]
        row: Any = wanted if known is None else known.places.get(wanted, -1)
        if type(row) is str or not 0 <= row < 2**31:
            rows_of(known, [wanted], side)  # says what is wrong
        return int(row)

    def similar(self, to: Any, k: int = 10, *, space: str = 'item', among: Optional[str] = None,
                measure: str = 'cosine', exclude: Optional[str] = 'own') -> Tuple[Any, Any]:
        """What is most like something: (ids, similarities), best first.

        to: an id, or a list of ids, of `space`: 'user', 'item', 'user_feature' or 'item_feature'. k: 1 or more. among:
        the space that is searched, by default the same; never a thing itself. measure: 'cosine' or 'dot'.
        exclude: 'own': among the features of items (users) those that an item (user) has are left out for it, so that
        tags are found which it lacks; None: they are listed too.
        For one id the arrays hold what there is; for many they are tables, filled up with None (-1 where there are no
        ids) and -inf.
        """
        among = space if among is None else among
        spaces = _space(space), _space(among, 'among')
        measures = {'cosine': _abi.LFM_SIMILARITY_COSINE, 'dot': _abi.LFM_SIMILARITY_DOT}
        wanted = measures[choice('measure', measure, measures)]
        if exclude is not None:
            choice('exclude', exclude, ('own',))
        own = self._features[space] if exclude is not None and among == f'{space}_feature' else None
        k = max(min(whole('k', k, 1), lib.lfm_scorer_n_rows(self._handle.pointer, spaces[1])), 1)
        single = is_single(to)
        rows = rows_of(self._names(space), [to] if single else to, space) + np.int32(self._first(space))
        found = np.empty((len(rows), k), dtype=np.int32)
        near = np.empty((len(rows), k), dtype=np.float32)
        cancel = new_cancel()
        options = make('lfm_similar_options', measure=wanted, first_row=self._first(among), known=_pointer(own),
                       cancel=cancel.pointer)
        run_interruptibly(lambda: lib.lfm_similar(
            self._handle.pointer, spaces[0], len(rows), address(rows) or 8, spaces[1], k, address(found) or 8,
            address(near) or 8, ctypes.byref(options)), cancel)
        found[found >= 0] -= self._first(among)
        if single:
            n = int((found[0] >= 0).sum())
            return _named(self._names(among), found[0, :n]), near[0, :n]
        return _named(self._names(among), found), near

    def explain(self, user: Any, item: Any, k: int = 10) -> Explanation:
        """Take the score of one user and one item apart into what pairs of features contribute, and list the k
        largest, k 1 or more (a million at most)."""
        k = min(whole('k', k, 1), _MOST_PARTS)
        for side, one in (('user', user), ('item', item)):
            if not is_single(one):
                raise TypeError(f'{side} is {one!r}: it must be one id')
        user_row, item_row = rows_of(self.ids['user'], [user], 'user')[0], rows_of(self.ids['item'], [item], 'item')[0]
        parts = (STRUCTS['lfm_contribution'] * k)()
        summary = make('lfm_explanation')
        lib.lfm_explain(self._handle.pointer, _pointer(self._features['user']), _pointer(self._features['item']),
                        int(user_row), int(item_row), k, ctypes.byref(parts), ctypes.byref(summary), None)
        listed = [Part(self._feature_name('user', part.user_feature), self._feature_name('item', part.item_feature),
                       part.value) for part in parts[:summary.n_listed]]
        return Explanation(summary.score, listed, summary.remainder)

    def fold_in(self, interactions: Any, **options: Any) -> Tuple[Any, Any]:
        """(vectors, biases) of new users from their interactions with the items, everything else frozen.
        options: loss, epochs, learning_rate, alpha, margin, max_sampled, max_draws, kos_k, kos_n, seed and threads, as
        lfm_fold_in_options has them."""
        given = self._numbered(interactions, 'interactions', ('item',))
        vectors = np.empty((given.n_users, lib.lfm_scorer_components(self._handle.pointer)), dtype=np.float32)
        biases = np.empty(given.n_users, dtype=np.float32)
        cancel = new_cancel()
        how = make('lfm_fold_in_options', cancel=cancel.pointer)
        for name, value in options.items():
            if name not in _FOLD_IN:
                raise ValueError(f'there is no option {name!r}: choose {", ".join(_FOLD_IN)}')
            put(how, name, LOSSES[choice(name, value, LOSSES)] if name == 'loss' else value)
        run_interruptibly(lambda: lib.lfm_fold_in(self._handle.pointer, given._handle.pointer, address(vectors) or 8, 0,
                                                  address(biases) or 8, ctypes.byref(how)), cancel)
        return vectors, biases

    def recommend_vectors(self, vectors: Any, k: int = 10, *, exclude: Any = None) -> Tuple[Any, Any]:
        """The k best items, k 1 or more, for users given by vectors, say from fold_in: tables as recommend gives them.
        Row r of `exclude` belongs to row r of the vectors."""
        vectors = np.atleast_2d(floats('vectors', vectors))
        if vectors.ndim != 2:
            raise ValueError(f'vectors: a row for each user is needed, not an array of shape {vectors.shape}')
        biases = np.zeros(len(vectors), dtype=np.float32)
        k = min(whole('k', k, 1), self.n_items)
        items, scores = np.empty((len(vectors), k), dtype=np.int32), np.empty((len(vectors), k), dtype=np.float32)
        left_out = None if exclude is None else self._numbered(exclude, 'exclude', ('item',))
        if left_out is not None and left_out.n_users != len(vectors):
            raise ValueError(f'exclude: there are {left_out.n_users} rows for {len(vectors)} vectors')
        given = embeddings(vectors, biases)
        cancel = new_cancel()
        options = make('lfm_recommend_options', cancel=cancel.pointer)
        run_interruptibly(lambda: lib.lfm_recommend_vectors(
            self._handle.pointer, ctypes.byref(given), k, _pointer(left_out), address(items) or 8, address(scores) or 8,
            ctypes.byref(options)), cancel)
        return _named(self.ids['item'], items), scores

    def evaluate(self, test: Any, metrics: Union[str, Sequence[str]] = ('precision@10', 'recall@10', 'auc', 'mrr'), *,
                 exclude: Any = 'seen', keep_empty: bool = False, check_overlap: bool = True, bootstrap: int = 0,
                 confidence: float = 0.95, threads: int = 0) -> Dict[str, Result]:
        """Metrics over all users with at least one test positive, by name: see lfm.evaluate."""
        return {name: result for name, (result, _) in self._evaluate(
            test, metrics, exclude, keep_empty, check_overlap, bootstrap, confidence, threads).items()}

    def evaluate_users(self, test: Any, metrics: Union[str, Sequence[str]], *, exclude: Any = 'seen',
                       check_overlap: bool = True, threads: int = 0) -> Dict[str, Any]:
        """The metrics of each user, NaN for those that do not count."""
        return {name: numbers for name, (_, numbers) in self._evaluate(
            test, metrics, exclude, False, check_overlap, 0, 0.95, threads).items()}

    def _evaluate(self, test: Any, metrics: Union[str, Sequence[str]], exclude: Any, keep_empty: bool,
                  check_overlap: bool, bootstrap: int, confidence: float,
                  threads: int) -> Dict[str, Tuple[Result, Any]]:
        given = self._numbered(test, 'test')
        left_out = self._left_out(exclude)
        names, wanted = parse_metrics(metrics)
        results = (STRUCTS['lfm_metric_result'] * len(names))()
        results[0].size = ctypes.sizeof(results[0])
        users = np.empty((given.n_users, len(names)), dtype=np.float64)
        cancel = new_cancel()
        options = make('lfm_evaluate_options', exclude=_pointer(left_out), keep_empty=switch('keep_empty', keep_empty),
                       check_overlap=switch('check_overlap', check_overlap), bootstrap=bootstrap,
                       confidence=confidence, threads=threads, cancel=cancel.pointer)
        try:
            run_interruptibly(lambda: lib.lfm_evaluate(
                self._handle.pointer, given._handle.pointer, ctypes.byref(wanted), len(names), ctypes.byref(options),
                ctypes.byref(results), address(users) or 8), cancel)
        except OverlapError as error:
            self._name_overlap(error, given, left_out)
            raise
        return {name: (Result(r.mean, r.n_users, r.standard_error, r.low, r.high), users[:, place].copy())
                for place, (name, r) in enumerate(zip(names, results))}

    def _name_overlap(self, error: OverlapError, test: Interactions, exclude: Optional[Interactions]) -> None:
        """Have an error say by ids, where there are some, what two sets share."""
        found, user, item = ctypes.c_int32(), ctypes.c_int32(), ctypes.c_int32()
        lib.lfm_find_overlap(test._handle.pointer, _pointer(exclude), ctypes.byref(found), ctypes.byref(user),
                             ctypes.byref(item))
        if found.value:
            user_name, item_name = (row if ids is None else ids.names[row]
                                    for row, ids in ((user.value, self.ids['user']), (item.value, self.ids['item'])))
            error.args = (f'user {user_name!r}, item {item_name!r} is in the test set and among the excluded: results would '
                          'be wrong without notice (check_overlap=False allows it)',)

    def _first(self, space: str) -> int:
        """The row of a space that the first of its names belongs to."""
        features = self._features.get(space[:-len('_feature')]) if space.endswith('_feature') else None
        return 0 if features is None else features.first_named

    def _names(self, space: str) -> Optional[Ids]:
        if not space.endswith('_feature'):
            return self.ids.get(space)
        features = self._features.get(space[:-len('_feature')])
        return None if features is None else features.names

    def _feature_name(self, side: str, feature: int) -> Any:
        if feature < 0:
            return None
        first, names = self._first(f'{side}_feature'), self._names(f'{side}_feature')
        if self._features[side] is None or feature < first:
            own = self.ids[side]
            return feature if own is None else own.names[feature]
        return feature if names is None else names.names[feature - first]


def parse_metrics(metrics: Union[str, Sequence[str]]) -> Tuple[List[str], Any]:
    """Names of metrics as a list, and as the library wants them. ValueError for one that does not exist."""
    if not isinstance(metrics, str) and not hasattr(metrics, '__iter__'):
        raise TypeError(f'metrics is {metrics!r}: give a name, or a list of names')
    names = [metrics] if isinstance(metrics, str) else list(metrics)
    if not names:
        raise ValueError('metrics is empty: there is nothing to measure')
    wanted = (STRUCTS['lfm_metric'] * len(names))()
    for place, name in enumerate(names):
        lib.lfm_metric_parse(instance(f'metrics: number {place}', name, str, 'a name').encode(),
                             ctypes.addressof(wanted) + place * ctypes.sizeof(wanted[0]))
    return names, wanted


LOSSES = {'logistic': _abi.LFM_LOSS_LOGISTIC, 'bpr': _abi.LFM_LOSS_BPR, 'warp': _abi.LFM_LOSS_WARP,
          'warp-kos': _abi.LFM_LOSS_WARP_KOS}


_FOLD_IN = ('loss', 'epochs', 'learning_rate', 'alpha', 'margin', 'max_sampled', 'max_draws', 'kos_k', 'kos_n', 'seed',
            'threads')


def _space(space: str, name: str = 'space') -> int:
    return SPACES[choice(name, space, SPACES)]


def _named(ids: Optional[Ids], rows: Any) -> Any:
    """Rows as ids; -1 becomes None."""
    if ids is None:
        return rows
    if (rows >= 0).all():
        return ids.names[rows]
    named = np.empty(rows.shape, dtype=object)
    there = rows >= 0
    named[there] = as_array(ids.names)[rows[there]]
    return named
