#!/usr/bin/env python3
"""The library prints nothing, ends nothing and leaves the process's settings alone: neither its
sources nor the symbols it asks others for name a function that would.

Usage: quiet.py LIBRARY SOURCE_ROOT"""
import pathlib
import re
import subprocess
import sys

from sources import files, report, without_comments

FORBIDDEN = set('''
    printf vprintf fprintf vfprintf dprintf vdprintf puts putchar perror psignal stdout stderr
    warn warnx err errx syslog
    exit _exit _Exit quick_exit abort assert raise kill atexit system
    getenv secure_getenv setenv putenv unsetenv clearenv environ
    setlocale uselocale signal sigaction sigprocmask pthread_sigmask
    srand rand random srandom
'''.split())
# What the forbidden ones become in the object code.
DISGUISED = {'__assert_fail', '__assert', '__printf_chk', '__fprintf_chk', '__vprintf_chk',
             '__vfprintf_chk', '__dprintf_chk', '__vdprintf_chk', '_IO_putc', '__environ'}
WORD = re.compile(r'\b(' + '|'.join(sorted(FORBIDDEN)) + r')\b(?!\s*:)')
# Functions count when called; these count wherever they are named.
NAMED = {'stdout', 'stderr', 'environ'}


def in_sources(root):
    for path in files(root, ['lib'], ('.c', '.h', '.inc')):
        text = without_comments(path.read_text())
        for number, line in enumerate(text.splitlines(), 1):
            for match in WORD.finditer(line):
                called = re.match(r'\s*\(', line[match.end():])
                member = re.search(r'(\.|->)\s*$', line[:match.start()])
                if (called or match.group() in NAMED) and not member:
                    yield f'{path.relative_to(root)}:{number}: {match.group()} in the library'


def in_library(library):
    asked = subprocess.run(['nm', '-D', '--undefined-only', library], check=True,
                           capture_output=True, text=True)
    for line in asked.stdout.splitlines():
        name = line.split()[-1].partition('@')[0]
        if name in FORBIDDEN | DISGUISED:
            yield f'{library} uses {name}'


def main():
    library, root = sys.argv[1], pathlib.Path(sys.argv[2])
    report([*in_sources(root), *in_library(library)], 'the library is quiet')


main()
