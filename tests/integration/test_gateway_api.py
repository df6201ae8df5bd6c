"""The paths of the earlier platform's gateway, without its faults."""
import json
import unittest

from mcp import *


class GatewayApiTest(DaemonTest):
    def setUp(self):
        self.daemon = self.start(mcp_config({"child": {"command": CHILD}}))
        self.reader = self.daemon.add_key("reader", ("gateway:read",))
        self.writer = self.daemon.add_key("writer", ("gateway:write",))

    def get(self, target, key=None):
        return fetch_json(self.daemon.address(), target, fields=[bearer(key)] if key else [])

    def test_health_needs_no_key(self):
        status, document, _ = self.get("/gateway/health")
        self.assertEqual((status, document["status"]), (200, "healthy"))

    def test_scopes_of_every_path(self):
        for target in ("/gateway/stats", "/gateway/registry", "/gateway/templates"):
            with self.subTest(target):
                self.assertEqual(self.get(target)[0], 401)
                self.assertEqual(self.get(target, self.writer)[0], 403)
                self.assertEqual(self.get(target, self.reader)[0], 200)

    def test_stats(self):
        document = self.get("/gateway/stats", self.reader)[1]
        self.assertIsInstance(document["total_requests"], int)
        self.assertIsInstance(document["active_connections"], int)

    def test_registry_counts(self):
        document = self.get("/gateway/registry", self.reader)[1]
        self.assertLessEqual(document["healthy_instances"], document["total_instances"])

    def test_templates(self):
        self.assertIn("templates", self.get("/gateway/templates", self.reader)[1])

    def test_unknown_path_is_404_and_wrong_method_405(self):
        self.assertEqual(self.get("/gateway/nothing", self.reader)[0], 404)
        response = fetch(self.daemon.address(), "/gateway/stats", "DELETE", [bearer(self.reader)])
        self.assertEqual(response.status, 405)
        self.assertIn("GET", response.get("allow"))

    def test_openapi_lists_the_paths(self):
        status, document, _ = self.get("/openapi.json")
        self.assertEqual(status, 200)
        self.assertTrue(document["openapi"].startswith("3."))
        for path in ("/auth/login", "/auth/users", "/auth/api-keys", "/gateway/health", "/gateway/stats", "/gateway/registry"):
            self.assertIn(path, document["paths"])

    def test_errors_are_problem_documents(self):
        self.assert_problem(fetch(self.daemon.address(), "/gateway/stats"), 401)
        self.assert_problem(fetch(self.daemon.address(), "/gateway/nothing", fields=[bearer(self.reader)]), 404)

    def test_errors_are_pages_for_browsers(self):
        browser = ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
        for target in ("/nowhere<b>", "/gateway/stats"):
            response = fetch(self.daemon.address(), target.replace("<b>", "%3Cb%3E"), fields=[browser])
            self.assertIn(response.status, (401, 404))
            self.assertEqual(response.get("content-type"), "text/html; charset=utf-8")
            self.assertIn("default-src 'none'", response.get("content-security-policy"))
            page = response.body.decode()
            self.assertIn(response.get("x-request-id"), page)
            self.assertLess(len(page), 2048)
            self.assertNotIn("<script", page)


if __name__ == "__main__":
    unittest.main()
