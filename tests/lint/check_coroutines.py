#!/usr/bin/env python3
"""Coroutine mistakes that the text shows: a lambda with captures that is itself a coroutine (its captures die with the
lambda, not with the frame), and co_await of a choice between class temporaries (miscompiled by some compilers)."""
import re
import sys

from source import closing, code_of, files, line_of, main

AWAIT = re.compile(r'\bco_(?:await|return|yield)\b')
# A capture list, then parameters or a body: subscripts are preceded by a name or a bracket, attributes by a bracket.
LAMBDA = re.compile(r'(?<![\w\])\[])\s*(\[(?!\[)[^\[\]\n;{}]*\])\s*(?=[({<])')
TERNARY = re.compile(r'\bco_await\s*\(?[^;{}?]*\?\s*[A-Z][\w:]*\s*[({][^;]*:\s*[A-Z][\w:]*\s*[({]')


def body_of(code, at):
    """The offsets of the body of a lambda whose parameters or body begin at `at`; None if this is no lambda."""
    if code[at] == '<':
        at = closing(code, at, '<>') + 1
        while at < len(code) and code[at].isspace():
            at += 1
    if at < len(code) and code[at] == '(':
        at = closing(code, at, '()') + 1
    opened = re.compile(r'[^;{}()\[\]=]*(?:noexcept\s*\([^)]*\))?[^;{}()\[\]=]*\{').match(code, at)
    if not opened:
        return None
    return opened.end() - 1, closing(code, opened.end() - 1)


def lambdas(code):
    for match in LAMBDA.finditer(code):
        body = body_of(code, match.end())
        if body:
            yield match.start(1), match.group(1), body


def check_text(path, text):
    code = code_of(text)
    found = list(lambdas(code))
    for start, captures, (begin, end) in found:
        if captures[1:-1].strip() == '':
            continue
        own = list(code[begin:end])
        for _, _, (inner, inner_end) in found:
            if begin < inner < end:
                own[inner - begin:inner_end - begin] = ' ' * (min(inner_end, end) - inner)
        if AWAIT.search(''.join(own)):
            yield path, line_of(code, start), f'lambda with captures {captures} is a coroutine; pass them as parameters'
    for match in TERNARY.finditer(code):
        yield path, line_of(code, match.start()), 'co_await of a choice between temporaries; build first, then await'


def check(root):
    for path in files(root, 'include/gatehouse', 'src', 'tests/unit', 'tests/fakes'):
        yield from check_text(path, path.read_text())


if __name__ == '__main__':
    sys.exit(main(check))
