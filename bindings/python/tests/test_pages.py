"""The Python on the pages runs: all blocks of a page, one after another, as one program.

What a reader has anyway (a trained model, say) stands in a comment of the page, `<!-- python ... -->`; a block whose
packages may be missing has `<!-- needs PACKAGE ... -->` before it and is left out without them."""
import importlib.util
import os
import pathlib
import subprocess
import sys

import pytest

PACKAGE = pathlib.Path(__file__).resolve().parent.parent
PROJECT = PACKAGE.parent.parent
# The blocks of the story are a script's cells, which test_story runs.
PAGES = [page for page in (PACKAGE / 'README.md', PROJECT / 'README.md', *sorted((PROJECT / 'docs').glob('*.md')))
         if page.is_file() and page.name != 'story.md' and '```python' in page.read_text(encoding='utf-8')]


def program_of(page):
    """The blocks, on the lines that they have on the page."""
    program, inside, missing = [], False, []
    for line in page.splitlines():
        ends = line in ('```', '-->')
        if line.startswith('<!-- needs '):
            missing = [name for name in line.split()[2:-1] if importlib.util.find_spec(name) is None]
        elif ends and inside:
            inside, missing = False, []
        program.append(line if inside and not missing else '')
        inside = inside or line in ('```python', '<!-- python')
    return '\n'.join(program) + '\n'


def run(program, folder, name='page.py'):
    (folder / name).write_text(program, encoding='utf-8')
    # scikit-learn's threads, where others want the processor too, wait for one another for ages
    environment = {**os.environ, 'MPLBACKEND': 'Agg', 'OMP_NUM_THREADS': '1'}
    return subprocess.run([sys.executable, '-B', name], cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize('page', PAGES, ids=lambda page: f'{page.parent.name}-{page.stem}')
def test_the_python_of_a_page_runs(page, tmp_path):
    program = program_of(page.read_text(encoding='utf-8'))
    assert program.strip()
    done = run(program, tmp_path, f'{page.stem}.py')
    assert done.returncode == 0, done.stderr


def test_how_programs_are_made(tmp_path):
    page = ('# A page\n<!-- python\nn = 6\n-->\n\n```python\nm = n * 7\n```\n\n```c\nint x;\n```\n'
            '<!-- needs no_such_package json -->\n```python\nimport no_such_package\n```\n'
            '<!-- needs json -->\n```python\nprint(m)\n```\n```python\nnothing.at_all\n```\n')
    program = program_of(page)
    assert [line for line in program.splitlines() if line] == ['n = 6', 'm = n * 7', 'print(m)', 'nothing.at_all']
    done = run(program, tmp_path)
    assert done.stdout == '42\n' and 'line 22' in done.stderr and page.splitlines()[21] == 'nothing.at_all'
