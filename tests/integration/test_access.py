"""Users, tokens, keys and scopes, over TLS and the admin socket; the faults of the earlier platform are not here."""
import json
import re
import sqlite3
import time
import unittest
import urllib.parse

from harness import *

PASSWORD = "correct horse battery"
SECTION = {"access": {"admin_password": "env:TEST_ADMIN_PASSWORD"}}


class AccessTest(DaemonTest):
    def setUp(self):
        self.target = self.backend()
        config = tls_config(self.target, **SECTION)
        config["routes"] += [{"match": {"path": "/private/"}, "to": "app", "auth": "required"}]
        self.config = config
        self.daemon = self.start(config, env={"TEST_ADMIN_PASSWORD": PASSWORD})

    def request(self, target, method="GET", document=None, key=None):
        fields = [bearer(key)] if key else []
        return fetch_json(self.daemon.address("https"), target, method, document, fields, tls=True)

    def login(self, username="admin", password=PASSWORD):
        body = urllib.parse.urlencode({"username": username, "password": password}).encode()
        return fetch(self.daemon.address("https"), "/auth/login", "POST",
                     [("Content-Type", "application/x-www-form-urlencoded")], body, tls=True)

    def token(self, *who):
        response = self.login(*who)
        self.assertEqual(response.status, 200, response.body)
        return json.loads(response.body)["access_token"]

    def make_user(self, name, **more):
        status, document, _ = self.request("/auth/users", "POST", {"username": name, "password": PASSWORD, **more}, self.token())
        self.assertIn(status, (200, 201), document)
        return document

    def make_key(self, token, **more):
        status, document, _ = self.request("/auth/api-keys", "POST", {"name": "k", "scopes": ["tools:call"], **more}, token)
        self.assertIn(status, (200, 201), document)
        return document


class LoginTest(AccessTest):
    def test_token_shape(self):
        document = json.loads(self.login().body)
        self.assertEqual(document["token_type"], "bearer")
        self.assertEqual(document["expires_in"], 1800)
        self.assertEqual(document["access_token"].count("."), 2)

    def test_wrong_password_and_unknown_user_look_alike(self):
        wrong, unknown = self.login("admin", "wrong"), self.login("nobody", "wrong")
        self.assertEqual((wrong.status, unknown.status), (401, 401))
        details = [json.loads(r.body)["detail"] for r in (wrong, unknown)]
        self.assertEqual(details[0], details[1])

    def test_login_needs_a_form(self):
        status, _, _ = self.request("/auth/login", "POST", {"username": "admin", "password": PASSWORD})
        self.assertIn(status, (415, 422))

    def test_many_attempts_are_limited(self):
        statuses = [self.login("admin", "wrong").status for _ in range(25)]
        self.assertIn(429, statuses)
        self.assertIsNotNone(self.login("admin", "wrong").get("retry-after"))

    def test_attempts_are_limited_for_a_client_whatever_the_names(self):
        statuses = [self.login(f"user{number}", "wrong").status for number in range(25)]
        self.assertEqual((statuses[0], statuses[-1]), (401, 429))
        lines = [line for line in self.daemon.log.find("login.refused") if line["user"]]
        self.assertEqual(lines, [], "names of nobody are not logged: they may be passwords")

    def test_probes_do_not_wait_behind_passwords(self):
        import threading
        threads = [threading.Thread(target=self.login, args=(f"user{i}", "wrong")) for i in range(10)]
        for thread in threads:
            thread.start()
        answered = [fetch(self.daemon.address(), path).status for path in ("/readyz", "/health", "/metrics")]
        waiting = sum(thread.is_alive() for thread in threads)
        for thread in threads:
            thread.join()
        self.assertEqual(answered, [200, 200, 200])
        self.assertGreater(waiting, 0, "all logins were over before the probes")

    def test_edge_answers_while_passwords_are_hashed(self):
        import threading
        threads = [threading.Thread(target=self.login, args=(f"user{i}", "wrong")) for i in range(10)]
        for thread in threads:
            thread.start()
        started = time.monotonic()
        for _ in range(20):
            self.assertEqual(fetch(self.daemon.address()).status, 200)
        took = time.monotonic() - started
        for thread in threads:
            thread.join()
        self.assertLess(took, 5.0)


