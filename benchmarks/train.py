"""Training speed and quality, liblfm beside LightFM and implicit. Called by benchmarks/run, which see."""
import argparse
import json
import pathlib
import statistics
import subprocess
import time

import numpy as np
import scipy.sparse as sp

import liblfm
from data import DEFAULT_DATA, Data, MovieLens

AVX2 = 1
METRICS = [(liblfm.METRIC_PRECISION, 10), (liblfm.METRIC_AUC, 0)]
EPOCHS = 5  # that are timed after the first


def case(loss='warp', components=64, tags=False, cpu_mask=0, data=DEFAULT_DATA, against='LightFM', seeds=5):
    """data: sizes for lfm synth, or None: MovieLens. seeds: at most so many for the quality."""
    return dict(loss=loss, components=components, tags=tags, cpu_mask=cpu_mask, data=data, against=against, seeds=seeds)


CASES = {
    'warp': case(), 'bpr': case('bpr'), 'logistic': case('logistic'), 'warp-kos': case('warp-kos'),
    'warp-tags': case(tags=True),
    'warp-10': case(components=10), 'warp-32': case(components=32), 'warp-128': case(components=128),
    # LightFM takes half a minute an epoch: one seed of 20 epochs is ten minutes.
    'warp-20m': case(data=dict(users=200000, items=100000, interactions=20000000), seeds=1),
    'warp-avx2': case(cpu_mask=AVX2), 'bpr-avx2': case('bpr', cpu_mask=AVX2),
    'logistic-avx2': case('logistic', cpu_mask=AVX2), 'warp-kos-avx2': case('warp-kos', cpu_mask=AVX2),
    'bpr-implicit': case('bpr', against='implicit'),
    'ml-100k-genres': case(tags=True, data=None),
}


def matrix(pairs, shape):
    return sp.coo_matrix((np.ones(len(pairs[0]), np.float32), tuple(pairs)), shape=shape)


class Ours:
    name = 'liblfm'

    def __init__(self, what, data, build):
        self.what, self.data, self.lib = what, data, liblfm.Library(build, what['cpu_mask'])
        self.train, self.test = (self.lib.interactions(*pairs, data.shape) for pairs in (data.train, data.test))
        self.features, self.width = None, data.shape[1]
        if what['tags']:
            tags = data.tags
            self.features = self.lib.features(*tags, (data.shape[1], data.n_tags))
            self.width += data.n_tags

    def start(self, seed):
        # A new object each time: checking the input and making the index are part of the set-up.
        self.lib.free('interactions', self.train)
        self.train = self.lib.interactions(*self.data.train, self.data.shape)
        return liblfm.Model(self.lib, self.data.shape[0], self.width, self.what['components'], seed)

    def fit(self, model, epochs, threads):
        model.fit(self.train, self.features, loss=self.what['loss'], epochs=epochs, threads=threads)

    def evaluate(self, model):
        return model.evaluate(self.test, self.train, self.features)


class Other:
    """What is compared with: its factors are evaluated by liblfm's code, like liblfm's own."""

    def __init__(self, what, data, build):
        self.what, self.data, self.lib = what, data, liblfm.Library(build)
        self.known = [self.lib.interactions(*pairs, data.shape) for pairs in (data.train, data.test)]
        self.prepare()

    def evaluate(self, model):
        sides = [(np.ascontiguousarray(vectors, np.float32), np.ascontiguousarray(biases, np.float32))
                 for vectors, biases in self.factors(model)]
        scorer = liblfm.Scorer(self.lib, *sides)
        values = scorer.evaluate(self.known[1], self.known[0], METRICS, threads=2)
        scorer.close()
        return tuple(values)


class LightFM(Other):
    name = 'LightFM'

    def prepare(self):
        data, items = self.data, self.data.shape[1]
        self.train, self.features = matrix(data.train, data.shape), None
        if self.what['tags']:
            tags = matrix(data.tags, (items, data.n_tags))
            self.features = sp.hstack([sp.identity(items, np.float32), tags]).tocsr().astype(np.float32)

    def start(self, seed):
        import lightfm
        return lightfm.LightFM(no_components=self.what['components'], loss=self.what['loss'],
                               learning_rate=0.05, random_state=seed)

    def fit(self, model, epochs, threads):
        model.fit_partial(self.train, item_features=self.features, epochs=epochs, num_threads=threads)

    def factors(self, model):
        for biases, vectors in (model.get_user_representations(), model.get_item_representations(self.features)):
            yield vectors, biases


class Implicit(Other):
    """Plain SGD where liblfm has Adagrad; regularised as by its default. Rows are users."""
    name = 'implicit'

    def prepare(self):
        self.train = matrix(self.data.train, self.data.shape).tocsr()

    def start(self, seed):
        from implicit.cpu.bpr import BayesianPersonalizedRanking
        return BayesianPersonalizedRanking(factors=self.what['components'], learning_rate=0.05, random_state=seed)

    def fit(self, model, epochs, threads):
        model.iterations, model.num_threads = epochs, threads
        model.fit(self.train, show_progress=False)  # goes on from the factors it has

    def factors(self, model):
        # Its last component is the item's bias, and 1 for every user.
        for vectors in (model.user_factors, model.item_factors):
            yield vectors, np.zeros(len(vectors), np.float32)


OTHERS = {kind.name: kind for kind in (LightFM, Implicit)}


def close(model):
    if hasattr(model, 'close'):
        model.close()


