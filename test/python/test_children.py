"""Processes that Python code starts: they get a SharedDict as an argument, and use it as their parent does."""

import multiprocessing
import subprocess
import sys
from multiprocessing import forkserver, resource_tracker

import shared_case


def answer(sd):
    sd["answer"] = {"twice": 2 * sd["question"], "same": sd}


class TestChildren(shared_case.SharedCase):
    def setUp(self):
        super().setUp()
        try:
            self.name = self.sd.handle
        except RuntimeError:  # in unit tests the table has no file
            self.name = None

    def tearDown(self):
        # They would stay as long as the interpreter does, with their processes and descriptors.
        forkserver._forkserver._stop()
        resource_tracker._resource_tracker._stop()

    def test_multiprocessing(self):
        if self.name is None:
            return
        for method in ("spawn", "forkserver"):
            self.sd["question"] = 21
            child = multiprocessing.get_context(method).Process(target=answer, args=(self.sd,))
            child.start()
            child.join(120)
            self.assertEqual(child.exitcode, 0, method)
            child.close()
            self.assertEqual(self.sd["answer"], {"twice": 42, "same": self.sd})
            del self.sd["answer"]

    def test_a_script(self):
        if self.name is None:
            return
        code = "import sys; sys.path[:0] = eval(sys.argv[2]); import erlang; import test_children; "
        code += "test_children.answer(erlang.SharedDict.open(sys.argv[1]))"
        self.sd["question"] = 1
        subprocess.run([sys.executable, "-c", code, self.name, repr(sys.path)], check=True, timeout=120)
        self.assertEqual(self.sd["answer"]["twice"], 2)
        self.assertEqual(self.sd["answer"]["same"].handle, self.name)
