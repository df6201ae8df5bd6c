"""Drain, reload, and every reason for not starting, in words that help."""
import json
import os
import signal
import socket
import subprocess
import threading
import time
import unittest
from pathlib import Path

from harness import *


class Gate:
    """A backend that answers when the test opens it."""

    def __init__(self):
        self.opened = threading.Event()

    def __call__(self, stream, backend):
        backend.record(stream.request())
        assert self.opened.wait(DEADLINE)
        stream.sock.sendall(plain_response(b"late"))


class DrainTest(DaemonTest):
    def test_request_in_flight_is_finished(self):
        gate = Gate()
        daemon, backend = self.proxy(gate)
        busy = self.connect(daemon)
        busy.sock.sendall(request_bytes())
        backend.wait_requests(1)
        daemon.process.send_signal(signal.SIGTERM)
        daemon.log.wait("daemon.stopping")
        gate.opened.set()
        self.assertEqual(busy.response().body, b"late")
        daemon.stop()

    def test_idle_connections_are_closed_at_once(self):
        daemon, _ = self.proxy()
        idle = self.connect(daemon)
        idle.sock.sendall(request_bytes())
        idle.response()
        daemon.process.send_signal(signal.SIGTERM)
        self.assertLess(wait_closed(idle), 5)
        daemon.stop()

    def test_no_socket_file_is_left(self):
        daemon, _ = self.proxy()
        self.assertTrue(daemon.socket_path.exists())
        daemon.stop()
        self.assertFalse(daemon.socket_path.exists())

    def test_production_leaves_no_core(self):
        daemon = self.start({"profile": "production", "routes": [], "access": {"secret_key": "env:A", "admin_password": "env:B"}},
                            env={"A": "k" * 40, "B": "correct-Horse-battery-9"})
        self.assertRegex(Path(f"/proc/{daemon.process.pid}/limits").read_text(), r"Max core file size +1 +1 ")

    def test_drain_ends_at_its_deadline(self):
        gate = Gate()
        daemon, backend = self.proxy(gate, timeouts={"drain": "500ms"})
        busy = self.connect(daemon)
        busy.sock.sendall(request_bytes())
        backend.wait_requests(1)
        started = time.monotonic()
        daemon.stop()
        self.assertLess(time.monotonic() - started, 10)
        gate.opened.set()

    def test_second_signal_ends_at_once(self):
        gate = Gate()
        daemon, backend = self.proxy(gate)
        busy = self.connect(daemon)
        busy.sock.sendall(request_bytes())
        backend.wait_requests(1)
        daemon.process.send_signal(signal.SIGINT)
        daemon.log.wait("daemon.stopping")
        daemon.process.send_signal(signal.SIGINT)
        daemon.expect_exit = 130
        self.assertEqual(daemon.wait_exit(10), 130)
        gate.opened.set()

    def test_no_request_is_lost_under_load(self):
        daemon, _ = self.proxy()
        problems, stop = [], threading.Event()

        def load():
            while not stop.is_set():
                try:
                    stream = connect(daemon.address())
                except OSError:
                    return  # the listener is gone: allowed
                try:
                    stream.sock.sendall(request_bytes(fields=[("Connection", "close")]))
                    problems.extend([] if stream.response().status == 200 else ["status"])
                except (Broken, OSError) as error:
                    problems.append(error) if stream.buffer else None
                finally:
                    stream.sock.close()

        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(daemon.log.find("request")) > 50, "some load")
        daemon.stop()
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(problems, [])


