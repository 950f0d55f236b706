"""What goes into a SharedDict comes out again."""

import collections
import datetime
import decimal
import enum
import math
import pickle
import re
import sys
import uuid

import shared_case


class Color(enum.Enum):
    RED = 1


class TestValues(shared_case.SharedCase):
    def same(self, value):
        self.sd["v"] = value
        found = self.sd["v"]
        self.assertEqual(found, value)
        self.assertIs(type(found), type(value))

    def test_scalars(self):
        for value in (None, True, False, 0.0, -0.0, 1.5, math.inf, 5e-324, "", "text", "ä😀", b"", b"\xff\0"):
            self.same(value)
        self.sd["v"] = math.nan
        self.assertTrue(math.isnan(self.sd["v"]))
        self.sd["v"] = -0.0
        self.assertEqual(math.copysign(1, self.sd["v"]), -1)

    def test_ints_of_all_sizes(self):
        for power in (0, 7, 8, 15, 16, 31, 32, 39, 47, 55, 63, 64, 65, 200):
            for value in (2**power, 2**power - 1, 2**power + 1):
                self.same(value)
                self.same(-value)

    def test_lengths_around_the_limits(self):
        for size in (1, 254, 255, 256, 4095, 4096, 4097, 65534, 65535, 65536, 65537, 300_000):
            self.same("t" * size)
            self.same("ä" * size)
            self.same(b"b" * size)

    def test_containers(self):
        for value in (
            [],
            (),
            {},
            set(),
            [1, "a", None],
            (1, (2, [3])),
            {"a": {1: (2.5, b"x")}},
            {1, 2},
            frozenset("ab"),
            bytearray(b"x"),
            list(range(5000)),
            {str(n): n for n in range(2000)},
        ):
            self.same(value)

    def test_objects(self):
        for value in (
            datetime.datetime(2020, 1, 2, 3, 4, 5),
            decimal.Decimal("1.10"),
            uuid.UUID(int=5),
            collections.OrderedDict(a=1),
            collections.Counter("aab"),
            Color.RED,
            1 + 2j,
            range(3),
        ):
            self.same(value)

    def test_sharing_inside_a_value_is_kept(self):
        inner = [1]
        self.sd["v"] = [inner, inner]
        found = self.sd["v"]
        self.assertIs(found[0], found[1])
        loop = []
        loop.append(loop)
        self.sd["v"] = loop
        found = self.sd["v"]
        self.assertIs(found[0], found)

    def test_surrogates_in_values(self):
        self.same("lone \udc80")
        self.same(["lone \udc80"])

    def test_subclasses_keep_their_type(self):
        for value in (Text("t"), Number(3), Real(1.5), Raw(b"r")):
            self.same(value)

    def test_unpicklable_values_leave_the_old_one(self):
        self.sd["v"] = "old"
        for bad in (lambda: 1, (n for n in ()), sys.stdout, Unpicklable()):
            with self.assertRaises((TypeError, AttributeError, pickle.PicklingError, ZeroDivisionError)):
                self.sd["v"] = bad
            self.assertEqual(self.sd["v"], "old")

    def test_unpicklable_parts_are_named(self):
        self.sd["v"] = "old"
        bad = (n for n in ())
        for value, place in (
            ({"users": [1, 2, 3, {"id": bad}]}, "['users'][3]['id']"),
            ([bad], "[0]"),
            ((1, {7: (2, bad)}), "[1][7][1]"),
            ({"a": 1, b"\xff": [bad]}, "[b'\\xff'][0]"),
            ({"k" * 100: bad}, "['" + "k" * 59 + "...]"),
            ([0] * 5000 + [[bad]], "[5000][0]"),
        ):
            pattern = re.escape(f"(in the value at {place})") + "$"
            with self.assertRaisesRegex(TypeError, "cannot pickle .generator. object " + pattern):
                self.sd["v"] = value
            with self.assertRaisesRegex(TypeError, pattern):
                self.sd.update({"x": 1, "v": value})
        with self.assertRaises(TypeError) as raised:
            self.sd["v"] = bad
        self.assertNotIn("in the value", str(raised.exception))
        self.assertEqual((self.sd["v"], "x" in self.sd), ("old", False))

    def test_other_errors_of_pickling_stay_as_they_are(self):
        class Odd:
            def __init__(self, error):
                self.error = error

            def __reduce__(self):
                raise self.error

        for error in (KeyError(5), ZeroDivisionError(), OSError(2, "no"), UnicodeDecodeError("utf-8", b"x", 0, 1, "w")):
            with self.assertRaises(type(error)) as raised:
                self.sd["v"] = [1, [Odd(error)]]
            self.assertIs(raised.exception, error)
        for error in (SystemExit("end"), KeyboardInterrupt()):
            with self.assertRaises(type(error)):
                self.sd["v"] = [1, [Odd(error)]]

    def test_values_that_cannot_be_loaded(self):
        self.sd["v"] = Unloadable()
        with self.assertRaises(ZeroDivisionError):
            self.sd["v"]
        self.assertIn("v", self.sd)
        del self.sd["v"]


class Text(str):
    pass


class Number(int):
    pass


class Real(float):
    pass


class Raw(bytes):
    pass


class Unpicklable:
    def __reduce__(self):
        return 1 / 0


class Unloadable:
    def __reduce__(self):
        return divmod, (1, 0)


class TestReentry(shared_case.SharedCase):
    """Values whose pickling or unpickling uses the same dict."""

    def test_reduce_reads_and_writes(self):
        self.sd["count"] = 1
        self.sd["v"] = Counting(self.sd)
        self.assertEqual(self.sd["count"], 2)
        self.assertEqual(self.sd["v"].sd, self.sd)

    def test_setstate_reads_and_writes(self):
        self.sd["loads"] = 0
        self.sd["v"] = Stateful(self.sd)
        for loads in (1, 2, 3):
            self.sd["v"]
            self.assertEqual(self.sd["loads"], loads)

    def test_reduce_replaces_the_same_key(self):
        self.sd["v"] = Replacing(self.sd, "v")
        self.assertEqual(self.sd["v"], "from reduce")

    def test_setstate_deletes_the_same_key(self):
        self.sd["v"] = Vanishing(self.sd, "v")
        self.assertIsInstance(self.sd["v"], Vanishing)
        self.assertNotIn("v", self.sd)


class Counting:
    def __init__(self, sd):
        self.sd = sd

    def __reduce__(self):
        self.sd["count"] = self.sd["count"] + 1
        return Counting, (self.sd,)


class Stateful:
    def __init__(self, sd):
        self.sd = sd

    def __setstate__(self, state):
        self.sd = state["sd"]
        self.sd["loads"] += 1


class Replacing:
    def __init__(self, sd, key):
        self.sd, self.key = sd, key

    def __reduce__(self):
        self.sd[self.key] = "inner"
        assert self.sd[self.key] == "inner"
        return str, ("from reduce",)


class Vanishing:
    def __init__(self, sd, key):
        self.sd, self.key = sd, key

    def __setstate__(self, state):
        del state["sd"][state["key"]]
