"""Backups of a supervised PostgreSQL, with a real Podman."""
import json

import podman

podman.enter_sandbox()

from harness import *  # noqa: E402,F403
from podman import PodmanTest  # noqa: E402

PASSWORD = {"POSTGRES_PASSWORD": "a long password of a test"}


class PostgresBackupTest(PodmanTest):

    def setUp(self):
        super().setUp()
        quick = {"health": {"interval": "500ms", "start_interval": "200ms"}, "resources": {"memory": "256MiB"},
                 "volumes": [f"{self.project}-pg:/var/lib/postgresql/data"]}
        self.daemon = self.start(self.config({"postgres": quick}), env=PASSWORD)
        self.wait_status(self.daemon, "postgres", lambda one: one["health"] == "healthy", "a healthy PostgreSQL", 90)

    def sql(self, text, database="mcp_gateway"):
        return podman.podman("exec", self.ids("postgres")[0], "psql", "-U", "mcpuser", "-d", database, "-XqAtc", text).strip()

    def ask(self, *words, code=0):
        done = self.daemon.command(*words, "--format", "json", timeout=120)
        self.assertEqual(done.returncode, code, done.stderr)
        return json.loads(done.stdout)["items"]

    def test_a_dump_is_whole_drilled_and_restored(self):
        self.sql("CREATE TABLE jobs (id int PRIMARY KEY, what text); INSERT INTO jobs SELECT n, repeat('x', 100) FROM generate_series(1, 5000) n")
        taken, = self.ask("backup", "now", "postgres")
        self.assertTrue(self.ask("backup", "verify", taken["id"])[0]["ok"])
        drilled, = self.ask("backup", "drill", "postgres")
        self.assertTrue(drilled["ok"])
        self.assertEqual(podman.podman("ps", "--all", "--quiet", "--filter", "label=io.gatehouse.role=drill"), "")
        self.assertEqual(podman.podman("volume", "ls", "--quiet", "--filter", "label=io.gatehouse.role=drill"), "")
        self.sql("DELETE FROM jobs WHERE id > 10")
        scratch, = self.ask("restore", taken["id"], "--into", "scratch")
        self.assertEqual(self.sql("SELECT count(*) FROM jobs", scratch["place"]), "5000")
        self.assertEqual(self.sql("SELECT count(*) FROM jobs"), "10")
        refused, = self.ask("restore", taken["id"], "--into", "live", code=2)
        self.assertEqual(refused["error"]["slug"], "not-confirmed")
        self.sql(f'DROP DATABASE "{scratch["place"]}"')
        live, = self.ask("restore", taken["id"], "--into", "live", "--confirm=mcp_gateway")
        self.assertEqual(self.sql("SELECT count(*) FROM jobs"), "5000")
        self.assertTrue(self.ask("backup", "verify", live["safety"])[0]["ok"])

    def test_what_is_broken_or_missing_is_found(self):
        self.sql("CREATE TABLE jobs (id int); CREATE TABLE people (id int); INSERT INTO jobs SELECT generate_series(1, 100)")
        first, = self.ask("backup", "now", "postgres")
        self.sql("DROP TABLE people")
        second, = self.ask("backup", "now", "postgres")
        self.assertTrue(self.ask("backup", "verify", second["id"])[0]["ok"])
        drilled, = self.ask("backup", "drill", "postgres", code=1)
        self.assertIn("public.people", drilled["error"]["message"])
        file = next(one["file"] for one in self.ask("backup", "list") if one["id"] == first["id"])
        with open(file, "r+b") as data:
            data.seek(200)
            byte = data.read(1)
            data.seek(200)
            data.write(bytes([byte[0] ^ 1]))
        self.assertEqual(self.ask("backup", "verify", first["id"], code=1)[0]["error"]["slug"], "backup-damaged")

    def test_a_dump_that_fails_is_no_backup(self):
        self.sql("ALTER DATABASE mcp_gateway ALLOW_CONNECTIONS false", "postgres")
        failed, = self.ask("backup", "now", "postgres", code=1)
        self.assertIn(failed["error"]["slug"], ("program-failed", "target-not-ready"))
        self.assertEqual(self.ask("backup", "list"), [])
        self.assertEqual(list((self.daemon.state / "backups").iterdir()), [])


if __name__ == "__main__":
    unittest.main()
