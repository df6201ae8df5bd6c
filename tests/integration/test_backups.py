"""Backups of the daemon's own state in SQLite: taken, looked at, restored."""
import json
import os
import sqlite3
import stat
import subprocess

from harness import *

PLAIN = {"listeners": {"http": {}}}


class BackupTest(DaemonTest):

    def ask(self, daemon, *words, code=0):
        done = daemon.command(*words, "--format", "json")
        self.assertEqual(done.returncode, code, done.stderr)
        return json.loads(done.stdout)["items"] if done.stdout else done.stderr

    def alone(self, daemon, *words, code=0):
        done = subprocess.run([daemon.binary, *words, "--config", str(daemon.directory / "gatehouse.yaml"), "--format", "json"],
                              env=daemon.env, cwd=daemon.directory, capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, code, done.stderr)
        return json.loads(done.stdout)["items"]

    def names(self, daemon):
        with sqlite3.connect(daemon.state / "gatehouse.db") as db:
            return [row[0] for row in db.execute("SELECT name FROM api_keys ORDER BY id")]

    def test_a_backup_is_private_whole_and_listed(self):
        daemon = self.start(PLAIN)
        taken, = self.ask(daemon, "backup", "now")
        self.assertEqual((taken["service"], taken["ok"]), ("state", True))
        listed, = self.ask(daemon, "backup", "list")
        self.assertEqual(listed["id"], taken["id"])
        self.assertEqual(stat.S_IMODE(os.stat(listed["file"]).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(daemon.state / "backups").st_mode), 0o700)
        with sqlite3.connect(f"file:{listed['file']}?mode=ro", uri=True) as db:
            self.assertEqual(db.execute("PRAGMA integrity_check").fetchone(), ("ok",))
            self.assertEqual(db.execute("SELECT username FROM users").fetchall(), [("admin",)])
        self.assertEqual(daemon.log.wait("backup.done")[0]["what"], "backup")
        page = fetch(daemon.address(), "/metrics").body.decode()
        self.assertIn('gatehouse_backup_last_success_timestamp_seconds{service="state"}', page)
        self.assertNotIn('gatehouse_backup_last_verified_timestamp_seconds{service="state"}', page)
        self.assertTrue(self.ask(daemon, "backup", "drill")[0]["ok"])
        self.assertIn('gatehouse_backup_last_verified_timestamp_seconds{service="state"}', fetch(daemon.address(), "/metrics").body.decode())

    def test_a_changed_byte_fails_verify(self):
        daemon = self.start(PLAIN)
        taken, = self.ask(daemon, "backup", "now")
        self.assertTrue(self.ask(daemon, "backup", "verify", taken["id"])[0]["ok"])
        file = self.ask(daemon, "backup", "list")[0]["file"]
        with open(file, "r+b") as data:
            data.seek(5000)
            byte = data.read(1)
            data.seek(5000)
            data.write(bytes([byte[0] ^ 1]))
        verified, = self.ask(daemon, "backup", "verify", taken["id"], code=1)
        self.assertEqual(verified["error"]["slug"], "backup-damaged")
        self.assertFalse(self.ask(daemon, "backup", "list")[0]["verified"]["ok"])
        table = daemon.command("backup", "list").stdout
        self.assertIn("FAILED", table)

    def test_a_table_dropped_before_fails_the_drill_and_not_verify(self):
        daemon = self.start(PLAIN)
        with sqlite3.connect(daemon.state / "gatehouse.db") as db:
            db.execute("DROP TABLE revoked_tokens")
        taken, = self.ask(daemon, "backup", "now")
        self.assertTrue(self.ask(daemon, "backup", "verify", taken["id"])[0]["ok"])
        drilled, = self.ask(daemon, "backup", "drill", code=1)
        self.assertIn("revoked_tokens", drilled["error"]["message"])

    def test_what_is_in_use_is_overwritten_only_without_a_daemon_and_by_name(self):
        daemon = self.start(PLAIN)
        daemon.add_key("before")
        taken, = self.ask(daemon, "backup", "now")
        daemon.add_key("after")
        live = ["restore", taken["id"], "--into", "live"]
        refused, = self.ask(daemon, *live, code=2)
        self.assertEqual(refused["error"]["slug"], "not-confirmed")
        busy, = self.ask(daemon, *live, "--confirm=gatehouse.db", code=1)
        self.assertEqual(busy["error"]["slug"], "state-in-use")
        scratch, = self.ask(daemon, "restore", taken["id"], "--into", "scratch")
        with sqlite3.connect(scratch["place"]) as db:
            self.assertEqual(db.execute("SELECT name FROM api_keys").fetchall(), [("before",)])
        daemon.stop()
        self.assertEqual(self.names(daemon), ["before", "after"])
        restored, = self.alone(daemon, *live, "--confirm=gatehouse.db")
        self.assertTrue(restored["ok"])
        self.assertEqual(self.names(daemon), ["before"])
        back, = self.alone(daemon, "restore", restored["safety"], "--into", "live", "--confirm=gatehouse.db")
        self.assertTrue(back["ok"])
        self.assertEqual(self.names(daemon), ["before", "after"])

    def test_what_was_missed_is_made_up_for_at_the_start(self):
        daemon = self.start({**PLAIN, "backup": {"schedule": "0 2 * * *"}})
        daemon.log.wait("backup.done")
        self.assertEqual(len(self.ask(daemon, "backup", "list")), 1)

    def test_mistakes_are_named(self):
        daemon = self.start(PLAIN)
        for words, slug in ((("backup", "verify", "state-1"), "unknown-backup"), (("backup", "now", "nobody"), "unknown-target"),
                            (("backup", "drill"), "unknown-backup")):
            outcome, = self.ask(daemon, *words, code=2)
            self.assertEqual(outcome["error"]["slug"], slug)
        self.assertEqual(daemon.command("restore", "x").returncode, 2)
        self.assertEqual(daemon.command("restore", "x", "--into", "nowhere").returncode, 2)

    def test_only_who_may_asks(self):
        daemon = self.start(PLAIN)
        for method, path in (("GET", "/admin/backups"), ("POST", "/admin/backups"), ("POST", "/admin/backups/drill")):
            self.assert_problem(fetch(daemon.address(), path, method, [("Content-Type", "application/json")], b"{}" if method == "POST" else b""), 401)
        key = daemon.add_key(scopes=("gateway:write",))
        self.assert_problem(fetch(daemon.address(), "/admin/backups", "GET", [bearer(key)]), 403)


if __name__ == "__main__":
    unittest.main()
