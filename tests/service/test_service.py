#!/usr/bin/env python3
"""The example service: its answers, its errors, reloads under load and its end.

Usage: test_service.py LFM_SERVICE SERVICE_MODEL [LFM]"""
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from urllib.parse import quote

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'tool'))
import tap  # noqa: E402

SERVICE, MODEL = (str(pathlib.Path(path).resolve()) for path in sys.argv[1:3])
USERS, ITEMS = 50, 80
SOON = 30  # seconds; a loaded machine may be slow


def make(path, seed=1, names='text', kind='inference'):
    """Write a model beside the path and rename it, as the library does."""
    subprocess.run([MODEL, 'make', path, str(seed), names, kind], check=True)
    return path


def right_answers(path, what, k):
    """For each row the (index, value) pairs that the library itself lists."""
    output = subprocess.run([MODEL, what, path, str(k)], check=True, capture_output=True, text=True).stdout
    lists = []
    for line in output.splitlines():
        words = line.split()
        lists.append([(int(words[i]), float(words[i + 1])) for i in range(0, len(words), 2)])
    return lists


def name_of(prefix, n, index):
    odd = ['a b&c=d', '"quoted\\"', '\u00e9t\u00e9/%20', '<100%>+?#', b'bad \xff byte']
    name = odd[n - 1 - index] if n - 1 - index < len(odd) else str(index + 1)
    return prefix.encode() + name if isinstance(name, bytes) else prefix + name


def shown(name):
    """As JSON shows it."""
    return name.decode('ascii', 'replace').replace('\ufffd', '?') if isinstance(name, bytes) else name



