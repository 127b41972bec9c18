#!/usr/bin/env python3
"""`lfm import`: the arrays of a LightFM model become model files; what is wrong with them is said where.

Usage: test_import.py LFM"""
import struct
import zipfile

import command
from arrays import floats, model, npy, pack, read_safetensors, state, write_npz
from command import Skip, lfm, refused


def run(folder, arrays, *more, name='x.npz', **how):
    path = write_npz(folder / name, arrays, **how)
    result = lfm('import', path, '--save', folder / 'x.lfm', *more)
    if 'without libzip' in result.stderr:
        raise Skip('built without libzip')
    return result


def imported(folder, arrays, *more, **how):
    """Import where it must work; return the checkpoint's arrays and metadata."""
    result = run(folder, arrays, *more, **how)
    assert result.returncode == 0 and result.stderr == '' and result.stdout == '', (result.returncode, result.stderr)
    checked = lfm('info', folder / 'x.lfm', '--check')
    assert checked.returncode == 0, checked.stderr
    return read_safetensors(folder / 'x.lfm')


def test_parameters(folder):
    """To the bit, packed or stored, and without an optimiser as at the beginning."""
    arrays = model()
    for packed in (True, False):
        got, about = imported(folder, arrays, packed=packed)
        assert all(got[name][1:] == arrays[name][1:] for name in arrays)
        assert about['model.optimiser'] == 'adagrad' and about['components'] == '3' and about['epochs'] == '0'
        assert set(got['item_embedding_gradients'][2]) == {1.0}


def test_layouts_and_types(folder):
    """Fortran order, doubles, big-endian numbers, biases as columns, every version of .npy: all the same model."""
    arrays = model()
    imported(folder, arrays)
    plain = (folder / 'x.lfm').read_bytes()
    others = [
        {name: npy(*array, fortran=len(array[1]) == 2) for name, array in arrays.items()},
        {name: ('<f8', *array[1:]) for name, array in arrays.items()},
        {name: ('>f4', *array[1:]) for name, array in arrays.items()},
        {name: npy('>f8', *array[1:], fortran=True) for name, array in arrays.items()},
        {name: (array[0], array[1] if len(array[1]) == 2 else (*array[1], 1), array[2])
         for name, array in arrays.items()},
        {name: npy(*array, version=2) for name, array in arrays.items()},
        {name: npy(*array, version=3) for name, array in arrays.items()},
        {**arrays, 'no_concern_of_ours': ('<f4', (1,), [1.0])},
    ]
    for other in others:
        imported(folder, other)
        assert (folder / 'x.lfm').read_bytes() == plain


def test_optimisers(folder):
    arrays = model()
    for more, optimiser in [({}, 'adagrad'), (state(arrays, 0), 'adagrad'), (state(arrays, 1), 'adadelta'),
                            ({**state(arrays, 1), 'learning_schedule': ('<U7', (), ['adagrad'])}, 'adagrad'),
                            ({**state(arrays, 0), 'learning_schedule': ('|S8', (), [b'adadelta'])}, 'adadelta'),
                            ({'learning_schedule': ('<U8', (), ['adadelta'])}, 'adadelta')]:
        got, about = imported(folder, {**arrays, **more})
        assert about['model.optimiser'] == optimiser
        assert ('user_bias_momentum' in got) == (optimiser == 'adadelta')
        for name in got:
            assert name not in more or got[name][2] == more[name][2], name
    rows = state(arrays, 0)
    for side in ('user', 'item'):
        n = arrays[f'{side}_biases'][1][0]
        rows[f'{side}_embedding_gradients'] = '<f4', (n,), [2.0 + i for i in range(n)]
    got, about = imported(folder, {**arrays, **rows})
    assert about['model.optimiser'] == 'adagrad-rowwise'
    assert got['item_embedding_gradients'][2] == rows['item_embedding_gradients'][2]


