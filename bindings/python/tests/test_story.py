"""The story of examples/story.py, on few likes: it runs, it makes sense, and the page in docs is of its cells."""
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip('matplotlib')
ROOT = pathlib.Path(__file__).resolve().parent.parent
STORY = ROOT / 'examples' / 'story.py'
PAGE = ROOT.parent.parent / 'docs' / 'story.md'
sys.path.insert(0, str(STORY.parent))
import render  # noqa: E402


@pytest.fixture(scope='module')
def told(tmp_path_factory):
    """The page, and the names that the story ends with. On one thread it repeats."""
    page = tmp_path_factory.mktemp('docs') / 'story.md'
    names = render.render(STORY, page, ['--small', '--threads', '1'], 'make the page')
    return page, names


def test_models_beat_what_is_popular(told):
    _, names = told
    results = names['results']
    searched = ['WARP, searched'] if sys.modules.get('optuna') else []
    assert list(results) == ['popularity', 'WARP', *searched, 'WARP, tags']
    means = {name: {metric: result.mean for metric, result in measured.items()} for name, measured in results.items()}
    for name in list(means)[1:]:
        assert means[name]['precision@10'] > 1.5 * means['popularity']['precision@10']
        assert means[name]['auc'] > means['popularity']['auc'] + 0.1
    assert means['WARP, tags']['auc'] > means['WARP']['auc'] + 0.02
    assert means['WARP, tags']['ndcg@10'] > means['WARP']['ndcg@10']


def test_rare_ones_are_gone_and_nothing_tested_was_trained_on(told):
    _, names = told
    likes, train, test = (names[name].tocoo().tocsr() for name in ('likes', 'train', 'test'))
    assert likes.getnnz(axis=0).min() >= 5 and likes.getnnz(axis=1).min() >= 5
    assert 0 < test.nnz and train.nnz + test.nnz == likes.nnz < names['everything'].nnz
    assert train.multiply(test).nnz == 0 and set(test.getnnz(axis=1)) == {0, 5}
    inner, validation = names['inner'].tocoo().tocsr(), names['validation'].tocoo().tocsr()
    assert inner.nnz + validation.nnz == train.nnz and validation.multiply(test).nnz == 0


def test_the_learning_curve_rises(told):
    _, names = told
    history = names['watch'].history
    assert [epoch for epoch, _ in history] == list(range(1, 31))
    for metric in ('precision@10', 'train precision@10'):
        assert history[-1][1][metric] > 1.5 * history[0][1][metric]
    assert history[-1][1]['train precision@10'] > history[-1][1]['precision@10']


def test_items_of_a_tag_have_it(told):
    _, names = told
    for tag in names['telling'][:5]:
        near, _ = names['with_tags'].similar(tag, 10, space='item_feature', among='item')
        subjects = [item.split()[0] for item in near]
        assert max(map(subjects.count, subjects)) >= 8  # who likes swords may lie close to one knight
    common = names['common'][:80]
    across = [names['telling'].index(tag) for tag in names['GENERAL'] + names['STYLES'] if tag in common]
    assert np.mean(across) > 0.7 * len(common)  # these are of no subject: most of the last


def test_suggested_tags_find_the_hidden(told):
    _, names = told
    hidden, shown, suggested = names['hidden'], names['shown'], names['suggested']
    assert len(hidden) > 100 and all(tag not in shown[item] for item, tag in hidden.items())
    for item, tags in suggested.items():
        assert len(tags) == len(set(tags)) == 10 and not set(tags) & set(shown[item])
    by_chance = 10 / len(names['common'])
    assert names['hits'] > 0.35 > 10 * by_chance and names['hits'] > 1.5 * names['common_hits']


def test_recommended_is_of_what_users_like(told):
    """Most of a list is of subjects that the user liked before; of all items few are."""
    _, names = told
    train = names['train']
    subjects = np.array([item.split()[0] for item in train.item_ids])
    known = train.tocoo().tocsr()
    rows = np.unique(names['test'].tocoo().row)
    users = train.user_ids.names[rows]
    liked_by_one = train.item_ids.names[known[names['of_user']].indices]
    assert names['user'] in users and not set(names['recommended']) & set(liked_by_one)
    lists, _ = names['with_tags'].recommend(users.tolist(), 10)
    places = train.item_ids.find(lists.ravel(), 'item').reshape(lists.shape)
    liked = [set(subjects[known[row].indices]) for row in rows]
    found = np.mean([[subjects[place] in own for place in listed] for own, listed in zip(liked, places)])
    of_all = np.mean([[subject in own for subject in subjects] for own in liked])
    assert found > 0.7 and found > 5 * of_all


