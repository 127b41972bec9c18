"""The little of liblfm's C interface that the benchmarks need, through ctypes."""
import ctypes as c
import pathlib

import numpy as np

INT32, FLOAT32 = 1, 3
METRIC_PRECISION, METRIC_AUC = 0, 2


class Array(c.Structure):
    _fields_ = [('data', c.c_void_p), ('type', c.c_int32), ('reserved', c.c_int32)]


class Coo(c.Structure):
    _fields_ = [('size', c.c_size_t), ('n_entries', c.c_int64), ('n_rows', c.c_int32),
                ('n_columns', c.c_int32), ('rows', Array), ('columns', Array), ('values', Array)]


class Csr(c.Structure):
    _fields_ = [('size', c.c_size_t), ('n_entries', c.c_int64), ('n_rows', c.c_int32),
                ('n_columns', c.c_int32), ('offsets', Array), ('columns', Array), ('values', Array)]


class InteractionsOptions(c.Structure):
    _fields_ = [('size', c.c_size_t), ('duplicates', c.c_int32), ('borrow', c.c_int32),
                ('weights', Array), ('timestamps', Array)] + \
               [(name, c.c_void_p) for name in ('release', 'release_user_data', 'cancel')]


class Metric(c.Structure):
    _fields_ = [('metric', c.c_int32), ('k', c.c_int32)]


class MetricResult(c.Structure):
    _fields_ = [('size', c.c_size_t), ('n_users', c.c_int64)] + [
        (name, c.c_double) for name in ('mean', 'standard_error', 'low', 'high')]


class EvaluateOptions(c.Structure):
    _fields_ = [('size', c.c_size_t)] + \
               [(name, c.c_void_p) for name in ('exclude', 'candidates', 'popularity')] + \
               [(name, c.c_int32) for name in ('keep_empty', 'check_overlap', 'segments',
                                               'bootstrap')] + \
               [('confidence', c.c_double), ('seed', c.c_uint64), ('threads', c.c_int32),
                ('reserved', c.c_int32), ('cancel', c.c_void_p)]


class ContextOptions(c.Structure):
    _fields_ = [('size', c.c_size_t)] + [(f'pointer{i}', c.c_void_p) for i in range(7)] + \
               [('threads', c.c_int32), ('cpu_mask', c.c_int32)]


class FeaturesOptions(c.Structure):
    _fields_ = [('size', c.c_size_t)] + [(name, c.c_int32) for name in (
        'duplicates', 'borrow', 'identity', 'normalise', 'identity_columns', 'reserved')] + \
               [('release', c.c_void_p), ('release_user_data', c.c_void_p)]


def array_of(values):
    kind = {'int32': INT32, 'float32': FLOAT32}[str(values.dtype)]
    assert values.flags.c_contiguous
    return Array(values.ctypes.data, kind, 0)


class Library:
    """liblfm.so as built in a meson build folder. cpu_mask as in lfm_context_options."""

    def __init__(self, build, cpu_mask=0):
        self.c = c.CDLL(str(pathlib.Path(build) / 'lib' / 'liblfm.so'))
        self.c.lfm_last_message.restype = c.c_char_p
        options = ContextOptions(size=c.sizeof(ContextOptions), cpu_mask=cpu_mask)
        self.context = c.c_void_p()
        self.check(self.c.lfm_context_create(c.byref(options), c.byref(self.context)))

    def check(self, status):
        if status != 0:
            raise RuntimeError(self.c.lfm_last_message().decode())

    def coo(self, rows, columns, shape, values=None):
        return Coo(c.sizeof(Coo), len(rows), *shape, array_of(rows), array_of(columns),
                   Array() if values is None else array_of(values))

    def interactions(self, users, items, shape, values=None):
        """Uses the arrays where they lie: they must outlive what is returned."""
        out = c.c_void_p()
        coo = self.coo(users, items, shape, values)
        options = InteractionsOptions(size=c.sizeof(InteractionsOptions), borrow=1)
        self.check(self.c.lfm_interactions_from_coo(self.context, c.byref(coo), c.byref(options),
                                                    c.byref(out)))
        return out

    def borrowed_features(self, matrix):
        """Features of a scipy CSR matrix, whose arrays are used where they lie."""
        out = c.c_void_p()
        csr = Csr(c.sizeof(Csr), matrix.nnz, *matrix.shape, array_of(matrix.indptr),
                  array_of(matrix.indices), array_of(matrix.data))
        options = FeaturesOptions(size=c.sizeof(FeaturesOptions), borrow=1)
        self.check(self.c.lfm_features_from_csr(self.context, c.byref(csr), c.byref(options),
                                                c.byref(out)))
        return out

    def features(self, rows, columns, shape):
        """Features with an indicator for every row before them."""
        out = c.c_void_p()
        coo = self.coo(rows, columns, shape)
        options = FeaturesOptions(size=c.sizeof(FeaturesOptions), identity=1)
        self.check(self.c.lfm_features_from_coo(self.context, c.byref(coo), c.byref(options),
                                                c.byref(out)))
        return out

    def options(self, kind, **values):
        block = c.create_string_buffer(1024)  # longer than any version's struct: the rest stays zero
        getattr(self.c, f'lfm_{kind}_options_init_sized')(block, c.c_size_t(1024))
        for name, value in values.items():
            self.check(getattr(self.c, f'lfm_{kind}_options_set')(block, name.encode(),
                                                                  str(value).encode()))
        return block

    def free(self, kind, pointer):
        getattr(self.c, f'lfm_{kind}_free')(pointer)


