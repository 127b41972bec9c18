#!/usr/bin/env python3
"""`lfm info` and `lfm export`: what is told and written of model files, to the last bit, and what is refused.

Usage: test_export.py LFM"""
import csv
import hashlib
import json
import math
import os
import resource
import stat
import struct
import subprocess

import command
from arrays import (floats, model, pack, read_npy, read_npz, read_safetensors, state, write_npz, write_safetensors)
from command import Skip, lfm, refused, write

NAMES = ['plain', 'with "quote"', 'comma, and ä', 'new\nline', ' blank ']


def files(folder, arrays):
    """A checkpoint and an inference file of a model."""
    result = lfm('import', write_npz(folder / 'x.npz', arrays), '--save', folder / 'x.lfm',
                 '--save-inference', folder / 'x.inf')
    if 'without libzip' in result.stderr:
        raise Skip('built without libzip')
    assert result.returncode == 0, result.stderr
    return folder / 'x.lfm', folder / 'x.inf'


def hybrid():
    """A model with names, a feature matrix for items with an indicator for each, and odd numbers."""
    arrays = model(item_features=8)
    odd = [1 / 3, -1e-30, 1e-42, 3.4028234e38, 16777216.0, 0.1]
    arrays['user_embeddings'] = '<f4', (4, 3), list(struct.unpack('<12f', struct.pack('<12f', *odd, *floats(6))))
    arrays.update(item_features_indptr=('<i4', (6,), [0, 2, 3, 5, 6, 7]),
                  item_features_indices=('<i4', (7,), [0, 5, 1, 2, 6, 3, 4]),
                  item_ids=('<U12', (5,), NAMES), item_feature_ids=('<U4', (3,), ['red', 'blue', 'tall']),
                  user_ids=('<i8', (4,), [10, -20, 30, 2 ** 40]))
    return arrays


def fine(*arguments, **how):
    result = lfm('export', *arguments, **how)
    if 'without libzip' in result.stderr:
        raise Skip('built without libzip')
    assert result.returncode == 0 and result.stderr == '', (result.returncode, result.stderr)
    return result.stdout


def test_info(folder):
    checkpoint, inference = files(folder, {**hybrid(), **state(hybrid(), 1)})
    for path, kind in [(checkpoint, 'checkpoint'), (inference, 'inference')]:
        result = lfm('info', path, '--json', '-')
        assert result.returncode == 0 and result.stderr == ''
        told = json.loads(result.stdout)
        arrays, metadata = read_safetensors(path)
        assert told['kind'] == kind and told['file'] == str(path) and told['checked'] is False
        assert (told['users'], told['items'], told['user_features'], told['item_features']) == (4, 5, 4, 8)
        assert told['components'] == 3 and told['epochs'] == 0 and told['format_version'] == 1
        assert told['item_feature_entries'] == 7 and 'user_feature_entries' not in told and 'seen' not in told
        assert told['ids'] == {'users': {'count': 4, 'kind': 'text'}, 'items': {'count': 5, 'kind': 'text'},
                               'item_features': {'count': 3, 'kind': 'text', 'start': 5}}
        assert told['model_options'] == {'components': 3, 'optimiser': 'adadelta', 'seed': 1, 'init_scale': 0.0}
        assert told['metadata']['data_checksum'] == metadata['data_checksum']
        assert {t['name']: (t['dtype'], tuple(t['shape'])) for t in told['tensors']} == {
            name: ({'<f4': 'F32', '<f8': 'F64', '<i4': 'I32', '<i8': 'I64', '|u1': 'U8'}[array[0]], array[1])
            for name, array in arrays.items()}
        assert told['bytes'] == sum(t['bytes'] for t in told['tensors'])
        text = lfm('info', path, '--check').stdout
        assert f'{path}: {kind}' in text and 'checksum is right' in text and 'model.optimiser' in text
        for name in arrays:
            assert f'\n  {name} ' in text
        lfm('info', path, '--check', '--json', folder / 'j')
        assert json.loads((folder / 'j').read_text()) == {**told, 'checked': True}


