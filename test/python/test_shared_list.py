"""SharedList, beside what a list does."""

from __future__ import annotations

import copy
import random
import threading
from collections import abc
from typing import Any

import shared_case
from erlang import SharedDict, SharedList


class Explosive:
    """Pickles, and raises when it is unpickled."""

    def __reduce__(self) -> Any:
        return _explode, ()


def _explode() -> None:
    raise RuntimeError("boom")


VALUES: list[Any] = [None, 7, 2**70, "t" * 500, "v" * 100_000, [1, [2]], {1, 2}, b"b" * 5000, (1.5,), {"k": "a\0b"}]


class ListCase(shared_case.SharedCase):
    def setUp(self) -> None:
        super().setUp()
        self.list: Any = self.sd.nest_list("list")

    def filled(self, *values: Any) -> Any:
        self.list.extend(values)
        return self.list


class TestSequence(ListCase):
    def test_is_what_the_abcs_say(self) -> None:
        self.assertIsInstance(self.list, abc.MutableSequence)
        self.assertNotIsInstance(self.list, list)
        self.assertIs(SharedList[int].__origin__, SharedList)  # type: ignore[attr-defined]

    def test_keeps_values_of_all_kinds(self) -> None:
        for value in VALUES:
            self.list.append(value)
        self.list += VALUES
        self.assertEqual(self.list, VALUES + VALUES)
        self.assertEqual(list(self.list), VALUES + VALUES)
        self.assertEqual(self.list.to_list(), self.list.copy())
        self.assertEqual([self.list.pop() for _ in VALUES], VALUES[::-1])
        self.assertEqual(self.list, VALUES)

    def test_indices(self) -> None:
        items = self.filled(*"abc")
        self.assertEqual([items[i] for i in (0, 2, -1, -3)], ["a", "c", "c", "a"])
        items[1], items[-1] = "B", "C" * 5000
        self.assertEqual(items, ["a", "B", "C" * 5000])
        for wrong in (3, -4, 2**62):
            for do in (
                lambda at=wrong: items[at],
                lambda at=wrong: items.__setitem__(at, 1),
                lambda at=wrong: items.__delitem__(at),
                lambda at=wrong: items.pop(at),
            ):
                self.assertRaises(IndexError, do)
        self.assertRaises(IndexError, lambda: items[2**80])
        self.assertRaises(TypeError, lambda: items["0"])
        self.assertRaises(TypeError, items.pop, "0")
        self.assertEqual(len(items), 3)

    def test_slices(self) -> None:
        items = self.filled(*range(10))
        plain = list(range(10))
        for part in (slice(2, 5), slice(None), slice(None, None, -1), slice(-3, None), slice(8, 2, -2), slice(20, 30)):
            self.assertEqual(items[part], plain[part])
        items[2:4] = ["x", "y"]
        items[::-5] = ["end", "middle"]
        plain[2:4] = ["x", "y"]
        plain[::-5] = ["end", "middle"]
        self.assertEqual(items, plain)
        self.assertEqual(items, plain)

    def test_inserts_and_deletes(self) -> None:
        items, plain = self.filled(*"abc"), list("abc")
        for at in (0, 2, -1, 100, -100):
            items.insert(at, at)
            plain.insert(at, at)
        del items[1], items[-1]
        del plain[1], plain[-1]
        self.assertEqual(items, plain)
        items.remove("b")
        self.assertRaises(ValueError, items.remove, "b")
        self.assertEqual(items.pop(0), plain[0])
        items.clear()
        self.assertEqual(len(items), 0)
        self.assertRaises(IndexError, items.pop)

    def test_searches(self) -> None:
        items = self.filled("a", [1], "a", None)
        self.assertIn([1], items)
        self.assertNotIn("b", items)
        self.assertEqual((items.index("a"), items.index("a", 1), items.count("a")), (0, 2, 2))
        self.assertRaises(ValueError, items.index, "b")
        self.assertEqual(list(reversed(items)), [None, "a", [1], "a"])
        self.assertEqual(items + [1], ["a", [1], "a", None, 1])
        self.assertEqual([1] + items, [1, "a", [1], "a", None])

    def test_compares_and_shows(self) -> None:
        items = self.filled(1, 2)
        other = SharedList.new([1, 2], table=self.sd)
        self.assertEqual(items, other)
        self.assertEqual(items, [1, 2])
        self.assertNotEqual(items, (1, 2))
        self.assertEqual(repr(items), "<SharedList [1, 2]>")
        items.extend(range(100))
        self.assertIn("102 in all", repr(items))
        self.assertIs(copy.copy(items), items)
        self.assertIs(copy.deepcopy(items), items)
        other.destroy()
        self.assertIn("SharedList", repr(other))
        with self.assertRaisesRegex(RuntimeError, "destroyed"):
            other.append(1)

    def test_as_a_list_by_chance(self) -> None:
        chance, plain = random.Random(3), list[Any]()
        for turn in range(1500):
            at = chance.randrange(-len(plain) - 2, len(plain) + 3)
            operation = chance.choice(("append", "insert", "pop", "set", "extend"))
            arguments = {"append": (turn,), "insert": (at, turn), "pop": (at,), "extend": ([turn, "x" * 200],)}
            outcomes = []
            for one in (plain, self.list):
                try:
                    if operation == "set":
                        one[at] = turn
                    else:
                        outcomes.append(getattr(one, operation)(*arguments[operation]))
                except IndexError:
                    outcomes.append(IndexError)
            self.assertEqual(len({repr(outcome) for outcome in outcomes}), min(1, len(outcomes)), (operation, at))
        self.assertEqual(self.list, plain)

    def test_a_snapshot_is_not_disturbed(self) -> None:
        seen = []
        for value in self.filled(1, 2, 3):
            seen.append(value)
            self.list.clear()
        self.assertEqual(seen, [1, 2, 3])


