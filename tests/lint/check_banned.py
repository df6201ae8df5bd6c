#!/usr/bin/env python3
"""Calls that the house does without, each with its reason and the places where it is right."""
import re
import sys

from source import code_of, files, line_of, main

LOCALE = 'depends on the locale; use from_chars, to_chars or a table'
# (pattern, reason, files that may, as a regular expression on the path from the root)
BANNED = [
    (r'\b(?:steady_clock|system_clock|high_resolution_clock)::now\b', 'only runtime reads a clock (and the log, which stands below it)',
     r'src/runtime/|src/base/timestamp\.cpp$'),
    (r'\b(?:clock_gettime|gettimeofday|std::time)\s*\(|(?<![\w>])::time\s*\(', 'only runtime reads a clock', r'src/runtime/'),
    (r'\b(?:sleep_for|sleep_until|usleep|nanosleep)\s*\(|(?<![\w.>])::sleep\s*\(', 'never sleep; wait with a deadline', r'(?!)'),
    (r'\b(?:atoi|atol|atoll|atof|stoi|stol|stoll|stoul|stoull|stof|stod|strtol|strtoll|strtoul|strtoull|strtod|sscanf)\s*\(', LOCALE, r'(?!)'),
    (r'\b(?:std::|::)?(?:tolower|toupper|isdigit|isalpha|isalnum|isspace|isxdigit|isupper|islower|isprint|ispunct|iscntrl)\s*\(', LOCALE, r'(?!)'),
    (r'\bstd::to_string\s*\(\s*\d*\.\d', LOCALE, r'(?!)'),
    (r'(?<![\w.>:])(?:s?rand|drand48)\s*\(|\brandom\s*\(\s*\)(?!\s*(?:const\b|noexcept\b|override\b|=|\{))|\bstd::(?:rand|random_device|mt19937\w*)\b|\bRAND_bytes\b', 'only runtime makes randomness',
     r'src/runtime/'),
    (r'\bgetaddrinfo\s*\(', 'blocks; resolve in net', r'src/net/'),
    (r'\bstd::w?regex\b', 'recursive and locale-bound; write the scan', r'(?!)'),
    (r'\b(?:std::|::)?(?:v?f?printf|v?sn?printf|puts|fputs)\s*\(', 'formats by locale and past the log; only app talks to a terminal (and the last words before an abort)',
     r'src/app/|src/base/result\.cpp$|src/runtime/task\.cpp$'),
    (r'(?<![\w.>:])(?:std::|::)?(?:system|popen)\s*\(', 'a shell; start processes with runtime', r'(?!)'),
    (r'(?<![\w.>])(?:strerror|strtok|localtime|gmtime|asctime|ctime|inet_ntoa)\s*\(', 'not safe with threads', r'(?!)'),
    (r'(?<![\w.>])(?:strcpy|strcat|sprintf|gets|alloca)\s*\(', 'no bound', r'(?!)'),
    (r'\bstd::endl\b', r"flushes; write '\n'", r'(?!)'),
    (r'\busing\s+namespace\s+std\s*;', 'hides where names come from', r'(?!)'),
    (r'\bstd::any_io_executor\b|\basio::any_io_executor\b', 'two allocations per operation; use the concrete executor', r'src/client/'),
]
COMPILED = [(re.compile(pattern), reason, re.compile(allowed)) for pattern, reason, allowed in BANNED]


def check_text(path, name, text):
    code = code_of(text)
    for pattern, reason, allowed in COMPILED:
        if allowed.match(name):
            continue
        for match in pattern.finditer(code):
            yield path, line_of(code, match.start()), f'{match.group(0).strip(" (")}: {reason}'


def check(root):
    for path in files(root, 'include/gatehouse', 'src'):
        yield from check_text(path, path.relative_to(root).as_posix(), path.read_text())


if __name__ == '__main__':
    sys.exit(main(check))
