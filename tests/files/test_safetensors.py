"""Our files read by others, theirs read by us: with the small reader and writer beside this, always; with the
packages safetensors and xxhash where Python has them (pip install safetensors numpy xxhash).

Usage: test_safetensors.py SAMPLE FOLDER_OF_COMMAND; SAMPLE is the program made from sample.c."""
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, sys.argv[2])
import command  # noqa: E402 (the TAP around tests)
import safetensors_file as files  # noqa: E402

SAMPLE = sys.argv[1]
USERS, ITEMS = 23, 37


def sample(*arguments):
    run = subprocess.run([SAMPLE, *map(str, arguments)], capture_output=True, encoding='utf-8', timeout=60)
    assert run.returncode == 0, run.stderr
    return run.stdout


def written(folder, kind):
    path = folder / kind
    sample(kind, path)
    return path


def recommended(path, k):
    return [[(int(item), float(score)) for item, score in (pair.split(':') for pair in line.split())]
            for line in sample('recommend', path, k).splitlines()]


def sums(matrix, offsets, columns, values):
    """The representations that docs/model-format.md says: sums of features."""
    width = len(matrix[0])
    out = []
    for begin, end in zip(offsets, offsets[1:]):
        row = [0.0] * width
        for at in range(begin, end):
            row = [total + values[at] * x for total, x in zip(row, matrix[columns[at]])]
        out.append(row)
    return out


def near(a, b, tolerance):
    return abs(a - b) <= tolerance * max(1.0, abs(a))


def check_layout(file):
    places = sorted((offset, name) for name, (_, _, _, offset) in file.tensors.items())
    sizes = {'F64': 8, 'F32': 4, 'F16': 2, 'I32': 4, 'I64': 8, 'U8': 1}
    at = len(file.raw) - len(file.data)
    assert at % 64 == 0
    for offset, name in places:
        dtype, shape, numbers, _ = file.tensors[name]
        n = 1
        for size in shape:
            n *= size
        assert n == len(numbers) and offset == at and offset % sizes[dtype] == 0, name
        at += n * sizes[dtype]
    assert at == len(file.raw)


def test_checkpoint_is_what_the_page_says(folder):
    file = files.File(written(folder, 'checkpoint'))
    check_layout(file)
    about = file.metadata
    assert (about['format'], about['format_version'], about['kind']) == ('liblfm', '1', 'checkpoint'), about
    assert about['components'] == about['model.components'] == '5' and about['epochs'] == '3', about
    assert about['model.optimiser'] == 'adagrad' and about['note.from'] == 'a sample ✓', about
    shapes = {name: (dtype, shape) for name, (dtype, shape, _, _) in file.tensors.items()}
    for side, features in (('user', 9), ('item', 11)):
        assert shapes[f'{side}_embeddings'] == ('F32', [features, 5])
        assert shapes[f'{side}_biases'] == ('F32', [features])
        assert shapes[f'{side}_embedding_gradients'] == ('F32', [features, 5])
        assert shapes[f'{side}_bias_gradients'] == ('F32', [features])
    assert shapes['seen_offsets'] == ('I64', [USERS + 1])
    assert file.numbers('seen_offsets')[-1] == len(file.numbers('seen_items'))


def test_inference_file_is_what_the_page_says(folder):
    """Representations are sums of features, and the best items those of the largest scores that are not seen."""
    path = written(folder, 'inference')
    file = files.File(path)
    check_layout(file)
    assert file.metadata['kind'] == 'inference' and file.metadata['scan'] == 'float32-1', file.metadata
    for side in ('user', 'item'):
        parts = [file.numbers(f'{side}_features_{part}') for part in ('offsets', 'columns', 'values')]
        wanted = sums(file.rows(f'{side}_embeddings'), *parts)
        found = file.rows(f'{side}_representations')
        assert len(wanted) == len(found)
        assert all(near(a, b, 1e-5) for x, y in zip(wanted, found) for a, b in zip(x, y))
        biases = sums([[b] for b in file.numbers(f'{side}_biases')], *parts)
        assert all(near(a, b, 1e-5) for (a,), b in zip(biases, file.numbers(f'{side}_representation_biases')))
    check_answers(file, path)


