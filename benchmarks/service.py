"""The example service under load. Called by benchmarks/service, which see."""
import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
WARM_UP = 3  # seconds
MODEL = dict(users=15000, items=26000, interactions=550000)


def train(lfm, folder):
    """Two models of the same users and items, kept for the next time."""
    data = folder / '-'.join(str(value) for value in MODEL.values())
    if not data.exists():
        folder.mkdir(parents=True, exist_ok=True)
        options = [word for name, value in MODEL.items() for word in (f'--{name}', str(value))]
        subprocess.run([lfm, 'synth', data, *options], check=True, stdout=subprocess.DEVNULL)
    models = [folder / f'service-{epochs}.lfm' for epochs in (10, 11)]
    for model, epochs in zip(models, ('10', '11')):
        if not model.exists():
            subprocess.run([lfm, 'fit', data / 'interactions.tsv', '--components', '64', '--epochs', epochs,
                            '--every', '0', '--no-train-metrics', '--save-inference', model], check=True,
                           stdout=subprocess.DEVNULL)
    return models


def health(port):
    with urllib.request.urlopen(f'http://127.0.0.1:{port}/healthz') as answer:
        return json.load(answer)


def wrk(port, how, path, n_users, seconds):
    return subprocess.Popen(
        ['wrk', '-t', str(min(2, how.connections)), '-c', str(how.connections), '-d', f'{seconds}s', '-s',
         HERE / 'service.lua', f'http://127.0.0.1:{port}', '--', path, str(n_users)],
        stdout=subprocess.PIPE, text=True)


def result(process):
    line = process.communicate()[0].splitlines()[-1]
    assert process.returncode == 0, process.returncode
    return json.loads(line)


def processor_seconds(pid):
    """What a process has used: tells more than the clock where others use the processors too."""
    fields = open(f'/proc/{pid}/stat').read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def report(what, r, reloads, used):
    print(f"{what:22} {r['requests']:8,} requests {r['requests'] / r['seconds']:8,.0f}/s   median "
          f"{r['median'] / 1e3:.2f} ms   90 % {r['p90'] / 1e3:.2f}   99 % {r['p99'] / 1e3:.2f}   99.9 % "
          f"{r['p999'] / 1e3:.2f}   max {r['max'] / 1e3:.1f}   errors {sum(r['errors'].values())}   "
          f"reloads {reloads}   {used / r['requests'] * 1e6:.0f} us of processor time each", flush=True)


def measure(how, service, port, models, target, path, n_users, title):
    """One run without reloads and one with."""
    speed = result(wrk(port, how, path, n_users, WARM_UP))
    seconds = max(10, int(1.15 * how.requests * speed['seconds'] / speed['requests']) + 1)
    used = processor_seconds(service.pid)
    without = result(wrk(port, how, path, n_users, seconds))
    report(title, without, 0, processor_seconds(service.pid) - used)
    before, used = health(port)['loads'], processor_seconds(service.pid)
    began = time.monotonic()
    process = wrk(port, how, path, n_users, seconds)
    for count in range(how.reloads):
        time.sleep(max(0, began + (count + 0.5) * seconds / how.reloads - time.monotonic()))
        shutil.copy(models[(count + 1) % 2], target.with_suffix('.next'))
        os.rename(target.with_suffix('.next'), target)
        service.send_signal(signal.SIGHUP)
    with_reloads = result(process)
    after = health(port)
    report('  with reloads', with_reloads, after['loads'] - before, processor_seconds(service.pid) - used)
    assert after['failed_reloads'] == 0, after


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build', type=pathlib.Path, required=True)
    parser.add_argument('--data', type=pathlib.Path, required=True)
    parser.add_argument('--requests', type=int, default=100000)
    parser.add_argument('--reloads', type=int, default=20)
    parser.add_argument('--connections', type=int, default=16)
    parser.add_argument('--threads', type=int, default=os.cpu_count())
    parser.add_argument('--only', choices=['recommend', 'similar', 'healthz'])
    how = parser.parse_args()
    models = train(how.build / 'tools' / 'lfm', how.data)
    with tempfile.TemporaryDirectory() as folder:
        target = pathlib.Path(folder, 'model.lfm')
        shutil.copy(models[0], target)
        service = subprocess.Popen([how.build / 'examples' / 'service' / 'lfm-service', target, '--port', '0',
                                    '--threads', str(how.threads)], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        port = int(service.stdout.readline().rsplit(':', 1)[1])
        state = health(port)
        print(f"{state['users']:,} users, {state['items']:,} items, {state['components']} components, "
              f"{target.stat().st_size / 1e6:.1f} MB; {how.connections} connections, {how.threads} threads")
        for name, path, n in (('recommend', '/recommend?k=10&user=u', state['users']),
                              ('similar', '/similar?k=10&item=i', state['items']),
                              ('healthz', '/healthz?n=', 1)):
            if how.only in (None, name):
                measure(how, service, port, models, target, path, n, name)
        memory = [line for line in open(f'/proc/{service.pid}/status') if line.startswith(('VmHWM', 'RssAnon'))]
        print('; '.join(' '.join(line.split()) for line in memory))
        service.send_signal(signal.SIGTERM)
        assert service.wait(20) == 0
        print('last line of its log:', service.stderr.read().splitlines()[-1])


main()
