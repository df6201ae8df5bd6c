"""The demonstration server over HTTP, asked directly: what each revision lets a client send."""
import base64
import subprocess
import unittest

from mcp import *


class DemoTest(unittest.TestCase):
    def setUp(self):
        port = free_port()
        process = subprocess.Popen([binary(), "demo", "--http", f"127.0.0.1:{port}"], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=clean_environment())
        self.addCleanup(stop_process, process)
        wait_until(lambda: is_listening(port), "demo over HTTP")
        self.client = RawClient(("127.0.0.1", port))

    def open(self, version):
        response, _ = self.client.request("initialize", INITIALIZE | {"protocolVersion": version})
        return [("Mcp-Session-Id", response.get("mcp-session-id"))]

    def test_a_batch_of_2025_03_26_is_answered_on_one_stream(self):
        session = self.open("2025-03-26")
        call = {"name": "count_slowly", "arguments": {"count": 2, "delay_ms": 1}}
        batch = [{"jsonrpc": "2.0", "method": "notifications/initialized"},
                 {"jsonrpc": "2.0", "id": "slow", "method": "tools/call", "params": call},
                 {"jsonrpc": "2.0", "id": 1, "method": "ping"},
                 {"jsonrpc": "2.0", "id": "1", "method": "nope"}]
        response = self.client.post(batch, session)
        self.assertEqual(response.status, 200, response.body)
        answers = {(type(message["id"]), message["id"]): message for message in events(response.body)}
        self.assertEqual(set(answers), {(str, "slow"), (int, 1), (str, "1")})
        self.assertEqual(answers[int, 1]["result"], {})
        self.assertEqual(answers[str, "1"]["error"]["code"], -32601)
        self.assertEqual(answers[str, "slow"]["result"]["content"][0]["text"], "counted to 2")
        self.assertEqual(self.client.post(batch[:1], session).status, 202)

    def test_other_revisions_know_no_batches(self):
        ping = [{"jsonrpc": "2.0", "id": 1, "method": "ping"}]
        for version in ("2025-06-18", LEGACY):
            response = self.client.post(ping, self.open(version))
            self.assertEqual((response.status, json.loads(response.body)["error"]["code"]), (400, -32600), version)
        self.assertEqual(self.client.post(ping).status, 400)
        self.assertEqual(self.client.post(ping, [("Mcp-Session-Id", "0" * 32)]).status, 404)

    def test_a_name_may_be_written_in_base64(self):
        meta = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "say_hello", "_meta": meta}}
        for name, status in (("say_hello", 200), (wrapped("say_hello"), 200), (wrapped("echo_message"), 400), ("=?base64?*?=", 400)):
            headers = [("MCP-Protocol-Version", MODERN), ("Mcp-Method", "tools/call"), ("Mcp-Name", name)]
            response = self.client.post(body, headers)
            self.assertEqual(response.status, status, (name, response.body))


def wrapped(text):
    return f"=?base64?{base64.b64encode(text.encode()).decode()}?="


if __name__ == "__main__":
    unittest.main()