def test_features(folder):
    """Under SciPy's names or a model file's, of any integers; values may be missing."""
    arrays = model(item_features=7)
    matrix = ([0, 2, 2, 3, 5, 6], [0, 6, 3, 1, 2, 5], [1, 0.5, 2, 1, 1, -1])
    sizes = {'offsets': (6,), 'columns': (6,), 'values': (6,)}
    for names, types in [(('indptr', 'indices', 'data'), ('<i4', '<i4', '<f4')),
                         (('indptr', 'indices', 'data'), ('>i8', '<u4', '<f8')),
                         (('offsets', 'columns', 'values'), ('<i8', '<i4', '<f4'))]:
        parts = {f'item_features_{name}': (descr, (6,), values)
                 for name, descr, values in zip(names, types, matrix)}
        got, _ = imported(folder, {**arrays, **parts})
        for name, values in zip(sizes, matrix):
            assert got[f'item_features_{name}'][1:] == (sizes[name], values)
    del parts['item_features_values']
    got, _ = imported(folder, {**arrays, **parts})
    assert 'item_features_values' not in got and 'user_features_offsets' not in got
    parts['item_features_values'] = '<i8', (6,), [1, 2, 3, 4, 5, 6]
    assert imported(folder, {**arrays, **parts})[0]['item_features_values'][2] == [1, 2, 3, 4, 5, 6]


def ids_of(got, name):
    data, at = bytes(got[name][2]), got[name + '_offsets'][2]
    return [data[a:b].rstrip(b'\0').decode() for a, b in zip(at, at[1:])]


def test_ids(folder):
    users, items = ['ä', 'b b', '', '\U0001f600x'], [30, -2, 2 ** 62, 0, 7]
    arrays = {**model(), 'item_ids': ('<i8', (5,), items)}
    for ids in [('<U3', (4,), users), ('>U3', (4,), users), ('|S5', (4,), [user.encode() for user in users])]:
        got, _ = imported(folder, {**arrays, 'user_ids': ids})
        assert ids_of(got, 'user_ids') == users and ids_of(got, 'item_ids') == [str(item) for item in items]
    got, _ = imported(folder, {**arrays, 'item_ids': ('<u4', (5,), [1, 2, 3, 4, 2 ** 32 - 1])})
    assert ids_of(got, 'item_ids') == ['1', '2', '3', '4', str(2 ** 32 - 1)]


def test_names_of_features(folder):
    """All of them, those behind the indicators, or LightFM's own, where indicators are called like items."""
    offsets = {'item_features_indptr': ('<i4', (6,), [0, 1, 2, 3, 4, 5]),
               'item_features_indices': ('<i4', (5,), [0, 1, 2, 3, 4])}
    items = {'item_ids': ('<U2', (5,), ['i0', 'i1', 'i2', 'i3', 'i4'])}
    arrays = {**model(item_features=7), **offsets, **items}
    all_names = [f'f{i}' for i in range(7)]
    for given, kept, start in [(all_names, all_names, '0'), (['red', 'blue'], ['red', 'blue'], '5'),
                               ([*items['item_ids'][2], 'red', 'blue'], ['red', 'blue'], '5')]:
        got, about = imported(folder, {**arrays, 'item_feature_ids': ('<U4', (len(given),), given)})
        assert ids_of(got, 'item_feature_ids') == kept and about['item_feature_ids_start'] == start
    told = {**arrays, 'item_feature_ids': ('<U1', (1,), ['x']), 'item_feature_ids_start': ('<i8', (), [5])}
    assert imported(folder, told)[1]['item_feature_ids_start'] == '5'
    told['item_feature_ids_start'] = '<i8', (), [7]
    refused(1, '1 names from feature 7', 'only 7', of=run(folder, told), command='import')
    got, _ = imported(folder, {**model(), **items, 'item_feature_ids': items['item_ids']})
    assert 'item_feature_ids' not in got


