"""The shared library, found and bound: `lib.lfm_...`, the structs, and objects that free themselves."""
from __future__ import annotations

import ctypes
import os
import pathlib
import re
import sys
import sysconfig
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

from . import _abi
from ._errors import error_of

TYPES: Dict[str, Any] = {
    'i': ctypes.c_int32, 'u': ctypes.c_uint32, 'l': ctypes.c_int64, 'L': ctypes.c_uint64,
    'z': ctypes.c_size_t, 'I': ctypes.c_int, 'd': ctypes.c_double, 'f': ctypes.c_float,
    'p': ctypes.c_void_p, 's': ctypes.c_char_p, 'c': ctypes.c_void_p, 'v': None, 'S': ctypes.c_int32,
}


def _make_structs() -> Dict[str, Any]:
    structs: Dict[str, Any] = {}
    for name, text in _abi.STRUCTS.items():
        pairs = [entry.split(':') for entry in text.split()]
        fields = []
        for field, kind in pairs:
            kind, _, times = kind.partition('*')
            one = structs[kind] if kind in structs else TYPES[kind]
            fields.append((field, one * int(times) if times else one))
        structs[name] = type(name, (ctypes.Structure,), {'_fields_': fields})
    return structs


STRUCTS = _make_structs()


def _candidates() -> Iterator[str]:
    """Where the library may be, best first: where LIBLFM says, in the package, where the system looks."""
    given = os.environ.get('LIBLFM')
    if given:
        yield given
        return
    package = pathlib.Path(__file__).resolve().parent
    libraries = '.liblfm.mesonpy.libs'  # where meson-python installs what is neither Python nor an extension
    editable = package.parents[1].glob(f'build/cp{sys.version_info[0]}{sys.version_info[1]}*/subprojects/liblfm/lib')
    for folder in (package, package.parent / libraries, pathlib.Path(sysconfig.get_path('platlib')) / libraries,
                   *editable):
        for path in sorted(folder.glob('liblfm.so*')) + sorted(folder.glob('liblfm*.dylib')):
            yield str(path)
    major, minor, _ = _abi.VERSION.split('.')
    yield f'liblfm.so.{major}.{minor}' if major == '0' else f'liblfm.so.{major}'


def _open() -> ctypes.CDLL:
    failures: List[str] = []
    for path in _candidates():
        try:
            library = ctypes.CDLL(path)
        except OSError as error:
            failures.append(str(error))
            continue
        library.lfm_version.restype = ctypes.c_char_p
        version = str(library.lfm_version().decode())
        if version.split('.')[:2] != _abi.VERSION.split('.')[:2]:
            failures.append(f'{path} is version {version}, this package wants {_abi.VERSION}')
            continue
        return library
    raise ImportError('liblfm cannot be loaded: ' + '; '.join(failures))


def _raise_on_failure(status: int, function: Any, arguments: Any) -> int:
    if status != 0:
        # The message belongs to this thread and to the call that has just returned.
        raise error_of(status, last_message().decode(errors='replace'))
    return status


def _bind() -> ctypes.CDLL:
    library = _open()
    for entry in _abi.FUNCTIONS.split():
        name, result, arguments = entry.split(':')
        function = getattr(library, name)
        function.restype = TYPES[result]
        function.argtypes = [STRUCTS[struct] if struct else TYPES[kind]
                             for struct, kind in re.findall(r'<(\w+)>|(\w)', arguments)]
        if result == 'S':
            function.errcheck = _raise_on_failure
    return library


lib = _bind()
last_message: Callable[[], bytes] = lib.lfm_last_message

CALLBACKS: Dict[str, Any] = {
    name: ctypes.CFUNCTYPE(TYPES[text.split()[0]], *(TYPES[kind] for kind in text.split()[1]))
    for name, text in _abi.CALLBACKS.items()}


def make(struct: str, **values: Any) -> Any:
    """A struct with its defaults, and then with values."""
    made = STRUCTS[struct]()
    initialise = getattr(lib, struct + '_init_sized', None)
    if initialise is not None:
        initialise(ctypes.byref(made), ctypes.sizeof(made))
    elif made._fields_[0][0] == 'size':
        made.size = ctypes.sizeof(made)
    for name, value in values.items():
        put(made, name, value)
    return made


def put(struct: Any, name: str, value: Any) -> None:
    """Set a field of a struct to just this value: ctypes itself would keep the lowest bits of a number."""
    try:
        setattr(struct, name, value)
    except TypeError as error:
        raise TypeError(f'{name} is {value!r}: {error}') from None
    kept = getattr(struct, name)
    if isinstance(kept, int) and kept != value:
        raise ValueError(f'{name} is {value!r}: that is outside of what the library can hold')


class Handle:
    """A reference to an object of the library, dropped when this object goes."""

    __slots__ = ('pointer', '_free', '__weakref__')

    def __init__(self, pointer: int, free: Any) -> None:
        self.pointer: Optional[int] = pointer
        self._free = free

    def __del__(self) -> None:
        pointer = getattr(self, 'pointer', None)
        if pointer:
            self.pointer = None
            self._free(pointer)


def create(kind: str, function: Any, *arguments: Any) -> Handle:
    """Call function(*arguments, &out) and hold what it makes, an object lfm_<kind>."""
    out = ctypes.c_void_p()
    function(*arguments, ctypes.byref(out))
    return Handle(out.value or 0, getattr(lib, f'lfm_{kind}_free'))


def option_rows(group: int) -> List[Tuple[str, str, Optional[str], str, int]]:
    """The library's table of options: name, default, choices, help, type of each."""
    rows: List[Tuple[str, str, Optional[str], str, int]] = []
    row = make('lfm_option')
    index = 0
    while True:
        try:
            lib.lfm_option_at(group, index, ctypes.byref(row))
        except ValueError:
            return rows
        choices = row.choices.decode() if row.choices is not None else None
        rows.append((row.name.decode(), row.default_text.decode(), choices, row.help.decode(), row.type))
        index += 1
