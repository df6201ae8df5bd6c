"""Certificates by ACME, from a real authority: each way to prove names, what is served meanwhile, what survives."""
import json
import os
import signal
import stat
import subprocess
import unittest

from acme import *


class AcmeTest(DaemonTest):
    def pebble(self, **settings):
        return self.enterContext(Pebble(**settings))

    def wait_issued(self, daemon, name, names=None):
        """Waits until the authority's certificate is served; gives it."""
        def served():
            found = Served(daemon, name)
            return found if found.issued else None
        found = wait_until(served, f"a certificate for {name}")
        self.assertEqual(found.names, sorted(names or [name]))
        return found


class WaysTest(AcmeTest):
    def issues(self, pebble, name, names, **acme):
        daemon = self.start(acme_config(pebble, [names], **acme))
        return daemon, self.wait_issued(daemon, name, names)

    def test_http(self):
        pebble = self.pebble()
        daemon, found = self.issues(pebble, "a.test", ["a.test", "www.a.test"], challenge="http-01")
        daemon.log.wait("certificate.awaited", name="a.test")
        daemon.log.wait("certificate.issued", name="a.test")
        self.assertGreaterEqual(len(daemon.log.find("challenge.answered", type="http-01")), 2)
        context = ssl.create_default_context(cafile=pebble.root())
        host, port = daemon.address("https")
        with socket_to(host, port) as sock, context.wrap_socket(sock, server_hostname="www.a.test") as stream:
            stream.sendall(request_bytes(host="www.a.test"))
            self.assertIn(b"200 OK", stream.recv(4096))
        self.assertEqual(pebble.issued(), 1)

    def test_tls_alpn(self):
        pebble = self.pebble()
        daemon, _ = self.issues(pebble, "a.test", ["a.test", "b.test"], challenge="tls-alpn-01")
        self.assertEqual(daemon.log.find("challenge.answered", type="http-01"), [])

    def test_wildcard_by_a_program(self):
        pebble = self.pebble()
        daemon, _ = self.issues(pebble, "x.w.test", ["*.w.test", "w.test"], challenge="dns-01", dns={"exec": [pebble.hook()]})
        mode = (daemon.state / "certificates" / "live" / "_wildcard.w.test.pem").stat().st_mode
        self.assertEqual(stat.S_IMODE(mode), 0o600)
        self.assertEqual(stat.S_IMODE((daemon.state / "certificates").stat().st_mode), 0o700)

    def test_external_account(self):
        pebble = self.pebble(externalAccountBindingRequired=True, externalAccountMACKeys={"kid-1": HMAC})
        key = self.temporary_directory() / "eab.key"
        key.write_text(HMAC + "\n")
        key.chmod(0o600)
        self.issues(pebble, "a.test", ["a.test"], eab={"kid": "kid-1", "hmac_file": str(key)})

    def test_nonces_that_are_refused(self):
        pebble = self.pebble(environment={"PEBBLE_WFE_NONCEREJECT": "60"})
        self.wait_issued(self.start(acme_config(pebble, [["a.test"]])), "a.test")

    def test_variables_of_the_earlier_platform(self):
        pebble = self.pebble()
        config = acme_config(pebble, [])
        config["certificates"] = {"acme": {"directory": pebble.url, "ca_bundle": str(pebble.ca_file)}}
        env = {"SSL_CERTIFICATE_MODE": "letsencrypt", "LETSENCRYPT_EMAIL": "ops@a.test", "LETSENCRYPT_DOMAINS": "a.test,b.test",
               "LETSENCRYPT_STAGING": "false"}
        self.wait_issued(self.start(config, env=env), "a.test", ["a.test", "b.test"])


