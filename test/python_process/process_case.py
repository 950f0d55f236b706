"""What the tests of this folder have in common: a table of their own, and other processes."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import unittest
from typing import Any

from erlang import Table

HANG = 120  # seconds: a limit for what never ends, not a timing

START_METHODS = ("spawn", "forkserver", "fork")


class TableCase(unittest.TestCase):
    """A test with a table as self.table and an empty dict in it as self.sd."""

    limits: dict[str, int] = {}

    def setUp(self) -> None:
        self.table = Table.create(**self.limits)
        self.addCleanup(self.table.unlink)
        self.sd = self.table.dict()

    def pinned_is(self, count: int) -> None:
        self.assertEqual(self.table.info()["pinned"], count)


def script(code: str, *args: str, check: bool = True) -> str:
    """Runs a Python process that knows no more than its arguments; gives what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code, *args], capture_output=True, text=True, timeout=HANG, check=False
    )
    if check and done.returncode != 0:
        raise AssertionError(done.stderr)
    return done.stdout + done.stderr


def process(method: str, work: Any, *args: Any) -> Any:
    """A started process of multiprocessing."""
    made = multiprocessing.get_context(method).Process(target=work, args=args)
    made.start()
    return made


def run_process(method: str, work: Any, *args: Any) -> None:
    """Runs one to its end."""
    ended(process(method, work, *args))


def ended(made: Any) -> None:
    made.join(HANG)
    if made.exitcode is None:
        made.kill()
    if made.exitcode != 0:
        raise AssertionError(f"exit code {made.exitcode}")


def forked(work: Any) -> int:
    """Runs work() in a plain fork of this process; gives its exit status: 0, or 1 when it raised."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
