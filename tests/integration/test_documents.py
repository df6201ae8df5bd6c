"""Commands in the documents do what they say."""
import re
import subprocess
import unittest

from harness import *


def commands(document, program):
    """The commands of that program in the fences of a document."""
    fences = re.findall(r"^```\w*\n(.*?)^```", (ROOT / document).read_text(), re.M | re.S)
    return [line for fence in fences for line in fence.splitlines() if line.startswith(program + " ")]


class LogDocumentTest(DaemonTest):
    def test_searches_with_jq(self):
        config = {"upstreams": {"app": {"servers": [f"127.0.0.1:{free_port()}"]}}, "routes": [{"match": {"path": "/"}, "to": "app"}]}
        daemon = self.start(config)
        self.assertEqual(fetch(daemon.address()).status, 502)
        daemon.log.wait("request")
        (daemon.directory / "gatehouse.log").write_bytes(b"".join(line["_raw"] for line in daemon.log.lines))
        searches = commands("docs/reference/log.md", "jq")
        self.assertGreaterEqual(len(searches), 2)
        for command in searches:
            with self.subTest(command):
                done = subprocess.run(["bash", "-c", command], cwd=daemon.directory, capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertTrue(done.stdout)


if __name__ == "__main__":
    unittest.main()
