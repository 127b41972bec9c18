"""Arrays in .npz and in safetensors files, without NumPy.

An array is (descr, shape, values): NumPy's name of the type, and the values in C order."""
import itertools
import json
import math
import struct
import zipfile

LETTERS = {'f4': 'f', 'f8': 'd', 'f2': 'e', 'i1': 'b', 'i2': 'h', 'i4': 'i', 'i8': 'q', 'u1': 'B', 'u4': 'I',
           'u8': 'Q', 'b1': '?'}
SAFETENSORS = {'F32': '<f4', 'F16': '<f2', 'F64': '<f8', 'I32': '<i4', 'I64': '<i8', 'U8': '|u1'}


def pack(descr, values):
    order, kind, width = descr[0], descr[1], int(descr[2:])
    if kind == 'U':
        code = 'utf-32-be' if order == '>' else 'utf-32-le'
        return b''.join(value.encode(code, 'surrogatepass').ljust(4 * width, b'\0') for value in values)
    if kind == 'S':
        return b''.join(value.ljust(width, b'\0') for value in values)
    return struct.pack(('>' if order == '>' else '<') + str(len(values)) + LETTERS[descr[1:]], *values)


def unpack(descr, data):
    kind, width = descr[1], int(descr[2:])
    if kind == 'U':
        return [data[at:at + 4 * width].decode('utf-32-le').rstrip('\0') for at in range(0, len(data), 4 * width)]
    if kind == 'S':
        return [data[at:at + width].rstrip(b'\0') for at in range(0, len(data), width)]
    size = struct.calcsize(LETTERS[descr[1:]])
    return list(struct.unpack('<' + str(len(data) // size) + LETTERS[descr[1:]], data))


def npy(descr, shape, values, fortran=False, version=1):
    """The bytes of an .npy file."""
    if fortran:
        places = itertools.product(*(range(n) for n in reversed(shape)))
        at = [sum(i * math.prod(shape[d + 1:]) for d, i in enumerate(reversed(place))) for place in places]
        values = [values[i] for i in at]
    header = f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {tuple(shape)}, }}".encode()
    length = struct.pack('<H' if version == 1 else '<I', len(header) + 1)
    return b'\x93NUMPY' + bytes([version, 0]) + length + header + b'\n' + pack(descr, values)


def write_npz(path, arrays, packed=True):
    """arrays: by name, bytes of an .npy file or what npy() takes."""
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            archive.writestr(name + '.npy', array if isinstance(array, bytes) else npy(*array))
    return path


def read_npy(data):
    assert data[:8] == b'\x93NUMPY\1\0'
    length = struct.unpack('<H', data[8:10])[0]
    assert (10 + length) % 64 == 0 and data[9 + length:10 + length] == b'\n'
    header = eval(data[10:10 + length])  # a literal that the command has written
    assert header.pop('fortran_order') is False and sorted(header) == ['descr', 'shape']
    values = unpack(header['descr'], data[10 + length:])
    assert len(values) == math.prod(header['shape'])
    return header['descr'], header['shape'], values


def read_npz(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None and all(name.endswith('.npy') for name in archive.namelist())
        return {name[:-4]: read_npy(archive.read(name)) for name in archive.namelist()}


def read_safetensors(path):
    """Tensors as arrays, and the metadata."""
    data = path.read_bytes()
    length = struct.unpack('<Q', data[:8])[0]
    header = json.loads(data[8:8 + length])
    metadata = header.pop('__metadata__', {})
    arrays = {}
    for name, about in header.items():
        begin, end = (8 + length + at for at in about['data_offsets'])
        descr = SAFETENSORS[about['dtype']]
        arrays[name] = descr, tuple(about['shape']), unpack(descr, data[begin:end])
    return arrays, metadata


def write_safetensors(path, arrays, metadata):
    """arrays: by name, (dtype of safetensors, shape, bytes)."""
    header, at = {'__metadata__': metadata}, 0
    for name, (dtype, shape, data) in arrays.items():
        header[name] = {'dtype': dtype, 'shape': shape, 'data_offsets': [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 64 + 56)  # so that the data begin at a multiple of 64
    path.write_bytes(struct.pack('<Q', len(text)) + text + b''.join(data for _, _, data in arrays.values()))
    return path


def floats(count, seed=1):
    """Numbers that float32 holds exactly."""
    return [((i * 7919 + seed * 104729) % 2001 - 1000) / 1024 for i in range(count)]


def model(users=4, items=5, user_features=None, item_features=None, d=3):
    """The arrays of a model, without an optimiser's state."""
    nu, ni = user_features or users, item_features or items
    return {'user_embeddings': ('<f4', (nu, d), floats(nu * d, 1)), 'user_biases': ('<f4', (nu,), floats(nu, 2)),
            'item_embeddings': ('<f4', (ni, d), floats(ni * d, 3)), 'item_biases': ('<f4', (ni,), floats(ni, 4))}


def state(arrays, momentum):
    """The state of an optimiser for a model: momentum of one half or of zeros."""
    more = {}
    for side in ('user', 'item'):
        for part, plural in (('embedding', 'embeddings'), ('bias', 'biases')):
            shape = arrays[f'{side}_{plural}'][1]
            n = math.prod(shape)
            more[f'{side}_{part}_gradients'] = '<f4', shape, [1 + i / 8 for i in range(n)]
            more[f'{side}_{part}_momentum'] = '<f4', shape, [0.5 * momentum] * n
    return more