class TokenTest(AccessTest):
    def test_forged_tokens_are_refused(self):
        header, payload, signature = self.token().split(".")
        none = "eyJhbGciOiJub25lIn0"
        for forged in (f"{none}.{payload}.", f"{header}.{payload}.", f"{header}.{payload}.{signature[:-4]}AAAA", "a.b.c", ".."):
            with self.subTest(forged[-10:]):
                self.assertEqual(self.request("/gateway/stats", key=forged)[0], 401)

    def test_refusal_says_how_to_authenticate(self):
        status, _, response = self.request("/gateway/stats")
        self.assertEqual(status, 401)
        self.assertTrue(response.get("www-authenticate").startswith("Bearer"))

    def test_token_in_the_query_is_not_accepted(self):
        self.assertEqual(self.request(f"/gateway/stats?access_token={self.token()}")[0], 401)

    def test_token_survives_a_restart(self):
        directory = self.temporary_directory()
        with Daemon(self.config, directory=directory, env={"TEST_ADMIN_PASSWORD": PASSWORD}) as self.daemon:
            token = self.token()
        with Daemon(self.config, directory=directory, env={"TEST_ADMIN_PASSWORD": PASSWORD}) as self.daemon:
            self.assertEqual(self.request("/gateway/stats", key=token)[0], 200)


class UserTest(AccessTest):
    def test_no_answer_carries_a_hash(self):
        document = self.make_user("bob")
        text = json.dumps(document) + json.dumps(self.request("/auth/users", key=self.token())[1])
        self.assertNotRegex(text, r"hash|argon2|\$2[aby]\$")

    def test_scopes_hold_for_everybody(self):
        self.make_user("bob")
        token = self.token("bob", PASSWORD)
        status, document, _ = self.request("/auth/users", "POST", {"username": "eve", "password": PASSWORD}, token)
        self.assertEqual(status, 403)
        self.assertIn("gateway:write", json.dumps(document))

    def test_inactive_user_is_refused_at_once(self):
        user = self.make_user("bob")
        token = self.token("bob", PASSWORD)
        self.assertEqual(self.request("/gateway/stats", key=token)[0], 200)
        status, document, _ = self.request(f"/auth/users/{user['id']}", "PATCH", {"is_active": False}, self.token())
        self.assertEqual(status, 200, document)
        self.assertEqual(self.request("/gateway/stats", key=token)[0], 401)

    def test_bad_documents_are_refused(self):
        token = self.token()
        for bad in ({}, {"username": "x"}, {"username": "a b", "password": PASSWORD}, {"username": "x", "password": "short"},
                    {"username": 1, "password": PASSWORD}, []):
            with self.subTest(bad):
                self.assertIn(self.request("/auth/users", "POST", bad, token)[0], (400, 422))


