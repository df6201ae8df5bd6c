"""Commands in the documents do what they say.

A fence ```yaml whose first line is a comment with a file's name is that file. In a fence ```console lines after "$ " are run by one
bash for the whole document; what follows is their output, in which "..." stands for anything. A command without output must succeed.
A search with grep is repeated until its output is there: lines of the log come a moment later. Ports are replaced by free ones.
"""
import os
import re
import subprocess
import time
import unittest

from harness import *

PORT = re.compile(r"\b(?:80[0-9]{2}|8443|90[0-9]{2})\b")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)
END = "end-of-command"


def commands(document, program):
    """The commands of that program in the fences of a document."""
    return [line for _, fence in FENCE.findall((ROOT / document).read_text()) for line in fence.splitlines()
            if line.startswith(program + " ")]


def steps(fence):
    """Pairs of a command and its output."""
    for part in re.split(r"^\$ ", fence, flags=re.M)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def matches(expected, output):
    pattern = "[^\0]*".join(re.escape(part) for part in expected.strip().split("..."))
    return re.fullmatch(pattern, output.strip()) is not None


class Shell:
    """One bash in a directory; what it started is gone with it."""

    def __init__(self, directory, environment):
        script, self._script = os.pipe()
        output, end = os.pipe()
        self.process = subprocess.Popen(["bash", f"/dev/fd/{script}"], cwd=directory, env=environment, stdin=subprocess.DEVNULL,
                                        stdout=end, stderr=end, pass_fds=[script], start_new_session=True)
        os.close(script)
        os.close(end)
        self._output = os.fdopen(output, errors="replace")
        self._deadline = threading.Timer(3 * DEADLINE, self._kill)  # a loop that waits for a daemon that is not there
        self._deadline.start()

    def _kill(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def run(self, command):
        os.write(self._script, f"{command}\necho {END} $?\n".encode())
        text = ""
        for line in self._output:
            before, mark, code = line.partition(END + " ")
            text += before
            if mark:
                return int(code), text
        raise AssertionError(f"the shell ended in: {command}")

    def close(self):
        self._deadline.cancel()
        os.close(self._script)
        self._kill()
        self.process.wait()
        self._output.close()


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


class GuidesTest(DaemonTest):
    def follow(self, path):
        directory = self.temporary_directory()
        ports = {}
        text = PORT.sub(lambda found: ports.setdefault(found[0], str(free_port())), path.read_text())
        environment = clean_environment() | {"PATH": f"{binary().parent}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
        shell = Shell(directory, environment)
        try:
            for language, fence in FENCE.findall(text):
                if language == "yaml":
                    name = re.match(r"# (\S+)\n", fence)[1]
                    (directory / name).write_text(fence)
                for command, expected in steps(fence) if language == "console" else []:
                    code, output = shell.run(command)
                    end = time.monotonic() + DEADLINE
                    while command.startswith("grep ") and not matches(expected, output) and time.monotonic() < end:
                        code, output = shell.run(command)
                    self.assertTrue(matches(expected, output), f"{command}\n--- expected\n{expected}--- got\n{output}")
                    self.assertTrue(code == 0 or expected, f"{command}: exit code {code}")
        except AssertionError as failure:
            log = directory / "gatehouse.log"
            raise AssertionError(f"{failure}\n{log.read_text() if log.exists() else ''}") from None
        finally:
            shell.close()

    def test_guides(self):
        guides = sorted((ROOT / "docs/tutorials").glob("*.md")) + sorted((ROOT / "docs/how-to").glob("*.md"))
        self.assertGreaterEqual(len(guides), 8)
        for path in guides:
            with self.subTest(path.name):
                self.follow(path)

    def test_links(self):
        for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
            for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text()):
                if "://" not in link:
                    with self.subTest(f"{path.relative_to(ROOT)}: {link}"):
                        self.assertTrue((path.parent / link).exists())


if __name__ == "__main__":
    unittest.main()
