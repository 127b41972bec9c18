"""Model files through the command: saved, gone on with, answered from."""
import json
import os
import pathlib
import signal
import struct
import subprocess
import sys
import time

import command
from command import fine, fit, lfm, likes, lines_of, refused, write

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parent.parent / 'files'))
import safetensors_file as files  # noqa: E402 (the reader and writer of model files)


def model(path):
    """The metadata and the tensors' bytes by name."""
    data = pathlib.Path(path).read_bytes()
    length, = struct.unpack('<Q', data[:8])
    header = json.loads(data[8:8 + length])
    metadata = header.pop('__metadata__')
    return metadata, {name: data[8 + length:][slice(*about['data_offsets'])] for name, about in header.items()}


def tags(path, n_items=40, extra=''):
    return write(path, ''.join(f'i{i}\t{"first" if i < n_items // 2 else "second"}\n' for i in range(n_items)) + extra)


def answers(*arguments, command='recommend'):
    result = lfm(command, *arguments, '--threads', 1, '--json', '-')
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_both_kinds_answer_like_training(folder):
    data = likes(folder / 'likes.tsv')
    featured = [data, '--item-features', tags(folder / 'tags.tsv'), '--identity', 'item', '--epochs', 5]
    fine(*featured, '--save', folder / 'c.lfm', '--save-inference', folder / 'i.lfm')
    assert model(folder / 'c.lfm')[0]['kind'] == 'checkpoint'
    assert model(folder / 'i.lfm')[0]['kind'] == 'inference'
    asked = [('recommend', ['--k', 4]), ('recommend', ['--for', 'u3,u1', '--seen']),
             ('similar', ['--item', 'i1,i30']), ('similar', ['--item-feature', 'first', '--k', 3]),
             ('similar', ['--all', 'item', '--to', 'item-feature']),
             ('explain', ['--user', 'u1', '--item', 'i5,i25'])]
    for name, more in asked:
        trained = answers(*featured, *more, command=name)
        assert trained.count('\n') >= 1
        for kind in ('c.lfm', 'i.lfm'):
            assert answers('--model', folder / kind, *more, command=name) == trained, (name, kind)


def test_evaluates_what_was_held_out(folder):
    data = likes(folder / 'likes.tsv', per_user=14)
    lines = data.read_text().splitlines(keepends=True)
    train, test = write(folder / 'train.tsv', ''.join(lines[60:])), write(folder / 'test.tsv', ''.join(lines[:60]))
    trained = answers(train, '--test', test, '--epochs', 5, command='evaluate')
    fine(train, '--epochs', 5, '--save-inference', folder / 'i.lfm')
    # The test set's own users and items, if any, are numbered in one case and unknown in the other.
    assert answers('--model', folder / 'i.lfm', '--test', test, command='evaluate') == trained
    assert answers('--model', folder / 'i.lfm', '--test', test, '--train', train, command='evaluate') == trained
    refused(1, 'training set too', of=lfm('evaluate', '--model', folder / 'i.lfm', '--test', train), command='evaluate')


def test_resumes_bit_for_bit(folder):
    data = likes(folder / 'likes.tsv')
    featured = [data, '--item-features', tags(folder / 'tags.tsv'), '--identity', 'item', '--every', 0]
    fine(*featured, '--epochs', 7, '--save', folder / 'whole.lfm')
    fine(*featured, '--epochs', 3, '--save', folder / 'part.lfm')
    fine(*featured, '--epochs', 4, '--resume', folder / 'part.lfm', '--save', folder / 'part.lfm')
    whole, part = model(folder / 'whole.lfm'), model(folder / 'part.lfm')
    assert part[0]['epochs'] == '7' and whole[1].keys() == part[1].keys()
    for name, tensor in whole[1].items():
        assert name.endswith('_table') or part[1][name] == tensor, name  # tables may have room for more
    # The options hold unless others are given.
    fine(data, '--loss', 'bpr', '--learning-rate', 0.01, '--epochs', 1, '--save', folder / 'bpr.lfm')
    fine(data, '--resume', folder / 'bpr.lfm', '--learning-rate', 0.02, '--epochs', 1, '--save', folder / 'bpr.lfm')
    about = model(folder / 'bpr.lfm')[0]
    assert (about['train.loss'], about['train.learning_rate'], about['epochs']) == ('bpr', '0.02', '2')


def test_numbers_do_not_follow_the_order_of_lines(folder):
    data = likes(folder / 'likes.tsv')
    prepared = ['--min-count', 'user=3,item=3', '--epochs', 2, '--order', 'stored']
    fine(data, *prepared, '--save', folder / 'a.lfm')
    turned = write(folder / 'turned.tsv', ''.join(reversed(data.read_text().splitlines(keepends=True))))
    fine(turned, '--min-count', 'user=3,item=3', '--epochs', 0, '--resume', folder / 'a.lfm', '--save', folder / 'b.lfm')
    for name, tensor in model(folder / 'a.lfm')[1].items():
        assert name.endswith('_table') or model(folder / 'b.lfm')[1][name] == tensor, name


