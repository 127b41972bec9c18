#!/usr/bin/env python3
"""What `lfm synth` writes and refuses. Prints TAP. Usage: test_synth.py LFM"""
import collections
import hashlib
import pathlib
import resource
import subprocess
import sys
import tempfile

LFM = str(pathlib.Path(sys.argv[1]).resolve())
NAMES = ('interactions.tsv', 'test.tsv', 'item-features.tsv')

# Of the defaults: the same on every machine and compiler. A change of the generator changes them,
# and then belongs into CHANGELOG.
DIGESTS = {
    'interactions.tsv': 'a84cb10a9b70b5b2e162fd594140ab156b04032611ae6391dace00e92d3e367f',
    'test.tsv': 'bd9420d8d6b6602274f96889f4359591fc6484b4ef09a3b60d44c3a774036b17',
    'item-features.tsv': 'ebb0b45d04f3cf5ee11299761bfe768983cdd7179fe81e0ef5e93404206fd76c',
}


def synth(folder, *options, **how):
    command = [LFM, 'synth', *([str(folder)] if folder else []), *options]
    return subprocess.run(command, capture_output=True, text=True, **how)


def sizes(users, items, interactions, tags):
    return ('--users', str(users), '--items', str(items), '--interactions', str(interactions),
            '--tags', str(tags))


def rows(path):
    return [line.split('\t') for line in path.read_text().splitlines()]


def made(folder, *options):
    """Run it where it must work; return the rows of the three files."""
    result = synth(folder, *options)
    assert result.returncode == 0, result.stderr
    assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES), list(folder.iterdir())
    return [rows(folder / name) for name in NAMES]


def check_pairs(train, test, users, items, n):
    pairs = [tuple(row) for row in train + test]
    assert len(pairs) == n, len(pairs)
    assert len(set(pairs)) == n, 'a user likes an item twice'
    assert all(user[0] == 'u' and 1 <= int(user[1:]) <= users for user, _ in pairs)
    assert all(item[0] == 'i' and 1 <= int(item[1:]) <= items for _, item in pairs)
    likes = collections.Counter(user for user, _ in pairs)
    held_out = collections.Counter(user for user, _ in test)
    assert set(held_out.values()) <= {5}, held_out
    assert all(likes[user] >= 10 for user in held_out)
    return likes, held_out


def test_defaults_are_the_same_everywhere(folder):
    made(folder)
    for name, digest in DIGESTS.items():
        found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        assert found == digest, f'{name}: {found}'