def speeds(sides, threads, reps, line):
    """Seconds of epochs 1 to 6 with the whole set-up, and of 2 to 6, for each side: medians of alternating runs; the
    least of epochs 2 to 6, which neighbours on the machine disturb least; and, with several threads, the least and
    the most that a cache line took between processors before each run."""
    whole, later, lines = [[] for _ in sides], [[] for _ in sides], []
    for rep in range(reps):
        for number, side in enumerate(sides):
            if threads > 1:
                found = subprocess.run([line], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                lines += [int(found.stdout)] if found.returncode == 0 else []
            begin = time.perf_counter()
            model = side.start(rep + 1)
            side.fit(model, 1, threads)
            middle = time.perf_counter()
            side.fit(model, EPOCHS, threads)
            end = time.perf_counter()
            whole[number].append(end - begin)
            later[number].append(end - middle)
            close(model)
    medians = [[statistics.median(times) for times in table] for table in (whole, later)]
    return *medians, [min(times) for times in later], (min(lines), max(lines)) if lines else None


def quality(side, seeds):
    values = []
    for seed in range(1, seeds + 1):
        model = side.start(seed)
        side.fit(model, 20, 1)
        values.append(side.evaluate(model))
        close(model)
    return [(statistics.mean(column), statistics.stdev(column) if seeds > 1 else 0.0)
            for column in zip(*values)]


def measure(name, data, options, reps, seeds):
    """A row for each number of threads."""
    what = CASES[name]
    sides = [Ours(what, data, options.build), OTHERS[what['against']](what, data, options.build)]
    seeds = min(seeds, what['seeds'])
    reached = [quality(side, seeds) for side in sides] if seeds else None
    one_thread = None
    for threads in (1, 2):
        whole, later, least, line = speeds(sides, threads, reps, options.line)
        one_thread = one_thread or later
        yield dict(case=name, against=what['against'], threads=threads, ours=later[0] / EPOCHS,
                   theirs=later[1] / EPOCHS, ratio=later[1] / later[0], ratio_of_least=least[1] / least[0],
                   ratio_with_setup=whole[1] / whole[0],
                   setup=whole[0] - later[0] * (EPOCHS + 1) / EPOCHS,
                   scaling=one_thread[0] / later[0], their_scaling=one_thread[1] / later[1],
                   line=line, quality_one_thread=reached)


HEADINGS = ['case', 'against', 'threads', 'its s/epoch', 'liblfm s/epoch', 'ratio (of least times)',
            'ratio, epochs 1 to 6 with set-up', 'set-up, epochs', 'from 1 thread (its)', 'a line, ns',
            'precision@10 (its)', 'AUC (its)']


def show(row):
    cells = [row['case'], row['against'], row['threads'], f"{row['theirs']:.4f}", f"{row['ours']:.4f}",
             f"{row['ratio']:.1f} ({row['ratio_of_least']:.1f})", f"{row['ratio_with_setup']:.1f}",
             f"{row['setup'] / row['ours']:.2f}"]
    cells.append(f"{row['scaling']:.2f} ({row['their_scaling']:.2f})" if row['threads'] > 1 else '')
    cells.append('{} to {}'.format(*row['line']) if row['line'] else '')
    cells += [f'{ours[0]:.4f} ({theirs[0]:.4f} ± {theirs[1]:.4f})'
              for ours, theirs in zip(*row['quality_one_thread'] or [[], []])]
    print('| ' + ' | '.join(map(str, cells + [''] * (len(HEADINGS) - len(cells)))) + ' |', flush=True)


def main():
    parser = argparse.ArgumentParser(prog='benchmarks/run')
    parser.add_argument('--build', required=True, help=argparse.SUPPRESS)
    parser.add_argument('--data', required=True, help=argparse.SUPPRESS)
    parser.add_argument('--line', required=True, help=argparse.SUPPRESS)
    parser.add_argument('--case', action='append', choices=CASES, help='only this one (may be repeated)')
    parser.add_argument('--reps', type=int, default=5, help='alternating repetitions (5)')
    parser.add_argument('--seeds', type=int, default=5, help='seeds of the quality (5); 0: leave it out')
    parser.add_argument('--movielens', metavar='FOLDER', help='MovieLens 100k as benchmarks/data.py reads it')
    parser.add_argument('--quick', action='store_true', help='one repetition, no quality')
    parser.add_argument('--json', help='write the figures to this file, an object a line')
    parser.add_argument('--list', action='store_true', help='list the cases')
    options = parser.parse_args()
    if options.list:
        print('\n'.join(CASES))
        return
    reps, seeds = (1, 0) if options.quick else (options.reps, options.seeds)
    lfm = pathlib.Path(options.build) / 'tools' / 'lfm'
    print('| ' + ' | '.join(HEADINGS) + ' |\n' + '|---' * len(HEADINGS) + '|')
    with open(options.json or '/dev/null', 'w') as out:
        for name in options.case or CASES:
            sizes = CASES[name]['data']
            if sizes is None and options.movielens is None:
                print(f'{name} is left out: it needs --movielens FOLDER', flush=True)
                continue
            data = MovieLens(options.movielens) if sizes is None else Data(lfm, options.data, **sizes)
            for row in measure(name, data, options, reps, seeds):
                show(row)
                out.write(json.dumps(row) + '\n')
                out.flush()


if __name__ == "__main__":
    main()
