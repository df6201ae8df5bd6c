#!/usr/bin/env python3
"""The lint scripts themselves: each bad sample must be reported on its line, each good one must not."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import check_banned
import check_coroutines
import check_documented
import check_layers
import check_sizes
import check_words
from source import code_of

HERE = Path(__file__).resolve().parent


def lines(findings):
    return [line for _, line, _ in findings]


def write(root, tree):
    for name, content in tree.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)


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
            write(root, {'tests/lint/layers.txt': 'base:\nhttp: base\nedge: base http\napp: edge\n', path: text, **dict(extra)})
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
        self.assertEqual(self.findings('include/gatehouse/http/a.h', text), [3, 4, 5])
        self.assertEqual(self.findings('src/http/a.cpp', text), [])

    def test_differs_from_the_build(self):
        cmake = 'gatehouse_room(base LIBRARIES x)\ngatehouse_room(http ROOMS base LIBRARIES y)\ngatehouse_room(edge ROOMS base)\n'
        self.assertEqual(self.findings('src/CMakeLists.txt', cmake), [1])
        self.assertEqual(self.findings('src/CMakeLists.txt', cmake.replace('edge ROOMS base', 'edge ROOMS base http')), [])

    def test_only_app_knows_everybody(self):
        self.assertEqual(self.findings('src/base/a.cpp', '#include "gatehouse/http/h1.h"\n'), [1])
        self.assertEqual(self.findings('src/stranger/a.cpp', '#include "gatehouse/base/a.h"\n'), [1])

    def test_arrows_run_one_way(self):
        self.assertEqual(list(check_layers.cycles({'base': set(), 'http': {'base'}})), [])
        self.assertEqual(len(list(check_layers.cycles({'base': {'http'}, 'http': {'base'}}))), 1)
        self.assertEqual(len(list(check_layers.cycles({'base': {'nowhere'}}))), 1)


class Coroutines(unittest.TestCase):
    def findings(self, text):
        return lines(check_coroutines.check_text('a.cpp', text))

    def test_capturing_coroutine(self):
        for captures in ('[&]', '[=]', '[this]', '[x = y]', '[this, &z]'):
            self.assertEqual(self.findings(f'\nauto f = {captures}(int a) -> Task<int> {{\n  co_await g();\n}};\n'), [2], captures)
        self.assertEqual(self.findings('spawn(group, [&]() mutable noexcept -> Task<> { if (x) { co_return; } });'), [1])
        self.assertEqual(self.findings('auto f = [&] { co_return; };'), [1])
        for head in ('[x = Foo{}](int a) -> Task<>', '[x = a[0]]', '[x,\n y]()', '[x] mutable', '[x]() -> decltype(g(1))', '[x]<class T>(T t)'):
            self.assertEqual(self.findings(f'f({head} {{ co_yield 1; }});'), [1], head)

    def test_good_lambdas(self):
        self.assertEqual(self.findings('auto f = [](int a) -> Task<int> { co_return a; };'), [])
        self.assertEqual(self.findings('Task<> f() { std::sort(a, b, [&](int x) { return x < y; }); co_return; }'), [])
        self.assertEqual(self.findings('auto f = [&](int x) { spawn([](int y) -> Task<> { co_return; }(x)); };'), [])
        self.assertEqual(self.findings('int a[3]; x = a[i](1); { co_return; }'), [])
        self.assertEqual(self.findings('// auto f = [&]() -> Task<> { co_return; };'), [])

    def test_awaited_choice(self):
        self.assertEqual(self.findings('\n\nco_await (c ? Wait(1) : Wait(2));'), [3])
        for bad in ('(c ? read_a(x) : read_b(y))', '(a.b() ? x : Wait{})', 'f(c ? http::Answer{} : d)', 'f(1, c ? std::string("a") : b)',
                    'f(c ? a : d ? Head(1) : b).g()'):
            self.assertEqual(self.findings(f'x = co_await {bad};'), [1], bad)

    def test_good_choices(self):
        for good in ('co_await f(c ? 1 : 2);', 'co_await f(c ? size(a) : 0);', 'co_await (c ? first : second);', 'auto x = c ? A() : B(); co_await g(x);',
                     'co_await g(x); y = c ? A() : B();', 'co_return co_await f() ? 1 : 2;', 'co_await run([] { return c ? A() : B(); });'):
            self.assertEqual(self.findings(good), [], good)


class Banned(unittest.TestCase):
    def findings(self, text, name='src/http/a.cpp'):
        return lines(check_banned.check_text(name, name, text))

    def test_each_call_is_reported(self):
        for bad in ('std::chrono::steady_clock::now();', 'system_clock::now();', 'std::this_thread::sleep_for(x);', '::sleep(1);',
                    'atoi(x);', 'std::stoi(x);', 'strtol(x, 0, 10);', 'std::strtod(x, 0);', 'std::tolower(c);', 'isdigit(c);',
                    '::isspace(c);', 'rand();', 'x = random();', 'std::random_device d;', 'getaddrinfo(a, b, c, d);', 'std::regex r;',
                    'std::printf(x);', 'snprintf(a, 1, x);', 'std::fprintf(stderr, x);', 'system(x);', 'std::system(x);', 'popen(x, y);',
                    'out << std::endl;', 'using namespace std;', 'strcpy(a, b);', 'localtime(&t);', '::time(nullptr);', 'sleep(2);',
                    'std::srand(1);', '::rand();', 'mt19937 g;', 'std::all_of(a, b, ::isdigit);', 'strcasecmp(a, b);', 'std::isblank(c);',
                    'usleep(5);', '::nanosleep(&t, nullptr);', 'std::sprintf(a, x);', 'strcat(a, b);', 'std::cerr << x;', 'boost::asio::any_io_executor e;'):
            self.assertEqual(self.findings('\n' + bad), [2], bad)

    def test_what_only_looks_like_it(self):
        for good in ('// atoi(x)', 'auto s = "rand()";', 'clock.now();', 'loop.clock().system();', 'my_isdigit(c);', 'runtime::Random& random() const;',
                     'Lane(Random& r) : random(r) {}', 'from_chars(a, b, c);', 'using namespace std::chrono_literals;', 'is_digit(c);', 'uptime(x);', 'void sleep() noexcept;'):
            self.assertEqual(self.findings(good), [], good)

    def test_places_where_it_is_right(self):
        self.assertEqual(self.findings('steady_clock::now();', 'src/runtime/clock.cpp'), [])
        self.assertEqual(self.findings('system_clock::now();', 'src/base/timestamp.cpp'), [])
        self.assertEqual(self.findings('system_clock::now();', 'src/base/log.cpp'), [1])
        self.assertEqual(self.findings('getaddrinfo(a);', 'src/net/resolver.cpp'), [])
        self.assertEqual(self.findings('std::printf(x);', 'src/app/main.cpp'), [])

    def test_unit_tests_do_not_sleep(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            write(root, {'tests/unit/http/a_test.cpp': 'auto t = steady_clock::now();\nstd::this_thread::sleep_for(x);\n'})
            self.assertEqual(lines(check_banned.check(root)), [2])

    def test_exception_that_nobody_needs(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            write(root, {'src/base/timestamp.cpp': 'int a;\n'})
            self.assertEqual(lines(check_banned.check(root)), [1])
            write(root, {'src/base/timestamp.cpp': 'auto t = system_clock::now();\n'})
            self.assertEqual(lines(check_banned.check(root)), [])


class Documented(unittest.TestCase):
    def findings(self, code, events='', metrics='', errors=''):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            rows = ''.join(f'| `{name}` | x |\n' for name in ['request', 'log.lines_dropped', *events.split()])
            metric_rows = ''.join(f'| `{name}` | x |\n' for name in metrics.split())
            for name, content in [('src/http/a.cpp', code), ('docs/reference/log.md', f'## Events\n{rows}## More\n| `not.an.event` |\n'),
                                  ('docs/reference/metrics.md', f'## Metrics\n{metric_rows}'), ('docs/reference/errors.md', errors),
                                  ('docs/reference/config.md', '| `of-config` | x |\n')]:
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

    def test_slugs_of_errors(self):
        row = '| <a id="no-room"></a>`no-room` | x |\n'
        for code in ('return make_error("no-room", "x");', 'return system_error(\n  "no-room", x);', 'http::problem(404, "no-room", "x y", id)',
                     'co_await give_up(413, "refused:x", "no-room", "x y")', 'return {400, "no_room"};', 'Failure{502, "up", "no-room", "x y"}',
                     'context.report.error(spot, "profile", "no-room", "x y")', 'refuse_route(s, 404, "no-room", "x y", "refused:no_route")'):
            self.assertEqual(self.findings('\n' + code), [('a.cpp', 2)], code)
            self.assertEqual(self.findings('\n' + code, errors=row), [], code)
        self.assertEqual(self.findings('make_error("of-config", "x")'), [])
        self.assertEqual(self.findings('', errors=row), [('errors.md', 1)])


class Sizes(unittest.TestCase):
    def findings(self, text, reasons=None):
        return lines(check_sizes.check_text('a.cpp', 'a.cpp', text, set(), reasons or {}))

    @staticmethod
    def function(head, count):
        return f'{head} {{\n' + '  x();\n' * (count - 2) + '}\n'

    def test_long_functions(self):
        for head in ('void f()', 'int A::f(int x) const noexcept', 'A::A(int x) : a_(x), b_(x)', 'template <class T>\nvoid f(T t)', 'Task<> f(A a)',
                     'void f(A a = {})', 'A::A(int x) : a_{x}', 'A::A() : B<int>{1}, b_(2)', 'bool operator==(const A& b) const', 'int operator()(int a)',
                     'std::function<void(int)> f()', 'auto f() -> decltype(x())', 'template <class T>\n  requires (x<T>) void f()', 'int k{3};void f()'):
            extra = head.count('\n')
            self.assertEqual(self.findings('namespace n {\n' + self.function(head, 61 - extra) + '}\n'), [2], head)
            self.assertEqual(self.findings('namespace n {\n' + self.function(head, 60 - extra) + '}\n'), [], head)

    def test_functions_in_classes(self):
        self.assertEqual(self.findings('class A : public B {\n public:\n' + self.function('  void f()', 70) + '};\n'), [2])

    def test_tables_and_classes_are_no_functions(self):
        self.assertEqual(self.findings('constexpr int kTable[] = {\n' + '  1,\n' * 100 + '};\n'), [])
        self.assertEqual(self.findings('struct A {\n' + '  int a;\n' * 100 + '};\n'), [])
        self.assertEqual(self.findings('const auto a = make(1) = {\n' + '  1,\n' * 100 + '};\n'), [])
        self.assertEqual(self.findings('enum class A : int {\n' + '  a,\n' * 100 + '};\n'), [])

    def test_long_file(self):
        self.assertEqual(self.findings('int a;\n' * 451), [1])
        self.assertEqual(self.findings('int a;\n' * 450), [])

    def test_reasons_excuse(self):
        self.assertEqual(self.findings(self.function('void f()', 70), {'a.cpp f': 'one table'}), [])
        self.assertEqual(self.findings(self.function('void f()', 70), {'a.cpp g': 'one table'}), [1])
        self.assertEqual(self.findings('int a;\n' * 451, {'a.cpp': 'one table'}), [])

    def test_list_of_reasons(self):
        for listed, expected in [('# head\nsrc/a.cpp: one table\n', []), ('src/a.cpp:\n', [1]), ('src/a.cpp: one table\nsrc/b.cpp: gone\n', [2])]:
            with tempfile.TemporaryDirectory() as folder:
                root = Path(folder)
                write(root, {'src/a.cpp': 'int a;\n' * 451, 'tests/lint/sizes.txt': listed})
                self.assertEqual(lines(check_sizes.check(root)), expected, listed)


class Words(unittest.TestCase):
    def findings(self, tree):
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder), tree)
            return lines(check_words.check(Path(folder)))

    def test_words(self):
        for bad in ('/wo' 'rk/main', 'see shared/sp' 'ec/a.md', 'tools/with-po' 'dman run'):
            self.assertEqual(self.findings({'docs/a.md': f'x\n{bad}\n'}), [2], bad)
        for good in ('network/wo' 'rk/a', 'a work/b', 'shared specification', 'tests/with-po' 'dman'):
            self.assertEqual(self.findings({'docs/a.md': f'x\n{good}\n'}), [], good)

    def test_only_tracked_text(self):
        self.assertEqual(self.findings({'build/a.txt': '/wo' 'rk/x\n', 'a.bin': '\0/wo' 'rk/x\n'}), [])
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            write(root, {'in.md': '/wo' 'rk/x\n', 'out.md': '/wo' 'rk/x\n'})
            subprocess.run(['git', 'init', '-q', folder], check=True)
            subprocess.run(['git', '-C', folder, 'add', 'in.md'], check=True)
            self.assertEqual([path.name for path, _, _ in check_words.check(root)], ['in.md'])


PAGES = {'docs/reference/log.md': '## Events\n| `request` |\n| `log.lines_dropped` |\n', 'docs/reference/metrics.md': '## Metrics\n', 'docs/reference/errors.md': '',
         'docs/reference/config.md': ''}
# Each script: a tree that it refuses, the beginning of what it says, and a tree that it accepts.
SCRIPTS = {
    'check_banned.py': ({'src/http/a.cpp': '\natoi(x);\n'}, 'src/http/a.cpp:2: atoi: ', {'src/http/a.cpp': 'from_chars(x);\n'}),
    'check_coroutines.py': ({'src/http/a.cpp': 'auto f = [&]() -> Task<> { co_return; };\n'}, 'src/http/a.cpp:1: lambda with captures [&]',
                            {'src/http/a.cpp': 'auto f = []() -> Task<> { co_return; };\n'}),
    'check_documented.py': ({'src/http/a.cpp': 'log::info("http", "a.b");\n', **PAGES}, 'src/http/a.cpp:1: a.b ', PAGES),
    'check_layers.py': ({'src/base/a.cpp': '#include "gatehouse/http/a.h"\n', 'tests/lint/layers.txt': 'base:\nhttp: base\n'},
                        'src/base/a.cpp:1: room base may not use http',
                        {'src/http/a.cpp': '#include "gatehouse/base/a.h"\n', 'tests/lint/layers.txt': 'base:\nhttp: base\n'}),
    'check_sizes.py': ({'src/a.cpp': 'void f() {\n' + 'x();\n' * 60 + '}\n'}, 'src/a.cpp:1: f() has 62 lines', {'src/a.cpp': 'void f() {}\n'}),
    'check_words.py': ({'a.md': 'in /wo' 'rk/x\n'}, 'a.md:1: "/wo' 'rk/"', {'a.md': 'in build/x\n'}),
}


class Scripts(unittest.TestCase):
    def run_on(self, script, tree):
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder), tree)
            done = subprocess.run([sys.executable, str(HERE / script), folder], capture_output=True, text=True, check=False)
            self.assertEqual(done.stderr, '', script)
            return done.returncode, done.stdout

    def test_each_refuses_and_accepts(self):
        for script, (bad, said, good) in SCRIPTS.items():
            code, output = self.run_on(script, bad)
            self.assertEqual((code, output[:len(said)], output.count('\n')), (1, said, 1), script)
            self.assertEqual(self.run_on(script, good), (0, ''), script)

    def test_each_script_is_here(self):
        self.assertEqual({path.name for path in HERE.glob('*.py')}, {*SCRIPTS, 'selftest.py'})


if __name__ == '__main__':
    unittest.main()
