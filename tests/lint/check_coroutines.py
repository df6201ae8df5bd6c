#!/usr/bin/env python3
"""Coroutine mistakes that the text shows: a lambda with captures that is itself a coroutine (its captures die with the
lambda, not with the frame), and co_await of a choice between class temporaries (miscompiled by some compilers)."""
import re
import sys

from source import closing, code_of, files, line_of, main

AWAIT = re.compile(r'\bco_(?:await|return|yield)\b')
# What may stand before the [ of a lambda: no name and no bracket (a subscript), except a keyword.
SUBSCRIPT = re.compile(r'(?:[\w\])\[]|\boperator)$')
KEYWORD = re.compile(r'\b(?:return|co_return|co_yield|co_await|case)$')
# What stands between the parameters and the body.
SPECIFIERS = re.compile(r'\s*(?:mutable\b|constexpr\b|static\b|noexcept\b|requires\b|\(|->)?')
PAIRS = {'(': '()', '[': '[]', '{': '{}'}
# A call, or a value of a class made in place: `A(1)`, `n::A{}`, `std::string("x")`; views have nothing to destroy.
CALL = re.compile(r'^\s*(?:[\w:]|<[^;{}]*>|\.|->)+\s*[({]')
CLASS_MADE = re.compile(r'^\s*(?:\w+::)*(?:[A-Z]\w*|(?:string|vector|optional|pair|tuple|array|function|make_\w+))\s*(?:<[^;{}]*>)?\s*[({]')


def body_of(code, at):
    """The offsets of the braces of a lambda whose capture list ends before `at`; None if this is no lambda."""
    parameters = False
    while at < len(code):
        c = code[at]
        if c == '{':
            return at, closing(code, at)
        if c == '<' and not parameters:
            at = closing(code, at, '<>')
        elif c == '(':
            parameters = True
            at = closing(code, at, '()')
        elif code.startswith('->', at):
            at += 1
        elif c in ';,)]}=?' or (c.isalpha() and not parameters and not SPECIFIERS.match(code, at).group(0).strip()):
            return None
        elif c.isalpha() or c == '_':
            at += len(re.match(r'\w+', code[at:at + 100]).group(0)) - 1
        at += 1
    return None


def lambdas(code):
    """(offset, captures, (opening, closing brace)) of each lambda."""
    at = -1
    while (at := code.find('[', at + 1)) != -1:
        before = code[max(0, at - 20):at].rstrip()
        if code.startswith('[[', at) or (SUBSCRIPT.search(before) and not KEYWORD.search(before)):
            continue
        end = closing(code, at, '[]')
        body = body_of(code, end + 1)
        if body:
            yield at, code[at:end + 1], body


def blanked(code, begin, end, bodies):
    """code[begin:end] without the bodies of lambdas inside."""
    own = list(code[begin:end])
    for inner, inner_end in bodies:
        if begin < inner < end:
            own[inner - begin:inner_end - begin] = ' ' * (min(inner_end, end) - inner)
    return ''.join(own)


def operand(code, at):
    """The end of what is awaited: up to the ; or the bracket or operator that ends it."""
    while at < len(code) and code[at] not in ';,)]}?' and code[at:at + 2] not in ('&&', '||'):
        at = closing(code, at, PAIRS[code[at]]) if code[at] in PAIRS else at
        at += 1
    return at


def arms(text, at):
    """The two arms of the choice whose ? stands at `at`."""
    begin, depth = at + 1, 0
    first = None
    at += 1
    while at < len(text) and text[at] not in ',;)]}':
        if text[at] in PAIRS:
            at = closing(text, at, PAIRS[text[at]])
        elif text.startswith('::', at):
            at += 1
        elif text[at] == '?':
            depth += 1
        elif text[at] == ':':
            if depth == 0:
                first, begin = text[begin:at], at + 1
            depth -= 1
        at += 1
    return first or '', text[begin:at]


def awaits_choice(awaited):
    for at in (match.start() for match in re.finditer(r'\?', awaited)):
        before = awaited[:at]
        # The operand itself: nothing but an opening bracket between it and co_await. A call there gives an awaitable.
        whole = re.match(r'^\s*\((?:[^()]|\([^()]*\))*$', before) is not None
        made = CALL if whole else CLASS_MADE
        if any(made.match(arm) for arm in arms(awaited, at)):
            return True
    return False


def check_text(path, text):
    code = code_of(text)
    found = list(lambdas(code))
    bodies = [body for _, _, body in found]
    for start, captures, (begin, end) in found:
        if captures[1:-1].strip() and AWAIT.search(blanked(code, begin, end, bodies)):
            yield path, line_of(code, start), f'lambda with captures {" ".join(captures.split())} is a coroutine; pass them as parameters'
    for match in re.finditer(r'\bco_await\b', code):
        end = operand(code, match.end())
        if awaits_choice(blanked(code, match.end(), end, bodies)):
            yield path, line_of(code, match.start()), 'co_await of a choice between temporaries; build first, then await'


def check(root):
    for path in files(root, 'include/gatehouse', 'src', 'tests/unit', 'tests/fakes', 'tests/fuzz', 'tests/bench'):
        yield from check_text(path, path.read_text())


if __name__ == '__main__':
    sys.exit(main(check))
