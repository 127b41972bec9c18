#!/usr/bin/env python3
"""`lfm recommend`, `lfm similar` and `lfm explain`: what they list, refuse and write.

Usage: test_answers.py LFM"""
import csv
import io
import json
import random
import signal
import subprocess
import time

import command
from command import lfm, likes, lines_of, refused, summary, write

FAST = ('--threads', 1, '--epochs', 6)


def answer(name, *arguments, **how):
    """Run a command where it must work, and return what it wrote."""
    result = lfm(name, *arguments, *FAST, **how)
    assert result.returncode == 0 and result.stderr == '', (result.returncode, result.stderr)
    return result.stdout


def objects(name, *arguments):
    return [json.loads(line) for line in answer(name, *arguments, '--json', '-').splitlines()]


def table(name, *arguments):
    return list(csv.DictReader(io.StringIO(answer(name, *arguments, '--csv', '-'), newline='')))


def tags(path, n_items=40, seed=3):
    """Each item has a tag of its half and two of any."""
    draw = random.Random(seed)
    rows = []
    for item in range(n_items):
        for tag in {f'half{item // (n_items // 2)}', *(f'tag{draw.randrange(6)}' for _ in range(2))}:
            rows.append(f'i{item}\t{tag}\n')
    return write(path, ''.join(rows))


def tags_of(path):
    found = {}
    for line in path.read_text().splitlines():
        item, tag = line.split('\t')
        found.setdefault(item, set()).add(tag)
    return found


def seen_of(path):
    found = {}
    for line in path.read_text().splitlines():
        user, item = line.split('\t')[:2]
        found.setdefault(user, set()).add(item)
    return found


def test_recommend_lists_what_fit_lists(folder):
    data = likes(folder / 'x.tsv')
    wanted = summary(folder, data, '--epochs', 6, '--recommend-for', 'u3,u11', '--top', 7)['recommended']
    got = objects('recommend', data, '--for', 'u3,u11', '--k', 7)
    assert {line['user']: line['items'] for line in got} == wanted
    assert [line['user'] for line in got] == ['u3', 'u11']


def test_recommend_for_all_users(folder):
    """More users than are listed at once; each once, none with what is in the training data."""
    data = likes(folder / 'x.tsv', n_users=2100, n_items=20, per_user=4)
    seen = seen_of(data)
    got = objects('recommend', data, '--k', 5)
    assert [line['user'] for line in got] == list(seen)
    for line in got:
        items = [entry['item'] for entry in line['items']]
        assert len(set(items)) == 5 and not seen[line['user']] & set(items)
        scores = [entry['score'] for entry in line['items']]
        assert scores == sorted(scores, reverse=True)
    some = objects('recommend', data, '--k', 5, '--for', 'u2050,u1')
    assert some == [got[list(seen).index('u2050')], got[list(seen).index('u1')]]


def test_recommend_leaves_out(folder):
    data = likes(folder / 'x.tsv')
    seen = seen_of(data)
    first = objects('recommend', data, '--for', 'u0')[0]['items']
    best = [entry['item'] for entry in first]
    left_out = write(folder / 'out.tsv', f'u0\t{best[0]}\nu0\t{best[3]}\nu1\t{best[1]}\nu0\tunknown\nnobody\ti1\n')
    rest = objects('recommend', data, '--for', 'u0', '--exclude', left_out)[0]['items']
    assert [entry for entry in first if entry['item'] not in (best[0], best[3])] == rest[:8]
    everything = objects('recommend', data, '--for', 'u0', '--seen', '--k', 99)[0]['items']
    assert len(everything) == 40 and first[0] in everything
    assert seen['u0'] & {entry['item'] for entry in everything[:5]}
    some = objects('recommend', data, '--for', 'u0', '--seen', '--exclude', left_out, '--k', 99)[0]['items']
    assert [e for e in everything if e['item'] not in (best[0], best[3])] == some
    # A list may end early: 40 items, 12 of them in the training data.
    assert len(objects('recommend', data, '--for', 'u0', '--k', 99)[0]['items']) == 28
    # With values that are read as grades, a file to exclude needs none.
    assert objects('recommend', data, '--for', 'u0', '--positive-min', 2, '--exclude', left_out)


