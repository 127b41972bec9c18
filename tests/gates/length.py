#!/usr/bin/env python3
"""No source file is longer than 500 lines: a file does one thing.

Usage: length.py SOURCE_ROOT"""
import pathlib
import sys

from sources import files, report

LIMIT = 500


def main():
    root = pathlib.Path(sys.argv[1])
    folders = ['include', 'lib', 'tools', 'tests', 'examples', 'bindings', 'benchmarks', 'scripts']
    sources = files(root, folders,
                    ('.c', '.h', '.inc', '.hpp', '.cpp', '.py', '.sh', '.build', '.rs', '.jl'))
    problems = []
    for path in sources:
        lines = path.read_bytes().count(b'\n')
        if lines > LIMIT:
            problems.append(f'{path.relative_to(root)} has {lines} lines, more than {LIMIT}')
    report(problems, f'{len(sources)} files of {LIMIT} lines at most')


main()
