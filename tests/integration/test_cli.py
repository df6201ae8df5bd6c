"""The command line: help, suggestions, exit codes, JSON, what a terminal and a pipe get to see."""
import fcntl
import json
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import termios
import unittest

from mcp import *

ESCAPE = b"\x1b"
NOUNS = ("config", "users", "keys", "certs", "state", "backup")
# What each verb needs besides flags, where it needs something.
WORDS = {
    "check": ["FILE"], "tools": ["child"], "call": ["child", "echo"], "users add": ["ada", "--password-file", "FILE"],
    "proxy": ["--to", "127.0.0.1:9"], "mcp": ["--", "true"], "init": ["--domain", "a.test", "--to", "127.0.0.1:9"],
    "keys add": ["--name", "x"], "keys revoke": ["1"], "completion": ["bash"],
    "certs show": ["a.test"], "certs issue": ["a.test"], "certs renew": ["a.test"], "certs revoke": ["a.test"], "certs dns-record": ["a.test"],
    "certs import": ["a.test", "--cert", "FILE", "--key", "FILE"], "certs export": ["a.test", "--to", "DIR"],
    "backup verify": ["state-1"], "restore": ["state-1", "--into", "scratch"],
}


def run(*words, env=None, input="", cwd=None):
    return subprocess.run([binary(), *words], env=clean_environment(env), cwd=cwd, input=input, capture_output=True, text=True,
                          timeout=DEADLINE * 3)


def run_in_terminal(columns, *words, env=None, cwd=None, stream="stdout"):
    """What a terminal of that width shows of that stream, as bytes, and the exit code."""
    master, slave = pty.openpty()
    try:
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))
        environment = {"TERM": "xterm"} | (env or {})
        streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: slave}
        process = subprocess.Popen([binary(), *words], env=clean_environment(environment), cwd=cwd, stdin=subprocess.DEVNULL, **streams)
        os.close(slave)
        slave = None
        shown = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:  # EIO: nobody has the other end any more
                break
            if not piece:
                break
            shown += piece
        return shown.replace(b"\r\n", b"\n"), process.wait(DEADLINE)
    finally:
        os.close(master)
        if slave is not None:
            os.close(slave)


def listed(text):
    """The names under `Subcommands:`."""
    return re.findall(r"^  ([\w-]+) ", text.split("Subcommands:")[1], re.M)


def examples(text):
    """What stands between the first line and the usage."""
    return text.split("Usage: ")[0].split("\n\n", 1)[1]


def all_verbs():
    first = listed(run("--help").stdout)
    return [name for name in first if name not in NOUNS] + \
        [f"{noun} {name}" for noun in NOUNS for name in listed(run(noun, "--help").stdout)]


def helps():
    return {verb: run(*verb.split(), "--help").stdout for verb in all_verbs()}


