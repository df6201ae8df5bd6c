"""gatehouse certs …: what a person can ask about certificates, with a real authority behind the daemon."""
import json
import os
import stat
import subprocess
import unittest

from acme import *
from test_cli import CommandTest, run


class CertsTest(CommandTest):
    def pebble(self, **settings):
        return self.enterContext(Pebble(**settings))

    def daemon(self, pebble, names=(["a.test", "www.a.test"],), **acme):
        return self.start(acme_config(pebble, list(names), **acme))

    def certs(self, daemon, *words):
        return run("certs", *words, "--socket", str(daemon.socket_path))

    def items(self, daemon, *words):
        return self.assert_document(self.certs(daemon, *words, "--format", "json"))

    def issued(self, daemon, name="a.test"):
        """Waits until it is served; gives what `show` says."""
        wait_until(lambda: Served(daemon, name).issued, f"a certificate for {name}")
        settled = lambda one: one["fingerprint"] and not one["replaced"] and not one["acme"]["at_work"]
        return wait_until(lambda: next(filter(settled, self.items(daemon, "show", name)), None), "its document")


class LookTest(CertsTest):
    def test_list_and_show(self):
        daemon = self.daemon(self.pebble())
        shown = self.issued(daemon)
        self.assertEqual((shown["names"], shown["source"], shown["state"]), (["a.test", "www.a.test"], "acme", "OK"))
        self.assertTrue(shown["acme"]["renewal"])
        self.assertEqual(self.items(daemon, "show", "www.a.test"), [shown])  # by any of its names
        self.assertEqual([one["names"] for one in self.items(daemon, "list")], [["a.test", "www.a.test"]])
        table = self.certs(daemon, "list").stdout
        self.assertRegex(table, r"(?m)^CERTIFICATE +SOURCE +EXPIRES +STATE$")
        self.assertRegex(table, r"(?m)^a\.test, www\.a\.test +acme +in \d+ days +ok \(renewal in \d+ days\)$")
        page = self.certs(daemon, "show", "a.test").stdout
        self.assertRegex(page, r"(?m)^authority +https://localhost")
        for text in (table, page, json.dumps(shown)):
            self.assertNotIn("PRIVATE", text)

    def test_names_that_are_not_there(self):
        daemon = self.daemon(self.pebble())
        for verb in ("show", "issue", "renew", "revoke", "dns-record"):
            with self.subTest(verb):
                self.assert_refused(self.certs(daemon, verb, "ww.a.test"), 2, "there is no certificate for 'ww.a.test'", "[not-found]",
                                    "did you mean 'www.a.test'?")

    def test_files_are_not_for_an_authority(self):
        chain, key = make_certificate(self.temporary_directory(), "f.test")
        daemon = self.start({"listeners": {"https": {"tls": {}}}, "certificates": {"files": [{"chain": str(chain), "key": str(key)}]}})
        self.assertEqual(self.items(daemon, "list")[0]["source"], "file")
        self.assert_refused(self.certs(daemon, "renew", "f.test", "--force"), 1, "does not come from an authority (file)", "read again by themselves")


class ChangeTest(CertsTest):
    def test_issue_after_a_failure(self):
        pebble = self.pebble()
        pebble.stop()
        daemon = self.daemon(pebble)
        daemon.log.wait("certificate.failed")  # the next attempt would come in a minute
        done = self.certs(daemon, "issue", "a.test")
        self.assert_refused(done, 1, "cannot get the certificate for a.test", "[unreachable]", "next try at ")
        pebble.start()
        [change] = self.items(daemon, "issue", "a.test")
        self.assertTrue(change["changed"] and change["not_after"])
        self.issued(daemon)
        self.assert_refused(self.certs(daemon, "issue", "a.test"), 1, "there is a certificate for a.test until", "renew a.test --force")
        self.assertEqual(pebble.issued(), 1)

    def test_the_authoritys_own_words(self):
        pebble = self.pebble(domainBlocklist=["blocked.test"])
        daemon = self.daemon(pebble, [["blocked.test"]])
        done = self.certs(daemon, "issue", "blocked.test")
        self.assert_refused(done, 1, "the certificate for blocked.test was refused: the authority says \"rejectedIdentifier: ", "blocked.test",
                            "[acme-rejectedIdentifier]", "this authority does not issue for this name")

    def test_renew(self):
        pebble = self.pebble()
        daemon = self.daemon(pebble)
        first = self.issued(daemon)
        self.assertEqual(self.items(daemon, "renew", "a.test")[0]["changed"], False)
        done = self.certs(daemon, "renew", "a.test")
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertRegex(done.stderr, r"nothing to do: a\.test will be renewed in \d+ days")
        self.assertEqual(pebble.issued(), 1)
        self.assertTrue(self.items(daemon, "renew", "www.a.test", "--force")[0]["changed"])
        wait_until(lambda: self.items(daemon, "show", "a.test")[0]["fingerprint"] != first["fingerprint"], "another certificate")
        self.assertEqual(pebble.issued(), 2)

    def test_revoke_gets_another(self):
        pebble = self.pebble()
        daemon = self.daemon(pebble, keep_key=True)
        self.issued(daemon)
        before, key = Served(daemon, "a.test").serial, self.stored_key(daemon)
        self.assert_refused(self.certs(daemon, "revoke", "a.test", "--reason", "superseed"), 2, "did you mean 'superseded'?")
        done = self.certs(daemon, "revoke", "a.test", "--reason", "superseded")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(pebble.status(before), "Revoked")
        second = wait_until(lambda: (found := Served(daemon, "a.test").serial) != before and found, "another certificate")
        self.assertEqual(self.stored_key(daemon), key)
        self.certs(daemon, "revoke", "a.test", "--reason", "key-compromise")
        self.assertEqual(pebble.status(second), "Revoked")
        self.assertNotEqual(self.stored_key(daemon), key)

    def stored_key(self, daemon):
        return (daemon.state / "certificates/live/a.test.pem").read_text().split("-----END")[0]

    def test_records_for_dns_persist(self):
        pebble = self.pebble()
        daemon = self.daemon(pebble, [["*.w.test", "w.test", "x.test"]], challenge=["dns-persist-01"])
        records = self.items(daemon, "dns-record", "w.test")
        self.assertEqual(sorted(one["name"] for one in records), ["_validation-persist.w.test", "_validation-persist.x.test"])
        values = {one["name"].split(".", 1)[1]: one["value"] for one in records}
        self.assertRegex(values["w.test"], r"^localhost; accounturi=https://localhost:\d+/my-account/\w+; policy=wildcard$")
        self.assertNotIn("policy", values["x.test"])
        done = self.certs(daemon, "dns-record", "x.test")
        self.assertIn(f'_validation-persist.x.test. IN TXT "{values["x.test"]}"\n', done.stdout)
        self.assertEqual(pebble.count("There are now 1 accounts"), 1)


