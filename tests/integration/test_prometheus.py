"""A real Prometheus reads the metrics, and its own checker likes their names."""
import subprocess
import unittest
import urllib.parse
import urllib.request

from mcp import *


class Prometheus:
    """A server of its own for one test, which scrapes the daemon every half second."""

    def __init__(self, directory, target, rules=()):
        self.directory, self.port = directory, free_port()
        (directory / "prometheus.yml").write_text(json.dumps({
            "global": {"scrape_interval": "500ms"}, "rule_files": [str(path) for path in rules],
            "scrape_configs": [{"job_name": "gatehouse", "static_configs": [{"targets": ["{}:{}".format(*target)]}]}]}))

    def __enter__(self):
        with open(self.directory / "log", "w") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={self.directory}/prometheus.yml", f"--storage.tsdb.path={self.directory}/data",
                 f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"], stdout=log, stderr=subprocess.STDOUT)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(DEADLINE)

    def query(self, expression):
        """[(labels, value)]; nothing while it starts."""
        url = f"http://127.0.0.1:{self.port}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return [(one["metric"], float(one["value"][1])) for one in json.load(answer)["data"]["result"]]
        except OSError:
            return []


class PrometheusTest(DaemonTest):
    # Names that the earlier platform's dashboards use are kept as they were.
    ALLOWED = {'gateway_lb_selections counter metrics should have "_total" suffix'}

    def setUp(self):
        backend = self.backend()
        self.daemon = self.start(proxy_config(backend, mcp={"servers": {"child": {"command": CHILD}}}))
        for _ in range(3):
            fetch(self.daemon.address(), "/x")

    def test_is_scraped(self):
        with Prometheus(self.temporary_directory(), self.daemon.address()) as prometheus:
            wait_until(lambda: prometheus.query("up") and prometheus.query("up")[0][1] == 1, "a scrape", 30)
            self.assertGreaterEqual(prometheus.query('gatehouse_http_requests_total{method="GET",code="2xx"}')[0][1], 3)
            self.assertEqual(prometheus.query('gatehouse_upstream_requests_total{code="2xx"}')[0][1], 3)
            self.assertEqual({labels["server"] for labels, _ in prometheus.query("gatehouse_mcp_sessions")}, {"child"})
            info = prometheus.query("gatehouse_build_info")[0][0]
            self.assertRegex(info["revision"], r"^([0-9a-f]{12}|unknown)$")

    def test_promtool_finds_nothing_new(self):
        page = fetch(self.daemon.address(), "/metrics").body
        done = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, timeout=60)
        findings = {line for line in (done.stdout + done.stderr).decode().splitlines() if line.strip()}
        self.assertEqual(findings, self.ALLOWED)


if __name__ == "__main__":
    unittest.main()
