#!/usr/bin/env python3
"""The library prefetches through lfmi_prefetch() of lib/base/prefetch.h, which says why: calls of a function that does
nothing but prefetch by the compiler's own means may be dropped. Kernels store besides, and may prefetch as they like.

Usage: prefetch.py SOURCE_ROOT"""
import pathlib
import sys

from sources import files, report, without_comments


def found(root):
    for path in files(root, ['lib'], ('.c', '.h', '.inc')):
        name = path.relative_to(root).as_posix()
        if name.startswith('lib/simd/') or name == 'lib/base/prefetch.h':
            continue
        for number, line in enumerate(without_comments(path.read_text()).splitlines(), 1):
            if '__builtin_prefetch' in line:
                yield f'{name}:{number}: __builtin_prefetch() where lfmi_prefetch() is to be used'


report(list(found(pathlib.Path(sys.argv[1]))), 'the library prefetches in one way')
