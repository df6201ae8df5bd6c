#!/usr/bin/env python3
"""No function above 60 lines, no file above 450, unless sizes.txt gives the reason.

sizes.txt: `path: reason` for a file, `path name: reason` for a function.
"""
import re
import sys
from pathlib import Path

from source import closing, code_of, files, line_of, main

MAX_FUNCTION = 60
MAX_FILE = 450
# The head of a function: a name and parameters at the end of what stands between it and the last ; { or }.
HEAD = re.compile(r'([\w:~]+)\s*\([^;{}]*\)[^;{}()]*(?:\([^;{}()]*\)[^;{}()]*)*$')
NOT_FUNCTIONS = {'if', 'for', 'while', 'switch', 'catch', 'requires', 'constexpr'}
SCOPE = re.compile(r'\b(?:namespace|class|struct|union|enum)\b[^;{}()]*$|extern\s*$')


def functions(code):
    """(name, offset, end) of every function body at the scope of a namespace or a class."""
    at = 0
    while (at := code.find('{', at)) != -1:
        start = max(code.rfind(c, 0, at) for c in ';{}') + 1
        head = code[start:at]
        match = HEAD.search(head)
        if match and match.group(1) not in NOT_FUNCTIONS:
            end = closing(code, at)
            yield match.group(1), start + len(head) - len(head.lstrip()), end
            at = end
        elif SCOPE.search(head) or head.strip() == '':
            at += 1
        else:
            at = closing(code, at)  # an initialiser
        at = max(at, 1)


def read_reasons(path):
    lines = [line.strip() for line in path.read_text().splitlines()] if path.exists() else []
    return {line.partition(':')[0].strip(): line.partition(': ')[2].strip()
            for line in lines if line and not line.startswith('#')}


def check_text(path, name, text, used, reasons):
    def excused(key):
        if reasons.get(key):
            used.add(key)
            return True
        return False

    lines = text.count('\n')
    if lines > MAX_FILE and not excused(name):
        yield path, 1, f'{lines} lines, at most {MAX_FILE}'
    code = code_of(text)
    for function, start, end in functions(code):
        size = code.count('\n', start, end) + 1
        short = function.split('::')[-1]
        if size > MAX_FUNCTION and not excused(f'{name} {short}'):
            yield path, line_of(code, start), f'{function}() has {size} lines, at most {MAX_FUNCTION}'


def check(root):
    listed = root / 'tests/lint/sizes.txt'
    reasons, used = read_reasons(listed), set()
    for path in files(root, 'include/gatehouse', 'src'):
        yield from check_text(path, path.relative_to(root).as_posix(), path.read_text(), used, reasons)
    for key in sorted(set(reasons) - used):
        yield listed, 1, f'"{key}" needs no exception any more'


if __name__ == '__main__':
    sys.exit(main(check))