class AuthoritiesTest(AcmeTest):
    """Several authorities, in their order."""

    def several(self, first, second, **acme):
        """Both look for challenges where the daemon listens."""
        config = acme_config(second, [["a.test"]], **acme)
        here = config["certificates"]["acme"]
        for key in ("directory", "ca_bundle"):
            del here[key]
        here["authorities"] = [{"directory": one.url, "ca_bundle": str(one.ca_file)} for one in (first, second)]
        return config

    def second_pebble(self, first):
        second = Pebble()
        second.http_port, second.tls_port = first.http_port, first.tls_port
        return self.enterContext(second)

    def source(self, daemon):
        done = subprocess.run([binary(), "certs", "show", "a.test", "--format", "json", "--socket", daemon.socket_path], capture_output=True, text=True,
                              env=clean_environment(), timeout=DEADLINE)
        return json.loads(done.stdout)["items"][0]["acme"]["directory"]

    def test_the_first_one_that_works(self):
        first = self.pebble()
        second = self.second_pebble(first)
        daemon = self.start(self.several(first, second))
        self.wait_issued(daemon, "a.test")
        self.assertEqual((first.issued(), second.orders()), (1, 0))
        self.assertEqual(self.source(daemon), first.url)

    def test_the_next_one_when_the_first_is_down(self):
        first = self.pebble()
        second = self.second_pebble(first)
        first.stop()
        daemon = self.start(self.several(first, second))
        self.wait_issued(daemon, "a.test")
        daemon.log.wait("authority.failed", name="a.test", directory=first.url, kind="transient")
        daemon.log.wait("certificate.issued", name="a.test", directory=second.url)
        self.assertEqual(daemon.log.find("certificate.failed"), [])
        self.assertEqual((self.source(daemon), second.issued()), (second.url, 1))

    def test_the_next_one_when_the_first_refuses(self):
        first = self.pebble(domainBlocklist=["a.test"])
        second = self.second_pebble(first)
        daemon = self.start(self.several(first, second))
        self.wait_issued(daemon, "a.test")
        daemon.log.wait("authority.failed", directory=first.url, kind="refused")
        self.assertEqual(first.issued(), 0)

    def test_each_has_its_own_account_binding(self):
        first = self.pebble()
        second = Pebble(externalAccountBindingRequired=True, externalAccountMACKeys={"kid-1": HMAC})
        second.http_port, second.tls_port = first.http_port, first.tls_port
        self.enterContext(second)
        first.stop()
        key = self.temporary_directory() / "eab.key"
        key.write_text(HMAC + "\n")
        key.chmod(0o600)
        config = self.several(first, second)
        config["certificates"]["acme"]["authorities"][1]["eab"] = {"kid": "kid-1", "hmac_file": str(key)}
        self.wait_issued(self.start(config), "a.test")


class LifeTest(AcmeTest):
    """What was begun or got survives the daemon, and nobody waits for an authority."""

    def test_a_restart_serves_what_is_stored_and_orders_nothing(self):
        pebble, directory = self.pebble(), self.temporary_directory()
        config = acme_config(pebble, [["a.test"]])
        with Daemon(config, directory=directory) as daemon:
            before = self.wait_issued(daemon, "a.test")
        pebble.stop()
        with Daemon(config, directory=directory) as daemon:
            self.assertEqual(Served(daemon, "a.test").serial, before.serial)
            self.assertEqual(daemon.log.find("certificate.awaited"), [])
        self.assertEqual(pebble.orders(), 1)

    def test_the_start_waits_for_nobody(self):
        pebble = self.pebble()
        pebble.stop()
        daemon = self.start(acme_config(pebble, [["a.test"]]))
        found = Served(daemon, "a.test")
        self.assertEqual((found.issued, found.names), (False, ["a.test"]))
        daemon.log.wait("certificate.failed", name="a.test")
        status = json.loads(fetch(daemon.address(), "/.well-known/certificate-status").body)
        self.assertEqual(status["status"], "WARNING")

    def killed_at(self, mark):
        """Kills the daemon when the authority's log says that; gives the authority after the next daemon has its certificate."""
        pebble, directory = self.pebble(), self.temporary_directory()
        config = acme_config(pebble, [["a.test"]])
        daemon = Daemon(config, directory=directory)
        daemon.start(wait_ready=False)
        try:
            wait_until(lambda: pebble.count(mark), f"{mark} in the log of the authority")
        finally:
            daemon.kill()
            daemon._remove_directory()
        with Daemon(config, directory=directory) as second:
            self.wait_issued(second, "a.test")
        return pebble

    def test_goes_on_after_a_kill(self):
        # A kill before the order is stored costs a second one, and so does one while the authority looks for a proof that nobody
        # shows; an account or a certificate is never made twice.
        for mark, orders in (("POST /sign-me-up", 1), ("Added order", 2), ("POST /chalZ", 2), ("POST /finalize-order", 1), ("Issued certificate", 1)):
            with self.subTest(mark):
                pebble = self.killed_at(mark)
                self.assertLessEqual(pebble.orders(), orders)
                self.assertEqual(pebble.issued(), 1)
                self.assertEqual(pebble.count("There are now 2 accounts"), 0)


if __name__ == "__main__":
    unittest.main()
