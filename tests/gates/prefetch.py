#!/usr/bin/env python3
"""The library prefetches through lib/base/prefetch.h, which says why: what the compiler has for it may be dropped, or not
do what it says.

Usage: prefetch.py SOURCE_ROOT"""
import pathlib
import sys

from sources import files, report, without_comments


def found(root):
    for path in files(root, ['lib'], ('.c', '.h', '.inc')):
        name = path.relative_to(root).as_posix()
        if name == 'lib/base/prefetch.h':
            continue
        for number, line in enumerate(without_comments(path.read_text()).splitlines(), 1):
            if '__builtin_prefetch' in line:
                yield f'{name}:{number}: __builtin_prefetch() where base/prefetch.h has functions for it'


report(list(found(pathlib.Path(sys.argv[1]))), 'the library prefetches in one way')