class Embeddings(c.Structure):
    _fields_ = [('size', c.c_size_t), ('vectors', c.c_void_p), ('biases', c.c_void_p),
                ('stride', c.c_int64), ('n_rows', c.c_int32), ('n_components', c.c_int32)]


class ScorerOptions(c.Structure):
    _fields_ = [('size', c.c_size_t)] + [(name, c.c_int32) for name in (
        'threads', 'keep_features', 'precision', 'reserved')]


class RecommendOptions(c.Structure):
    _fields_ = [('size', c.c_size_t), ('candidates', c.c_void_p), ('n_candidates', c.c_int64),
                ('exclude_items', c.c_void_p), ('n_exclude_items', c.c_int64),
                ('item_mask', c.c_void_p), ('n_item_mask', c.c_int64), ('cancel', c.c_void_p),
                ('threads', c.c_int32), ('reserved', c.c_int32)]


class Scorer:
    """A scorer of (vectors, biases) of users and of items."""

    def __init__(self, library, users, items, precision=0):
        self.library, self.pointer = library, c.c_void_p()
        options = ScorerOptions(c.sizeof(ScorerOptions), keep_features=1, precision=precision)
        sides = [Embeddings(c.sizeof(Embeddings), vectors.ctypes.data, biases.ctypes.data, 0, *vectors.shape)
                 for vectors, biases in (users, items)]
        library.check(library.c.lfm_scorer_from_embeddings(
            library.context, c.byref(sides[0]), c.byref(sides[1]), c.byref(options), c.byref(self.pointer)))

    def recommend(self, users, k, exclude, threads=1):
        """The ids and scores of the k best items for each user."""
        ids, scores = np.empty((len(users), k), np.int32), np.empty((len(users), k), np.float32)
        options = RecommendOptions(c.sizeof(RecommendOptions), threads=threads)
        self.library.check(self.library.c.lfm_recommend(
            self.pointer, c.c_int64(len(users)), c.c_void_p(users.ctypes.data), k, exclude,
            c.c_void_p(ids.ctypes.data), c.c_void_p(scores.ctypes.data), c.byref(options)))
        return ids, scores

    def evaluate(self, test, exclude, metrics, threads=1):
        """The means of (metric number, k) pairs over all users, `exclude` left out."""
        library, n = self.library, len(metrics)
        wanted = (Metric * n)(*metrics)
        options = EvaluateOptions()
        library.c.lfm_evaluate_options_init_sized(c.byref(options), c.c_size_t(c.sizeof(options)))
        options.exclude, options.threads = exclude, threads
        results = (MetricResult * n)()
        results[0].size = c.sizeof(MetricResult)
        library.check(library.c.lfm_evaluate(self.pointer, test, wanted, n, c.byref(options), results, None))
        return [result.mean for result in results]

    def close(self):
        self.library.free('scorer', self.pointer)


class Model:
    def __init__(self, library, n_users, n_item_features, components, seed):
        self.library, self.pointer = library, c.c_void_p()
        options = library.options('model', components=components, seed=seed)
        library.check(library.c.lfm_model_create(library.context, n_users, n_item_features, options,
                                                 c.byref(self.pointer)))

    def fit(self, interactions, item_features, **options):
        self.library.check(self.library.c.lfm_model_fit_partial(
            self.pointer, interactions, None, item_features,
            self.library.options('train', **options)))

    def evaluate(self, test, train, item_features):
        """Precision at 10 and AUC on the test set, training items left out."""
        lib, scorer = self.library, c.c_void_p()
        lib.check(lib.c.lfm_scorer_create(self.pointer, None, item_features, None, c.byref(scorer)))
        metrics = (Metric * 2)((METRIC_PRECISION, 10), (METRIC_AUC, 0))
        options = EvaluateOptions()
        lib.c.lfm_evaluate_options_init_sized(c.byref(options), c.c_size_t(c.sizeof(options)))
        options.exclude = train
        results = (MetricResult * 2)()
        results[0].size = c.sizeof(MetricResult)
        lib.check(lib.c.lfm_evaluate(scorer, test, metrics, 2, c.byref(options), results, None))
        lib.free('scorer', scorer)
        return tuple(result.mean for result in results)

    def close(self):
        self.library.free('model', self.pointer)
