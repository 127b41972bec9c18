"""Training time and memory against the size of the data. Called by benchmarks/growth, which see."""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import time

import liblfm
from data import Data
from memory import kilobytes

SIZES = {'1M': (10000, 5000, 1000000), '10M': (100000, 50000, 10000000), '100M': (1000000, 500000, 100000000)}
COMPONENTS = 64
ROW, LINE = 576, 64  # bytes of a feature's row at d = 64, state included; of an item's head and of a cache line
ROWS_A_STEP = 3


def child(options):
    """Train on one size and print a row for each number of threads."""
    users, items, interactions = SIZES[options.child]
    data = Data(None, options.data, users, items, interactions)
    n, library = data.train.shape[1], liblfm.Library(options.build)
    for threads in (1, 2):
        def fit():
            begin = time.perf_counter()
            model.fit(train, None, loss='warp', epochs=1, threads=threads)
            return time.perf_counter() - begin

        train = library.interactions(*data.train, data.shape)
        model = liblfm.Model(library, users, items, COMPONENTS, 1)
        first = fit()
        later = statistics.median(fit() for _ in range(options.reps))
        model.close()
        library.free('interactions', train)
        print(json.dumps(dict(size=options.child, interactions=n, threads=threads, first=first, later=later,
                              peak_mb=kilobytes('VmHWM') / 1024, arrays_mb=data.train.nbytes / 2**20,
                              model_mb=(users + items) * ROW / 2**20)), flush=True)


def train_all(names, options):
    rows = []
    for name in names:
        command = [sys.executable, '-B', __file__, '--child', name, '--reps', str(options.reps),
                   '--build', options.build, '--data', options.data]
        said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        rows += [json.loads(line) for line in said.splitlines()]
        one, two = rows[-2:]
        for row in (one, two):
            million = row['interactions'] / 1e6
            row['scaling'] = one['later'] / row['later']
            print(f"| {name} | {row['threads']} | {row['later'] / million:.3f} | {row['first'] / million:.3f} "
                  f"| {row['scaling']:.2f} | {row['arrays_mb']:.0f} | {row['model_mb']:.0f} | {row['peak_mb']:.0f} |",
                  flush=True)
    return rows


def touched(name):
    """The tables of a size that training reads at random: what, bytes a row, rows, whether written."""
    users, items, interactions = SIZES[name]
    return [("features' rows", ROW, users + items, 'write'),
            ("items' heads", LINE, items, 'read'),
            ("users' known items (signatures)", LINE, interactions * 2 // LINE + 1, 'read'),
            ("users' and items' ids of the interactions", LINE, interactions * 8 // LINE + 1, 'read')]


def touch_all(names, options):
    rows = []
    for name in names:
        for what, row_bytes, n_rows, how in touched(name):
            for threads in (1, 2):
                command = [options.touch, str(row_bytes), str(n_rows), how, str(threads)]
                said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
                figures = [float(text) for text in said.split()]
                rows.append(dict(size=name, table=what, mb=row_bytes * n_rows / 2**20, how=how, threads=threads,
                                 **dict(zip(('small', 'small_ahead', 'huge', 'huge_ahead'), figures))))
                print(f"| {name} | {what} | {rows[-1]['mb']:.0f} | {how} | {threads} | "
                      + ' | '.join(f'{figure:.1f}' for figure in figures) + ' |', flush=True)
    return rows


def explain(names, trained, touches):
    """How much of the growth over the smallest size the rows of a step account for."""
    for threads in (1, 2):
        times = {row['size']: row['later'] / row['interactions'] * 1e9 * threads
                 for row in trained if row['threads'] == threads}
        costs = {row['size']: row for row in touches if row['threads'] == threads and row['how'] == 'write'}
        for name in names[1:]:
            more = {key: ROWS_A_STEP * (costs[name][key] - costs[names[0]][key]) for key in ('huge', 'huge_ahead')}
            print(f"{name}, {threads} thread(s): {times[name] - times[names[0]]:.0f} ns more of a thread's time an "
                  f"interaction than at {names[0]}; {ROWS_A_STEP} rows alone take {more['huge_ahead']:.0f} ns more "
                  f"(prefetched) to {more['huge']:.0f} (not)")


def main():
    parser = argparse.ArgumentParser(prog='benchmarks/growth')
    parser.add_argument('--build', required=True, help=argparse.SUPPRESS)
    parser.add_argument('--data', required=True, help=argparse.SUPPRESS)
    parser.add_argument('--touch', help=argparse.SUPPRESS)
    parser.add_argument('--child', choices=SIZES, help=argparse.SUPPRESS)
    parser.add_argument('--reps', type=int, default=3, help='epochs timed after the first (3)')
    parser.add_argument('--quick', action='store_true', help='one epoch after the first, without 100M')
    parser.add_argument('--json', help='write the figures to this file, an object a line')
    options = parser.parse_args()
    if options.child:
        child(options)
        return
    names = list(SIZES)
    if options.quick:
        options.reps, names = 1, names[:2]
    lfm = pathlib.Path(options.build) / 'tools' / 'lfm'
    for name in names:
        Data(lfm, options.data, *SIZES[name]).train  # made here, so that no child's peak holds the reading
    print('| interactions | threads | s/million | s/million, first epoch with set-up | from 1 thread | arrays, MB '
          "| features' rows, MB | peak, MB |\n|---|---|---|---|---|---|---|---|")
    trained = train_all(names, options)
    print('\n| interactions | table | MB | access | threads | ns, 4 kB pages | prefetched | ns, huge pages '
          '| prefetched |\n|---|---|---|---|---|---|---|---|---|')
    touches = touch_all(names, options)
    print()
    explain(names, trained, touches)
    if options.json:
        with open(options.json, 'w') as out:
            out.writelines(json.dumps(row) + '\n' for row in trained + touches)


main()