def test_trained_on_and_asked(folder):
    """The command goes on with what was imported, and answers from it, by the names it came with."""
    arrays = {**model(item_features=7), 'user_ids': ('<i4', (4,), [10, 20, 30, 40]),
              'item_ids': ('<i8', (5,), [1, 2, 3, 4, 5]),
              'item_feature_ids': ('<U4', (7,), ['1', '2', '3', '4', '5', 'red', 'blue']),
              'item_features_indptr': ('<i4', (6,), [0, 2, 4, 6, 8, 10]),
              'item_features_indices': ('<i4', (10,), [0, 5, 1, 5, 2, 6, 3, 6, 4, 5])}
    imported(folder, arrays, '--save-inference', folder / 'x.inf')
    likes = command.write(folder / 'likes.tsv', '30\t5\n10\t1\n20\t2\n50\t3\n')
    tags = command.write(folder / 'tags.tsv', '5\tred\n1\tred\n2\tred\n3\tblue\n4\tblue\n')
    result = command.fit(likes, '--item-features', tags, '--identity', 'item', '--resume', folder / 'x.lfm', '--epochs', 3,
                         '--save', folder / 'y.lfm')
    assert result.returncode == 0, result.stderr
    got, about = read_safetensors(folder / 'y.lfm')
    assert ids_of(got, 'user_ids') == ['10', '20', '30', '40', '50'] and about['epochs'] == '3'
    # A user who did nothing keeps its embedding; what has been trained does not.
    old, new = arrays['user_embeddings'][2], got['user_embeddings'][2]
    assert new[9:12] == old[9:12] and new[:3] != old[:3]
    answer = lfm('recommend', '--model', folder / 'x.inf', '--for', '30', '--csv', '-')
    assert answer.returncode == 0 and answer.stdout.count('\n30,') == 5, (answer.stdout, answer.stderr)
    answer = lfm('similar', '--model', folder / 'x.inf', '--item-feature', 'red', '--to', 'item-feature', '--csv', '-')
    assert 'red,blue,' in answer.stdout


def test_inference_files(folder):
    arrays = {**model(), 'user_ids': ('<U1', (4,), list('abcd'))}
    imported(folder, arrays, '--save-inference', folder / 'x.inf')
    got, about = read_safetensors(folder / 'x.inf')
    assert about['kind'] == 'inference' and got['user_embeddings'][2] == arrays['user_embeddings'][2]
    assert ids_of(got, 'user_ids') == list('abcd')
    assert lfm('info', folder / 'x.inf', '--check').returncode == 0


def test_empty_models(folder):
    arrays = {**model(), 'user_embeddings': ('<f4', (0, 3), []), 'user_biases': ('<f4', (0,), [])}
    assert imported(folder, arrays)[0]['user_embeddings'][1] == (0, 3)