def test_takes_in_new_users_items_and_tags(folder):
    data = likes(folder / 'likes.tsv')
    more = write(folder / 'more.tsv', data.read_text() + ''.join(f'new\ti{i}\t1\t1\n' for i in (1, 2, 3, 'new', 'newer')) +
                 'u1\tinew\t1\t1\nu3\tinew\t1\t1\n')
    for features in ([], ['item']):
        first, second = [data], [more]
        if features:
            first += ['--item-features', tags(folder / 'tags.tsv'), '--identity', 'item']
            second += ['--item-features', tags(folder / 'tags2.tsv', extra='inew\tthird\ninew\tfirst\n'), '--identity',
                       'item']
        fine(*first, '--epochs', 5, '--save', folder / 'a.lfm')
        grown = fine(*second, '--epochs', 0, '--resume', folder / 'a.lfm', '--save', folder / 'b.lfm')
        assert 'note: the model grows by 1 user and ' in grown.stderr
        old, new = model(folder / 'a.lfm')[1], model(folder / 'b.lfm')[1]
        for name in ('user_embeddings', 'item_embeddings', 'item_bias_gradients'):
            assert len(new[name]) > len(old[name]) and new[name].startswith(old[name]), name
        fine(*second, '--epochs', 5, '--resume', folder / 'b.lfm', '--save', folder / 'b.lfm', '--save-inference',
             folder / 'i.lfm')
        listed = json.loads(answers('--model', folder / 'i.lfm', '--for', 'new', '--k', 5))
        assert len(listed['items']) == 5 and 'i1' not in [entry['item'] for entry in listed['items']]
        assert 'inew' in answers('--model', folder / 'i.lfm', '--item', 'i1', '--k', 50, command='similar')
        if features:
            shown = answers('--model', folder / 'i.lfm', '--user', 'new', '--item', 'inew', command='explain')
            sides = {side for part in json.loads(shown)['parts'] for side in part.items() if side[0].startswith('item')}
            assert sides == {('item', 'inew'), ('item_feature', 'third'), ('item_feature', 'first')}, sides
            suggested = json.loads(answers('--model', folder / 'i.lfm', '--item', 'i1', '--to', 'item-feature',
                                           command='similar'))
            assert {entry['similar'] for entry in suggested['similar']} == {'second', 'third'}
    third = tags(folder / 'tags3.tsv', extra='inew\tthird\ninew\tfourth\n')
    refused(1, 'tags3.tsv', 'train anew', of=fit(more, '--item-features', third, '--identity', 'item', '--resume',
                                                 folder / 'b.lfm'))


def renamed(path, spaces, to):
    """A checkpoint as another program would write it: other lists of names, None for no names; no checksums."""
    file = files.File(path)
    metadata = {key: text for key, text in file.metadata.items()
                if key not in ('header_checksum', 'data_checksum', 'library_version')}
    tensors = {name: about[:3] for name, about in file.tensors.items()}
    for space, change in spaces.items():
        names = change(file.names(space))
        for part in ('', '_offsets', '_table'):
            tensors.pop(f'{space}_ids{part}')
        tensors.update(files.names_tensors(space, names) if names is not None else {})
    sizes = {'I64': 8, 'F32': 4, 'I32': 4, 'U8': 1}
    files.write(to, metadata, dict(sorted(tensors.items(), key=lambda named: -sizes[named[1][0]])))
    return to


def test_resumes_where_names_are_numbers(folder):
    """Ids that a program saved as numbers are the texts of their digits."""
    rows = [line.split('\t') for line in likes(folder / 'likes.tsv').read_text().splitlines()]
    data = write(folder / 'numbers.tsv', ''.join(f'{1000 - 70 * int(user[1:])}\t{item[1:]}\n' for user, item, *_ in rows))
    more = write(folder / 'more.tsv', data.read_text() + '5\t3\n-5\t777\n')
    tagged = ['--item-features', write(folder / 'tags.tsv', ''.join(f'{i}\t{i % 3 - 1}\n' for i in range(40)))]
    for features, spaces in (([], ['user', 'item']), (tagged, ['user', 'item', 'item_feature']), (tagged, ['item'])):
        fine(data, *features, '--epochs', 2, '--save', folder / 'texts.lfm')
        numbers = renamed(folder / 'texts.lfm', {space: lambda names: [int(name) for name in names] for space in spaces}, folder / 'numbers.lfm')
        assert files.File(numbers).tensors['item_ids'][0] == 'I64'
        for name in ('texts', 'numbers'):
            fine(more, *features, '--epochs', 2, '--resume', folder / f'{name}.lfm', '--save', folder / f'{name}2.lfm')
        assert (folder / 'texts2.lfm').read_bytes() == (folder / 'numbers2.lfm').read_bytes(), spaces
        assert files.File(folder / 'numbers2.lfm').find('user', b'-5') is not None
    fine(data, '--epochs', 1, '--save', folder / 'texts.lfm')
    for change, said in ((lambda names: None, 'does not say what its users and items are called'),
                         (lambda names: [3 for name in names], 'twice'),
                         (lambda names: names[:-1], 'says what 29 of its 30 users are called')):
        changed = renamed(folder / 'texts.lfm', {'user': change}, folder / 'changed.lfm')
        refused(1, said, of=fit(data, '--resume', changed))


