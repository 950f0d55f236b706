"""test/golden/values.txt, from Python: its head tells the format. C++ and Erlang read it too."""

import math
import pickle
import unittest
from pathlib import Path

import _erlang
import shared_case

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "values.txt"


def cases(*kinds):
    """(name, pickle, Python text) of the cases of these kinds; a bare handle means something in the port alone."""
    for line in GOLDEN.read_text("ascii").splitlines():
        if line and not line.startswith("#"):
            name, kind, _, pickled, _, python = line.split(" | ")
            if kind in kinds and (shared_case.IN_PORT or "_erlang.dict" not in python):
                yield name, pickled, python


def value_of(text):
    return eval(text, {"_erlang": _erlang})


def same(one, other):
    """Equal and of the same types all the way down; 1 is not True, and nan is nan."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return math.copysign(1, one) == math.copysign(1, other) and (one == other or one != one and other != other)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return same(list(one.items()), list(other.items()))
    return one == other


class TestGolden(shared_case.SharedCase):
    def test_pickles_mean_what_stands_beside_them(self):
        count = 0
        for name, pickled, text in cases("both", "store", "fetch"):
            with self.subTest(name):
                self.assertTrue(same(pickle.loads(bytes.fromhex(pickled)), value_of(text)))
            count += 1
        self.assertGreater(count, 80)

    def test_values_come_back_from_a_dict(self):
        for name, _, text in cases("both", "store", "fetch"):
            with self.subTest(name):
                self.sd["v"] = value_of(text)
                self.assertTrue(same(self.sd["v"], value_of(text)))

    def test_what_erlang_cannot_read_python_can(self):
        for name, pickled, text in cases("refuse_pickle"):
            python = text.split(" ", 2)[2] if text.count(" ") > 1 else "-"
            if python != "-":
                with self.subTest(name):
                    self.assertTrue(same(pickle.loads(bytes.fromhex(pickled)), eval(python)))
                    self.sd["v"] = eval(python)
                    self.assertTrue(same(self.sd["v"], eval(python)))


class TestComparison(unittest.TestCase):
    def test_it_tells_types_and_signs_apart(self):
        for one, other in (
            (1, True),
            (0.0, -0.0),
            (1, 1.0),
            ([1], (1,)),
            ("a", b"a"),
            ({"a": 1}, {"a": True}),
            ([1], [1, 2]),
        ):
            self.assertFalse(same(one, other), (one, other))
        self.assertTrue(same([math.nan, {"a": (1,)}], [math.nan, {"a": (1,)}]))
