"""Ranking, recommending and evaluating, liblfm beside LightFM and implicit. Called by benchmarks/rank, which see."""
import argparse
import json
import pathlib
import resource
import statistics
import subprocess
import time

import numpy as np
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

import liblfm
from data import DEFAULT_DATA, Data

K = 10
PRECISION, RECALL, AUC, RECIPROCAL_RANK = 0, 1, 2, 3
FLOAT32, HALF, INT8 = 0, 1, 2  # how a scorer holds the items that it searches


def median_seconds(calls, reps):
    """The median time of each call, run after run in turn."""
    times = [[] for _ in calls]
    for _ in range(reps):
        for call, own in zip(calls, times):
            begin = time.perf_counter()
            call()
            own.append(time.perf_counter() - begin)
    return [statistics.median(own) for own in times]


class World:
    """A LightFM model of the default data, and the same factors in the two other libraries."""

    def __init__(self, lfm, options):
        from implicit.cpu.als import AlternatingLeastSquares
        from lightfm import LightFM
        data = Data(lfm, options.data, **DEFAULT_DATA)
        self.n_users, self.n_items = data.shape
        # A tenth of all likes is for testing, so that nearly every user counts.
        users, items = data.train
        chosen = np.random.default_rng(1).random(len(users)) < 0.1
        self.parts = [(users[~chosen], items[~chosen]), (users[chosen], items[chosen])]
        self.train, self.test = (
            sp.coo_matrix((np.ones(len(part[0]), np.float32), part), shape=data.shape).tocsr() for part in self.parts)
        # What predict_rank can be asked about everyone: the least, one item each, and as many as are listed.
        self.each = {n: sp.csr_matrix((np.ones(n * self.n_users, np.float32), np.tile(np.arange(n, dtype=np.int32),
                                       self.n_users), np.arange(0, n * self.n_users + 1, n)), shape=data.shape) for n in (1, K)}
        self.lightfm = LightFM(no_components=64, loss='warp', random_state=1)
        self.lightfm.fit(self.train.tocoo(), epochs=5, num_threads=1)
        item_biases, items = self.lightfm.get_item_representations()
        user_biases, users = self.lightfm.get_user_representations()
        self.library = liblfm.Library(options.build)
        self.scorer, self.int8 = (liblfm.Scorer(self.library, (users, user_biases), (items, item_biases), precision)
                                  for precision in (FLOAT32, INT8))
        self.ours = [self.library.interactions(*part, data.shape) for part in self.parts]
        # implicit knows no biases: the item's is one more component.
        self.implicit = AlternatingLeastSquares()  # any model: only its factors are asked
        self.implicit.user_factors = np.hstack([users, np.ones((len(users), 1), np.float32)])
        self.implicit.item_factors = np.hstack([items, item_biases[:, None]]).astype(np.float32)
        self.everyone = np.arange(self.n_users, dtype=np.int32)

    def by_implicit(self, threads):
        self.implicit.num_threads = threads
        with threadpool_limits(threads):
            return self.implicit.recommend(self.everyone, self.train, N=K, filter_already_liked_items=True)


def recommend_all(world, reps):
    ids, _ = world.scorer.recommend(world.everyone, K, world.ours[0])
    same = np.mean(ids == world.by_implicit(1)[0])
    rows = []
    for threads in (1, 2):
        float32, int8, implicit = median_seconds(
            [lambda: world.scorer.recommend(world.everyone, K, world.ours[0], threads),
             lambda: world.int8.recommend(world.everyone, K, world.ours[0], threads),
             lambda: world.by_implicit(threads)], reps)
        one, several = median_seconds([lambda n=n: world.lightfm.predict_rank(
            world.each[n], world.train, num_threads=threads, check_intersections=False) for n in (1, K)], min(reps, 2))
        others = {"implicit's recommend": implicit, "LightFM's predict_rank, one item each": one,
                  f"LightFM's predict_rank, {K} items each": several}
        rows.append(dict(case='top 10 for all users', threads=threads, seconds=float32, against=others,
                         places_as_implicit=same))
        rows.append(dict(case='top 10 for all users, INT8', threads=threads, seconds=int8,
                         against={'FLOAT32': float32, **others}))
    return rows


def evaluate_all(world, reps):
    from lightfm import evaluation
    rows = []
    for threads in (1, 2):
        arguments = dict(train_interactions=world.train, num_threads=threads, check_intersections=False)
        theirs = []

        def four():
            theirs[:] = [float(call(world.lightfm, world.test, **arguments, **more).mean()) for call, more in (
                (evaluation.precision_at_k, dict(k=K)), (evaluation.recall_at_k, dict(k=K)),
                (evaluation.auc_score, {}), (evaluation.reciprocal_rank, {}))]

        metrics = [(PRECISION, K), (RECALL, K), (AUC, 0), (RECIPROCAL_RANK, 0)]
        ours, = median_seconds([lambda: world.scorer.evaluate(
            world.ours[1], world.ours[0], metrics, threads)], reps)
        four_calls, = median_seconds([four], 1)
        values = world.scorer.evaluate(world.ours[1], world.ours[0], metrics, threads)
        rows.append(dict(case='precision, recall, AUC, MRR of all users', threads=threads, seconds=ours,
                         against={"LightFM's four calls": four_calls}, ours=values, theirs=theirs))
    return rows


