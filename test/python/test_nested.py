"""SharedDicts in SharedDicts."""

from __future__ import annotations

import gc
import threading
from typing import Any

import shared_case
from erlang import SharedDict, SharedList


class NestedCase(shared_case.SharedCase):
    def ended(self, *dicts: Any) -> None:
        for one in dicts:
            with self.assertRaisesRegex(RuntimeError, "destroyed"):
                len(one)

    def new(self) -> Any:
        return SharedDict.new(self.sd)


class TestNew(NestedCase):
    def test_is_empty_and_another_each_time(self) -> None:
        one, other = self.new(), self.new()
        one["k"] = 1
        self.assertEqual((dict(one), dict(other)), ({"k": 1}, {}))
        one.destroy()
        other.destroy()
        self.ended(one, other)

    def test_takes_what_has_a_table(self) -> None:
        for wrong in (1, "table", {}):
            with self.assertRaisesRegex(TypeError, "Table"):
                SharedDict.new(wrong)  # type: ignore[arg-type]

    def test_stays_though_no_object_refers_to_it(self) -> None:
        made = self.new()
        made["k"] = 1
        self.sd["list"] = [made]
        del made
        gc.collect()
        self.assertEqual(self.sd["list"][0]["k"], 1)
        self.sd["list"][0].destroy()


class TestStored(NestedCase):
    def test_is_read_back_live(self) -> None:
        child = self.new()
        self.sd["child"] = child
        self.sd["child"]["k"] = "v"
        self.assertEqual(child["k"], "v")
        child["list"] = [1]
        self.assertEqual(self.sd["child"]["list"], [1])
        self.assertEqual(self.sd["child"], child)
        self.assertEqual(hash(self.sd["child"]), hash(child))
        self.assertIsInstance(self.sd["child"], SharedDict)
        self.assertEqual(self.sd.get("child"), child)
        self.assertEqual(self.sd.to_dict()["child"], child)
        self.assertEqual(list(self.sd.values()), [child])
        self.assertEqual(self.sd.get_many(["child"]), {"child": child})

    def test_ends_when_its_key_does(self) -> None:
        for end in (
            lambda: self.sd.__delitem__("c"),
            lambda: self.sd.__setitem__("c", 1),
            lambda: self.sd.update(c=2, d=3),
            lambda: self.sd.put("c", [1]),
            lambda: self.sd.__setitem__("c", self.new()),
            self.sd.clear,
        ):
            child = self.new()
            self.sd["c"] = child
            deep = child.nest("deep")
            end()
            self.ended(child, deep)

    def test_ends_with_its_parent(self) -> None:
        top = self.new()
        child, other = top.nest("a"), self.new()
        child["other"] = other
        other["list"] = SharedList.new([1], table=top)
        items = other["list"]
        top.destroy()
        self.ended(child, other, items)

    def test_is_stored_again_where_it_is(self) -> None:
        self.sd["c"] = self.new()
        child = self.sd["c"]
        self.sd["c"] = child
        self.sd["c"] |= {"k": 1}
        self.sd.update(c=child)
        self.assertEqual(child["k"], 1)
        del self.sd["c"]
        self.ended(child)

    def test_elsewhere_it_is_a_reference(self) -> None:
        child = self.new()
        self.sd["c"] = child
        self.sd["d"] = child
        self.sd["inside"] = [child]
        other = self.new()
        other["c"] = child
        del self.sd["d"], self.sd["inside"], other["c"]
        child["k"] = 1
        other.destroy()
        self.assertEqual(self.sd["c"]["k"], 1)

    def test_inside_of_another_value_it_is_a_reference(self) -> None:
        made = self.new()
        self.sd["list"] = [made]
        del self.sd["list"]
        made["k"] = 1
        made.destroy()

    def test_what_is_popped_is_ones_own(self) -> None:
        for pop in (lambda: self.sd.pop("c"), lambda: self.sd.popitem()[1]):
            self.sd["c"] = self.new()
            self.sd["c"]["k"] = 1
            child = pop()
            self.assertEqual(dict(child), {"k": 1})
            self.sd.clear()
            self.assertEqual(child["k"], 1)
            self.sd["again"] = child
            del self.sd["again"]
            self.ended(child)

    def test_put_and_setdefault_keep_what_is_there(self) -> None:
        first, second = self.new(), self.new()
        self.assertTrue(self.sd.put("c", first, skip_if_exists=True))
        self.assertFalse(self.sd.put("c", second, skip_if_exists=True))
        self.assertEqual(self.sd.setdefault("c", second), first)
        self.assertIs(self.sd.setdefault("d", second), second)
        self.sd.clear()
        self.ended(first, second)

    def test_a_destroyed_child_leaves_its_key(self) -> None:
        child = self.sd.nest("c")
        child.destroy()
        self.ended(self.sd["c"])
        self.assertIn("c", self.sd)
        self.sd["c"] = 1

    def test_nothing_stored_changes_nothing(self) -> None:
        child = self.new()
        with self.assertRaises(TypeError):
            self.sd[1.5] = child
        with self.assertRaises((TypeError, AttributeError)):
            self.sd.update({"c": child, "d": threading.Lock()})
        self.assertEqual(dict(self.sd), {})
        self.sd["c"] = child
        del self.sd["c"]
        self.ended(child)


