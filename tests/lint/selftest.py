#!/usr/bin/env python3
"""The lint scripts themselves: each bad sample must be reported on its line, each good one must not."""
import tempfile
import unittest
from pathlib import Path

import check_banned
import check_coroutines
import check_documented
import check_layers
import check_sizes
from source import code_of


def lines(findings):
    return [line for _, line, _ in findings]


class Source(unittest.TestCase):
    def test_blanks_comments_and_literals_in_place(self):
        text = 'a("x{//", \'{\', R"(})", 1\'000); // {\n/* {\n */ b'
        code = code_of(text)
        self.assertEqual(len(code), len(text))
        self.assertNotIn('{', code)
        self.assertNotIn('}', code)
        self.assertEqual(code.count('\n'), 2)
        self.assertTrue(code.endswith(' b'))

    def test_keeps_includes(self):
        self.assertEqual(code_of('#include "a.h"\n'), '#include "a.h"\n')


class Layers(unittest.TestCase):
    def findings(self, path, text, extra=()):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for name, content in [('tests/lint/layers.txt', 'base:\nhttp: base\nedge: base http\napp: edge\n'), (path, text), *extra]:
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(content)
            return lines(check_layers.check(root))

    def test_arrow_that_is_not_allowed(self):
        self.assertEqual(self.findings('src/http/a.cpp', '\n#include "gatehouse/edge/server.h"\n'), [2])
        self.assertEqual(self.findings('include/gatehouse/base/a.h', '#include <gatehouse/http/h1.h>\n'), [1])

    def test_arrow_that_is_allowed(self):
        self.assertEqual(self.findings('src/edge/a.cpp', '#include "gatehouse/http/h1.h"\n#include "gatehouse/edge/a.h"\n'), [])
        self.assertEqual(self.findings('src/app/a.cpp', '#include "gatehouse/http/h1.h"\n'), [])

    def test_header_of_another_room(self):
        other = [('src/http/private.h', '')]
        self.assertEqual(self.findings('src/edge/a.cpp', '#include "private.h"\n', other), [1])
        self.assertEqual(self.findings('src/edge/a.cpp', '#include "../http/private.h"\n', other), [1])
        self.assertEqual(self.findings('src/http/a.cpp', '#include "private.h"\n', other), [])

    def test_third_party_header_in_a_door(self):
        text = '#include <vector>\n#include <sys/uio.h>\n#include <boost/asio/io_context.hpp>\n#include <boost/beast.hpp>\n#include <openssl/ssl.h>\n'
        self.assertEqual(self.findings('include/gatehouse/http/a.h', text), [4, 5])
        self.assertEqual(self.findings('src/http/a.cpp', text), [])

    def test_differs_from_the_build(self):
        cmake = 'gatehouse_room(base LIBRARIES x)\ngatehouse_room(http ROOMS base LIBRARIES y)\ngatehouse_room(edge ROOMS base)\n'
        self.assertEqual(self.findings('src/CMakeLists.txt', cmake), [1])
        self.assertEqual(self.findings('src/CMakeLists.txt', cmake.replace('edge ROOMS base', 'edge ROOMS base http')), [])


class Coroutines(unittest.TestCase):
    def findings(self, text):
        return lines(check_coroutines.check_text('a.cpp', text))

    def test_capturing_coroutine(self):
        for captures in ('[&]', '[=]', '[this]', '[x = y]', '[this, &z]'):
            self.assertEqual(self.findings(f'\nauto f = {captures}(int a) -> Task<int> {{\n  co_await g();\n}};\n'), [2], captures)
        self.assertEqual(self.findings('spawn(group, [&]() mutable noexcept -> Task<> { if (x) { co_return; } });'), [1])
        self.assertEqual(self.findings('auto f = [&] { co_return; };'), [1])

    def test_good_lambdas(self):
        self.assertEqual(self.findings('auto f = [](int a) -> Task<int> { co_return a; };'), [])
        self.assertEqual(self.findings('Task<> f() { std::sort(a, b, [&](int x) { return x < y; }); co_return; }'), [])
        self.assertEqual(self.findings('auto f = [&](int x) { spawn([](int y) -> Task<> { co_return; }(x)); };'), [])
        self.assertEqual(self.findings('int a[3]; x = a[i](1); { co_return; }'), [])
        self.assertEqual(self.findings('// auto f = [&]() -> Task<> { co_return; };'), [])

    def test_awaited_choice(self):
        self.assertEqual(self.findings('\n\nco_await (c ? Wait(1) : Wait(2));'), [3])
        self.assertEqual(self.findings('co_await f(c ? 1 : 2);'), [])


