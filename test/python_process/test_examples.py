"""The examples for ordinary processes, run as a reader would run them."""

import subprocess
import sys
import unittest
from pathlib import Path

from process_case import HANG

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"


def shown(name, *args):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *args], capture_output=True, text=True, timeout=HANG, check=False
    )
    if done.returncode != 0 or done.stderr:
        raise AssertionError(done.stdout + done.stderr)
    return done.stdout


class TestExamples(unittest.TestCase):
    def test_dshared(self):
        lines = shown("dshared.py").splitlines()
        self.assertEqual(lines[0], "val")
        self.assertEqual(lines[1], r"[1, -2, 1099511627776, 'a\x00b', 1.5, {'deeper': ['from process 3']}]")
        self.assertEqual(lines[2], "6000 of 6000 increments")

    def test_claims(self):
        self.assertEqual(shown("claims.py"), "524288 numbers drawn by 16 workers, 0 of the claims lost\n")

    def test_integers(self):
        lines = shown("integers.py").splitlines()
        self.assertEqual(lines, ["12345", "54321", "False 54321", "the int does not fit 64 bits", "0"])

    def test_named(self):
        lines = shown("named.py").splitlines()
        self.assertEqual(lines[0], "quick start: {'data': [1, 2, 3]}")
        self.assertEqual(lines[1:3], ["users: {'name': 'Alice', 'score': 100} None", "exists"])
        self.assertEqual(lines[3:6], ["deleted: None False", "many: {'key1': 'val1', 'key2': 'val2'}", "left: 0"])
        self.assertEqual(lines[6:9], ["alone: True", "alone: True", "async: value True"])
        self.assertEqual(lines[9:11], ["computing a", "cached: A A"])
        self.assertEqual(lines[11], "session: {'last_request': {'path': '/'}} {'last_request': {'path': '/b'}}")
        self.assertEqual(lines[12:], ["names: ['my-cache', 'cache', 'sessions']", "names: ['cache', 'sessions']"])

    def test_processes(self):
        output = shown("processes.py", str(EXAMPLES))
        self.assertRegex(output, r"killed a worker after \d+ writes; exit code -9\nlost: 0\n")
        total = 40 * len(list(EXAMPLES.glob("*.py")))
        self.assertIn(f"{total} of {total} results, ", output)
        self.assertIn("1 dict, destroyed now", output)