class FilesTest(CertsTest):
    """Keys come and go in files only."""

    def elsewhere(self, names=("a.test", "www.a.test"), days=30):
        """A certificate that somebody else got for these names."""
        directory = self.temporary_directory()
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", days, "-subj", "/CN=x", "-addext",
                "subjectAltName=" + ",".join(f"DNS:{name}" for name in names), "-keyout", directory / "key.pem", "-out", directory / "cert.pem")
        (directory / "key.pem").chmod(0o600)
        return directory / "cert.pem", directory / "key.pem"

    def waiting_daemon(self):
        pebble = self.pebble()
        pebble.stop()  # nothing is issued
        return self.daemon(pebble)

    def test_import(self):
        daemon, (chain, key) = self.waiting_daemon(), self.elsewhere()
        done = self.certs(daemon, "import", "a.test", "--cert", str(chain), "--key", str(key))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, "")
        daemon.log.wait("certificate.imported", name="a.test")
        serial = openssl("x509", "-noout", "-serial", "-in", chain).strip().split("=")[1]
        wait_until(lambda: Served(daemon, "a.test").serial == serial, "the imported certificate")
        self.assertEqual(stat.S_IMODE((daemon.state / "certificates/live/a.test.pem").stat().st_mode), 0o600)
        secret = key.read_text().splitlines()[1]
        for line in daemon.log.lines:
            self.assertNotIn(secret.encode(), line["_raw"])
        self.assertEqual(self.items(daemon, "show", "a.test")[0]["acme"]["directory"], None)

    def test_what_does_not_fit_is_not_stored(self):
        daemon, (chain, key), (_, other_key) = self.waiting_daemon(), self.elsewhere(), self.elsewhere()
        fewer, fewer_key = self.elsewhere(["a.test"])
        open_key = self.temporary_directory() / "open.pem"
        open_key.write_text(key.read_text())
        open_key.chmod(0o644)
        for pair, slug in [((chain, other_key), "key-mismatch"), ((fewer, fewer_key), "certificate-names"), ((chain, open_key), "key-permissions"),
                           ((key, key), "certificate-unreadable"), ((chain, "/nowhere"), "key-unreadable")]:
            with self.subTest(slug):
                done = self.certs(daemon, "import", "a.test", "--cert", str(pair[0]), "--key", str(pair[1]))
                self.assert_refused(done, 2, f"[{slug}]")
        self.assertEqual(os.listdir(daemon.state / "certificates/live"), [])

    def test_export(self):
        daemon = self.daemon(self.pebble())
        self.issued(daemon)
        target = self.temporary_directory() / "out"
        words = ("certs", "export", "a.test", "--config", str(daemon.config_path))
        for bad in ("-", "/dev/stdout"):
            self.assert_refused(run(*words, "--to", bad), 2, "never shown")
        files = self.assert_document(run(*words, "--to", str(target), "--format", "json"))
        self.assertEqual([one["holds"] for one in files], ["chain", "private key"])
        chain, key = (Path(one["file"]) for one in files)
        self.assertEqual((chain, key), (target / "a.test.pem", target / "a.test.key"))
        self.assertEqual([stat.S_IMODE(path.stat().st_mode) for path in (target, chain, key)], [0o700, 0o644, 0o600])
        self.assertNotIn("PRIVATE", chain.read_text())
        self.assertEqual(openssl("pkey", "-in", key, "-pubout"), openssl("x509", "-in", chain, "-noout", "-pubkey"))
        self.assertEqual(run(*words, "--to", str(target)).returncode, 0)  # again, over what is there
        self.assert_refused(run("certs", "export", "a.tets", "--config", str(daemon.config_path), "--to", str(target)), 2, "did you mean 'a.test'?")

    def test_no_answer_holds_a_key(self):
        daemon = self.daemon(self.pebble())
        self.issued(daemon)
        secret = (daemon.state / "certificates/live/a.test.pem").read_text().splitlines()[1]
        answers = [self.certs(daemon, *words).stdout for words in (["list"], ["show", "a.test"], ["list", "--format", "json"],
                                                                     ["show", "a.test", "--format", "json"], ["renew", "a.test", "--format", "json"])]
        answers.append(run("status", "--format", "json", "--socket", str(daemon.socket_path)).stdout)
        for answer in answers:
            self.assertTrue(answer)
            self.assertNotIn(secret, answer)


if __name__ == "__main__":
    unittest.main()
