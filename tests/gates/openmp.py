#!/usr/bin/env python3
"""Only lib/parallel knows OpenMP: no pragma and no omp.h anywhere else in the sources.

Usage: openmp.py SOURCE_ROOT"""
import pathlib
import re
import sys

from sources import files, report, without_comments

OPENMP = re.compile(r'#\s*pragma\s+omp\b|_Pragma\s*\(\s*"\s*omp\b|\bomp\.h\b|\bomp_\w+\s*\(|'
                    r'\b_OPENMP\b')


def main():
    root = pathlib.Path(sys.argv[1])
    sources = files(root, ['lib', 'include', 'tools', 'examples', 'bindings'],
                    ('.c', '.h', '.cpp', '.hpp', '.inc'))
    problems = []
    for path in sources:
        if path.is_relative_to(root / 'lib' / 'parallel'):
            continue
        lines = without_comments(path.read_text(), keep_strings=True).splitlines()
        problems += [f'{path.relative_to(root)}:{number}: OpenMP outside lib/parallel'
                     for number, line in enumerate(lines, 1) if OPENMP.search(line)]
    report(problems, f'{len(sources)} files, OpenMP in lib/parallel only')


main()
