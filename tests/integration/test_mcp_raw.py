"""MCP at the door: bad messages, foreign origins, unknown sessions, servers that die, children that must not leak."""
import concurrent.futures
import json
import os
import signal
import threading
import time
import unittest
import urllib.parse

from mcp import *


class McpTest(DaemonTest):
    servers = {"child": {"command": CHILD}}
    sections = {}

    def setUp(self):
        self.daemon = self.start(mcp_config(self.servers, **self.sections))
        self.key = self.daemon.add_key()

    def client(self, path="/mcp", key=None):
        return RawClient(self.daemon.address(), path, key or self.key)

    def opened(self, path="/mcp"):
        return self.client(path).open()

    def assert_error(self, response, status, code):
        self.assertEqual(response.status, status, response.body[:300])
        self.assertEqual(json.loads(response.body)["error"]["code"], code)


class DoorTest(McpTest):
    def test_key_is_required(self):
        client = self.client()
        client.key = None
        response = client.post({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": INITIALIZE})
        self.assertEqual(response.status, 401)
        self.assertTrue(response.get("www-authenticate").startswith("Bearer"))

    def test_scope_is_required(self):
        client = self.client(key=self.daemon.add_key("reader", ("gateway:read",)))
        self.assertEqual(client.request("initialize", INITIALIZE)[0].status, 403)

    def test_malformed_json(self):
        for raw in (b"{", b"nonsense", b'{"jsonrpc":"2.0",}', b'{"a":1}{"b":2}', b"\xff\xfe", b"{'a':1}", b'"', b"{\"a\":\"\n\"}"):
            with self.subTest(raw):
                self.assert_error(self.client().post(raw), 400, -32700)

    def test_empty_body(self):
        self.assertEqual(self.client().post(b"").status, 400)

    def test_deep_json(self):
        deep = b'{"jsonrpc":"2.0","id":1,"method":"ping","params":' + b"[" * 5000 + b"]" * 5000 + b"}"
        response = self.client().post(deep)
        self.assertEqual(response.status, 400)

    def test_not_a_request_object(self):
        for document in ([], 1, "x", None, {"jsonrpc": "1.0", "id": 1, "method": "ping"}, {"jsonrpc": "2.0", "id": {}, "method": "ping"},
                         {"jsonrpc": "2.0", "id": 1}, {"jsonrpc": "2.0", "id": 1, "method": 5}):
            with self.subTest(document):
                self.assert_error(self.opened().post(document), 400, -32600)

    def test_a_long_array_costs_little(self):
        client = self.client()
        before = self.daemon.memory()
        response = client.post(b"[" + b"0," * 1_900_000 + b"0]")
        self.assert_error(response, 400, -32600)
        self.assertLess(self.daemon.memory() - before, 100 * MIB)

    def test_batch_is_refused(self):
        self.assert_error(self.opened().post([{"jsonrpc": "2.0", "id": 1, "method": "ping"}]), 400, -32600)

    def test_duplicate_keys_are_refused(self):
        raw = b'{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"ping"}'
        self.assertEqual(self.opened().post(raw).status, 400)

    def test_oversized_message(self):
        raw = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"x": "y" * (5 * MIB)}}).encode()
        self.assertEqual(self.client().post(raw).status, 413)

    def test_content_type_and_accept(self):
        message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": INITIALIZE}
        self.assertEqual(self.client().post(message, [("Content-Type", "text/plain")]).status, 415)
        self.assertEqual(self.client().post(message, [("Accept", "text/html")]).status, 406)

    def test_foreign_origin_and_host(self):
        message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": INITIALIZE}
        for fields, status in [([("Origin", "http://evil.example")], 403), ([("Origin", "null")], 403),
                               ([("Origin", "http://localhost:1")], 200), ([("Origin", "http://localhost.evil.example")], 403)]:
            with self.subTest(fields):
                self.assertEqual(self.client().post(message, fields).status, status)
        response = fetch(self.daemon.address(), "/mcp", "POST", self.client().fields(), json.dumps(message).encode(),
                         host="evil.example")
        self.assertIn(response.status, (403, 404, 421))

    def test_foreign_origin_is_refused_before_credentials_are_looked_at(self):
        message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": INITIALIZE}
        for key in (None, "wrong"):
            client = self.client()
            client.key = key
            with self.subTest(key):
                self.assertEqual(client.post(message, [("Origin", "http://evil.example")]).status, 403)
                self.assertEqual(client.post(message, [("Origin", "http://localhost:1")]).status, 401)

    def test_other_methods(self):
        for method in ("PUT", "PATCH"):
            with self.subTest(method):
                self.assertEqual(fetch(self.daemon.address(), "/mcp", method, self.client().fields()).status, 405)

    def test_unknown_server(self):
        self.assertEqual(self.client("/mcp/nobody").request("initialize", INITIALIZE)[0].status, 404)


