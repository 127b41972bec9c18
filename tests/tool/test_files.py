#!/usr/bin/env python3
"""Files of interactions: formats that are read, and input that is refused with its place.

Usage: test_files.py LFM"""
import gzip

import command
from command import fine, fit, likes, lines_of, refused, summary, trained_on, write

THREE = 'a\tx\t1\nb\ty\t1\nb\tx\t1\n'


def counts(about):
    return about['users'], about['items'], about['interactions']


def test_separators_by_name(folder):
    for ending, separator in [('.tsv', '\t'), ('.csv', ','), ('.psv', '|'), ('.txt', '\t'), ('', '\t')]:
        for packed in ('', '.gz'):
            path = write(folder / ('likes' + ending + packed), THREE.replace('\t', separator))
            if ending == '' and packed:
                continue
            assert counts(trained_on(folder, path)) == (2, 2, 3), path


def test_separators_by_option(folder):
    for given, separator in [(';', ';'), ('tab', '\t'), ('\\t', '\t'), ('bar', '|'), (' ', ' ')]:
        path = write(folder / 'likes.csv', THREE.replace('\t', separator))
        assert counts(trained_on(folder, path, '--sep', given)) == (2, 2, 3), given


def test_standard_input(folder):
    for data in (THREE.encode(), gzip.compress(THREE.encode())):
        path = folder / 'data'
        path.write_bytes(data)
        with open(path, 'rb') as source:
            fine('-', '--epochs', '1', '--json', folder / 'j', stdin=source)
        assert counts(lines_of(folder / 'j')[-1]['trained_on']) == (2, 2, 3)


def test_gzip_of_two_members_and_of_any_name(folder):
    path = folder / 'likes.tsv'
    path.write_bytes(gzip.compress(b'a\tx\n') + gzip.compress(b'b\ty\n'))
    assert counts(trained_on(folder, path)) == (2, 2, 2)


def test_windows_lines_byte_order_mark_and_empty_lines(folder):
    path = write(folder / 'x.tsv', b'\xef\xbb\xbfa\tx\t1\r\n\r\n\nb\ty\t1\r\n\n a\tx\t1')
    about = trained_on(folder, path)
    assert counts(about) == (3, 2, 3), about  # "a" and " a" are two users
    named = write(folder / 'y.csv', b'\xef\xbb\xbfuser,item\r\na,x\r\n')
    assert counts(trained_on(folder, named, '--header')) == (1, 1, 1)


def test_quotes(folder):
    text = '"a,1","say ""hi""\nand go",1\n"b\r\n",plain,1\n"",z,1\n'
    path = write(folder / 'x.csv', text.replace('"",z,1\n', ''))
    found = summary(folder, path, '--epochs', '1', '--similar-to', 'plain')
    assert counts(found['trained_on']) == (2, 2, 2)
    assert found['similar']['plain'][0]['item'] == 'say "hi"\nand go'
    refused(1, 'x.csv:4:', 'user is empty', of=fit(write(path, text.replace('b\r\n', 'b'))))
    path = write(folder / 'x.tsv', '"a\tx\n"b\ty\n')
    assert counts(trained_on(folder, path)) == (2, 2, 2)
    path = write(folder / 'x.tsv', "'a\tb'\tx\n")
    assert counts(trained_on(folder, path, '--quote', "'")) == (1, 1, 1)
    path = write(folder / 'y.csv', 'a,12" disc\n')
    refused(1, 'y.csv:1:', 'quot', '12" disc', of=fit(path))
    assert counts(trained_on(folder, path, '--quote', 'none')) == (1, 1, 1)


def test_quoted_fields_keep_the_line_numbers(folder):
    path = write(folder / 'x.csv', 'a,"1\n2\n3",1\nb,x,bad\n')
    refused(1, 'x.csv:4:', '"bad"', of=fit(path))
    path = write(folder / 'x.csv', 'a,x,1\nb,"y\n2,1\nc,z,1\n')
    refused(1, 'x.csv:2:', 'never closed', of=fit(path))
    refused(1, 'x.csv:2:', 'never closed', of=fit(path, '--skip-bad'))


