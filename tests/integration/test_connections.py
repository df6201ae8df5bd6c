"""Keep-alive and pipelining on both sides, many connections, several loops."""
import concurrent.futures
import threading
import unittest

from harness import *


class KeepAliveTest(DaemonTest):
    def test_client_connection_carries_many_requests(self):
        daemon, backend = self.proxy()
        stream = self.connect(daemon)
        for i in range(100):
            stream.sock.sendall(request_bytes(target=f"/{i}"))
            self.assertEqual(stream.response().body, b"ok")
        self.assertEqual([m.target for m in backend.requests], [f"/{i}" for i in range(100)])

    def test_upstream_connection_is_used_again(self):
        daemon, backend = self.proxy()
        for _ in range(20):
            fetch(daemon.address())
        self.assertEqual(backend.connections, 1)

    def test_upstream_that_closed_an_idle_connection_costs_no_request(self):
        """R-4: the pool notices, or the request goes out once more."""
        def script(stream, backend):
            backend.record(stream.request())
            stream.sock.sendall(plain_response())

        daemon, _ = self.proxy(script)
        self.assertEqual([fetch(daemon.address()).status for _ in range(200)], [200] * 200)

    def test_upstream_that_says_close_is_not_used_again(self):
        daemon, backend = self.proxy(answer(plain_response(fields=[("Connection", "close")]), close=False))
        for _ in range(5):
            self.assertEqual(fetch(daemon.address()).status, 200)
        self.assertEqual(backend.connections, 5)

    def test_close_is_honoured(self):
        daemon, _ = self.proxy()
        stream = self.connect(daemon)
        stream.sock.sendall(request_bytes(fields=[("Connection", "close")]))
        self.assertEqual(stream.response().get("connection"), "close")
        self.assertTrue(stream.at_end())


class PipeliningTest(DaemonTest):
    def test_answers_come_in_order(self):
        def script(stream, backend):
            while True:
                message = stream.request()
                backend.record(message)
                stream.sock.sendall(plain_response(message.target.encode()))

        daemon, _ = self.proxy(script)
        stream = self.connect(daemon)
        stream.sock.sendall(b"".join(request_bytes(target=f"/{i}") for i in range(50)))
        self.assertEqual([stream.response().body for _ in range(50)], [f"/{i}".encode() for i in range(50)])

    def test_request_in_single_bytes(self):
        daemon, _ = self.proxy()
        stream = self.connect(daemon)
        for byte in request_bytes("POST", "/x", body=b"abc"):
            stream.sock.sendall(bytes([byte]))
        self.assertEqual(stream.response().status, 200)

    def test_pipelined_after_a_body(self):
        daemon, backend = self.proxy()
        stream = self.connect(daemon)
        stream.sock.sendall(request_bytes("POST", "/1", body=b"abc") + request_bytes(target="/2"))
        self.assertEqual([stream.response().status for _ in range(2)], [200, 200])
        self.assertEqual([m.target for m in backend.requests], ["/1", "/2"])


class ManyConnectionsTest(DaemonTest):
    def test_workers_share_the_port(self):
        backend = self.backend()
        daemon = self.start(proxy_config(backend, workers=2))
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            statuses = list(pool.map(lambda i: fetch(daemon.address(), f"/{i}").status, range(400)))
        self.assertEqual(statuses, [200] * 400)

    def test_nothing_of_closed_connections_stays(self):
        daemon, _ = self.proxy()
        fetch(daemon.address())
        before = daemon.descriptors()
        streams = [self.connect(daemon) for _ in range(300)]
        for stream in streams:
            stream.sock.sendall(request_bytes())
        for stream in streams:
            stream.response()
            stream.sock.close()
        # Idle upstream connections may stay: as many as the pool keeps.
        wait_until(lambda: daemon.descriptors() <= before + 64 + 2, "the end of 300 closed connections")


if __name__ == "__main__":
    unittest.main()
