"""Training speed and quality, liblfm beside LightFM. Called by benchmarks/run, which see."""
import argparse
import json
import pathlib
import statistics
import subprocess
import time

import numpy as np
import scipy.sparse as sp

import liblfm

AVX2 = 1
DEFAULT_DATA = dict(users=15000, items=26000, interactions=550000)


def case(loss='warp', components=64, tags=False, cpu_mask=0, data=DEFAULT_DATA):
    return dict(loss=loss, components=components, tags=tags, cpu_mask=cpu_mask, data=data)


CASES = {
    'warp': case(), 'bpr': case('bpr'), 'logistic': case('logistic'), 'warp-kos': case('warp-kos'),
    'warp-tags': case(tags=True),
    'warp-10': case(components=10), 'warp-32': case(components=32), 'warp-128': case(components=128),
    'warp-20m': case(data=dict(users=200000, items=100000, interactions=20000000)),
    'warp-avx2': case(cpu_mask=AVX2), 'bpr-avx2': case('bpr', cpu_mask=AVX2),
    'logistic-avx2': case('logistic', cpu_mask=AVX2), 'warp-kos-avx2': case('warp-kos', cpu_mask=AVX2),
}


def ids(path, columns):
    """The columns of a file of lfm synth as lists of texts."""
    lines = [line.rstrip('\n').split('\t') for line in open(path)]
    return [[line[column] for line in lines] for column in columns]


def numbers(texts):
    return np.array([int(text[1:]) - 1 for text in texts], np.int32)


class Data:
    """Generated once for each size and kept."""

    def __init__(self, lfm, folder, users, items, interactions):
        folder = pathlib.Path(folder) / f'{users}-{items}-{interactions}'
        if not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run([lfm, 'synth', folder, '--users', str(users), '--items', str(items),
                            '--interactions', str(interactions)], check=True, stdout=subprocess.DEVNULL)
        self.shape = users, items
        self.train = [numbers(texts) for texts in ids(folder / 'interactions.tsv', (0, 1))]
        self.test = [numbers(texts) for texts in ids(folder / 'test.tsv', (0, 1))]
        tagged, names = ids(folder / 'item-features.tsv', (0, 1))
        known = {name: number for number, name in enumerate(dict.fromkeys(names))}
        self.tags = numbers(tagged), np.array([known[name] for name in names], np.int32)
        self.n_tags = len(known)


class Ours:
    name = 'liblfm'

    def __init__(self, what, data, build):
        self.what, self.lib = what, liblfm.Library(build, what['cpu_mask'])
        users, items = data.shape
        self.train = self.lib.interactions(*data.train, data.shape)
        self.test = self.lib.interactions(*data.test, data.shape)
        self.features, self.width = None, items
        if what['tags']:
            self.features = self.lib.features(*data.tags, (items, data.n_tags))
            self.width = items + data.n_tags
        self.users, self.data = users, data

    def start(self, seed):
        # A new object each time: making the index is part of the first epoch.
        self.lib.free('interactions', self.train)
        self.train = self.lib.interactions(*self.data.train, self.data.shape)
        return liblfm.Model(self.lib, self.users, self.width, self.what['components'], seed)

    def fit(self, model, epochs, threads):
        model.fit(self.train, self.features, loss=self.what['loss'], epochs=epochs, threads=threads)

    def evaluate(self, model):
        values = model.evaluate(self.test, self.train, self.features)
        model.close()
        return values


class Theirs:
    name = 'LightFM'

    def __init__(self, what, data, build):
        self.what, self.data = what, data
        users, items = data.shape

        def matrix(rows, columns, shape):
            return sp.coo_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=shape)

        self.train = matrix(*data.train, data.shape)
        self.test = matrix(*data.test, data.shape).tocsr()
        self.features = None
        if what['tags']:
            tags = matrix(*data.tags, (items, data.n_tags))
            self.features = sp.hstack([sp.identity(items, np.float32), tags]).tocsr().astype(np.float32)

    def start(self, seed):
        from lightfm import LightFM
        return LightFM(no_components=self.what['components'], loss=self.what['loss'],
                       learning_rate=0.05, random_state=seed)

    def fit(self, model, epochs, threads):
        model.fit_partial(self.train, item_features=self.features, epochs=epochs, num_threads=threads)

    def evaluate(self, model):
        """The same metrics by the same code: the embeddings are scored by LightFM's own functions."""
        from lightfm.evaluation import auc_score, precision_at_k
        arguments = dict(train_interactions=self.train, item_features=self.features, num_threads=2,
                         check_intersections=False)
        return (float(precision_at_k(model, self.test, k=10, **arguments).mean()),
                float(auc_score(model, self.test, **arguments).mean()))