class CommandTest(DaemonTest):
    def assert_refused(self, done, code, *words):
        """That exit code, an error on stderr that holds the words, and nothing on stdout."""
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        self.assertTrue(done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def assert_document(self, done, code=0):
        self.assertEqual(done.returncode, code, done.stderr)
        document = json.loads(done.stdout)
        self.assertEqual(sorted(document), ["items", "kind", "version"])
        self.assertRegex(document["kind"], r"^[A-Z][A-Za-z]+$")
        self.assertEqual(document["version"], 1)
        self.assertIsInstance(document["items"], list)
        return document["items"]

    def write(self, document):
        path = self.temporary_directory() / "gatehouse.yaml"
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return path


class HelpTest(CommandTest):
    def test_every_verb_has_an_example_and_its_usage(self):
        verbs = helps()
        self.assertGreater(len(verbs), 18)
        for verb, text in verbs.items():
            with self.subTest(verb):
                self.assertIn(f"Usage: gatehouse {verb}", text)
                self.assertRegex(examples(text), rf"(?m)^  .*gatehouse {verb}\b")

    def test_help_of_a_verb_is_its_flag(self):
        for verb in ("check", "config show", "keys", "call"):
            with self.subTest(verb):
                self.assertEqual(run("help", *verb.split()).stdout, run(*verb.split(), "--help").stdout)

    def test_nouns_list_their_verbs_and_examples(self):
        for noun in NOUNS:
            with self.subTest(noun):
                text = run(noun, "--help").stdout
                self.assertIn(f"Usage: gatehouse {noun} ", text)
                for verb in listed(text):
                    self.assertRegex(examples(text), rf"(?m)^  .*gatehouse {noun} {verb}\b")

    def test_lists_of_verbs_fit_a_terminal(self):
        for noun in ("", *NOUNS):
            lines = run(*noun.split(), "--help").stdout.split("Subcommands:\n")[1].split("\n\n")[0].splitlines()
            self.assertLessEqual(max(map(len, lines)), 80, noun)

    def test_the_list_of_verbs_is_one_line_each(self):
        text = run("--help").stdout
        lines = text.split("Subcommands:\n")[1].split("\n\n")[0].splitlines()
        self.assertEqual(len(lines), len(listed(text)))

    def test_no_verb_is_the_help_and_wrong(self):
        self.assert_refused(run(), 2, "Usage: gatehouse ", "Subcommands:")
        for noun in NOUNS:
            self.assert_refused(run(noun), 2, f"Usage: gatehouse {noun} ")

    def test_did_you_mean(self):
        for words, meant in [("chek", "check"), ("sttaus", "status"), ("users ad", "add"), ("config shwo", "show"),
                             ("help demmo", "demo"), ("help keys revok", "revoke")]:
            with self.subTest(words):
                self.assert_refused(run(*words.split()), 2, f"did you mean '{meant}'?", "[unknown-verb]")
        self.assert_refused(run("xylophone"), 2, "gatehouse help", "[unknown-verb]")

    def test_verbs_that_are_decided_and_not_built_say_so(self):
        for words in ("logs", "doctor", "top", "help logs", "config migrate old.yaml", "logs postgres -f"):
            with self.subTest(words):
                self.assert_refused(run(*words.split()), 2, "is not in this version", "[not-available]")

    def test_an_unknown_flag_is_named(self):
        for words, flag, meant in [("status --fromat json", "--fromat", "--format"), ("keys add --nmae x", "--nmae", "--name"),
                                   ("run --log-fromat=json", "--log-fromat", "--log-format"), ("--versoin", "--versoin", "--version")]:
            with self.subTest(words):
                self.assert_refused(run(*words.split()), 2, f"no flag '{flag}'", f"did you mean '{meant}'?", "[bad-arguments]")
        self.assert_refused(run("status", "one", "two"), 2, "'one' is one word too many", "gatehouse help status")
        self.assert_refused(run("keys", "revoke"), 2, "gatehouse help keys revoke")

    def test_lines_of_help_fit_a_terminal(self):
        for verb, text in {"": run("--help").stdout, **helps()}.items():
            for line in text.splitlines():
                self.assertLessEqual(len(line), 80, f"{verb}: {line}")

    def test_wrong_arguments(self):
        for words in ("status --nonsense", "status --format xml", "check", "keys revoke abc", "keys add", "tools", "call child",
                      "status --timeout 0", "status --timeout 2d", "status --timeout 5x", "demo --stdio --http 127.0.0.1:0", "version more", "--nonsense"):
            with self.subTest(words):
                self.assert_refused(run(*words.split()), 2, "[bad-arguments]")

    def test_completion(self):
        script = run("completion", "bash").stdout
        checked = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True)
        self.assertEqual((checked.returncode, checked.stderr), (0, ""))
        for line, word in [("gatehouse stat", "status state"), ("gatehouse statu", "status"), ("gatehouse users li", "list"), ("gatehouse config ref", "reference")]:
            words = line.split()
            ask = f'{script}\nCOMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _gatehouse; printf "%s" "${{COMPREPLY[*]}}"'
            self.assertEqual(subprocess.run(["bash", "-c", ask], capture_output=True, text=True).stdout, word)
        ask = f'{script}\nCOMP_WORDS=(gatehouse status --format j); COMP_CWORD=3; _gatehouse; printf "%s" "${{COMPREPLY[*]}}"'
        self.assertEqual(subprocess.run(["bash", "-c", ask], capture_output=True, text=True).stdout, "json")
        for shell, test in (("zsh", "-n"), ("fish", "--no-execute")):
            with self.subTest(shell):
                path = self.temporary_directory() / "script"
                path.write_text(run("completion", shell).stdout)
                self.assertIn("users", path.read_text())
                checked = subprocess.run([shell, test, path], capture_output=True, text=True)
                self.assertEqual((checked.returncode, checked.stderr), (0, ""))
        asked = run("completion", "fish").stdout + 'complete -C "gatehouse users l"\ncomplete -C "gatehouse statu"\n'
        done = subprocess.run(["fish", "--private"], input=asked, capture_output=True, text=True, env={**os.environ, "HOME": str(self.temporary_directory())})
        self.assertEqual(done.stdout.split(), ["list", "status"])
        self.assert_refused(run("completion", "tcsh"), 2, "[unknown-shell]")


