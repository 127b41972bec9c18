"""Running `lfm fit` on files that a test makes, and the TAP around the tests.

A script of tests ends with command.main(globals()), see tap.py; its argument is the path of the command."""
import gzip
import json
import pathlib
import random
import subprocess
import sys

from tap import Skip, main  # noqa: F401 (for the scripts of tests)

LFM = str(pathlib.Path(sys.argv[1]).resolve())


def lfm(*arguments, **how):
    """Run the command on one thread of training; bytes that are no UTF-8 pass through as they are."""
    words = [str(argument) for argument in arguments]
    return subprocess.run([LFM, *words], capture_output=True, encoding='utf-8',
                          errors='surrogateescape', timeout=60, **how)


def fit(*arguments, **how):
    return lfm('fit', *arguments, '--threads', 1, **how)


def fine(*arguments, **how):
    """Run `lfm fit` where it must work."""
    result = fit(*arguments, **how)
    assert result.returncode == 0, (result.returncode, result.stderr)
    return result


def refused(code, *parts, of, command='fit'):
    """Check that a run ended with an exit code and one line of error that has all the parts."""
    assert of.returncode == code, (of.returncode, of.stdout, of.stderr)
    assert of.stderr.startswith(f'lfm {command}: ') and of.stderr.count('\n') == 1, of.stderr
    for part in parts:
        assert part in of.stderr, (part, of.stderr)


def lines_of(path):
    """The objects of a JSON file."""
    return [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()]


def summary(folder, *arguments):
    """Run `lfm fit` where it must work and return the last JSON object."""
    fine(*arguments, '--json', folder / 'summary.json')
    return lines_of(folder / 'summary.json')[-1]


def trained_on(folder, *arguments):
    return summary(folder, *arguments, '--epochs', 1, '--every', 0)['trained_on']


def write(path, text):
    """Write text or bytes, gzipped when the name says so; return the path."""
    data = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(gzip.compress(data) if path.name.endswith('.gz') else data)
    return path


def likes(path, n_users=30, n_items=40, per_user=12, seed=1):
    """Two kinds of users who like two kinds of items: something to learn."""
    draw = random.Random(seed)
    half = n_items // 2
    rows = []
    for user in range(n_users):
        first = user % 2 * half
        for item in draw.sample(range(first, first + half), per_user):
            rows.append(f'u{user}\ti{item}\t{draw.randint(1, 5)}\t{1000 + len(rows)}\n')
    draw.shuffle(rows)
    return write(path, ''.join(rows))