class TestCycles(NestedCase):
    def test_are_refused(self) -> None:
        top = self.new()
        middle = top.nest("m")
        bottom = middle.nest_list("l")
        for parent, value in ((top, top), (middle, top), (middle, middle)):
            with self.assertRaisesRegex(ValueError, "cycle"):
                parent["x"] = value
            with self.assertRaisesRegex(ValueError, "cycle"):
                parent.update(x=value)
            with self.assertRaisesRegex(ValueError, "cycle"):
                parent.setdefault("x", value)
            self.assertNotIn("x", parent)
        for value in (top, middle, bottom):
            with self.assertRaisesRegex(ValueError, "cycle"):
                bottom.append(value)
        self.assertEqual(len(bottom), 0)
        top.destroy()

    def test_of_others_too(self) -> None:
        with self.assertRaisesRegex(ValueError, "cycle"):
            self.sd["self"] = self.sd

    def test_of_threads_that_race(self) -> None:
        for _ in range(50):
            one, other = self.new(), self.new()
            raised = []

            def store(where: Any, what: Any, raised: list[Any] = raised) -> None:
                try:
                    where["x"] = what
                except ValueError as error:
                    raised.append(error)

            threads = [threading.Thread(target=store, args=args) for args in ((one, other), (other, one))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(len(raised), 1)
            one.destroy()
            other.destroy()


class TestNest(NestedCase):
    def test_makes_what_is_not_there(self) -> None:
        child = self.sd.nest("c")
        child["k"] = 1
        self.assertEqual(self.sd.nest("c"), child)
        self.assertEqual(self.sd.nest("c")["k"], 1)
        self.assertEqual(self.sd["c"], child)
        self.assertEqual(self.sd.nest("c").nest("d").nest(5), self.sd["c"]["d"][5])

    def test_is_refused_by_other_values(self) -> None:
        self.sd["int"] = 1
        self.sd.nest_list("list")
        self.sd.nest("dict")
        for key, nest in (("int", self.sd.nest), ("list", self.sd.nest), ("dict", self.sd.nest_list)):
            with self.assertRaisesRegex(TypeError, repr(key)):
                nest(key)
        self.assertRaises(TypeError, self.sd.nest, 1.5)

    def test_replaces_what_was_destroyed(self) -> None:
        child = self.sd.nest("c")
        child.destroy()
        again = self.sd.nest("c")
        again["k"] = 1
        self.assertEqual(self.sd["c"]["k"], 1)
        self.assertNotEqual(hash(again), hash(child))

    def test_gives_a_reference_that_lives(self) -> None:
        other = self.new()
        self.sd["c"] = other
        self.assertEqual(hash(self.sd.nest("c")), hash(other))

    def test_gives_all_the_same(self) -> None:
        for turn in range(30):
            found: list[Any] = []
            barrier = threading.Barrier(4)

            def nest(key: int = turn, found: list[Any] = found, barrier: Any = barrier) -> None:
                barrier.wait()
                found.append(self.sd.nest(key))

            threads = [threading.Thread(target=nest) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(len(set(map(hash, found))), 1)
            self.assertEqual(hash(found[0]), hash(self.sd[turn]))


class TestEphemeral(NestedCase):
    def test_lives_for_the_block(self) -> None:
        with SharedDict.ephemeral(self.sd) as d:
            d["k"] = 1
            self.assertEqual(d["k"], 1)
        self.ended(d)
        with self.assertRaises(KeyError), SharedDict.ephemeral(table=self.sd) as d:
            d["nothing"]
        self.ended(d)

    def test_may_be_destroyed_inside(self) -> None:
        with SharedDict.ephemeral(self.sd) as d:
            d.destroy()

    def test_nests(self) -> None:
        block = SharedDict.ephemeral(self.sd)
        with block as d, SharedDict.ephemeral(self.sd) as inner:
            self.assertNotEqual(hash(d), hash(inner))
            self.assertRaises(RuntimeError, block.__enter__)
        self.ended(d, inner)