def test_odd_names_come_back(folder):
    odd = ['', 'a b', '"q"', 'é', 'x\\y']
    data = write(folder / 'odd.tsv', ''.join(f'u{n}{user}\ti{n}{user}\n' for user in odd for n in range(3)))
    fine(data, '--epochs', 1, '--save-inference', folder / 'i.lfm')
    listed = [json.loads(line) for line in answers('--model', folder / 'i.lfm').splitlines()]
    assert sorted(line['user'] for line in listed) == sorted(f'u{n}{user}' for user in odd for n in range(3))


def test_refusals(folder):
    data = likes(folder / 'likes.tsv')
    fine(data, '--epochs', 1, '--save', folder / 'c.lfm', '--save-inference', folder / 'i.lfm')
    featured = [data, '--item-features', tags(folder / 'tags.tsv')]
    for code, parts, result in (
            (1, ['missing.lfm', 'No such file'], lfm('recommend', '--model', folder / 'missing.lfm')),
            (1, ['likes.tsv', 'safetensors'], lfm('recommend', '--model', data)),
            (2, ['without training'], lfm('recommend', data, '--model', folder / 'c.lfm')),
            (2, ['--epochs'], lfm('recommend', '--model', folder / 'c.lfm', '--epochs', 3)),
            (2, ['--item-features'], lfm('recommend', '--model', folder / 'c.lfm', '--item-features', data)),
            (2, ['--min-count'], lfm('recommend', '--model', folder / 'c.lfm', '--min-count', 'user=2')),
            (2, ['would overwrite the model'],
             lfm('recommend', '--model', folder / 'c.lfm', '--csv', folder / 'c.lfm')),
            (1, ["no user 'nobody'"], lfm('recommend', '--model', folder / 'c.lfm', '--for', 'nobody')),
            (1, ['has no item-features'],
             lfm('similar', '--model', folder / 'c.lfm', '--item', 'i1', '--to', 'item-feature'))):
        refused(code, *parts, of=result, command=result.args[1])
    for code, parts, result in (
            (1, ['no checkpoint', 'i.lfm'], fit(data, '--resume', folder / 'i.lfm')),
            (1, ['without --item-features'], fit(*featured, '--resume', folder / 'c.lfm')),
            (2, ['--components'], fit(data, '--resume', folder / 'c.lfm', '--components', 8)),
            (2, ['overwrite the input'], fit(data, '--save', data)),
            (2, ['name the same file'], fit(data, '--save', folder / 'x', '--save-inference', folder / 'x')),
            (1, ['no/such'], fit(data, '--save', folder / 'no' / 'such')),
            (1, ['Is a directory'], fit(data, '--save', folder))):
        refused(code, *parts, of=result)
    fine(*featured, '--identity', 'item', '--epochs', 1, '--save', folder / 'f.lfm')
    refused(1, 'with --item-features', of=fit(data, '--resume', folder / 'f.lfm'))
    refused(1, 'with --identity item', of=fit(*featured, '--resume', folder / 'f.lfm'))


def test_damage_is_told(folder):
    data = likes(folder / 'likes.tsv')
    fine(data, '--epochs', 1, '--save', folder / 'c.lfm')
    whole = (folder / 'c.lfm').read_bytes()
    for name, damaged in (('cut', whole[:-5]), ('header', whole.replace(b'checkpoint', b'checkpoinT', 1)),
                          ('data', whole[:-100] + bytes([whole[-100] ^ 1]) + whole[-99:])):
        path = write(folder / f'{name}.lfm', damaged)
        refused(1, f'{name}.lfm', of=lfm('recommend', '--model', path), command='recommend')
        refused(1, f'{name}.lfm', of=fit(data, '--resume', path))


def test_an_interrupt_keeps_what_was_learnt(folder):
    data = likes(folder / 'likes.tsv', n_users=300, n_items=400, per_user=100)
    path = folder / 'c.lfm'
    run = subprocess.Popen([command.LFM, 'fit', data, '--epochs', '100000', '--every', '5', '--save', path, '--threads',
                            '1', '--no-train-metrics'], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until = time.monotonic() + 30
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.01)
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=30)
    assert run.returncode == 130
    assert int(model(path)[0]['epochs']) >= 5
    assert [name for name in os.listdir(folder) if name.endswith('.tmp')] == []
    fine(data, '--epochs', 1, '--resume', path, '--json', folder / 'json')
    assert lines_of(folder / 'json')[-1]['epochs'] == int(model(path)[0]['epochs']) + 1


command.main(globals())
