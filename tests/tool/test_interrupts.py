#!/usr/bin/env python3
"""Ctrl-C while reading and training, and the lines that only a terminal sees.

Usage: test_interrupts.py LFM"""
import os
import pty
import signal
import subprocess
import time

import command
from command import likes, lines_of

SOON = 3  # seconds; a loaded machine may be slow


def start(*arguments, **how):
    """Start a run that listens to SIGINT even when this script was told to ignore it."""
    how = {'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE, **how}
    return subprocess.Popen([command.LFM, 'fit', *map(str, arguments)], text=True,
                            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL), **how)


def test_training_stops_and_reports(folder):
    process = start(likes(folder / 'x.tsv'), '--split', 'random:0.2', '--epochs', 1000000, '--every', 0,
                    '--json', folder / 'j', '--recommend-for', 'u0', '--threads', 1)
    process.stdout.readline()  # what was read: training begins
    time.sleep(0.3)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=20)
    assert time.monotonic() - began < SOON
    assert process.returncode == 130, (process.returncode, errors)
    assert 'Interrupted' in output and 'Recommended for user u0' in output, output
    curve, last = lines_of(folder / 'j')
    assert curve['epoch'] == last['epochs'] > 0 and curve['test']['auc'] > 0
    assert last['interrupted'] is True


def test_long_metrics_do_not_hold_it_up(folder):
    """Evaluating this data takes some ten times as long as a Ctrl-C may."""
    lines = [f'u{n // 6}\ti{n % 100000}\n' for n in range(120000)]
    data = command.write(folder / 'x.tsv', ''.join(lines))
    for split, missing in ([], ['train']), (['--split', 'leave:1:1'], ['train', 'test']):
        process = start(data, '--epochs', 1000000, '--every', 0, '--json', folder / 'j', '--threads', 1,
                        *split)
        process.stdout.readline()
        time.sleep(0.3)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=20)
        assert time.monotonic() - began < SOON
        assert process.returncode == 130 and errors == '', (process.returncode, errors)
        assert 'left out' in output, output
        curve, last = lines_of(folder / 'j')
        assert last['interrupted'] is True and not set(missing) & set(curve), curve


def test_epochs_until_then_are_in_the_table(folder):
    process = start(likes(folder / 'x.tsv'), '--epochs', 1000000, '--every', 1000, '--threads', 1)
    while ' 2000 ' not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130


def test_a_second_one_ends_at_once(folder):
    process = start(likes(folder / 'x.tsv', n_users=2000, n_items=4000, per_user=300),
                    '--epochs', 1000000, '--every', 0, '--components', 512, '--threads', 1)
    process.stdout.readline()
    time.sleep(0.2)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert time.monotonic() - began < SOON
    assert process.returncode in (-signal.SIGINT, 130), process.returncode


def test_reading_stops(folder):
    """Also when it waits for a pipe in which nothing comes."""
    process = start('-', stdin=subprocess.PIPE)
    process.stdin.write('a\tx\n')
    process.stdin.flush()
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 130
    assert process.stderr.read() == 'lfm fit: interrupted while reading (stdin)\n'
    process.stdin.close()
    process.stdout.close()
    process.stderr.close()


def seen_by_a_terminal(arguments):
    """Run with standard error on a terminal; return what came there and the exit code."""
    try:
        ours, theirs = pty.openpty()
    except OSError as error:
        raise command.Skip(f'no terminals here: {error}') from error
    process = subprocess.Popen([command.LFM, 'fit', *map(str, arguments)], stderr=theirs,
                               stdout=subprocess.DEVNULL)
    os.close(theirs)
    seen = b''
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        seen += part
    os.close(ours)
    return seen.decode(), process.wait()


def test_progress_on_a_terminal_only(folder):
    data = folder / 'x.tsv'
    with open(data, 'w') as file:
        for i in range(300000):
            file.write(f'u{i % 5000}\ti{i * 31 % 9973}\n')
    arguments = [data, '--epochs', 3, '--no-train-metrics', '--split', 'random:0.01', '--threads', 1]
    seen, code = seen_by_a_terminal(arguments)
    assert code == 0
    for word in ('reading', 'lines', 'epoch', 'of 3', 'interactions/s', 'left'):
        assert word in seen, (word, seen)
    assert seen.endswith('\r\x1b[K'), repr(seen[-80:])
    assert command.fine(*arguments).stderr == ''


command.main(globals())