class KeyTest(AccessTest):
    def test_key_shape_and_use(self):
        key = self.make_key(self.token())["key"]
        self.assertRegex(key, r"^mcp_\d+\.[A-Za-z0-9_-]{32,}$")
        response = fetch(self.daemon.address("https"), "/private/x", fields=[bearer(key)], tls=True)
        self.assertEqual(response.status, 200)

    def test_wrong_keys_are_401(self):
        key = self.make_key(self.token())["key"]
        number, secret = key[4:].split(".")
        wrong = [f"mcp_{number}.{secret[:-1]}{'A' if secret[-1] != 'A' else 'B'}", f"mcp_{int(number) + 1}.{secret}",
                 f"mcp_{number}.", "mcp_", f"mcp_{number}", "mcp_99999999999999999999.x", key + "x", key.upper()]
        for bad in wrong:
            with self.subTest(bad[:12]):
                response = fetch(self.daemon.address("https"), "/private/x", fields=[bearer(bad)], tls=True)
                self.assertEqual(response.status, 401)
                self.assertIn("invalid_token", response.get("www-authenticate"))
        self.assertEqual(self.target.requests, [])

    def test_no_key_is_401_without_the_word_invalid(self):
        response = fetch(self.daemon.address("https"), "/private/x", tls=True)
        self.assertEqual(response.status, 401)
        self.assertNotIn("invalid_token", response.get("www-authenticate"))

    def test_key_is_not_forwarded(self):
        key = self.make_key(self.token())["key"]
        fetch(self.daemon.address("https"), "/private/x", fields=[bearer(key)], tls=True)
        seen = self.target.wait_requests(1)[0]
        self.assertNotIn(key, seen.raw_head.decode())

    def test_missing_scope_is_403(self):
        key = self.make_key(self.token())["key"]
        status, _, response = self.request("/gateway/stats", key=key)
        self.assertEqual(status, 403)
        self.assertIn("insufficient_scope", response.get("www-authenticate"))

    def test_revoked_key_is_refused(self):
        created = self.make_key(self.token())
        self.assertIn(self.request(f"/auth/api-keys/{created['id']}", "DELETE", key=self.token())[0], (200, 204))
        wait_until(lambda: self.request("/private/x", key=created["key"])[0] == 401, "the end of a revoked key", 5)

    def test_requested_expiry_is_kept(self):
        created = self.make_key(self.token(), expires_at="2030-01-02T03:04:05Z")
        self.assertTrue(created["expires_at"].startswith("2030-01-02T03:04:05"))

    def test_by_command(self):
        key = self.daemon.add_key(scopes=("gateway:read",))
        self.assertEqual(self.request("/gateway/stats", key=key)[0], 200)
        listed = self.daemon.command("keys", "list", "--format", "json")
        self.assertEqual(listed.returncode, 0, listed.stderr)
        self.assertNotIn(key.split(".")[1], listed.stdout)

    def test_no_secret_in_log_or_database(self):
        key = self.make_key(self.token())["key"]
        fetch(self.daemon.address("https"), "/private/x?a=b", fields=[bearer(key)], tls=True)
        secret = key.split(".")[1].encode()
        self.daemon.log.wait("request", path="/private/x")
        logged = b"".join(line["_raw"] for line in self.daemon.log.lines)
        stored = b"".join(p.read_bytes() for p in self.daemon.state.iterdir() if p.is_file())
        for where in (logged, stored):
            self.assertNotIn(secret, where)
            self.assertNotIn(PASSWORD.encode(), where)


class FirstStartTest(DaemonTest):
    def test_random_password_is_printed_once_and_works(self):
        directory = self.temporary_directory()
        config = tls_config(self.backend())
        with Daemon(config, directory=directory) as daemon:
            password = self.printed_password(daemon)
            self.assertIsNotNone(password, daemon.stderr())
            body = urllib.parse.urlencode({"username": "admin", "password": password}).encode()
            response = fetch(daemon.address("https"), "/auth/login", "POST",
                             [("Content-Type", "application/x-www-form-urlencoded")], body, tls=True)
            self.assertEqual(response.status, 200, response.body)
            logged = b"".join(line["_raw"] for line in daemon.log.lines).decode()
            self.assertNotIn(password, logged)
        with Daemon(config, directory=directory) as daemon:
            self.assertNotIn(password, daemon.stderr().split("\n", 1)[-1][len(self.first_stderr):])

    def printed_password(self, daemon):
        self.first_stderr = daemon.stderr()
        found = re.search(r"password[^\n]*?[:=]?\s+([A-Za-z0-9_-]{12,})\s*$", self.first_stderr, re.MULTILINE)
        return found and found.group(1)


if __name__ == "__main__":
    unittest.main()