class Client:
    """One connection that is kept."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection('127.0.0.1', port, timeout=SOON)

    def ask(self, target, method='GET', body=None, headers=None):
        self.connection.request(method, target, body=body, headers=headers or {})
        response = self.connection.getresponse()
        data = response.read()
        assert response.headers['Content-Type'] == 'application/json', response.headers.items()
        return response.status, json.loads(data) if data else None, response.headers

    def get(self, target):
        status, answer, _ = self.ask(target)
        assert status == 200, (target, status, answer)
        return answer

    def refused(self, status, part, target, **how):
        got, answer, headers = self.ask(target, **how)
        assert got == status and set(answer) == {'error', 'status'}, (target, got, answer)
        assert answer['status'] == status and part in answer['error'], (target, answer)
        return headers

    def close(self):
        self.connection.close()


class Service:
    def __init__(self, model, *arguments):
        self.errors = tempfile.TemporaryFile('w+')
        self.process = subprocess.Popen([SERVICE, model, '--port', '0', *arguments], stdout=subprocess.PIPE,
                                        stderr=self.errors, text=True)
        line = self.process.stdout.readline()
        assert line.startswith('listening on http://'), (line, self.said())
        self.port = int(line.rsplit(':', 1)[1])

    def said(self):
        self.errors.seek(0)
        return self.errors.read()

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def wait_for(self, client, key, count):
        began = time.monotonic()
        while client.get('/healthz')[key] < count:
            assert time.monotonic() - began < SOON, (key, count, client.get('/healthz'), self.said())
            time.sleep(0.005)

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        code = self.process.wait(SOON)
        assert code == 0, (code, self.said())
        said = self.said()
        assert 'ERROR' not in said and 'runtime error' not in said, said


@contextlib.contextmanager
def running(model, *arguments):
    service = Service(model, *arguments)
    client = Client(service.port)
    try:
        yield service, client
        client.close()
        service.end()
    finally:
        client.close()
        if service.process.poll() is None:
            service.process.kill()
            service.process.wait()
        service.process.stdout.close()
        service.errors.close()


def as_pairs(answer, value):
    return [(entry['item'], entry[value]) for entry in answer['items']]


def test_answers_are_the_librarys(folder):
    for names, kind in ('text', 'inference'), ('number', 'inference'), ('none', 'inference'), ('text', 'checkpoint'):
        model = make(folder / f'{names}-{kind}.lfm', 3, names, kind)

        def name(prefix, n, index):
            return {'text': name_of(prefix, n, index), 'number': (index - 3) * 10 ** 10, 'none': str(index)}[names]

        with running(model) as (_, client):
            for path, key, prefix, n, what, value in (('/recommend', 'user', 'u', USERS, 'recommend', 'score'),
                                                      ('/similar', 'item', 'i', ITEMS, 'similar', 'similarity')):
                for k in (None, 1, 77, 1000):
                    right = right_answers(model, what, min(k or 10, ITEMS))
                    assert len(right) == n and all(right)
                    for row in range(n) if k is None else (0, n - 1):
                        own = name(prefix, n, row)
                        escaped = quote(own if isinstance(own, bytes) else str(own), safe='')
                        answer = client.get(f'{path}?{key}={escaped}' + (f'&k={k}' if k else ''))
                        wanted = [(shown(name('i', ITEMS, item)), score) for item, score in right[row]]
                        assert answer[key] == shown(own) and as_pairs(answer, value) == wanted, (answer, wanted)


def test_what_the_command_saves(folder):
    if len(sys.argv) < 4:
        raise tap.Skip('the lfm command is not built')
    likes = [(f'user {u}', f'item {i}') for u in range(20) for i in range(30) if i % 2 == u % 2 and (u + i) % 5]
    (folder / 'likes.tsv').write_text(''.join('\t'.join(like) + '\n' for like in likes))
    subprocess.run([sys.argv[3], 'fit', folder / 'likes.tsv', '--epochs', '30', '--every', '0', '--components', '4',
                    '--threads', '1', '--save-inference', folder / 'm'], check=True, stdout=subprocess.DEVNULL)
    with running(folder / 'm') as (_, client):
        for user in range(20):
            answer = client.get(f'/recommend?user=user%20{user}&k=3')
            items = [entry['item'] for entry in answer['items']]
            assert len(items) == 3 and not set((answer['user'], item) for item in items) & set(likes), answer
            assert all(int(item.split()[1]) % 2 == user % 2 for item in items), answer


def test_health(folder):
    with running(make(folder / 'm')) as (service, client):
        assert client.get('/healthz') == {'status': 'ok', 'users': USERS, 'items': ITEMS, 'components': 8,
                                          'loads': 1, 'failed_reloads': 0}
        assert f'{USERS} users, {ITEMS} items, 8 components' in service.said()


def test_head_and_errors(folder):
    with running(make(folder / 'm')) as (_, client):
        status, nothing, headers = client.ask('/recommend?user=u1', method='HEAD')
        assert status == 200 and nothing is None and int(headers['Content-Length']) > 100
        client.refused(404, 'unknown user "u0"', '/recommend?user=u0')
        client.refused(404, 'unknown user ""', '/recommend?user=')
        client.refused(404, 'unknown user "u1', '/recommend?user=u1%00')
        client.refused(404, 'unknown user "?', '/recommend?user=%ff%fe')
        client.refused(404, 'unknown item "u1"', '/similar?item=u1')
        client.refused(404, 'unknown user "' + 'x' * 100 + '"', '/recommend?user=' + 'x' * 3000)
        client.refused(404, 'unknown path /', '/')
        client.refused(404, 'unknown path /recommend/', '/recommend/?user=u1')
        for k in ('', '0', '-1', '1.5', '1e2', 'ten', '1001', '99999999999999999999', '%2B1', ' 1'.replace(' ', '%20')):
            client.refused(400, 'k must be', f'/recommend?user=u1&k={k}')
            client.refused(400, 'k must be', f'/similar?item=i1&k={k}')
        client.refused(400, 'k must be', '/recommend?user=u1&k')
        client.refused(400, 'user is missing', '/recommend')
        client.refused(400, 'user is missing', '/recommend?k=3')
        client.refused(400, 'user is missing', '/recommend?user')
        client.refused(400, 'item is missing', '/similar')
        client.refused(400, 'unknown parameter users', '/recommend?users=u1')
        client.refused(400, 'unknown parameter user;', '/similar?user=u1')
        client.refused(400, 'user is given twice', '/recommend?user=u1&user=u2')
        client.refused(400, 'k is given twice', '/recommend?user=u1&k=2&k=2')
        client.refused(400, 'more than 8', '/recommend?user=u1' + '&k=1' * 8)
        for method in ('POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'):
            headers = client.refused(405, method, '/recommend?user=u1', method=method, body=b'x' * 1000)
            assert headers['Allow'] == 'GET, HEAD'
        assert len(client.get('/recommend?user=u1')['items']) == 10  # on the same connection still


def test_what_is_too_long(folder):
    with running(make(folder / 'm')) as (service, client):
        just = '/recommend?user='
        client.refused(404, 'unknown user', just + 'x' * (4096 - len(just)))
        client.refused(414, 'more than 4096', just + 'x' * (4097 - len(just)))
        client.refused(414, 'more than 4096', '/' + 'x' * 20000)
        client.refused(413, 'more than 65536', '/recommend?user=u1', method='POST',
                       headers={'Content-Length': '65537', 'Connection': 'close'})
        client.close()
        # Beyond what is read of a head at all: refused by status, whatever the text.
        for line, statuses in ((b'GET /' + b'x' * 40000 + b' HTTP/1.1', (414, 431)),
                               (b'GET / HTTP/1.1\r\nX: ' + b'x' * 40000, (413, 431))):
            with socket.create_connection(('127.0.0.1', service.port), timeout=SOON) as raw:
                with contextlib.suppress(ConnectionError):
                    raw.sendall(line + b'\r\nHost: x\r\n\r\n')
                with contextlib.suppress(ConnectionError):
                    head = raw.recv(64)
                    assert not head or int(head.split()[1]) in statuses, head
        client.get('/healthz')


def test_broken_clients_harm_nobody(folder):
    with running(make(folder / 'm')) as (service, client):
        for text in (b'', b'\r\n', b'GET', b'GET /recommend?user=u1', b'\x00\xff\x80\r\n\r\n',
                     b'GET / HTTP/9.9\r\n\r\n',
                     b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nshort',
                     b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n',
                     b'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'):
            with socket.create_connection(('127.0.0.1', service.port), timeout=SOON) as raw:
                raw.sendall(text)
            client.get('/recommend?user=u1')
        held = [socket.create_connection(('127.0.0.1', service.port), timeout=SOON) for _ in range(300)]
        for raw in held:
            raw.sendall(b'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
        assert all(raw.recv(15) == b'HTTP/1.1 200 OK' for raw in held)
        for raw in held:
            raw.close()


def test_reloads_under_load(folder):
    """Several clients ask without a pause while models are exchanged: every answer is all of one model."""
    model = make(folder / 'm', 1)
    models = [make(folder / f'{seed}', seed) for seed in (1, 2)]
    right = [[[(shown(name_of('i', ITEMS, item)), score) for item, score in row]
              for row in right_answers(path, 'recommend', 10)] for path in models]
    assert all(a != b for a, b in zip(*right))
    ending, asked, wrong = threading.Event(), [], []

    def load(port, first):
        seen, count = set(), 0
        try:
            client = Client(port)
            while not ending.is_set():
                user = (first + count) % 40
                pairs = as_pairs(client.get(f'/recommend?user=u{user + 1}'), 'score')
                which = [i for i in range(2) if pairs == right[i][user]]
                if not which:
                    raise AssertionError(f'user {user}: {pairs}')
                seen.update(which)
                count += 1
            client.close()
        except Exception:
            wrong.append(traceback.format_exc())
        asked.append((count, seen))

    with running(model, '--threads', '3') as (service, client):
        threads = [threading.Thread(target=load, args=(service.port, i)) for i in range(4)]
        for thread in threads:
            thread.start()
        for count in range(20):
            os.link(models[(count + 1) % 2], folder / 'next')
            os.rename(folder / 'next', model)
            service.reload()
            service.wait_for(client, 'loads', count + 2)
        ending.set()
        for thread in threads:
            thread.join()
        assert not wrong, wrong[0]
        assert sum(count for count, _ in asked) > 100 and all(seen == {0, 1} for _, seen in asked), asked
        # The last one loaded answers now.
        assert as_pairs(client.get('/recommend?user=u1'), 'score') == right[0][0]
        # Many signals at once lead to a reload after the last of them.
        for _ in range(50):
            service.reload()
        service.wait_for(client, 'loads', 22)
        assert client.get('/healthz')['failed_reloads'] == 0


def test_damaged_files_are_not_taken(folder):
    model = make(folder / 'm', 1)
    with running(model) as (service, client):
        before = client.get('/recommend?user=u1')
        whole = make(folder / 'other', 2).read_bytes()
        flipped = bytearray(whole)
        flipped[-1] ^= 1
        broken = [b'', b'nonsense', whole[:-1], whole[:len(whole) // 2], bytes(flipped), None]
        for count, data in enumerate(broken, 1):
            if data is None:
                model.unlink()
            else:
                (folder / 'next').write_bytes(data)
                os.rename(folder / 'next', model)
            service.reload()
            service.wait_for(client, 'failed_reloads', count)
            assert client.get('/recommend?user=u1') == before
            assert service.said().count('not reloaded, the model from before goes on: ') == count, service.said()
        shutil.copy(folder / 'other', folder / 'next')
        os.rename(folder / 'next', model)
        service.reload()
        service.wait_for(client, 'loads', 2)
        assert client.get('/recommend?user=u1') != before


def test_ends(folder):
    """Requests that have begun are answered; idle connections do not hold the end up."""
    for how in (signal.SIGTERM, signal.SIGINT):
        service = Service(make(folder / 'm'))
        idle, half = (socket.create_connection(('127.0.0.1', service.port), timeout=SOON) for _ in range(2))
        half.sendall(b'GET /recommend?user=u1 HTTP/1.1\r\n')
        client = Client(service.port)
        client.get('/healthz')
        service.process.send_signal(how)
        time.sleep(0.3)
        half.sendall(b'Host: x\r\n\r\n')
        answer = b''.join(iter(lambda: half.recv(65536), b''))
        assert answer.startswith(b'HTTP/1.1 200 OK') and b'Connection: close' in answer, answer
        try:
            socket.create_connection(('127.0.0.1', service.port), timeout=1).close()
            raise AssertionError('it accepts connections still')
        except OSError:
            pass
        assert service.process.wait(SOON) == 0, service.said()
        for one in (idle, half, client, service.process.stdout, service.errors):
            one.close()


def test_does_not_start(folder):
    model = make(folder / 'm')
    (folder / 'bad').write_bytes(model.read_bytes()[:-1])
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = str(taken.getsockname()[1])
        for code, part, *arguments in (
                (2, 'usage'), (2, 'unexpected', model, 'more'), (2, 'unexpected --what', model, '--what'),
                (2, 'needs a value', model, '--port'), (2, '--port cannot be x', model, '--port', 'x'),
                (2, '--port cannot be 65536', model, '--port', '65536'),
                (2, '--threads cannot be 0', model, '--threads', '0'),
                (1, 'nothing', folder / 'nothing'), (1, 'bad', folder / 'bad', '--port', '0'),
                (1, 'port ' + port, model, '--port', port), (1, 'nowhere', model, '--listen', 'nowhere')):
            ended = subprocess.run([SERVICE, *map(str, arguments)], capture_output=True, text=True, timeout=SOON)
            assert ended.returncode == code and part in ended.stderr and not ended.stdout, (arguments, ended)


tap.main(globals())
