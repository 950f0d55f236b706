"""Integers of a SharedDict that many change at once."""

from __future__ import annotations

import os
import threading
from typing import Any

import shared_case
from erlang import SharedCell

MOST = 2**63 - 1
LEAST = -(2**63)


class TestOnTheDict(shared_case.SharedCase):
    def test_gives_the_number_after(self) -> None:
        self.assertEqual(self.sd.add("n", 5), 5)
        self.assertEqual(self.sd["n"], 5)
        self.assertEqual(self.sd.sub("n", 7), -2)
        self.assertEqual(self.sd.bor("n", 1), -1)
        self.assertEqual(self.sd.band("n", 12), 12)
        self.assertEqual(self.sd.bxor("n", 10), 6)
        self.assertEqual((self.sd.inc("n"), self.sd.dec("n")), (7, 6))
        self.assertEqual(self.sd.swap("n", 100), 6)  # but for this one
        self.assertEqual(self.sd["n"], 100)

    def test_keys_of_all_kinds(self) -> None:
        for key in ("text", b"\xff", 7, -1, "a key that is longer than sixteen bytes"):
            self.assertEqual([self.sd.add(key, 2) for _ in range(3)], [2, 4, 6])
        self.assertRaises(TypeError, self.sd.add, None, 1)

    def test_whatever_wrote_the_number(self) -> None:
        for number in (0, 1, 255, 256, 65535, 65536, -1, -(2**31), 2**31, 2**62, LEAST + 1, MOST - 1):
            self.sd["n"] = number
            self.assertEqual(self.sd.add("n", 1), number + 1)
            self.sd["n"] = number
            self.assertEqual(self.sd["n"], number)
            del self.sd["n"]

    def test_is_a_value_among_others(self) -> None:
        self.sd["a"] = [1]
        self.sd.add("n", 3)
        self.assertEqual(dict(self.sd), {"a": [1], "n": 3})
        self.assertEqual([self.sd["n"] for _ in range(5)], [3] * 5)
        self.sd.inc("n")
        self.assertEqual([self.sd["n"] for _ in range(5)], [4] * 5)
        self.assertEqual(self.sd.get_many(["n"]), {"n": 4})
        self.assertEqual(self.sd.setdefault("n", 9), 4)
        self.assertEqual(self.sd.pop("n"), 4)
        self.assertNotIn("n", self.sd)

    def test_what_does_not_fit(self) -> None:
        self.sd["n"] = MOST
        for operation, operand in ((self.sd.add, 1), (self.sd.sub, -1), (self.sd.add, MOST)):
            with self.assertRaises(OverflowError) as caught:
                operation("n", operand)
            self.assertEqual(str(caught.exception), "the number of key 'n' would not fit 64 bits")
        self.assertEqual(self.sd["n"], MOST)
        self.assertRaises(OverflowError, self.sd.add, "n", 2**63)
        self.assertRaises(OverflowError, self.sd.sub, "m", LEAST)
        self.assertNotIn("m", self.sd)

    def test_what_is_no_number(self) -> None:
        for value in ("text", 1.5, None, True, [1], 2**70, {1}):
            self.sd["k"] = value
            with self.assertRaises(TypeError) as caught:
                self.sd.add("k", 1)
            self.assertEqual(str(caught.exception), "the value of key 'k' is no int of 64 bits")
            self.assertEqual(self.sd["k"], value)
        for operand in ("1", 1.0, None, True):
            self.assertRaises(TypeError, self.sd.add, "n", operand)
        self.assertRaises(TypeError, self.sd.add, "n")
        self.assertNotIn("n", self.sd)

    def test_cas_of_numbers(self) -> None:
        self.assertIs(self.sd.cas("n", 3, 0), False)
        self.assertNotIn("n", self.sd)
        self.assertIs(self.sd.cas("n", 0, 5), True)  # a missing key counts as 0
        self.assertIs(self.sd.cas("n", 0, 6), False)
        self.assertIs(self.sd.cas("n", 5, 7), True)
        self.assertEqual(self.sd["n"], 7)
        self.sd["k"] = "text"
        self.assertIs(self.sd.cas("k", 0, 1), False)
        self.assertEqual(self.sd["k"], "text")

    def test_cas_of_other_values(self) -> None:
        self.assertIs(self.sd.cas("k", None, 1), False)
        for old, new in (
            (None, "a"),
            ("a", [1, {"x": 2}]),
            ([1, {"x": 2}], {1, 2}),
            ({1, 2}, 2**70),
            (2**70, 1),
            (1, "b"),
        ):
            self.sd.put("k", None, skip_if_exists=True)
            self.assertIs(self.sd.cas("k", "never", 0), False)
            self.assertIs(self.sd.cas("k", old, new), True, (old, new))
            self.assertEqual(self.sd["k"], new)
        self.sd["one"] = 1
        for other in (True, 1.0, "1"):
            self.assertIs(self.sd.cas("one", other, 2), False)
        self.assertRaises(TypeError, self.sd.cas, "k", 1)