def test_recommend_among_candidates(folder):
    data = likes(folder / 'x.tsv')
    def listed(*arguments):
        return objects('recommend', data, '--for', 'u0,u5', '--k', 99, *arguments)
    everything = listed()
    chosen = [f'i{item}' for item in range(0, 40, 3)]
    some = write(folder / 'some.tsv', ''.join(f'{item}\n' for item in reversed(chosen)) + 'unknown\ni3\n')
    few = write(folder / 'few.csv', '"i6",Title\n"i9",\n')

    def kept(wanted):
        return [{**line, 'items': [entry for entry in line['items'] if wanted(entry['item'])]} for line in everything]
    assert listed('--candidates', some) == kept(lambda item: item in chosen)
    assert listed('--exclude-items', some) == kept(lambda item: item not in chosen)
    assert listed('--candidates', some, '--exclude-items', few, '--feature-sep', ',') == kept(
        lambda item: item in chosen and item not in ('i6', 'i9'))
    seen = {entry['item'] for entry in listed('--candidates', some, '--seen')[0]['items']}
    assert seen == set(chosen)
    strange = write(folder / 'strange.tsv', 'nothing\nnone\n')
    assert listed('--exclude-items', strange) == everything
    refused(1, 'strange.tsv', 'none of its items', of=lfm('recommend', data, '--candidates', strange, *FAST),
            command='recommend')
    for option in ('--candidates', '--exclude-items'):
        refused(1, 'missing.tsv', of=lfm('recommend', data, option, folder / 'missing.tsv', *FAST), command='recommend')
        refused(2, 'overwrite', 'x.tsv', of=lfm('recommend', 'y', option, data, '--csv', data), command='recommend')


def test_the_same_in_text_csv_and_json(folder):
    data = likes(folder / 'x.tsv')
    titles = write(folder / 't.tsv', ''.join(f'i{i}\tThe "{i}", they say\n' for i in range(0, 40, 2)))
    lists = objects('recommend', data, '--k', 3, '--titles', titles)
    flat = [(line['user'], entry['item'], rank, entry['score'], entry.get('title', ''))
            for line in lists for rank, entry in enumerate(line['items'], 1)]
    rows = [(row['user'], row['item'], int(row['rank']), float(row['score']), row['title'])
            for row in table('recommend', data, '--k', 3, '--titles', titles)]
    assert [row[:3] + row[4:] for row in rows] == [row[:3] + row[4:] for row in flat]
    assert all(abs(a[3] - b[3]) <= 1e-6 * abs(b[3]) for a, b in zip(rows, flat))
    assert any(row[4] for row in rows) and not all(row[4] for row in rows)
    text = answer('recommend', data, '--k', 3, '--titles', titles)
    assert text.startswith('training: 360 interactions') and text.count('Recommended for user') == 30
    for user, item, rank, score, title in flat[:9]:
        assert f'{rank:4}  {score:9.5f}  {item}{"  " if title else ""}{title}\n' in text
    lfm('recommend', data, '--k', 3, '--csv', folder / 'c', '--json', folder / 'j', *FAST)
    assert (folder / 'c').read_text().count('\n') == 91 and len(lines_of(folder / 'j')) == 30


def test_csv_quotes_what_must_be_quoted(folder):
    data = write(folder / 'x.tsv', 'a,b\tx"y\na,b\tz\nc\tz\nc\tw\nd\tx"y\nd\tw\n')
    rows = table('recommend', data, '--k', 9)
    assert {(row['user'], row['item']) for row in rows} == {('a,b', 'w'), ('c', 'x"y'), ('d', 'z')}
    text = answer('recommend', data, '--csv', '-')
    assert text.splitlines()[1].startswith('"a,b",w,1,') and 'c,"x""y",1,' in text


def test_similar_lists_what_fit_lists(folder):
    data, features = likes(folder / 'x.tsv'), tags(folder / 'f.tsv')
    with_tags = (data, '--item-features', features, '--identity', 'item')
    wanted = summary(folder, *with_tags, '--epochs', 6, '--similar-to', 'i3,i22', '--similar-to-feature',
                     'half0,tag1', '--top', 6)
    for option, names, json_name in (('--item', 'i3,i22', 'similar'),
                                     ('--item-feature', 'half0,tag1', 'similar_to_feature')):
        got = objects('similar', *with_tags, option, names, '--k', 6)
        assert [line['query'] for line in got] == names.split(',')
        for line in got:
            old = [(entry['item'], entry['cosine']) for entry in wanted[json_name][line['query']]]
            assert [(entry['similar'], entry['cosine']) for entry in line['similar']] == old
            assert line['query'] not in [name for name, _ in old]


def test_tags_that_an_item_lacks(folder):
    data, features = likes(folder / 'x.tsv'), tags(folder / 'f.tsv')
    has = tags_of(features)
    names = set().union(*has.values())
    for identity in ((), ('--identity', 'item')):
        base = (data, '--item-features', features, *identity, '--to', 'item-feature', '--k', 50)
        lists = objects('similar', *base, '--all', 'item')
        assert {line['query'] for line in lists} == set(has)
        for line in lists:
            assert {entry['similar'] for entry in line['similar']} == names - has[line['query']]
        for line in objects('similar', *base, '--all', 'item', '--seen'):
            assert {entry['similar'] for entry in line['similar']} == names
        # Tags like a tag: all but itself; tags for a user: all.
        for line in objects('similar', *base, '--all', 'item-feature'):
            assert {entry['similar'] for entry in line['similar']} == names - {line['query']}
        for line in objects('similar', *base, '--user', 'u1'):
            assert {entry['similar'] for entry in line['similar']} == names


