"""TLS on the listener: versions, ciphers, certificates, ALPN, what a stranger may send."""
import os
import ssl
import subprocess
import unittest

from harness import *


class TlsTest(SharedDaemonTest):
    @classmethod
    def configuration(cls, backend):
        return tls_config(backend)

    def handshake(self, *options):
        host, port = self.daemon.address("https")
        return subprocess.run(["openssl", "s_client", "-connect", f"{host}:{port}", *options], input="", text=True,
                              capture_output=True, timeout=DEADLINE)

    def test_versions_of_the_policy(self):
        for option, expected in [("-tls1_2", True), ("-tls1_3", True), ("-tls1_1", False), ("-tls1", False)]:
            with self.subTest(option):
                done = self.handshake(option, "-cipher", "ALL:@SECLEVEL=0")
                self.assertEqual("Cipher is (NONE)" not in done.stdout and done.returncode == 0, expected, done.stderr)

    def test_weak_ciphers_are_refused(self):
        for cipher in ("AES128-SHA", "AES256-GCM-SHA384", "ECDHE-RSA-AES128-SHA", "NULL", "DES-CBC3-SHA"):
            with self.subTest(cipher):
                done = self.handshake("-tls1_2", "-cipher", f"{cipher}:@SECLEVEL=0")
                self.assertNotEqual(done.returncode, 0)

    def test_alpn(self):
        for offered, expected in [("http/1.1", "ALPN protocol: http/1.1"), ("junk,http/1.1", "ALPN protocol: http/1.1")]:
            with self.subTest(offered):
                self.assertIn(expected, self.handshake("-alpn", offered).stdout)

    def test_alpn_without_a_common_protocol_is_refused(self):
        self.assertNotIn("ALPN protocol: junk", self.handshake("-alpn", "junk").stdout)

    def test_request_works_and_is_marked_secure(self):
        response = fetch(self.daemon.address("https"), tls=True)
        self.assertEqual(response.status, 200)
        self.assertIsNone(response.get("strict-transport-security"), "no HSTS with a self-signed certificate")

    def test_close_notify_ends_a_close_delimited_answer(self):
        stream = self.connect(self.daemon, "https", tls=True)
        stream.sock.sendall(request_bytes(fields=[("Connection", "close")]))
        stream.response()
        self.assertEqual(stream.sock.recv(1), b"")  # SSLEOFError would mean: no close_notify

    def test_strangers_do_not_disturb(self):
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(60)
        for junk in (b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", b"\x80\x2e\x01\x00\x02", b"\x16\x03\x01\xff\xff" + b"a" * 100,
                     hello, os.urandom(500), b"\x15\x03\x01\x00\x02\x02\x28"):
            with self.subTest(junk[:8]):
                stream = self.connect(self.daemon, "https")
                stream.sock.sendall(junk)
                try:
                    stream.sock.shutdown(1)
                except OSError:
                    pass  # refused and closed already
                wait_closed(stream)
        self.assertEqual(fetch(self.daemon.address("https"), tls=True).status, 200)

    def test_resumption(self):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        session = None
        for expected in (False, True):
            with self.subTest(resumed=expected):
                raw = connect(self.daemon.address("https")).sock
                with context.wrap_socket(raw, server_hostname="localhost", session=session) as sock:
                    sock.sendall(request_bytes())
                    sock.recv(1)
                    self.assertEqual(sock.session_reused, expected)
                    session = sock.session


class SelfSignedTest(DaemonTest):
    def test_certificate_is_kept_and_verifies_against_its_file(self):
        config = tls_config(self.backend())
        directory = self.temporary_directory()
        with Daemon(config, directory=directory) as daemon:
            first = ssl.get_server_certificate(daemon.address("https"))
            files = [path for path in daemon.state.rglob("*") if path.is_file()]
            for path in (file for file in files if file.suffix != ".pem"):  # a certificate is public
                self.assertEqual(path.stat().st_mode & 0o077, 0, f"{path} is readable by others")
            self.assertEqual(daemon.state.stat().st_mode & 0o777, 0o700)
        with Daemon(config, directory=directory) as daemon:
            self.assertEqual(ssl.get_server_certificate(daemon.address("https")), first)

    def test_names(self):
        daemon = self.start(tls_config(self.backend()))
        pem = ssl.get_server_certificate(daemon.address("https"))
        text = subprocess.run(["openssl", "x509", "-noout", "-text"], input=pem, capture_output=True, text=True).stdout
        for name in ("DNS:localhost", "IP Address:127.0.0.1"):
            self.assertIn(name, text)


