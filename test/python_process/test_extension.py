"""The extension file itself, and how the package finds it."""

import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import unittest
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import _erlang
import erlang

FOLDER = Path(erlang.__file__).parent.parent
FILE = FOLDER / ("_erlang" + EXTENSION_SUFFIXES[0])


def told(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


class TestFile(unittest.TestCase):
    def test_is_the_one_in_use(self):
        self.assertEqual(_erlang.__spec__.origin, str(FILE))
        self.assertEqual(_erlang.__name__, "_erlang")
        self.assertEqual([path.name for path in FOLDER.glob("*.so")], [FILE.name])

    def test_shows_nothing_but_its_entry(self):
        symbols = [line.split()[-1] for line in told("nm", "-D", "--defined-only", str(FILE)).splitlines()]
        self.assertEqual(symbols, ["PyInit__erlang"])

    def test_has_no_python_of_its_own(self):
        needed = told("readelf", "-d", str(FILE))
        self.assertIn("libc.so", needed)
        self.assertNotIn("libpython", needed)

    def test_is_no_part_of_the_port(self):
        self.assertFalse(hasattr(_erlang, "log"))
        code = "import erlang, os; print(len(os.listdir('/proc/self/task')))"
        self.assertEqual(told(sys.executable, "-c", code), "1\n")


class TestImport(unittest.TestCase):
    def test_pickles_need_no_import_before_them(self):
        code = "import pickle, sys; print(pickle.loads(bytes.fromhex(sys.argv[1])), 'erlang' in sys.modules)"
        atom = pickle.dumps(erlang.Atom("ok"))
        self.assertEqual(told(sys.executable, "-c", code, atom.hex()), "ok False\n")
        self.assertEqual(
            told(sys.executable, "-c", "import _erlang; print(_erlang.SharedDict)"), "<class 'erlang.SharedDict'>\n"
        )

    def test_public_names(self):
        for name in erlang.__all__:
            if name not in ("Lock", "SharedList", "TransactionConflict"):  # they are written in Python
                self.assertIs(getattr(erlang, name), getattr(_erlang, name))
            self.assertEqual(getattr(erlang, name).__module__, "erlang")
            self.assertTrue(getattr(erlang, name).__doc__)
        for name in ("create", "attach", "dict", "dicts", "info", "close", "unlink", "path", "closed"):
            self.assertTrue(getattr(erlang.Table, name).__doc__, name)

    def copied(self, *others):
        """The error of an import of a copy of the package without its extension file, and with others."""
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(FOLDER / "erlang", Path(folder) / "erlang")
            for other in others:
                shutil.copy(FILE, Path(folder) / other)
            environment = {**os.environ, "PYTHONPATH": folder}
            done = subprocess.run(
                [sys.executable, "-c", "import erlang"], capture_output=True, text=True, env=environment, check=False
            )
            self.assertEqual(done.returncode, 1)
            return done.stderr.splitlines()[-1]

    def test_the_sources_alone(self):
        self.assertIn("use the package from priv/python", self.copied())

    def test_built_for_another_python(self):
        name = "_erlang.cpython-309-x.so"
        self.assertIn(f"there is only {name}: pyport was built for another Python", self.copied(name))
