"""Databases, dependencies, limits, and an engine that fails, with a real Podman."""
import json
import os
import re
import signal
import socket
import subprocess

import podman

podman.enter_sandbox()

from harness import fetch, is_alive, wait_until  # noqa: E402
from podman import BOX, PodmanTest, service  # noqa: E402

SLEEP = {"image": BOX, "command": ["sleep"]}
SERVE = {"image": BOX, "command": ["serve", "8080"],
         "health": {"kind": "http", "port": 8080, "path": "/ok", "interval": "300ms", "start_interval": "100ms"}}
PASSWORDS = {"POSTGRES_PASSWORD": "a long password of a test", "REDIS_PASSWORD": "another long password"}


class DatabaseTest(PodmanTest):

    def test_postgres_and_redis_come_up_healthy_and_keep_what_they_were_given(self):
        quick = {"health": {"interval": "500ms", "start_interval": "200ms"}, "resources": {"memory": "256MiB"}}
        config = self.config({
            "postgres": {**quick, "volumes": [f"{self.project}-pg:/var/lib/postgresql/data"]},
            "redis": {**quick, "volumes": [f"{self.project}-redis:/data"]},
            "worker": {**SLEEP, "depends_on": {"postgres": "healthy", "redis": "healthy"}}})
        daemon = self.start(config, env=PASSWORDS)
        self.wait_state(daemon, "worker", "running", deadline=90)
        self.assertEqual(daemon.command("health").returncode, 0)
        started = {name: self.inspect(name)["State"]["StartedAt"] for name in ("postgres", "redis", "worker")}
        self.assertGreater(started["worker"], max(started["postgres"], started["redis"]))
        self.assertEqual(self.redis(daemon, "PING"), b"+PONG")
        self.assertEqual(self.redis(daemon, "SET", "k", "v"), b"+OK")
        self.no_password_is_told(daemon)
        pid = self.pid("redis")
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: self.pid("redis") not in (0, pid), "another Redis")
        self.wait_status(daemon, "redis", lambda one: one["state"] == "running" and one["health"] == "healthy", "a healthy Redis", 30)
        self.assertEqual(self.redis(daemon, "GET", "k"), b"v")
        plan = daemon.command("plan", "--exit-code")
        self.assertEqual(plan.returncode, 0, plan.stdout)

    def redis(self, daemon, *words):
        address = self.status(daemon, "redis")["address"]
        with socket.create_connection((address, 6379), timeout=10) as connection, connection.makefile("rb") as answers:
            for command in (("AUTH", PASSWORDS["REDIS_PASSWORD"]), words):
                encoded = b"".join(b"$%d\r\n%s\r\n" % (len(w), w.encode()) for w in command)
                connection.sendall(b"*%d\r\n%s" % (len(command), encoded))
                answer = answers.readline().rstrip()
                if answer.startswith(b"$"):
                    answer = answers.readline().rstrip()
            return answer

    def no_password_is_told(self, daemon):
        told = [json.dumps(self.inspect(name)) for name in ("postgres", "redis")]
        told += [line["_raw"].decode() for line in daemon.log.lines]
        told += [daemon.command("plan", "--format", "json").stdout, daemon.command("status", "--format", "json").stdout]
        told += [subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True).stdout]
        for password in PASSWORDS.values():
            self.assertFalse([text for text in told if password in text])


class UsageTest(PodmanTest):

    def test_what_a_service_uses_is_told(self):
        web = {**SERVE, "resources": {"memory": "64MiB", "cpus": "0.5"}}
        daemon = self.start({**self.config({"web": web}), "listeners": {"http": {}}})
        self.wait_state(daemon, "web", "running")

        def told():
            page = fetch(daemon.address(), "/metrics").body.decode()
            return dict(re.findall(r'^(gatehouse_service_\w+)\{service="web"\} (\S+)$', page, re.M))

        values = wait_until(lambda: (lambda found: found if "gatehouse_service_memory_bytes" in found else None)(told()), "memory of the service")
        self.assertEqual(float(values["gatehouse_service_memory_limit_bytes"]), 64 * 1024 * 1024)
        self.assertEqual(float(values["gatehouse_service_cpu_limit_cores"]), 0.5)
        self.assertLess(0, float(values["gatehouse_service_memory_bytes"]))
        self.assertLess(0, float(values["gatehouse_service_cpu_seconds_total"]))
        self.assertLessEqual(1, float(values["gatehouse_service_processes"]))
        podman.podman("rm", "--force", "--time", "0", self.ids("web")[0])
        wait_until(lambda: self.inspect("web") and "gatehouse_service_memory_bytes" in told(), "another container's memory")