class TestCells(shared_case.SharedCase):
    def test_gives_the_number_before(self) -> None:
        cell = self.sd.cell("n")
        self.assertIs(type(cell), SharedCell)
        self.assertEqual(self.sd["n"], 0)
        self.assertEqual([cell.add(5), cell.sub(2), cell.bor(4), cell.bxor(1), cell.band(6)], [0, 5, 3, 7, 6])
        self.assertEqual((cell.swap(9), cell.load(), self.sd["n"]), (6, 9, 9))
        self.assertEqual((cell.cas(8, 1), cell.load()), (9, 9))
        self.assertEqual((cell.cas(9, 1), cell.load()), (9, 1))
        self.assertIsNone(cell.store(-3))
        self.assertEqual(cell.value, -3)
        cell.value = 4
        self.assertEqual(self.sd["n"], 4)
        self.assertIn("SharedCell 'n' of", repr(cell))

    def test_follows_the_key(self) -> None:
        cell = self.sd.cell("n")
        self.sd["n"] = 50
        self.assertEqual(cell.load(), 50)
        self.sd.update(n=60, m=1)
        self.assertEqual(cell.load(), 60)
        self.assertEqual(self.sd.inc("n"), 61)
        self.assertEqual(cell.add(1), 61)

    def test_is_gone_with_the_key(self) -> None:
        for end in (
            self.sd.clear,
            lambda: self.sd.pop("n"),
            lambda: self.sd.__delitem__("n"),
            lambda: self.sd.__setitem__("n", "text"),
        ):
            self.sd.pop("n", None)
            cell = self.sd.cell("n")
            end()
            for use in (lambda cell=cell: cell.add(1), cell.load, lambda cell=cell: cell.store(1)):
                with self.assertRaises(RuntimeError) as caught:
                    use()
                self.assertIn("the cell of key 'n' is gone", str(caught.exception))
        self.assertEqual(self.sd.info()["pinned"], 1)
        del cell, use
        self.assertEqual(self.sd.info()["pinned"], 0)

    def test_wrong_arguments(self) -> None:
        cell = self.sd.cell("n")
        for operand in ("1", 1.0, None, True):
            self.assertRaises(TypeError, cell.add, operand)
        self.assertRaises(OverflowError, cell.add, 2**63)
        cell.store(MOST)
        self.assertRaises(OverflowError, cell.add, 1)
        self.assertEqual(cell.load(), MOST)
        self.sd["k"] = "text"
        self.assertRaises(TypeError, self.sd.cell, "k")
        self.assertRaises(TypeError, self.sd.cell, None)
        self.assertRaises(TypeError, SharedCell)
        with self.assertRaises(AttributeError):
            del cell.value

    def test_threads_lose_nothing(self) -> None:
        cell = self.sd.cell("n")

        def work() -> None:
            for n in range(3000):
                cell.add(1)
                self.sd.add("n", 1)
                if n % 50 == 0:
                    dict(self.sd)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(cell.load(), 24_000)

    def test_what_expires_has_none(self) -> None:
        self.sd.put("n", 7, ttl=3600)
        self.assertRaisesRegex(TypeError, "what expires has no cell", self.sd.cell, "n")
        self.assertEqual((self.sd["n"], self.sd.add("n", 1)), (7, 8))
        self.sd["n"] = 7
        self.assertEqual(self.sd.cell("n").add(1), 7)

    def test_a_forked_child_gets_its_own(self) -> None:
        if shared_case.IN_PORT:
            return  # interpreters of the port program cannot fork
        cell = self.sd.cell("n")
        child: Any = os.fork()
        if child == 0:
            cell.add(1)
            self.sd.add("n", 1)
            os._exit(0)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)
        self.assertEqual(cell.add(1), 2)
        self.assertEqual(self.sd["n"], 3)