def test_damaged_files(folder):
    path, _ = files(folder, model())
    data = path.read_bytes()
    at = data.index(pack('<f4', floats(12, 1)))
    write(folder / 'flipped', data[:at] + bytes([data[at] ^ 1]) + data[at + 1:])
    assert lfm('info', folder / 'flipped').returncode == 0
    refused(1, 'flipped', 'checksum', of=lfm('info', folder / 'flipped', '--check'), command='info')
    for name, damaged in [('cut', data[:-1]), ('short', data[:5]), ('none', b''), ('text', b'no model at all, but long')]:
        write(folder / name, damaged)
        refused(1, str(folder / name), of=lfm('info', folder / name), command='info')
        refused(1, str(folder / name), command='export',
                of=lfm('export', folder / name, '--format', 'csv', '--output', folder / 'out'))
        assert not (folder / 'out').exists()
    refused(1, 'absent', of=lfm('info', folder / 'absent'), command='info')


def test_other_safetensors(folder):
    """Files of other programs are told and exported too, but they are no models, and not trusted."""
    arrays = {'a.b': ('F32', [2, 2], pack('<f4', [1, 2, 3, 4])), 'half': ('F16', [3], pack('<f2', [1, 0.5, -2])),
              'item_scan': ('U8', [2], b'\1\2')}
    path = write_safetensors(folder / 'other', arrays, {'who': 'me\x1b[31m\u009b'})
    told = json.loads(lfm('info', path, '--json', '-').stdout)
    assert told['kind'] == 'safetensors' and told['metadata'] == {'who': 'me\x1b[31m\u009b'} and 'users' not in told
    text = lfm('info', path).stdout
    assert 'me?[31m?' in text and '2 x 2' in text
    refused(1, 'checksum', of=lfm('info', path, '--check'), command='info')
    refused(1, 'no model', of=lfm('export', path, '--format', 'csv', '--output', '-'), command='export')
    fine(path, '--format', 'npz', '--output', folder / 'o.npz')
    assert read_npz(folder / 'o.npz') == {'a.b': ('<f4', (2, 2), [1, 2, 3, 4]), 'half': ('<f2', (3,), [1, 0.5, -2]),
                                          'item_scan': ('|u1', (2,), [1, 2])}
    for name, dtype, part in [('../up', 'U8', 'cannot be a file'), ('.hidden', 'U8', 'cannot be a file'),
                              ('brain', 'BF16', 'no BF16')]:
        path = write_safetensors(folder / 'bad', {name: (dtype, [2], bytes(2 if dtype == 'U8' else 4))}, {})
        for form in ('npz', 'npy'):
            refused(1, name, part, of=lfm('export', path, '--format', form, '--output', folder / 'e'), command='export')
        assert not (folder / 'e').exists()


def test_numbers_as_ids_and_half_precision(folder):
    """A file with ids that are numbers, of halves, as programs can save them."""
    halves = {'user_representations': (4, 3), 'item_representations': (2, 3), 'user_representation_biases': (4,),
              'item_representation_biases': (2,)}
    tensors = {'user_ids': ('I64', [4], pack('<i8', [7, -1, 2 ** 62, 0])),
               'user_ids_table': ('I32', [16], pack('<i4', [-1] * 16))}
    for name, shape in halves.items():
        tensors[name] = 'F16', list(shape), pack('<f2', floats(math.prod(shape)))
    path = write_safetensors(folder / 'half', tensors, {
        'format': 'liblfm', 'format_version': '1', 'kind': 'inference', 'components': '3', 'note.by': 'a test'})
    told = json.loads(lfm('info', path, '--json', '-').stdout)
    assert told['ids'] == {'users': {'count': 4, 'kind': 'number'}} and told['metadata'] == {'note.by': 'a test'}
    assert (told['users'], told['items']) == (4, 2) and 'user_features' not in told and 'epochs' not in told
    text = lfm('info', path).stdout
    assert '4 numbers as names' in text and 'not in the file' in text and 'note.by' in text
    fine(path, '--format', 'npz', '--output', folder / 'e.npz')
    got = read_npz(folder / 'e.npz')
    assert got['user_ids'] == ('<i8', (4,), [7, -1, 2 ** 62, 0]) and 'user_ids_table' not in got
    assert got['item_representations'] == ('<f2', (2, 3), list(struct.unpack('<6e', tensors['item_representations'][2])))
    lines = fine(path, '--format', 'word2vec', '--of', 'user', '--output', '-').splitlines()
    assert [line.split()[0] for line in lines] == ['4', '7', '-1', str(2 ** 62), '0']
    assert b''.join(float32(x) for line in lines[1:] for x in line.split()[1:]) == pack(
        '<f4', struct.unpack('<12e', tensors['user_representations'][2]))
    refused(1, 'no item-features', command='export',
            of=lfm('export', path, '--format', 'csv', '--of', 'item-feature', '--output', '-'))