BAD = [
    (['user_biases', 'no array'], {'user_biases': None}),
    (['item_embeddings', '15', 'features x components'], {'item_embeddings': ('<f4', (15,), floats(15))}),
    (['item_embeddings', '5 x 0'], {'item_embeddings': ('<f4', (5, 0), [])}),
    (['item_biases', '4', 'item_embeddings has 5 rows'], {'item_biases': ('<f4', (4,), floats(4))}),
    (['item_biases', '5 x 2'], {'item_biases': ('<f4', (5, 2), floats(10))}),
    (['user_embeddings has 3', 'item_embeddings 2'], {'item_embeddings': ('<f4', (5, 2), floats(10))}),
    (['item_embeddings', 'row 4, column 2', 'nan'],
     {'item_embeddings': ('<f4', (5, 3), [*floats(14), float('nan')])}),
    (['item_embeddings', 'row 1, column 0', '1e+300'],
     {'item_embeddings': npy('<f8', (5, 3), [0, 0, 0, 1e300, *floats(11)], fortran=True)}),
    (['user_biases', 'entry 1', 'inf'], {'user_biases': ('<f4', (4,), [0, float('-inf'), 0, 0])}),
    (['user_biases', 'not float32 or float64'], {'user_biases': ('<i4', (4,), [0, 1, 2, 3])}),
    (['user_biases', 'not float32 or float64'], {'user_biases': ('<f2', (4,), [0, 1, 2, 3])}),
    (['item_bias_momentum', '-1', 'below 0'], {'item_bias_momentum': ('<f4', (5,), [0, 0, 0, 0, -1])}),
    (['part of the optimiser', 'user_embedding_gradients'], {'item_bias_gradients': ('<f4', (5,), [1.0] * 5)}),
    (['item_embedding_gradients', '3 x 5', '5 x 3'],
     {'item_embedding_gradients': ('<f4', (3, 5), [1.0] * 15)}),
    (['learning_schedule', "'sgd'"], {'learning_schedule': ('<U3', (), ['sgd'])}),
    (['learning_schedule', 'no short text'], {'learning_schedule': ('<i4', (), [1])}),
    (['user_features_indices', 'missing'], {'user_features_indptr': ('<i4', (5,), [0] * 5)}),
    (['user_features_indptr', 'missing'], {'user_features_indices': ('<i4', (5,), [0] * 5)}),
    (['user_features_indptr ends with 3', '2 entries'],
     {'user_features_indptr': ('<i4', (3,), [0, 1, 3]), 'user_features_indices': ('<i4', (2,), [0, 1])}),
    (['user_features', 'row 1', '4'],
     {'user_features_indptr': ('<i4', (3,), [0, 1, 2]), 'user_features_indices': ('<i4', (2,), [0, 4])}),
    (['user_features', '2'],
     {'user_features_indptr': ('<i4', (4,), [0, 2, 1, 2]), 'user_features_indices': ('<i4', (2,), [0, 1])}),
    (['user_features_data has 1', 'user_features_indices 2'],
     {'user_features_indptr': ('<i4', (3,), [0, 1, 2]), 'user_features_indices': ('<i4', (2,), [0, 1]),
      'user_features_data': ('<f4', (1,), [1.0])}),
    (['user_features_indptr', 'no integers'],
     {'user_features_indptr': ('<f4', (3,), [0, 1, 2]), 'user_features_indices': ('<i4', (2,), [0, 1])}),
    (['user_features_indptr', 'entry 2', 'beyond int64'],
     {'user_features_indptr': ('<u8', (3,), [0, 1, 2 ** 63]), 'user_features_indices': ('<i4', (2,), [0, 1])}),
    (['user_features_indices', '1 x 2', 'list'],
     {'user_features_indptr': ('<i4', (3,), [0, 1, 2]), 'user_features_indices': ('<i4', (1, 2), [0, 1])}),
    (['user_ids', '3 entries', '4 users'], {'user_ids': ('<U1', (3,), list('abc'))}),
    (['user_ids', '5 entries', '4 users'], {'user_ids': ('<U1', (5,), list('abcde'))}),
    (['user_ids', 'entry 3', 'entry 1'], {'user_ids': ('<U1', (4,), list('abcb'))}),
    (['user_ids', 'entry 2', 'entry 0'], {'user_ids': ('<i4', (4,), [5, 6, 5, 7])}),
    (['user_ids', 'neither texts nor integers'], {'user_ids': ('<f4', (4,), [1, 2, 3, 4])}),
    (['user_ids', '4 x 1', 'list'], {'user_ids': ('<U1', (4, 1), list('abcd'))}),
    (['user_ids', 'entry 2', 'NUL'], {'user_ids': ('<U3', (4,), ['a', 'b', 'c\0d', 'e'])}),
    (['user_ids', 'entry 1, character 1', 'U+D800'], {'user_ids': ('<U2', (4,), ['a', 'b\ud800', 'c', 'd'])}),
    (['item_feature_ids', '2 entries', '5 features'], {'item_feature_ids': ('<U1', (2,), ['a', 'b'])}),
    (['user_ids', 'Python objects', 'dtype=str'], {'user_ids': npy('<i4', (), [1]).replace(b'<i4', b'|O4')}),
    (['user_biases', 'no .npy array'], {'user_biases': b'no array at all'}),
    (['user_biases', 'no .npy array'], {'user_biases': b''}),
    (['user_biases', 'version'], {'user_biases': b'\x93NUMPY\x09\x00' + bytes(20)}),
    (['user_biases', 'cut short'], {'user_biases': b'\x93NUMPY\x01\x00\xff\x0f{}' + bytes(20)}),
    (['user_biases', '4', '16 bytes', '12'], {'user_biases': npy('<f4', (4,), floats(4))[:-4]}),
    (['user_biases', '16 bytes', '20'], {'user_biases': npy('<f4', (4,), floats(4)) + bytes(4)}),
    (['user_biases', 'records'],
     {'user_biases': npy('<f4', (4,), floats(4)).replace(b"'<f4'", b"[ 4 ]")}),
    (['user_biases', 'type'], {'user_biases': npy('<f4', (4,), floats(4)).replace(b'<f4', b'<c8')}),
    (['user_biases', 'bytes'], {'user_biases': npy('<f4', (4,), floats(4)).replace(b'<f4', b'<f3')}),
    (['user_biases', 'dictionary'], {'user_biases': npy('<f4', (4,), floats(4)).replace(b'shape', b'shale')}),
    (['user_biases', 'shape'], {'user_biases': npy('<f4', (4,), floats(4)).replace(b'(4,)', b'(-4)')}),
    (['user_biases', 'too large'],
     {'user_biases': npy('<f4', (9999999999, 9999999999, 99), [])}),
    (['user_biases', '8 dimensions'], {'user_biases': npy('<f4', (1,) * 9, [1.0])}),
]


