"""What the lint scripts share: finding the files, and C++ text without comments and literals.

A package, because tests/run takes every tests/lint/*.py for a lint."""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<tag>[^()\\ ]{0,16})\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"|\b\d[\w.\']*|\'(?:\\.|[^\'\\\n])*\'',
    re.S)


def blank(match):
    text = match.group(0)
    if text[0].isdigit():
        return text.replace("'", "_")
    return ''.join('\n' if c == '\n' else ' ' for c in text)


def code_of(text):
    """The text with comments and literals blanked; every line and column stays where it was."""
    def keep_include(match):
        return match.group(0).replace('"', '\x01')

    text = re.sub(r'^[ \t]*#[ \t]*include[^\n]*', keep_include, text, flags=re.M)
    return TOKEN.sub(blank, text).replace('\x01', '"')


def files(root, *folders):
    for folder in folders:
        for path in sorted((root / folder).rglob('*')):
            if path.suffix in ('.cpp', '.h'):
                yield path


def line_of(text, offset):
    return text.count('\n', 0, offset) + 1


def closing(code, start, pair='{}'):
    """The offset of the bracket that closes the one at `start`; the end of the text if none does."""
    depth = 0
    for at in range(start, len(code)):
        if code[at] == pair[0]:
            depth += 1
        elif code[at] == pair[1]:
            depth -= 1
            if depth == 0:
                return at
    return len(code)


def main(check):
    """Runs check(root), which yields (path, line, message); prints them; the exit code of a lint script."""
    root = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT
    count = 0
    for path, line, message in check(root):
        print(f'{Path(path).relative_to(root)}:{line}: {message}')
        count += 1
    return 1 if count else 0