def test_arrays(folder):
    """npz and npy hold every tensor but liblfm's own, ids as texts; what is exported is imported as it was."""
    arrays = {**hybrid(), **state(hybrid(), 1)}
    for path in files(folder, arrays):
        stored, _ = read_safetensors(path)
        fine(path, '--format', 'npz', '--output', folder / 'e.npz')
        got = read_npz(folder / 'e.npz')
        texts = {'user_ids': ('<U13', (4,), ['10', '-20', '30', str(2 ** 40)]), 'item_ids': ('<U12', (5,), NAMES), 'item_feature_ids': ('<U4', (3,), ['red', 'blue', 'tall'])}
        own = ('item_scan', 'item_scan_bounds', 'user_ids_table', 'item_ids_table', 'item_feature_ids_table',
               'user_ids_offsets', 'item_ids_offsets', 'item_feature_ids_offsets')
        wanted = {name: array for name, array in stored.items() if name not in own}
        assert got == {**wanted, **texts, 'item_feature_ids_start': ('<i8', (), [5])}
        fine(path, '--format', 'npy', '--output', folder / 'e')
        assert {file.name: read_npy(file.read_bytes()) for file in (folder / 'e').iterdir()} == {
            name + '.npy': array for name, array in got.items()}
        for file in (folder / 'e').iterdir():
            file.unlink()
    path = folder / 'x.lfm'
    fine(path, '--format', 'npz', '--output', folder / 'e.npz')
    digest = hashlib.sha256((folder / 'e.npz').read_bytes()).digest()
    fine(path, '--format', 'npz', '--output', folder / 'e.npz')
    assert hashlib.sha256((folder / 'e.npz').read_bytes()).digest() == digest
    assert lfm('import', folder / 'e.npz', '--save', folder / 'again').returncode == 0
    assert (folder / 'again').read_bytes() == path.read_bytes()


def test_ids_that_are_no_utf8(folder):
    names = [b'\xff', b'\xc3\xa4', b'', b'long enough']
    path, _ = files(folder, {**model(), 'user_ids': ('|S11', (4,), names)})
    fine(path, '--format', 'npz', '--output', folder / 'e.npz')
    assert read_npz(folder / 'e.npz')['user_ids'] == ('|S11', (4,), names)


def test_one_very_long_id(folder):
    """A text of its width for each of many ids would not fit: they stay as they lie."""
    n = 300
    names = [str(i).encode() for i in range(n - 1)] + [b'x' * 300_000]
    arrays = {**model(users=n, d=1), 'user_ids': ('|S300000', (n,), names)}
    path, _ = files(folder, arrays)
    result = lfm('export', path, '--format', 'npz', '--output', folder / 'e.npz')
    assert result.returncode == 0 and 'note: user_ids' in result.stderr
    got = read_npz(folder / 'e.npz')
    at = got['user_ids_offsets'][2]
    data = bytes(got['user_ids'][2])
    assert [data[a:b].rstrip(b'\0') for a, b in zip(at, at[1:])] == names