def speeds(sides, threads, reps):
    """Seconds of epochs 1 to 6 with the set-up, and of 2 to 6, for each side; alternating runs."""
    whole, later = ([[] for _ in sides] for _ in range(2))
    for rep in range(reps):
        for number, side in enumerate(sides):
            model = side.start(rep + 1)
            begin = time.perf_counter()
            side.fit(model, 1, threads)
            middle = time.perf_counter()
            side.fit(model, 5, threads)
            end = time.perf_counter()
            whole[number].append(end - begin)
            later[number].append(end - middle)
            if hasattr(model, 'close'):
                model.close()
    return [[statistics.median(times) for times in table] for table in (whole, later)]


def quality(side, seeds):
    values = []
    for seed in range(1, seeds + 1):
        model = side.start(seed)
        side.fit(model, 20, 1)
        values.append(side.evaluate(model))
    return [(statistics.mean(column), statistics.stdev(column) if seeds > 1 else 0.0)
            for column in zip(*values)]


def main():
    parser = argparse.ArgumentParser(prog='benchmarks/run')
    parser.add_argument('--build', required=True, help=argparse.SUPPRESS)
    parser.add_argument('--data', required=True, help=argparse.SUPPRESS)
    parser.add_argument('--case', action='append', choices=CASES, help='only this one (may be repeated)')
    parser.add_argument('--reps', type=int, default=5, help='alternating repetitions (5)')
    parser.add_argument('--seeds', type=int, default=5, help='seeds of the quality (5); 0: leave it out')
    parser.add_argument('--quick', action='store_true', help='one repetition, no quality')
    parser.add_argument('--json', help='write the figures to this file, an object a line')
    parser.add_argument('--list', action='store_true', help='list the cases')
    options = parser.parse_args()
    if options.list:
        print('\n'.join(CASES))
        return
    reps, seeds = (1, 0) if options.quick else (options.reps, options.seeds)
    lfm = pathlib.Path(options.build) / 'tools' / 'lfm'
    out = open(options.json, 'w') if options.json else None
    print('| case | threads | LightFM s/epoch | liblfm s/epoch | ratio | ratio, epochs 1 to 6 with set-up '
          '| precision@10 (LightFM) | AUC (LightFM) |\n|---|---|---|---|---|---|---|---|')
    for name in options.case or CASES:
        what = CASES[name]
        data = Data(lfm, options.data, **what['data'])
        sides = [Ours(what, data, options.build), Theirs(what, data, options.build)]
        reached = [quality(side, seeds) for side in sides] if seeds else None
        for threads in (1, 2):
            whole, later = speeds(sides, threads, reps)
            row = dict(case=name, threads=threads, ours=later[0] / 5, theirs=later[1] / 5,
                       ratio=later[1] / later[0], ratio_with_setup=whole[1] / whole[0],
                       quality_one_thread=reached)
            shown = ['', '']
            if reached:
                shown = [f'{ours[0]:.4f} ({theirs[0]:.4f} ± {theirs[1]:.4f})'
                         for ours, theirs in zip(*reached)]
            print(f"| {name} | {threads} | {row['theirs']:.3f} | {row['ours']:.3f} | {row['ratio']:.1f} "
                  f"| {row['ratio_with_setup']:.1f} | {shown[0]} | {shown[1]} |", flush=True)
            if out:
                out.write(json.dumps(row) + '\n')
                out.flush()
    if out:
        out.close()


if __name__ == "__main__":
    main()
