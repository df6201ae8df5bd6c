"""A stdio MCP server for tests (legacy era), with faults on request. Tools: echo, pid, die, garbage, silent, flood, ask.

It is slow to nothing and polite to nobody: with argument `stubborn` it ignores the end of its input and SIGTERM.
"""
import json
import os
import signal
import subprocess
import sys
import threading

TOOLS = ["echo", "pid", "die", "garbage", "mojibake", "lost_id", "silent", "flood", "fork"]
current = None  # the id of the request that is being answered


def send(document):
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


def text(value):
    return {"content": [{"type": "text", "text": value}]}


def call(params):
    name, arguments = params.get("name"), params.get("arguments", {})
    if name == "echo":
        return text(str(arguments.get("text")))
    if name == "pid":
        return text(str(os.getpid()))
    if name == "die":
        os._exit(3)
    if name == "garbage":
        sys.stdout.write("this is not JSON\n\n{\"half\": \n")
        return text("after garbage")
    if name == "mojibake":  # the answer is not UTF-8
        sys.stdout.flush()
        sys.stdout.buffer.write(b'{"jsonrpc":"2.0","id":%d,"result":{"content":[{"type":"text","text":"\xe4"}]}}\n' % current)
        sys.stdout.buffer.flush()
        return None
    if name == "lost_id":
        send({"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "Parse error"}})
        return None
    if name == "silent":
        return None
    if name == "flood":
        return text("x" * int(arguments["size"]))
    if name == "fork":  # a grandchild that would outlive us
        return text(str(subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL).pid))
    return {**text(f"no tool is called {name}"), "isError": True}


def answer(message):
    method = message.get("method")
    if method == "initialize":
        return {"protocolVersion": message["params"]["protocolVersion"], "capabilities": {"tools": {}, "logging": {}},
                "serverInfo": {"name": "child", "version": "1"}}
    if method == "tools/list":
        return {"tools": [{"name": name, "inputSchema": {"type": "object"}} for name in TOOLS]}
    if method == "tools/call":
        return call(message["params"])
    if method == "ping":
        return {}
    return LookupError(method)


def serve():
    global current
    for line in sys.stdin:
        message = json.loads(line)
        if "id" not in message or "method" not in message:
            continue
        current = message["id"]
        result = answer(message)
        if isinstance(result, LookupError):
            send({"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32601, "message": f"no method {result}"}})
        elif result is not None:
            send({"jsonrpc": "2.0", "id": message["id"], "result": result})


if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("started", file=sys.stderr)
serve()
if "stubborn" in sys.argv:
    threading.Event().wait()