class ReloadTest(DaemonTest):
    def running(self):
        daemon = self.start({"routes": [self.route("old")]})
        self.assertEqual(self.body(daemon), b"old")
        return daemon

    @staticmethod
    def route(text):
        return {"match": {"path": "/"}, "respond": {"status": 200, "body": text}}

    def body(self, daemon):
        return fetch(daemon.address()).body

    def change(self, daemon, text):
        daemon.write_config(daemon.config | {"routes": [self.route(text)]})

    def test_by_signal(self):
        daemon = self.running()
        self.change(daemon, "new")
        daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.body(daemon) == b"new", "the new answer")

    def test_by_command(self):
        daemon = self.running()
        self.change(daemon, "new")
        done = daemon.command("reload")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.body(daemon), b"new")

    def test_bad_file_changes_nothing(self):
        daemon = self.running()
        bad = daemon.config | {"routes": [{"match": {"path": "/"}, "to": "nobody"}], "unknown_key": 1}
        daemon.write_config(bad)
        done = daemon.command("reload")
        self.assertIn(done.returncode, (1, 2), done)
        self.assertIn("nobody", done.stderr)
        self.assertIn("unknown_key", done.stderr)
        self.assertEqual(self.body(daemon), b"old")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.log.wait("config.refused")
        self.assertEqual(self.body(daemon), b"old")

    def test_connection_survives(self):
        daemon = self.running()
        stream = self.connect(daemon)
        stream.sock.sendall(request_bytes())
        self.assertEqual(stream.response().body, b"old")
        self.change(daemon, "new")
        self.assertEqual(daemon.command("reload").returncode, 0)
        stream.sock.sendall(request_bytes())
        self.assertEqual(stream.response().body, b"new")

    def test_listener_comes_and_goes(self):
        daemon = self.running()
        port = free_port()
        both = json.loads(json.dumps(daemon.config))
        both["listeners"]["second"] = {"address": f"127.0.0.1:{port}"}
        daemon.write_config(both)
        self.assertEqual(daemon.command("reload").returncode, 0)
        self.assertEqual(fetch(("127.0.0.1", port)).body, b"old")
        daemon.write_config(daemon.config)
        self.assertEqual(daemon.command("reload").returncode, 0)
        wait_until(lambda: self.refused(port), "the end of the second listener")

    def test_listener_gets_another_name_and_tls_at_the_same_address(self):
        port = free_port()
        config = {"listeners": {"plain": {"address": f"127.0.0.1:{port}"}}, "routes": [self.route("old")],
                  "certificates": {"mode": "self_signed"}}
        daemon = self.start(config)
        self.assertEqual(fetch(("127.0.0.1", port)).body, b"old")
        daemon.write_config(daemon.config | {"listeners": {"secret": {"address": f"127.0.0.1:{port}", "tls": {"policy": "modern"}}}})
        done = daemon.command("reload")
        self.assertEqual(done.returncode, 0, done.stderr)
        wait_until(lambda: self.speaks_tls(port), "TLS at the same address")

    @staticmethod
    def speaks_tls(port):
        try:
            return fetch(("127.0.0.1", port), tls=True).body == b"old"
        except OSError:
            return False

    def refused(self, port):
        try:
            connect(("127.0.0.1", port)).sock.close()
            return False
        except ConnectionRefusedError:
            return True

    def test_new_listener_on_a_busy_port_changes_nothing(self):
        daemon, other = self.running(), self.backend()
        busy = json.loads(json.dumps(daemon.config)) | {"routes": [self.route("new")]}
        busy["listeners"]["second"] = {"address": other.name}
        daemon.write_config(busy)
        done = daemon.command("reload")
        self.assertEqual(done.returncode, 1)
        for words in (other.name, "in use by", "[port-in-use]", "the configuration is right, but could not be put into effect", "[reload-failed]"):
            self.assertIn(words, done.stderr)
        self.assertNotIn("has errors", done.stderr)
        self.assertEqual(self.body(daemon), b"old")

    def status(self, daemon):
        return json.loads(daemon.command("status", "--format", "json").stdout)["items"][0]

    def test_what_needs_a_restart_waits_for_it(self):
        daemon = self.running()
        elsewhere = daemon.directory / "other.sock"
        changed = daemon.config | {"admin": {"socket": str(elsewhere)}, "access": {"issuer": "another"}, "routes": [self.route("new")]}
        daemon.write_config(changed)
        for _ in range(2):  # the second reload has not forgotten
            done = daemon.command("reload", "--format", "json")
            self.assertEqual(done.returncode, 0, done.stderr)
            waiting = [change["path"] for change in json.loads(done.stdout)["items"] if change["needs_restart"]]
            self.assertEqual(waiting, ["access.issuer", "admin.socket"])
            self.assertFalse(elsewhere.exists())
            self.assertEqual(self.status(daemon)["config"]["restart_pending"], waiting)
            self.assertIn("access.issuer, admin.socket", daemon.command("status").stdout)
        self.assertEqual(self.body(daemon), b"new")
        daemon.write_config(daemon.config)
        self.assertEqual(daemon.command("reload").returncode, 0)
        self.assertEqual(self.status(daemon)["config"]["restart_pending"], [])

    def test_warnings_are_told(self):
        daemon = self.running()
        daemon.write_config(daemon.config | {"upstreams": {}, "listeners": {"http": daemon.config["listeners"]["http"] | {"protocols": ["h2", "http/1.1"]}}})
        done = daemon.command("reload")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("[h2-not-offered]", done.stderr)

    def test_an_emptied_file_closes_nothing(self):
        daemon, _ = self.proxy()
        for text in ("", "{}", "# being written\n", f"listeners: {{}}\nstate: {{directory: {daemon.state}}}\n"):
            with self.subTest(text):
                daemon.write_config(text)
                done = daemon.command("reload")
                self.assertNotEqual(done.returncode, 0)
                self.assertIn("no-listeners", done.stdout + done.stderr)
                self.assertEqual(fetch(daemon.address()).status, 200)

    def test_hundred_reloads_under_load(self):
        backend = self.backend()
        daemon = self.start(proxy_config(backend))
        statuses, stop = [], threading.Event()

        def load():
            stream = connect(daemon.address())
            while not stop.is_set():
                stream.sock.sendall(request_bytes())
                statuses.append(stream.response().status)
            stream.sock.close()

        thread = threading.Thread(target=load)
        thread.start()
        descriptors = daemon.descriptors()
        for number in range(100):
            daemon.process.send_signal(signal.SIGHUP)
            daemon.log.wait("config.reloaded", number + 1)
        stop.set()
        thread.join()
        self.assertEqual(set(statuses), {200})
        self.assertLessEqual(daemon.descriptors(), descriptors + 4)


