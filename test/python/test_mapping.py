"""What SharedDict has because it is a mapping."""

from __future__ import annotations

import collections
import threading
from collections import abc
from typing import Any

import shared_case
from erlang import SharedDict

MISSING = object()


class Explosive:
    """Pickles, and raises when it is unpickled."""

    def __reduce__(self) -> Any:
        return _explode, ()


def _explode() -> None:
    raise RuntimeError("boom")


VALUES: dict[Any, Any] = {
    "none": None,
    "int": 7,
    "text": "t" * 500,
    "large": "v" * 100_000,
    "list": [1, [2]],
    b"\xff": {"raw": b"\xff"},
    -5: (1.5,),
    "set": {1, 2},
    "bytes": b"b" * 5000,
}


class TestViews(shared_case.SharedCase):
    def test_are_what_the_abcs_say(self) -> None:
        self.assertIsInstance(self.sd, abc.MutableMapping)
        self.assertIsInstance(self.sd.keys(), abc.KeysView)
        self.assertIsInstance(self.sd.values(), abc.ValuesView)
        self.assertIsInstance(self.sd.items(), abc.ItemsView)
        self.assertNotIsInstance(self.sd, dict)

    def test_go_over_all_in_order(self) -> None:
        self.sd.update(VALUES)
        self.assertEqual(list(self.sd.items()), list(VALUES.items()))
        self.assertEqual(list(self.sd.values()), list(VALUES.values()))
        self.assertEqual(list(self.sd.keys()), list(VALUES))
        self.assertEqual(list(reversed(self.sd)), list(reversed(VALUES)))
        self.assertEqual(list(reversed(self.sd.keys())), list(reversed(VALUES)))
        for view in (self.sd.keys(), self.sd.values(), self.sd.items()):
            self.assertEqual(len(view), len(VALUES))
            self.assertIn("SharedDict", repr(view))

    def test_contain(self) -> None:
        self.sd.update(VALUES)
        self.assertIn("text", self.sd.keys())
        self.assertNotIn("nothing", self.sd.keys())
        self.assertIn([1, [2]], self.sd.values())
        self.assertNotIn([1, [3]], self.sd.values())
        self.assertIn(("int", 7), self.sd.items())
        self.assertNotIn(("int", 8), self.sd.items())
        self.assertNotIn(("nothing", 8), self.sd.items())

    def test_are_sets_where_dicts_views_are(self) -> None:
        self.sd.update(a=1, b=2)
        self.assertEqual(self.sd.keys(), {"a", "b"})
        self.assertEqual(self.sd.keys() & {"b", "c"}, {"b"})
        self.assertEqual({"c"} | self.sd.keys(), {"a", "b", "c"})
        self.assertEqual(self.sd.items() - {("a", 1)}, {("b", 2)})
        self.assertTrue(self.sd.keys().isdisjoint({"x"}))
        self.assertEqual(self.sd.keys(), dict(self.sd).keys())

    def test_show_what_is_there_when_they_are_gone_over(self) -> None:
        keys, values, items = self.sd.keys(), self.sd.values(), self.sd.items()
        self.sd["a"] = 1
        self.assertEqual((list(keys), list(values), list(items)), (["a"], [1], [("a", 1)]))

    def test_are_not_disturbed_by_changes(self) -> None:
        self.sd.update(VALUES)
        seen = []
        for key, value in self.sd.items():
            seen.append((key, value))
            self.sd.clear()
            self.sd["another"] = len(seen)
        self.assertEqual(seen, list(VALUES.items()))
        self.assertEqual(dict(self.sd), {"another": len(VALUES)})

    def test_let_go_of_the_table(self) -> None:
        self.sd.update(VALUES)
        values = iter(self.sd.values())
        self.assertEqual(values.__length_hint__(), len(VALUES))  # type: ignore[attr-defined]
        next(values)
        self.assertEqual(self.sd.info()["pinned"], 2)
        del values
        self.assertEqual(self.sd.info()["pinned"], 0)
        for _ in self.sd.values():
            pass
        self.assertEqual(self.sd.info()["pinned"], 0)

    def test_a_value_that_raises_is_passed_over_by_who_goes_on(self) -> None:
        self.sd["bad"] = Explosive()
        self.sd["good"] = 1
        items = iter(self.sd.items())
        self.assertRaises(RuntimeError, next, items)
        self.assertEqual(list(items), [("good", 1)])