class TestAsValue(ListCase):
    def test_is_read_back_live(self) -> None:
        self.sd["l"] = SharedList.new([1, 2], table=self.sd)
        self.sd["l"].append(3)
        self.sd["l"] += [4]
        self.assertIsInstance(self.sd["l"], SharedList)
        self.assertEqual(self.sd["l"], [1, 2, 3, 4])
        self.assertEqual(self.sd["l"][-1], 4)
        items = self.sd["l"]
        del self.sd["l"]
        with self.assertRaises(RuntimeError):
            items.append(1)

    def test_inside_of_another_value(self) -> None:
        made = SharedList.new([1], table=self.sd)
        self.sd["inside"] = {"list": made}
        self.assertIsInstance(self.sd["inside"]["list"], SharedList)
        self.sd["inside"]["list"].append(2)
        self.assertEqual(made, [1, 2])
        made.destroy()

    def test_elements_end_with_it(self) -> None:
        children = [SharedDict.new(self.sd) for _ in range(5)]
        self.list.append(children[0])
        self.list.insert(0, children[1])
        self.list += children[2:4]
        self.list[0]["k"] = 1
        self.assertEqual(children[1]["k"], 1)
        self.list[0] = children[4]
        self.assertRaises(RuntimeError, len, children[1])
        self.list[1] |= {"again": 1}
        self.assertEqual(dict(children[0]), {"again": 1})
        mine = self.list.pop(1)
        del self.list[0]
        self.assertRaises(RuntimeError, len, children[4])
        self.list.clear()
        self.assertRaises(RuntimeError, len, children[2])
        self.assertEqual(dict(mine), {"again": 1})
        mine.destroy()

    def test_what_cannot_be_loaded_stays(self) -> None:
        self.filled(1, Explosive(), 3)
        with self.assertRaisesRegex(RuntimeError, "boom"):
            self.list.pop(1)
        self.assertEqual(len(self.list), 3)
        with self.assertRaises((TypeError, AttributeError)):
            self.list.extend([1, threading.Lock()])
        self.assertEqual(len(self.list), 3)
        del self.list[1]
        self.assertEqual(self.list, [1, 3])


class TestTogether(ListCase):
    def test_nothing_is_lost_and_nothing_comes_twice(self) -> None:
        popped: list[Any] = []

        def work(number: int) -> None:
            for turn in range(300):
                self.list.extend([(number, turn, 0), (number, turn, 1)])
                popped.append(self.list.pop(random.choice((0, -1))))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rest = self.list.to_list()
        self.assertEqual(sorted(popped + rest), [(n, t, i) for n in range(4) for t in range(300) for i in (0, 1)])
