"""The script of a user of LightFM's, its import apart, on either module: see benchmarks/python."""
import argparse
import importlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
THREADS = 2


def read(path):
    """The pairs of a file of `lfm synth`, as a COO matrix."""
    import numpy as np
    import scipy.sparse as sp
    from data import read_pairs

    users, items = read_pairs(path)
    return sp.coo_matrix((np.ones(len(users), dtype=np.float32), (users, items)))


def script(module, likes, epochs):
    """What is measured: (name of the step, seconds) of each."""
    LightFM = importlib.import_module(module).LightFM
    evaluation = importlib.import_module(module + '.evaluation')
    split = importlib.import_module(module + '.cross_validation').random_train_test_split
    train, test = split(likes, 0.1, random_state=1)
    train, test = train.tocsr(), test.tocsr()

    def timed(name, work):
        began = time.perf_counter()
        work()
        return name, time.perf_counter() - began

    model = LightFM(no_components=64, loss='warp', random_state=1)
    yield timed(f'fit, {epochs} epochs', lambda: model.fit(train, epochs=epochs, num_threads=THREADS))
    yield timed('fit_partial, 1 epoch', lambda: model.fit_partial(train, num_threads=THREADS))
    yield timed('precision_at_k(test, train)', lambda: evaluation.precision_at_k(model, test, train, num_threads=THREADS))
    yield timed('precision_at_k(train)', lambda: evaluation.precision_at_k(model, train, num_threads=THREADS))
    yield timed('auc_score(test, train)', lambda: evaluation.auc_score(model, test, train, num_threads=THREADS))
    items = list(range(train.shape[1]))
    yield timed('predict, 20 users x all items', lambda: [model.predict(user, items) for user in range(20)])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build')
    parser.add_argument('--data')
    parser.add_argument('--reps', type=int, default=3)
    parser.add_argument('--epochs', type=int, default=10)
    parser.add_argument('--json')
    parser.add_argument('--module', help='run the script once with this module, print seconds')
    given = parser.parse_args()
    data = pathlib.Path(given.data) / 'python'
    if given.module:
        print(json.dumps(list(script(given.module, read(data / 'interactions.tsv'), given.epochs))))
        return
    if not (data / 'interactions.tsv').exists():
        subprocess.run([f'{given.build}/tools/lfm', 'synth', data], check=True, stdout=subprocess.DEVNULL)
    environment = {**os.environ, 'LIBLFM': f'{given.build}/lib/liblfm.so',
                   'PYTHONPATH': str(HERE.parent / 'bindings' / 'python' / 'src')}
    seconds = {}
    for _ in range(given.reps):
        for module in ('lightfm', 'lfm.lightfm'):
            done = subprocess.run([sys.executable, '-B', __file__, '--data', given.data, '--epochs', str(given.epochs),
                                   '--module', module], env=environment, check=True, stdout=subprocess.PIPE)
            for name, value in json.loads(done.stdout):
                seconds.setdefault(name, {}).setdefault(module, []).append(value)
    rows = [(name, *(statistics.median(found[module]) for module in ('lightfm', 'lfm.lightfm')))
            for name, found in seconds.items()]
    print('| step | LightFM, s | lfm.lightfm, s | ratio |\n|---|---|---|---|')
    for name, theirs, ours in rows:
        print(f'| {name} | {theirs:.3f} | {ours:.4f} | {theirs / ours:.1f} |')
    if given.json:
        with open(given.json, 'w') as file:
            file.writelines(json.dumps({'step': name, 'lightfm': theirs, 'lfm': ours}) + '\n' for name, theirs, ours in rows)


if __name__ == '__main__':
    main()
