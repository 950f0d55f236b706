"""Slices of SharedLists, and lists turned round: as those of a list, and each one change for everybody."""

from __future__ import annotations

import random
import sys
import threading
from typing import Any

from erlang import SharedDict, SharedList
from test_shared_list import VALUES, ListCase

Outcome = tuple[Any, ...]


def outcome(do: Any, *args: Any) -> Outcome:
    """What it gives, or what it raises: the same for a list and a SharedList."""
    try:
        given = do(*args)
    except (IndexError, TypeError, ValueError) as error:
        return type(error), str(error) if "slice" in str(error) and "list" not in str(error) else ""
    return "gives", list(given) if isinstance(given, list | SharedList) else given


def set_slice(items: Any, part: Any, values: Any) -> None:
    items[part] = values


def delete(items: Any, part: Any) -> None:
    del items[part]


def add_in_place(items: Any, values: Any) -> None:
    items += values


class TestSlices(ListCase):
    def both(self, values: Any) -> tuple[Any, list[Any]]:
        self.list[:] = values
        return self.list, list(values)

    def same(self, do: Any, *args: Any, of: Any = tuple(range(10))) -> None:
        items, plain = self.both(of)
        self.assertEqual(outcome(do, items, *args), outcome(do, plain, *args), args)
        self.assertEqual(items, plain, args)
        self.assertEqual(len(items), len(plain), args)

    def test_all_small_slices(self) -> None:
        ends = (None, 0, 2, 5, -1, -3, 9, -9)
        parts = [slice(a, b, c) for a in ends for b in ends for c in (None, 1, 2, 3, -1, -2, 7)]
        for part in parts:
            self.same(lambda items, part=part: items[part], of=range(5))
            self.same(delete, part, of=range(5))
            for values in ([], ["x"], ["x", 700 * "y"], [1, 2, 3, 4, 5, 6]):
                self.same(set_slice, part, values, of=range(5))

    def test_numbers_beyond_all(self) -> None:
        most = sys.maxsize
        for part in (slice(-most - 1, most), slice(0, 10**30), slice(None, None, most), slice(None, None, -(10**30))):
            self.same(lambda items, part=part: items[part])
            self.same(delete, part)
            self.same(set_slice, part, ["x"])

    def test_errors(self) -> None:
        for part in (slice(None, None, 0), slice("a", None), slice(None, 1.5), "0"):
            for do in (lambda items, part=part: items[part], lambda items, part=part: delete(items, part)):
                self.same(do)
            self.same(set_slice, part, [1])
        self.same(set_slice, slice(0, 4, 2), [1, 2, 3])
        for part in (slice(0, 2), slice(0, 4, 2)):
            items, plain = self.both(range(5))
            for wrong in (items, plain):
                self.assertRaises(TypeError, set_slice, wrong, part, 5)
        self.assertEqual(items, range(5) and list(range(5)))

    def test_values_of_all_kinds(self) -> None:
        items, plain = self.both(VALUES)
        self.assertEqual(items, plain)
        for changed in (items, plain):
            changed[2:5] = [*VALUES, "m" * 20_000]
            changed[::4] = changed[::-4]
            del changed[1::3]
            changed[3:3] = (v for v in VALUES)
            changed[len(changed) :] = ("t", "u")
            changed[-2:] = ["end", {"s"}, b"e" * 70_000]
            changed.reverse()
        self.assertEqual(items, plain)
        items[:] = items
        items[1:1] = items
        plain[1:1] = plain
        self.assertEqual(items, plain)
        items[:] = sorted(items, key=repr)
        self.assertEqual(items, sorted(plain, key=repr))
        del items[:]
        self.assertEqual(items, [])
        items.reverse()
        self.assertEqual(items, [])

    def test_what_cannot_be_stored_changes_nothing(self) -> None:
        items = self.filled(1, 2, 3)
        for wrong in ([4, threading.Lock()], (n // 0 for n in (1,))):
            self.assertRaises((TypeError, AttributeError, ZeroDivisionError), set_slice, items, slice(0, 2), wrong)
        self.assertRaises(ValueError, set_slice, items, slice(0, 1), [self.sd])  # it would lie in itself
        self.assertEqual(items, [1, 2, 3])

    def test_children_end_unless_they_are_put_again(self) -> None:
        children = [SharedDict.new(self.sd) for _ in range(6)]
        self.list.extend(children)
        self.list.reverse()
        self.list[:] = self.list[::-1]
        del self.list[0:3:2]
        self.assertEqual([outcome(len, one)[0] for one in (children[1], children[3])], ["gives"] * 2)
        for gone in (children[0], children[2]):
            self.assertRaises(RuntimeError, len, gone)
        self.list[1:3] = [children[4], "x"]
        self.assertRaises(RuntimeError, len, children[3])
        self.list[1]["k"] = 1
        self.assertEqual(dict(children[4]), {"k": 1})
        self.list[:] = []
        for gone in (children[1], children[4], children[5]):
            self.assertRaises(RuntimeError, len, gone)

    def test_a_child_that_is_put_twice_is_there_once(self) -> None:
        child = SharedDict.new(self.sd)
        self.list.append(child)
        self.list[:] = [child, child]
        self.list.pop()
        self.assertEqual(len(self.list[0]), 0)
        self.list.clear()
        self.assertRaises(RuntimeError, len, child)

    def test_a_long_list(self) -> None:
        plain = list(range(30_000))
        self.list.extend(plain)
        for items in (self.list, plain):
            del items[10:20_000:7]
            items[100:200] = ["new"] * 5000
            items.reverse()
            del items[-100:]
        self.assertEqual(self.list, plain)


class TestAgainstList(ListCase):
    """Whatever is done to a list and a SharedList, they are the same."""

    def value(self) -> Any:
        return self.chance.choice(
            (self.chance.randrange(8), "s" * self.chance.randrange(40), "b" * 600, (1, [2]), None)
        )

    def part(self, size: int) -> slice:
        def end() -> Any:
            return self.chance.choice((None, self.chance.randrange(-size - 3, size + 4)))

        return slice(end(), end(), self.chance.choice((None, None, 1, 1, 2, 3, -1, -2)))

    def step(self, size: int) -> tuple[Any, ...]:
        at = self.chance.randrange(-size - 2, size + 3)
        values = [self.value() for _ in range(self.chance.randrange(6))]
        part = self.part(size)
        if size > 60:
            return delete, slice(at, at + 40)
        return self.chance.choice(
            (
                (list.append, self.value()),
                (list.extend, values),
                (add_in_place, values),
                (list.insert, at, self.value()),
                (list.pop,),
                (list.pop, at),
                (list.remove, self.value()),
                (list.index, self.value()),
                (list.index, self.value(), at, at + 5),
                (list.count, self.value()),
                (list.reverse,),
                (list.copy,),
                (list.__contains__, self.value()),
                (list.__getitem__, at),
                (list.__getitem__, part),
                (list.__setitem__, at, self.value()),
                (set_slice, part, values),
                (set_slice, slice(at, at + len(values)), values),
                (delete, at),
                (delete, part),
                (lambda items: list(reversed(items)),),
                (lambda items: items[:] if self.turn % 50 else items.clear(),),
                (lambda items: set_slice(items, slice(None), sorted(items, key=repr)),),
            )
        )

    def test_by_chance(self) -> None:
        for seed in (1, 2, 3):
            self.chance = random.Random(seed)
            self.list.clear()
            plain: list[Any] = []
            for self.turn in range(2000):
                do, *args = self.step(len(plain))
                expected = outcome(do, plain, *args)
                if getattr(do, "__objclass__", None) is list:
                    do = getattr(SharedList, do.__name__)
                self.assertEqual(outcome(do, self.list, *args), expected, (seed, self.turn, do, args))
                self.assertEqual(len(self.list), len(plain))
                if self.turn % 10 == 0:
                    self.assertEqual(self.list.to_list(), plain, (seed, self.turn, do, args))
            self.assertEqual(self.list, plain)


class TestTogether(ListCase):
    def test_nobody_sees_half_of_it(self) -> None:
        whole = list(range(50))
        self.list[:] = whole
        forms = [whole, whole[10:], whole[::-1], whole[1::2]]
        ended = threading.Event()
        wrong: list[Any] = []

        def look() -> None:
            while not (ended.is_set() or wrong):
                seen = self.list[:]
                if seen not in forms:
                    wrong.append(seen)

        readers = [threading.Thread(target=look) for _ in range(2)]
        for reader in readers:
            reader.start()
        for _ in range(300):
            del self.list[:10]
            self.list[0:0] = whole[:10]
            self.list.reverse()
            self.list[:] = whole
            del self.list[::2]
            self.list[:] = whole
        ended.set()
        for reader in readers:
            reader.join()
        self.assertEqual(wrong[:1], [])