class TestPop(shared_case.SharedCase):
    def test_gives_the_value_and_removes_it(self) -> None:
        for key, value in VALUES.items():
            self.sd[key] = value
            self.assertEqual(self.sd.pop(key), value)
            self.assertNotIn(key, self.sd)
        self.assertEqual(self.sd.info()["pinned"], 0)

    def test_of_a_missing_key(self) -> None:
        with self.assertRaises(KeyError) as caught:
            self.sd.pop("k")
        self.assertEqual(caught.exception.args, ("k",))
        self.assertIs(self.sd.pop("k", MISSING), MISSING)
        self.assertIsNone(self.sd.pop("k", None))
        self.assertIs(self.sd.pop("k", default=MISSING), MISSING)
        self.sd["k"] = 1
        self.assertEqual(self.sd.pop("k", default=MISSING), 1)

    def test_takes_nothing_else(self) -> None:
        self.assertRaises(TypeError, self.sd.pop)
        self.assertRaises(TypeError, self.sd.pop, "k", 1, 2)
        self.assertRaises(TypeError, self.sd.pop, "k", 1, default=2)
        self.assertRaises(TypeError, self.sd.pop, "k", other=2)
        self.assertRaises(TypeError, self.sd.pop, default=2)
        self.assertRaises(TypeError, self.sd.pop, 1.5)

    def test_loses_nothing_that_cannot_be_unpickled(self) -> None:
        self.sd["k"] = Explosive()
        self.assertRaises(RuntimeError, self.sd.pop, "k")
        self.assertRaises(RuntimeError, self.sd.popitem)
        self.assertIn("k", self.sd)

    def test_a_view_of_what_was_popped(self) -> None:
        self.sd["k"] = b"v" * 100_000
        view = self.sd.view("k")
        self.assertEqual(self.sd.pop("k"), bytes(view))

    def test_popitem_takes_the_last_first(self) -> None:
        self.sd.update(VALUES)
        popped = [self.sd.popitem() for _ in VALUES]
        self.assertEqual(popped, list(reversed(VALUES.items())))
        with self.assertRaises(KeyError) as caught:
            self.sd.popitem()
        self.assertEqual(caught.exception.args, ("popitem(): SharedDict is empty",))


class TestSetdefaultAndPut(shared_case.SharedCase):
    def test_setdefault(self) -> None:
        default = [1]
        self.assertIs(self.sd.setdefault("k", default), default)
        self.assertEqual(self.sd.setdefault("k", [2]), [1])
        self.assertIsNone(self.sd.setdefault("n"))
        self.assertIsNone(self.sd.setdefault("n", 5))
        for key, value in VALUES.items():
            self.assertIs(self.sd.setdefault(key, value), value)
            self.assertEqual(self.sd.setdefault(key, MISSING), value)  # what is not stored is not pickled
        self.assertRaises(TypeError, self.sd.setdefault)
        self.assertRaises(TypeError, self.sd.setdefault, "k", 1, 2)

    def test_a_default_that_cannot_be_pickled(self) -> None:
        self.assertRaises(Exception, self.sd.setdefault, "k", threading.Lock())
        self.assertNotIn("k", self.sd)

    def test_put(self) -> None:
        self.assertIs(self.sd.put("k", 1), True)
        self.assertIs(self.sd.put("k", 2, skip_if_exists=True), False)
        self.assertEqual(self.sd["k"], 1)
        self.assertIs(self.sd.put("k", 3), True)
        for key, value in VALUES.items():
            self.assertIs(self.sd.put(key, value, skip_if_exists=True), True)
            self.assertIs(self.sd.put(key, 0, skip_if_exists=True), False)
            self.assertEqual(self.sd[key], value)
        self.assertRaises(TypeError, self.sd.put, "k")
        self.assertRaises(TypeError, self.sd.put, "k", 1, True)

    def test_contains(self) -> None:
        self.sd["k"] = None
        self.assertIs(self.sd.contains("k"), True)
        self.assertIs(self.sd.contains("l"), False)
        self.assertRaises(TypeError, self.sd.contains, [])


