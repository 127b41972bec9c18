"""Peak resident memory of training, liblfm beside LightFM. Called by benchmarks/memory, which see."""
import argparse
import json
import pathlib
import subprocess
import sys

NAMES = ['warp', 'bpr', 'logistic', 'warp-kos', 'warp-tags', 'warp-20m']
SIDES = ['liblfm', 'LightFM']


def kilobytes(field):
    """VmHWM: this process's peak resident memory; VmRSS: what it holds now."""
    for line in open('/proc/self/status'):
        if line.startswith(field + ':'):
            return int(line.split()[1])
    raise LookupError(field)


def child(options):
    """Hold the input, train where asked for, and print the peak since the input was there."""
    import lightfm
    import numpy as np
    import scipy.sparse as sp

    import liblfm
    from train import CASES, Data, matrix
    side, name, trains = options.child
    what = CASES[name]
    data = Data(None, options.data, **what['data'])
    users, items = data.shape
    train, features, width = matrix(data.train, data.shape), None, items
    if what['tags']:
        tags = matrix(data.tags, (items, data.n_tags))
        features = sp.hstack([sp.identity(items, np.float32), tags]).tocsr().astype(np.float32)
        width += data.n_tags
    library = liblfm.Library(options.build)
    pathlib.Path('/proc/self/clear_refs').write_text('5')  # the peak starts anew
    if trains == 'train' and side == 'liblfm':
        model = liblfm.Model(library, users, width, what['components'], 1)
        interactions = library.interactions(train.row, train.col, data.shape, train.data)
        model.fit(interactions, None if features is None else library.borrowed_features(features), loss=what['loss'],
                  epochs=2, threads=1)
    elif trains == 'train':
        model = lightfm.LightFM(no_components=what['components'], loss=what['loss'], random_state=1)
        model.fit_partial(train, item_features=features, epochs=2, num_threads=1)
    print(kilobytes('VmHWM'))


def peak(side, name, trains, options):
    command = [sys.executable, '-B', __file__, '--build', options.build, '--data', options.data,
               '--child', side, name, trains]
    return int(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout) / 1024


def main():
    parser = argparse.ArgumentParser(prog='benchmarks/memory')
    parser.add_argument('--build', required=True, help=argparse.SUPPRESS)
    parser.add_argument('--data', required=True, help=argparse.SUPPRESS)
    parser.add_argument('--child', nargs=3, help=argparse.SUPPRESS)
    parser.add_argument('--case', action='append', choices=NAMES, help='only this one (may be repeated)')
    parser.add_argument('--json', help='write the figures to this file, an object a line')
    parser.add_argument('--list', action='store_true', help='list the cases')
    options = parser.parse_args()
    if options.child:
        child(options)
        return
    if options.list:
        print('\n'.join(NAMES))
        return
    from train import CASES, Data
    lfm = pathlib.Path(options.build) / 'tools' / 'lfm'
    print('| case | input, MB | LightFM, MB more | liblfm, MB more | ratio |\n|---|---|---|---|---|')
    with open(options.json or '/dev/null', 'w') as out:
        for name in options.case or NAMES:
            Data(lfm, options.data, **CASES[name]['data']).train  # made here: a child only loads it
            held = {side: peak(side, name, 'hold', options) for side in SIDES}
            more = {side: peak(side, name, 'train', options) - held[side] for side in SIDES}
            ratio = more['liblfm'] / more['LightFM']
            print(f"| {name} | {held['liblfm']:.0f} | {more['LightFM']:.1f} | {more['liblfm']:.1f} | {ratio:.2f} |",
                  flush=True)
            out.write(json.dumps(dict(case=name, held_mb=held, more_mb=more, ratio=ratio)) + '\n')


if __name__ == '__main__':
    main()
