"""Starts the real binary with a generated configuration, watches its log, stops it and checks what it leaves behind."""
import ctypes
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = float(os.environ.get("GATEHOUSE_TEST_DEADLINE", "20"))  # seconds; a sanitizer build on a busy machine is slow
SANITIZER_MARKS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "WARNING: ThreadSanitizer", "runtime error:")
PR_SET_CHILD_SUBREAPER = 36


def become_subreaper():
    """Orphans of a killed daemon become our children, so that a leak can be seen."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def wait_until(condition, what, deadline=None):
    """Polls a condition until it gives something true, and gives that back."""
    end = time.monotonic() + (DEADLINE if deadline is None else deadline)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited too long for {what}")
        time.sleep(0.005)


def binary(preset=None):
    """The path of the daemon: of one preset, of GATEHOUSE_BIN, or of the dev preset."""
    if preset is None and "GATEHOUSE_BIN" in os.environ:
        return Path(os.environ["GATEHOUSE_BIN"])
    path = ROOT / "build" / (preset or "dev") / "bin" / "gatehouse"
    if not path.exists():
        raise AssertionError(f"{path} is not built: cmake --build --preset {preset or 'dev'} --target gatehouse")
    return path


def is_sanitized(path):
    return "release" not in str(path)


def children_of(pid):
    """Process ids of the living descendants of a process."""
    found, queue = [], [pid]
    while queue:
        try:
            tasks = os.listdir(f"/proc/{queue[0]}/task")
            names = [Path(f"/proc/{queue[0]}/task/{t}/children").read_text().split() for t in tasks]
        except (FileNotFoundError, ProcessLookupError):
            names = []
        queue.pop(0)
        for name in sum(names, []):
            found.append(int(name))
            queue.append(int(name))
    return [child for child in found if not is_zombie(child)]


def is_zombie(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def is_alive(pid):
    return Path(f"/proc/{pid}").exists() and not is_zombie(pid)


def name_of(pid):
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def anonymous_memory(pid):
    """Bytes of resident anonymous memory: what the process itself allocated."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no RssAnon in /proc/PID/status")


def free_port():
    """A port that nobody listened on a moment ago: only for settings that cannot say port 0."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def clean_environment(extra=None):
    """The environment of the test without settings of a daemon that somebody exported."""
    kept = {k: v for k, v in os.environ.items()
            if not k.startswith(("GATEHOUSE_", "GATEWAY_", "NGINX_", "SSL_", "POSTGRES_", "REDIS_", "NOTIFY_", "JOURNAL_"))}
    kept["ASAN_OPTIONS"] = "detect_leaks=1:abort_on_error=0"
    kept["LSAN_OPTIONS"] = f"suppressions={ROOT / 'tests' / 'lsan.txt'}:print_suppressions=0"
    kept["UBSAN_OPTIONS"] = "print_stacktrace=1"
    kept["NO_PROXY"] = "*"
    return kept | (extra or {})


def parse_address(text):
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


class Log:
    """The daemon's standard output, line by line, read by a thread of its own."""

    def __init__(self, stream):
        self.lines, self.bad_lines = [], []
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream):
        for raw in stream:
            self._take(raw)
        stream.close()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _take(self, raw):
        try:
            line = json.loads(raw)
            line["_raw"] = raw
        except ValueError:
            line = None
        with self._changed:
            (self.lines.append(line) if isinstance(line, dict) else self.bad_lines.append(raw))
            self._changed.notify_all()

    def find(self, event, **fields):
        with self._changed:
            return self._find(event, fields)

    def _find(self, event, fields):
        return [l for l in self.lines if l.get("event") == event and all(l.get(k) == v for k, v in fields.items())]

    def wait(self, event, count=1, deadline=None, **fields):
        """The first `count` lines of that event; fails when they do not come."""
        end = time.monotonic() + (DEADLINE if deadline is None else deadline)
        with self._changed:
            while len(self._find(event, fields)) < count:
                left = end - time.monotonic()
                if left <= 0 or self._ended:
                    last = [l["_raw"].decode(errors="replace").strip() for l in self.lines[-5:]]
                    raise AssertionError(f"no log line {event} {fields}; the last ones: {last} {self.bad_lines[-3:]}")
                self._changed.wait(left)
            return self._find(event, fields)[:count]

    def join(self):
        self._thread.join(DEADLINE)