def float32(text):
    return struct.pack('<f', float(text))


def test_csv(folder):
    """The numbers come back to the bit, the ids whatever they hold."""
    arrays = hybrid()
    for path in files(folder, arrays):
        fine(path, '--format', 'csv', '--of', 'user', '--output', folder / 'u.csv')
        with open(folder / 'u.csv', newline='') as file:
            header, *rows = csv.reader(file)
        assert header == ['id', 'bias', 'e1', 'e2', 'e3'] and [row[0] for row in rows] == ['10', '-20', '30', str(2 ** 40)]
        assert [float32(row[1]) for row in rows] == [struct.pack('<f', x) for x in arrays['user_biases'][2]]
        assert b''.join(float32(x) for row in rows for x in row[2:]) == pack('<f4', arrays['user_embeddings'][2])
        text = fine(path, '--format', 'csv', '--output', '-')
        assert text.startswith('id,bias,e1,e2,e3\nplain,')
        rows = list(csv.reader(text.splitlines(keepends=True)))[1:]
        assert [row[0] for row in rows] == NAMES
        features = struct.unpack('<24f', pack('<f4', arrays['item_embeddings'][2]))
        sums = struct.unpack('<3f', struct.pack('<3f', *(features[e] + features[15 + e] for e in range(3))))
        assert [float32(x) for x in rows[0][2:]] == [struct.pack('<f', x) for x in sums]
        text = fine(path, '--format', 'csv', '--of', 'item-feature', '--output', '-')
        names = [row[0] for row in csv.reader(text.splitlines(keepends=True))][1:]
        assert names == [f'({name})' for name in NAMES] + ['red', 'blue', 'tall']
        text = fine(path, '--format', 'csv', '--of', 'user-feature', '--output', '-')
        assert [line.split(',')[0] for line in text.splitlines()[1:]] == ['(10)', '(-20)', '(30)', f'({2 ** 40})']
    path, _ = files(folder, model())
    for kind, n in (('user', 4), ('item-feature', 5)):
        text = fine(path, '--format', 'csv', '--of', kind, '--output', '-')
        assert [line.split(',')[0] for line in text.splitlines()] == ['id', *map(str, range(n))]


def test_word2vec(folder):
    arrays = hybrid()
    path, _ = files(folder, arrays)
    lines = fine(path, '--format', 'word2vec', '--of', 'user', '--output', '-').splitlines()
    assert lines[0] == '4 3' and [line.split(' ')[0] for line in lines[1:]] == ['10', '-20', '30', str(2 ** 40)]
    assert b''.join(float32(x) for line in lines[1:] for x in line.split(' ')[1:]) == pack(
        '<f4', arrays['user_embeddings'][2])
    result = lfm('export', path, '--format', 'word2vec', '--output', '-')
    assert '4 names had to change' in result.stderr
    assert [line.split(' ')[0] for line in result.stdout.splitlines()[1:]] == [
        'plain', 'with_"quote"', 'comma,_and_ä', 'new_line', '_blank_']
    # However names collide, every row has its own, and whoever needs no change keeps it.
    names = ['a b', 'a\tb', 'a_b', 'a\u00a0b', 'a_b_0', '', '_', 'a\u3000b', '\u2028', 'ok']
    path, _ = files(folder, {**model(items=10), 'item_ids': ('<U5', (10,), names)})
    result = lfm('export', path, '--format', 'word2vec', '--output', folder / 'w')
    words = [line.split()[0] for line in (folder / 'w').read_text().splitlines()[1:]]
    assert len(set(words)) == 10 and all(len(line.split()) == 4 for line in (folder / 'w').read_text().splitlines()[1:])
    kept = [i for i, name in enumerate(names) if name in ('a_b', 'a_b_0', '_', 'ok')]
    assert all(words[i] == names[i] for i in kept) and '6 names had to change' in result.stderr


