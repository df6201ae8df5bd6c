"""Certificates of other servers: what is said of a good one, one that ends soon, one that nobody trusts, and one that is not there."""
import socket
import ssl
import threading
import unittest

import test_certs
from harness import *
from test_cli import run


class TlsServer:
    """Shakes hands with everybody and says nothing."""

    def __init__(self, chain, key):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.load(chain, key)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def load(self, chain, key):
        self.context.load_cert_chain(chain, key)

    def _serve(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            try:
                self.context.wrap_socket(peer, server_side=True).close()
            except OSError:
                peer.close()

    def close(self):
        self.socket.shutdown(2)
        self.socket.close()


class WatchTest(test_certs.CertsTest):
    def server(self, days):
        directory = self.temporary_directory()
        chain, key = make_certificate(directory, "localhost", days)
        server = TlsServer(chain, key)
        self.addCleanup(server.close)
        return server, chain

    def watching(self, hosts, chain, **watch):
        daemon = self.start({"listeners": {"http": {}}, "routes": [{"match": {"path": "/"}, "respond": {"body": "x"}}],
                             "certificates": {"watch": {"hosts": hosts, "ca_bundle": str(chain), "interval": "1s", **watch}}})
        for host in hosts:
            daemon.log.wait("certificate.watched", name=host)
        return daemon

    def only(self, daemon):
        [one] = self.items(daemon, "list")
        return one

    def status(self, daemon):
        return fetch_json(daemon.address(), "/.well-known/certificate-status")[1]["status"]

    def test_a_good_one(self):
        server, chain = self.server(60)
        host = f"localhost:{server.port}"
        daemon = self.watching([host], chain)
        one = self.only(daemon)
        self.assertEqual((one["names"], one["source"], one["state"], one["refusal"]), ([host], "watch", "OK", None))
        self.assertEqual(self.status(daemon), "OK")
        self.assertRegex(self.certs(daemon, "list").stdout, rf"(?m)^{host} +watch +in (59|60) days +ok$")
        page = fetch(daemon.address(), "/metrics").body.decode()
        self.assertIn(f'gatehouse_certificate_watch_ok{{name="{host}"}} 1\n', page)
        self.assertIn(f'gatehouse_certificate_not_after_timestamp_seconds{{name="{host}",source="watch"}}', page)

    def test_one_that_ends_soon(self):
        server, chain = self.server(10)
        daemon = self.watching([f"localhost:{server.port}"], chain)
        self.assertEqual((self.only(daemon)["state"], self.status(daemon)), ("WARNING", "WARNING"))
        daemon.log.wait("certificate.watched", level="warn")

    def test_one_that_is_not_trusted_or_called_otherwise(self):
        server, chain = self.server(60)
        _, other = self.server(60)
        for host, trusted, words in [(f"localhost:{server.port}", other, "self-signed certificate"), (f"127.0.0.1:{server.port}", chain, "not for 127.0.0.1")]:
            with self.subTest(host):
                daemon = self.watching([host], trusted)
                one = self.only(daemon)
                self.assertEqual(one["state"], "CRITICAL")
                self.assertIn(words, one["refusal"])
                self.assertTrue(one["not_after"])
                self.assertEqual(self.status(daemon), "CRITICAL")
                daemon.log.wait("certificate.watched", level="error")

    def test_nobody_answers_then_a_renewed_one(self):
        server, chain = self.server(10)
        silent = f"localhost:{free_port()}"
        daemon = self.watching([silent, f"localhost:{server.port}"], chain)
        states = {one["names"][0]: one for one in self.items(daemon, "list")}
        self.assertEqual(states[silent]["state"], "WARNING")
        self.assertIn("cannot connect", states[silent]["refusal"])
        self.assertIsNone(states[silent]["not_after"])
        first = daemon.log.find("certificate.watched", name=f"localhost:{server.port}")
        directory = self.temporary_directory()
        text = chain.read_text()
        new_chain, key = make_certificate(directory, "localhost", 90)
        chain.write_text(text + new_chain.read_text())  # trusted from the next reload on
        server.load(new_chain, key)
        self.assertEqual(run("reload", "--socket", str(daemon.socket_path)).returncode, 0)
        daemon.log.wait("certificate.watched", name=f"localhost:{server.port}", state="OK")
        self.assertEqual(len(first), 1)  # a state that stays is told once


if __name__ == "__main__":
    unittest.main()
