#!/usr/bin/env python3
"""No function above 60 lines, no file above 450, unless sizes.txt gives the reason.

sizes.txt: `path: reason` for a file, `path name: reason` for a function.
"""
import re
import sys

from source import closing, code_of, files, line_of, main

MAX_FUNCTION = 60
MAX_FILE = 450
FOLDERS = ('include/gatehouse', 'src', 'tests/unit', 'tests/fakes', 'tests/fuzz', 'tests/bench')
SCOPE = re.compile(r'\b(?:namespace|class|struct|union)\b|\bextern\s*$')
ENUM = re.compile(r'\benum\b')
NAME = re.compile(r'([\w:~]+|\boperator\s*[^\w\s(]+)\s*$')
# Words before a bracket that is not the parameters of the function.
NOT_NAMES = {'alignas', 'decltype', 'explicit', 'noexcept', 'requires', '__attribute__'}


def head_facts(head):
    """(name, with `=`, initialisers begun) of what stands before a {, with the insides of its brackets left out."""
    name, flat, at, template = None, [], 0, 0
    while at < len(head):
        c = head[at]
        if c in '([{':
            word = NAME.search(head, 0, at)
            arrow = '->' in ''.join(flat)
            if c == '(' and not template and not arrow and ':' not in flat and word and word.group(1) not in NOT_NAMES:
                name = word.group(1)
            at = closing(head, at, c + {'(': ')', '[': ']', '{': '}'}[c])
        elif c == '<' and re.search(r'\w\s*$', head[:at]) and not head[:at].rstrip().endswith('operator'):
            template += 1
        elif c == '>' and template and head[at - 1] != '-':
            template -= 1
        elif template:
            pass
        elif c == ':' and (name is None or head[at - 1:at + 1] == '::' or head[at:at + 2] == '::'):
            pass  # A::b, or `public:`
        else:
            flat.append(c)
        at += 1
    kept = ''.join(flat)
    assigned = re.search(r'=', re.sub(r'operator\s*[^\w\s]+|[=!<>]=', '', kept)) is not None
    return name, assigned, ':' in flat


def functions(code):
    """(name, offset, end) of every function body at the scope of a namespace or a class."""
    start = at = 0
    while at < len(code):
        c = code[at]
        if c == '(':
            at = closing(code, at, '()')
        elif c in ';}':
            start = at + 1
        elif c == '#' and code[start:at].strip() == '':
            at = code.find('\n', at) if '\n' in code[at:] else len(code)
            start = at + 1
        elif c == '{':
            head = code[start:at]
            name, assigned, initialisers = head_facts(head)
            last = head.rstrip()[-1:]
            if name and not assigned and not (initialisers and (last.isalnum() or last in '_>')):
                end = closing(code, at)
                yield name, start + len(head) - len(head.lstrip()), end
                at, start = end, end + 1
            elif not assigned and not name and not ENUM.search(head) and (SCOPE.search(head) or not head.strip()):
                start = at + 1
            else:
                at = closing(code, at)  # an initialiser
        at += 1


def read_reasons(path):
    """key -> (reason, line)."""
    reasons = {}
    for number, line in enumerate(path.read_text().splitlines() if path.exists() else [], 1):
        if line.strip() and not line.startswith('#'):
            key, _, reason = line.partition(':')
            reasons[key.strip()] = (reason.strip(), number)
    return reasons


def check_text(path, name, text, used, reasons):
    def excused(key):
        used.add(key)
        return key in reasons

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
    for path in files(root, *FOLDERS):
        yield from check_text(path, path.relative_to(root).as_posix(), path.read_text(), used, reasons)
    for key, (reason, line) in reasons.items():
        if not reason:
            yield listed, line, f'"{key}" has no reason'
        if key not in used:
            yield listed, line, f'"{key}" needs no exception any more'


if __name__ == '__main__':
    sys.exit(main(check))