def test_what_is_listed_by_default(folder):
    data, features = likes(folder / 'x.tsv'), tags(folder / 'f.tsv')
    users = write(folder / 'u.tsv', ''.join(f'u{u}\tkind{u % 2}\n' for u in range(30)))
    base = (data, '--item-features', features, '--user-features', users, '--identity', 'item,user', '--k', 2)
    for option, name, kind in (('--item', 'i1', 'i'), ('--item-feature', 'tag1', 'i'), ('--user', 'u1', 'u'),
                               ('--user-feature', 'kind1', 'u')):
        line, = objects('similar', *base, option, name)
        assert len(line['similar']) == 2
        assert all(entry['similar'].startswith(kind) for entry in line['similar']), line
    line, = objects('similar', *base, '--user', 'u1', '--to', 'user-feature')
    assert [entry['similar'] for entry in line['similar']] == ['kind0']
    line, = objects('similar', *base, '--user', 'u1', '--to', 'item', '--measure', 'dot')
    assert 'dot' in line['similar'][0] and 'cosine' not in line['similar'][0]
    assert len(objects('similar', *base, '--all', 'user')) == 30
    # Names may hold commas.
    odd = write(folder / 'odd.tsv', ''.join(f'i{i}\ta,b\n' for i in range(9)))
    line, = objects('similar', data, '--item-features', odd, '--item-feature', 'a\\,b')
    assert line['query'] == 'a,b'


def test_explained_parts_add_up(folder):
    data, features = likes(folder / 'x.tsv'), tags(folder / 'f.tsv')
    for extra in ((), ('--item-features', features), ('--item-features', features, '--identity', 'item')):
        lists = objects('recommend', data, *extra, '--for', 'u0,u5', '--k', 4)
        for line in lists:
            for entry in line['items']:
                for k in (1, 3, 99):
                    got, = objects('explain', data, *extra, '--user', line['user'], '--item', entry['item'], '--k', k)
                    assert abs(got['score'] - entry['score']) < 1e-4, (got, entry)
                    values = [part['value'] for part in got['parts']]
                    assert abs(sum(values) + got['rest'] - got['score']) < 1e-12
                    assert len(values) == min(k, got['n_parts'])
                    assert values == sorted(values, key=abs, reverse=True)
                    assert k < got['n_parts'] or got['rest'] == 0
    has = tags_of(features)['i7']
    got, = objects('explain', data, '--item-features', features, '--identity', 'item', '--user', 'u0', '--item',
                   'i7', '--k', 99)
    assert got['n_parts'] == 2 * (len(has) + 1) + 1 == len(got['parts'])
    sides = {(part.get('user'), part.get('item'), part.get('item_feature')) for part in got['parts']}
    assert sides == {('u0', None, None), (None, 'i7', None), ('u0', 'i7', None), *((u, None, tag) for tag in has
                                                                                for u in ('u0', None))}


def test_explain_writes_the_same_three_ways(folder):
    data, features = likes(folder / 'x.tsv'), tags(folder / 'f.tsv')
    asked = (data, '--item-features', features, '--identity', 'item', '--user', 'u0,u1', '--item', 'i7,i30',
             '--k', 3)
    lines = objects('explain', *asked)
    assert [(line['user'], line['item']) for line in lines] == [('u0', 'i7'), ('u0', 'i30'), ('u1', 'i7'),
                                                               ('u1', 'i30')]
    rows = table('explain', *asked)
    flat = []
    for line in lines:
        flat.append(('score', '', '', line['score']))
        for part in line['parts']:
            sides = (part.get('user', ''), part.get('item', part.get('item_feature', '')))
            flat.append(('pair' if all(sides) else 'bias', *sides, part['value']))
        flat.append(('rest', '', '', line['rest']))
    assert [(row['part'], row['user_feature'], row['item_feature'], float(row['value'])) for row in rows] == flat
    text = answer('explain', *asked)
    for line in lines:
        assert f'Score of user {line["user"]} and item {line["item"]}: {line["score"]:.5f}\n' in text
        assert f'{line["rest"]:10.5f}  the other {line["n_parts"] - 3} parts\n' in text
        assert all(f'{part["value"]:10.5f}  ' in text for part in line['parts'])
    assert '(u0): bias' in text and '(u0) x ' in text


