"""kill -9 during 1,000 calls: after the restart the database is sound, keys are valid, no child is left."""
import os
import signal
import sqlite3
import threading
import unittest

from mcp import *

CALLS = 1000
CLIENTS = 4


class KillTest(DaemonTest):
    def test_kill_during_calls(self):
        directory = self.temporary_directory()
        # As npx does it: the server is a grandchild. And something leaves the session.
        wrapped = ["sh", "-c", 'setsid sleep 1000 <&- >&- 2>&- & "$$@"; true', "sh", *CHILD]
        config = mcp_config({"child": {"command": wrapped}})
        keys = self.killed_run(config, directory)
        self.assert_sound(directory / "state" / "gatehouse.db")
        with Daemon(config, directory=directory) as daemon:
            for key in keys:
                client = RawClient(daemon.address(), "/mcp", key).open()
                self.assertEqual(client.call("echo", text="again"), "again")
                client.delete()
            self.assertEqual(daemon.stderr().count("password"), self.passwords_printed)

    def killed_run(self, config, directory):
        daemon = Daemon(config, directory=directory)
        daemon.start()
        keys = [daemon.add_key(f"before {number}") for number in range(CLIENTS)]
        self.done = self.written = 0
        self.lock = threading.Lock()
        threads = [threading.Thread(target=self.work, args=(daemon, key)) for key in keys]
        threads.append(threading.Thread(target=self.write_keys, args=(daemon, keys)))
        for thread in threads:
            thread.start()
        wait_until(lambda: self.done >= CALLS // 2, "half of the calls", 120)
        children = daemon.children()
        self.assertEqual(len(children), 3 * CLIENTS)
        daemon.process.send_signal(signal.SIGKILL)
        for thread in threads:
            thread.join()
        daemon.kill()
        wait_until(lambda: not [pid for pid in children if is_alive(pid)], "the end of the children of a killed daemon")
        wait_until(lambda: not own_children(), "the reaping of orphans")
        self.passwords_printed = daemon.stderr().count("password")
        daemon._stderr.close()
        return keys

    def work(self, daemon, key):
        try:
            client = RawClient(daemon.address(), "/mcp", key).open()
            for number in range(CALLS // CLIENTS):
                self.assertEqual(client.call("echo", text=str(number)), str(number))
                with self.lock:
                    self.done += 1
        except (OSError, Broken):
            pass  # killed

    def write_keys(self, daemon, keys):
        """The database is written to while the end comes; what was confirmed must be there afterwards."""
        while daemon.process.poll() is None:
            try:
                key = daemon.add_key(f"during {self.written}")
            except AssertionError:
                return
            with self.lock:
                keys.append(key)
                self.written += 1

    def assert_sound(self, path):
        with sqlite3.connect(path) as database:
            self.assertEqual(database.execute("PRAGMA integrity_check").fetchone()[0], "ok")
            self.assertEqual(database.execute("PRAGMA foreign_key_check").fetchall(), [])


if __name__ == "__main__":
    unittest.main()
