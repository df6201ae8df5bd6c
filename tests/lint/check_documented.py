#!/usr/bin/env python3
"""Every event of the log and every metric is in the reference, and the reference names nothing that is gone."""
import re
import sys

from source import files, line_of, main

EVENT = re.compile(r'log::(?:debug|info|warn|error|write)\(\s*(?:[\w:]+,\s*)?"\w+",\s*"([a-z0-9_.]+)"')
METRIC = re.compile(r'\b(?:counter|counter_function|histogram|gauge|gauges|counters|level|derived_counter|derived_histogram)\(\s*"([a-z0-9_]+)"')
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


if __name__ == '__main__':
    sys.exit(main(check))
