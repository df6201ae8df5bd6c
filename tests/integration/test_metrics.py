"""Metrics of requests and of the servers that they went to."""
import threading
import unittest

from harness import *


class RequestMetricsTest(DaemonTest):
    def series(self, daemon, family):
        """{labels: value} of one family, labels as they are written."""
        found = {}
        for line in fetch(daemon.address(), "/metrics").body.decode().splitlines():
            if line.startswith(family + "{"):
                labels, value = line[len(family) + 1:].rsplit("} ", 1)
                found[labels] = float(value)
        return found

    def wait_series(self, daemon, family, labels, value):
        wait_until(lambda: self.series(daemon, family).get(labels) == value, f"{family}{{{labels}}} {value}")

    def test_requests_by_method_and_class(self):
        daemon, _ = self.proxy()
        for method in ("GET", "GET", "DELETE", "BREW"):
            fetch(daemon.address(), "/x", method=method)
        self.wait_series(daemon, "gatehouse_http_requests_total", 'method="DELETE",code="2xx"', 1)
        requests = self.series(daemon, "gatehouse_http_requests_total")
        self.assertGreaterEqual(requests['method="GET",code="2xx"'], 2)
        self.assertEqual(requests['method="_other",code="2xx"'], 1)

    def test_a_request_is_in_flight_until_it_ends(self):
        release = threading.Event()
        self.addCleanup(release.set)

        def script(stream, backend):
            backend.record(stream.request())
            release.wait(DEADLINE)
            stream.sock.sendall(plain_response(b"late"))

        daemon, backend = self.proxy(script)
        waiting, leaving = self.connect(daemon), self.connect(daemon)
        for stream in (waiting, leaving):
            stream.sock.sendall(request_bytes())
        self.wait_series(daemon, "gatehouse_http_requests_in_flight", 'route="/"', 2)
        reset(leaving.sock)
        self.wait_series(daemon, "gatehouse_http_requests_in_flight", 'route="/"', 1)
        release.set()
        self.assertEqual(waiting.response().status, 200)
        self.wait_series(daemon, "gatehouse_http_requests_in_flight", 'route="/"', 0)

    def test_servers_and_attempts(self):
        def script(stream, backend):  # the second request on a connection is not answered
            backend.record(stream.request())
            stream.sock.sendall(plain_response(b"fine"))
            backend.record(stream.request())

        daemon, backend = self.proxy(script)
        for _ in range(2):
            self.assertEqual(fetch(daemon.address()).status, 200)
        self.wait_series(daemon, "gatehouse_upstream_requests_total", f'upstream="app",server="{backend.name}",code="2xx"', 2)
        self.assertEqual(self.series(daemon, "gatehouse_upstream_requests_total")[f'upstream="app",server="{backend.name}",code="none"'], 1)
        self.assertEqual(self.series(daemon, "gatehouse_upstream_retries_total"), {'reason="connect"': 0, 'reason="stale_connection"': 1})

    def test_servers_that_cannot_be_reached(self):
        backend = self.backend()
        daemon = self.start({"upstreams": {"app": {"servers": [f"127.0.0.1:{free_port()}", backend.name]}},
                             "routes": [{"match": {"path": "/"}, "to": "app"}]})
        for _ in range(4):
            with self.connect(daemon).sock as sock:
                sock.sendall(request_bytes())
                self.assertIn(b" 200 ", sock.recv(65536))
        self.assertGreaterEqual(self.series(daemon, "gatehouse_upstream_retries_total")['reason="connect"'], 1)


if __name__ == "__main__":
    unittest.main()
