"""A reader and a writer of model files as docs/model-format.md describes them, with Python's own library only:
what somebody who knows no liblfm would write."""
import array
import json
import struct

MASK = 2 ** 64 - 1
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


    def names(self, space):
        """The names of 'user', 'item', 'user_feature' or 'item_feature': bytes, or numbers. None: there are none."""
        if f'{space}_ids' not in self.tensors:
            return None
        dtype, _, ids, _ = self.tensors[f'{space}_ids']
        if dtype == 'I64':
            return ids
        offsets = self.numbers(f'{space}_ids_offsets')
        return [bytes(ids[begin:end - 1]) for begin, end in zip(offsets, offsets[1:])]

    def find(self, space, name):
        """The row of a name in its space, by way of the table; None for one that is not there."""
        names, table = self.names(space), self.numbers(f'{space}_ids_table')
        start = int(self.metadata.get(f'{space}_ids_start', '0'))
        slot = siphash13(struct.pack('<q', name) if isinstance(name, int) else name) % len(table)
        while table[slot] != -1:
            if names[table[slot]] == name:
                return start + table[slot]
            slot = (slot + 1) % len(table)
        return None


def siphash13(data, key=bytes(16)):
    """SipHash-1-3."""
    def round_of(v0, v1, v2, v3):
        def rotated(x, bits):
            return (x << bits | x >> (64 - bits)) & MASK
        v0 = (v0 + v1) & MASK
        v1 = rotated(v1, 13) ^ v0
        v0 = rotated(v0, 32)
        v2 = (v2 + v3) & MASK
        v3 = rotated(v3, 16) ^ v2
        v0 = (v0 + v3) & MASK
        v3 = rotated(v3, 21) ^ v0
        v2 = (v2 + v1) & MASK
        v1 = rotated(v1, 17) ^ v2
        return v0, v1, rotated(v2, 32), v3

    k0, k1 = struct.unpack('<2Q', key)
    state = (k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573)
    padded = data + bytes(-(len(data) + 1) % 8) + bytes([len(data) & 255])
    for word, in struct.iter_unpack('<Q', padded):
        v0, v1, v2, v3 = round_of(*state[:3], state[3] ^ word)
        state = (v0 ^ word, v1, v2, v3)
    state = (state[0], state[1], state[2] ^ 255, state[3])
    for _ in range(3):
        state = round_of(*state)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def names_tensors(space, names):
    """The tensors of a list of names, to be written: bytes or numbers, none twice."""
    slots = 4
    while len(names) > slots // 4 * 3:
        slots *= 2
    table = [-1] * slots
    for i, name in enumerate(names):
        slot = siphash13(struct.pack('<q', name) if isinstance(name, int) else name) % slots
        while table[slot] != -1:
            slot = (slot + 1) % slots
        table[slot] = i
    found = {f'{space}_ids_table': ('I32', [slots], table)}
    if all(isinstance(name, int) for name in names):
        return {f'{space}_ids': ('I64', [len(names)], names), **found}
    offsets = [0]
    for name in names:
        offsets.append(offsets[-1] + len(name) + 1)
    joined = b''.join(name + bytes(1) for name in names)
    return {f'{space}_ids_offsets': ('I64', [len(offsets)], offsets), **found,
            f'{space}_ids': ('U8', [len(joined)], list(joined))}


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
