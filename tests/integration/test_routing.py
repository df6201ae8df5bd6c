"""Which route answers: exact before prefix, longer before shorter, host before no host; order does not matter."""
import unittest

from harness import *


def fixed(text, **match):
    return {"match": {"path": "/", **match}, "respond": {"status": 200, "body": text}}


ROUTES = [
    fixed("root"),
    fixed("prefix", path="/api/"),
    fixed("longer", path="/api/v1/"),
    fixed("exact", path="/api/v1/exact"),
    fixed("host", hosts=["a.example"]),
    fixed("host prefix", hosts=["a.example"], path="/api/"),
    fixed("wildcard", hosts=["*.b.example"]),
    fixed("address", hosts=["::1"]),
    fixed("only post", path="/post", methods=["POST"]),
    fixed("read", path="/thing", methods=["GET"]),
    fixed("write", path="/thing", methods=["POST", "PUT"]),
    fixed("anything else", path="/rest"),
    fixed("posted", path="/rest", methods=["POST"]),
    {"match": {"path": "/moved"}, "redirect": "https://elsewhere.example/"},
    {"match": {"path": "/app/"}, "to": "app"},
]


class RoutingTest(SharedDaemonTest):
    routes = ROUTES

    @classmethod
    def configuration(cls, backend):
        return proxy_config(backend) | {"routes": cls.routes}

    def body(self, target, host="localhost", **options):
        return fetch(self.daemon.address(), target, host=host, **options).body.decode()

    def test_longest_path_wins(self):
        for target, expected in [("/", "root"), ("/x", "root"), ("/api", "root"), ("/api/", "prefix"), ("/api/x", "prefix"),
                                 ("/api/v1/x", "longer"), ("/api/v1/exact", "exact"), ("/api/v1/exact/x", "longer"),
                                 ("/api/v1/exact?q", "exact")]:
            with self.subTest(target):
                self.assertEqual(self.body(target), expected)

    def test_host_wins_over_no_host(self):
        for host, target, expected in [("a.example", "/x", "host"), ("A.EXAMPLE", "/x", "host"), ("a.example:8080", "/x", "host"),
                                       ("a.example", "/api/v1/x", "host prefix"), ("x.b.example", "/", "wildcard"),
                                       ("b.example", "/", "root"), ("[::1]:80", "/", "address"),
                                       ("[0::1]", "/", "address"), ("a.example.", "/x", None)]:
            with self.subTest(host):
                answer_text = self.body(target, host)
                if expected is not None:
                    self.assertEqual(answer_text, expected)

    def test_routing_sees_the_normalised_path(self):
        for target, expected in [("/x/../api/v1/y", "longer"), ("/%61pi/v1/exact", "exact"), ("/api/v1/%2e%2e/x", "prefix")]:
            with self.subTest(target):
                self.assertEqual(self.body(target), expected)

    def test_method_that_no_route_takes(self):
        self.assertEqual(self.body("/post", method="POST"), "only post")
        refused = fetch(self.daemon.address(), "/post")
        self.assert_problem(refused, 405)
        self.assertEqual(refused.get("allow"), "POST")

    def test_routes_of_one_path_are_told_apart_by_method(self):
        for target, method, expected in [("/thing", "GET", "read"), ("/thing", "POST", "write"), ("/thing", "PUT", "write"),
                                         ("/rest", "GET", "anything else"), ("/rest", "POST", "posted")]:
            with self.subTest(target=target, method=method):
                self.assertEqual(self.body(target, method=method), expected)
        refused = fetch(self.daemon.address(), "/thing", method="DELETE")
        self.assert_problem(refused, 405)
        self.assertEqual(set(refused.get("allow").split(", ")), {"GET", "HEAD", "POST", "PUT"})

    def test_redirect(self):
        response = fetch(self.daemon.address(), "/moved")
        self.assertIn(response.status, (301, 302, 307, 308))
        self.assertTrue(response.get("location").startswith("https://elsewhere.example/"))


class RoutingReversedTest(RoutingTest):
    routes = ROUTES[::-1]


class NoRouteTest(DaemonTest):
    def test_unknown_path_is_404(self):
        config = {"routes": [fixed("only", path="/only")]}
        daemon = self.start(config)
        self.assert_problem(fetch(daemon.address(), "/other"), 404)

    def test_unknown_host_is_refused(self):
        config = {"routes": [fixed("mine", hosts=["mine.example"])]}
        daemon = self.start(config)
        self.assertIn(fetch(daemon.address(), host="other.example").status, (404, 421))
        self.assertEqual(fetch(daemon.address(), host="mine.example").body, b"mine")


if __name__ == "__main__":
    unittest.main()