class SessionTest(McpTest):
    def test_unknown_session_is_404(self):
        client = self.client()
        client.session = "0123456789abcdef0123456789abcdef"
        self.assertEqual(client.request("tools/list")[0].status, 404)
        self.assertEqual(client.delete().status, 404)

    def test_missing_session_is_400(self):
        self.assertEqual(self.client().request("tools/list")[0].status, 400)

    def test_ended_session_is_404_and_its_child_is_gone(self):
        client = self.opened()
        pid = int(client.call("pid"))
        self.assertIn(client.delete().status, (200, 202, 204))
        self.assertEqual(client.request("tools/list")[0].status, 404)
        wait_until(lambda: not is_alive(pid), "the end of the child")

    def test_session_of_another_principal_is_404(self):
        client = self.opened()
        admin = self.daemon.command("users", "add", "other", "--password-stdin", input="correct horse battery\n")
        self.assertEqual(admin.returncode, 0, admin.stderr)
        users = json.loads(self.daemon.command("users", "list", "--format", "json").stdout)["items"]
        number = next(user["id"] for user in users if user["username"] == "other")
        client.key = self.daemon.add_key("theirs", more=("--user-id", str(number)))
        self.assertEqual(client.request("tools/list")[0].status, 404)

    def test_session_ids_are_unguessable(self):
        ids = {self.opened().session for _ in range(5)}
        self.assertEqual(len(ids), 5)
        for value in ids:
            self.assertRegex(value, r"^[\x21-\x7e]{22,}$")

    def test_wrong_protocol_version_is_400(self):
        client = self.opened()
        response, _ = client.request("tools/list", fields=[("MCP-Protocol-Version", "1999-01-01")])
        self.assertEqual(response.status, 400)

    def test_unknown_method_is_answered_by_the_server(self):
        response, message = self.opened().request("no/such/method")
        self.assertEqual((response.status, message["error"]["code"]), (200, -32601))

    def test_ids_keep_their_type(self):
        client = self.opened()
        for number in ("7", 7, "a b", -1, 9007199254740993, ""):
            with self.subTest(number):
                response = client.post({"jsonrpc": "2.0", "id": number, "method": "tools/list"})
                message = client.find_answer(response, number)
                self.assertEqual((type(message["id"]), message["id"]), (type(number), number))

    def test_payload_bytes_are_unchanged(self):
        client = self.opened()
        text = '\u00e4\u20ac\U0001f600 "quoted" \\ / \t 1e400 12345678901234567890'
        self.assertEqual(client.call("echo", text=text), text)

    def test_big_answer(self):
        self.assertEqual(len(self.opened().call("flood", size=2 * MIB)), 2 * MIB)


