"""Certificates for names that clients ask for: behind a list, after a question, within limits."""
import signal
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from acme import *
import test_acme


class Answers(BaseHTTPRequestHandler):
    """Says yes to names that do not begin with `no`."""

    def do_GET(self):
        self.server.asked.append(self.path)
        self.send_response(404 if "domain=no" in self.path else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class OnDemandTest(test_acme.AcmeTest):
    def daemon(self, pebble, directory=None, **on_demand):
        config = acme_config(pebble, [], on_demand={"allow": ["*.c.test", "b.test"], **on_demand})
        del config["certificates"]["acme"]["names"]
        return self.start(config, directory=directory)

    def who_is_asked(self):
        server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        server.asked = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server, f"http://127.0.0.1:{server.server_address[1]}/may"

    def test_a_name_of_the_list(self):
        pebble = self.pebble()
        daemon = self.daemon(pebble)
        self.assertFalse(Served(daemon, "x.c.test").issued)  # at once, with what there is
        self.wait_issued(daemon, "x.c.test")
        self.wait_issued(daemon, "b.test")
        daemon.log.wait("on_demand.ordered", name="x.c.test")
        self.assertEqual(pebble.orders(), 2)
        status, document, _ = fetch_json(daemon.address(), "/.well-known/certificate-status")
        self.assertEqual((status, document["certificates"]["ok"]), (200, 3))

    def test_other_names_are_nobodys(self):
        pebble = self.pebble()
        daemon = self.daemon(pebble)
        for name in ("c.test", "x.y.c.test", "a.test", "b.test.a.test"):
            self.assertFalse(Served(daemon, name).issued)
        self.wait_issued(daemon, "b.test")  # by then the others would have been ordered
        self.assertEqual(pebble.orders(), 1)
        self.assertEqual(len(daemon.log.find("on_demand.ordered")), 1)

    def test_somebody_is_asked_once(self):
        pebble, (server, url) = self.pebble(), self.who_is_asked()
        daemon = self.daemon(pebble, ask=url)
        for _ in range(5):
            Served(daemon, "no.c.test")
            Served(daemon, "yes.c.test")
        daemon.log.wait("on_demand.refused", name="no.c.test")
        self.wait_issued(daemon, "yes.c.test")
        self.assertEqual(sorted(server.asked), ["/may?domain=no.c.test", "/may?domain=yes.c.test"])
        self.assertEqual(pebble.orders(), 1)

    def test_nobody_there_is_no(self):
        pebble = self.pebble()
        daemon = self.daemon(pebble, ask=f"http://127.0.0.1:{free_port()}/may")
        Served(daemon, "x.c.test")
        self.assertIn("on_demand.ask", daemon.log.wait("on_demand.refused", name="x.c.test")[0]["error"])
        self.assertEqual(pebble.orders(), 0)

    def test_limits(self):
        pebble = self.pebble()
        daemon = self.daemon(pebble, per_hour=2)
        for name in ("1.c.test", "2.c.test"):
            Served(daemon, name)
            daemon.log.wait("on_demand.ordered", name=name)
        Served(daemon, "3.c.test")
        daemon.log.wait("on_demand.refused", name="3.c.test")
        page = fetch(daemon.address(), "/metrics").body.decode()
        self.assertIn('gatehouse_certificates_on_demand_total{result="ordered"} 2\n', page)
        self.assertIn('gatehouse_certificates_on_demand_total{result="limited"} 1\n', page)
        few = self.daemon(self.pebble(), max_names=1)
        Served(few, "1.c.test")
        few.log.wait("on_demand.ordered", name="1.c.test")
        Served(few, "2.c.test")
        few.log.wait("on_demand.refused", name="2.c.test")

    def test_a_restart_knows_them(self):
        pebble, directory = self.pebble(), self.temporary_directory()
        config = acme_config(pebble, [["a.test"]], on_demand={"allow": ["*.c.test"]})
        with Daemon(config, directory=directory) as daemon:
            self.wait_issued(daemon, "a.test")  # from then on the first certificate for everybody
            before = wait_until(lambda: (found := Served(daemon, "x.c.test")).names == ["x.c.test"] and found, "its own certificate").serial
        with Daemon(config, directory=directory) as daemon:
            self.assertEqual(Served(daemon, "x.c.test").serial, before)
            daemon.process.send_signal(signal.SIGHUP)
            daemon.log.wait("config.reloaded")
            self.assertEqual(Served(daemon, "x.c.test").serial, before)
        config["certificates"]["acme"]["on_demand"]["allow"] = ["*.d.test"]
        with Daemon(config, directory=directory) as daemon:
            self.assertNotEqual(Served(daemon, "x.c.test").serial, before)  # it left the list
        self.assertEqual(pebble.orders(), 2)

    def test_a_name_that_is_refused_is_not_ordered_again_and_again(self):
        pebble = self.pebble(domainBlocklist=["x.c.test"])
        daemon = self.daemon(pebble)
        Served(daemon, "x.c.test")
        daemon.log.wait("certificate.failed", name="x.c.test")
        for _ in range(5):
            Served(daemon, "x.c.test")
        self.wait_issued(daemon, "b.test")
        self.assertEqual(len(daemon.log.find("on_demand.ordered", name="x.c.test")), 1)
        self.assertEqual(len(daemon.log.find("certificate.failed")), 1)


if __name__ == "__main__":
    unittest.main()
