"""Runs the tests of Python processes that no port program has a part in; the last line counts them.

    python3.13 test/python_process/run_all.py            all
    python3.13 test/python_process/run_all.py WORD...    only those that have one of the words in their names

With the Python that pyport was built for. PYPORT_PACKAGE is the folder of the built package, else priv/python.
Tables lie in /dev/shm; one that is left over after the tests is a failure.
"""

from __future__ import annotations

import os
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PACKAGE = Path(os.environ.get("PYPORT_PACKAGE") or ROOT / "priv" / "python").resolve()
SHARED_MEMORY = Path("/dev/shm")


def each(suite: unittest.TestSuite) -> list[unittest.TestCase]:
    cases: list[unittest.TestCase] = []
    for test in suite:
        cases += each(test) if isinstance(test, unittest.TestSuite) else [test]
    return cases


def wanted(suite: unittest.TestSuite, words: list[str]) -> unittest.TestSuite:
    return unittest.TestSuite(case for case in each(suite) if not words or any(word in case.id() for word in words))


def left_over(before: set[str]) -> list[str]:
    return sorted(name for name in set(os.listdir(SHARED_MEMORY)) - before if name.startswith("erlang-"))


def main(words: list[str]) -> int:
    # Children find both as well.
    os.environ["PYTHONPATH"] = os.pathsep.join([str(PACKAGE), str(HERE), str(ROOT / "test" / "python")])
    sys.path[:0] = os.environ["PYTHONPATH"].split(os.pathsep)
    before = set(os.listdir(SHARED_MEMORY))
    suite = wanted(unittest.TestLoader().discover(str(HERE), top_level_dir=str(HERE)), words)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    for name in left_over(before):
        print(f"left over: {SHARED_MEMORY / name}")
        failed += 1
    skipped = len(result.skipped)
    print(f"{max(result.testsRun - failed - skipped, 0)} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not result.testsRun else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
