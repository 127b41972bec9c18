#!/usr/bin/env python3
"""Run a script of cells (# %%, as Jupyter, VS Code and Spyder know them) and write it down, with what the cells
print and draw, as Markdown with pictures.

Usage: render.py SCRIPT PAGE [ARGUMENT ...]
Pictures go to a folder beside PAGE with its name, without the ending; ARGUMENTs are the script's."""
import contextlib
import io
import pathlib
import re
import shlex
import sys
from typing import Any, Dict, List, NamedTuple

CELL = re.compile(r'^# %%(?P<head>.*)$', re.M)
DOTS_PER_INCH = 80


class Cell(NamedTuple):
    """line: of the script, where the text begins, counted from 1."""

    is_text: bool
    is_hidden: bool
    source: str
    line: int


def cells_of(script: str) -> List[Cell]:
    """The cells of a script in the percent format; what comes before the first is none."""
    found = []
    marks = list(CELL.finditer(script))
    for mark, end in zip(marks, [*(mark.start() for mark in marks[1:]), len(script)]):
        head, source = mark['head'], script[mark.end() + 1:end].rstrip()
        is_text = '[markdown]' in head
        if is_text:
            source = '\n'.join(re.sub('^# ?', '', line) for line in source.splitlines())
        found.append(Cell(is_text, 'hide-input' in head, source, script.count('\n', 0, mark.end()) + 2))
    return found


def run(cell: Cell, path: pathlib.Path, names: Dict[str, Any]) -> str:
    """Execute a cell among the names of those before it; return what it printed. Its errors tell the script's lines."""
    printed = io.StringIO()
    code = compile('\n' * (cell.line - 1) + cell.source, str(path), 'exec')
    with contextlib.redirect_stdout(printed):
        exec(code, names)
    return printed.getvalue().rstrip()


def code_of(cell: Cell) -> str:
    block = f'```python\n{cell.source}\n```'
    return f'<details><summary>The code</summary>\n\n{block}\n\n</details>' if cell.is_hidden else block


def render(script: pathlib.Path, page: pathlib.Path, arguments: List[str], made_by: str) -> Dict[str, Any]:
    """Run the script, write the page and its pictures, and return the script's names."""
    import matplotlib
    matplotlib.use('Agg')
    from matplotlib import pyplot

    folder = page.with_suffix('')
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob('[0-9]*.png'):
        old.unlink()
    names: Dict[str, Any] = {'__name__': '__main__', '__file__': str(script)}
    parts: List[str] = []
    n_pictures = 0
    before = sys.argv
    sys.argv = [str(script), *arguments]
    try:
        for cell in cells_of(script.read_text(encoding='utf-8')):
            if cell.is_text:
                parts.append(cell.source)
                continue
            parts.append(code_of(cell))
            printed = run(cell, script, names)
            if printed:
                parts.append(f'```text\n{printed}\n```')
            for number in pyplot.get_fignums():
                figure = pyplot.figure(number)
                n_pictures += 1
                picture = folder / f'{n_pictures}.png'
                figure.savefig(picture, dpi=DOTS_PER_INCH, metadata={'Software': None})
                parts.append(f'![{figure.axes[0].get_title()}]({folder.name}/{picture.name})')
            pyplot.close('all')
    finally:
        sys.argv = before
        pyplot.close('all')
    page.write_text('\n\n'.join([*parts, f'---\n\nMade by `{made_by}`.\n']), encoding='utf-8')
    return names


def main() -> None:
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    script, page, *arguments = sys.argv[1:]
    render(pathlib.Path(script), pathlib.Path(page), arguments, shlex.join(['python3', *sys.argv]))


if __name__ == '__main__':
    main()