class TestWhole(shared_case.SharedCase):
    def test_clear(self) -> None:
        self.sd.update(VALUES)
        view = self.sd.view("large")
        self.assertIsNone(self.sd.clear())
        self.assertEqual((len(self.sd), bool(self.sd), list(self.sd)), (0, False, []))
        self.assertNotIn("int", self.sd)
        self.assertEqual(bytes(view[:3]), b"vvv")
        self.sd["int"] = 8
        self.assertEqual(self.sd["int"], 8)
        self.sd.clear()
        self.sd.clear()

    def test_what_was_read_before_clear_is_not_remembered(self) -> None:
        for _ in range(50):
            self.sd["k"] = 1
            self.assertEqual([self.sd["k"] for _ in range(5)], [1] * 5)
            self.sd.clear()
            self.assertIs(self.sd.get("k", MISSING), MISSING)

    def test_copies_are_plain(self) -> None:
        self.sd.update(VALUES)
        for copied in (self.sd.copy(), self.sd.to_dict(), dict(self.sd), {**self.sd}):
            self.assertIs(type(copied), dict)
            self.assertEqual(copied, VALUES)
            self.assertEqual(list(copied), list(VALUES))

    def test_equality_with_mappings(self) -> None:
        self.sd.update(a=1, b=[2])
        equal = {"b": [2], "a": 1}
        for other in (equal, collections.UserDict(equal), collections.OrderedDict(equal), SharedDict(self.sd)):
            self.assertTrue(self.sd == other)
            self.assertTrue(other == self.sd)
            self.assertFalse(self.sd != other)
        for other in ({"a": 1}, {"a": 1, "b": [3]}, {}, collections.UserDict()):
            self.assertFalse(self.sd == other)
            self.assertTrue(self.sd != other)
        for thing in (None, 1, [("a", 1), ("b", [2])], "ab"):
            self.assertFalse(self.sd == thing)
        self.assertRaises(TypeError, lambda: self.sd < equal)

    def test_or(self) -> None:
        self.sd.update(a=1, b=2)
        self.assertEqual(self.sd | {"b": 3}, {"a": 1, "b": 3})
        self.assertEqual({"b": 3} | self.sd, {"a": 1, "b": 2})
        self.assertIs(type(self.sd | {}), dict)
        self.assertRaises(TypeError, lambda: self.sd | [("a", 1)])
        same = self.sd
        same |= {"b": 3}
        same |= [("c", 4)]
        self.assertIs(same, self.sd)
        self.assertEqual(self.sd, {"a": 1, "b": 3, "c": 4})

    def test_matches_patterns(self) -> None:
        self.sd.update(kind="point", x=1)
        match self.sd:
            case {"kind": "point", "x": x}:
                self.assertEqual(x, 1)
            case _:
                self.fail("is no mapping")

    def test_types(self) -> None:
        self.assertEqual(str(SharedDict[str, int]), "erlang.SharedDict[str, int]")

    def test_repr_shows_size_and_some_keys(self) -> None:
        begin = r"^<SharedDict [0-9a-f]{8}… of '.*', "
        self.assertRegex(repr(self.sd), begin + "0 keys>$")
        self.sd["a"] = 1
        self.assertRegex(repr(self.sd), begin + "1 key: 'a'>$")
        self.sd.update({7: 1, b"\xff": 1, "x" * 100: 1, "e": 1})
        self.assertRegex(repr(self.sd), begin + rf"5 keys: 'a', 7, b'\\xff', '{'x' * 23}…, …>$")

    def test_repr_of_one_in_itself(self) -> None:
        self.sd["me"] = [self.sd]
        self.assertEqual(repr(self.sd["me"]), f"[{self.sd!r}]")


class TestThreads(shared_case.SharedCase):
    """Of those that do it at once, one succeeds."""

    def in_threads(self, work: Any) -> list[Any]:
        results: list[Any] = [None] * 4

        def run(number: int) -> None:
            results[number] = work(number)

        threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    def test_each_value_is_popped_once(self) -> None:
        values = {n: {n} if n % 7 == 0 else "v" * (n * 10) for n in range(400)}
        self.sd.update(values)

        def work(number: int) -> dict[Any, Any]:
            mine = {}
            try:
                while True:
                    key, value = self.sd.popitem()
                    mine[key] = value
                    other = self.sd.pop(399 - key, MISSING)
                    if other is not MISSING:
                        mine[399 - key] = other
            except KeyError:
                return mine

        popped = self.in_threads(work)
        self.assertEqual(sum(map(len, popped)), 400)
        self.assertEqual(popped[0] | popped[1] | popped[2] | popped[3], values)

    def test_one_default_is_stored(self) -> None:
        def work(number: int) -> list[Any]:
            return [self.sd.setdefault(n, [number]) for n in range(300)]

        results = self.in_threads(work)
        self.assertEqual(results, [[self.sd[n] for n in range(300)]] * 4)
