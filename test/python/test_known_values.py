"""Values that a reader may be given again, as the same object, because nothing has changed."""

from __future__ import annotations

import random
import sys
from typing import Any

import shared_case
from erlang import SharedDict


class Unlike:
    """Loaded it is another number each time."""

    loads = 0

    @staticmethod
    def load() -> int:
        Unlike.loads += 1
        return Unlike.loads

    def __reduce__(self) -> Any:
        return Unlike.load, ()


class TestKnownValues(shared_case.SharedCase):
    def read(self, key: Any, times: int = 4) -> Any:
        """Often enough that it would be remembered."""
        for _ in range(times - 1):
            self.sd[key]
        return self.sd[key]

    def test_what_is_immutable_is_the_same_object(self) -> None:
        for value in ("text" * 100, b"bytes" * 100, 2**60, 1.5, (1, ("a", None, (True, b"x")))):
            self.sd["k"] = value
            self.assertIs(self.read("k"), self.read("k"))
            self.assertIs(self.sd.get("k"), self.sd["k"])
            self.assertEqual(self.sd["k"], value)

    def test_what_is_not_is_another_each_time(self) -> None:
        for value in ([1], {"a": 1}, (1, [2]), {1}, bytearray(b"x")):
            self.sd["k"] = value
            self.assertIsNot(self.read("k"), self.read("k"))

    def test_pickles_that_run_code_run_it(self) -> None:
        self.sd["k"] = Unlike()
        self.assertEqual([self.sd["k"] for _ in range(5)], list(range(self.sd["k"] - 5, Unlike.loads)))

    def test_a_change_is_seen(self) -> None:
        for value in (1, 2, 3, None, True, "a", "b", 2**40, 2**41, *(f"value {n}" for n in range(5))):
            self.sd["k"] = value
            self.assertEqual(self.read("k"), value)
        self.sd["other"] = 1
        self.assertEqual(self.read("k"), "value 4")
        self.sd.update({"k": "at once"})
        self.assertEqual(self.read("k"), "at once")
        del self.sd["k"]
        self.assertRaises(KeyError, self.read, "k")
        self.assertEqual(self.sd.get("k", "none"), "none")

    def test_a_change_of_another_handle_is_seen(self) -> None:
        other = SharedDict(shared_case.handle)
        self.sd["k"] = "mine"
        self.assertEqual(self.read("k"), "mine")
        other["k"] = "another's"
        self.assertEqual(self.read("k"), "another's")

    def test_keys_are_told_apart(self) -> None:
        keys: list[Any] = ["k", b"b", 10**6, -1, "k" * 1000, *(f"key {n}" for n in range(500))]
        for key in keys:
            self.sd[key] = f"of {key!r}"
        for _ in range(4):
            for key in keys:
                self.assertEqual(self.read(key, 2), f"of {key!r}")
        self.assertEqual(self.sd["".join(["key", " 7"])], "of 'key 7'")  # the same key, another object

    def test_as_a_dict_would(self) -> None:
        expected: dict[Any, Any] = {}
        keys = ["a", "b", 3, b"d"]
        chance = random.Random(4)
        for step in range(5000):
            key = chance.choice(keys)
            what = chance.randrange(10)
            if what == 0:
                self.sd[key] = expected[key] = (step, "x" * 20)
            elif what == 1 and key in expected:
                del self.sd[key], expected[key]
            self.assertEqual(self.sd.get(key), expected.get(key))

    def test_nothing_is_kept_for_long(self) -> None:
        values = []
        for n in range(2000):
            self.sd["k"] = f"{n}" * 50
            values.append(self.read("k"))
        kept = [value for value in values if sys.getrefcount(value) > 3]  # the list, the loop, the argument
        self.assertLess(len(kept), 150)
