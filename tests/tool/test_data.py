#!/usr/bin/env python3
"""What is trained and tested on: test files, splits, minimum counts, duplicates, overlap.

Usage: test_data.py LFM"""
import resource

import command
from command import fine, fit, lfm, likes, lines_of, refused, summary, trained_on, write


def test_candidates_are_those_of_both_files(folder):
    data = write(folder / 'x.tsv', 'a\tx\nb\ty\n')
    test = write(folder / 't.tsv', 'a\tz\nb\tw\t\n')
    about = trained_on(folder, data, '--test', test)
    assert about['items'] == 4 and about['items_in_training'] == 2
    assert (about['test_users'], about['test_interactions']) == (2, 2)


def test_test_users_without_training_data(folder):
    data = write(folder / 'x.tsv', 'a\tx\nb\ty\n')
    test = write(folder / 't.tsv', 'a\ty\nc\tx\nd\ty\nd\tx\n')
    result = fine(data, '--test', test, '--epochs', '1')
    assert '2 of 3 test users have no training data: skipped' in result.stdout, result.stdout
    about = trained_on(folder, data, '--test', test)
    assert about['skipped']['test_users_without_training'] == 2
    assert (about['test_users'], about['test_interactions']) == (1, 1)
    refused(1, "'c'", 'neither training data nor features',
            of=fit(data, '--test', test, '--recommend-for', 'c'))


def test_no_test_pair_left(folder):
    data = write(folder / 'x.tsv', 'a\tx\nb\ty\n')
    test = write(folder / 't.tsv', 'c\ty\n')
    fine(data, '--test', test, '--epochs', '1', '--json', folder / 'j')
    assert 'test' not in lines_of(folder / 'j')[0]


def test_positive_min(folder):
    data = write(folder / 'x.tsv', 'a\tx\t5\na\ty\t3.5\nb\ty\t4\nb\tz\t3\n')
    test = write(folder / 't.tsv', 'a\tz\t4\nb\tx\t2\n')
    about = trained_on(folder, data, '--test', test, '--positive-min', '3.5')
    assert about['positives'] == 3 and about['test_interactions'] == 1
    about = trained_on(folder, data, '--test', test)
    assert about['positives'] == 4 and about['test_interactions'] == 2


def test_overlap(folder):
    data = write(folder / 'x.tsv', 'a\tx\t1\nb\ty\t-1\nb\tx\t1\n')
    test = write(folder / 't.tsv', 'a\ty\nb\ty\n')
    result = fit(data, '--test', test)
    refused(1, "'b'", "'y'", '--allow-overlap', of=result)
    assert result.stdout == ''
    about = trained_on(folder, data, '--test', test, '--allow-overlap')
    assert about['test_interactions'] == 2
    test = write(folder / 't.tsv', 'a\ty\t1\nb\ty\t-1\n')
    assert trained_on(folder, data, '--test', test)['test_interactions'] == 1


def test_splits(folder):
    data = likes(folder / 'x.tsv')
    whole = 30 * 12
    for split, size in [('random:0.25', 90), ('random:0', 0), ('leave:2:0.5', 30), ('last:3', 90)]:
        about = trained_on(folder, data, '--split', split)
        assert about['interactions'] + about['test_interactions'] == whole, (split, about)
        assert about['test_interactions'] == size, (split, about)
        assert about['items'] == 40


def test_split_seed(folder):
    data = likes(folder / 'x.tsv')
    curves = []
    for seed in ([], ['--split-seed', '1'], ['--split-seed', '2']):
        fine(data, '--split', 'random:0.3', '--json', folder / 'j', '--epochs', '2', *seed)
        curves.append([line['test'] for line in lines_of(folder / 'j')[:-1]])
    assert curves[0] == curves[1] and curves[0] != curves[2]


def test_last_split_goes_by_time(folder):
    rows = ''.join(f'a\tx{i}\t1\t{100 - i}\nb\tx{i}\t1\t{i}.75\n' for i in range(10))
    data = write(folder / 'x.tsv', rows)
    found = summary(folder, data, '--split', 'last:1', '--recommend-for', 'a,b', '--top', '10')
    assert [entry['item'] for entry in found['recommended']['a']] == ['x0']
    assert [entry['item'] for entry in found['recommended']['b']] == ['x9']