def test_wrong_arguments(folder):
    for name, parts, arguments in [
            ('recommend', ['no file', 'lfm recommend --help'], []),
            ('recommend', ['unknown option --test'], ['x', '--test', 'y']),
            ('recommend', ['unknown option --every'], ['x', '--every', '1']),
            ('recommend', ['did you mean --for?'], ['x', '--fo', 'a']),
            ('recommend', ["--k: '0'"], ['x', '--k', '0']),
            ('recommend', ['same file'], ['x', '--csv', 'y', '--json', 'y']),
            ('recommend', ['standard input'], ['-', '--exclude', '-']),
            ('similar', ['similar to what'], ['x']),
            ('similar', ['similar to what'], ['x', '--item', 'a', '--user', 'b']),
            ('similar', ['similar to what'], ['x', '--item', 'a', '--all', 'user']),
            ('similar', ['--all', "'tag'", 'item-feature'], ['x', '--all', 'tag']),
            ('similar', ['--to', "'tag'"], ['x', '--to', 'tag', '--item', 'a']),
            ('similar', ['--measure', 'cosine or dot'], ['x', '--measure', 'l2', '--item', 'a']),
            ('similar', ['--to item-feature needs --item-features'], ['x', '--item', 'a', '--to', 'item-feature']),
            ('similar', ['--to user-feature needs --user-features'], ['x', '--item', 'a', '--to', 'user-feature']),
            ('similar', ['--all item-feature needs'], ['x', '--all', 'item-feature']),
            ('similar', ['--item-feature needs'], ['x', '--item-feature', 'a']),
            ('similar', ['--user-feature needs'], ['x', '--user-feature', 'a']),
            ('explain', ['--user and --item'], ['x']),
            ('explain', ['--user and --item'], ['x', '--user', 'a']),
            ('explain', ['--user and --item'], ['x', '--item', 'a']),
            ('explain', ['unknown option --to'], ['x', '--to', 'item'])]:
        refused(2, *parts, of=lfm(name, *arguments), command=name)
    data = write(folder / 'x.tsv', 'a\tb\n')
    refused(2, 'overwrite', 'x.tsv', of=lfm('recommend', 'y', '--exclude', data, '--csv', data), command='recommend')
    for name in ('recommend', 'similar', 'explain'):
        help_text = lfm(name, '--help')
        assert help_text.returncode == 0 and help_text.stdout.startswith(f'lfm {name} FILE')
        assert '--components' in help_text.stdout and '--test' not in help_text.stdout
        assert f'  lfm {name} FILE' in lfm('--help').stdout


def test_unknown_names(folder):
    """Found before training, and before anything is written."""
    data = likes(folder / 'x.tsv')
    features = tags(folder / 'f.tsv')
    for name, arguments in [('recommend', ['--for', 'nobody,u1,noone']),
                            ('similar', ['--item', 'nobody,noone']),
                            ('similar', ['--user', 'nobody,noone']),
                            ('similar', ['--item-feature', 'nobody,noone', '--item-features', features]),
                            ('explain', ['--user', 'nobody,noone', '--item', 'i1']),
                            ('explain', ['--user', 'u1', '--item', 'i1,nobody,noone'])]:
        result = lfm(name, data, *arguments, '--json', folder / 'j', '--epochs', 1000000)
        refused(1, "no ", "'nobody'", "'noone'", of=result, command=name)
        assert not (folder / 'j').exists()


def test_full_disk(folder):
    data = likes(folder / 'x.tsv')
    for option in ('--csv', '--json'):
        for name, asked in (('recommend', ()), ('similar', ('--all', 'item')),
                            ('explain', ('--user', 'u1', '--item', 'i1'))):
            refused(1, '/dev/full', 'No space left', of=lfm(name, data, *asked, option, '/dev/full', *FAST),
                    command=name)


def test_divergence(folder):
    """No lists of a model that broke, whether it was rolled back or not."""
    data = likes(folder / 'x.tsv')
    for rollback in ((), ('--rollback',)):
        result = lfm('recommend', data, '--learning-rate', 1e6, '--loss', 'logistic', '--user-alpha', 1e6,
                     '--threads', 1, '--csv', '-', *rollback)
        refused(1, 'epoch', of=result, command='recommend')
        assert ',i' not in result.stdout


def test_interrupt(folder):
    """Ctrl-C ends a command without an answer."""
    data = likes(folder / 'x.tsv', n_users=300, n_items=200, per_user=90)
    process = subprocess.Popen([command.LFM, 'recommend', str(data), '--epochs', '1000000', '--json', '-'],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130 and out == b'' and err == b'', (process.returncode, out, err)


command.main(globals())
