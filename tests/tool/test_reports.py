#!/usr/bin/env python3
"""What is written: the table, CSV, JSON, lists, and what happens when it cannot be written.

Usage: test_reports.py LFM"""
import csv
import json
import os
import re
import subprocess

import command
from command import fine, fit, likes, lines_of, refused, summary, write

METRICS = ['precision@10', 'recall@10', 'auc', 'mrr']


def test_json(folder):
    data = likes(folder / 'x.tsv')
    fine(data, '--split', 'random:0.2', '--json', folder / 'j', '--epochs', '12',
         '--recommend-for', 'u0,u1', '--similar-to', 'i3', '--top', '4')
    *curve, last = lines_of(folder / 'j')
    assert [line['epoch'] for line in curve] == [5, 10, 12]
    for line in curve:
        assert list(line) == ['epoch', 'seconds', 'train', 'test']
        assert list(line['train']) == METRICS and list(line['test']) == METRICS
        assert all(0 <= value <= 1 for value in {**line['train'], **line['test']}.values())
    assert [line['seconds'] for line in curve] == sorted(line['seconds'] for line in curve)
    assert last['epochs'] == 12 and last['interrupted'] is False and last['diverged'] is False
    about = last['trained_on']
    assert about['users'] == 30 and about['items'] == 40 and about['file'].endswith('x.tsv')
    assert last['options']['loss'] == 'warp' and last['options']['split'] == 'random:0.2'
    assert list(last['recommended']) == ['u0', 'u1'] and list(last['similar']) == ['i3']
    for entries in [*last['recommended'].values(), *last['similar'].values()]:
        assert len(entries) == 4
    scores = [entry['score'] for entry in last['recommended']['u0']]
    assert scores == sorted(scores, reverse=True)
    assert 'i3' not in [entry['item'] for entry in last['similar']['i3']]


def test_more_metrics(folder):
    data, more = likes(folder / 'x.tsv'), ['ndcg@5', 'map@10', 'coverage@10', 'similarity@2']
    plain = fine(data, '--split', 'random:0.2', '--json', folder / 'p', '--epochs', '3')
    result = fine(data, '--split', 'random:0.2', '--json', folder / 'j', '--csv', folder / 'c', '--epochs', '3',
                  '--metrics', 'ndcg@5,map@10,precision@10', '--metrics', 'coverage@10,auc,similarity@2')
    line, before = lines_of(folder / 'j')[0], lines_of(folder / 'p')[0]
    for set_name in 'train', 'test':
        assert list(line[set_name]) == METRICS + more
        assert {name: line[set_name][name] for name in METRICS} == before[set_name]
        assert 0 < line[set_name]['coverage@10'] <= 1 and 0 < line[set_name]['ndcg@5'] <= 1
    row, = csv.DictReader((folder / 'c').read_text().splitlines())
    assert list(row)[2:] == [f'{s}_{name}' for s in ('train', 'test') for name in METRICS + more]
    assert float(row['test_map@10']) == line['test']['map@10']
    title = next(text for text in result.stdout.splitlines() if 'epoch' in text)
    assert re.split(r'\s{2,}', title.strip())[1:5] == ['train precision@10', 'train AUC', 'train ndcg@5',
                                                       'train map@10']
    assert 'ndcg' not in plain.stdout
    refused(2, '--metrics', "'ndgc@5' is no metric", 'ndcg@K', of=fit(data, '--metrics', 'ndgc@5'))
    refused(2, 'map@K', of=fit(data, '--metrics', 'auc,map'))
    refused(2, 'more than', of=fit(data, '--metrics', ','.join(f'hit@{k}' for k in range(1, 40))))


