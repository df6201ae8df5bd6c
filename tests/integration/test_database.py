"""The daemon on PostgreSQL (R4, R13, R24, R42), and moving its state from one database to another."""
import concurrent.futures
import json
import subprocess
import urllib.parse

from harness import *
from postgres import Postgres

PASSWORD = "p@ss:w/o?r#d %41&=+\"\\'ü"
HTTP = {"listeners": {"http": {}}}


class DatabaseTest(DaemonTest):
    def server(self, **options):
        return self.enterContext(Postgres(**options))

    def ready(self, daemon):
        return fetch_json(daemon.address(), "/readyz")[0]

    def users(self, daemon):
        done = daemon.command("users", "list", "--format", "json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return sorted(user["username"] for user in json.loads(done.stdout)["items"])

    def add_user(self, daemon, name):
        return daemon.command("users", "add", name, "--password-stdin", input="correct horse battery\n")


class StartTest(DatabaseTest):
    def test_parts_make_the_url(self):
        server = self.server(password=PASSWORD)
        with Daemon(HTTP, env=server.parts()) as daemon:
            self.assertEqual(self.add_user(daemon, "ada").returncode, 0)
            self.assertEqual(self.users(daemon), ["ada", "admin"])
            self.assertEqual(self.ready(daemon), 200)
            self.assertFalse((daemon.state / "gatehouse.db").exists())
        self.assertEqual(server.sql("SELECT string_agg(username, ' ' ORDER BY username) FROM gatehouse.users"), "ada admin")
        with Daemon(HTTP, env=server.parts()) as daemon:
            self.assertEqual(self.users(daemon), ["ada", "admin"])

    def test_the_url_wins_over_the_parts(self):
        server = self.server(password=PASSWORD)
        url = server.url(urllib.parse.quote(PASSWORD, safe=""))
        wrong = server.parts() | {"POSTGRES_DB": "other", "POSTGRES_PASSWORD": "wrong", "GATEWAY_DATABASE_URL": url}
        with Daemon(HTTP, env=wrong) as daemon:
            self.assertEqual(self.users(daemon), ["admin"])
        wrong["GATEWAY_DATABASE_URL"] = "sqlite:gatehouse.db"
        with Daemon(HTTP, env=wrong) as daemon:
            self.assertTrue((daemon.state / "gatehouse.db").exists())

    def test_nothing_shows_the_password(self):
        server = self.server()
        env = server.parts() | {"GATEWAY_DATABASE_URL": server.url("house-password")}
        with Daemon(HTTP, env=env) as daemon:
            shown = [daemon.command(*words).stdout for words in (("status",), ("status", "--format", "json"))]
            for words in (("config", "explain"), ("config", "explain", "state.database_url"), ("config", "show")):
                done = subprocess.run([binary(), *words, "--config", daemon.config_path], env=daemon.env, capture_output=True, text=True)
                shown.append(done.stdout + done.stderr)
            self.assertIn(f"postgresql://house:(redacted)@127.0.0.1:{server.port}/house", shown[-1])
            shown += [line["_raw"].decode() for line in daemon.log.lines] + [daemon.stderr()]
            self.assertFalse([text for text in shown if "house-password" in text])

    def test_says_what_is_wrong_with_the_database(self):
        server = self.server()
        wrong = server.parts() | {"POSTGRES_PASSWORD": "not-the-password"}
        gone = server.parts() | {"POSTGRES_PORT": str(free_port())}
        for env, words in [(wrong, ["password authentication failed", "POSTGRES_PASSWORD"]), (gone, ["Connection refused", "start the server"])]:
            with self.subTest(words[0]):
                daemon = Daemon(HTTP, env=env, expect_exit=1)
                daemon.start(wait_ready=False)
                daemon.wait_exit()
                text = daemon.stderr()
                daemon.check_end()
                daemon._remove_directory()
                for word in words + ["[database-unreachable]"]:
                    self.assertIn(word, text)
                self.assertNotIn("not-the-password", text)


class LossTest(DatabaseTest):
    def test_readiness_follows_the_server_and_nothing_is_lost(self):
        server = self.server()
        with Daemon(HTTP, env=server.parts()) as daemon:
            key = daemon.add_key(scopes=("gateway:read",))
            self.assertEqual(self.ready(daemon), 200)
            server.stop()
            self.assertEqual(self.ready(daemon), 503)
            # Keys are verified from memory; what the endpoint tells lies in the database.
            statuses = [fetch_json(daemon.address(), "/gateway/stats", fields=[bearer(one)])[0] for one in (key, key + "x")]
            self.assertEqual(statuses, [503, 401])
            refused = self.add_user(daemon, "ada")
            self.assertEqual(refused.returncode, 1)
            self.assertIn("database-unreachable", refused.stderr)
            server.start()
            wait_until(lambda: self.ready(daemon) == 200, "the daemon to be ready again")
            self.assertEqual(self.add_user(daemon, "ada").returncode, 0)
            self.assertEqual(self.users(daemon), ["ada", "admin"])
        self.assertEqual(server.sql("SELECT count(*) FROM gatehouse.audit WHERE subject = 'user:ada'"), "1")


class NodesTest(DatabaseTest):
    def test_two_nodes_start_at_once_and_see_the_same_users(self):
        server = self.server()
        secret = {"GATEWAY_ADMIN_PASSWORD": "correct-Horse-battery-9"}
        nodes = [Daemon(HTTP, env=server.parts() | secret) for _ in range(2)]
        for node in nodes:
            self.addCleanup(node._remove_directory)
            self.addCleanup(node.kill)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda node: node.start(), nodes))
        self.assertEqual(self.add_user(nodes[0], "ada").returncode, 0)
        self.assertEqual(self.users(nodes[1]), ["ada", "admin"])
        self.assertEqual(server.sql("SELECT count(*) - count(DISTINCT version) FROM gatehouse.schema_migrations"), "0")
        for node in nodes:
            node.stop()


