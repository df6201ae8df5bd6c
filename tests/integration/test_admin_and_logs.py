"""What the daemon tells about itself: health, metrics, log lines, its command line."""
import json
import os
import re
import unittest

from harness import *

ORDER = ["ts", "level", "module", "event", "msg"]
LEVELS = {"trace", "debug", "info", "warn", "error", "critical"}


class EndpointTest(SharedDaemonTest):
    @classmethod
    def configuration(cls, backend):
        return tls_config(backend)

    def test_the_names_of_the_earlier_platform_are_exported(self):
        fetch(self.daemon.address(), "/nothing-here")
        page = fetch(self.daemon.address(), "/metrics").body.decode()
        counted = re.search(r'^http_requests_total\{status="2xx"\} (\d+)$', page, re.M)
        self.assertGreaterEqual(int(counted.group(1)), 1)
        self.assertRegex(page, r'(?m)^http_request_duration_seconds_bucket\{le="2.5"\} [1-9]')

    def test_livez(self):
        self.assertEqual(fetch(self.daemon.address(), "/livez").status, 200)

    def test_readyz_names_every_module(self):
        status, document, _ = fetch_json(self.daemon.address(), "/readyz")
        self.assertEqual(status, 200)
        self.assertTrue(document["modules"], document)

    def test_health_on_both_paths(self):
        for path in ("/health", "/gateway/health"):
            status, document, _ = fetch_json(self.daemon.address(), path)
            self.assertEqual((status, document["status"]), (200, "healthy"))

    def test_metrics(self):
        for path in ("/metrics", "/gateway/metrics"):
            response = fetch(self.daemon.address(), path)
            self.assertEqual(response.status, 200)
            self.assertTrue(response.get("content-type").startswith("text/plain; version=0.0.4"))
        text = response.body.decode()
        for name in ("gatehouse_build_info", "gatehouse_http_request_duration_seconds_bucket", "gatehouse_connections",
                     "gatehouse_log_lines_dropped_total", "process_resident_memory_bytes", "process_open_fds"):
            self.assertIn(name, text)

    def test_every_metric_line_is_well_formed_and_has_help_and_type(self):
        text = fetch(self.daemon.address(), "/metrics").body.decode()
        described = set(re.findall(r"^# TYPE (\S+)", text, re.M)) & set(re.findall(r"^# HELP (\S+)", text, re.M))
        for line in text.splitlines():
            if line and not line.startswith("#"):
                self.assertRegex(line, r"^[a-zA-Z_:][a-zA-Z0-9_:]*(\{.*\})? [^ ]+$")
                name = re.match(r"[a-zA-Z0-9_:]+", line).group()
                self.assertTrue({name, re.sub("_(bucket|sum|count)$", "", name)} & described, name)

    def test_every_documented_family_is_there_from_the_start(self):
        text = fetch(self.daemon.address(), "/metrics").body.decode()
        types = dict(re.findall(r"^# TYPE (\S+) (\w+)$", text, re.M))
        reference = (ROOT / "docs/reference/metrics.md").read_text()
        documented = dict(re.findall(r"^\| `([a-z0-9_]+)` \| (counter|gauge|histogram) \|", reference, re.M))
        self.assertGreater(len(documented), 25)
        self.assertEqual(types, documented)

    def test_labels_stay_bounded(self):
        def series():
            return len(fetch(self.daemon.address(), "/metrics").body.splitlines())
        for i in range(20):
            fetch(self.daemon.address(), f"/warm{i}", host=f"w{i}.example")
        before = series()
        stream = self.connect(self.daemon)
        for i in range(500):
            stream.sock.sendall(request_bytes(["GET", f"M{i}"][i % 2], f"/path{i}", host=f"h{i}.example"))
            stream.response()
        self.assertLessEqual(series(), before + 30)

    def test_security_headers_are_on_own_answers(self):
        response = fetch(self.daemon.address("https"), "/livez", tls=True)
        self.assertEqual(response.get("x-content-type-options"), "nosniff")
        self.assertIsNone(response.get("x-powered-by"))


class CommandLineTest(SharedDaemonTest):
    def test_status(self):
        done = self.daemon.command("status")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("http", done.stdout)
        self.assertNotIn("\x1b", done.stdout)

    def test_status_as_json(self):
        document = json.loads(self.daemon.command("status", "--format", "json").stdout)
        self.assertEqual((document["version"], isinstance(document["kind"], str)), (1, True))

    def test_unknown_verb(self):
        done = self.daemon.command("sttaus")
        self.assertEqual(done.returncode, 2)
        self.assertIn("status", done.stderr)
        self.assertEqual(done.stdout, "")

    def test_absent_daemon_is_exit_3(self):
        self.daemon.socket_path, kept = self.daemon.directory / "absent.sock", self.daemon.socket_path
        try:
            done = self.daemon.command("status")
        finally:
            self.daemon.socket_path = kept
        self.assertEqual(done.returncode, 3)
        self.assertIn("absent.sock", done.stderr)

    def test_socket_is_for_its_owner_only(self):
        self.assertEqual(self.daemon.socket_path.stat().st_mode & 0o007, 0)