def test_columns_by_number_and_name(folder):
    path = write(folder / 'x.tsv', '5\tx\ta\n1\ty\tb\n')
    found = trained_on(folder, path, '--columns', 'user=3,item=2,value=1', '--positive-min', '4')
    assert counts(found) == (2, 2, 2) and found['positives'] == 1
    path = write(folder / 'x.csv', 'stars,"movie id",who,n\n5,x,a,2\n1,y,b,0.5\n')
    found = trained_on(folder, path, '--header', '--columns',
                       'user=who,item=movie id,value=stars,weight=4', '--positive-min', '4')
    assert counts(found) == (2, 2, 2) and found['positives'] == 1
    refused(1, 'x.csv:1:', "'whom'", of=fit(path, '--header', '--columns', 'user=whom'))
    path = write(folder / 'y.csv', 'item,value,user\nx,1,a\ny,-1,a\nz,1,a\n')
    found = trained_on(folder, path, '--header')
    assert counts(found) == (1, 3, 3) and found['positives'] == 2
    path = write(folder / 'y.csv', 'uid,iid,stars\na,x,1\na,y,-1\n')
    found = trained_on(folder, path, '--header')
    assert counts(found) == (1, 2, 2) and found['positives'] == 1


def test_optional_columns_are_all_or_none(folder):
    refused(1, 'x.tsv:3:', 'column 3 (value)', '2 columns',
            of=fit(write(folder / 'x.tsv', 'a\tx\t1\nb\ty\t1\nb\tx\n')))
    assert trained_on(folder, write(folder / 'x.tsv', 'a\tx\nb\ty\t0\n'))['positives'] == 2
    refused(1, 'x.tsv', '--positive-min', of=fit(folder / 'x.tsv', '--positive-min', '1'))
    refused(1, 'x.tsv', 'times', of=fit(folder / 'x.tsv', '--split', 'last:1'))


def test_missing_columns(folder):
    refused(1, 'x.tsv:2:', 'column 2 (item)', '1 column', '"b"',
            of=fit(write(folder / 'x.tsv', 'a\tx\nb\n')))
    refused(1, 'x.csv:1:', 'column 2 (item)', 'a x', of=fit(write(folder / 'x.csv', 'a\tx\t1\n')))
    refused(1, 'x.csv:1:', 'column 9 (time)',
            of=fit(write(folder / 'x.csv', 'a,x,1\n'), '--columns', 'time=9', '--split', 'last:1'))


def test_numbers(folder):
    good = ['1', '+1', '-1', '.5', '5.', '1e3', '1E-3', '-2.5e+2', '0', '1e-400', '00012',
            '0.1000000000000000055511151231257827', '123456789012345678901234567890']
    path = write(folder / 'x.tsv', ''.join(f'a{i}\tx\t{n}\n' for i, n in enumerate(good)))
    assert trained_on(folder, path)['positives'] == 9
    for number in ['', ' 1', '1 ', '1,5', 'nan', 'inf', '-inf', '0x10', '1e', '1e+', '.', '-', '+-1',
                   '1.2.3', '1e1.5', '1e400', '1e39', '--1', 'one', '1f', 'infinity', '1_000']:
        refused(1, 'x.tsv:1:', 'value', f'"{number}"', of=fit(write(path, f'a\tx\t{number}\n')))
    for weight in ['-1', 'nan', 'x']:
        refused(1, 'x.tsv:1:', 'weight', f'"{weight}"',
                of=fit(write(path, f'a\tx\t{weight}\n'), '--columns', 'weight=3'))
    for time in ['now', '1e30', '9223372036854775808', 'nan', '']:
        refused(1, 'x.tsv:1:', 'time', f'"{time}"',
                of=fit(write(path, f'a\tx\t1\t{time}\n'), '--split', 'last:1'))


def test_malformed_lines(folder):
    path = write(folder / 'x.tsv', 'a\tx\t1\nb\ty\tmany\nc\nd\tz\t1\n\tz\t1\n')
    refused(1, 'x.tsv:2:', 'value', '"many"', of=fit(path))
    result = fine(path, '--skip-bad', '--epochs', '1')
    assert '3 malformed lines skipped' in result.stdout, result.stdout
    about = trained_on(folder, path, '--skip-bad')
    assert counts(about) == (2, 2, 2) and about['skipped']['malformed_lines'] == 3
    text = 'z' * 500 + 'ü' * 500
    result = fit(write(path, f'a\tx\t{text}\n'))
    refused(1, 'x.tsv:1:', 'zzz..."', of=result)
    assert len(result.stderr) < 250
    result = fit(write(path, 'a\tx\t\x1b[31mred\n'))
    assert '\x1b' not in result.stderr