class NotifyTest(DaemonTest):
    """What a service manager hears (sd_notify)."""

    def setUp(self):
        self.path = self.temporary_directory() / "notify"
        self.heard = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.socket.close)
        self.socket.bind(str(self.path))
        self.socket.setblocking(False)

    def messages(self, wanted):
        wait_until(lambda: self.receive(wanted), f"the message {wanted}")

    def receive(self, wanted):
        try:
            self.heard.append(self.socket.recv(4096).decode())
        except BlockingIOError:
            pass
        return any(wanted in message for message in self.heard)

    def test_ready_reloading_stopping_and_watchdog(self):
        env = {"NOTIFY_SOCKET": str(self.path), "WATCHDOG_USEC": "200000"}
        daemon = self.start({"routes": [ReloadTest.route("x")]}, env=env)
        self.messages("READY=1")
        self.messages("WATCHDOG=1")
        self.heard.clear()
        daemon.process.send_signal(signal.SIGHUP)
        self.messages("RELOADING=1")
        self.messages("MONOTONIC_USEC=")
        self.messages("READY=1")
        daemon.process.send_signal(signal.SIGTERM)
        self.messages("STOPPING=1")

    def test_ready_again_after_a_refused_reload(self):
        daemon = self.start({"routes": [ReloadTest.route("x")]}, env={"NOTIFY_SOCKET": str(self.path)})
        self.messages("READY=1")
        self.heard.clear()
        daemon.write_config("workers: many\n")
        daemon.process.send_signal(signal.SIGHUP)
        self.messages("RELOADING=1")
        self.messages("READY=1")


class StartErrorTest(DaemonTest):
    """A start that cannot work ends at once, with an exit code and a sentence that names the thing."""

    def refused(self, config, *words, code=None, **options):
        daemon = Daemon(config, **options)
        daemon.start(wait_ready=False)
        try:
            code_seen = daemon.wait_exit(DEADLINE)
            text = daemon.stderr() + "".join(l["_raw"].decode() for l in daemon.log.lines)
            self.assertIn(code_seen, (1, 2) if code is None else (code,), text)
            for word in words:
                self.assertIn(word, text)
            self.assertNotIn("AddressSanitizer", text)
            return text
        finally:
            daemon.kill()
            daemon._remove_directory()

    def test_port_in_use_names_its_owner(self):
        other = self.backend()
        config = proxy_config(other)
        config["listeners"]["http"]["address"] = other.name
        self.refused(config, other.name, "in use", f"pid {os.getpid()}", code=1)

    def test_port_in_use_is_noticed_before_anything_is_made(self):
        other, directory = self.backend(), self.temporary_directory()
        config = proxy_config(other)
        config["listeners"]["http"]["address"] = other.name
        text = self.refused(config, "in use", code=1, directory=directory)
        self.assertNotIn("password", text)
        self.assertFalse((directory / "state").exists())

    def test_a_unix_socket_in_use_is_noticed_before_anything_is_made(self):
        directory = self.temporary_directory()
        path = str(directory / "busy.sock")
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(path)
            other.listen()
            for config in ({"listeners": {"http": {"address": f"unix:{path}"}}},
                           {"listeners": {"http": {"address": "127.0.0.1:0"}}, "admin": {"socket": path}}):
                text = self.refused(config, path, "in use", f"pid {os.getpid()}", code=1, directory=directory)
                self.assertNotIn("password", text)
                self.assertFalse((directory / "state").exists())
        self.assertTrue(os.path.exists(path))

    def test_bad_configuration_is_exit_2_with_every_problem(self):
        text = self.refused({"upstrems": {}, "workers": "many"}, "upstrems", "did you mean", "upstreams", "workers", code=2)
        self.assertRegex(text, r"gatehouse\.yaml:\d+:\d+: ")

    def test_missing_configuration_file(self):
        done = subprocess.run([binary(), "run", "--config", "/nonexistent.yaml"], capture_output=True, text=True,
                              timeout=DEADLINE, env=clean_environment())
        self.assertEqual(done.returncode, 2)
        self.assertIn("/nonexistent.yaml", done.stderr)

    def manual(self, chain, key):
        config = tls_config(self.backend(), certificates={"mode": "manual", "files": [{"chain": str(chain), "key": str(key)}]})
        return config

    def test_missing_key_file(self):
        chain, key = make_certificate(self.temporary_directory())
        key.unlink()
        self.refused(self.manual(chain, key), str(key))

    def test_unreadable_key_file(self):
        directory = self.temporary_directory()
        chain, key = make_certificate(directory)
        key.unlink()
        key.mkdir()  # even root cannot read it
        self.refused(self.manual(chain, key), str(key))

    def test_world_readable_key_file(self):
        chain, key = make_certificate(self.temporary_directory())
        key.chmod(0o644)
        self.refused(self.manual(chain, key), str(key))

    def test_key_of_another_certificate(self):
        directory = self.temporary_directory()
        chain, _ = make_certificate(directory, "one")
        _, key = make_certificate(directory, "two")
        self.refused(self.manual(chain, key), str(key))

    def test_broken_certificate_file(self):
        chain, key = make_certificate(self.temporary_directory())
        chain.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n")
        self.refused(self.manual(chain, key), str(chain))

    def test_state_directory_that_cannot_be_made(self):
        blocked = self.temporary_directory() / "file"
        blocked.write_text("")
        config = proxy_config(self.backend(), state={"directory": str(blocked / "state")})
        self.refused(config, str(blocked), code=1)

    def test_damaged_database_is_named(self):
        directory = self.temporary_directory()
        config = proxy_config(self.backend())
        with Daemon(config, directory=directory) as daemon:
            database = daemon.state / "gatehouse.db"
            self.assertTrue(database.exists())
        for beside in daemon.state.glob("gatehouse.db-*"):
            beside.unlink()
        content = bytearray(database.read_bytes())
        content[100:3000] = os.urandom(2900)
        database.write_bytes(content)
        self.refused(config, "gatehouse.db", directory=directory)