def test_bad_arrays(folder):
    """Each told with file, array and place; nothing is written."""
    for parts, changes in BAD:
        arrays = {name: array for name, array in {**model(), **changes}.items() if array is not None}
        refused(1, 'x.npz', *parts, of=run(folder, arrays), command='import')
        assert not (folder / 'x.lfm').exists(), parts
    # The old file stays what it was.
    imported(folder, model())
    before = (folder / 'x.lfm').read_bytes()
    refused(1, of=run(folder, {}), command='import')
    assert (folder / 'x.lfm').read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == ['x.lfm', 'x.npz']


def test_bad_zips(folder):
    good = write_npz(folder / 'good.npz', model(), packed=False).read_bytes()
    run(folder, model())
    (folder / 'x.lfm').unlink()
    at = good.index(pack('<f4', floats(4, 2)))
    flipped = good[:at] + bytes([good[at] ^ 1]) + good[at + 1:]
    huge = good.replace(struct.pack('<II', *[len(npy(*model()['user_biases']))] * 2), struct.pack('<II', 90, 2 ** 31))
    for parts, data in [(['x.npz'], b''), (['x.npz'], b'no zip'), (['x.npz'], good[:-30]), (['x.npz'], good[:100]),
                        (['user_biases'], flipped), (['x.npz'], huge)]:
        (folder / 'x.npz').write_bytes(data)
        result = lfm('import', folder / 'x.npz', '--save', folder / 'x.lfm')
        refused(1, *parts, of=result, command='import')
        assert not (folder / 'x.lfm').exists()
    with zipfile.ZipFile(folder / 'x.npz', 'w', zipfile.ZIP_BZIP2) as archive:
        archive.writestr('user_embeddings.npy', npy(*model()['user_embeddings']))
    refused(1, 'user_embeddings', 'packed', of=lfm('import', folder / 'x.npz', '--save', folder / 'x.lfm'),
            command='import')
    refused(1, 'nothing.npz', of=lfm('import', folder / 'nothing.npz', '--save', folder / 'x.lfm'), command='import')


def test_wrong_arguments(folder):
    run(folder, model())
    path = folder / 'x.npz'
    for parts, arguments in [(['no npz'], []), (['--save'], [path]), (['unknown option --sav'], [path, '--sav', 'x']),
                             (['--save needs a value'], [path, '--save']),
                             (['unexpected argument'], [path, path, '--save', 'x']),
                             (['two dashes'], ['-x']), (['same file'], [path, '--save', 'x', '--save-inference', './x']),
                             (['--save', 'overwrite'], [path, '--save', path])]:
        refused(2, *parts, of=lfm('import', *arguments), command='import')
    refused(1, 'no/such', of=lfm('import', path, '--save', folder / 'no/such/folder.lfm'), command='import')
    help_text = lfm('import', '--help')
    assert help_text.returncode == 0 and help_text.stdout.startswith('lfm import NPZ') and help_text.stderr == ''


command.main(globals())
