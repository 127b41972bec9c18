#!/usr/bin/env python3
"""Every public header compiles alone, as C99, C11, C17 and C++17, without a warning. Prints TAP.

Usage: headers.py INCLUDE_DIR COMPILER...   (compilers that are not there are left out)"""
import pathlib
import shutil
import subprocess
import sys

STANDARDS = (('c', 'c99'), ('c', 'c11'), ('c', 'c17'), ('c++', 'c++17'))
STRICT = ['-Wall', '-Wextra', '-Wpedantic', '-Werror', '-Wundef', '-fsyntax-only']


def compile_alone(compiler, language, standard, include_dir, header):
    """Return what the compiler said when it failed, else ''."""
    command = [compiler, '-x', language, f'-std={standard}', *STRICT, '-I', str(include_dir), '-']
    source = f'#include "{header}"\nint nothing;\n'
    result = subprocess.run(command, input=source, capture_output=True, text=True)
    return '' if result.returncode == 0 else f'{" ".join(command)}\n{result.stderr}'


def main():
    include_dir = pathlib.Path(sys.argv[1])
    compilers = [name for name in sys.argv[2:] if shutil.which(name)]
    headers = sorted(path.relative_to(include_dir) for path in include_dir.rglob('*.h'))
    print(f'1..{len(headers) * len(compilers)}')
    number = failed = 0
    for header in headers:
        for compiler in compilers:
            number += 1
            said = [text for language, standard in STANDARDS
                    if (text := compile_alone(compiler, language, standard, include_dir, header))]
            print(f'{"not ok" if said else "ok"} {number} - {header} alone with {compiler}')
            for text in said:
                print(text, file=sys.stderr)
            failed += bool(said)
    return 1 if failed or number == 0 else 0


sys.exit(main())