class ChildTest(McpTest):
    servers = {
        "child": {"command": CHILD, "max_processes": 8, "stop_grace": "300ms", "call_timeout": "2s"},
        "stubborn": {"command": [*CHILD, "stubborn"], "stop_grace": "300ms"},
        "absent": {"command": ["/nonexistent/server"]},
        "mute": {"command": ["sleep", "600"], "start_timeout": "500ms", "stop_grace": "300ms"},
    }

    def gone(self, pid):
        wait_until(lambda: not is_alive(pid), f"the end of process {pid}")

    def test_each_session_has_its_own_child(self):
        pids = {self.opened().call("pid") for _ in range(3)}
        self.assertEqual(len(pids), 3)

    def test_child_that_dies_in_a_call(self):
        client = self.opened()
        response, message = client.request("tools/call", {"name": "die", "arguments": {}})
        self.assertTrue(response.status >= 500 or "error" in message, (response.status, message))
        self.assertIn(client.request("tools/list")[0].status, (200, 404))
        self.assertEqual(self.opened().call("echo", text="alive"), "alive")

    def test_child_that_is_killed_between_calls(self):
        client = self.opened()
        pid = int(client.call("pid"))
        os.kill(pid, signal.SIGKILL)
        self.gone(pid)
        response, message = client.request("tools/call", {"name": "echo", "arguments": {"text": "x"}})
        self.assertIn(response.status, (200, 404, 502, 503))
        self.assertEqual(self.opened().call("echo", text="alive"), "alive")

    def test_garbage_between_messages_is_skipped(self):
        self.assertEqual(self.opened().call("garbage"), "after garbage")

    def test_silent_call_ends_at_its_timeout(self):
        response, message = self.opened().request("tools/call", {"name": "silent", "arguments": {}})
        self.assertTrue(response.status == 504 or "error" in message)

    def test_client_that_hangs_up_in_a_call_is_no_fault_of_ours(self):
        client = self.opened()
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "silent", "arguments": {}}}
        stream = self.connect(self.daemon)
        stream.sock.sendall(request_bytes("POST", "/mcp", client.fields(), json.dumps(message).encode()))
        stream.sock.close()
        line = self.daemon.log.wait("request", status=499)[0]
        self.assertEqual(line["end"], "client_closed")
        self.assertFalse(self.daemon.log.find("request", status=500))

    def test_stubborn_child_is_killed(self):
        client = self.opened("/mcp/stubborn")
        pid = int(client.call("pid"))
        client.delete()
        self.gone(pid)

    def test_grandchild_is_killed_too(self):
        client = self.opened()
        grandchild = int(client.call("fork"))
        client.delete()
        self.gone(grandchild)

    def test_missing_program_is_502(self):
        response, _ = self.client("/mcp/absent").request("initialize", INITIALIZE)
        self.assertIn(response.status, (502, 503))

    def test_mute_program_is_given_up(self):
        response, _ = self.client("/mcp/mute").request("initialize", INITIALIZE)
        self.assertIn(response.status, (502, 503, 504))
        wait_until(lambda: not self.daemon.children(), "the end of the mute child")

    def test_children_are_capped(self):
        clients = [self.opened() for _ in range(8)]
        response, _ = self.client().request("initialize", INITIALIZE)
        self.assertIn(response.status, (429, 503))
        self.assertEqual(len(self.daemon.children()), 8)
        clients[0].delete()
        wait_until(lambda: len(self.daemon.children()) == 7, "the end of one child")
        self.opened()

    def test_environment_is_clean(self):
        client = self.opened()
        environment = open(f"/proc/{int(client.call('pid'))}/environ").read()
        self.assertLessEqual({line.split("=")[0] for line in environment.split("\0") if line},
                             {"PATH", "HOME", "LANG", "LC_CTYPE"})

    def test_descriptors_are_not_inherited(self):
        client = self.opened()
        descriptors = os.listdir(f"/proc/{int(client.call('pid'))}/fd")
        self.assertLessEqual(len(descriptors), 4)

    def test_all_children_end_with_the_daemon(self):
        pids = [int(self.opened(path).call("pid")) for path in ("/mcp", "/mcp", "/mcp/stubborn")]
        self.daemon.stop()
        for pid in pids:
            self.assertFalse(is_alive(pid))


