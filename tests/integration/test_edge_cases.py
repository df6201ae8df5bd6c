"""What goes wrong between clients and upstreams: slow, gone, stale, malformed, too many."""
import signal
import socket
import subprocess
import time
import unittest

from harness import *

STALLING = {"write": "500ms", "response_head": "500ms", "drain": "500ms"}


class SlowReaderTest(DaemonTest):
    def test_a_client_that_reads_slowly_is_never_cut(self):
        """The send buffer is megabytes: it is writable again long after the client took something."""
        body = bytes(16 * MIB)
        backend = self.backend(answer(plain_response(body), close=False))
        for tls in (False, True):
            with self.subTest(tls=tls):
                daemon = self.start(tls_config(backend, timeouts=STALLING))
                stream = connect(daemon.address("https" if tls else "http"), tls=tls, receive_buffer=8192)
                self.addCleanup(stream.sock.close)
                stream.sock.sendall(request_bytes())
                stream.head()
                end = time.monotonic() + 4 * 0.5
                taken = 0
                while time.monotonic() < end:
                    taken += len(stream.exactly(4096))
                    pace(0.02)
                self.assertLess(taken, len(body) // 2, "not slow")
                taken += len(stream.exactly(len(body) - taken))
                self.assertEqual(daemon.log.wait("request", route="/")[0]["end"], "ok")


class UpstreamTest(DaemonTest):
    def test_a_client_that_leaves_during_the_connect_ends_it(self):
        full = socket.socket()
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = []
        for _ in range(4):  # more than its queue takes: later connections get no answer
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(full.getsockname())
            waiting.append(sock)
        for sock in [full, *waiting]:
            self.addCleanup(sock.close)
        config = {"listeners": {"http": {}}, "upstreams": {"app": {"servers": ["127.0.0.1:%d" % full.getsockname()[1]]}},
                  "routes": [{"match": {"path": "/"}, "to": "app"}]}
        daemon = self.start(config)
        stream = self.connect(daemon)
        stream.sock.sendall(request_bytes())
        started = time.monotonic()
        stream.sock.close()
        line = daemon.log.wait("request")[0]
        self.assertEqual((line["status"], line["end"]), (499, "client_closed"))
        self.assertLess(time.monotonic() - started, 2, "it waited for the connect timeout")

    def test_idempotent_requests_survive_a_stale_connection(self):
        def one_answer(stream, backend):
            backend.record(stream.request())
            stream.sock.sendall(plain_response())
            stream.sock.shutdown(socket.SHUT_RDWR)
        backend = self.backend(one_answer)
        daemon = self.start(proxy_config(backend))
        for method in ("GET", "PUT", "DELETE", "OPTIONS") * 10:
            self.assertEqual(fetch(daemon.address(), "/", method).status, 200, method)

    def test_what_came_before_a_broken_chunk_is_passed_on(self):
        raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n"
        daemon = self.start(proxy_config(self.backend(answer(raw))))
        stream = self.connect(daemon)
        stream.sock.sendall(request_bytes())
        self.assertEqual(stream.head().status, 200)
        self.assertEqual(stream.chunk(), b"hello")
        with self.assertRaises(ConnectionResetError):
            stream.exactly(1)
        self.assertEqual(daemon.log.wait("request")[0]["end"], "upstream_malformed")

    def test_interim_answers_do_not_give_more_time(self):
        def busy(stream, backend):
            stream.request()
            while True:
                stream.sock.sendall(b"HTTP/1.1 102 Processing\r\n\r\n")
                pace(0.1)
        daemon = self.start(proxy_config(self.backend(busy), timeouts=STALLING))
        response = fetch(daemon.address())
        self.assertEqual(response.status, 504)

    def test_a_flood_of_interim_answers_is_refused(self):
        def flood(stream, backend):
            stream.request()
            stream.sock.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 1000)
        daemon = self.start(proxy_config(self.backend(flood)))
        response = fetch(daemon.address())
        self.assertEqual(response.status, 502)
        self.assertLessEqual(len(response.interim), 32)

    def test_limits_for_clients_do_not_bind_upstreams(self):
        big = plain_response(fields=[("Set-Cookie", "x" * 3000)])
        daemon = self.start(proxy_config(self.backend(answer(big, close=False)), limits={"head": "2KiB", "field": "1KiB"}))
        self.assertEqual(fetch(daemon.address()).status, 200)