class LogTest(PodmanTest):

    def test_lines_of_a_container_are_lines_of_the_log(self):
        said = json.dumps({"level": "warn", "msg": "slow \x1b[31m", "ms": 12})
        daemon = self.start(self.config({"talker": {"image": BOX, "command": ["say", said]}}))
        line, = daemon.log.wait("service.line", stream="stdout")
        self.assertEqual((line["service"], line["level"], line["module"], line["msg"]), ("talker", "warn", "container", "slow \x1b[31m"))
        self.assertNotIn(b"\x1b", line["_raw"])
        self.assertEqual(json.loads(line["fields"]), {"ms": 12})
        self.assertTrue(self.ids("talker")[0].startswith(line["instance"]))
        line, = daemon.log.wait("service.line", stream="stderr")
        self.assertEqual((line["level"], line["msg"]), ("info", "and an error"))


class DependencyTest(PodmanTest):

    def test_a_dependant_waits_for_health(self):
        slow = {**SERVE, "health": {**SERVE["health"], "path": "/late", "start_period": "60s"}}
        daemon = self.start(self.config({"web": slow, "worker": {**SLEEP, "depends_on": {"web": "healthy"}}}))
        self.wait_state(daemon, "web", "starting")
        self.wait_state(daemon, "worker", "waiting")
        self.assertIn("it waits for web to be healthy", self.status(daemon, "worker")["why"])
        self.assertIsNone(self.inspect("worker"))
        self.assertEqual(daemon.command("health").returncode, 1)
        podman.podman("exec", self.ids("web")[0], "/bin/sh", "-c", "echo > /tmp/www/late")
        self.wait_state(daemon, "worker", "running")

    def test_a_job_completes_before_what_needs_it(self):
        job = {"image": BOX, "command": ["exit", "0"], "restart": {"policy": "on_failure"}}
        daemon = self.start(self.config({"job": job, "worker": {**SLEEP, "depends_on": {"job": "completed"}}}))
        self.wait_state(daemon, "worker", "running")
        self.assertEqual(self.status(daemon, "job")["state"], "completed")
        self.assertEqual(self.inspect("job")["State"]["ExitCode"], 0)

    def test_unhealthy_for_long_is_restarted(self):
        sick = {**SERVE, "health": {**SERVE["health"], "path": "/ok", "interval": "200ms", "retries": 2, "restart_after": 3}}
        daemon = self.start(self.config({"web": sick}))
        self.wait_state(daemon, "web", "running")
        pid = self.pid("web")
        podman.podman("exec", self.ids("web")[0], "/bin/rm", "/tmp/www/ok")
        self.wait_state(daemon, "web", "unhealthy")
        wait_until(lambda: self.pid("web") not in (0, pid), "another process")
        self.wait_status(daemon, "web", lambda one: one["health"] == "healthy", "its health")


