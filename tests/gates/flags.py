#!/usr/bin/env python3
"""One binary for every CPU and the same bits everywhere: no flag that ties the code to this
machine or lets the compiler change arithmetic, neither in the build files and sources nor in the
commands that this build ran.

Usage: flags.py SOURCE_ROOT BUILD_ROOT"""
import json
import pathlib
import re
import sys

from sources import files, report

FORBIDDEN = re.compile(r'-m(?:arch|tune|cpu)=native|-Ofast\b|fast-math\b|'
                       r'-funsafe-math-optimizations|-fassociative-math|-freciprocal-math|'
                       r'-ffinite-math-only|-ffp-contract=(?:fast|on)')
# Whoever forbids a flag has to name it.
EXEMPT = {'flags.py'}


def main():
    root, build = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    folders = ['include', 'lib', 'tools', 'tests', 'examples', 'bindings', 'benchmarks', 'scripts',
               '.ci']
    sources = files(root, folders, ('.c', '.h', '.inc', '.hpp', '.cpp', '.build', '.py', '.sh',
                                    '.toml', '.rs'))
    sources += [path for name in ('meson.build', 'meson.options', 'check', 'quickstart')
                if (path := root / name).is_file()]
    problems = []
    for path in sources:
        if path.name in EXEMPT:
            continue
        for number, line in enumerate(path.read_text(errors='replace').splitlines(), 1):
            if FORBIDDEN.search(line):
                problems.append(f'{path.relative_to(root)}:{number}: {line.strip()}')
    for entry in json.loads((build / 'compile_commands.json').read_text()):
        found = FORBIDDEN.search(entry['command'])
        if found:
            problems.append(f'{entry["file"]} is compiled with {found.group()}')
    report(problems, f'{len(sources)} files without a forbidden flag')


main()