class AnswerTest(DaemonTest):
    def test_fixed_answers_without_content_have_none(self):
        for status in (204, 205, 304):
            with self.subTest(status=status):
                daemon = self.start({"listeners": {"http": {}}, "routes": [{"match": {"path": "/"}, "respond": {"status": status}}]})
                stream = self.connect(daemon)
                stream.sock.sendall(request_bytes() * 2)
                self.assertEqual([stream.response("HEAD").status for _ in range(2)], [status, status])

    def test_plain_http_on_the_tls_port_is_told_so(self):
        daemon = self.start(tls_config(self.backend()))
        stream = connect(daemon.address("https"))
        self.addCleanup(stream.sock.close)
        stream.sock.sendall(request_bytes())
        response = stream.response()
        self.assertEqual(response.status, 400)
        self.assertIn(b"https://", response.body)
        self.assertEqual(daemon.log.wait("tls.handshake_failed")[0]["listener"], "https")

    def test_a_blank_line_between_requests_is_no_request(self):
        daemon = self.start(proxy_config(self.backend(), timeouts={"request_head": "300ms", "keep_alive": "3s"}))
        stream = self.connect(daemon)
        stream.sock.sendall(request_bytes("POST", body=b"x") + b"\r\n")
        self.assertEqual(stream.response().status, 200)
        pace(0.6)  # longer than a head may take
        stream.sock.sendall(request_bytes())
        self.assertEqual(stream.response().status, 200)

    def test_a_blank_line_in_pieces_takes_no_deadline_away(self):
        daemon = self.start(proxy_config(self.backend(), timeouts={"request_head": "300ms", "keep_alive": "3s", "first_byte": "3s"}))
        for then, status in ((b"G", 408), (b"", None)):
            stream = self.connect(daemon)
            stream.sock.sendall(b"\r")
            pace(0.1)
            stream.sock.sendall(b"\n")
            pace(0.1)
            if then:
                stream.sock.sendall(then)
                self.assertEqual(stream.response().status, status)
            stream.sock.close()
        daemon.stop()
        self.assertEqual([line["status"] for line in daemon.log.find("request")], [408], "a blank line is no request")

    def test_a_client_that_leaves_in_the_middle_of_a_head(self):
        daemon = self.start(proxy_config(self.backend()))
        stream = self.connect(daemon)
        stream.sock.sendall(b"GET / HT")
        stream.sock.close()
        line = daemon.log.wait("request")[0]
        self.assertEqual((line["status"], line["end"]), (499, "client_closed"))


class EndTest(DaemonTest):
    def test_what_is_cut_at_the_end_of_the_drain_is_logged_and_reset(self):
        def never_ends(stream, backend):
            backend.record(stream.request())
            stream.sock.sendall(b"HTTP/1.1 200 OK\r\n\r\nbegun")
            stream.to_end()
        backend = self.backend(never_ends)
        daemon = self.start(proxy_config(backend, timeouts=STALLING))
        stream = self.connect(daemon)
        stream.sock.sendall(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n")
        stream.until(b"begun")
        daemon.process.send_signal(signal.SIGTERM)
        with self.assertRaises(ConnectionResetError):
            stream.to_end()
        line = daemon.log.wait("request")[0]
        self.assertEqual((line["status"], line["end"]), (200, "drain_timeout"))

    def test_signals_without_a_meaning_are_ignored(self):
        daemon = self.start(proxy_config(self.backend()))
        for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGPIPE):
            daemon.process.send_signal(number)
            self.assertEqual(fetch(daemon.address()).status, 200, number)


class DescriptorTest(DaemonTest):
    def limited(self, most):
        """A program that starts the daemon with so few descriptors."""
        script = self.temporary_directory() / "limited"
        script.write_text(f'#!/bin/sh\nexec prlimit --nofile={most} {binary()} "$@"\n')
        script.chmod(0o700)
        return script

    def test_clients_leave_descriptors_for_upstreams(self):
        daemon = self.start(proxy_config(self.backend()), program=self.limited(160))
        streams = [self.connect(daemon) for _ in range(120)]
        for stream in streams:
            stream.sock.sendall(request_bytes())
        served = []
        for stream in streams:
            stream.sock.settimeout(0.2 if served else DEADLINE)
            try:
                self.assertEqual(stream.response().status, 200)
                served.append(stream)
            except TimeoutError:
                break  # this one and those behind it are in the queue
        self.assertIn(len(served), range(40, 80))
        for stream in served:
            stream.sock.close()
        waiting = streams[len(served)]
        waiting.sock.settimeout(DEADLINE)
        self.assertEqual(waiting.response().status, 200, "the queue moves on")

    def test_too_few_descriptors_are_a_message(self):
        done = subprocess.run([self.limited(16), "run"], env=clean_environment(), capture_output=True, text=True)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("ulimit -n", done.stderr)


if __name__ == "__main__":
    unittest.main()