class CopyTest(DatabaseTest):
    def copy(self, daemon, *words, env=None):
        return subprocess.run([binary(), "state", "copy", *words, "--config", daemon.config_path], env=env or daemon.env,
                              capture_output=True, text=True, timeout=DEADLINE * 3)

    def test_goes_to_postgresql_and_back_and_keys_still_work(self):
        server = self.server()
        directory = self.temporary_directory()
        with Daemon(HTTP, directory=directory) as daemon:
            self.assertEqual(self.add_user(daemon, "ada").returncode, 0)
            key = daemon.add_key(scopes=("gateway:read",))
            busy = self.copy(daemon, "sqlite:gatehouse.db", server.url(), env=daemon.env | server.parts())
            self.assertEqual((busy.returncode, busy.stdout), (1, ""))
            self.assertIn("[state-in-use]", busy.stderr)
        there = self.copy(daemon, "sqlite:gatehouse.db", server.url(), "--format", "json", env=daemon.env | server.parts())
        self.assertEqual(there.returncode, 0, there.stderr)
        document = json.loads(there.stdout)
        self.assertEqual((document["kind"], document["version"]), ("CopiedTableList", 1))
        rows = {item["table"]: item["rows"] for item in document["items"]}
        self.assertEqual((rows["users"], rows["api_keys"]), (2, 1))
        with Daemon(HTTP, directory=directory, env=server.parts()) as daemon:
            self.assertEqual(self.users(daemon), ["ada", "admin"])
            self.assertEqual(fetch_json(daemon.address(), "/gateway/stats", fields=[bearer(key)])[0], 200)
            self.assertEqual(fetch_json(daemon.address(), "/gateway/stats", fields=[bearer(key + "x")])[0], 401)
        back = self.copy(daemon, server.url(), "sqlite:back.db")
        self.assertEqual(back.returncode, 0, back.stderr)
        self.assertRegex(back.stdout, r"(?m)^TABLE +ROWS$")
        self.assertRegex(back.stdout, r"(?m)^users +2$")
        again = self.copy(daemon, server.url(), "sqlite:back.db")
        self.assertEqual((again.returncode, again.stdout), (1, ""))
        self.assertIn("table users has 2 rows already", again.stderr)

    def test_refuses_what_it_cannot_mean(self):
        with Daemon(HTTP, directory=self.temporary_directory()) as daemon:
            pass
        for words in (("mysql://h/d", "sqlite:x.db"), ("sqlite:gatehouse.db", "sqlite:"), ("sqlite:gatehouse.db",), ()):
            with self.subTest(words):
                done = self.copy(daemon, *words)
                self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
        missing = self.copy(daemon, "sqlite:missing.db", "sqlite:x.db")
        self.assertEqual((missing.returncode, missing.stdout), (1, ""))
        self.assertIn("[not-found]", missing.stderr)