def found_names(path):
    """What the library says: by space, the row and the name of each."""
    found = {}
    for line in sample('names', path).splitlines():
        space, row, *name = line.split(' ')
        found.setdefault(space, []).append((int(row), name[0]))
    return found


def shown(name):
    return str(name) if isinstance(name, int) else name.hex()


def test_names_are_what_the_page_says(folder):
    """Read, and found through the table, by the page alone."""
    for kind in ('checkpoint', 'inference', 'half', 'numbers'):
        path = written(folder, kind)
        file = files.File(path)
        check_layout(file)
        said = found_names(path)
        assert sorted(said) == ['item', 'item_feature', 'user', 'user_feature']
        for space, start, n in (('user', 0, USERS), ('item', 0, ITEMS - 2), ('user_feature', 2, 7),
                                ('item_feature', 0, 10)):
            names = file.names(space)
            assert len(names) == n and len(set(names)) == n, (space, names)
            assert said[space] == [(start + i, shown(name)) for i, name in enumerate(names)], space
            assert [file.find(space, name) for name in names] == list(range(start, start + n)), space
            table = file.numbers(f'{space}_ids_table')
            assert len(table) & (len(table) - 1) == 0 and table.count(-1) == len(table) - n >= len(table) // 4
            # The table of names put in in their order.
            again = files.names_tensors(space, names)
            assert len(table) != len(again[f'{space}_ids_table'][2]) or table == again[f'{space}_ids_table'][2]
            assert file.find(space, 77 if kind == 'numbers' else b'nobody') is None
        if kind != 'numbers':
            assert file.names('user')[0] == b'name 0' and file.names('user')[1] == b''
            assert file.names('user')[3] == b'na\0e 3' and file.names('user')[5] == 'café'.encode()
        else:
            assert file.names('item')[:4] == [-2 ** 63, 0, 2 ** 63 - 1, -1]


def test_siphash(folder):
    """As Python hashes bytes since 3.11, under the key of zeros when its seed is 0."""
    if sys.hash_info.algorithm != 'siphash13':
        raise command.Skip('Python hashes bytes otherwise')
    texts = [bytes(range(n)) for n in range(1, 70)]
    program = f'print([hash(text) for text in {texts!r}])'
    run = subprocess.run([sys.executable, '-c', program], env={'PYTHONHASHSEED': '0'}, capture_output=True, check=True)
    assert [files.siphash13(text) for text in texts] == [h % 2 ** 64 for h in json.loads(run.stdout)]


def check_answers(file, path):
    users, items = file.rows('user_representations'), file.rows('item_representations')
    user_biases = file.numbers('user_representation_biases')
    item_biases = file.numbers('item_representation_biases')
    offsets, seen = file.numbers('seen_offsets'), file.numbers('seen_items')
    for user, best in enumerate(recommended(path, 5)):
        known = set(seen[offsets[user]:offsets[user + 1]])
        scores = {item: sum(x * y for x, y in zip(users[user], items[item])) + user_biases[user] + item_biases[item]
                  for item in range(len(items)) if item not in known}
        found = [item for item, _ in best if item >= 0]
        assert len(found) == min(5, len(scores)) and not known & set(found)
        assert all(near(score, scores[item], 1e-5) for item, score in best if item >= 0)
        least = min(scores[item] for item in found)
        assert all(score <= least + 1e-5 for item, score in scores.items() if item not in found)


def test_half_precision(folder):
    path = written(folder, 'half')
    file, whole = files.File(path), files.File(written(folder, 'inference'))
    check_layout(file)
    assert 'item_scan' not in file.tensors and 'scan' not in file.metadata
    for name in ('user_representations', 'item_embeddings', 'item_representation_biases'):
        assert file.tensors[name][0] == 'F16' and file.tensors[name][1] == whole.tensors[name][1]
        assert all(near(a, b, 1e-3) for a, b in zip(whole.numbers(name), file.numbers(name)))
    check_answers(file, path)


def test_checksums(folder):
    try:
        import xxhash
    except ImportError:
        raise command.Skip('Python has no package xxhash')
    for kind in ('checkpoint', 'inference', 'half', 'numbers'):
        file = files.File(written(folder, kind))
        assert xxhash.xxh3_64_hexdigest(file.data) == file.metadata['data_checksum']
        key = b'"header_checksum":"'
        at = file.header.index(key) + len(key)
        blank = file.header[:at] + b'0' * 16 + file.header[at + 16:]
        assert xxhash.xxh3_64_hexdigest(blank) == file.metadata['header_checksum']


