"""S-1 to S-6: bytes go through when they come, in both directions, and an end is never invented."""
import hashlib
import threading
import time
import unittest

from harness import *

SSE_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
SIZE = 64 * MIB
PATTERN = random_bytes(MIB)


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def pattern_digest(size):
    digest = hashlib.sha256()
    for _ in range(size // MIB):
        digest.update(PATTERN)
    return digest.hexdigest()


def send_pattern(sock, size):
    for _ in range(size // MIB):
        sock.sendall(PATTERN)


def read_digest(stream, size):
    digest, left = hashlib.sha256(), size
    while left:
        piece = stream.exactly(min(left, 256 * 1024))
        digest.update(piece)
        left -= len(piece)
    return digest.hexdigest()


class Steps:
    """A backend that goes on only when the test says so."""

    def __init__(self, pieces, head=SSE_HEAD):
        self.pieces, self.head = pieces, head
        self.go = threading.Semaphore(0)

    def __call__(self, stream, backend):
        backend.record(stream.request())
        stream.sock.sendall(self.head)
        for piece in self.pieces:
            assert self.go.acquire(timeout=DEADLINE)
            stream.sock.sendall(piece)


class EventStreamTest(DaemonTest):
    def test_head_arrives_before_any_event(self):
        steps = Steps([chunk(b"data: 1\n\n"), b"0\r\n\r\n"])
        daemon, _ = self.proxy(steps)
        stream = self.connect(daemon)
        stream.sock.sendall(request_bytes())
        head = stream.head()
        self.assertEqual(head.get("content-type"), "text/event-stream")
        steps.go.release(2)
        self.assertEqual(stream.chunked_body()[0], b"data: 1\n\n")

    def test_every_byte_arrives_before_the_next_is_sent(self):
        event = b"data: hello\n\n"
        steps = Steps([chunk(bytes([byte])) for byte in event])
        daemon, _ = self.proxy(steps)
        stream = self.connect(daemon)
        stream.sock.sendall(request_bytes())
        stream.head()
        for byte in event:
            steps.go.release()
            self.assertEqual(stream.chunk(), bytes([byte]))

    def test_events_are_fast_through_tls(self):
        steps = Steps([chunk(b"data: %d\n\n" % i) for i in range(50)])
        daemon = self.start(tls_config(self.backend(steps)))
        stream = self.connect(daemon, "https", tls=True)
        stream.sock.sendall(request_bytes())
        stream.head()
        started = time.monotonic()
        for i in range(50):
            steps.go.release()
            self.assertEqual(stream.chunk(), b"data: %d\n\n" % i)
        self.assertLess(time.monotonic() - started, 2.0, "40 ms per event are a delayed acknowledgement")

    def test_event_stream_outlives_the_idle_timeout(self):
        steps = Steps([chunk(b"data: late\n\n"), b"0\r\n\r\n"])
        daemon, _ = self.proxy(steps, timeouts={"response_body": "200ms"})
        stream = self.connect(daemon)
        stream.sock.sendall(request_bytes())
        stream.head()
        stream.sock.settimeout(0.8)
        with self.assertRaises(TimeoutError):
            stream.fill()
        stream.sock.settimeout(DEADLINE)
        steps.go.release(2)
        self.assertEqual(stream.chunk(), b"data: late\n\n")


class UploadTest(DaemonTest):
    def test_body_arrives_before_it_is_complete(self):
        arrived = threading.Semaphore(0)

        def script(stream, backend):
            stream.head()
            for _ in range(3):
                assert stream.exactly(4) == b"part"
                arrived.release()
            stream.sock.sendall(plain_response())

        daemon, _ = self.proxy(script)
        stream = self.connect(daemon)
        stream.sock.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\n\r\n")
        for _ in range(3):
            stream.sock.sendall(b"part")
            self.assertTrue(arrived.acquire(timeout=DEADLINE), "the body was held back")
        self.assertEqual(stream.response().status, 200)

    def test_chunked_body_arrives_chunk_by_chunk(self):
        arrived = threading.Semaphore(0)

        def script(stream, backend):
            stream.head()
            while stream.chunk():
                arrived.release()
            stream.sock.sendall(plain_response())

        daemon, _ = self.proxy(script)
        stream = self.connect(daemon)
        stream.sock.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(3):
            stream.sock.sendall(chunk(b"part"))
            self.assertTrue(arrived.acquire(timeout=DEADLINE), "the body was held back")
        stream.sock.sendall(b"0\r\n\r\n")
        self.assertEqual(stream.response().status, 200)

    def test_64_mib_up(self):
        def script(stream, backend):
            stream.head()
            stream.sock.sendall(plain_response(read_digest(stream, SIZE).encode()))

        daemon, _ = self.proxy(script, limits={"body": "128MiB"})
        stream = self.connect(daemon, timeout=60)
        stream.sock.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % SIZE)
        send_pattern(stream.sock, SIZE)
        self.assertEqual(stream.response().body.decode(), pattern_digest(SIZE))


def send_64_mib(stream, backend):
    backend.record(stream.request())
    stream.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
    send_pattern(stream.sock, SIZE)


class DownloadTest(DaemonTest):
    def test_64_mib_down(self):
        daemon = self.start(tls_config(self.backend(send_64_mib)))
        for name, tls in (("http", False), ("https", True)):
            with self.subTest(name):
                stream = self.connect(daemon, name, tls=tls, timeout=60)
                stream.sock.sendall(request_bytes())
                self.assertEqual(stream.head().get("content-length"), str(SIZE))
                self.assertEqual(read_digest(stream, SIZE), pattern_digest(SIZE))

    def test_slow_reader_costs_no_memory(self):
        backend = self.backend(send_64_mib)
        daemon = self.start(proxy_config(backend), preset="release")
        fetch(daemon.address("http"), method="HEAD")
        before = daemon.memory()
        streams = [self.connect(daemon, receive_buffer=8192) for _ in range(8)]
        for stream in streams:
            stream.sock.sendall(request_bytes())
            stream.head()
        for stream in streams:  # half of each body is far more than any buffer on the way may hold
            read_digest(stream, 8 * MIB)
        growth = daemon.memory() - before
        self.assertLess(growth, 8 * 256 * 1024, f"{growth >> 10} KiB for 8 slow readers")

    def test_endless_body_goes_through_while_it_lives(self):
        steps = Steps([b"x" * 100] * 5, head=b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        daemon, _ = self.proxy(steps)
        stream = self.connect(daemon)
        stream.sock.sendall(request_bytes())
        head = stream.head()
        steps.go.release(5)
        if head.get("transfer-encoding"):
            self.assertEqual(stream.chunked_body()[0], b"x" * 500)
        else:
            self.assertEqual(stream.to_end(), b"x" * 500)


class ClientGoneTest(DaemonTest):
    """S-4: the upstream is left within 100 ms."""

    def leave(self, hang_up, build):
        left = threading.Event()
        seconds = []

        def script(stream, backend):
            backend.record(stream.head())
            if build == "body":
                stream.sock.sendall(SSE_HEAD + chunk(b"data: 1\n\n"))
            seconds.append(wait_closed(stream))
            self.left_at = time.monotonic()
            left.set()

        daemon, backend = self.proxy(script)
        stream = self.connect(daemon)
        stream.sock.sendall(request_bytes())
        backend.wait_requests(1)
        if build == "body":
            stream.head()
            stream.chunk()
        went_at = time.monotonic()
        hang_up(stream.sock)
        self.assertTrue(left.wait(DEADLINE), "the upstream was never left")
        allowed = 1.0 if is_sanitized(daemon.binary) else 0.1
        self.assertLess(self.left_at - went_at, allowed)
        line = daemon.log.wait("request")[0]
        self.assertEqual((line["status"], line["end"]), (499 if build == "head" else 200, "client_closed"))

    def test_reset_while_waiting_for_the_answer(self):
        self.leave(reset, "head")

    def test_reset_in_the_middle_of_a_body(self):
        self.leave(reset, "body")

    def test_close_in_the_middle_of_a_body(self):
        self.leave(lambda sock: sock.close(), "body")


class UpstreamGoneTest(DaemonTest):
    """S-4: what was cut never looks complete."""

    CUT = {
        "length": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        "chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nabc",
        "between_chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "bad_chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n",
    }

    def test_client_sees_the_cut(self):
        for name, raw in self.CUT.items():
            with self.subTest(name):
                daemon, _ = self.proxy(answer(raw))
                stream = self.connect(daemon)
                stream.sock.sendall(request_bytes())
                with self.assertRaises((Broken, ConnectionResetError)):
                    stream.response()
                self.assertNotIn(b"0\r\n\r\n", stream.buffer)
                self.assertIn("upstream", daemon.log.wait("request")[0]["end"])

    def test_client_sees_the_reset(self):
        def script(stream, backend):
            stream.request()
            stream.sock.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc")
            reset(stream.sock)

        daemon, _ = self.proxy(script)
        stream = self.connect(daemon)
        stream.sock.sendall(request_bytes())
        with self.assertRaises((Broken, ConnectionResetError)):
            response = stream.response()
            if not response.get("transfer-encoding"):
                self.fail("a reset body was ended cleanly")

    def test_early_answer_is_forwarded_and_neither_connection_is_used_again(self):
        def script(stream, backend):
            backend.record(stream.head())
            stream.sock.sendall(plain_response(b"early", "413 Content Too Large"))
            wait_closed(stream)

        daemon, backend = self.proxy(script)
        stream = self.connect(daemon)
        stream.sock.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nabc")
        self.assertEqual(stream.response().body, b"early")
        stream.sock.sendall(b"y" * 1000)
        self.assertEqual(len(backend.requests), 1)


class SlowButAliveTest(DaemonTest):
    def test_slow_transfer_is_never_cut(self):
        """S-6: each pause is shorter than the idle timeout, the whole is longer."""
        steps = Steps([b"x"] * 8, head=b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n")
        daemon, _ = self.proxy(steps, timeouts={"response_body": "500ms"})
        stream = self.connect(daemon)
        stream.sock.sendall(request_bytes())
        stream.head()
        for _ in range(8):
            stream.sock.settimeout(0.15)
            with self.assertRaises(TimeoutError):
                stream.fill()
            stream.sock.settimeout(DEADLINE)
            steps.go.release()
            self.assertEqual(stream.exactly(1), b"x")


if __name__ == "__main__":
    unittest.main()
