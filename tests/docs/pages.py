#!/usr/bin/env python3
"""The pages are true where a script can tell: C blocks with a main() compile without a warning, run
and return 0 (in docs; the gate readme has the README's); paths and links lead somewhere; names of
the library exist.

Usage: pages.py SOURCE_ROOT LIBRARY COMPILER..."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

STRICT = ['-std=c11', '-Wall', '-Wextra', '-Wpedantic', '-Werror']
C_BLOCK = re.compile(r'^```c\n(.*?)^```$', re.M | re.S)
CODE_BLOCK = re.compile(r'^```.*?^```$', re.M | re.S)
LINK = re.compile(r'\]\(([^)\s]+)\)')
PATH = re.compile(r'`((?:include|lib|tools|examples|tests|docs|scripts)/[\w./-]*\w)`')
NAME = re.compile(r'`(lfmi?_\w+|LFMI?_\w+)')


def anchors(text):
    """The anchors of a page's headings, as the usual renderers make them."""
    titles = re.findall(r'^#+ (.+)$', CODE_BLOCK.sub('', text), re.M)
    return {re.sub(r'[^\w\- ]', '', title).strip().lower().replace(' ', '-') for title in titles}


def broken_links(page, text):
    for target in LINK.findall(CODE_BLOCK.sub('', text)):
        if re.match(r'\w+:', target):
            continue
        path, _, anchor = target.partition('#')
        aim = page.parent / path if path else page
        if not aim.exists():
            yield f'{target} leads nowhere'
        elif anchor and aim.suffix == '.md' and anchor not in anchors(aim.read_text()):
            yield f'{target}: there is no such heading'


def unknown(root, text, known):
    for path in sorted(set(PATH.findall(text))):
        if not (root / path).exists():
            yield f'{path} does not exist'
    for name in sorted(set(NAME.findall(text))):
        if not name.endswith('_') and name not in known:
            yield f'the sources know no {name}'


def programs_in(text):
    return [block for block in C_BLOCK.findall(text) if re.search(r'\bmain\s*\(', block)]


def failing_programs(root, programs, library, compiler):
    for number, program in enumerate(programs, 1):
        with tempfile.TemporaryDirectory() as folder:
            source, built = pathlib.Path(folder, 'program.c'), pathlib.Path(folder, 'program')
            source.write_text(program)
            command = [*compiler, *STRICT, '-I', root / 'include', source, library, '-o', built]
            compiled = subprocess.run(command, capture_output=True, text=True)
            if compiled.returncode != 0:
                yield f'program {number} does not compile:\n{compiled.stderr}'
                continue
            paths = [str(library.parent), os.environ.get('LD_LIBRARY_PATH', '')]
            environment = {**os.environ, 'LD_LIBRARY_PATH': ':'.join(filter(None, paths))}
            ran = subprocess.run([built], capture_output=True, text=True, env=environment,
                                 timeout=60)
            if ran.returncode != 0:
                yield f'program {number} returns {ran.returncode}: {ran.stdout}{ran.stderr}'


def main():
    root, library, compiler = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]
    known = set()
    for folder in ('include', 'lib'):
        for path in (root / folder).rglob('*.[ch]'):
            known.update(re.findall(r'\b(?:lfmi?|LFMI?)_\w+', path.read_text()))
    pages = sorted(root.glob('*.md')) + sorted((root / 'docs').rglob('*.md'))
    problems = programs = 0
    for page in pages:
        text = page.read_text()
        found = programs_in(text) if page.parent != root else []
        programs += len(found)
        for problem in (*broken_links(page, text), *unknown(root, text, known),
                        *failing_programs(root, found, library.resolve(), compiler)):
            print(f'{page.relative_to(root)}: {problem}', file=sys.stderr)
            problems += 1
    print(f'{len(pages)} pages, {programs} programs, {problems} problems')
    return 1 if problems or not pages else 0


sys.exit(main())