def random_scorer(library, n_users, n_items, precision=FLOAT32):
    draw = np.random.default_rng(1)
    users, items = (draw.normal(0, 0.3, (n, 64)).astype(np.float32) for n in (n_users, n_items))
    return liblfm.Scorer(library, (users, np.zeros(n_users, np.float32)),
                         (items, draw.normal(0, 0.3, n_items).astype(np.float32)), precision)


def one_user(world, reps):
    rows = []
    for name, precision in (('float32', FLOAT32), ('half', HALF), ('int8', INT8)):
        scorer = random_scorer(world.library, 1000, 100000, precision)
        times = []
        for request in range(50 + 200 * reps):
            user = np.array([request % 1000], np.int32)
            begin = time.perf_counter()
            scorer.recommend(user, K, None)
            times.append(time.perf_counter() - begin)
        times = np.array(times[50:]) * 1e3
        rows.append(dict(case=f'one user, 100,000 items, {name}', median_ms=float(np.median(times)),
                         p99_ms=float(np.percentile(times, 99))))
        scorer.close()
    return rows


def large(world, reps, peak):
    n_users, n_items = 200000, 100000
    rate = float(subprocess.run([peak], check=True, capture_output=True, text=True).stdout)
    scorers = {'': random_scorer(world.library, n_users, n_items),
               ', INT8': random_scorer(world.library, n_users, n_items, INT8)}
    rows = []
    for threads in (1, 2):
        users = np.arange(20000 * threads, dtype=np.int32)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        calls = [lambda scorer=scorer: scorer.recommend(users, K, None, threads) for scorer in scorers.values()]
        times = median_seconds(calls, min(reps, 3))
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for name, seconds in zip(scorers, times):
            done = len(users) * n_items * 64 / seconds / 1e9
            rows.append(dict(case='top 10 of 100,000 items, 200,000 users' + name, threads=threads,
                             users_per_second=len(users) / seconds, multiply_adds=done,
                             share_of_peak=done / (rate * threads), grown_mb=(after - before) / 1024))
    for scorer in scorers.values():
        scorer.close()
    return rows


CASES = ['recommend', 'evaluate', 'one-user', 'large']


def show(row):
    head = f"| {row['case']} | {row.get('threads', 1)} |"
    if 'against' in row:
        for name, seconds in row['against'].items():
            print(f"{head} {row['seconds']:.3f} s | {name}: {seconds:.2f} s | {seconds / row['seconds']:.1f} times |")
    elif 'median_ms' in row:
        print(f"{head} {row['median_ms']:.2f} ms median, {row['p99_ms']:.2f} ms 99th percentile | | |")
    else:
        print(f"{head} {row['users_per_second']:.0f} users/s | {row['multiply_adds']:.0f} 10^9 multiply-adds/s, "
              f"{row['share_of_peak']:.2f} of the float32 peak | grew by {row['grown_mb']:.0f} MB |")
    for key in ('places_as_implicit', 'ours', 'theirs'):
        if key in row:
            print(f'  {key}: {row[key]}')


def main():
    parser = argparse.ArgumentParser(prog='benchmarks/rank')
    parser.add_argument('--build', required=True, help=argparse.SUPPRESS)
    parser.add_argument('--data', required=True, help=argparse.SUPPRESS)
    parser.add_argument('--peak', required=True, help=argparse.SUPPRESS)
    parser.add_argument('--case', action='append', choices=CASES, help='only this one (may be repeated)')
    parser.add_argument('--reps', type=int, default=5, help='alternating repetitions (5)')
    parser.add_argument('--quick', action='store_true', help='one repetition')
    parser.add_argument('--json', help='write the figures to this file, an object a line')
    parser.add_argument('--list', action='store_true', help='list the cases')
    options = parser.parse_args()
    if options.list:
        print('\n'.join(CASES))
        return
    reps = 1 if options.quick else options.reps
    world = World(pathlib.Path(options.build) / 'tools' / 'lfm', options)
    runs = {'recommend': recommend_all, 'evaluate': evaluate_all, 'one-user': one_user,
            'large': lambda world, reps: large(world, reps, options.peak)}
    print('| case | threads | liblfm | other | ratio |\n|---|---|---|---|---|')
    with open(options.json or '/dev/null', 'w') as out:
        for name in options.case or CASES:
            for row in runs[name](world, reps):
                show(row)
                out.write(json.dumps(row) + '\n')


main()