def test_locale_changes_nothing(folder):
    path, _ = files(folder, hybrid())
    arguments = (path, '--format', 'csv', '--output', '-')
    assert fine(*arguments) == fine(*arguments, env={**os.environ, 'LC_ALL': 'de_DE.UTF-8', 'LC_NUMERIC': 'de_DE'})


def test_replaced_whole_or_not_at_all(folder):
    path, _ = files(folder, {**hybrid(), **model(users=3000, d=40), **{'user_ids': ('<i8', (3000,), list(range(3000)))},
                             'item_embeddings': ('<f4', (8, 40), floats(320)), 'item_biases': ('<f4', (8,), floats(8))})
    out = folder / 'out'
    out.mkdir()

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    for form in ('npz', 'csv', 'word2vec'):
        old = write(out / 'old', b'precious')
        old.chmod(0o640)
        more = () if form == 'npz' else ('--of', 'user')
        refused(1, 'old', of=lfm('export', path, '--format', form, *more, '--output', old, preexec_fn=limited),
                command='export')
        assert old.read_bytes() == b'precious' and [file.name for file in out.iterdir()] == ['old']
        (folder / 'link').symlink_to(old)
        fine(path, '--format', form, *more, '--output', folder / 'link')
        assert old.read_bytes() != b'precious' and (folder / 'link').is_symlink()
        assert stat.S_IMODE(old.stat().st_mode) == 0o640 and [file.name for file in out.iterdir()] == ['old']
        (folder / 'link').unlink()
    old.unlink()
    write(out / 'item_biases.npy', b'precious')
    refused(1, 'user_embeddings.npy', of=lfm('export', path, '--format', 'npy', '--output', out, preexec_fn=limited),
            command='export')
    assert [(file.name, file.read_bytes()) for file in out.iterdir()] == [('item_biases.npy', b'precious')]
    full = ('--format', 'csv', '--of', 'user', '--output')
    refused(1, '/dev/full', of=lfm('export', path, *full, '/dev/full'), command='export')
    with open('/dev/full', 'w') as to:
        result = subprocess.run([command.LFM, 'export', path, *full, '-'], stdout=to, stderr=subprocess.PIPE, text=True)
    assert result.returncode == 1 and 'standard output' in result.stderr
    refused(1, 'no such', 'folder', command='export',
            of=lfm('export', path, *full, folder / 'no such' / 'folder'))
    refused(1, 'ordinary file', of=lfm('export', path, '--format', 'npz', '--output', '/dev/null'), command='export')


def test_wrong_arguments(folder):
    path, _ = files(folder, model())
    for name, parts, arguments in [
            ('info', ['no model'], []), ('info', ['unknown option --chek'], [path, '--chek']),
            ('info', ['--check is a switch'], [path, '--check=1']), ('info', ['--json needs'], [path, '--json']),
            ('info', ['overwrite'], [path, '--json', path]), ('info', ['unexpected'], [path, 'y']),
            ('export', ['--output is missing'], [path, '--format', 'csv']),
            ('export', ['--format is missing'], [path, '--output', 'y']),
            ('export', ['--format', "'xls'"], [path, '--output', 'y', '--format', 'xls']),
            ('export', ['--of', "'tag'"], [path, '--output', 'y', '--format', 'csv', '--of', 'tag']),
            ('export', ['--of goes with'], [path, '--output', 'y', '--format', 'npz', '--of', 'item']),
            ('export', ['standard output'], [path, '--output', '-', '--format', 'npz']),
            ('export', ['overwrite'], [path, '--output', path, '--format', 'csv'])]:
        refused(2, *parts, of=lfm(name, *arguments), command=name)
    for name in ('info', 'export'):
        help_text = lfm(name, '--help')
        assert help_text.returncode == 0 and help_text.stdout.startswith(f'lfm {name} MODEL')
        assert f'lfm {name} MODEL' in lfm('--help').stdout


command.main(globals())