class OneLineTest(CommandTest):
    def begin(self, *words, port):
        place = self.temporary_directory()
        process = subprocess.Popen([binary(), *words], env=clean_environment({"TMPDIR": str(place)}), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait, DEADLINE)
        self.addCleanup(process.terminate)

        def listens():
            self.assertIsNone(process.poll())
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0
        wait_until(listens, "a listener")
        return process, place

    def test_proxy(self):
        backend, port = self.backend(), free_port()
        process, place = self.begin("proxy", "--from", f"127.0.0.1:{port}", "--to", f"http://{backend.name}/", port=port)
        self.assertEqual(fetch(("127.0.0.1", port)).status, 200)
        self.assertEqual(len(list(place.iterdir())), 1)
        process.terminate()
        self.assertEqual(process.wait(DEADLINE), 0)
        self.assertEqual(list(place.iterdir()), [])

    def test_mcp_server(self):
        port = free_port()
        self.begin("mcp", "--from", f"127.0.0.1:{port}", "--", *CHILD, port=port)
        self.assertEqual(RawClient(("127.0.0.1", port)).open().call("echo", text="a b"), "a b")

    def test_prints_what_it_would_run(self):
        for words in (["proxy", "--to", "127.0.0.1:9000", "--to", "[::1]:9000"], ["mcp", "--", "sh", "-c", "echo \"$HOME\" '#' \\n"],
                      ["mcp", "--from", ":9090", "--", "server"]):
            with self.subTest(words):
                text = run(words[0], "--print-config", *words[1:]).stdout
                self.assertEqual(run("check", "-", input=text).returncode, 0, text)
                self.assertEqual("auth: none" in text, words[0] == "mcp" and words[1] == "--")
        shown = json.loads(run("config", "show", "--config", self.write(run("mcp", "--print-config", "--", "sh", "$HOME $$").stdout), "--format", "json").stdout)
        self.assertIn("$HOME $$", json.dumps(shown))

    def test_a_wrong_address_is_told(self):
        self.assert_refused(run("proxy", "--from", "here", "--to", "127.0.0.1:9"), 2, "listeners.http.address")
        self.assert_refused(run("proxy", "--to", "https://a.test"), 2)

    def test_init(self):
        path = self.temporary_directory() / "gatehouse.yaml"
        words = ["init", "--domain", "api.example.com", "--domain", "www.example.com", "--to", "127.0.0.1:9000", "--file", str(path)]
        for extra in ([], ["--email", "ops@example.com"], []):
            done = run(*words, *extra)
            self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
            self.assertIn("next: ", done.stderr)
            self.assertEqual(run("check", str(path)).returncode, 0)
        self.assertEqual(sorted(one.name for one in path.parent.iterdir()), ["gatehouse.yaml", "gatehouse.yaml.1", "gatehouse.yaml.2"])
        self.assertIn("ops@example.com", (path.parent / "gatehouse.yaml.2").read_text())
        before = path.read_text()
        self.assert_refused(run("init", "--domain", "a b", "--to", "127.0.0.1:9000", "--file", str(path)), 2)
        self.assertEqual(path.read_text(), before)
        self.assert_refused(run(*words[:-1], str(path.parent / "no" / "where.yaml")), 1, "[output-failed]")


