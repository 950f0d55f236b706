"""Many keys of a SharedDict at once."""

from __future__ import annotations

import collections
from typing import Any

import shared_case


class Mapping:
    """What dict.update takes as a mapping, and no more."""

    def keys(self) -> list[str]:
        return ["x", "y"]

    def __getitem__(self, key: str) -> str:
        return key * 2


class TestGetMany(shared_case.SharedCase):
    def test_those_that_are_there(self) -> None:
        self.sd["a"] = 1
        self.sd[7] = [2]
        self.sd[b"\xff"] = "raw"
        self.assertEqual(self.sd.get_many(["a", 7, "missing", b"\xff"]), {"a": 1, 7: [2], b"\xff": "raw"})
        self.assertEqual(self.sd.get_many(key for key in ("missing", "a")), {"a": 1})
        self.assertEqual(self.sd.get_many(()), {})

    def test_keys_stay_as_they_were_given(self) -> None:
        self.sd["k"] = 1
        self.assertEqual(self.sd.get_many(["k", b"k", "k"]), {"k": 1, b"k": 1})

    def test_values_of_all_sizes(self) -> None:
        values = {n: "v" * n for n in (0, 1, 100, 128, 129, 2000, 2048, 2049, 5000, 200_000)}
        for key, value in values.items():
            self.sd[key] = value
        self.assertEqual(self.sd.get_many(values), values)
        self.assertEqual(self.sd.info()["pinned"], 0)

    def test_wrong_keys(self) -> None:
        self.sd["a"] = 1
        bad: Any
        for bad in ([1.5], [None], ["a", True], 5, None):
            self.assertRaises(TypeError, self.sd.get_many, bad)
        self.assertRaises(OverflowError, self.sd.get_many, [2**63])
        self.assertRaises(ZeroDivisionError, self.sd.get_many, (1 // n for n in (1, 0)))


class TestUpdate(shared_case.SharedCase):
    def stored(self) -> dict[Any, Any]:
        return self.sd.get_many(self.sd.keys())

    def test_what_dict_takes(self) -> None:
        for given in (
            {"a": 1, "b": [2]},
            [("a", 1), ["b", [2]]],
            (pair for pair in (("a", 1), ("b", [2]))),
            collections.OrderedDict(a=1, b=[2]),
            {"a": 1, "b": [2]}.items(),
        ):
            self.sd.update(given)
            self.assertEqual(self.stored(), {"a": 1, "b": [2]})
            self.assertEqual(list(self.sd.keys()), ["a", "b"])
            del self.sd["a"], self.sd["b"]
        self.sd.update(Mapping())
        self.sd.update({"x": 1}, y=2, self=3)
        self.sd.update(z=4)
        self.sd.update()
        self.assertEqual(self.stored(), {"x": 1, "y": 2, "self": 3, "z": 4})

    def test_of_equal_keys_the_last_counts(self) -> None:
        self.sd.update([("a", 1), ("b", 2), (b"a", 3)], b=4)
        self.assertEqual(self.stored(), {"a": 3, "b": 4})
        self.assertEqual(list(self.sd.keys()), ["a", "b"])

    def test_values_of_all_kinds(self) -> None:
        values = {"plain": {"n": 1}, "large": "v" * 100_000, "object": {1, 2}, "self": [self.sd], "none": None}
        self.sd.update(values)
        self.assertEqual(self.stored(), values)
        self.assertEqual(self.sd["self"], [self.sd])

    def test_many(self) -> None:
        values = {n: str(n) * (n % 50) for n in range(20_000)}
        self.sd.update(values)
        self.assertEqual(len(self.sd), 20_000)
        self.assertEqual(self.stored(), values)
        self.assertEqual(list(self.sd.keys()), list(values))

    def test_all_or_nothing(self) -> None:
        self.sd["a"] = "old"
        bad: Any
        for bad, error in (
            ({"a": "new", "b": (n for n in ())}, TypeError),
            ({"a": "new", 1.5: 0}, TypeError),
            ({"a": "new", "lone \udc80": 0}, ValueError),
            ([("a", "new"), ("b",)], ValueError),
            ([("a", "new"), 5], TypeError),
            ([("a", "new"), ("b", Bad())], ZeroDivisionError),
            (((1 // (2 - n), "new") for n in range(3)), ZeroDivisionError),
            (5, TypeError),
        ):
            self.assertRaises(error, self.sd.update, bad)
            self.assertEqual(self.stored(), {"a": "old"})
        self.assertRaises(TypeError, self.sd.update, {}, {})

    def test_pickling_may_use_the_same_dict(self) -> None:
        self.sd["count"] = 1
        self.sd.update({"a": Counting(self.sd), "b": 2})
        self.assertEqual((self.sd["count"], self.sd["a"], self.sd["b"]), (2, "counted", 2))

    def test_what_is_gone_through_may_change(self) -> None:
        given: dict[str, Any] = {}
        given.update(first=Growing(given), second=2)
        self.sd.update(given)
        self.assertEqual(self.stored(), {"first": "grown", "second": 2})


class Bad:
    def __reduce__(self) -> Any:
        return 1 / 0


class Counting:
    def __init__(self, sd: Any) -> None:
        self.sd = sd

    def __reduce__(self) -> Any:
        self.sd["count"] += 1
        return str, ("counted",)


class Growing:
    def __init__(self, given: dict[str, Any]) -> None:
        self.given = given

    def __reduce__(self) -> Any:
        self.given["later"] = 3
        return str, ("grown",)
