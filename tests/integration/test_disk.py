"""A disk that is full or read-only, at the start and while the daemon runs (R42); two daemons for one database."""
import ctypes
import errno
import json
import os
import re
import urllib.parse

from harness import *

CLONE_NEWNS, MS_RDONLY, MS_REMOUNT, MS_REC, MS_PRIVATE, MNT_DETACH = 0x20000, 1, 32, 0x4000, 1 << 18, 2
PASSWORD = "correct horse battery"
HTTP = {"listeners": {"http": {}}, "access": {"admin_password": "env:ADMIN_PASSWORD"}}
libc = ctypes.CDLL(None, use_errno=True)


def mount(source, target, kind, flags, options):
    words = [word and os.fsencode(word) for word in (source, target, kind)]
    if libc.mount(*words, ctypes.c_ulong(flags), options and options.encode()) != 0:
        raise OSError(ctypes.get_errno(), f"mount {target}")


class SmallDisk:
    """A file system of one MiB, in a mount namespace of this process and of what it starts."""

    def __init__(self, path):
        self.path = path
        path.mkdir()
        if libc.unshare(CLONE_NEWNS) != 0:
            raise unittest.SkipTest("this user may not make a mount namespace")
        mount(None, "/", None, MS_REC | MS_PRIVATE, None)
        mount("tmpfs", path, "tmpfs", 0, "size=1m,mode=0700")

    def fill(self, leave=0):
        with open(self.path / "ballast", "ab", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError as error:
                assert error.errno == errno.ENOSPC, error
            file.truncate(file.tell() - leave)

    def make_room(self):
        (self.path / "ballast").unlink()

    def make_read_only(self):
        mount(None, self.path, None, MS_REMOUNT | MS_RDONLY, None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        libc.umount2(os.fsencode(self.path), MNT_DETACH)


class DiskTest(DaemonTest):
    def setUp(self):
        self.disk = self.enterContext(SmallDisk(self.temporary_directory() / "disk"))
        self.config = {**HTTP, "state": {"directory": str(self.disk.path / "state")}}

    def daemon(self, **options):
        daemon = Daemon(self.config, env={"ADMIN_PASSWORD": PASSWORD}, **options)
        daemon.socket_path = self.disk.path / "state" / "admin.sock"
        return daemon

    def refused_start(self):
        daemon = self.daemon(expect_exit=1)
        daemon.start(wait_ready=False)
        daemon.wait_exit()
        daemon.check_end()
        text = daemon.stderr()
        daemon._remove_directory()
        return text

    def login(self, daemon):
        form = urllib.parse.urlencode({"username": "admin", "password": PASSWORD}).encode()
        response = fetch(daemon.address(), "/auth/login", "POST", [("Content-Type", "application/x-www-form-urlencoded")], form)
        return response.status, json.loads(response.body)

    def make_key(self, daemon, token, name):
        document = {"name": name, "scopes": ["gateway:read"], "description": "x" * 400}
        return fetch_json(daemon.address(), "/auth/api-keys", "POST", document, [bearer(token)])


class StartTest(DiskTest):
    def test_a_full_disk_is_named(self):
        with self.daemon():
            pass
        for leave in (0, 4096):  # one page is enough for the pid in a lock, not for the database
            with self.subTest(leave=leave):
                self.disk.fill(leave)
                text = self.refused_start()
                self.assertIn("[disk-full]", text)
                self.assertRegex(text, rf"cannot write {re.escape(str(self.disk.path))}/state/\S+: No space left on device")
                self.assertIn(f"help: make room on the file system of {self.disk.path}/state", text)
                self.disk.make_room()
        with self.daemon() as daemon:
            self.assertEqual(self.login(daemon)[0], 200)

    def test_a_read_only_file_system_is_named(self):
        with self.daemon():
            pass
        self.disk.make_read_only()
        text = self.refused_start()
        self.assertIn("[state-unwritable]", text)
        self.assertIn("Read-only file system", text)
        self.assertIn(f"the file system of {self.disk.path}/state is read-only: mount it writable", text)


class RunningTest(DiskTest):
    def test_a_disk_that_fills_is_seen_and_nothing_acknowledged_is_lost(self):
        daemon = self.daemon(directory=self.temporary_directory())
        with daemon:
            token = self.login(daemon)[1]["access_token"]
            keys, refused = self.fill_and_write(daemon, token)
            self.assertEqual(refused[0], 503)
            self.assertIsNotNone(refused[2].get("retry-after"))
            self.assertTrue(refused[1]["type"].endswith("disk-full"), refused[1])
            self.assert_degraded(daemon)
            self.assert_works(daemon, keys)
            self.disk.make_room()
            status, made, _ = self.make_key(daemon, token, "after")
            self.assertEqual(status, 200)
            keys.append(made["key"])
            recovered = daemon.log.wait("state.writes.recovered")[0]
            self.assertGreaterEqual(recovered["failures"], 1)
            self.assertEqual(fetch_json(daemon.address(), "/health")[1]["status"], "healthy")
        daemon = self.daemon(directory=daemon.directory)
        with daemon:
            self.assert_works(daemon, keys)

    def fill_and_write(self, daemon, token):
        self.disk.fill()
        keys = []
        for number in range(1000):
            answer = self.make_key(daemon, token, f"key {number}")
            if answer[0] != 200:
                for _ in range(5):
                    self.assertEqual(self.make_key(daemon, token, "more")[0], 503)
                return keys, answer
            keys.append(answer[1]["key"])
        self.fail("the disk does not become full")

    def assert_works(self, daemon, keys):
        for key in keys:
            self.assertEqual(fetch_json(daemon.address(), "/gateway/stats", fields=[bearer(key)])[0], 200)
        self.assertEqual(self.login(daemon)[0], 200)

    def assert_degraded(self, daemon):
        line = daemon.log.wait("state.writes.failed")[0]
        self.assertEqual((line["level"], line["slug"]), ("error", "disk-full"))
        self.assertIn("make room on the file system of", line["help"])
        self.assertEqual(len(daemon.log.find("state.writes.failed")), 1, "one line, then a count")
        status, document, _ = fetch_json(daemon.address(), "/readyz")
        modules = {module["name"]: module for module in document["modules"]}
        self.assertEqual((status, modules["state"]["state"]), (200, "degraded"))
        self.assertEqual(modules["state"]["reason"], "changes cannot be stored: disk-full")
        status, document, _ = fetch_json(daemon.address(), "/health")
        self.assertEqual((status, document["status"], document["database"]), (200, "degraded", "disk-full"))
        page = fetch(daemon.address(), "/metrics").body.decode()
        self.assertGreaterEqual(int(re.search(r"(?m)^gatehouse_state_writes_failed_total (\d+)$", page).group(1)), 6)
        self.assertIn('gatehouse_module_state{module="state",state="degraded"} 1', page)

    def test_it_finds_out_by_itself_that_there_is_room(self):
        with self.daemon() as daemon:
            token = self.login(daemon)[1]["access_token"]
            self.fill_and_write(daemon, token)
            self.disk.make_room()
            daemon.log.wait("state.writes.recovered")
            self.assertEqual(fetch_json(daemon.address(), "/health")[1]["status"], "healthy")


class SharedDatabaseTest(DaemonTest):
    def test_a_second_daemon_refuses_and_names_the_first(self):
        place = self.temporary_directory()
        (place / "link.db").symlink_to(place / "shared.db")
        env = {"ADMIN_PASSWORD": PASSWORD}
        with Daemon({**HTTP, "state": {"database_url": f"sqlite:{place}/shared.db"}}, env=env) as first:
            second = Daemon({**HTTP, "state": {"database_url": f"sqlite:{place}/link.db"}}, env=env, expect_exit=1)
            second.start(wait_ready=False)
            second.wait_exit()
            second.check_end()
            text = second.stderr()
            second._remove_directory()
            self.assertIn("[state-in-use]", text)
            self.assertIn(f"the database {place}/link.db is in use by another gatehouse (pid {first.process.pid}, gatehouse run)", text)
            words = ["state", "copy", f"sqlite:{place}/shared.db", f"sqlite:{place}/copy.db", "--set", f"state.directory={place}"]
            copy = subprocess.run([binary(), *words], env=first.env, cwd=place, capture_output=True, text=True, timeout=DEADLINE)
            self.assertEqual(copy.returncode, 1)
            self.assertIn("[state-in-use]", copy.stderr)
            self.assertFalse((place / "copy.db").exists())


if __name__ == "__main__":
    unittest.main()
