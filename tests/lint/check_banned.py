#!/usr/bin/env python3
"""Calls that the house does without, each with its reason and the places where it is right."""
import re
import sys

from source import code_of, files, line_of, main

LOCALE = 'depends on the locale; use from_chars, to_chars or a table'
CTYPE = 'tolower|toupper|isdigit|isalpha|isalnum|isspace|isxdigit|isupper|islower|isprint|ispunct|iscntrl|isblank|isgraph'
GLOBAL = r'(?:\bstd::|(?<![\w>])::)'  # std::name or ::name, not Some::name
FREE = r'(?<![\w.>:])(?:std::|::)?'  # a free function, not a member
CLOCKS = r'\b(?:steady_clock|system_clock|high_resolution_clock)::now\b'
SLEEPS = rf'\b(?:sleep_for|sleep_until|usleep|nanosleep|clock_nanosleep)\s*\(|{GLOBAL}sleep\s*\(|{FREE}sleep\s*\(\s*\d'
NEVER_SLEEP = 'never sleep; wait with a deadline'
# (pattern, reason, where it is right: a room, or a file with its own reason)
BANNED = [
    (CLOCKS, 'only runtime reads a clock', {
        'src/runtime/': 'the room of the clock',
        'src/base/timestamp.cpp': 'the log stands below runtime and stamps its own lines',
    }),
    (rf'\b(?:clock_gettime|gettimeofday)\s*\(|{GLOBAL}time\s*\(', 'only runtime reads a clock', {'src/runtime/': 'the room of the clock'}),
    (SLEEPS, NEVER_SLEEP, {}),
    (r'\b(?:atoi|atol|atoll|atof|stoi|stol|stoll|stoul|stoull|stof|stod|stold|strto(?:l|ll|ul|ull|f|d|ld|imax|umax)|sscanf|strftime|strptime|setlocale)\s*\(',
     LOCALE, {}),
    (rf'\b(?:{CTYPE})\s*\(|{GLOBAL}(?:{CTYPE})\b', LOCALE, {}),
    (r'\b(?:strn?casecmp|strcoll|strxfrm)\s*\(', LOCALE, {}),
    (r'\bstd::to_string\s*\(\s*\d*\.\d', LOCALE, {}),
    (rf'(?<![\w.>:])(?:s?rand|drand48)\s*\(|{GLOBAL}(?:s?rand|random)\s*\(|\brandom\s*\(\s*\)(?!\s*(?:const\b|noexcept\b|override\b|=|\{{))|'
     r'\b(?:random_device|mt19937\w*|minstd_rand0?|default_random_engine|RAND_(?:priv_)?bytes)\b',
     'only runtime makes randomness', {'src/runtime/': 'the room of randomness'}),
    (r'\bgetaddrinfo\s*\(', 'blocks; resolve in net', {'src/net/': 'the room of the resolver, which calls it on the offload pool'}),
    (r'\bstd::w?regex\b', 'recursive and locale-bound; write the scan', {}),
    (rf'\b{GLOBAL}?(?:v?f?printf|v?d?printf|v?snprintf|puts|fputs|putchar|perror)\s*\(|\bstd::(?:cout|cerr|clog)\b',
     'formats by locale and past the log; only app talks to a terminal', {
         'src/app/': 'the command line',
         'src/base/result.cpp': 'the last words before an abort',
         'src/runtime/task.cpp': 'the last words before an abort',
     }),
    (rf'{FREE}(?:system|popen)\s*\(', 'a shell; start processes with runtime', {}),
    (r'(?<![\w.>])(?:strerror|strtok|localtime|gmtime|asctime|ctime|inet_ntoa)\s*\(', 'not safe with threads', {}),
    (r'(?<![\w.>])(?:strcpy|strcat|sprintf|vsprintf|gets|alloca)\s*\(', 'no bound', {}),
    (r'\bstd::endl\b', r"flushes; write '\n'", {}),
    (r'\busing\s+namespace\s+std\s*;', 'hides where names come from', {}),
    (r'\bany_io_executor\b', 'two allocations per operation; use the concrete executor', {}),
]
# In tests only waiting is banned: a test that sleeps is slow on one machine and fails on another.
BANNED_IN_TESTS = [(SLEEPS, NEVER_SLEEP, {})]
FOLDERS = {'include/gatehouse': BANNED, 'src': BANNED, 'tests/unit': BANNED_IN_TESTS, 'tests/fakes': BANNED_IN_TESTS}


def check_text(path, name, text, table=None, used=None):
    """`used` collects the exceptions that were needed."""
    code = code_of(text)
    for pattern, reason, places in BANNED if table is None else table:
        place = next((place for place in places if name == place or (place.endswith('/') and name.startswith(place))), None)
        found = list(re.finditer(pattern, code))
        if place and found and used is not None:
            used.add((pattern, place))
        for match in [] if place else found:
            yield path, line_of(code, match.start()), f'{match.group(0).strip(" (")}: {reason}'


def check(root):
    used = set()
    for folder, table in FOLDERS.items():
        for path in files(root, folder):
            yield from check_text(path, path.relative_to(root).as_posix(), path.read_text(), table, used)
    for pattern, _, places in BANNED:
        for place in places:
            if not place.endswith('/') and (root / place).exists() and (pattern, place) not in used:
                yield root / place, 1, 'needs no exception in check_banned.py any more'


if __name__ == '__main__':
    sys.exit(main(check))
