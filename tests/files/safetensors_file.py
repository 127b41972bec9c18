"""A reader and a writer of model files as docs/model-format.md describes them, with Python's own library only:
what somebody who knows no liblfm would write."""
import array
import json
import struct

CODES = {'F32': 'f', 'F64': 'd', 'F16': 'e', 'I32': 'i', 'I64': 'q', 'U8': 'B'}


class File:
    """The metadata, and by name the tensors: (dtype, shape, flat list of numbers, offset in the file)."""

    def __init__(self, path):
        self.raw = path.read_bytes()
        length, = struct.unpack_from('<Q', self.raw)
        self.header = self.raw[8:8 + length]
        self.data = self.raw[8 + length:]
        described = json.loads(self.header)
        self.metadata = described.pop('__metadata__', {})
        self.tensors = {}
        for name, about in described.items():
            begin, end = about['data_offsets']
            code = CODES[about['dtype']]
            n = (end - begin) // struct.calcsize(code)
            numbers = struct.unpack_from(f'<{n}{code}', self.data, begin)
            self.tensors[name] = about['dtype'], about['shape'], list(numbers), 8 + length + begin

    def rows(self, name):
        _, shape, numbers, _ = self.tensors[name]
        return [numbers[row * shape[1]:(row + 1) * shape[1]] for row in range(shape[0])]

    def numbers(self, name):
        return self.tensors[name][2]


def write(path, metadata, tensors):
    """Write tensors: name -> (dtype, shape, numbers), in this order."""
    header, data = {'__metadata__': metadata}, b''
    for name, (dtype, shape, numbers) in tensors.items():
        packed = struct.pack(f'<{len(numbers)}{CODES[dtype]}', *numbers)
        header[name] = {'dtype': dtype, 'shape': shape, 'data_offsets': [len(data), len(data) + len(packed)]}
        data += packed
    text = json.dumps(header).encode()
    text += b' ' * (-(8 + len(text)) % 64)
    path.write_bytes(struct.pack('<Q', len(text)) + text + data)


def float32(x):
    """The nearest float32."""
    return array.array('f', [x])[0]
