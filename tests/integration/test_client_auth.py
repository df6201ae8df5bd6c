"""Certificates of clients: by the rule of the name, told to upstreams, never around a rule, and after a reload."""
import base64
import ssl
import subprocess
import unittest

from harness import *
from wire import Broken, Stream, client_context, connect


class Authority:
    """A certificate authority in a directory: certificates of clients, and its list of revocations."""

    def __init__(self, directory, name):
        self.directory = directory / name
        self.directory.mkdir()
        self.certificate, self.list = self.directory / "ca.pem", self.directory / "crl.pem"
        (self.directory / "index").touch()
        (self.directory / "crlnumber").write_text("01\n")
        (self.directory / "ca.cnf").write_text(
            f"[ca]\ndefault_ca=me\n[me]\ndatabase={self.directory}/index\ncrlnumber={self.directory}/crlnumber\n"
            f"default_md=sha256\ndefault_crl_days=30\ncertificate={self.certificate}\nprivate_key={self.directory}/ca.key\n")
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
                     f"/CN={name}", "-keyout", "ca.key", "-out", "ca.pem")
        self.write_list()

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.directory, check=True, capture_output=True)

    def issue(self, name):
        """Paths of a client's certificate and its key."""
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                     "-keyout", f"{name}.key", "-out", f"{name}.csr")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30",
                     "-out", f"{name}.pem")
        return self.directory / f"{name}.pem", self.directory / f"{name}.key"

    def write_list(self):
        self.openssl("ca", "-config", "ca.cnf", "-gencrl", "-out", "crl.pem")

    def revoke(self, certificate):
        self.openssl("ca", "-config", "ca.cnf", "-revoke", str(certificate))
        self.write_list()


