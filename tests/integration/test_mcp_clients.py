"""The official clients through TLS with an API key: to server-everything over HTTP and stdio, to demo, to a modern server."""
import json
import ssl
import subprocess
import unittest

from mcp import *

STEPS = ["initialize", "list", "call", "concurrent_calls", "big_call", "unknown_tool", "resources", "notification",
         "long_call_with_progress", "cancellation", "session_end"]


class ClientTest(DaemonTest):
    def gateway(self, servers):
        self.daemon = self.start(mcp_config(servers))
        self.key = self.daemon.add_key()
        self.url = "https://127.0.0.1:%d/mcp/" % self.daemon.address("https")[1]
        authority = self.daemon.directory / "ca.pem"
        authority.write_text(ssl.get_server_certificate(self.daemon.address("https")))
        self.env = clean_environment({"NODE_EXTRA_CA_CERTS": str(authority), "MCP_INSPECTOR_SECRET_STORE": "memory",
                                      "HOME": str(self.daemon.directory)})

    def run_client(self, sdk, name, profile, mode=None):
        options = {"sdk": sdk, "url": self.url + name, "key": self.key, "profile": profile, "mode": mode}
        done = subprocess.run([NODE, CLIENT, json.dumps(options)], env=self.env, capture_output=True, text=True, timeout=200)
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(done.stdout)
        for step in STEPS:
            with self.subTest(sdk=sdk, server=name, step=step):
                self.assertEqual(report.get(step), "ok")

    def run_inspector(self, name, *arguments, key=None):
        return subprocess.run([NODE, INSPECTOR, "--cli", self.url + name, "--transport", "http", "--header",
                               f"Authorization: Bearer {key or self.key}", *arguments],
                              env=self.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)

    def inspect(self, name, tool, argument):
        listed = self.run_inspector(name, "--method", "tools/list")
        self.assertEqual(listed.returncode, 0, listed.stderr)
        self.assertIn(tool, [t["name"] for t in json.loads(listed.stdout)["tools"]])
        called = self.run_inspector(name, "--method", "tools/call", "--tool-name", tool, "--tool-arg", f"{argument}=hi there")
        self.assertEqual(called.returncode, 0, called.stderr)
        self.assertIn("hi there", called.stdout)


class EverythingOverHttpTest(ClientTest):
    def setUp(self):
        self.gateway({"everything": {"url": start_everything(self)}})

    def test_sdk_v1(self):
        self.run_client("v1", "everything", "everything")

    def test_sdk_v2(self):
        self.run_client("v2", "everything", "everything")

    def test_sdk_v2_probing(self):
        """A client of both eras asks for the modern one first and finds a legacy server."""
        self.run_client("v2", "everything", "everything", "auto")

    def test_inspector(self):
        self.inspect("everything", "echo", "message")

    def test_inspector_with_a_wrong_key(self):
        done = self.run_inspector("everything", "--method", "tools/list", key=self.key[:-2] + "zz")
        self.assertNotEqual(done.returncode, 0)


class EverythingOverStdioTest(ClientTest):
    def setUp(self):
        self.gateway({"everything": {"command": [str(NODE), str(EVERYTHING)]}})

    def test_sdk_v1(self):
        self.run_client("v1", "everything", "everything")
        wait_until(lambda: not self.daemon.children(), "the end of the child with its session")

    def test_sdk_v2(self):
        self.run_client("v2", "everything", "everything")
        wait_until(lambda: not self.daemon.children(), "the end of the child with its session")

    def test_inspector(self):
        self.inspect("everything", "echo", "message")
        self.daemon.stop()


class DemoTest(ClientTest):
    def setUp(self):
        self.gateway({"demo": {"command": [str(binary()), "demo"]}})

    def test_sdk_v1(self):
        self.run_client("v1", "demo", "demo")

    def test_sdk_v2(self):
        self.run_client("v2", "demo", "demo")

    def test_inspector(self):
        self.inspect("demo", "echo_message", "message")
        self.daemon.stop()

    def test_modern(self):
        self.run_client("v2", "demo", "demo_modern", {"pin": MODERN})


class DemoOverHttpTest(ClientTest):
    def setUp(self):
        port = free_port()
        process = subprocess.Popen([binary(), "demo", "--http", f"127.0.0.1:{port}"], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=clean_environment())
        self.addCleanup(stop_process, process)
        wait_until(lambda: is_listening(port), "demo over HTTP")
        self.gateway({"demo": {"url": f"http://127.0.0.1:{port}/mcp"}})

    def test_sdk_v1(self):
        self.run_client("v1", "demo", "demo")

    def test_sdk_v2(self):
        self.run_client("v2", "demo", "demo")

    def test_modern(self):
        self.run_client("v2", "demo", "demo_modern", {"pin": MODERN})


class ModernTest(ClientTest):
    """Client and server of the 2026-07-28 era."""

    def test_over_http(self):
        self.gateway({"modern": {"url": start_modern(self)}})
        self.run_client("v2", "modern", "modern", {"pin": MODERN})

    def test_over_stdio(self):
        self.gateway({"modern": {"command": [str(NODE), str(MODERN_SERVER), "stdio"]}})
        self.run_client("v2", "modern", "modern", {"pin": MODERN})


if __name__ == "__main__":
    unittest.main()