def test_defaults_are_shaped_as_promised(folder):
    train, test, tags = made(folder)
    likes, held_out = check_pairs(train, test, 15000, 26000, 550000)
    assert len(likes) == 15000
    eligible = sum(n >= 10 for n in likes.values())
    assert 0.18 < len(held_out) / eligible < 0.22, (len(held_out), eligible)
    by_user = sorted(likes.values())
    assert by_user[-1] > 50 * by_user[len(by_user) // 2], 'activity has no heavy tail'
    by_item = sorted(collections.Counter(item for _, item in train).values())
    assert by_item[-1] > 20 * by_item[len(by_item) // 2], 'no item is popular'
    assert 5.9 * 26000 < len(tags) < 6.5 * 26000, len(tags)
    assert len({(item, tag) for item, tag, _ in tags}) == len(tags), 'an item has a tag twice'
    assert {weight for _, _, weight in tags} == {'1'}
    assert 15000 < len({tag for _, tag, _ in tags}) <= 20000


def test_structure_is_planted(folder):
    train, _, tags = made(folder, *sizes(2000, 3000, 60000, 900))
    topic = {}
    own = 0
    for item, tag, _ in tags:
        own += topic.setdefault(item, tag.split('-')[0]) == tag.split('-')[0]
    assert len(topic) == 3000 and all(name.startswith('topic') for name in topic.values())
    assert own > 0.7 * len(tags), f'{own} of {len(tags)} tags are of their items\' topic'
    assert any(tag.startswith('general-tag') for _, tag, _ in tags)
    by_user = collections.defaultdict(collections.Counter)
    for user, item in train:
        by_user[user][topic[item]] += 1
    # The two topics a user likes most, of more than thirty.
    top = sum(n for counts in by_user.values() for _, n in counts.most_common(2))
    assert len(set(topic.values())) > 30
    assert top > 0.5 * len(train), f'{top} of {len(train)} likes'


def test_seed_decides(folder):
    small = sizes(200, 300, 4000, 50)
    first = made(folder / 'a', *small, '--seed', '7')
    assert made(folder / 'b', *small, '--seed=7') == first
    other = made(folder / 'c', *small, '--seed', '18446744073709551615')
    assert all(mine != theirs for mine, theirs in zip(other, first))


def test_half_of_all_pairs(folder):
    train, test, _ = made(folder, *sizes(40, 30, 600, 10))
    check_pairs(train, test, 40, 30, 600)


def test_smallest(folder):
    assert made(folder / 'none', *sizes(1, 1, 0, 0)) == [[], [], []]
    train, test, tags = made(folder / 'one', *sizes(1, 2, 1, 1))
    check_pairs(train, test, 1, 2, 1)
    assert [tag for _, tag, _ in tags] == ['topic1-tag1'] * 2


def test_fewer_likes_than_users(folder):
    train, test, _ = made(folder, *sizes(1000, 100, 77, 5))
    check_pairs(train, test, 1000, 100, 77)


def test_wrong_arguments(folder):
    target = folder / 'out'
    for options in (('--users', '0'), ('--users', '-1'), ('--users', 'many'), ('--users', ''),
                    ('--users',), ('--items', '2147483648'), ('--items', '1.5'),
                    ('--tags', '99999999999999999999'), ('--seed', '18446744073709551616'),
                    ('--colour', 'red'), ('another',), sizes(10, 10, 51, 0)):
        result = synth(target, *options)
        assert result.returncode == 2, (options, result)
        assert result.stderr.startswith('lfm synth: '), result.stderr
        assert result.stderr.count('\n') == 1, result.stderr
        assert result.stdout == '' and not target.exists(), options
    result = synth(None, '--users', '10')
    assert result.returncode == 2 and 'directory' in result.stderr, result
    result = synth(target, *sizes(10, 10, 51, 0))
    assert '51' in result.stderr and '50' in result.stderr, result.stderr


def test_help(folder):
    result = synth(folder / 'out', '--help')
    assert result.returncode == 0 and '--interactions' in result.stdout and result.stderr == ''
    assert not (folder / 'out').exists()


def test_cannot_create(folder):
    (folder / 'file').write_text('in the way')
    for target in (folder / 'file', folder / 'no' / 'such'):
        result = synth(target, *sizes(100, 100, 100, 10))
        assert result.returncode == 1, result
        assert result.stderr.startswith('lfm synth: cannot create '), result.stderr
        assert str(target) in result.stderr, result.stderr
    assert (folder / 'file').read_text() == 'in the way'


def test_disk_full(folder):
    """A limit of the file size stands for a full disk: what was there stays, nothing is left."""
    before = made(folder, *sizes(100, 100, 1000, 20))

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    result = synth(folder, preexec_fn=limit)
    assert result.returncode == 1, result
    assert result.stderr.startswith('lfm synth: cannot write ') and result.stdout == '', result
    assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES)
    assert rows(folder / NAMES[0]) == before[0]


def main():
    tests = [value for name, value in globals().items() if name.startswith('test_')]
    print(f'1..{len(tests)}')
    failed = 0
    for number, test in enumerate(tests, 1):
        with tempfile.TemporaryDirectory() as folder:
            try:
                test(pathlib.Path(folder))
                verdict = 'ok'
            except Exception as error:  # an exception is a failed test, whatever it is
                print(f'{test.__name__}: {error!r}', file=sys.stderr)
                verdict = 'not ok'
                failed += 1
        print(f'{verdict} {number} - {test.__name__[5:].replace("_", " ")}', flush=True)
    return 1 if failed else 0


sys.exit(main())