class TroubleTest(PodmanTest):

    def test_a_crash_loop_is_told(self):
        daemon = self.start(self.config({"bad": {"image": BOX, "command": ["exit", "3"],
                                                 "restart": {"backoff": {"first": "10ms", "max": "20ms"}}}}))
        line = self.wait_state(daemon, "bad", "crash_loop")
        self.assertIn("code 3", line["reason"])
        status = self.status(daemon, "bad")
        self.assertGreaterEqual(status["restarts"], 4)

    def test_a_program_that_is_not_there_is_not_tried_for_ever(self):
        daemon = self.start(self.config({"bad": {"image": BOX, "entrypoint": ["/bin/nothing"]}, "good": SLEEP}))
        self.wait_state(daemon, "good", "running")
        line = self.wait_state(daemon, "bad", "backoff")
        self.assertIn("/bin/nothing", line["reason"])

    def test_an_image_that_is_not_there_is_told(self):
        daemon = self.start(self.config({"none": {"image": "localhost/none:1", "pull": "never"}}))
        self.assertIn("localhost/none:1", self.wait_state(daemon, "none", "blocked")["reason"])

    def test_want_of_memory_is_told(self):
        daemon = self.start(self.config({"hungry": {"image": BOX, "entrypoint": ["/bin/sh"], "resources": {"memory": "32MiB"},
                                                    "command": ["-c", "sleep 1; exec dd if=/dev/zero of=/dev/null bs=200M count=1"]}}))
        line = daemon.log.wait("service.ended", service="hungry", deadline=30)[0]
        self.assertIn("for want of memory at its limit of 32MiB", line["reason"])

    def test_limits_are_in_force_and_are_put_right(self):
        limits = {"cpus": "0.5", "memory": "64MiB", "reserve_cpus": "0.25", "reserve_memory": "16MiB", "pids": 77}
        daemon = self.start(self.config({"web": {**SLEEP, "resources": limits}}))
        self.wait_state(daemon, "web", "running")
        pid = self.pid("web")
        self.assertEqual(self.memory_limit(pid), 64 << 20)
        podman.podman("update", "--memory", "128m", "--memory-swap", "128m", self.ids("web")[0])
        self.assertEqual(self.memory_limit(pid), 128 << 20)
        wait_until(lambda: self.memory_limit(pid) == 64 << 20, "the limit that is declared", 25)
        daemon.write_config(daemon.complete(self.config({"web": {**SLEEP, "resources": {**limits, "memory": "96MiB"}}})))
        self.assertEqual(daemon.command("reload").returncode, 0)
        wait_until(lambda: self.memory_limit(pid) == 96 << 20, "the new limit")
        self.assertEqual(self.pid("web"), pid)

    def memory_limit(self, pid):
        groups = dict(line.split(":", 2)[1:] for line in open(f"/proc/{pid}/cgroup").read().split())
        if "memory" in groups:
            path = f"/sys/fs/cgroup/memory{groups['memory']}/memory.limit_in_bytes"
        else:
            path = f"/sys/fs/cgroup{groups['']}/memory.max"
        return int(open(path).read())

    def test_a_container_that_somebody_removed_comes_again(self):
        daemon = self.start(self.config({"web": SLEEP}))
        self.wait_state(daemon, "web", "running")
        before = self.ids("web")[0]
        podman.podman("rm", "--force", "--time", "0", before)
        wait_until(lambda: self.pid("web") and self.ids("web")[0] != before, "another container")
        self.assertEqual(len(self.ids("web")), 1)

    def test_containers_run_on_without_podman_and_are_looked_at_when_it_is_back(self):
        daemon = self.start(self.config({"web": SERVE, "other": SLEEP}))
        for name in ("web", "other"):
            self.wait_state(daemon, name, "running")
        pids = {name: self.pid(name) for name in ("web", "other")}
        service("kill")
        self.addCleanup(service, "start")
        daemon.log.wait("podman.lost")
        self.assertTrue(all(is_alive(pid) for pid in pids.values()))
        os.kill(pids["other"], signal.SIGKILL)
        service("start")
        daemon.log.wait("podman.back")
        wait_until(lambda: self.pid("other") not in (0, pids["other"]), "another process of what ended meanwhile")
        self.assertEqual(self.pid("web"), pids["web"])
        self.assertEqual(self.status(daemon, "web")["restarts"], 0)

    def test_two_daemons_do_not_touch_each_other(self):
        one = self.start(self.config({"web": SLEEP}))
        self.wait_state(one, "web", "running")
        pid = self.pid("web")
        two = self.start(self.config({"web": SLEEP}))
        self.assertIn("belongs to another daemon", self.wait_state(two, "web", "blocked")["reason"])
        self.assertEqual(self.pid("web"), pid)

    def test_a_probe_that_hangs_starts_no_second_one(self):
        sick = {**SLEEP, "health": {"command": ["/bin/sleep", "1000"], "interval": "150ms", "timeout": "100ms", "retries": 2,
                                    "start_period": "0ms", "restart_after": 0}}
        daemon = self.start(self.config({"web": sick}))
        self.wait_state(daemon, "web", "unhealthy")
        self.wait_status(daemon, "web", lambda one: "earlier probe" in one["why"], "several probes")
        found = subprocess.run(["pgrep", "-fc", "^/bin/sleep 1000$"], capture_output=True, text=True).stdout
        self.assertEqual(int(found), 1)

    def test_a_crash_is_noticed_at_once(self):
        daemon = self.start(self.config({"web": SLEEP}))
        self.wait_state(daemon, "web", "running")
        pid = self.pid("web")
        os.kill(pid, signal.SIGKILL)
        ended = daemon.log.wait("service.state", service="web", state="backoff")[0]
        self.assertTrue(ended)