def test_graded_metrics(folder):
    data = write(folder / 'x.tsv', ''.join(f'u{u}\ti{i}\t{1 + (u + i) % 5}\n'
                                           for u in range(9) for i in range(u, u + 5)))
    fine(data, '--metrics', 'ndcg@3,ndcg-graded@3', '--epochs', '1', '--json', folder / 'j')
    measured = lines_of(folder / 'j')[0]['train']
    assert 0 < measured['ndcg-graded@3'] <= 1 and measured['ndcg-graded@3'] != measured['ndcg@3']
    large = write(folder / 'y.tsv', 'u\ti\t2000\nu\tj\t1\nv\ti\t1\n')
    refused(1, 'ndcg-graded@3', '2000', of=fit(large, '--metrics', 'ndcg-graded@3', '--epochs', '1'))


def test_json_to_standard_output(folder):
    result = fine(likes(folder / 'x.tsv'), '--json', '-', '--epochs', '3')
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line.get('epoch') for line in lines] == [3, None]
    assert 'precision@10' in result.stderr


def test_recommendations_leave_out_what_is_known(folder):
    data = likes(folder / 'x.tsv')
    known = {item for user, item, *_ in (line.split('\t') for line in data.read_text().splitlines())
             if user == 'u2'}
    listed = summary(folder, data, '--recommend-for', 'u2', '--top', '1000')['recommended']['u2']
    items = [entry['item'] for entry in listed]
    assert len(set(items)) == len(items) == 40 - len(known) and not known & set(items)


def test_table(folder):
    result = fine(likes(folder / 'x.tsv'), '--split', 'random:0.2', '--k', '3', '--every', '2',
                  '--epochs', '5')
    title = next(line for line in result.stdout.splitlines() if 'epoch' in line)
    assert re.split(r'\s{2,}', title.strip()) == [
        'epoch', 'train precision@3', 'train AUC', 'test precision@3', 'test AUC', 'seconds']
    rows = re.findall(r'^ +(\d+)((?: +\d+\.\d+){5})$', result.stdout, re.M)
    assert [row[0] for row in rows] == ['2', '4', '5'], result.stdout
    assert result.stderr == ''
    result = fine(likes(folder / 'x.tsv'), '--no-train-metrics', '--split', 'random:0.2')
    assert 'train AUC' not in result.stdout and 'test AUC' in result.stdout
    result = fine(likes(folder / 'x.tsv'))
    assert 'train AUC' in result.stdout and 'test AUC' not in result.stdout


def test_csv(folder):
    fine(likes(folder / 'x.tsv'), '--split', 'random:0.2', '--csv', folder / 'c', '--json', folder / 'j')
    with open(folder / 'c', newline='') as file:
        rows = list(csv.DictReader(file))
    for row, line in zip(rows, lines_of(folder / 'j')):
        assert int(row['epoch']) == line['epoch']
        for name in ('train', 'test'):
            for metric, value in line[name].items():
                assert abs(float(row[f'{name}_{metric}']) - value) < 1e-12
    fine(likes(folder / 'x.tsv'), '--csv', folder / 'c')
    with open(folder / 'c', newline='') as file:
        assert next(csv.DictReader(file))['test_auc'] == ''


def test_titles(folder):
    data = likes(folder / 'x.tsv')
    titles = write(folder / 'titles.csv', 'i0,"The first, and best"\nzz,nothing\ni5,Five\n')
    result = fine(data, '--similar-to', 'i3', '--titles', titles, '--top', '40')
    assert 'i0  The first, and best\n' in result.stdout and 'Similar to item i3:' in result.stdout
    listed = summary(folder, data, '--similar-to', 'i3', '--titles', titles, '--top', '40')
    by_item = {entry['item']: entry for entry in listed['similar']['i3']}
    assert by_item['i5']['title'] == 'Five' and 'title' not in by_item['i6']


def test_unknown_ids_stop_before_training(folder):
    data = likes(folder / 'x.tsv')
    tags = write(folder / 'tags.tsv', 'i0\tred\n')
    for option, what in [('recommend-for', 'user'), ('similar-to', 'item'),
                         ('similar-to-feature', 'item feature')]:
        result = fit(data, '--item-features', tags, f'--{option}', 'nobody,noone', '--json', folder / 'j')
        refused(1, f'--{option}', f'no {what} ', "'nobody'", "'noone'", of=result)
        assert result.stdout == '' and not (folder / 'j').exists()


