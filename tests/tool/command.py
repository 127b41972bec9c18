"""Running `lfm fit` on files that a test makes, and the TAP around the tests.

A test is a function whose name begins with test_; it gets an empty folder and fails by an exception.
A script of tests ends with command.main(globals()); its argument is the path of the command."""
import gzip
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import traceback

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


class Skip(Exception):
    """What a test needs is not here."""


def main(names):
    tests = [(name, test) for name, test in names.items() if name.startswith('test_')]
    print(f'1..{len(tests)}')
    failures = 0
    for number, (name, test) in enumerate(tests, 1):
        with tempfile.TemporaryDirectory() as folder:
            try:
                test(pathlib.Path(folder))
                print(f'ok {number} {name}', flush=True)
            except Skip as reason:
                print(f'ok {number} {name} # SKIP {reason}', flush=True)
            except Exception:
                failures += 1
                print(f'not ok {number} {name}', flush=True)
                print(''.join('# ' + line + '\n' for line in traceback.format_exc().splitlines()),
                      flush=True)
    sys.exit(1 if failures else 0)
