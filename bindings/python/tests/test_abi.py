"""The tables are the headers', and the structs are laid out as a C compiler lays them out."""
import ctypes
import pathlib
import shutil
import subprocess
import sys

import pytest

import lfm
from lfm import _abi, _library
from lfm._library import STRUCTS, lib, make

PACKAGE = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = PACKAGE.parent.parent / 'include'
in_checkout = pytest.mark.skipif(not (INCLUDE / 'lfm' / 'lfm.h').is_file(), reason='no headers here')


@in_checkout
def test_tables_are_the_headers():
    done = subprocess.run([sys.executable, '-B', PACKAGE / 'generate_abi.py', '--check'], capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr


@in_checkout
def test_layout_is_the_compilers(tmp_path):
    compiler = shutil.which('cc') or shutil.which('gcc')
    if compiler is None:
        pytest.skip('no compiler here')
    lines = ['#include <lfm/lfm.h>', '#include <stddef.h>', '#include <stdio.h>', 'int main(void) {']
    for name, struct in STRUCTS.items():
        lines.append(f'printf("{name} %zu\\n", sizeof({name}));')
        lines += [f'printf("{name}.{field} %zu\\n", offsetof({name}, {field}));' for field, _ in struct._fields_]
    source = tmp_path / 'layout.c'
    source.write_text('\n'.join([*lines, 'return 0; }']))
    subprocess.run([compiler, '-I', INCLUDE, source, '-o', tmp_path / 'layout'], check=True)
    said = subprocess.run([tmp_path / 'layout'], capture_output=True, text=True, check=True).stdout
    theirs = dict(line.split() for line in said.splitlines())
    ours = {name: str(ctypes.sizeof(struct)) for name, struct in STRUCTS.items()}
    ours.update({f'{name}.{field}': str(getattr(struct, field).offset)
                 for name, struct in STRUCTS.items() for field, _ in struct._fields_})
    assert ours == theirs


def test_every_function_is_bound():
    names = [entry.split(':')[0] for entry in _abi.FUNCTIONS.split()]
    assert len(names) > 80 and len(set(names)) == len(names)
    for name in names:
        assert getattr(lib, name).argtypes is not None


def test_structs_begin_with_their_size():
    for name in STRUCTS:
        made = make(name)
        if hasattr(made, 'size'):
            assert made.size == ctypes.sizeof(made), name


def test_versions():
    assert lib.lfm_version().decode() == lfm.__version__ == _abi.VERSION


def test_failures_are_exceptions_with_message_and_status():
    with pytest.raises(ValueError, match='components') as caught:
        _library.create('model', lib.lfm_model_create, None, 1, 1,
                        ctypes.byref(make('lfm_model_options', components=0)))
    assert isinstance(caught.value, lfm.InvalidError) and caught.value.status == _abi.LFM_ERROR_OPTION


@pytest.mark.parametrize('status, kind', [
    (_abi.LFM_ERROR_MEMORY, MemoryError), (_abi.LFM_ERROR_BUSY, RuntimeError), (_abi.LFM_ERROR_DATA, ValueError),
    (_abi.LFM_ERROR_SHAPE, ValueError), (_abi.LFM_ERROR_DIVERGED, ValueError),
    (_abi.LFM_ERROR_UNSUPPORTED, NotImplementedError), (_abi.LFM_ERROR_CANCELLED, lfm.CancelledError),
    (_abi.LFM_ERROR_OVERLAP, lfm.OverlapError)])
def test_kinds_of_exceptions(status, kind):
    error = lfm._errors.error_of(status, 'why')
    assert isinstance(error, kind) and isinstance(error, lfm.Error) and str(error) == 'why' and error.status == status


def test_a_library_that_is_not_there_is_named(tmp_path):
    done = subprocess.run([sys.executable, '-B', '-c', 'import lfm.lightfm'], capture_output=True, text=True,
                          env={'LIBLFM': '/no/such/liblfm.so', 'PYTHONPATH': ':'.join(sys.path)})
    assert done.returncode == 1 and 'ImportError: liblfm cannot be loaded' in done.stderr, done.stderr
    assert '/no/such/liblfm.so' in done.stderr
