"""What the Python package costs beyond the library's own calls: see benchmarks/binding."""
import argparse
import ctypes
import os
import pathlib
import random
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent


def fits(likes, epochs):
    """Name: a function that trains on likes, anew each time; the first is what a C program does."""
    import lfm
    from lfm import _abi
    from lfm._library import create, lib, make
    from lfm._matrices import interactions_from_coo
    from lfm.lightfm import LightFM

    def library():
        interactions = interactions_from_coo(likes.shape, likes.row, likes.col)
        model = create('model', lib.lfm_model_create, None, *likes.shape, None)
        options = make('lfm_train_options', loss=_abi.LFM_LOSS_WARP, epochs=epochs, threads=1)
        lib.lfm_model_fit_partial(model.pointer, interactions.pointer, None, None, ctypes.byref(options))

    return {'library': library,
            'lfm.Model': lambda: lfm.Model(64, loss='warp', epochs=epochs, threads=1).fit(likes),
            'LightFM': lambda: LightFM(64, loss='warp', random_state=1).fit(likes, epochs=epochs)}


def calls(likes):
    """Name: (a call of the package, the library's call that it makes), for one user."""
    import lfm
    import numpy as np
    from lfm._library import lib, make
    from lfm._matrices import address, embeddings
    from lfm.lightfm import LightFM
    scorer = lfm.Model(64, epochs=1).fit(likes).scorer()
    theirs = LightFM(64, loss='warp').fit(likes)
    user, item = np.array([7], np.int32), np.array([5], np.int32)
    items, scores = np.empty(10, np.int32), np.empty(10, np.float32)
    options = make('lfm_recommend_options')
    sides = [embeddings(theirs.user_embeddings, theirs.user_biases),
             embeddings(theirs.item_embeddings, theirs.item_biases)]
    handle, seen = scorer._handle.pointer, scorer.seen._handle.pointer
    return {'recommend(7, 10)': (lambda: scorer.recommend(7, 10), lambda: lib.lfm_recommend(
                handle, 1, address(user), 10, seen, address(items), address(scores), ctypes.byref(options))),
            'predict(7, 5)': (lambda: scorer.predict(7, 5), lambda: lib.lfm_predict(
                handle, 1, address(user), address(item), address(scores), None)),
            'LightFM.predict(7, [5])': (lambda: theirs.predict(7, [5]), lambda: lib.lfm_predict_embeddings(
                None, ctypes.byref(sides[0]), ctypes.byref(sides[1]), 1, address(user), address(item), address(scores),
                None))}


def timed(functions, repetitions, clock):
    """Seconds of each function, in random order so that none always follows the same one."""
    seconds = {name: [] for name in functions}
    for _ in range(repetitions):
        for name in random.sample(list(functions), len(functions)):
            began = clock()
            functions[name]()
            seconds[name].append(clock() - began)
    return {name: (min(all), statistics.median(all)) for name, all in seconds.items()}


def measure(data, epochs, repetitions):
    import numpy as np
    import scipy.sparse as sp
    from data import read_pairs
    users, items = read_pairs(data / 'interactions.tsv')
    likes = sp.coo_matrix((np.ones(len(users), np.float32), (users.astype(np.int32), items.astype(np.int32))))
    print(f'| fit, {epochs} epochs, one thread | CPU time, ms: least, median | more, ms | more, % |\n|---|---|---|---|')
    found = timed(fits(likes, epochs), repetitions, time.process_time)
    for name, (least, median) in found.items():
        more = [x - y for x, y in zip((least, median), found['library'])]
        shares = [100 * x / y for x, y in zip(more, found['library'])]
        print(f'| {name} | {least * 1e3:.0f}, {median * 1e3:.0f} | {more[0] * 1e3:.0f}, {more[1] * 1e3:.0f} | '
              f'{shares[0]:.1f}, {shares[1]:.1f} |')
    print('\n| call | µs: least, median | the library\'s call | more |\n|---|---|---|---|')
    for name, (ours, library) in calls(likes).items():
        found = timed({'ours': ours, 'library': library}, 200 * repetitions, time.perf_counter)
        (a, b), (c, d) = ([1e6 * x for x in found[side]] for side in ('ours', 'library'))
        print(f'| {name} | {a:.1f}, {b:.1f} | {c:.1f}, {d:.1f} | {a - c:.1f}, {b - d:.1f} |')


def main():
    parser = argparse.ArgumentParser(prog='benchmarks/binding')
    parser.add_argument('--build', required=True, help=argparse.SUPPRESS)
    parser.add_argument('--data', required=True, help=argparse.SUPPRESS)
    parser.add_argument('--epochs', type=int, default=10)
    parser.add_argument('--reps', type=int, default=9)
    given = parser.parse_args()
    data = pathlib.Path(given.data) / 'python'
    if 'LIBLFM' in os.environ:
        measure(data, given.epochs, given.reps)
        return
    if not (data / 'interactions.tsv').exists():
        subprocess.run([f'{given.build}/tools/lfm', 'synth', data], check=True, stdout=subprocess.DEVNULL)
    environment = {**os.environ, 'LIBLFM': f'{given.build}/lib/liblfm.so',
                   'PYTHONPATH': str(HERE.parent / 'bindings' / 'python' / 'src')}
    subprocess.run([sys.executable, '-B', *sys.argv], env=environment, check=True)


if __name__ == '__main__':
    main()
