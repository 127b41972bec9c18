#!/usr/bin/env python3
"""The shared library exports exactly what lib/lfm.map lists and the public headers declare, under
the version node of the map, and its soname follows include/lfm/version.h.

Usage: symbols.py LIBRARY MAP INCLUDE_DIR"""
import pathlib
import re
import subprocess
import sys

from sources import report, without_comments

NODE = re.compile(r'(\w[\w.]*)\s*\{(.*?)\}\s*(?:\w[\w.]*)?\s*;', re.S)
DECLARED = re.compile(r'\bLFM_API\b[^;{]*?\b(\w+)\s*\(')


def exported(library):
    """{symbol: version node} as the dynamic linker sees them."""
    lines = subprocess.run(['nm', '-D', '--defined-only', library], check=True, capture_output=True,
                           text=True).stdout.splitlines()
    found = {}
    for line in lines:
        kind, name = line.split()[1:3]
        if kind != 'A':  # the node itself
            name, _, node = name.partition('@')
            found[name] = node.lstrip('@')
    return found


def mapped(path):
    """{symbol: version node} of the version script."""
    found = {}
    for node, body in NODE.findall(without_comments(path.read_text())):
        visible = body.partition('local:')[0].replace('global:', '')
        for name in filter(None, (word.strip() for word in visible.split(';'))):
            found[name] = node
    return found


def declared(include_dir):
    names = set()
    for header in sorted(include_dir.rglob('*.h')):
        text = re.sub(r'^\s*#.*$', '', without_comments(header.read_text()), flags=re.M)
        names.update(DECLARED.findall(text))
    return names


def soname(library):
    dynamic = subprocess.run(['readelf', '-d', library], check=True, capture_output=True, text=True)
    found = re.search(r'SONAME.*\[(.*)\]', dynamic.stdout)
    return found.group(1) if found else 'none'


def expected_soname(include_dir):
    text = (include_dir / 'lfm' / 'version.h').read_text()
    major, minor = (re.search(rf'LFM_VERSION_{part} (\d+)', text).group(1)
                    for part in ('MAJOR', 'MINOR'))
    return f'liblfm.so.{major}.{minor}' if major == '0' else f'liblfm.so.{major}'


def main():
    library = sys.argv[1]
    map_path, include_dir = pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    out, listed, headers = exported(library), mapped(map_path), declared(include_dir)
    problems = []
    for name in sorted(set(out) | set(listed) | headers):
        missing = [where for where, names in (('the library', out), ('lfm.map', listed),
                                              ('the headers', headers)) if name not in names]
        if missing:
            problems.append(f'{name} is missing from {" and ".join(missing)}')
        elif out[name] != listed[name]:
            problems.append(f'{name} is exported as {out[name]} but listed under {listed[name]}')
    if not headers:
        problems.append(f'no function is declared in {include_dir}')
    if soname(library) != expected_soname(include_dir):
        problems.append(f'the soname is {soname(library)}, not {expected_soname(include_dir)}')
    report(problems, f'{len(out)} functions are exported, mapped and declared')


main()