def test_the_page_has_what_was_printed_and_drawn(told):
    page, names = told
    text = page.read_text(encoding='utf-8')
    table = [line for line in text.splitlines() if line.startswith('WARP, tags')]
    assert table and f"{names['results']['WARP, tags']['auc'].mean:.4f}" in table[0]
    pictures = sorted(page.with_suffix('').iterdir())
    assert [picture.name for picture in pictures] == [f'{n}.png' for n in range(1, len(pictures) + 1)]
    assert len(pictures) == (5 if sys.modules.get('optuna') else 3)
    for picture in pictures:
        assert picture.read_bytes().startswith(b'\x89PNG') and 5_000 < picture.stat().st_size < 60_000
        assert text.count(f'](story/{picture.name})') == 1
    assert text.endswith('Made by `make the page`.\n')


def test_run_as_a_script_it_saves_its_pictures(told, tmp_path):
    page, _ = told
    folder = tmp_path / 'new' / 'pictures'
    done = subprocess.run([sys.executable, '-B', str(STORY), '--small', '--threads', '1', '--pictures', str(folder)],
                          env={**os.environ, 'MPLBACKEND': 'Agg'}, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.endswith(f'pictures saved in {folder}\n'), done.stderr
    drawn = sorted(picture.name for picture in page.with_suffix('').iterdir())
    assert sorted(picture.name for picture in folder.iterdir()) == drawn


def test_without_optuna_the_search_says_what_to_install(told, monkeypatch, capsys):
    _, names = told
    monkeypatch.setitem(sys.modules, 'optuna', None)
    assert names['search']() is None and "pip install 'liblfm[tune]'" in capsys.readouterr().out


def test_files_of_ones_own(tmp_path, monkeypatch):
    cells = render.cells_of(STORY.read_text(encoding='utf-8'))
    start = next(n for n, cell in enumerate(cells) if cell.source.startswith('likes = '))
    for name, lines in (('likes', ['ann\ta', 'bob\ta', 'ann\tb']), ('tags', ['a\twood\t1', 'b\tred wood\t1'])):
        (tmp_path / name).write_text('\n'.join(lines) + '\n')
    monkeypatch.setattr(sys, 'argv', ['story.py', '--likes', str(tmp_path / 'likes'), '--tags', str(tmp_path / 'tags')])
    names = {}
    for cell in cells[:start]:
        if not cell.is_text:
            render.run(cell, STORY, names)
    assert names['everything'].shape == (2, 2) and names['everything'].nnz == 3
    assert list(zip(names['tagged'], names['tags'])) == [('a', 'wood'), ('b', 'red wood')]
    (tmp_path / 'likes').write_text('ann\ta\nbob\n')
    with pytest.raises(ValueError, match='likes, line 2'):
        names['read'](tmp_path / 'likes')
    monkeypatch.setattr(sys, 'argv', ['story.py', '--likes', 'likes'])
    with pytest.raises(SystemExit):
        render.run(next(cell for cell in cells if not cell.is_text), STORY, {})


def test_cells_and_their_errors(tmp_path):
    script = tmp_path / 'script.py'
    script.write_text('# before\n# %% [markdown]\n# # Title\n#\n# text\n# %% tags=["hide-input"]\nn = 6\n\n\n'
                      '# %%\nprint(n * 7)\nnothing.at_all\n')
    cells = render.cells_of(script.read_text())
    assert cells[0] == (True, False, '# Title\n\ntext', 3) and cells[1] == (False, True, 'n = 6', 7)
    with pytest.raises(NameError) as raised:
        render.render(script, tmp_path / 'page.md', [], '')
    assert raised.traceback[-1].lineno + 1 == 12 and not (tmp_path / 'page.md').exists()
    script.write_text(script.read_text().replace('nothing.at_all\n', ''))
    render.render(script, tmp_path / 'page.md', [], 'hand')
    assert (tmp_path / 'page.md').read_text() == (
        '# Title\n\ntext\n\n<details><summary>The code</summary>\n\n```python\nn = 6\n```\n\n</details>\n\n'
        '```python\nprint(n * 7)\n```\n\n```text\n42\n```\n\n---\n\nMade by `hand`.\n')


def test_the_page_in_docs_is_of_these_cells():
    if not (ROOT.parent.parent / 'docs').is_dir():
        pytest.skip('there is no docs folder here')
    text = PAGE.read_text(encoding='utf-8')
    for cell in render.cells_of(STORY.read_text(encoding='utf-8')):
        part = cell.source if cell.is_text else render.code_of(cell)
        assert part in text, f'line {cell.line} of story.py is not in docs/story.md: render it again'
