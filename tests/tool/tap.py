"""The TAP around tests of programs. A test is a function whose name begins with test_; it gets an empty folder and
fails by an exception. A script of tests ends with main(globals())."""
import pathlib
import sys
import tempfile
import traceback


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