class FaultyServerTest(McpTest):
    servers = {
        "child": {"command": CHILD, "stop_grace": "300ms"},
        "broken": {"command": ["sh", "-c", "echo 'no such module' >&2; exit 7"]},
    }
    sections = {"max_answer": "1MiB"}

    def test_a_server_that_ends_at_once_leaves_its_reason(self):
        response, message = self.client("/mcp/broken").request("initialize", INITIALIZE)
        self.assertEqual((response.status, message["error"]["data"]["reason"]), (502, "server_exited"))
        self.assertIn("exit code 7", message["error"]["message"])
        line = self.daemon.log.wait("mcp.server.exited", service="broken")[0]
        self.assertEqual((line["level"], line["status"]), ("warn", "exit code 7"))

    def test_an_answer_that_is_too_large_fails_its_call_at_once(self):
        client = self.opened()
        response, message = client.request("tools/call", {"name": "flood", "arguments": {"size": 3 * MIB}})
        self.assertEqual((response.status, message["error"]["data"]["reason"]), (502, "answer_too_large"))
        self.daemon.log.wait("mcp.server.bad_answer", service="child", reason="too_long")
        self.assertEqual(client.call("echo", text="alive"), "alive")

    def test_a_call_whose_answer_is_no_json_fails_at_once(self):
        client = self.opened()
        response, message = client.request("tools/call", {"name": "mojibake", "arguments": {}})
        self.assertEqual((response.status, message["error"]["data"]["reason"]), (502, "bad_answer"))

    def test_an_error_without_an_id_is_the_answer_to_the_only_call(self):
        client = self.opened()
        response, message = client.request("tools/call", {"name": "lost_id", "arguments": {}})
        self.assertEqual((response.status, message["error"]["code"], message["error"]["message"]), (200, -32700, "Parse error"))
        self.assertEqual(client.call("echo", text="alive"), "alive")

    def test_notifications_that_a_child_does_not_read_are_refused(self):
        client = self.opened()
        pid = int(client.call("pid"))
        note = {"jsonrpc": "2.0", "method": "notifications/x", "params": {"a": "y" * (3 * MIB)}}
        os.kill(pid, signal.SIGSTOP)
        try:
            statuses = [client.post(note).status for _ in range(4)]
        finally:
            os.kill(pid, signal.SIGCONT)
        self.assertEqual((statuses[0], statuses[-1]), (202, 503))


class RevokedTest(McpTest):
    password = "correct horse battery"

    def setUp(self):
        config = {**mcp_config(self.servers), "access": {"admin_password": "env:TEST_ADMIN_PASSWORD"}}
        self.daemon = self.start(config, env={"TEST_ADMIN_PASSWORD": self.password})
        self.key = self.daemon.add_key()

    def remove_user(self, number):
        address = self.daemon.address("https")
        body = urllib.parse.urlencode({"username": "admin", "password": self.password}).encode()
        login = fetch(address, "/auth/login", "POST", [("Content-Type", "application/x-www-form-urlencoded")], body, tls=True)
        token = json.loads(login.body)["access_token"]
        self.assertEqual(fetch(address, f"/auth/users/{number}", "DELETE", [bearer(token)], tls=True).status, 200)

    def add_user(self, name):
        done = self.daemon.command("users", "add", name, "--password-stdin", input=self.password + "\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        users = json.loads(self.daemon.command("users", "list", "--format", "json").stdout)["items"]
        return next(str(user["id"]) for user in users if user["username"] == name)

    def key_of(self, user):
        return self.daemon.add_key("theirs", more=("--user-id", user))

    def open_stream(self, client):
        stream = self.connect(self.daemon)
        stream.sock.sendall(request_bytes("GET", "/mcp", client.fields([("Accept", "text/event-stream")])))
        self.assertEqual(stream.head().status, 200)
        return stream

    def test_a_revoked_key_ends_streams_sessions_and_children(self):
        done = self.daemon.command("keys", "add", "--name", "x", "--scope", "tools:call", "--format", "json")
        item = json.loads(done.stdout)["items"][0]
        client, other = self.client(key=item["key"]).open(), self.opened()
        pid, kept = int(client.call("pid")), int(other.call("pid"))
        stream = self.open_stream(client)
        self.daemon.command("keys", "revoke", str(item["id"]))
        self.assertEqual(stream.chunk(), b"")
        wait_until(lambda: not is_alive(pid), "the end of the child")
        self.assertTrue(is_alive(kept))
        self.assertEqual(other.call("echo", text="here"), "here")

    def test_a_call_under_way_ends_with_its_user(self):
        user = self.add_user("bob")
        client = self.client(key=self.key_of(user)).open()
        answers = []
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "silent", "arguments": {}}}
        call = threading.Thread(target=lambda: answers.append(client.post(message)))
        call.start()
        self.remove_user(user)
        call.join(20)
        self.assertEqual(answers[0].status, 401)
        wait_until(lambda: not self.daemon.children(), "the end of the child")

    def test_a_session_is_not_found_by_a_later_user_of_the_same_name(self):
        user = self.add_user("bob")
        old = self.client(key=self.key_of(user)).open()
        self.remove_user(user)
        again = self.client(key=self.key_of(self.add_user("bob")))
        again.session = old.session
        self.assertEqual(again.request("tools/list")[0].status, 404)


