"""Raw HTTP/1.1 over sockets: a client that sends any bytes, and backends that do what a script tells them."""
import os
import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass, field

from daemon import DEADLINE, wait_until

CHUNK = 65536


class Broken(Exception):
    """The peer closed or reset before the message was complete."""


@dataclass
class Message:
    first_line: str
    fields: list
    body: bytes = b""
    raw_head: bytes = b""
    trailers: list = field(default_factory=list)

    @property
    def status(self):
        return int(self.first_line.split(" ")[1])

    @property
    def method(self):
        return self.first_line.split(" ")[0]

    @property
    def target(self):
        return self.first_line.split(" ")[1]

    def get(self, name, default=None):
        values = self.all(name)
        return values[0] if values else default

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]


class Stream:
    """A socket with a buffer: reads lines, exact sizes, and whole messages."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = b""

    def fill(self):
        data = self.sock.recv(CHUNK)
        if not data:
            raise Broken("end of stream")
        self.buffer += data

    def until(self, mark, limit=1 << 20):
        while mark not in self.buffer:
            if len(self.buffer) > limit:
                raise Broken("no end of line or head")
            self.fill()
        head, self.buffer = self.buffer.split(mark, 1)
        return head

    def exactly(self, size):
        parts, have = [self.buffer[:size]], min(size, len(self.buffer))
        self.buffer = self.buffer[size:]
        while have < size:
            data = self.sock.recv(min(CHUNK * 4, size - have))
            if not data:
                raise Broken(f"end of stream after {have} of {size} bytes")
            parts.append(data)
            have += len(data)
        return b"".join(parts)

    def to_end(self):
        parts, self.buffer = [self.buffer], b""
        while data := self.sock.recv(CHUNK):
            parts.append(data)
        return b"".join(parts)

    def at_end(self):
        """True when the peer closed cleanly and nothing is left to read."""
        if self.buffer:
            return False
        try:
            data = self.sock.recv(CHUNK)
        except ConnectionResetError:
            return True
        self.buffer = data
        return not data

    def head(self):
        raw = self.until(b"\r\n\r\n")
        lines = raw.decode("latin-1").split("\r\n")
        fields = [(name, value.strip(" \t")) for name, _, value in (line.partition(":") for line in lines[1:])]
        return Message(lines[0], fields, raw_head=raw)

    def chunk(self):
        """The next chunk's data; empty for the last one."""
        size = int(self.until(b"\r\n").split(b";")[0], 16)
        if size == 0:
            return b""
        data = self.exactly(size)
        assert self.exactly(2) == b"\r\n"
        return data

    def chunked_body(self):
        parts = []
        while piece := self.chunk():
            parts.append(piece)
        trailers = []
        while line := self.until(b"\r\n"):
            name, _, value = line.decode("latin-1").partition(":")
            trailers.append((name, value.strip()))
        return b"".join(parts), trailers

    def request(self):
        message = self.head()
        if message.get("transfer-encoding"):
            message.body, message.trailers = self.chunked_body()
        else:
            message.body = self.exactly(int(message.get("content-length", "0")))
        return message

    def response(self, method="GET"):
        """The next final response; informational ones are collected in .interim."""
        interim = []
        message = self.head()
        while 100 <= message.status < 200 and message.status != 101:
            interim.append(message)
            message = self.head()
        message.interim = interim
        if method == "HEAD" or message.status in (101, 204, 304):
            return message
        self._response_body(message)
        return message

    def _response_body(self, message):
        if message.get("transfer-encoding"):
            message.body, message.trailers = self.chunked_body()
        elif message.get("content-length") is not None:
            message.body = self.exactly(int(message.get("content-length")))
        else:
            message.body = self.to_end()


def client_context():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def connect(address, tls=False, timeout=None, receive_buffer=None):
    """A connected Stream."""
    sock = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.settimeout(timeout or DEADLINE)
    sock.connect(address)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if tls:
        sock = client_context().wrap_socket(sock, server_hostname="localhost")
    return Stream(sock)


def request_bytes(method="GET", target="/", fields=(), body=b"", host="localhost"):
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in fields]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def fetch(address, target="/", method="GET", fields=(), body=b"", tls=False, host="localhost"):
    """One request on a connection of its own; gives the response."""
    stream = connect(address, tls)
    try:
        try:
            stream.sock.sendall(request_bytes(method, target, [*fields, ("Connection", "close")], body, host))
        except (BrokenPipeError, ConnectionResetError):
            pass  # answered and closed before it took everything: the answer waits to be read
        return stream.response(method)
    finally:
        stream.sock.close()


def reset(sock):
    """Closes with RST instead of FIN."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


class Backend:
    """Listens on a port of its own and runs `script(stream, backend)` in a thread for every connection."""

    def __init__(self, script=None):
        self.script = script or serve
        self.requests, self.connections, self.errors = [], 0, []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.address = self.listener.getsockname()
        self._open = set()
        self._closing = False
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def name(self):
        return "%s:%d" % self.address

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
                self._open.add(sock)
            threading.Thread(target=self._run, args=(sock,), daemon=True).start()

    def _run(self, sock):
        sock.settimeout(DEADLINE * 3)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.script(Stream(sock), self)
        except (Broken, OSError):
            pass
        except Exception as error:  # a script that fails is a fact for the test, not noise on the terminal
            self.errors.append(error)
        finally:
            with self.lock:
                self._open.discard(sock)
            sock.close()

    def record(self, message):
        with self.lock:
            self.requests.append(message)

    def wait_requests(self, count, deadline=None):
        wait_until(lambda: len(self.requests) >= count, f"{count} requests at the backend", deadline)
        return self.requests

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        with self.lock:
            open_sockets = list(self._open)
        for sock in open_sockets:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
        assert not self.errors, self.errors


def plain_response(body=b"ok", status="200 OK", fields=()):
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *(f"{n}: {v}" for n, v in fields)]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def serve(stream, backend):
    """Answers every request with 200 `ok` and records it."""
    while True:
        message = stream.request()
        backend.record(message)
        stream.sock.sendall(plain_response())
        if (message.get("connection") or "").lower() == "close":
            return


def answer(raw, close=True):
    """A script that gives one fixed answer, byte for byte."""
    def script(stream, backend):
        while True:
            backend.record(stream.request())
            stream.sock.sendall(raw)
            if close:
                return
    return script


def wait_closed(stream, deadline=None):
    """Seconds until the peer closed or reset this connection."""
    started = time.monotonic()
    stream.sock.settimeout(deadline or DEADLINE)
    try:
        while stream.sock.recv(CHUNK):
            pass
    except (ConnectionResetError, BrokenPipeError):
        pass
    return time.monotonic() - started


def random_bytes(size):
    return os.urandom(size)