class Banned(unittest.TestCase):
    def findings(self, text, name='src/http/a.cpp'):
        return lines(check_banned.check_text(name, name, text))

    def test_each_call_is_reported(self):
        for bad in ('std::chrono::steady_clock::now();', 'system_clock::now();', 'std::this_thread::sleep_for(x);', '::sleep(1);',
                    'atoi(x);', 'std::stoi(x);', 'strtol(x, 0, 10);', 'std::strtod(x, 0);', 'std::tolower(c);', 'isdigit(c);',
                    '::isspace(c);', 'rand();', 'x = random();', 'std::random_device d;', 'getaddrinfo(a, b, c, d);', 'std::regex r;',
                    'std::printf(x);', 'snprintf(a, 1, x);', 'std::fprintf(stderr, x);', 'system(x);', 'std::system(x);', 'popen(x, y);',
                    'out << std::endl;', 'using namespace std;', 'strcpy(a, b);', 'localtime(&t);', '::time(nullptr);'):
            self.assertEqual(self.findings('\n' + bad), [2], bad)

    def test_what_only_looks_like_it(self):
        for good in ('// atoi(x)', 'auto s = "rand()";', 'clock.now();', 'loop.clock().system();', 'my_isdigit(c);', 'runtime::Random& random() const;',
                     'Lane(Random& r) : random(r) {}', 'from_chars(a, b, c);', 'using namespace std::chrono_literals;', 'is_digit(c);', 'uptime(x);'):
            self.assertEqual(self.findings(good), [], good)

    def test_places_where_it_is_right(self):
        self.assertEqual(self.findings('steady_clock::now();', 'src/runtime/clock.cpp'), [])
        self.assertEqual(self.findings('system_clock::now();', 'src/base/timestamp.cpp'), [])
        self.assertEqual(self.findings('system_clock::now();', 'src/base/log.cpp'), [1])
        self.assertEqual(self.findings('getaddrinfo(a);', 'src/net/resolver.cpp'), [])
        self.assertEqual(self.findings('std::printf(x);', 'src/app/main.cpp'), [])


class Documented(unittest.TestCase):
    def findings(self, code, events='', metrics=''):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            rows = ''.join(f'| `{name}` | x |\n' for name in ['request', 'log.lines_dropped', *events.split()])
            metric_rows = ''.join(f'| `{name}` | x |\n' for name in metrics.split())
            for name, content in [('src/http/a.cpp', code), ('docs/reference/log.md', f'## Events\n{rows}## More\n| `not.an.event` |\n'),
                                  ('docs/reference/metrics.md', f'## Metrics\n{metric_rows}')]:
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(content)
            return [(path.name, line) for path, line, _ in check_documented.check(root)]

    def test_missing_and_stale(self):
        code = '\n  log::info("http", "a.b",\n            "x");\n  registry.counter("gatehouse_x_total", "X.");\n'
        self.assertEqual(self.findings(code, 'a.b', 'gatehouse_x_total'), [])
        self.assertEqual(self.findings(code, '', 'gatehouse_x_total'), [('a.cpp', 2)])
        self.assertEqual(self.findings(code, 'a.b', ''), [('a.cpp', 4)])
        self.assertEqual(self.findings('', 'a.b', ''), [('log.md', 4)])
        self.assertEqual(self.findings('', '', 'gatehouse_x_total'), [('metrics.md', 2)])


class Sizes(unittest.TestCase):
    def findings(self, text, reasons=None):
        return lines(check_sizes.check_text('a.cpp', 'a.cpp', text, set(), reasons or {}))

    @staticmethod
    def function(head, count):
        return f'{head} {{\n' + '  x();\n' * (count - 2) + '}\n'

    def test_long_functions(self):
        for head in ('void f()', 'int A::f(int x) const noexcept', 'A::A(int x) : a_(x), b_(x)', 'template <class T>\nvoid f(T t)', 'Task<> f(A a)'):
            extra = head.count('\n')
            self.assertEqual(self.findings('namespace n {\n' + self.function(head, 61 - extra) + '}\n'), [2], head)
            self.assertEqual(self.findings('namespace n {\n' + self.function(head, 60 - extra) + '}\n'), [], head)

    def test_functions_in_classes(self):
        self.assertEqual(self.findings('class A : public B {\n public:\n' + self.function('  void f()', 70) + '};\n'), [2])

    def test_tables_and_classes_are_no_functions(self):
        self.assertEqual(self.findings('constexpr int kTable[] = {\n' + '  1,\n' * 100 + '};\n'), [])
        self.assertEqual(self.findings('struct A {\n' + '  int a;\n' * 100 + '};\n'), [])

    def test_long_file(self):
        self.assertEqual(self.findings('int a;\n' * 451), [1])
        self.assertEqual(self.findings('int a;\n' * 450), [])

    def test_reasons_excuse(self):
        self.assertEqual(self.findings(self.function('void f()', 70), {'a.cpp f': 'one table'}), [])
        self.assertEqual(self.findings(self.function('void f()', 70), {'a.cpp g': 'one table'}), [1])
        self.assertEqual(self.findings('int a;\n' * 451, {'a.cpp': 'one table'}), [])


if __name__ == '__main__':
    unittest.main()
