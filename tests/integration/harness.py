"""What the integration tests share: configurations, the base class, small HTTP calls with JSON."""
import json
import os
import signal
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

from daemon import (DEADLINE, ROOT, Daemon, anonymous_memory, binary, children_of, clean_environment, free_port,
                    is_alive, is_sanitized, own_children, wait_until)
from wire import (Backend, Broken, Message, Stream, answer, connect, fetch, plain_response, random_bytes, request_bytes,
                  reset, serve, wait_closed)

MIB = 1 << 20


def pace(seconds):
    """A peer that is slow on purpose. Never to wait for something."""
    threading.Event().wait(seconds)


def proxy_config(backend, **sections):
    """One plain listener that sends everything to the backend."""
    return {
        "listeners": {"http": {}},
        "upstreams": {"app": {"servers": [backend.name]}},
        "routes": [{"match": {"path": "/"}, "to": "app"}],
        **sections,
    }


def tls_config(backend, **sections):
    """The same with a TLS listener and a self-signed certificate."""
    config = proxy_config(backend, **sections)
    config["listeners"]["https"] = {"tls": {"policy": "intermediate"}}
    config.setdefault("certificates", {"mode": "self_signed"})
    return config


class DaemonTest(unittest.TestCase):
    """After each test no process of it may be left."""

    maxDiff = None

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.addCleanup(self.check_processes)  # the first one: runs after all others

    def check_processes(self):
        try:
            wait_until(lambda: not own_children(), "the end of every process that this test started", 10)
        except AssertionError:
            left = [f"{pid}: {Path(f'/proc/{pid}/cmdline').read_text()!r}" for pid in own_children()]
            for pid in own_children():  # the next test starts clean
                os.kill(pid, signal.SIGKILL)
            raise AssertionError(f"still running: {left}") from None

    def start(self, config, **options):
        daemon = Daemon(config, **options)
        self.enterContext(daemon)
        return daemon

    def backend(self, script=None):
        return self.enterContext(Backend(script))

    def proxy(self, script=None, **sections):
        """A backend with that script and a daemon in front of it."""
        backend = self.backend(script)
        return self.start(proxy_config(backend, **sections)), backend

    def connect(self, daemon, listener="http", **options):
        stream = connect(daemon.address(listener), **options)
        self.addCleanup(stream.sock.close)
        return stream

    def temporary_directory(self):
        return Path(self.enterContext(tempfile.TemporaryDirectory(prefix="gatehouse-test-")))

    def assert_problem(self, response, status):
        """The answer is problem+json (RFC 9457) with that status and the request id."""
        self.assertEqual(response.status, status, response.body[:300])
        self.assertTrue(response.get("content-type", "").startswith("application/problem+json"), response.fields)
        document = json.loads(response.body)
        self.assertEqual(document["status"], status)
        for key in ("type", "title", "detail"):
            self.assertIn(key, document)
        self.assertRegex(document["type"], r"^https://.+/reference/errors#[a-z0-9-]+$")


class SharedDaemonTest(DaemonTest):
    """One daemon and one backend for all tests of the class; `configuration` and `script` are overridden."""

    script = staticmethod(serve)

    @classmethod
    def configuration(cls, backend):
        return proxy_config(backend)

    @classmethod
    def setUpClass(cls):
        cls.shared_backend = cls.enterClassContext(Backend(cls.script))
        cls.daemon = cls.enterClassContext(Daemon(cls.configuration(cls.shared_backend)))

    def check_processes(self):
        pass  # the daemon goes on to the next test


def bearer(key):
    return ("Authorization", f"Bearer {key}")


def fetch_json(address, target, method="GET", document=None, fields=(), **options):
    """Sends and reads JSON; gives status, document and the response."""
    body = b"" if document is None else json.dumps(document).encode()
    if document is not None:
        fields = [("Content-Type", "application/json"), *fields]
    response = fetch(address, target, method, fields, body, **options)
    return response.status, json.loads(response.body) if response.body else None, response


def make_certificate(directory, name="localhost", days=30):
    """A self-signed certificate and its key, as files."""
    directory = Path(directory)
    chain, key = directory / f"{name}.pem", directory / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", str(days),
         "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-keyout", key, "-out", chain],
        check=True, capture_output=True)
    key.chmod(0o600)
    return chain, key


__all__ = [name for name in dir() if not name.startswith("_")]