class LogTest(DaemonTest):
    HOSTILE = [
        ("User-Agent", 'a"b\\c'), ("User-Agent", "tab\there"), ("User-Agent", "\xff\xfe broken"), ("User-Agent", "x" * 12000),
        ("User-Agent", '","level":"critical","x":"'), ("User-Agent", "\x85next line"), ("User-Agent", "\u00e4"),
    ]

    def test_schema(self):
        daemon, _ = self.proxy()
        fetch(daemon.address(), "/x?secret=1", fields=[("User-Agent", "test")])
        daemon.log.wait("request")
        daemon.stop()
        for line in daemon.log.lines:
            raw = line["_raw"]
            self.assertEqual(list(line)[:5], ORDER, raw)
            self.assertRegex(line["ts"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
            self.assertIn(line["level"], LEVELS)
            self.assertLessEqual(len(raw), 8193)
            self.assertRegex(line["event"], r"^[a-z0-9_]+(\.[a-z0-9_]+)*$")

    def test_request_line(self):
        daemon, _ = self.proxy()
        fetch(daemon.address(), "/x/y?secret=1", "POST", [("User-Agent", "test")], b"abc", host="h.example")
        line = daemon.log.wait("request")[0]
        expected = {"method": "POST", "host": "h.example", "path": "/x/y", "status": 200, "client": "127.0.0.1",
                    "user_agent": "test", "end": "ok", "upstream": "app", "server": daemon.config["upstreams"]["app"]["servers"][0]}
        self.assertEqual({key: line.get(key) for key in expected}, expected)
        for key in ("duration_ms", "bytes_in", "bytes_out"):
            self.assertIsInstance(line[key], (int, float))
        self.assertNotIn(b"secret", line["_raw"])

    def test_hostile_values_stay_in_one_line(self):
        daemon, _ = self.proxy()
        for name, value in self.HOSTILE:
            stream = self.connect(daemon)
            stream.sock.sendall(b"GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + name.encode() + b": " +
                                value.encode("latin-1", "replace") + b"\r\n\r\n")
            self.assertEqual(stream.response().status, 200)
        lines = daemon.log.wait("request", len(self.HOSTILE))
        for line in lines:
            self.assertEqual(line["level"], "info")
            self.assertLessEqual(len(line["_raw"]), 8193)
            line["_raw"].decode("utf-8")
        self.assertEqual(daemon.log.bad_lines, [])

    def test_refused_garbage_is_logged_too(self):
        daemon, _ = self.proxy()
        stream = self.connect(daemon)
        stream.sock.sendall(b"\x1b[31mGET /\n\n\r\n\r\n")
        stream.response()
        line = daemon.log.wait("request", status=400)[0]
        self.assertTrue(line["end"].startswith("refused:"), line)
        self.assertNotIn(b"\x1b", line["_raw"])

    def test_no_journal_prefix_in_a_pipe(self):
        daemon = self.start(proxy_config(self.backend()), env={"JOURNAL_STREAM": "1:2"})
        daemon.stop()
        self.assertFalse([line for line in daemon.log.lines if line["_raw"].startswith(b"<")])

    def test_access_log_can_be_switched_off(self):
        daemon, _ = self.proxy(log={"access": False})
        for _ in range(5):
            fetch(daemon.address())
        daemon.stop()
        self.assertEqual(daemon.log.find("request"), [])

    def test_reader_that_stops_does_not_stop_the_daemon(self):
        """A full pipe on stdout loses lines, counted, and never a request."""
        pipe_reader, pipe_writer = os.pipe()
        self.addCleanup(os.close, pipe_reader)
        port = free_port()
        config = proxy_config(self.backend())
        config["listeners"]["http"]["address"] = f"127.0.0.1:{port}"
        daemon = Daemon(config)
        daemon.start(wait_ready=False, stdout=pipe_writer)
        os.close(pipe_writer)
        try:
            self.load_with_full_pipe(("127.0.0.1", port))
            daemon.stop()
        finally:
            daemon.kill()
            daemon._remove_directory()

    def load_with_full_pipe(self, address):
        wait_until(lambda: self.answers(address), "the daemon with a full pipe")
        stream = connect(address)
        for _ in range(20000):  # about 6 MiB of log lines
            stream.sock.sendall(request_bytes(fields=[("User-Agent", "x" * 200)]))
            self.assertEqual(stream.response().status, 200)
        stream.sock.close()
        dropped = re.search(r"^gatehouse_log_lines_dropped_total (\S+)", fetch(address, "/metrics").body.decode(), re.M)
        self.assertGreater(float(dropped.group(1)), 0)

    def answers(self, address):
        try:
            return fetch(address, "/livez").status == 200
        except OSError:
            return False


if __name__ == "__main__":
    unittest.main()