def test_full_disk(folder):
    data = likes(folder / 'x.tsv')
    for option in ('--csv', '--json'):
        result = fit(data, option, '/dev/full')
        refused(1, '/dev/full', 'No space left', of=result)
        assert 'train AUC' in result.stdout  # what can be written is written
    with open('/dev/full', 'w') as full:
        result = subprocess.run([command.LFM, 'fit', str(data)], stdout=full, stderr=subprocess.PIPE,
                                text=True)
    refused(1, 'standard output', 'No space left',
            of=subprocess.CompletedProcess([], result.returncode, '', result.stderr))
    refused(1, 'cannot write', of=fit(data, '--csv', folder / 'none' / 'c'))


def test_file_limit(folder):
    def limit():
        import resource
        import signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))  # an OpenMP runtime wants 1024

    result = fit(likes(folder / 'x.tsv'), '--json', folder / 'j', '--every', '1',
                 '--epochs', '60', preexec_fn=limit)
    refused(1, 'cannot write', 'too large', of=result)


def test_outputs_spare_the_inputs(folder):
    data = likes(folder / 'x.tsv')
    before = data.read_bytes()
    (folder / 'link').symlink_to(data)
    os.link(data, folder / 'hard')
    for option in ('--csv', '--json'):
        for path in (data, f'{folder}/./x.tsv', folder / 'link', folder / 'hard'):
            refused(2, option, 'overwrite', of=fit(data, option, path))
        for role in ('--test', '--item-features', '--user-features', '--titles'):
            refused(2, option, 'overwrite', of=fit(folder / 'missing', role, data, option, data))
        with open(data, 'rb') as source:
            refused(2, option, 'overwrite', of=fit('-', option, data, stdin=source))
    assert data.read_bytes() == before


def test_outputs_are_two_files(folder):
    """Also when neither exists yet, and found before anything is read."""
    missing = folder / 'missing.tsv'
    refused(2, 'same file', of=fit(missing, '--csv', folder / 'o', '--json', f'{folder}/./o'))
    refused(2, 'same file', of=fit(missing, '--csv', 'o', '--json', './o', cwd=folder))
    assert list(folder.iterdir()) == []
    (folder / 'o').touch()
    (folder / 'p').symlink_to('o')
    refused(2, 'same file', of=fit(missing, '--csv', folder / 'o', '--json', folder / 'p'))


def test_outputs_are_looked_at_before_inputs_are_read(folder):
    missing = folder / 'missing.tsv'
    (folder / 'kept').write_text('as before')
    for option in ('--csv', '--json'):
        refused(1, 'none/c', 'No such file', of=fit(missing, option, folder / 'none' / 'c'))
        refused(1, str(folder), 'directory', of=fit(missing, option, folder))
        refused(1, 'missing.tsv', of=fit(missing, option, folder / 'kept'))
    assert (folder / 'kept').read_text() == 'as before'


def test_closed_pipe(folder):
    """`lfm fit ... | head -1` ends, and says nothing more."""
    data = likes(folder / 'x.tsv')
    process = subprocess.Popen([command.LFM, 'fit', str(data), '--every', '1', '--epochs', '100000'],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b''
    process.stderr.close()
    assert process.wait(timeout=20) != 0


def test_same_run_same_report(folder):
    data = likes(folder / 'x.tsv')
    runs = []
    for _ in range(2):
        fine(data, '--split', 'leave:2:0.5', '--json', folder / 'j', '--recommend-for', 'u0')
        runs.append(re.sub(r'"seconds":[^,}]*', '', (folder / 'j').read_text()))
    assert runs[0] == runs[1]


command.main(globals())
