"""The same arrays by numpy: numpy_load.py make MODEL FOLDER; numpy_load.py FOLDER [mapped]."""
import pathlib
import sys
import time

import numpy

NAMES = ['user_representations', 'user_representation_biases', 'item_representations', 'item_representation_biases']


def make(model, folder):
    from safetensors import safe_open
    with safe_open(model, framework='numpy') as opened:
        for name in NAMES:
            numpy.save(pathlib.Path(folder, name + '.npy'), opened.get_tensor(name))


def memory():
    for line in open('/proc/self/smaps_rollup'):
        if line.startswith(('Rss:', 'Pss:', 'Private_Dirty:')):
            yield int(line.split()[1]) / 1024


def best(users, user_biases, items, item_biases, user):
    scores = items @ users[user] + item_biases + user_biases[user]
    top = numpy.argpartition(-scores, 10)[:10]
    return top[numpy.argsort(-scores[top])]


def answer(folder, mode):
    begin = time.perf_counter()
    arrays = [numpy.load(pathlib.Path(folder, name + '.npy'), mmap_mode=mode) for name in NAMES]
    loaded = time.perf_counter()
    best(*arrays, len(arrays[0]) // 2)
    answered = time.perf_counter()
    best(*arrays, len(arrays[0]) // 2 + 1)
    again = time.perf_counter()
    rss, pss, own = memory()
    print(f'load {1e3 * (loaded - begin):.1f}, first answer {1e3 * (answered - loaded):.1f}, in all '
          f'{1e3 * (answered - begin):.1f} ms; second answer {1e3 * (again - answered):.1f} ms; RSS {rss:.0f} MB, '
          f'PSS {pss:.0f} MB, of its own {own:.0f} MB')


if sys.argv[1] == 'make':
    make(*sys.argv[2:])
else:
    answer(sys.argv[1], 'r' if sys.argv[2:] else None)
