#!/usr/bin/env python3
"""Write src/lfm/_abi.py from the public headers.

Usage: generate_abi.py [--check]
--check: write nothing, exit 1 when the file is not what the headers say.

The headers keep to a small part of C (structs of plain fields, enums of numbers, one function a
declaration), which is all that is read here; what is not understood ends the run."""
import pathlib
import re
import sys
import textwrap

HERE = pathlib.Path(__file__).resolve().parent
HEADERS = HERE.parent.parent / 'include' / 'lfm'
OUTPUT = HERE / 'src' / 'lfm' / '_abi.py'

# Letters that stand for types in the tables below; any pointer but text is 'p', a callback 'c'.
LETTERS = {'int32_t': 'i', 'lfm_status': 'S', 'uint32_t': 'u', 'int64_t': 'l', 'uint64_t': 'L',
           'size_t': 'z', 'int': 'I', 'double': 'd', 'float': 'f', 'void': 'v'}

HEAD = '''\
"""The C ABI as tables. Generated from the headers by generate_abi.py: do not edit.

Letters: i int32, u uint32, l int64, L uint64, z size_t, I int, d double, f float, p pointer, s text,
c callback, v nothing, S a status (raised as an exception when it is not 0); *N an array of N of them; other
words are structs, in <> as arguments."""
'''


def without_comments(text):
    text = re.sub(r'/\*.*?\*/', ' ', text, flags=re.S)
    text = re.sub(r'\\\n', ' ', text)
    text = re.sub(r'^\s*#.*$', '', text, flags=re.M)
    text = re.sub(r'static inline[^\n]*\}', ' ', text)
    return re.sub(r'static inline.*?\n}', ' ', text, flags=re.S)


def letter(declaration, known):
    """The type of one declaration, such as "const int32_t *users"."""
    words = declaration.replace('*', ' * ').split()
    if '*' in words:
        return 's' if words.count('*') == 1 and 'char' in words else 'p'
    words = [word for word in words if word not in ('const', 'struct')]
    if words[0] in known['callbacks']:
        return 'c'
    if words[0] in LETTERS:
        return LETTERS[words[0]]
    if words[0] in known['structs']:
        return words[0]
    if '[' in declaration or '(' in declaration:
        raise SystemExit(f'not understood: {declaration}')
    raise SystemExit(f'unknown type: {declaration}')


def parse(text, known):
    for body in re.findall(r'enum\s*\{([^}]*)\}', text):
        for entry in filter(None, (part.strip() for part in body.split(','))):
            name, number = entry.split('=')
            known['numbers'][name.strip()] = eval(number, {}, {})  # "1 << 30"
    for result, name, arguments in re.findall(r'typedef\s+([\w ]+?\*?)\s*\(\*(\w+)\)\((.*?)\);', text, re.S):
        known['callbacks'][name] = (result, arguments)
    for name, body in re.findall(r'typedef struct (\w+)\s*\{(.*?)\}\s*\1\s*;', text, re.S):
        fields = []
        for line in filter(None, (part.strip() for part in body.split(';'))):
            first, *more = line.split(',')
            first, many, length = first.partition('[')
            times = f'*{eval(length[:-1], {}, known["numbers"])}' if many else ''
            fields.append((re.search(r'(\w+)$', first).group(1), letter(first, known) + times))
            fields += [(other.strip(), fields[-1][1]) for other in more]
        known['structs'][name] = fields
    for result, name, arguments in re.findall(r'LFM_API\s+([\w ]+?\s*\*?)\s*\b(lfm_\w+)\((.*?)\);', text, re.S):
        known['functions'][name] = (letter(result, known), split(arguments, known))


def split(arguments, known):
    """The types of a list of arguments; a callback's own arguments hold commas too."""
    arguments = re.sub(r'\w+ \(\*(\w+)\)\([^)]*\)', r'void *\1', arguments)
    kinds = [letter(part, known) for part in arguments.split(',') if part.strip() not in ('', 'void')]
    return ['i' if kind == 'S' else kind if len(kind) == 1 else f'<{kind}>' for kind in kinds]


def wrapped(entries, indent='    '):
    return textwrap.fill(' '.join(entries), 110, initial_indent=indent, subsequent_indent=indent,
                         break_long_words=False, break_on_hyphens=False)


def generate():
    known = {'numbers': {}, 'callbacks': {}, 'structs': {}, 'functions': {}}
    order = re.findall(r'#include "lfm/(\w+\.h)"', (HEADERS / 'lfm.h').read_text())
    texts, seen = [], set()

    def visit(name):
        if name not in seen:
            seen.add(name)
            text = (HEADERS / name).read_text()
            for other in re.findall(r'#include "lfm/(\w+\.h)"', text):
                visit(other)
            texts.append(without_comments(text))

    for name in order:
        visit(name)
    for text in texts:
        parse(text, known)
    version = re.search(r'LFM_VERSION_STRING "(.*)"', (HEADERS / 'version.h').read_text()).group(1)
    lines = [HEAD, f"VERSION = '{version}'", '']
    lines += [f'{name} = {number}' for name, number in known['numbers'].items()]
    lines += ['', '# name: field:type ...', 'STRUCTS = {']
    for name, fields in known['structs'].items():
        lines.append(f"    '{name}': '''")
        lines.append(wrapped([f'{field}:{kind}' for field, kind in fields], '        ') + "''',")
    lines += ['}', '', '# name: result arguments', 'CALLBACKS = {']
    for name, (result, arguments) in known['callbacks'].items():
        lines.append(f"    '{name}': '{letter(result, known)} {''.join(split(arguments, known))}',")
    lines += ['}', '', '# name:result:arguments ...', "FUNCTIONS = '''"]
    lines.append(wrapped([f"{name}:{result}:{''.join(arguments)}"
                          for name, (result, arguments) in sorted(known['functions'].items())]))
    lines += ["'''", '']
    return '\n'.join(lines)


def main():
    text = generate()
    if sys.argv[1:] == ['--check']:
        if OUTPUT.read_text() != text:
            raise SystemExit(f'{OUTPUT.name} is not what the headers say: run generate_abi.py')
    else:
        OUTPUT.write_text(text)


if __name__ == '__main__':
    main()