MOUNTED_START = """
set -eu
mount -t tmpfs -o {options} none "$1"
{fill}
shift
exec "$@"
"""


@unittest.skipUnless(os.geteuid() == 0, "mounting needs root")
class FullDiskTest(DaemonTest):
    """The state directory on a file system of its own, in a private mount namespace."""

    def run_mounted(self, options, fill):
        directory = self.temporary_directory()
        state = directory / "state"
        state.mkdir(mode=0o700)
        config = proxy_config(self.backend(), state={"directory": str(state)})
        helper = directory / "mounted"
        helper.write_text("#!/bin/bash\n" + f'exec unshare --mount --propagation private bash -c \'{MOUNTED_START.format(options=options, fill=fill)}\' '
                          f'mounted "{state}" "{binary()}" "$@"\n')
        helper.chmod(0o755)
        return Daemon(config, directory=directory, program=helper)

    def test_full_disk_is_named(self):
        daemon = self.run_mounted("size=64k,mode=0700", 'dd if=/dev/zero of="$1/filler" bs=4k 2>/dev/null || true')
        daemon.start(wait_ready=False)
        self.assertEqual(daemon.wait_exit(DEADLINE), 1)
        text = daemon.stderr() + "".join(l["_raw"].decode() for l in daemon.log.lines)
        self.assertRegex(text.lower(), "no space left|full")
        self.assertIn(str(daemon.state), text)

    def test_read_only_state_directory_is_named(self):
        daemon = self.run_mounted("size=64k,mode=0700", 'mount -o remount,ro "$1"')
        daemon.start(wait_ready=False)
        self.assertEqual(daemon.wait_exit(DEADLINE), 1)
        text = daemon.stderr() + "".join(l["_raw"].decode() for l in daemon.log.lines)
        self.assertIn(str(daemon.state), text)

    def test_disk_that_fills_up_while_running(self):
        """Proxying goes on; what must be stored is refused; with space again it works again."""
        daemon = self.run_mounted("size=2m,mode=0700", ":")
        self.enterContext(daemon)
        inside = Path(f"/proc/{daemon.process.pid}/root{daemon.state}")
        daemon.socket_path = inside / "admin.sock"
        filler = inside / "filler"
        with open(filler, "wb", buffering=0) as file:
            self.fill(file)
            self.assertEqual(fetch(daemon.address()).status, 200)
            done = None
            for number in range(40):  # pages that are free inside the database are used up first
                done = daemon.command("keys", "add", "--name", f"k{number}" + "x" * 60, "--scope", "tools:call")
                if done.returncode != 0:
                    break
            self.assertEqual(done.returncode, 1, "a full disk was not noticed")
            self.assertEqual(fetch(daemon.address()).status, 200)
        filler.unlink()
        daemon.add_key("after")

    def fill(self, file):
        try:
            while file.write(b"\0" * 4096):
                pass
        except OSError:
            pass


if __name__ == "__main__":
    unittest.main()