# ---- Written by others ----

METADATA = {'format': 'liblfm', 'format_version': '1', 'kind': 'inference', 'components': '3'}


def whole_numbers(n, seed):
    return [float((i * 7919 + seed * 104729) % 17 - 8) for i in range(n)]


def foreign(n_users=6, n_items=21):
    return {'user_representations': ('F32', [n_users, 3], whole_numbers(3 * n_users, 1)),
            'user_representation_biases': ('F32', [n_users], whole_numbers(n_users, 2)),
            'item_representations': ('F32', [n_items, 3], whole_numbers(3 * n_items, 3)),
            'item_representation_biases': ('F32', [n_items], whole_numbers(n_items, 4))}


def check_foreign(path, tensors):
    numbers = {name: numbers for name, (_, _, numbers) in tensors.items()}
    rows = recommended(path, 4)
    assert len(rows) == 6
    for user, best in enumerate(rows):
        scores = []
        for item in range(21):
            dot = sum(numbers['user_representations'][3 * user + c] * numbers['item_representations'][3 * item + c]
                      for c in range(3))
            scores.append((-(dot + numbers['user_representation_biases'][user]
                             + numbers['item_representation_biases'][item]), item))
        assert best == [(item, -score) for score, item in sorted(scores)[:4]], (user, best)


def test_a_file_written_from_the_page_alone(folder):
    files.write(folder / 'foreign', METADATA, foreign())
    check_foreign(folder / 'foreign', foreign())


def test_half_precision_written_from_the_page_alone(folder):
    half = {name: ('F16', shape, numbers) for name, (_, shape, numbers) in foreign().items()}
    files.write(folder / 'foreign', METADATA, half)
    check_foreign(folder / 'foreign', half)


def test_names_written_from_the_page_alone(folder):
    for users, items in (([b'ann', b'', 'zoë'.encode()], [b'%d' % i for i in range(21)]),
                         ([5, -7], [i * i - 50 for i in range(20)])):
        tensors = {**foreign(), **files.names_tensors('user', users), **files.names_tensors('item', items)}
        # Those whose size is the largest first, so that all are aligned.
        tensors = dict(sorted(tensors.items(), key=lambda pair: 'I64 F64 F32 I32 U8'.split().index(pair[1][0])))
        files.write(folder / 'foreign', METADATA, tensors)
        check_foreign(folder / 'foreign', foreign())
        assert found_names(folder / 'foreign') == {space: [(i, shown(name)) for i, name in enumerate(names)]
                                                   for space, names in (('user', users), ('item', items))}


def package():
    try:
        import numpy
        import safetensors.numpy
    except ImportError:
        raise command.Skip('Python has no packages safetensors and numpy')
    return numpy, safetensors


def test_the_package_reads_ours(folder):
    numpy, safetensors = package()
    for kind in ('checkpoint', 'inference', 'half', 'numbers'):
        path = written(folder, kind)
        own = files.File(path)
        with safetensors.safe_open(path, framework='numpy') as opened:
            assert opened.metadata() == own.metadata
            assert set(opened.keys()) == set(own.tensors)
            for name, (dtype, shape, numbers, _) in own.tensors.items():
                tensor = opened.get_tensor(name)
                assert list(tensor.shape) == shape and tensor.flatten().tolist() == numbers, name


def test_we_read_the_package_s(folder):
    numpy, safetensors = package()
    arrays = {name: numpy.array(numbers, dtype='float32').reshape(shape)
              for name, (_, shape, numbers) in foreign().items()}
    safetensors.numpy.save_file(arrays, folder / 'foreign', metadata=METADATA)
    check_foreign(folder / 'foreign', foreign())
    odd = {'a': numpy.zeros((2, 3, 4), 'int16'), 'b': numpy.ones((), 'float64'), 'c': numpy.zeros((0, 5), 'bool')}
    safetensors.numpy.save_file(odd, folder / 'odd')
    listed = sorted(sample('tensors', folder / 'odd').splitlines())
    assert listed == ['a I16 2 3 4', 'b F64', 'c BOOL 0 5'], listed


if __name__ == '__main__':
    command.main(globals())