class QuickstartTest(CommandTest):
    def test_wrong_words(self):
        for words in (["--chek"], ["--check", "--check"], ["help"]):
            done = subprocess.run([ROOT / "deploy/quickstart", *words], capture_output=True, text=True, timeout=DEADLINE)
            self.assert_refused(done, 2, f"'{words[-1]}'", "deploy/quickstart [--check]")


class OfflineTest(CommandTest):
    def test_check(self):
        good, bad = self.write({"listeners": {"http": {"address": "127.0.0.1:0"}}}), self.write({"listners": {}})
        done = run("check", good)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
        self.assert_refused(run("check", bad), 2, "listners", "listeners")
        self.assertEqual(self.assert_document(run("check", good, "--format", "json")), [])
        self.assertTrue(self.assert_document(run("check", bad, "--format", "json"), 2))
        self.assertEqual(run("check", "-", input=good.read_text()).returncode, 0)
        self.assert_refused(run("check", "/nonexistent/gatehouse.yaml"), 2, "/nonexistent/gatehouse.yaml")
        self.assert_refused(run("check", ""), 2, "FILE", "is empty", "[bad-arguments]")
        self.assert_refused(run("config", "show", "--config", ""), 2, "--config", "is empty")

    def test_the_configurations_of_the_project_are_valid(self):
        secrets = {"GATEWAY_SECRET_KEY": "k" * 40, "GATEWAY_ADMIN_PASSWORD": "correct-Horse-battery-9"}
        for path in sorted((ROOT / "config").glob("*.yaml")):
            with self.subTest(path.name):
                done = run("check", path, env=secrets)
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_check_refuses_the_certificates_that_a_start_refuses(self):
        here = self.temporary_directory()
        chain, key = make_certificate(here, "one")
        _, other = make_certificate(here, "two")
        config = {"listeners": {"https": {"address": "127.0.0.1:0"}},
                  "certificates": {"mode": "manual", "files": [{"chain": str(chain), "key": str(key)}]}}
        path = self.write(config)
        self.assertEqual(run("check", path).returncode, 0)
        key.chmod(0o644)
        self.assert_refused(run("check", path), 2, f"{path}:1:", "certificates.files[0].key: ", str(key), "[key-permissions]")
        key.chmod(0o600)
        key.write_text("junk")
        self.assert_refused(run("check", path), 2, "certificates.files[0].key: ", "[key-unreadable]")
        key.write_bytes(other.read_bytes())
        self.assert_refused(run("check", path), 2, "certificates.files[0].key: ", "[key-mismatch]")
        chain.write_text("junk")
        self.assert_refused(run("check", path), 2, "certificates.files[0].chain: ", "[certificate-unreadable]")

    def test_configuration_verbs(self):
        path = self.write({"listeners": {"http": {"address": "127.0.0.1:4711"}}, "access": {"secret_key": "env:SECRET"}})
        env = {"SECRET": "a" * 40}
        shown = self.assert_document(run("config", "show", "--config", path, "--format", "json", env=env))
        self.assertIn("127.0.0.1:4711", [item["value"] for item in shown])
        self.assertNotIn("a" * 40, json.dumps(shown))
        explained = self.assert_document(run("config", "explain", "listeners.http.address", "--config", path, "--format", "json", env=env))
        self.assertEqual(explained[0]["from"]["tier"], "file")
        self.assert_refused(run("config", "explain", "listeners.http.adress", "--config", path, env=env), 2, "listeners.http.address")
        bad = self.write({"listners": {}})
        for verb in ("show", "explain"):
            self.assert_refused(run("config", verb, "--config", bad), 2, "listners")

    def test_texts_of_the_configuration(self):
        self.assertIn("properties", json.loads(run("config", "schema").stdout))
        self.assertEqual(run("config", "reference").stdout, (ROOT / "docs/reference/config.md").read_text())
        self.assertEqual(run("help", "--markdown").stdout, (ROOT / "docs/reference/cli.md").read_text())

    def test_version(self):
        self.assertRegex(run("version").stdout, r"^gatehouse \d+\.\d+\.\d+\n$")
        self.assertEqual(run("--version").stdout, run("version").stdout)
        self.assertIn("OpenSSL", run("version", "--verbose").stdout)
        self.assertIn("version", self.assert_document(run("version", "--format", "json"))[0])

    def test_without_a_daemon(self):
        secret = self.write("correct horse battery\n")
        chain, key = make_certificate(self.temporary_directory(), "a.test")
        more = {"certs import": ["a.test", "--cert", str(chain), "--key", str(key)]}
        asking = [verb for verb, text in helps().items() if "--socket" in text and verb != "health"]  # which is silent
        self.assertGreater(len(asking), 8)
        for verb in asking:
            with self.subTest(verb):
                words = more.get(verb) or [str(secret) if word == "FILE" else word for word in WORDS.get(verb, [])]
                done = run(*verb.split(), *words, "--socket", "/nonexistent/admin.sock")
                self.assert_refused(done, 3, "/nonexistent/admin.sock", "[daemon-unreachable]")

    def test_every_place_that_was_tried_is_named(self):
        here = self.temporary_directory()
        env = {"RUNTIME_DIRECTORY": f"{here}/run", "STATE_DIRECTORY": f"{here}/state:/other"}
        done = run("status", env=env, cwd=here)
        for place in (f"{here}/run/admin.sock", f"{here}/state/admin.sock", "/run/gatehouse/admin.sock", "/var/lib/gatehouse/admin.sock"):
            self.assertIn(place, done.stderr)
        self.assertEqual(done.returncode, 3)

    def test_wrong_words_about_the_daemon_are_wrong_input(self):
        self.assert_refused(run("status", "--url", "ftp://127.0.0.1"), 2, "[bad-url]")
        self.assert_refused(run("status", "--url", "http://127.0.0.1:1", "--key-file", "/nonexistent/key"), 2, "/nonexistent/key")

    def test_a_daemon_that_needs_longer_is_not_away(self):
        with socket.create_server(("127.0.0.1", 0)) as slow:
            for given, shown in (("1", "1000 ms"), ("250ms", "250 ms")):
                done = run("status", "--url", f"http://127.0.0.1:{slow.getsockname()[1]}", "--timeout", given)
                self.assert_refused(done, 1, f"did not answer within {shown}", "--timeout", "[timeout]")

    def test_what_cannot_be_written_is_noticed(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([binary(), "version"], stdout=full, stderr=subprocess.PIPE, env=clean_environment(), text=True)
        self.assertEqual((done.returncode, "[output-failed]" in done.stderr), (1, True), done.stderr)
        done = subprocess.run(["bash", "-c", f"{binary()} version >&-"], stderr=subprocess.PIPE, env=clean_environment(), text=True)
        self.assertEqual((done.returncode, "[output-failed]" in done.stderr), (1, True), done.stderr)

    def test_a_reader_that_has_enough(self):
        done = subprocess.run(["bash", "-c", f"set -o pipefail; {binary()} config reference | head -1"], capture_output=True,
                              env=clean_environment(), text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_daemon_cannot_start(self):
        path = self.write({"listeners": {"http": {"address": "192.0.2.1:1"}}, "state": {"directory": str(self.temporary_directory() / "s")}})
        self.assertEqual(run("run", "--config", path).returncode, 1)
        self.assertEqual(run("run", "--config", self.write({"listners": {}})).returncode, 2)


class TerminalTest(CommandTest):
    def setUp(self):
        self.path = self.write({"listeners": {"a" * 40: {"address": "127.0.0.1:4711"}}, "log": {"level": "info"}})
        self.words = ("config", "show", "--config", str(self.path))

    def test_tables_fit_the_terminal(self):
        for columns in (40, 60, 100, 200):
            with self.subTest(columns):
                shown, code = run_in_terminal(columns, *self.words, env={"NO_COLOR": "1"})
                self.assertEqual(code, 0)
                lines = shown.decode().splitlines()
                self.assertGreater(len(lines), 10)
                self.assertLessEqual(max(map(len, lines)), columns)

    def test_pipes_get_whole_lines(self):
        self.assertIn("listeners." + "a" * 40 + ".address", run(*self.words).stdout)

    def test_colour_only_on_terminals_that_want_it(self):
        self.assertIn(ESCAPE, run_in_terminal(80, *self.words)[0])
        for env, more in [({"NO_COLOR": "1"}, ()), ({"TERM": "dumb"}, ()), ({}, ("--no-color",))]:
            with self.subTest(env=env, more=more):
                self.assertNotIn(ESCAPE, run_in_terminal(80, *self.words, *more, env=env)[0])

    def test_errors_of_a_check_have_colours_on_a_terminal(self):
        path = str(self.write({"lsteners": {}}))
        plain, code = run_in_terminal(80, "check", path, env={"NO_COLOR": "1"}, stream="stderr")
        self.assertEqual(code, 2)
        self.assertIn(b"no key is called 'lsteners' here", plain)
        self.assertIn(b"did you mean 'listeners'?", plain)
        self.assertNotIn(ESCAPE, plain)
        shown = run_in_terminal(80, "check", path, stream="stderr")[0]
        self.assertEqual(re.sub(rb"\x1b\[\d*m", b"", shown), plain)
        self.assertIn(b"\x1b[31mno key is called 'lsteners' here\x1b[0m", shown)
        self.assertEqual(run_in_terminal(80, "check", path, "--no-color", stream="stderr")[0], plain)

    def test_no_escape_in_a_pipe(self):
        for words in (self.words, ("--help",), ("version", "--verbose"), ("chek",), ("check", "/nonexistent")):
            done = run(*map(str, words), env={"TERM": "xterm"})
            self.assertNotIn(ESCAPE.decode(), done.stdout + done.stderr)


class DaemonVerbTest(CommandTest):
    def setUp(self):
        self.daemon = self.start(mcp_config({"child": {"command": CHILD}}) | {"listeners": {"http": {}, "https": {}}})

    def ask(self, *words, **options):
        return run(*words, "--socket", str(self.daemon.socket_path), **options)

    def test_every_read_verb_speaks_json(self):
        path = str(self.daemon.config_path)
        words = {**WORDS, "check": [path], "call": ["child", "echo", "--arg", "text=x"]}
        offline = {"check": [], "version": [], "config show": ["--config", path], "config explain": ["--config", path]}
        words["certs show"] = ["localhost"]
        makes = {"users add", "keys add", "state copy"} | {"backup verify", "backup drill", "restore"}  # the last need a backup
        makes |= {f"certs {verb}" for verb in ("issue", "renew", "revoke", "import", "export", "dns-record")}  # in test_certs
        reading = [verb for verb, text in helps().items() if "--format" in text and verb not in makes]
        self.assertGreater(len(reading), 8)
        for verb in reading:
            with self.subTest(verb):
                where = offline.get(verb, ["--socket", str(self.daemon.socket_path)])
                self.assert_document(run(*verb.split(), *words.get(verb, []), *where, "--format", "json"))

    def test_status_shows_only_what_it_knows(self):
        text = self.ask("status").stdout
        header = next(line for line in text.splitlines() if line.startswith("MCP SERVER"))
        self.assertEqual(re.split(r"  +", header), ["MCP SERVER", "TRANSPORT", "STATE", "SESSIONS", "PROCESSES", "CALLS/MIN", "LAST ERROR"])
        self.assertNotIn(ESCAPE.decode(), text)

    def test_health_is_silent(self):
        done = self.ask("health")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        done = run("health", "--socket", str(self.temporary_directory() / "nobody.sock"))
        self.assertEqual((done.returncode, done.stdout, done.stderr), (3, "", ""))
        self.assert_refused(run("health", "--url", "ftp://a.test"), 2, "[bad-url]")

    def test_calls(self):
        self.assertEqual(self.ask("call", "child", "echo", "--arg", "text=a b").stdout, "a b\n")
        self.assertEqual(self.ask("call", "child", "echo", "--json", '{"text":"x"}').stdout, "x\n")
        self.assert_refused(self.ask("call", "child", "ecco"), 2, "did you mean 'echo'?")
        self.assert_refused(self.ask("call", "child", "echo", "--arg", "text"), 2, "[bad-arguments]")
        self.assert_refused(self.ask("call", "child", "die"), 1)
        self.assert_refused(self.ask("call", "chidl", "echo"), 2, "did you mean 'child'?", "[unknown-server]")

    def test_an_unknown_server_is_not_looked_for_in_the_application(self):
        backend = self.backend()
        daemon = self.start(proxy_config(backend, mcp={"servers": {"child": {"command": CHILD}}}))
        done = run("tools", "nope", "--socket", str(daemon.socket_path))
        self.assert_refused(done, 2, "no MCP server is called 'nope'", "[unknown-server]")
        self.assertEqual(backend.requests, [])

    def test_ctrl_c_ends_the_call_and_its_session(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                process = subprocess.Popen([binary(), "call", "child", "silent", "--socket", self.daemon.socket_path],
                                           env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                with process:
                    wait_until(lambda: self.sessions() == 1 and self.daemon.children(), "the session and its child")
                    process.send_signal(number)
                    self.assertEqual(process.wait(DEADLINE), 128 + number, process.stderr.read())
                wait_until(lambda: self.sessions() == 0 and not self.daemon.children(), "the end of the session")

    def sessions(self):
        return json.loads(self.ask("status", "--format", "json").stdout)["items"][0]["mcp_servers"][0]["sessions"]

    def test_the_socket_is_found_where_the_daemon_puts_it(self):
        where = self.temporary_directory()
        dead = where / "run"
        dead.mkdir()
        with socket.socket(socket.AF_UNIX) as left_over:
            left_over.bind(str(dead / "admin.sock"))
        env = {"STATE_DIRECTORY": str(where / "state"), "RUNTIME_DIRECTORY": str(dead)}
        daemon = Daemon({"state": {"directory": ""}}, env=env | {"RUNTIME_DIRECTORY": ""})
        daemon.write_config({"listeners": daemon.config["listeners"]})
        self.enterContext(daemon)
        done = run("keys", "add", "--name", "x", env=env)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(run("status", env=env).returncode, 0)

    def test_words_of_a_server_do_not_move_the_cursor(self):
        words = ("call", "child", "echo", "--arg", "text=\x1b[2J\x07ok", "--socket", str(self.daemon.socket_path))
        self.assertEqual(run_in_terminal(80, *words), (b"?[2J?ok\n", 0))
        self.assertEqual(run(*words).stdout, "\x1b[2J\x07ok\n", "a pipe gets the bytes")

    def test_users_and_keys(self):
        made = self.ask("users", "add", "ada", "--password-stdin", input="correct horse battery\n")
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertIn("ada", self.ask("users", "list").stdout)
        self.assert_refused(self.ask("users", "add", "ada", "--password-stdin", input="correct horse battery\n"), 1)
        self.assert_refused(self.ask("users", "add", "eve"), 2, "--password-stdin")
        key = self.ask("keys", "add", "--name", "laptop")
        self.assertRegex(key.stdout, r"^\S{20,}\n$")
        self.assertIn("shown this once", key.stderr)
        number = next(item["id"] for item in self.assert_document(self.ask("keys", "list", "--format", "json")) if item["name"] == "laptop")
        self.assertEqual(self.ask("keys", "revoke", str(number)).returncode, 0)
        self.assert_refused(self.ask("keys", "revoke", "99999"), 1)
        self.assert_refused(self.ask("keys", "add", "--name", "odd", "--scope", "no scope"), 2, "scope")

    def test_a_key_that_nobody_has_read_is_told(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([binary(), "keys", "add", "--name", "lost", "--socket", self.daemon.socket_path], stdout=full,
                                  stderr=subprocess.PIPE, env=clean_environment(), text=True)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"gatehouse keys revoke \d+")

    def test_a_bad_reload_is_wrong_input(self):
        self.daemon.write_config("listners: {}\n")
        self.assert_refused(self.ask("reload"), 2, "listners", "[config-refused]")


if __name__ == "__main__":
    unittest.main()