def test_malformed_quotes_can_be_skipped(folder):
    path = write(folder / 'x.csv', 'a,x,1\n"b"b,y,1\nc,z"z,1\nd,w,1\n')
    about = trained_on(folder, path, '--skip-bad')
    assert counts(about) == (2, 2, 2) and about['skipped']['malformed_lines'] == 2


def test_nothing_to_read(folder):
    refused(1, 'x.tsv', 'empty', of=fit(write(folder / 'x.tsv', '')))
    refused(1, 'x.tsv.gz', 'empty', of=fit(write(folder / 'x.tsv.gz', '')))
    refused(1, 'x.tsv', 'empty', of=fit(write(folder / 'x.tsv', b'\xef\xbb\xbf')))
    refused(1, 'x.tsv', 'no data', of=fit(write(folder / 'x.tsv', 'user\titem\n'), '--header'))
    refused(1, 'x.tsv', 'no data', '1 skipped', of=fit(write(folder / 'x.tsv', 'user\n'), '--skip-bad'))
    refused(1, 'none.tsv', 'No such file', of=fit(folder / 'none.tsv'))
    refused(1, 'directory', of=fit(folder))
    refused(1, 'none.tsv', of=fit(likes(folder / 'x.tsv'), '--test', folder / 'none.tsv'))


def test_binary_files(folder):
    refused(1, 'x.tsv:2:', 'binary', of=fit(write(folder / 'x.tsv', b'a\tx\nb\t\0y\n')))
    refused(1, 'x.tsv:2:', 'binary', of=fit(folder / 'x.tsv', '--skip-bad'))
    refused(1, 'UTF-16', of=fit(write(folder / 'x.tsv', 'a\tx\n'.encode('utf-16'))))
    refused(1, 'lfm', 'binary', of=fit(command.LFM))


def test_broken_gzip(folder):
    whole = gzip.compress(''.join(f'user{i * 7919}\titem{i}\n' for i in range(20000)).encode())
    for length in (len(whole) // 2, 5, len(whole) - 4):
        refused(1, 'x.tsv.gz', 'truncated', of=fit(write_raw(folder, whole[:length])))
    middle = len(whole) // 2
    broken = whole[:middle] + bytes(255 - b for b in whole[middle:middle + 100]) + whole[middle + 100:]
    refused(1, 'x.tsv.gz', 'corrupt', of=fit(write_raw(folder, broken)))
    refused(1, 'x.tsv.gz', 'corrupt',
            of=fit(write_raw(folder, whole[:-8] + b'\0\0\0\0' + whole[-4:])))


def write_raw(folder, data):
    path = folder / 'x.tsv.gz'
    path.write_bytes(data)
    return path


def test_a_line_of_10_megabytes(folder):
    long = 'x' * 10_000_000
    path = write(folder / 'x.tsv', f'a\t{long}\t1\nb\ty\t1\n{long}\ty\t1\n')
    assert counts(trained_on(folder, path)) == (3, 2, 3)
    path = write(folder / 'x.csv', f'a,"{long}\n",1\nb,y,1\nc,y,{long}\n')
    result = fit(path)
    refused(1, 'x.csv:4:', 'xxx...', of=result)
    assert len(result.stderr) < 250


def test_ids_of_any_bytes(folder):
    path = write(folder / 'x.tsv', b'\xff\xfe\tk\xc3\xa4se\n\xff\xfe\t\xe2\x82\n J. Doe \ta\\b\n')
    found = summary(folder, path, '--epochs', '1', '--similar-to', 'käse', '--recommend-for', ' J. Doe ')
    assert counts(found['trained_on']) == (2, 3, 3)
    assert {entry['item'] for entry in found['similar']['käse']} == {'\ufffd\ufffd', 'a\\b'}
    assert list(found['recommended']) == [' J. Doe ']


def test_many_ids(folder):
    """The tables of ids grow over many sizes and keep every number."""
    text = ''.join(f'u{i}\ti{i * 37 % 50000}\n' for i in range(100000))
    path = write(folder / 'x.tsv', text + text)
    about = trained_on(folder, path, '--no-train-metrics')
    assert counts(about) == (100000, 50000, 200000)


command.main(globals())