class ClientAuthTest(DaemonTest):
    def setUp(self):
        self.directory = self.temporary_directory()
        self.partners = Authority(self.directory, "partners")
        self.others = Authority(self.directory, "others")
        self.alice, self.mallory = self.partners.issue("alice"), self.others.issue("mallory")

    def require(self, **more):
        return {"mode": "require", "ca": str(self.partners.certificate), **more}

    def serve(self, tls):
        self.backend_server = self.backend()
        config = tls_config(self.backend_server)
        config["listeners"]["https"]["tls"] = tls
        return self.start(config)

    def open(self, daemon, name="localhost", certificate=None, version=ssl.TLSVersion.TLSv1_3):
        context = client_context()
        context.maximum_version = version
        if certificate:
            context.load_cert_chain(*certificate)
        sock = connect(daemon.address("https")).sock
        self.addCleanup(sock.close)
        stream = Stream(context.wrap_socket(sock, server_hostname=name))
        self.addCleanup(stream.sock.close)
        return stream

    def ask(self, stream, host="localhost", fields=()):
        stream.sock.sendall(request_bytes(host=host, fields=fields))
        return stream.response()

    def status(self, daemon, name="localhost", certificate=None, host=None, version=ssl.TLSVersion.TLSv1_3):
        """The status of one request, or None when there was no connection to ask on."""
        try:
            return self.ask(self.open(daemon, name, certificate, version), host or name).status
        except (ssl.SSLError, ConnectionError, Broken):
            return None

    def test_required(self):
        daemon = self.serve({"client_auth": self.require()})
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version):
                self.assertEqual(self.status(daemon, certificate=self.alice, version=version), 200)
                self.assertIsNone(self.status(daemon, version=version))
                self.assertIsNone(self.status(daemon, certificate=self.mallory, version=version))
        line = daemon.log.wait("tls.handshake_failed")[0]
        self.assertIn("did not return a certificate", line["reason"])

    def test_upstream_learns_who_it_is_and_nobody_can_forge_it(self):
        daemon = self.serve({"client_auth": {"mode": "optional", "ca": str(self.partners.certificate)}})
        forged = [("Client-Cert", ":Zm9yZ2Vk:"), ("client-cert-chain", ":Zm9yZ2Vk:"), ("Client_Cert", ":Zm9yZ2Vk:")]
        self.assertEqual(self.ask(self.open(daemon, certificate=self.alice), fields=forged).status, 200)
        self.assertEqual(self.ask(self.open(daemon), fields=forged).status, 200)
        self.assertEqual(fetch(daemon.address("http"), fields=forged).status, 200)
        known, unknown, plain = self.backend_server.requests
        values = known.all("client-cert")
        self.assertEqual(len(values), 1, known.fields)
        self.assertEqual((values[0][0], values[0][-1]), (":", ":"))
        shown = ssl.DER_cert_to_PEM_cert(base64.b64decode(values[0][1:-1], validate=True))
        self.assertEqual(ssl.PEM_cert_to_DER_cert(shown), ssl.PEM_cert_to_DER_cert(self.alice[0].read_text()))
        for message in (unknown, plain):
            self.assertEqual([value for name, value in message.fields if "cert" in name.lower()], [])
        self.assertEqual([name for name, _ in known.fields if "chain" in name.lower() or "_" in name], [])

    def test_each_name_has_its_rule_and_a_connection_stays_with_it(self):
        daemon = self.serve({"names": [
            {"hosts": ["closed.test"], "client_auth": self.require()},
            {"hosts": ["*.test"], "client_auth": {"mode": "off"}}]})
        self.assertEqual(self.status(daemon, "open.test"), 200)
        self.assertIsNone(self.status(daemon, "closed.test"))
        self.assertEqual(self.status(daemon, "closed.test", self.alice), 200)
        stream = self.open(daemon, "open.test", self.alice)
        self.assert_problem(self.ask(stream, "closed.test"), 421)
        self.assert_problem(self.ask(stream, "CLOSED.test:443"), 421)
        self.assertEqual(self.ask(stream, "open.test").status, 200, "the connection goes on for its own name")
        self.assertEqual(self.ask(stream, "other.test").status, 200, "a name with the same rule")
        self.assert_problem(self.ask(self.open(daemon, "closed.test", self.alice), "open.test"), 421)
        self.assertEqual(len(daemon.log.wait("request", count=1, end="refused:misdirected", status=421)), 1)

    def test_plain_listeners_have_no_rules(self):
        daemon = self.serve({"client_auth": self.require()})
        self.assertEqual(fetch(daemon.address("http"), host="closed.test").status, 200)

    def test_a_new_list_counts_after_a_reload_also_on_open_connections(self):
        daemon = self.serve({"client_auth": self.require(crl=str(self.partners.list))})
        stream = self.open(daemon, certificate=self.alice)
        self.assertEqual(self.ask(stream).status, 200)
        self.partners.revoke(self.alice[0])
        self.assertEqual(daemon.command("reload").returncode, 0)
        self.assertIsNone(self.status(daemon, certificate=self.alice))
        self.assertEqual(self.status(daemon, certificate=self.partners.issue("bob")), 200)
        self.assert_problem(self.ask(stream), 421)

    def test_a_rule_that_a_reload_brings_holds_for_open_connections(self):
        daemon = self.serve({})
        stream = self.open(daemon)
        self.assertEqual(self.ask(stream).status, 200)
        config = daemon.config
        config["listeners"]["https"]["tls"] = {"client_auth": self.require()}
        daemon.write_config(config)
        self.assertEqual(daemon.command("reload").returncode, 0)
        self.assert_problem(self.ask(stream), 421)

    def test_a_bundle_that_cannot_be_read_refuses_the_reload(self):
        daemon = self.serve({"client_auth": self.require()})
        self.partners.certificate.write_text("nonsense")
        done = daemon.command("reload")
        self.assertEqual(done.returncode, 2)
        self.assertIn("client-ca-unreadable", done.stdout + done.stderr)
        self.assertEqual(self.status(daemon, certificate=self.alice), 200)

    def test_a_ticket_does_not_lead_around_a_rule(self):
        daemon = self.serve({"names": [{"hosts": ["closed.test"], "client_auth": self.require()}]})
        context = client_context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2

        def visit(name, session):
            with context.wrap_socket(connect(daemon.address("https")).sock, server_hostname=name, session=session) as sock:
                return sock.session, sock.session_reused

        session, _ = visit("open.test", None)
        self.assertTrue(visit("open.test", session)[1])
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            visit("closed.test", session)


class UnknownNamesTest(DaemonTest):
    def test_reject_shows_no_certificate(self):
        config = tls_config(self.backend())
        config["listeners"]["https"]["tls"] = {"unknown_names": "reject"}
        host, port = self.start(config).address("https")
        for options, served in [(["-servername", "localhost"], True), (["-servername", "other.test"], False), (["-noservername"], False)]:
            with self.subTest(options):
                done = subprocess.run(["openssl", "s_client", "-connect", f"{host}:{port}", *options], input="", text=True,
                                      capture_output=True, timeout=DEADLINE)
                self.assertEqual("BEGIN CERTIFICATE" in done.stdout, served, done.stderr)
                if not served:
                    self.assertIn("unrecognized name", done.stderr)


if __name__ == "__main__":
    unittest.main()
