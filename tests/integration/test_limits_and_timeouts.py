"""Every limit has its status, its log line and its counter; every wait has an end."""
import threading
import time
import unittest

from harness import *


class LimitTest(DaemonTest):
    LIMITS = {"body": "64KiB", "head": "8KiB", "target": "1KiB"}

    def limited(self, **sections):
        return self.proxy(limits=self.LIMITS, **sections)

    def test_oversized_head_is_431(self):
        daemon, backend = self.limited()
        response = fetch(daemon.address(), fields=[("A", "b" * 9000)])
        self.assert_problem(response, 431)
        self.assertEqual(backend.requests, [])

    def test_oversized_target_is_414(self):
        daemon, _ = self.limited()
        self.assert_problem(fetch(daemon.address(), "/" + "a" * 2000), 414)

    def test_announced_oversized_body_is_413_before_it_is_read(self):
        daemon, backend = self.limited()
        stream = self.connect(daemon)
        stream.sock.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 65537\r\n\r\n")
        self.assert_problem(stream.response(), 413)
        self.assertEqual(backend.requests, [])

    def test_body_of_exactly_the_limit_passes(self):
        daemon, backend = self.limited()
        self.assertEqual(fetch(daemon.address(), method="POST", body=b"x" * 65536).status, 200)
        self.assertEqual(len(backend.requests[0].body), 65536)

    def test_chunked_body_over_the_limit_is_cut(self):
        daemon, backend = self.limited()
        stream = self.connect(daemon)
        stream.sock.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            for _ in range(20):
                stream.sock.sendall(b"2000\r\n" + b"x" * 8192 + b"\r\n")
        except (ConnectionResetError, BrokenPipeError):
            pass
        self.assertEqual(stream.response().status, 413)
        self.assertEqual(backend.requests, [])

    def test_refusal_is_logged_and_counted(self):
        daemon, _ = self.limited()
        fetch(daemon.address(), "/" + "a" * 2000)
        self.assertEqual(daemon.log.wait("request", status=414)[0]["end"].split(":")[0], "refused")
        self.assertIn("gatehouse_http_requests_refused_total", fetch(daemon.address(), "/metrics").body.decode())


class TimeoutTest(DaemonTest):
    SHORT = {"first_byte": "300ms", "request_head": "300ms", "request_body": "300ms", "response_head": "300ms",
             "response_body": "300ms", "keep_alive": "300ms", "tls_handshake": "300ms", "write": "500ms"}

    def hasty(self, script=None, **sections):
        return self.proxy(script, timeouts=self.SHORT, **sections)

    def test_slow_head_is_408(self):
        daemon, backend = self.hasty()
        stream = self.connect(daemon)
        stream.sock.sendall(b"GET / HTTP/1.1\r\nHost:")
        self.assert_problem(stream.response(), 408)
        self.assertTrue(stream.at_end())
        self.assertEqual(backend.requests, [])

    def test_drip_fed_head_is_408(self):
        daemon, _ = self.hasty()
        stream = self.connect(daemon)
        head = iter(b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 1000)
        stream.sock.settimeout(0.02)
        started = time.monotonic()
        while not stream.buffer and time.monotonic() - started < DEADLINE:
            stream.sock.sendall(bytes([next(head)]))
            try:
                stream.fill()
            except TimeoutError:
                pass
        stream.sock.settimeout(DEADLINE)
        self.assertEqual(stream.response().status, 408)

    def test_silent_connection_is_closed_without_an_answer(self):
        daemon, _ = self.hasty()
        stream = self.connect(daemon)
        self.assertTrue(stream.at_end())

    def test_idle_keep_alive_connection_is_closed_without_an_answer(self):
        daemon, _ = self.hasty()
        stream = self.connect(daemon)
        stream.sock.sendall(request_bytes())
        stream.response()
        self.assertTrue(stream.at_end())

    def test_stalled_body_is_408(self):
        daemon, _ = self.hasty()
        stream = self.connect(daemon)
        stream.sock.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc")
        self.assertEqual(stream.response().status, 408)

    def test_silent_upstream_is_504(self):
        daemon, _ = self.hasty(lambda stream, backend: (stream.request(), wait_closed(stream)))
        self.assert_problem(fetch(daemon.address()), 504)
        self.assertEqual(daemon.log.wait("request")[0]["end"], "upstream_timeout")

    def test_stalled_upstream_body_is_cut(self):
        def script(stream, backend):
            stream.request()
            stream.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
            wait_closed(stream)

        daemon, _ = self.hasty(script)
        with self.assertRaises((Broken, ConnectionResetError)):
            fetch(daemon.address())

    def test_unfinished_handshake_is_closed(self):
        config = tls_config(self.backend(), timeouts=self.SHORT)
        stream = self.connect(self.start(config), "https")
        stream.sock.sendall(b"\x16\x03\x01")
        self.assertLess(wait_closed(stream), DEADLINE)

    def test_client_that_reads_nothing_is_cut(self):
        left = threading.Event()

        def script(stream, backend):
            stream.request()
            stream.sock.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            try:
                while True:
                    stream.sock.sendall(b"x" * 65536)
            except OSError:
                left.set()

        daemon, _ = self.hasty(script)
        stream = self.connect(daemon, receive_buffer=4096)
        stream.sock.sendall(request_bytes())
        stream.head()
        self.assertTrue(left.wait(DEADLINE), "a client that reads nothing held the upstream for ever")

    def test_slow_clients_do_not_disturb_others(self):
        daemon, _ = self.proxy()
        slow = [self.connect(daemon) for _ in range(200)]
        for stream in slow:
            stream.sock.sendall(b"GET / HTTP/1.1\r\n")
        started = time.monotonic()
        self.assertEqual(fetch(daemon.address()).status, 200)
        self.assertLess(time.monotonic() - started, 1.0)


class UpstreamUnreachableTest(DaemonTest):
    def test_refused_connection_is_502(self):
        backend = self.backend()
        backend.close()
        daemon = self.start(proxy_config(backend))
        self.assert_problem(fetch(daemon.address()), 502)

    def test_one_dead_server_of_two_is_passed_over(self):
        dead, alive = self.backend(), self.backend()
        dead.close()
        config = proxy_config(alive)
        config["upstreams"]["app"]["servers"] = [dead.name, alive.name]
        daemon = self.start(config)
        self.assertEqual([fetch(daemon.address()).status for _ in range(4)], [200] * 4)


if __name__ == "__main__":
    unittest.main()
