#!/usr/bin/env python3
"""Tracked files name nothing that exists only on the machine where somebody wrote them."""
import os
import re
import subprocess
import sys

from source import main

# Written in pieces, so that this file passes, too.
WORDS = [
    (re.compile(r'(?<![\w.}-])/wo' r'rk/'), 'a path of one machine'),
    (re.compile(r'\bshared/sp' r'ec\b'), 'not part of the project'),
    (re.compile(r'\btools/with-po' r'dman\b'), 'a wrapper of one machine; call podman'),
]
# Without git (a source archive) these are skipped by hand.
NOT_SOURCE = {'.git', 'build', 'node_modules', '__pycache__'}


def tracked(root):
    found = subprocess.run(['git', '-C', str(root), 'ls-files', '-z'], capture_output=True, check=False) if (root / '.git').exists() else None
    if found and found.returncode == 0:
        yield from (root / os.fsdecode(name) for name in found.stdout.split(b'\0') if name)
        return
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - NOT_SOURCE)
        yield from (root / folder / name for name in sorted(names))


def check(root):
    for path in tracked(root):
        name = path.relative_to(root).as_posix()
        for pattern, reason in WORDS:
            if pattern.search(name):
                yield path, 1, f'the name holds "{pattern.search(name).group(0)}": {reason}'
        if path.is_symlink() or not path.is_file():
            continue
        content = path.read_bytes()
        for number, line in enumerate(content.decode(errors='replace').split('\n') if b'\0' not in content[:8000] else [], 1):
            for pattern, reason in WORDS:
                if match := pattern.search(line):
                    yield path, number, f'"{match.group(0)}": {reason}'


if __name__ == '__main__':
    sys.exit(main(check))
