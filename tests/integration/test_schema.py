"""`gatehouse config schema` and the loader agree: an editor that follows the schema marks no file that loads."""
import json
import os
import subprocess
import unittest

from harness import *

GOLDEN = ROOT / "tests/golden/config"


class SchemaTest(DaemonTest):
    def judge(self, paths):
        """What the schema finds wrong with each file."""
        schema = self.temporary_directory() / "schema.json"
        printed = subprocess.run([binary(), "config", "schema"], env=clean_environment(), capture_output=True, timeout=DEADLINE)
        self.assertEqual(printed.returncode, 0, printed.stderr)
        schema.write_bytes(printed.stdout)
        done = subprocess.run(["/usr/bin/python3", Path(__file__).with_name("schema_check.py"), schema, *paths],
                              capture_output=True, text=True, timeout=DEADLINE)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def judge_text(self, text):
        path = self.temporary_directory() / "gatehouse.yaml"
        path.write_text(text)
        checked = subprocess.run([binary(), "check", path], env=clean_environment(), capture_output=True, text=True, timeout=DEADLINE)
        return checked.returncode, self.judge([path])[str(path)]

    def test_the_configurations_of_the_project(self):
        paths = sorted((ROOT / "config").glob("*.yaml"))
        self.assertGreaterEqual(len(paths), 3)
        self.assertEqual(self.judge(paths), {str(path): [] for path in paths})

    def test_every_golden_file_that_loads(self):
        paths = [path.with_suffix(".yaml") for path in sorted(GOLDEN.glob("*.expected"))
                 if path.read_text().splitlines()[-1] == "loads"]
        self.assertGreaterEqual(len(paths), 10)
        self.assertEqual(self.judge(paths), {str(path): [] for path in paths})

    def test_what_the_loader_is_lenient_about(self):
        for text in ("workers: '1'", "routes: null", "listeners:",
                     "mcp: {servers: {one: {command: [sleep, 1, true]}}}", "mcp: {servers: {one: {command: sleep}}}",
                     "upstreams: {a: {servers: ['127.0.0.1:1']}}\nroutes: [{match: {hosts: [1], path: /}, to: a}]"):
            with self.subTest(text):
                code, wrong = self.judge_text(text)
                self.assertEqual((code, wrong), (0, []))

    def test_what_neither_takes(self):
        for text in ("wrokers: 1", "workers: many", "listeners: []", "log: {level: loud}", "log: {level: }",
                     "mcp: {servers: {one: {command: {a: b}}}}"):
            with self.subTest(text):
                code, wrong = self.judge_text(text)
                self.assertEqual(code, 2)
                self.assertTrue(wrong)


if __name__ == "__main__":
    unittest.main()
