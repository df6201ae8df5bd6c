"""Supervised containers in a real Podman: they come up, are kept, adopted and removed."""
import json
import os
import signal

import podman

podman.enter_sandbox()

from harness import is_alive, wait_until  # noqa: E402
from podman import BOX, PodmanTest  # noqa: E402

SERVE = {"image": BOX, "command": ["serve", "8080"],
         "health": {"kind": "http", "port": 8080, "path": "/ok", "interval": "300ms", "start_interval": "100ms", "body": "fine"}}
SLEEP = {"image": BOX, "command": ["sleep"]}


class LifeTest(PodmanTest):

    def test_comes_up_and_is_told(self):
        daemon = self.start(self.config({"web": SERVE}))
        self.wait_state(daemon, "web", "running")
        status = self.status(daemon, "web")
        self.assertEqual((status["state"], status["health"], status["restarts"]), ("running", "healthy", 0), status)
        container = self.inspect("web")
        self.assertEqual(container["NetworkSettings"]["Networks"][f"{self.project}-net"]["IPAddress"], status["address"])
        self.assertEqual(daemon.command("health").returncode, 0)
        plan = daemon.command("plan", "--exit-code")
        self.assertEqual((plan.returncode, plan.stderr), (0, "nothing to do\n"), plan.stdout)

    def test_is_confined(self):
        daemon = self.start(self.config({"web": {**SLEEP, "resources": {"cpus": "0.5", "memory": "64MiB", "pids": 50}}}))
        self.wait_state(daemon, "web", "running")
        container = self.inspect("web")
        self.assertEqual(container["EffectiveCaps"] or [], [])
        self.assertTrue(container["HostConfig"]["ReadonlyRootfs"])
        self.assertEqual(container["HostConfig"]["SecurityOpt"], ["no-new-privileges"])
        self.assertEqual(container["HostConfig"]["Memory"], container["HostConfig"]["MemorySwap"])
        self.assertEqual(container["HostConfig"]["PidsLimit"], 50)

    def test_comes_again_after_a_crash(self):
        daemon = self.start(self.config({"web": SLEEP}))
        self.wait_state(daemon, "web", "running")
        first = self.pid("web")
        os.kill(first, signal.SIGKILL)
        daemon.log.wait("service.ended", service="web")
        second = wait_until(lambda: (lambda pid: pid if pid not in (0, first) else 0)(self.pid("web")), "another process")
        self.assertTrue(is_alive(second))
        self.wait_status(daemon, "web", lambda one: one["state"] == "running", "the state running")
        self.assertIn("SIGKILL", self.status(daemon, "web")["last_exit"])

    def test_is_adopted_after_the_daemon_was_killed(self):
        config = self.config({"web": SERVE, "other": SLEEP})
        directory = self.temporary_directory()
        daemon = self.start(config, directory=directory)
        for name in ("web", "other"):
            self.wait_state(daemon, name, "running")
        before = {name: self.inspect(name)["State"] for name in ("web", "other")}
        daemon.kill()
        self.assertTrue(all(is_alive(one["Pid"]) for one in before.values()))
        daemon.start()
        for name in ("web", "other"):
            self.wait_state(daemon, name, "running")
            after = self.inspect(name)["State"]
            self.assertEqual((after["Pid"], after["StartedAt"]), (before[name]["Pid"], before[name]["StartedAt"]))
        self.assertEqual(daemon.log.find("service.action"), [])

    def test_runs_on_when_the_daemon_stops(self):
        config = self.config({"other": SLEEP})
        daemon = self.start(config)
        self.wait_state(daemon, "other", "running")
        pid = self.pid("other")
        daemon.stop()
        self.assertTrue(is_alive(pid))
        self.assertEqual(self.pid("other"), pid)

    def test_is_removed_when_it_is_declared_no_more(self):
        daemon = self.start(self.config({"web": SLEEP, "other": SLEEP}))
        for name in ("web", "other"):
            self.wait_state(daemon, name, "running")
        pid = self.pid("other")
        daemon.write_config(daemon.complete(self.config({"other": SLEEP})))
        self.assertEqual(daemon.command("reload").returncode, 0)
        wait_until(lambda: self.ids("web") == [], "the end of the service")
        self.assertEqual(self.pid("other"), pid)
        self.assertNotIn("web", self.status(daemon))

    def test_is_replaced_when_a_field_changes(self):
        daemon = self.start(self.config({"web": SLEEP, "other": SLEEP}))
        for name in ("web", "other"):
            self.wait_state(daemon, name, "running")
        before = {name: self.pid(name) for name in ("web", "other")}
        daemon.write_config(daemon.complete(self.config({"web": {**SLEEP, "environment": {"MODE": "fast"}}, "other": SLEEP})))
        self.assertEqual(daemon.command("reload").returncode, 0)
        container = wait_until(lambda: (lambda one: one if one and one["State"]["Pid"] not in (0, before["web"]) else None)(
            self.inspect("web")), "another container")
        self.assertIn("MODE=fast", container["Config"]["Env"])
        self.assertEqual(self.pid("other"), before["other"])


