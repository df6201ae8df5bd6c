"""A small MCP client for raw cases, and the places of the peers from npm."""
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

from harness import *

HERE = Path(__file__).resolve().parent
PEERS = Path(os.environ.get("GATEHOUSE_TEST_PEERS", HERE / "peers")) / "node_modules"
NODE = PEERS / f"node-linux-{'x64' if platform.machine() == 'x86_64' else 'arm64'}" / "bin" / "node"
EVERYTHING = PEERS / "@modelcontextprotocol/server-everything/dist/index.js"
INSPECTOR = PEERS / "@modelcontextprotocol/inspector/clients/launcher/build/index.js"
CLIENT = HERE / "peers/client.mjs"
MODERN_SERVER = HERE / "peers/modern_server.mjs"
CHILD = [sys.executable, str(HERE / "mcp_child.py")]

LEGACY = "2025-11-25"
MODERN = "2026-07-28"
INITIALIZE = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}}


def mcp_config(servers, **sections):
    """Every server alone at /mcp/NAME on a plain and a TLS listener; the first one also at /mcp."""
    return {
        "listeners": {"http": {}, "https": {"tls": {"policy": "intermediate"}}},
        "certificates": {"mode": "self_signed"},
        "mcp": {"servers": servers, "endpoints": {"/mcp": {"servers": [next(iter(servers))]}}, **sections},
    }


def start_everything(test):
    """server-everything over HTTP in a process of its own; gives its URL."""
    port = free_port()
    process = subprocess.Popen([NODE, EVERYTHING, "streamableHttp"], env=clean_environment({"PORT": str(port)}),
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    test.addCleanup(stop_process, process)
    wait_until(lambda: is_listening(port), "server-everything")
    return f"http://127.0.0.1:{port}/mcp"


def start_modern(test):
    """The server of the 2026-07-28 era over HTTP; gives its URL."""
    process = subprocess.Popen([NODE, MODERN_SERVER, "http"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                               env=clean_environment())
    test.addCleanup(stop_process, process)
    return f"http://127.0.0.1:{int(process.stdout.readline())}/mcp"


def stop_process(process):
    process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()


def is_listening(port):
    try:
        connect(("127.0.0.1", port)).sock.close()
        return True
    except ConnectionRefusedError:
        return False


def events(body):
    """The data of the server-sent events of a body, as JSON; events without data are left out."""
    found = []
    for block in body.decode().replace("\r\n", "\n").split("\n\n"):
        data = "\n".join(line[5:].lstrip(" ") for line in block.split("\n") if line.startswith("data:"))
        if data.strip():
            found.append(json.loads(data))
    return found


class RawClient:
    """JSON-RPC over POST, one connection per request."""

    def __init__(self, address, path="/mcp", key=None, tls=False):
        self.address, self.path, self.key, self.tls = address, path, key, tls
        self.session = None
        self.last_id = 0

    def fields(self, more=()):
        fields = [("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream")]
        if self.key:
            fields.append(bearer(self.key))
        if self.session:
            fields += [("Mcp-Session-Id", self.session), ("MCP-Protocol-Version", LEGACY)]
        replaced = {name.lower() for name, _ in more}
        return [pair for pair in fields if pair[0].lower() not in replaced] + [pair for pair in more if pair[1] is not None]

    def post(self, body, fields=()):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        host = "localhost"
        return fetch(self.address, self.path, "POST", self.fields(fields), raw, tls=self.tls, host=host)

    def delete(self):
        return fetch(self.address, self.path, "DELETE", self.fields(), tls=self.tls)

    def request(self, method, params=None, fields=()):
        """Sends one request; gives the response and the message that answers it."""
        self.last_id += 1
        message = {"jsonrpc": "2.0", "id": self.last_id, "method": method}
        if params is not None:
            message["params"] = params
        response = self.post(message, fields)
        return response, self.find_answer(response, self.last_id)

    @staticmethod
    def find_answer(response, number):
        if not response.body:
            return None
        if response.get("content-type", "").startswith("text/event-stream"):
            return next((message for message in events(response.body) if message.get("id") == number), None)
        return json.loads(response.body)

    def open(self):
        response, message = self.request("initialize", INITIALIZE)
        assert response.status == 200 and "result" in message, (response.status, response.body[:500])
        self.session = response.get("mcp-session-id")
        assert self.session, "no session id"
        accepted = self.post({"jsonrpc": "2.0", "method": "notifications/initialized"})
        assert accepted.status == 202, accepted.status
        return self

    def call(self, tool, **arguments):
        """The text of a tool's answer."""
        response, message = self.request("tools/call", {"name": tool, "arguments": arguments})
        assert response.status == 200, (response.status, response.body[:500])
        assert "result" in message, message
        return message["result"]["content"][0]["text"]