class ManualCertificateTest(DaemonTest):
    def configuration(self, *pairs):
        files = [{"chain": str(chain), "key": str(key)} for chain, key in pairs]
        return tls_config(self.backend(), certificates={"mode": "manual", "files": files})

    def served(self, daemon, name):
        host, port = daemon.address("https")
        done = subprocess.run(["openssl", "s_client", "-connect", f"{host}:{port}", "-servername", name], input="",
                              capture_output=True, text=True, timeout=DEADLINE)
        return next(line for line in done.stdout.splitlines() if line.startswith("subject="))

    def test_name_picks_the_certificate(self):
        directory = self.temporary_directory()
        pairs = [make_certificate(directory, name) for name in ("one.example", "two.example")]
        daemon = self.start(self.configuration(*pairs))
        for asked, given in [("one.example", "one.example"), ("two.example", "two.example"), ("TWO.example", "two.example"),
                             ("three.example", "one.example")]:
            with self.subTest(asked):
                self.assertIn(given, self.served(daemon, asked))

    def test_reload_takes_a_new_certificate(self):
        directory = self.temporary_directory()
        pair = make_certificate(directory, "one.example")
        daemon = self.start(self.configuration(pair))
        before = ssl.get_server_certificate(daemon.address("https"))
        make_certificate(directory, "one.example")
        self.assertEqual(daemon.command("reload").returncode, 0)
        after = ssl.get_server_certificate(daemon.address("https"))
        self.assertNotEqual(before, after)
        self.assertEqual(after.strip(), pair[0].read_text().strip())

    def test_an_expired_one_stops_nobody_and_is_not_served(self):
        directory = self.temporary_directory()
        pair = make_certificate(directory, "old.example")
        subprocess.run(["openssl", "x509", "-x509toreq", "-in", pair[0], "-signkey", pair[1], "-out", directory / "csr"], check=True,
                       capture_output=True)
        (directory / "names").write_text("subjectAltName=DNS:old.example\n")
        subprocess.run(["openssl", "x509", "-req", "-in", directory / "csr", "-signkey", pair[1], "-days", "-1", "-extfile",
                        directory / "names", "-out", pair[0]], check=True, capture_output=True)
        daemon = self.start(self.configuration(pair))
        served = ssl.get_server_certificate(daemon.address("https"))
        self.assertNotEqual(served.strip(), pair[0].read_text().strip())
        names = subprocess.run(["openssl", "x509", "-noout", "-checkend", "86400", "-ext", "subjectAltName"], input=served,
                               capture_output=True, text=True)
        self.assertEqual(names.returncode, 0, "ends soon")
        self.assertIn("DNS:old.example", names.stdout)
        self.assertIn("[certificate-expired]", daemon.stderr())
        daemon.log.wait("certificate.replaced")
        self.assertEqual(fetch_json(daemon.address("https"), "/.well-known/certificate-status", tls=True)[1]["status"], "CRITICAL")
        self.assertEqual(fetch_json(daemon.address(), "/readyz")[0], 200)
        checked = subprocess.run([daemon.binary, "check", daemon.config_path], env=daemon.env, capture_output=True, text=True)
        self.assertEqual(checked.returncode, 0, checked.stderr)

    def test_key_never_appears_in_the_log(self):
        pair = make_certificate(self.temporary_directory())
        daemon = self.start(self.configuration(pair))
        secret = pair[1].read_text().splitlines()[1]
        everything = b"".join(line["_raw"] for line in daemon.log.lines).decode() + daemon.stderr()
        self.assertNotIn(secret, everything)


if __name__ == "__main__":
    unittest.main()
