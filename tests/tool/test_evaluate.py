#!/usr/bin/env python3
"""`lfm evaluate`: the metrics of `lfm fit`, their errors and intervals, segments, candidates, users.

Usage: test_evaluate.py LFM"""
import csv
import io
import json
import statistics

import command
from command import fine, lfm, likes, lines_of, refused, write

FAST = ('--threads', 1, '--epochs', 6)
SPLIT = ('--split', 'leave:3:0.8')


def evaluate(*arguments):
    """Run it where it must work; return the objects by metric and segment (0: all)."""
    result = lfm('evaluate', *arguments, *FAST, '--json', '-')
    assert result.returncode == 0 and result.stderr == '', (result.returncode, result.stderr)
    found = [json.loads(line) for line in result.stdout.splitlines()]
    return {(line['metric'], line.get('segment', 0)): line for line in found}


def users_of(path):
    with open(path, newline='') as file:
        return list(csv.DictReader(file))


def test_what_fit_reports(folder):
    data = likes(folder / 'x.tsv')
    more = ('--metrics', 'ndcg@7,coverage@5,similarity@5,map@3', '--k', 4)
    got = evaluate(data, *SPLIT, *more)
    fine(data, *SPLIT, *more, '--epochs', 6, '--every', 0, '--json', folder / 'j')
    curve, last = lines_of(folder / 'j')
    assert {name: line['mean'] for (name, _), line in got.items()} == curve['test']
    assert list(curve['test']) == ['precision@4', 'recall@4', 'auc', 'mrr', 'ndcg@7', 'coverage@5', 'similarity@5',
                                   'map@3']
    assert all(line['users'] == last['trained_on']['test_users'] for line in got.values())
    # A test set in a file is the same as any.
    rows = data.read_text().splitlines(keepends=True)
    train, test = write(folder / 'train.tsv', ''.join(rows[:300])), write(folder / 'test.tsv', ''.join(rows[300:]))
    got = evaluate(train, '--test', test)
    fine(train, '--test', test, '--epochs', 6, '--every', 0, '--json', folder / 'j')
    assert {name: line['mean'] for (name, _), line in got.items()} == lines_of(folder / 'j')[0]['test']


def test_each_user(folder):
    data = likes(folder / 'x.tsv')
    got = evaluate(data, *SPLIT, '--per-user', folder / 'u.csv', '--segments', 2, '--bootstrap', 200)
    users = users_of(folder / 'u.csv')
    assert len({row['user'] for row in users}) == len(users) == got['auc', 0]['users']
    for (metric, segment), line in got.items():
        name = f'{segment}:{metric}' if segment else metric
        values = [float(row[name]) for row in users if row[name]]
        assert len(values) == line['users'] > 3
        assert abs(statistics.mean(values) - line['mean']) < 1e-12
        error = statistics.stdev(values) / len(values) ** 0.5
        assert abs(error - line['standard_error']) < 1e-12
        assert line['low'] <= line['mean'] <= line['high']
        if error > 0:
            assert 2 * error < line['high'] - line['low'] < 6 * error


def test_confidence(folder):
    data = likes(folder / 'x.tsv')
    widths = [line['high'] - line['low'] for line in (
        evaluate(data, *SPLIT, '--bootstrap', 500, '--confidence', level)['mrr', 0] for level in (0.5, 0.95))]
    assert 0 < widths[0] < widths[1]
    assert 'low' not in evaluate(data, *SPLIT)['mrr', 0]


def test_candidates(folder):
    """Among few candidates a user's test items stand higher; with themselves alone, first."""
    data = likes(folder / 'x.tsv')
    everything = evaluate(data, *SPLIT)['mrr', 0]['mean']
    few = write(folder / 'few.tsv', ''.join(f'u{u}\ti{i}\n' for u in range(30) for i in (1, 2, 30, 31)) + 'a\tb\n')
    none = write(folder / 'none.tsv', 'nobody\tnothing\n')
    assert evaluate(data, *SPLIT, '--candidates', few)['mrr', 0]['mean'] > everything
    assert evaluate(data, *SPLIT, '--candidates', none)['mrr', 0]['mean'] == 1


def test_the_same_in_text_csv_and_json(folder):
    data = likes(folder / 'x.tsv')
    asked = (data, *SPLIT, '--segments', 2, '--bootstrap', 50, '--metrics', 'coverage@3', *FAST)
    lines = [json.loads(line) for line in lfm('evaluate', *asked, '--json', '-').stdout.splitlines()]
    rows = list(csv.DictReader(io.StringIO(lfm('evaluate', *asked, '--csv', '-').stdout)))
    text = lfm('evaluate', *asked).stdout
    assert len(lines) == len(rows) == 15 and text.count('segment ') == 2
    for line, row in zip(lines, rows):
        assert row['metric'] == line['metric'] and row['segment'] == str(line.get('segment', 'all'))
        assert int(row['users']) == line['users']
        for name in ('mean', 'standard_error', 'low', 'high'):
            assert (float(row[name]) == line[name] if name in line else row[name] == ''), (row, line)
        shown = [line.get(name) for name in ('mean', 'standard_error', 'low', 'high')]
        cells = ['-' if value is None else f'{value:.5f}' for value in shown]
        assert f'{line["metric"]:18}' + ''.join(f'  {cell:>10}' for cell in cells) + f'{line["users"]:9}\n' in text


def test_wrong_arguments(folder):
    data = likes(folder / 'x.tsv')
    for parts, arguments in [(['evaluate on what'], ['x']),
                             (['--test', '--split'], ['x', '--test', 'y', '--split', 'last:1']),
                             (['--metrics', 'precision'], ['x', '--test', 'y', '--metrics', 'precision']),
                             (['--segments', '0 to 100'], ['x', '--segments', '101']),
                             (['--bootstrap', '0 to 1000000'], ['x', '--bootstrap', '1000001']),
                             (['--confidence', 'between 0 and 1'], ['x', '--confidence', '1']),
                             (['unknown option --titles'], ['x', '--titles', 'y']),
                             (['same file'], ['x', '--test', 'y', '--csv', 'z', '--per-user', './z']),
                             (['standard input'], ['-', '--candidates', '-', '--split', 'last:1']),
                             (['--per-user', 'overwrite'], ['x', '--test', data, '--per-user', data])]:
        refused(2, *parts, of=lfm('evaluate', *arguments), command='evaluate')
    help_text = lfm('evaluate', '--help').stdout
    assert help_text.startswith('lfm evaluate FILE') and '--test' in help_text and '--every' not in help_text


def test_nothing_to_evaluate_on(folder):
    """Found before training."""
    data = likes(folder / 'x.tsv')
    test = write(folder / 'test.tsv', 'new\ti1\n')
    refused(1, 'no positives', of=lfm('evaluate', data, '--test', test, '--epochs', 1000000), command='evaluate')
    refused(1, 'training set too',
            of=lfm('evaluate', data, '--test', data, '--epochs', 1000000), command='evaluate')
    assert evaluate(data, '--test', data, '--allow-overlap')['auc', 0]['mean'] > 0
    graded = write(folder / 'graded.tsv', 'u1\ti1\t1001\n')
    refused(1, 'ndcg-graded@3', '1001', of=lfm('evaluate', data, '--test', graded, '--allow-overlap', '--metrics',
                                              'ndcg-graded@3', '--epochs', 1000000), command='evaluate')
    for option in ('--csv', '--json', '--per-user'):
        refused(1, '/dev/full', 'No space left', of=lfm('evaluate', data, *SPLIT, option, '/dev/full', *FAST),
                command='evaluate')


command.main(globals())
