#!/usr/bin/env python3
"""Every event of the log, every metric and every slug of an error is in the reference, and the reference names nothing that is gone."""
import re
import sys

from source import files, line_of, main

EVENT = re.compile(r'log::(?:debug|info|warn|error|write)\(\s*(?:[\w:]+,\s*)?"\w+",\s*"([a-z0-9_.]+)"')
METRIC = re.compile(r'\b(?:counter|counter_function|histogram|gauge|gauges|counters|level|derived_counter|derived_histogram)\(\s*"([a-z0-9_]+)"')
# Each has the slug in its only group.
SLUG = [re.compile(pattern, re.S) for pattern in (
    r'\b(?:make_error|system_error)\(\s*"([a-z0-9-]*[a-z0-9])"',
    r'\b(?:problem|refuse|refuse_head|refuse_route|give_up)\((?:\w+, )?[45]\d\d, (?:"[\w:]+", )?"([a-z0-9_-]+)"',
    r'\{(?:4\d\d|50[15]), "([a-z0-9_]+)"\}', r'\bFailure(?: \w+)?\{[45]\d\d, "[\w:]+", "([a-z0-9-]+)"',
    r'\breport\.(?:error|warning)\([^;]*?, "([a-z0-9]+(?:-[a-z0-9]+)+)",')]
INTERNAL = {'client-gone', 'in-progress', 'needs-lookup'}  # nobody is told of these
SLUG_ROW = re.compile(r'^\| <a id="([a-z0-9-]+)"></a>`\1`', re.M)
ERRORS = 'docs/reference/errors.md'
CONFIGURATION = 'docs/reference/config.md'  # generated; has what is wrong with a file
ROW = re.compile(r'^\| `([a-z0-9_.]+)`', re.M)
# Written without the calls above: the access log, the log's own loss.
ELSEWHERE = {'request', 'log.lines_dropped'}
PAGES = [('docs/reference/log.md', '## Events', EVENT, ELSEWHERE), ('docs/reference/metrics.md', '## Metrics', METRIC, set())]


def section(text, heading):
    start = text.find(heading + '\n')
    if start == -1:
        return '', 0
    end = text.find('\n## ', start + 1)
    return text[start:end if end != -1 else len(text)], start


def check(root):
    sources = [(path, path.read_text()) for path in files(root, 'src')]
    for page, heading, pattern, elsewhere in PAGES:
        text = (root / page).read_text()
        part, offset = section(text, heading)
        listed = {match.group(1): line_of(text, offset + match.start()) for match in ROW.finditer(part)}
        used = set(elsewhere)
        for path, code in sources:
            for match in pattern.finditer(code):
                used.add(match.group(1))
                if match.group(1) not in listed:
                    yield path, line_of(code, match.start()), f'{match.group(1)} is not in {page}'
        for name in sorted(set(listed) - used):
            yield root / page, listed[name], f'{name} is not in the code any more'
    yield from check_slugs(root, sources)


def check_slugs(root, sources):
    text = (root / ERRORS).read_text()
    of_configuration = set(re.findall(r'^\| `([a-z0-9-]+)` \|', (root / CONFIGURATION).read_text(), re.M))
    listed = {match.group(1): line_of(text, match.start()) for match in SLUG_ROW.finditer(text)}
    for path, code in sources:
        for pattern in SLUG:
            for match in pattern.finditer(code):
                slug = match.group(1).replace('_', '-')
                if slug not in INTERNAL and slug not in listed and slug not in of_configuration:
                    yield path, line_of(code, match.start()), f'{slug} is not in {ERRORS}'
    everything = '\n'.join(code for _, code in sources)
    for slug, line in listed.items():
        if f'"{slug}"' not in everything and f'"{slug.replace("-", "_")}"' not in everything:
            yield root / ERRORS, line, f'{slug} is not in the code any more'


if __name__ == '__main__':
    sys.exit(main(check))
