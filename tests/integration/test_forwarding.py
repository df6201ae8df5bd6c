"""Who asked, as the backend learns it: X-Forwarded-*, Forwarded, X-Request-Id, trusted proxies (http.md 4.10)."""
import re
import unittest

from harness import *

FORGED = [("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-Proto", "gopher"), ("X-Forwarded-Host", "evil"),
          ("X-Real-IP", "6.6.6.6"), ("Forwarded", "for=6.6.6.6")]


class UntrustedTest(SharedDaemonTest):
    @classmethod
    def configuration(cls, backend):
        return tls_config(backend)

    def seen(self, fields=(), listener="http", **options):
        before = len(self.shared_backend.requests)
        fetch(self.daemon.address(listener), fields=fields, tls=listener == "https", **options)
        return self.shared_backend.requests[before]

    def test_client_and_scheme_are_told(self):
        seen = self.seen(host="shop.example")
        self.assertEqual(seen.get("x-forwarded-for"), "127.0.0.1")
        self.assertEqual(seen.get("x-forwarded-proto"), "http")
        self.assertEqual(seen.get("x-forwarded-host"), "shop.example")
        self.assertEqual(seen.get("host"), "shop.example")

    def test_scheme_over_tls(self):
        self.assertEqual(self.seen(listener="https").get("x-forwarded-proto"), "https")

    def test_forged_fields_are_replaced(self):
        seen = self.seen(FORGED)
        for name, _ in FORGED:
            self.assertLessEqual(len(seen.all(name)), 1, name)
        everything = " ".join(value for _, value in seen.fields)
        for lie in ("6.6.6.6", "gopher", "evil"):
            self.assertNotIn(lie, everything)

    def test_request_id_is_made(self):
        first, second = self.seen().get("x-request-id"), self.seen().get("x-request-id")
        self.assertRegex(first, r"^[A-Za-z0-9._-]{16,128}$")
        self.assertNotEqual(first, second)

    def test_bad_request_id_is_replaced(self):
        for bad in ("a b", "x" * 129, "<script>"):
            with self.subTest(bad[:10]):
                seen = self.seen([("X-Request-Id", bad)])
                self.assertEqual(len(seen.all("x-request-id")), 1)
                self.assertNotEqual(seen.get("x-request-id"), bad)

    def test_tracestate_goes_with_its_trace_alone(self):
        parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        continued = self.seen([("traceparent", parent), ("tracestate", "a=1")])
        self.assertEqual(continued.get("tracestate"), "a=1")
        self.assertEqual(continued.get("traceparent").split("-")[1], parent.split("-")[1])
        for fields in ([], [("traceparent", "00-junk")], [("traceparent", parent), ("traceparent", parent)]):
            with self.subTest(fields):
                begun = self.seen([*fields, ("tracestate", "a=1")])
                self.assertIsNone(begun.get("tracestate"))
                self.assertNotEqual(begun.get("traceparent").split("-")[1], parent.split("-")[1])

    def test_log_line_carries_the_request_id(self):
        made = self.seen().get("x-request-id")
        wait_until(lambda: self.daemon.log.find("request", request_id=made), "the log line of the request")


class LoopTest(DaemonTest):
    def test_a_circle_ends_after_a_few_rounds(self):
        port = free_port()
        daemon = self.start({"listeners": {"http": {"address": f"127.0.0.1:{port}"}},
                             "upstreams": {"self": {"servers": [f"127.0.0.1:{port}"]}},
                             "routes": [{"match": {"path": "/"}, "to": "self"}]})
        self.assert_problem(fetch(daemon.address()), 508)
        wait_until(lambda: len(daemon.log.find("request")) == 11, "one log line for each round")

    def test_max_forwards_of_options(self):
        daemon, backend = self.proxy()
        here = fetch(daemon.address(), method="OPTIONS", fields=[("Max-Forwards", "0")])
        self.assertEqual((here.status, backend.requests), (204, []))
        self.assertIn("GET", here.get("allow"))
        fetch(daemon.address(), method="OPTIONS", fields=[("Max-Forwards", "2")])
        fetch(daemon.address(), method="GET", fields=[("Max-Forwards", "0")])
        self.assertEqual([seen.get("max-forwards") for seen in backend.requests], ["1", "0"])

    def test_options_of_the_server_itself(self):
        daemon, backend = self.proxy()
        response = fetch(daemon.address(), "*", method="OPTIONS")
        self.assertEqual((response.status, backend.requests), (204, []))
        self.assertIn("POST", response.get("allow"))


class TrustedTest(SharedDaemonTest):
    @classmethod
    def configuration(cls, backend):
        return proxy_config(backend, trusted_proxies=["127.0.0.0/8", "10.0.0.0/8"])

    def seen(self, *fields):
        before = len(self.shared_backend.requests)
        fetch(self.daemon.address(), fields=fields)
        return self.shared_backend.requests[before]

    def forwarded_for(self, *fields):
        return re.split(r",\s*", self.seen(*fields).get("x-forwarded-for"))

    def test_own_hop_is_appended(self):
        self.assertEqual(self.forwarded_for(("X-Forwarded-For", "192.0.2.7")), ["192.0.2.7", "127.0.0.1"])

    def test_client_is_the_rightmost_untrusted(self):
        self.seen(("X-Forwarded-For", "6.6.6.6, 192.0.2.9, 10.1.1.1"))
        wait_until(lambda: self.daemon.log.find("request", client="192.0.2.9"), "a log line with the client's address")

    def test_scheme_of_the_trusted_proxy_is_kept(self):
        self.assertEqual(self.seen(("X-Forwarded-Proto", "https")).get("x-forwarded-proto"), "https")

    def test_forwarded_alone_is_enough(self):
        seen = self.seen(("Forwarded", "for=192.0.2.7;proto=https;host=pub.example"))
        self.assertEqual(seen.get("x-forwarded-for"), "192.0.2.7, 127.0.0.1")
        self.assertEqual(seen.get("x-forwarded-proto"), "https")
        self.assertEqual(seen.get("x-forwarded-host"), "pub.example")
        self.assertEqual(seen.get("x-forwarded-port"), "443")

    def test_garbage_is_not_believed(self):
        for garbage in ("unknown", "999.1.1.1", "a, b", "[::1", ",,,"):
            with self.subTest(garbage):
                seen = self.seen(("X-Forwarded-For", garbage))
                self.assertTrue(seen.get("x-forwarded-for").endswith("127.0.0.1"))


if __name__ == "__main__":
    unittest.main()