class DrainTest(DaemonTest):
    def test_an_open_call_is_answered_before_the_deadline(self):
        daemon = self.start({**mcp_config({"child": {"command": CHILD, "stop_grace": "300ms"}}), "timeouts": {"drain": "2s"}})
        client = RawClient(daemon.address(), "/mcp", daemon.add_key()).open()
        stream = self.connect(daemon)
        message = {"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": {"name": "silent", "arguments": {}}}
        stream.sock.sendall(request_bytes("POST", "/mcp", client.fields(), json.dumps(message).encode()))
        wait_until(lambda: client.call("echo", text="x") == "x", "the call before")
        daemon.process.send_signal(signal.SIGTERM)
        response = stream.response()
        self.assertEqual(response.status, 503)
        document = json.loads(response.body)
        self.assertEqual((document["id"], document["error"]["data"]["reason"]), (5, "draining"))
        daemon.wait_exit()


class BackendGoneTest(DaemonTest):
    """An HTTP server that goes away in the middle of a call."""

    def start_gateway(self, script):
        backend = self.backend(script)
        daemon = self.start(mcp_config({"gone": {"url": f"http://{backend.name}/mcp"}}))
        return RawClient(daemon.address(), "/mcp", daemon.add_key())

    @staticmethod
    def script(at_call):
        def run(stream, backend):
            while True:
                request = stream.request()
                message = json.loads(request.body) if request.body else {}
                if message.get("method") == "initialize":
                    result = {"protocolVersion": LEGACY, "capabilities": {"tools": {}}, "serverInfo": {"name": "x", "version": "1"}}
                    body = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}).encode()
                    stream.sock.sendall(plain_response(body, fields=[("Content-Type", "application/json"), ("Mcp-Session-Id", "inner")]))
                elif message.get("method") == "tools/call":
                    return at_call(stream)
                else:
                    stream.sock.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        return run

    def call(self, at_call):
        client = self.start_gateway(self.script(at_call)).open()
        return client, client.request

    def test_before_the_answer(self):
        client = self.start_gateway(self.script(lambda stream: reset(stream.sock))).open()
        response, message = client.request("tools/call", {"name": "x", "arguments": {}})
        self.assertTrue(response.status in (502, 503, 504) or "error" in (message or {}), (response.status, message))

    def test_in_the_middle_of_an_event_stream(self):
        def at_call(stream):
            stream.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
                                b"9\r\ndata: {\"j\r\n")
            reset(stream.sock)

        client = self.start_gateway(self.script(at_call)).open()
        try:
            _, message = client.request("tools/call", {"name": "x", "arguments": {}})
            self.assertTrue(message is None or "error" in message, message)
        except (Broken, ConnectionResetError, ValueError):
            pass  # an honest cut: the event that broke off is no JSON

    def test_server_that_is_not_there(self):
        backend = self.backend()
        backend.close()
        daemon = self.start(mcp_config({"gone": {"url": f"http://{backend.name}/mcp"}}))
        response, _ = RawClient(daemon.address(), "/mcp", daemon.add_key()).request("initialize", INITIALIZE)
        self.assertIn(response.status, (502, 503))


class AbuseTest(McpTest):
    """Clients that come and go leave nothing behind."""
    servers = {"child": {"command": CHILD, "stop_grace": "300ms"}}
    sections = {"session_idle": "1s"}

    def test_abandoned_sessions_end_with_their_children(self):
        for _ in range(10):
            self.opened()
        self.assertEqual(len(self.daemon.children()), 10)
        wait_until(lambda: not self.daemon.children(), "the end of abandoned sessions")

    def test_clients_that_hang_up_while_a_child_starts(self):
        message = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": INITIALIZE}).encode()
        for _ in range(20):
            stream = self.connect(self.daemon)
            stream.sock.sendall(request_bytes("POST", "/mcp", self.client().fields(), message))
            reset(stream.sock)
        wait_until(lambda: not self.daemon.children(), "the end of children without a client")
        self.assertEqual(self.opened().call("echo", text="fine"), "fine")


if __name__ == "__main__":
    unittest.main()