def test_min_count(folder):
    rows = [f'u{u}\ti{i}\n' for u in range(4) for i in range(4)]
    rows += ['rare\ti0\n', 'u0\tonce\n']
    data = write(folder / 'x.tsv', ''.join(rows))
    test = write(folder / 't.tsv', 'u0\tnew\nrare\ti1\nu1\tonce\nu2\tnew\n')
    about = trained_on(folder, data, '--min-count', 'user=2,item=2')
    assert (about['users'], about['items'], about['interactions']) == (4, 4, 16)
    about = trained_on(folder, data, '--test', test, '--min-count', 'user=2')
    assert (about['users'], about['items'], about['interactions']) == (4, 6, 17)
    assert about['test_interactions'] == 3 and about['skipped']['test_interactions_dropped'] == 1
    about = trained_on(folder, data, '--test', test, '--min-count', 'user=2,item=2')
    assert about['test_interactions'] == 0 and about['skipped']['test_interactions_dropped'] == 4
    tags = write(folder / 'tags.tsv', 'i0\ta\nonce\ta\nnew\tb\nother\tb\n')
    about = trained_on(folder, data, '--test', test, '--min-count', 'user=2,item=2', '--all-items',
                       '--item-features', tags, '--identity', 'item')
    assert (about['users'], about['items'], about['test_interactions']) == (4, 7, 3)
    refused(1, '--min-count', of=fit(data, '--min-count', 'user=100'))
    refused(1, "'rare'", of=fit(data, '--min-count', 'user=2', '--recommend-for', 'rare'))
    found = summary(folder, data, '--min-count', 'item=2', '--split', 'random:0.2')['trained_on']
    assert found['interactions'] + found['test_interactions'] == 17


def test_duplicates(folder):
    data = write(folder / 'x.tsv', 'a\tx\t1\na\tx\t-1\nb\ty\t1\nb\ty\t1\n')
    for policy, entries, positives in [('keep', 4, 3), ('sum', 2, 1), ('last', 2, 1)]:
        about = trained_on(folder, data, '--duplicates', policy)
        assert (about['interactions'], about['positives']) == (entries, positives), (policy, about)
    refused(1, "'a'", "'x'", 'more than once', of=fit(data, '--duplicates', 'reject'))
    data = write(folder / 'x.tsv', 'a\x1b[2J\tx\na\x1b[2J\tx\n')
    refused(1, "'a?[2J'", of=fit(data, '--duplicates', 'reject'))


def test_splits_that_leave_nothing(folder):
    data = likes(folder / 'x.tsv')
    refused(1, '--split leaves no interactions to train on', of=fit(data, '--split', 'random:1'))
    assert 'note: --split leaves no interactions to test on' in fine(data, '--split', 'random:0').stderr


def test_every_is_only_a_look(folder):
    """Evaluating on the way changes nothing of what is learnt."""
    data = likes(folder / 'x.tsv')
    ends = []
    for every in ('0', '1', '4'):
        fine(data, '--split', 'random:0.2', '--epochs', '8', '--every', every, '--json', folder / 'j')
        lines = lines_of(folder / 'j')
        ends.append((lines[-2]['epoch'], lines[-2]['train'], lines[-2]['test']))
        assert len(lines) == {'0': 2, '1': 9, '4': 3}[every]
    assert ends[0] == ends[1] == ends[2]


def test_it_learns(folder):
    data = likes(folder / 'x.tsv')
    fine(data, '--split', 'leave:3:1', '--epochs', '30', '--json', folder / 'j')
    first, last = lines_of(folder / 'j')[0], lines_of(folder / 'j')[-2]
    assert last['test']['auc'] > 0.7 and last['train']['auc'] > 0.9, last
    assert last['train']['auc'] >= first['train']['auc']


def test_extremes(folder):
    for text in ('a\tx\n', 'a\tx\t-1\n', 'a\tx\na\ty\n', 'a\tx\t0\nb\tx\t0\n'):
        for loss in ('warp', 'bpr', 'logistic', 'warp-kos'):
            result = fine(write(folder / 'x.tsv', text), '--loss', loss, '--epochs', '2')
            assert 'nan' not in result.stdout
    fine(write(folder / 'x.tsv', 'a\tx\n'), '--epochs', '0')


def little_memory():
    resource.setrlimit(resource.RLIMIT_AS, (256 << 20, 256 << 20))


def test_more_components_than_memory(folder):
    if lfm('--version', preexec_fn=little_memory).returncode != 0:
        return  # a sanitizer, which needs more before anything begins
    data = write(folder / 'x.tsv', ''.join(f'u{i}\ti{i % 10}\n' for i in range(5000)))
    refused(1, 'memory', of=fit(data, '--components', '65536', preexec_fn=little_memory))


def test_divergence(folder):
    data = likes(folder / 'x.tsv')
    arguments = [data, '--learning-rate', '1e6', '--loss', 'logistic', '--epochs', '50', '--every', '1']
    result = fit(*arguments)
    assert result.returncode == 1 and 'epoch' in result.stderr, (result.stdout, result.stderr)
    fit(*arguments, '--rollback', '--json', folder / 'j')
    assert lines_of(folder / 'j')[-1]['diverged'] is True


command.main(globals())