class Daemon:
    """One running gatehouse. Use it in a `with` block; leaving the block stops it and checks its end.

    config: a dictionary, written as the configuration file (JSON is YAML). Listeners without an address get port 0.
    """

    def __init__(self, config, *, preset=None, env=None, args=(), directory=None, expect_exit=0, program=None):
        self.binary = binary(preset)
        self.program = program or self.binary  # what starts it, when that is not the binary itself
        self.directory = Path(directory or tempfile.mkdtemp(prefix="gatehouse-test-"))
        self._own_directory = directory is None
        self.state = self.directory / "state"
        self.config_path = self.directory / "gatehouse.yaml"
        self.socket_path = self.state / "admin.sock"
        self.expect_exit = expect_exit
        self.env = clean_environment(env)
        self.args = list(args)
        self.process = self.log = None
        self.config = self.complete(config)
        self.write_config(self.config)

    def complete(self, config):
        config = json.loads(json.dumps(config))
        config.setdefault("listeners", {"http": {}})
        for listener in config["listeners"].values():
            listener.setdefault("address", "127.0.0.1:0")
        config.setdefault("state", {}).setdefault("directory", str(self.state))
        return config

    def write_config(self, config):
        text = config if isinstance(config, str) else json.dumps(config, indent=1)
        self.config_path.write_text(text)

    # -- life ------------------------------------------------------------------------------------------------

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.kill()
            self._remove_directory()
            raise

    def __exit__(self, kind, value, trace):
        try:
            if kind is None:
                self.stop()
            else:
                self.kill()
                self._print_tail()
        finally:
            self._remove_directory()

    def start(self, wait_ready=True, stdout=subprocess.PIPE):
        self._stderr = open(self.directory / "stderr", "ab+")
        self.process = subprocess.Popen(
            [self.program, "run", "--config", self.config_path, "--log-format", "json", *self.args],
            stdin=subprocess.DEVNULL, stdout=stdout, stderr=self._stderr, env=self.env, cwd=self.directory)
        self.log = Log(self.process.stdout or io.BytesIO())
        if wait_ready:
            self.wait_ready()
        return self

    def wait_ready(self):
        self.addresses = {}
        for name in self.config["listeners"]:
            line = self.log.wait("listener.started", listener=name)[0]
            self.addresses[name] = parse_address(line["address"])
        self.log.wait("daemon.ready")

    def address(self, listener="http"):
        return self.addresses[listener]

    def stop(self, signal_number=signal.SIGTERM):
        """Stops the daemon and asserts a clean end: exit code, no child left, no sanitizer report, every line JSON."""
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        self.wait_exit()
        self.check_end()

    def wait_exit(self, deadline=40):
        try:
            return self.process.wait(deadline)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the daemon did not stop within {deadline} s") from None
        finally:
            self.log.join()

    def check_end(self):
        stderr = self.stderr()
        for mark in SANITIZER_MARKS:
            assert mark not in stderr, stderr[-6000:]
        assert self.process.returncode == self.expect_exit, \
            f"exit code {self.process.returncode}, not {self.expect_exit}: {stderr[-3000:]}"
        assert not self.log.bad_lines, f"lines that are not JSON: {self.log.bad_lines[:3]}"

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.log:
            self.log.join()

    def stderr(self):
        self._stderr.flush()
        return (self.directory / "stderr").read_text(errors="replace")

    def _print_tail(self):
        for line in self.log.lines[-15:] if self.log else []:
            print("   log:", line["_raw"].decode(errors="replace").strip()[:300])
        print("   stderr:", self.stderr()[-3000:])

    def _remove_directory(self):
        if self.process:
            self._stderr.close()
        if self._own_directory:
            shutil.rmtree(self.directory, ignore_errors=True)

    # -- what one asks a daemon ------------------------------------------------------------------------------

    def command(self, *args, input=None, timeout=30):
        """Runs a verb of the command line against this daemon."""
        return subprocess.run([self.binary, *args, "--socket", self.socket_path], env=self.env, cwd=self.directory,
                              input=input, capture_output=True, text=True, timeout=timeout)

    def add_key(self, name="test", scopes=("tools:call",), more=()):
        """Makes an API key over the admin socket and gives its text."""
        arguments = [word for scope in scopes for word in ("--scope", scope)]
        done = self.command("keys", "add", "--name", name, *arguments, *more, "--format", "json")
        assert done.returncode == 0, done.stderr
        document = json.loads(done.stdout)
        return document["items"][0]["key"]

    def children(self):
        """What it started, without those that watch over it."""
        return [pid for pid in children_of(self.process.pid) if name_of(pid) not in ("gatehouse-launc", "gatehouse-keep")]

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def memory(self):
        return anonymous_memory(self.process.pid)


def own_children():
    """Children that this test process has now: after every test there must be none."""
    return [pid for pid in children_of(os.getpid())]


become_subreaper()
