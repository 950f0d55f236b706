"""Nested dicts and lists, and what ends with a process, between processes that are killed and forked."""

from __future__ import annotations

import signal
import subprocess
import sys
import unittest
from typing import Any

from erlang import SharedDict, SharedList, Table
from process_case import HANG, START_METHODS, TableCase, ended, forked, process, run_process, script


def nest_and_write(sd: Any, number: int) -> None:
    for key in range(50):
        sd.nest(key)[number] = number
        sd.nest_list("list").append((number, key))


def store_a_child(sd: Any) -> None:
    sd["child"] = SharedDict.new(sd)
    sd["child"]["list"] = SharedList.new([1, 2], table=sd)


def append_to_it(sd: Any) -> None:
    sd["child"]["list"].append(3)
    sd["child"]["seen"] = True


def through_arguments(sd: Any, child: Any, items: Any) -> None:
    child["type"] = (type(child).__name__, type(items).__name__)
    items.append(len(items))
    sd["same"] = child == sd["child"]


# Makes dicts of its own, says so, and waits to be killed.
MAKES = """
import sys
from erlang import SharedDict, SharedList
sd = SharedDict.open(sys.argv[1])
mine = SharedDict.new()
mine.nest("child").nest_list("list").append(1)
sd["reference"] = [mine]
sd["child"] = SharedDict.new()
with SharedDict.ephemeral() as block:
    block["k"] = 1
    print("made", flush=True)
    sys.stdin.read()
"""


class TestNested(TableCase):
    def dicts(self) -> int:
        return self.table.info()["dicts"]

    def test_children_outlive_the_process_that_stored_them(self) -> None:
        for method in START_METHODS:
            with self.subTest(method):
                run_process(method, store_a_child, self.sd)
                run_process(method, append_to_it, self.sd)
                self.assertEqual(self.sd["child"]["list"], [1, 2, 3])
                self.assertEqual(self.dicts(), 3)
        self.sd.destroy()
        self.assertEqual(self.dicts(), 0)

    def test_go_as_arguments(self) -> None:
        items = self.sd.nest_list("list")
        for method in START_METHODS:
            run_process(method, through_arguments, self.sd, self.sd.nest("child"), items)
            self.assertEqual(self.sd["child"]["type"], ("SharedDict", "SharedList"))
            self.assertTrue(self.sd["same"])
        self.assertEqual(items, [0, 1, 2])
        self.assertIsInstance(SharedDict.open(items.handle), SharedList)

    def test_all_nest_the_same(self) -> None:
        workers = [process("fork", nest_and_write, self.sd, number) for number in range(4)]
        for worker in workers:
            ended(worker)
        for key in range(50):
            self.assertEqual(sorted(self.sd[key]), [0, 1, 2, 3])
        self.assertEqual(sorted(self.sd["list"]), [(number, key) for number in range(4) for key in range(50)])
        self.assertEqual(self.dicts(), 52)

    def maker(self) -> Any:
        made = subprocess.Popen(
            [sys.executable, "-c", MAKES, self.sd.handle], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert made.stdout is not None
        self.assertEqual(made.stdout.readline(), "made\n")
        return made

    def test_what_is_a_process_s_own_ends_with_it(self) -> None:
        for kill in (True, False):
            with self.subTest(kill=kill), self.maker() as made:
                self.assertEqual(self.dicts(), 6)
                mine = self.sd["reference"][0]
                self.assertEqual(mine["child"]["list"][0], 1)
                if kill:
                    made.send_signal(signal.SIGKILL)
                else:
                    made.stdin.close()
                made.wait(HANG)
            self.assertEqual(self.dicts(), 2)
            self.assertRaises(RuntimeError, len, mine)
            self.assertEqual(dict(self.sd["child"]), {})

    def test_a_forked_child_has_its_own(self) -> None:
        mine = SharedDict.new(self.table)

        def work() -> None:
            SharedDict.new(self.table)["k"] = 1
            mine["of the child"] = True
            self.sd["c"] = SharedDict.new(self.table)

        self.assertEqual(forked(work), 0)
        self.assertEqual(self.dicts(), 3)
        self.assertEqual(dict(mine), {"of the child": True})
        mine.destroy()

    def test_adopted_by_a_child_it_outlives_it(self) -> None:
        mine = SharedDict.new(self.table)

        def work() -> None:
            self.sd["c"] = mine

        self.assertEqual(forked(work), 0)
        self.dicts()
        mine["k"] = 1
        self.assertEqual(self.sd["c"]["k"], 1)

    def test_memory_comes_back(self) -> None:
        self.sd["c"] = 1
        self.table.info()
        used = self.table.info()["used"]
        for _ in range(200):
            self.sd["c"] = SharedDict.new(self.table)
            self.sd["c"]["large"] = "v" * 10_000
            self.sd["c"].nest_list("list").extend(range(100))
        self.sd["c"] = 1
        self.assertEqual(self.dicts(), 1)
        self.assertLess(self.table.info()["used"], used + 100_000)


class TestWhichTable(unittest.TestCase):
    def test_the_only_one_or_the_one_that_is_said(self) -> None:
        output = script(
            """
import gc
from erlang import SharedDict, SharedList, Table
def refused():
    try: SharedDict.new()
    except RuntimeError as error: print(error)
refused()
one = Table.create()
SharedDict.new()
SharedList.new([1])
other = Table.create()
refused()
SharedDict.new(other)
print(one.info()["dicts"], other.info()["dicts"])
one.unlink(); other.unlink()
"""
        )
        self.assertRegex(output, r"^this process has attached to no table.*\n.*several tables.*\n2 1\n$")

    def test_not_one_in_another_table(self) -> None:
        with Table.create() as one, Table.create() as other:
            try:
                parent, child = one.dict(), SharedDict.new(other)
                parent["c"] = child
                child["k"] = 1
                self.assertEqual(parent["c"]["k"], 1)
                del parent["c"]
                self.assertEqual(child["k"], 1)
            finally:
                one.unlink()
                other.unlink()
