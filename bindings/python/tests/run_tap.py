#!/usr/bin/env python3
"""Run test files with pytest and report each test as a line of TAP.

Usage: run_tap.py FILE ..."""
import sys

import pytest


class Tap:
    """Prints a line for each test, and what went wrong as remarks."""

    def __init__(self):
        self.n = 0

    def say(self, fine, name, remark='', details=''):
        self.n += 1
        name = name.replace('#', '')
        print(f"{'' if fine else 'not '}ok {self.n} - {name}{remark}")
        for line in str(details).splitlines():
            print(f'# {line}')
        sys.stdout.flush()

    def pytest_runtest_logreport(self, report):
        name = report.nodeid.partition('::')[2]
        if report.skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
            self.say(True, name, f' # SKIP {reason}')
        elif report.failed:
            self.say(False, f'{name} ({report.when})', details=report.longreprtext)
        elif report.when == 'call':
            self.say(True, name)

    def pytest_collectreport(self, report):
        if report.failed:
            self.say(False, f'collecting {report.nodeid}', details=report.longreprtext)
        elif report.skipped and report.outcome == 'skipped' and isinstance(report.longrepr, tuple):
            self.say(True, report.nodeid, f' # SKIP {report.longrepr[2]}')


def main():
    tap = Tap()
    code = pytest.main(['-p', 'no:terminal', '-p', 'no:cacheprovider', *sys.argv[1:]], plugins=[tap])
    print(f'1..{tap.n}')
    # 5: nothing was collected; the plan of 0 tests, or what was skipped, says so.
    return 0 if code in (0, 1, 5) else 1


if __name__ == '__main__':
    sys.exit(main())
