"""A real Podman for the tests that need one: they run inside of tests/with-podman, and are skipped where that cannot be.

GATEHOUSE_TESTS_MUST_NOT_SKIP=1 makes a missing Podman a failure.
"""
import json
import os
import shutil
import subprocess
import sys
import unittest

from harness import ROOT, DaemonTest, wait_until

BOX = "localhost/box:1"
NEEDS = ("podman", "crun", "conmon", "unshare", "ip", "iptables", "mmdebstrap")
MISSING = [name for name in NEEDS if not shutil.which(name)] + (["root"] if os.geteuid() else [])
NO_SANDBOX = 69  # of tests/with-podman
MUST_NOT_SKIP = os.environ.get("GATEHOUSE_TESTS_MUST_NOT_SKIP") == "1"


def enter_sandbox():
    """Goes on as the same test run inside of the sandbox. Called when a test file is loaded."""
    if "PODMAN_SOCKET" in os.environ or MISSING:
        return
    sys.stdout.flush()
    code = subprocess.run([ROOT / "tests" / "with-podman", sys.executable, *sys.orig_argv[1:]]).returncode
    if code != NO_SANDBOX:
        sys.exit(code)
    MISSING.append("what a sandbox needs (see above)")


class PodmanTest(DaemonTest):
    """Each test has its own project, and leaves no container."""

    def setUp(self):
        if MISSING and not MUST_NOT_SKIP:
            self.skipTest(f"NO PODMAN HERE: {', '.join(MISSING)} is missing")
        self.assertFalse(MISSING, "these tests must not be skipped")
        self.project = "t" + os.urandom(4).hex()
        self.addCleanup(self.remove_all)

    def remove_all(self):
        ids = self.ids()
        if ids:
            podman("rm", "--force", "--time", "0", *ids)
        for kind, listing in (("volume", ["ls", "--quiet"]), ("network", ["ls", "--quiet"])):
            for name in podman(kind, *listing, "--filter", f"label=io.gatehouse.project={self.project}").split():
                podman(kind, "rm", name)

    def config(self, services, **podman_section):
        return {"podman": {"socket": f"unix://{os.environ['PODMAN_SOCKET']}", "project": self.project,
                           "network": f"{self.project}-net", **podman_section},
                "services": services}

    def ids(self, service=None):
        labels = ["--filter", f"label=io.gatehouse.project={self.project}"]
        if service:
            labels += ["--filter", f"label=io.gatehouse.service={service}"]
        return podman("ps", "--all", "--quiet", "--no-trunc", *labels).split()

    def inspect(self, service):
        """The one container of a service; None when there is none, or several."""
        ids = self.ids(service)
        if len(ids) != 1:
            return None
        try:
            return json.loads(podman("inspect", ids[0]))[0]
        except subprocess.CalledProcessError:
            return None  # it has just gone

    def pid(self, service):
        found = self.inspect(service)
        return found["State"]["Pid"] if found else 0

    def wait_state(self, daemon, service, state, deadline=30, count=1):
        return daemon.log.wait("service.state", service=service, state=state, deadline=deadline, count=count)[-1]

    def status(self, daemon, service=None):
        done = daemon.command("status", "--format", "json")
        assert done.returncode == 0, done.stderr
        services = {one["name"]: one for one in json.loads(done.stdout)["items"][0]["services"]}
        return services[service] if service else services

    def wait_status(self, daemon, service, condition, what, deadline=None):
        return wait_until(lambda: (lambda one: one if condition(one) else None)(self.status(daemon, service)), what, deadline)


def podman(*arguments):
    return subprocess.run([*os.environ["PODMAN"].split(), *arguments], check=True, capture_output=True, text=True).stdout


def service(action):
    """Starts, stops or kills Podman's API service."""
    subprocess.run([os.environ["PODMAN_SERVICE"], action], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
