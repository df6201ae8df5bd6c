#!/usr/bin/env python3
"""Rooms include only doors, only of rooms that they may use, and doors stay free of third-party types.

The arrows are in layers.txt; they must be the arrows of src/CMakeLists.txt.
"""
import re
import sys

from source import code_of, files, line_of, main

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.M)
# C++ standard headers have no dot; POSIX and Linux ones are these.
SYSTEM = re.compile(r'^(?:[a-z_0-9]+|(?:sys|linux|netinet|arpa|net)/[a-z_0-9]+\.h|'
                    r'(?:unistd|fcntl|errno|signal|poll|netdb|pthread|time|string|dirent|sched)\.h)$')


def read_layers(path):
    layers = {}
    for line in path.read_text().splitlines():
        line = line.split('#')[0].strip()
        if line:
            room, _, rooms = line.partition(':')
            layers[room.strip()] = set(rooms.split())
    return layers


def cmake_layers(text):
    layers = {}
    for match in re.finditer(r'^gatehouse_room\((\w+)([^)]*)\)', text, re.M):
        words, rooms, taking = match.group(2).split(), set(), False
        for word in words:
            if word.isupper() and word in ('ROOMS', 'LIBRARIES'):
                taking = word == 'ROOMS'
            elif taking:
                rooms.add(word)
        layers[match.group(1)] = rooms
    return layers


def place(path, root):
    parts = path.relative_to(root).parts
    if parts[:2] == ('include', 'gatehouse'):
        return parts[2], True
    return parts[1], False  # src/<room>/...


def cycles(layers):
    """Each arrow of layers.txt that points at a room further down: with none of these there is no cycle."""
    order = list(layers)
    for room, rooms in layers.items():
        for other in sorted(rooms):
            if other not in layers:
                yield f'room {room} uses {other}, which is no room'
            elif order.index(other) >= order.index(room):
                yield f'room {room} uses {other}, which comes below it'


def check_file(path, root, layers):
    room, door = place(path, root)
    text = path.read_text()
    code = code_of(text)
    own = {p.name for p in (root / 'src' / room).glob('*.h')}
    for match in INCLUDE.finditer(code):
        kind, target = match.groups()
        line = line_of(text, match.start())
        if room not in layers:
            yield path, line, f'room {room} is not in tests/lint/layers.txt'
        elif target.startswith('gatehouse/'):
            other = target.split('/')[1]
            if other != room and room != 'app' and other not in layers.get(room, set()):
                yield path, line, f'room {room} may not use {other} (tests/lint/layers.txt)'
        elif kind == '"' and (door or target not in own):
            yield path, line, f'"{target}" is neither a door nor a header of room {room}'
        elif door and kind == '<' and not SYSTEM.match(target):
            yield path, line, f'third-party header <{target}> in a door'


def check(root):
    layers_file = root / 'tests/lint/layers.txt'
    layers = read_layers(layers_file)
    cmake = root / 'src/CMakeLists.txt'
    if cmake.exists():
        built = cmake_layers(cmake.read_text())
        for room in sorted(set(built) | set(layers) - {'app'}):
            if built.get(room) != layers.get(room):
                yield cmake, 1, f'arrows of room {room} differ from tests/lint/layers.txt'
    for message in cycles(layers):
        yield layers_file, 1, message
    for path in files(root, 'include/gatehouse', 'src'):
        yield from check_file(path, root, layers)


if __name__ == '__main__':
    sys.exit(main(check))
