#!/usr/bin/env python3
"""The command line: help, wrong arguments, every option of the library's table.

Usage: test_arguments.py LFM"""
import re

import command
from command import fit, likes, lfm, refused, summary, write


def test_help_and_version(folder):
    for arguments in (['--help'], ['fit', '--help']):
        result = lfm(*arguments)
        assert result.returncode == 0 and result.stdout and not result.stderr
    for name in ('--components', '--learning-rate', '--max-sampled', '--rollback', '--split'):
        assert name in lfm('fit', '--help').stdout, name
    assert re.fullmatch(r'lfm \d+\.\d+\.\d+\n', lfm('--version').stdout)
    assert lfm().returncode == 2
    assert lfm('fot').returncode == 2


def test_full_disk_under_help(folder):
    with open('/dev/full', 'w') as full:
        import subprocess
        result = subprocess.run([command.LFM, '--help'], stdout=full, stderr=subprocess.PIPE)
        assert result.returncode == 1 and result.stderr


def test_wrong_arguments(folder):
    for parts, arguments in [
            (['no file'], []),
            (['did you mean --epochs?'], ['x', '--epoch', '3']),
            (['did you mean --learning-rate?'], ['x', '--lerning-rate=3']),
            (['--qqqqqqqqqqqqqqq', '--help'], ['x', '--qqqqqqqqqqqqqqq']),
            (['two dashes'], ['x', '-k', '3']),
            (['--test', 'needs a value'], ['x', '--test']),
            (['--test', 'needs a value'], ['x', '--test', '--split', 'last:1']),
            (['unexpected', "'y'"], ['x', 'y']),
            (['loss', 'wrap', 'warp'], ['x', '--loss', 'wrap']),
            (['components'], ['x', '--components', '0']),
            (['epochs'], ['x', '--epochs=1.5']),
            (['learning_rate'], ['x', '--learning-rate=nan']),
            (['rollback'], ['x', '--rollback=perhaps']),
            (['skip-bad', 'perhaps'], ['x', '--skip-bad=perhaps']),
            (['--k', "'0'"], ['x', '--k', '0']),
            (['--every'], ['x', '--every', '-1']),
            (['--split', 'half'], ['x', '--split', 'half']),
            (['--split', 'random:2'], ['x', '--split', 'random:2']),
            (['--split', 'leave:3'], ['x', '--split', 'leave:3']),
            (['--split', 'last:0'], ['x', '--split', 'last:0']),
            (['--test', '--split'], ['x', '--test', 'y', '--split', 'last:1']),
            (['--columns', 'usr'], ['x', '--columns', 'usr=1']),
            (['--columns', 'user'], ['x', '--columns', 'user']),
            (['same column', '2'], ['x', '--columns', 'user=2']),
            (['same column', '1'], ['x', '--columns', 'user=1,item=01']),
            (['user=99999999999', 'too large', '100000'], ['x', '--columns', 'user=99999999999']),
            (['item=0', 'too small'], ['x', '--columns', 'item=0']),
            (['same character'], ['x', '--sep', '"', '--quote', '"']),
            (['same character'], ['x.csv', '--quote', 'comma']),
            (['--min-count', 'users'], ['x', '--min-count', 'users=1']),
            (['--duplicates', 'first'], ['x', '--duplicates', 'first']),
            (['--sep', '::'], ['x', '--sep', '::']),
            (['--header', 'all'], ['x', '--header=all']),
            (['--identity', 'items'], ['x', '--identity', 'items']),
            (['--positive-min', 'four'], ['x', '--positive-min', 'four']),
            (['--all-items', '--item-features'], ['x', '--all-items']),
            (['--all-users', '--user-features'], ['x', '--all-users']),
            (['--similar-to-feature'], ['x', '--similar-to-feature', 'a']),
            (['--item-feature-columns'], ['x', '--item-feature-columns', 'id=1']),
            (['type and value'], ['x', '--item-features', 'y', '--item-feature-columns', 'type=1']),
            (['--recommend-for', 'empty'], ['x', '--recommend-for', 'a,,b']),
            (['standard input'], ['-', '--test', '-']),
            (['same file'], ['x', '--csv', 'y', '--json', 'y'])]:
        refused(2, *parts, of=lfm('fit', *arguments))


def test_names_of_columns_need_a_header(folder):
    refused(2, 'uid', '--header', of=fit(likes(folder / 'x.tsv'), '--columns', 'user=uid'))


def test_messages_hold_no_terminal_codes(folder):
    for name in ('no \x1b[31mcode', 'no \x9b31mcode'):
        result = fit(folder / name)
        assert 'no ?' in result.stderr and '31mcode' in result.stderr, result.stderr
        assert not re.search('[\x00-\x09\x0b-\x1f\x7f-\x9f]', result.stderr), repr(result.stderr)


def test_one_column_by_number_and_by_name(folder):
    data = write(folder / 'x.csv', 'who,what\na,x\n')
    for columns in ('user=what', 'user=1,item=who', 'user=who,item=who'):
        refused(2, 'same column', of=fit(data, '--header', '--columns', columns))
    assert fit(data, '--header', '--columns', 'user=what,item=1').returncode == 0


def test_every_option_of_the_table(folder):
    """The names and defaults that --help lists are taken as they are listed."""
    text = lfm('fit', '--help').stdout.split('\nModel\n')[1].split('\nlinear and')[0]
    data = likes(folder / 'x.tsv')
    options = re.findall(r'^  --([a-z-]+)(?: [A-Z]+)?\s+((?:.|\n(?!  -))*?)\(default ([^)]+)\)$', text, re.M)
    assert len(options) > 20, options
    arguments = [f'--{name}={default}' for name, _, default in options if name != 'threads']
    values = summary(folder, data, *arguments)['options']
    assert values == {**summary(folder, data)['options']}
    for name, _, _ in options:
        assert name.replace('-', '_') in values, name


def test_both_ways_to_give_a_value(folder):
    data = likes(folder / 'x.tsv')
    values = summary(folder, data, '--learning-rate', '0.1', '--loss=bpr', '--rollback',
                     '--graded=false', '--epochs=2')['options']
    assert values['learning_rate'] == 0.1 and values['loss'] == 'bpr' and values['epochs'] == 2
    assert values['rollback'] is True and values['graded'] is False
    values = summary(folder, data, '--seed', str(2 ** 64 - 1), '--epochs', '1')['options']
    assert values['seed'] == str(2 ** 64 - 1)


def test_schedules_end_with_the_run(folder):
    data = likes(folder / 'x.tsv')
    values = summary(folder, data, '--schedule', 'linear', '--epochs', '3')['options']
    assert values['schedule_epochs'] == 3
    values = summary(folder, data, '--schedule', 'cosine', '--schedule-epochs', '30')['options']
    assert values['schedule_epochs'] == 30


def test_words_after_two_dashes_are_files(folder):
    data = likes(folder / '--likes.tsv')
    result = lfm('fit', '--threads', '1', '--epochs', '1', '--', data.name, cwd=folder)
    assert result.returncode == 0, result.stderr


command.main(globals())
