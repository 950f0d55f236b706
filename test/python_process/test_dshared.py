"""The interface of dshared: what its README promises, what its users wrote, and where it went wrong."""

from __future__ import annotations

import multiprocessing
import threading
import unittest
from typing import Any

from erlang import SharedDict, SharedList, dshared
from process_case import START_METHODS, ended, process, run_process, script

INCREMENTS = 1000


def fill(shm: Any) -> None:
    shm["d"] = {"key": "val", "deep": [{"x": [1, 2.5, None]}, "a\0b", -(2**31), 2**40]}


def change(shm: Any) -> None:
    assert shm["d"]["key"] == "val"
    shm["d"]["deep"][0]["x"].append("from another process")
    shm["d"]["new"] = {}
    shm["d"]["new"]["k"] = [shm["d"]["deep"][3]]


def count(shm: Any, lock: Any) -> None:
    for _ in range(INCREMENTS):
        shm.add("added", 1)
        with lock:
            shm["locked"] = shm["locked"] + 1


def appends(items: Any) -> None:
    for number in range(200):
        items.append({"n": number})


class TestDshared(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        dshared.init(f"dshared-test-{id(cls)}", 2**10)

    def setUp(self) -> None:
        self.shm: Any = dshared.col()
        self.addCleanup(self.shm._shared.destroy)
        self.before = dshared._the_table().info()["dicts"]

    def dicts(self) -> int:
        """How many there are besides self.shm."""
        return dshared._the_table().info()["dicts"] - self.before

    def test_nested_changes_are_seen_at_once(self) -> None:
        for method in START_METHODS:
            run_process(method, fill, self.shm)
            run_process(method, change, self.shm)
            deep = self.shm["d"]["deep"]
            self.assertEqual(deep[0]["x"][:], [1, 2.5, None, "from another process"])
            self.assertEqual(deep[1:], ["a\0b", -(2**31), 2**40])
            self.assertEqual(self.shm["d"]["new"], {"k": [2**40]})
            self.assertEqual(self.dicts(), 6)

    def test_no_increment_is_lost(self) -> None:
        self.shm["locked"] = 0
        lock = multiprocessing.get_context("fork").Lock()
        workers = [process("fork", count, self.shm, lock) for _ in range(6)]
        for worker in workers:
            ended(worker)
        self.assertEqual((self.shm["added"], self.shm["locked"]), (6000, 6000))

    def test_appends_of_many(self) -> None:
        self.shm["l"] = []
        workers = [process("fork", appends, self.shm["l"]) for _ in range(3)]
        for worker in workers:
            ended(worker)
        self.assertEqual(sorted(one["n"] for one in self.shm["l"]), sorted(list(range(200)) * 3))

    def test_dicts(self) -> None:
        d = dshared.dict({"a": 1, "b": {"c": [1]}})
        self.assertIs(dshared.dict(d), d)
        self.assertEqual((len(d), list(d), "a" in d, d.get("x", 5)), (2, ["a", "b"], True, 5))
        self.assertEqual(list(d.iteritems())[0], ("a", 1))
        d.update({"e": []}, f=2)
        d["e"].append(1)
        self.assertEqual(d.copy(), {"a": 1, "b": {"c": [1]}, "e": [1], "f": 2})
        self.assertEqual(str(d), "{'a': 1, 'b': {'c': [1]}, 'e': [1], 'f': 2}")
        self.assertEqual(d, {"a": 1, "b": {"c": [1]}, "e": [1], "f": 2})
        self.assertEqual(d.pop("b").copy(), {"c": [1]})
        self.assertEqual(d.setdefault("g", {"h": 1}), {"h": 1})
        self.assertEqual(d.setdefault("g", {"h": 2}), {"h": 1})
        self.assertEqual(d.pop("nothing", None), None)
        d.append("by number")
        self.assertEqual(d["4"], "by number")
        d.clear()
        self.assertEqual(len(d), 0)
        self.assertRaises(KeyError, lambda: d["a"])
        d._shared.destroy()

    def test_lists(self) -> None:
        items = dshared.list([1, [2], {"k": 3}])
        self.assertIs(dshared.list(items), items)
        self.assertEqual((items[0], items[-1]["k"], len(items)), (1, 3, 3))
        self.assertEqual(items + [4], [1, [2], {"k": 3}, 4])
        self.assertEqual([4] + items, [4, 1, [2], {"k": 3}])
        self.assertIn([2], items)
        self.assertNotIn([3], items)
        self.assertRaises(IndexError, lambda: items[3])
        items.insert(1, {"new": []})
        items[1]["new"].append(items[0])
        items[0:1] = [{"first": 1}]
        items.extend([[5]])
        self.assertEqual(items.copy(), [{"first": 1}, {"new": [1]}, [2], {"k": 3}, [5]])
        self.assertEqual(items.pop(), [5])
        items._shared.destroy()

    def test_memory_is_freed(self) -> None:
        table = dshared._the_table()
        self.shm["d"] = {}
        used, dicts = table.info()["used"], self.dicts()
        for _ in range(300):
            self.shm["d"] = {"list": [{"text": "v" * 1000} for _ in range(5)]}
        self.shm["d"] = {}
        self.assertEqual(self.dicts(), dicts)
        self.assertLess(table.info()["used"], used + 100_000)

    def test_what_cannot_be_stored_leaves_nothing(self) -> None:
        dicts = self.dicts()
        cycle: Any = {"list": []}
        cycle["list"].append(cycle)
        with self.assertRaisesRegex(ValueError, "cycle"):
            self.shm["c"] = cycle
        with self.assertRaises(TypeError):
            self.shm["c"] = {"deep": [threading.Lock()]}
        with self.assertRaises(TypeError):
            self.shm[1.5] = {"deep": []}
        self.assertEqual(len(self.shm), 0)
        self.assertEqual(self.dicts(), dicts)

    def test_shared_dicts_go_in_and_come_out(self) -> None:
        self.shm["d"] = SharedDict.new(dshared._the_table())
        self.shm["d"]["l"] = SharedList.new([1], table=dshared._the_table())
        self.assertEqual(self.shm["d"]["l"][0], 1)

    def test_init_once(self) -> None:
        self.assertRaisesRegex(RuntimeError, "already called", dshared.init, "x", 2**20)
        output = script(
            """
import os
from erlang import dshared
try: dshared.col()
except RuntimeError as error: print(error)
name = f"dshared-test-{os.getpid()}"
open(f"/dev/shm/{name}", "w").close()
dshared.init(name, 2**20)
print(len(dshared.col()), os.path.exists(f"/dev/shm/{name}"))
"""
        )
        self.assertEqual(output, "init() was not called\n0 True\n")
