"""Transactions: all that a block reads was so, and all that it writes becomes so, at one moment, or nothing."""

from __future__ import annotations

import collections.abc
import pickle
import threading
from typing import Any

import erlang
import shared_case
from erlang import SharedDict, TransactionConflict


class Unpicklable:
    def __reduce__(self) -> Any:
        raise ValueError("not me")


class TestTheBlock(shared_case.SharedCase):
    def test_all_is_written_at_its_end(self) -> None:
        self.sd.update(a=1, b=2)
        with self.sd.transaction() as t:
            t["a"] = 10
            del t["b"]
            t["c"] = [30]
            self.assertEqual(self.sd, {"a": 1, "b": 2})
            self.assertEqual(t, {"a": 10, "c": [30]})
        self.assertEqual(list(self.sd.items()), [("a", 10), ("c", [30])])

    def test_an_exception_changes_nothing(self) -> None:
        self.sd["a"] = 1
        for error in (ValueError, KeyboardInterrupt):
            with self.assertRaises(error), self.sd.transaction() as t:
                t["a"] = 2
                t["big"] = "x" * 100_000
                raise error
        self.assertEqual(self.sd, {"a": 1})

    def test_a_conflict_says_the_key_and_changes_nothing(self) -> None:
        for key in ("a", b"\xff", 7, "none"):
            self.sd.update({"a": 1, b"\xff": 1, 7: 1})
            with self.assertRaises(TransactionConflict) as caught, self.sd.transaction() as t:
                t["mine"] = t.get(key)
                self.sd[key] = 1  # the same again is another change
            self.assertEqual(caught.exception.key, key)
            self.assertEqual(str(caught.exception), f"key {key!r} was changed by another while the transaction ran")
            self.assertNotIn("mine", self.sd)
            self.sd.clear()

    def test_what_was_not_read_is_no_conflict(self) -> None:
        self.sd.update(a=1, b=1)
        with self.sd.transaction() as t:
            t["b"] = t["a"] + 1
            self.sd["b"] = 100
        self.assertEqual(self.sd["b"], 2)

    def test_the_whole_dict(self) -> None:
        reads: list[Any] = [
            len,
            list,
            dict,
            lambda t: list(t.items()),
            lambda t: list(t.values()),
            lambda t: t.to_dict(),
        ]
        changes: list[Any] = [
            lambda: self.sd.__setitem__("new", 1),
            lambda: self.sd.__delitem__("a"),
            lambda: self.sd.__setitem__("a", 1),
            self.sd.clear,
        ]
        for read in reads:
            for change in changes:
                self.sd["a"] = 1
                with self.assertRaises(TransactionConflict) as caught, self.sd.transaction() as t:
                    read(t)
                    t["mine"] = 1
                    change()
                self.assertIn(caught.exception.key, (None, "a"))
                self.assertNotIn("mine", self.sd)
                self.sd.clear()
        with self.sd.transaction() as t:  # one look is of one moment
            self.assertEqual(t.to_dict(), {})
            self.sd["a"] = 1

    def test_numbers_that_others_add_to(self) -> None:
        sd = SharedDict.new(self.sd)  # that nobody watches: additions are changes of keys for those who do
        self.addCleanup(sd.destroy)
        sd.add("n", 5)
        with sd.transaction() as t:
            self.assertEqual(t.add("n", 2), 7)
            self.assertEqual((t.inc("n"), t.dec("n"), t.add("m", -1)), (8, 7, -1))
        cell = sd.cell("n")
        self.assertEqual(cell.load(), 7)
        for read in (lambda t: t["n"], lambda t: t.to_dict()):
            with self.assertRaises(TransactionConflict), sd.transaction() as t:
                t["copy"] = read(t)
                cell.add(1)
        with sd.transaction() as t:
            t["keys"] = list(t)
            cell.add(1)
        self.assertEqual((sd["keys"], cell.load()), (["n", "m"], 10))
        with sd.transaction() as t:
            t["n"] = 100
        self.assertEqual(cell.load(), 100)

    def test_what_is_no_number(self) -> None:
        self.sd["k"] = "text"
        self.sd["n"] = 2**63 - 1
        with self.sd.transaction() as t:
            for n in ("1", 1.0, True):
                self.assertRaises(TypeError, t.add, "m", n)
            self.assertRaises(TypeError, t.add, "k", 1)
            self.assertRaises(OverflowError, t.add, "n", 1)
            self.assertRaises(OverflowError, t.add, "m", 2**63)
            self.assertNotIn("m", t)

    def test_two_readings_that_differ(self) -> None:
        self.sd["a"] = 1
        with self.assertRaises(TransactionConflict), self.sd.transaction() as t:
            self.assertEqual(t["a"], 1)
            self.sd["a"] = 2
            self.assertRaises(TransactionConflict, t.__getitem__, "a")
            t["b"] = 1  # whoever catches that cannot commit
        self.assertEqual(self.sd, {"a": 2})

    def test_it_is_used_once_and_inside(self) -> None:
        t = self.sd.transaction()
        self.assertRaises(RuntimeError, t.get, "a")
        with t:
            t["a"] = 1
        for use in (lambda: t["a"], lambda: t.__setitem__("a", 2), lambda: list(t), lambda: len(t), t.__enter__):
            self.assertRaises(RuntimeError, use)
        self.assertEqual(self.sd, {"a": 1})

    def test_two_at_once(self) -> None:
        self.sd.update(a=1, b=1)
        with self.assertRaises(TransactionConflict) as caught, self.sd.transaction() as outer:
            outer["b"] = outer["a"]
            with self.sd.transaction() as inner:
                inner["a"] = inner["a"] + 1
        self.assertEqual((caught.exception.key, self.sd["a"], self.sd["b"]), ("a", 2, 1))

    def test_the_exception(self) -> None:
        self.assertTrue(issubclass(TransactionConflict, RuntimeError))
        self.assertEqual(
            f"{TransactionConflict.__module__}.{TransactionConflict.__qualname__}", "erlang.TransactionConflict"
        )
        again = pickle.loads(pickle.dumps(TransactionConflict(b"\xff")))
        self.assertEqual((type(again), again.key), (TransactionConflict, b"\xff"))
        self.assertEqual(str(TransactionConflict()), "the SharedDict was changed by another while the transaction ran")
        self.assertIn("TransactionConflict", erlang.__all__)


class TestTheMapping(shared_case.SharedCase):
    def test_is_a_mapping(self) -> None:
        self.assertIsInstance(self.sd.transaction(), collections.abc.MutableMapping)

    def test_keys_are_one_by_their_bytes(self) -> None:
        with self.sd.transaction() as t:
            t["ä"] = 1
            self.assertEqual((t["ä".encode()], list(t), "ä".encode() in t), (1, ["ä"], True))
            t["ä".encode()] = 2
            t[b"\xff"] = 3
            t[True + 0] = 4
            for key in (True, None, 1.5, ()):
                self.assertRaises(TypeError, t.get, key)
                self.assertRaises(TypeError, t.__setitem__, key, 1)
            self.assertRaises(OverflowError, t.get, 2**63)
            self.assertRaises(ValueError, t.get, "\ud800")
        self.assertEqual(self.sd, {"ä": 2, b"\xff": 3, 1: 4})

    def test_missing_keys(self) -> None:
        self.sd["a"] = 1
        with self.sd.transaction() as t:
            del t["a"]
            for key in ("a", "b"):
                for use in (t.__getitem__, t.__delitem__, t.pop):
                    with self.assertRaises(KeyError) as caught:
                        use(key)
                    self.assertEqual(caught.exception.args, (key,))
                self.assertEqual((t.get(key), t.get(key, 5), t.pop(key, 6), key in t), (None, 5, 6, False))

    def test_what_changes_it(self) -> None:
        self.sd.update(a=1, b=2, c=3)
        with self.sd.transaction() as t:
            self.assertEqual(t.pop("a"), 1)
            self.assertEqual(t.popitem(), ("c", 3))
            self.assertEqual((t.setdefault("b", 9), t.setdefault("d", [4])), (2, [4]))
            self.assertEqual(
                (t.put("d", 5, skip_if_exists=True), t.put("e", 5, skip_if_exists=True), t.put("d", 6)),
                (False, True, True),
            )
            t.update({"f": 7}, g=8)
            t |= {"h": 9}
            self.assertEqual(len(t), 6)
            self.assertEqual(list(reversed(t)), ["h", "g", "f", "e", "d", "b"])
            self.assertEqual(t.get_many(["b", "d", b"h", "no", "a"]), {"b": 2, "d": 6, b"h": 9})
            self.assertEqual(list(t.values()), [2, 6, 5, 7, 8, 9])
            self.assertTrue(5 in t.values() and 3 not in t.values() and ("b", 2) in t.items())
            self.assertEqual(t.keys() & {"b", "a"}, {"b"})
        self.assertEqual(self.sd, {"b": 2, "d": 6, "e": 5, "f": 7, "g": 8, "h": 9})
        with self.sd.transaction() as t:
            t.clear()
            self.assertEqual((len(t), list(t), dict(t), bool(t)), (0, [], {}, False))
            self.assertRaises(KeyError, t.popitem)
        self.assertEqual(self.sd, {})

    def test_values_are_copies(self) -> None:
        value = [1]
        self.sd["there"] = [0]
        with self.sd.transaction() as t:
            t["mine"] = value
            value.append(2)
            t["mine"].append(3)
            t["there"].append(4)
            self.assertEqual((t["mine"], t["there"]), ([1], [0]))
            self.assertIsNot(t["mine"], t["mine"])
        self.assertEqual(self.sd, {"there": [0], "mine": [1]})

    def test_values_of_all_kinds(self) -> None:
        values = [
            None,
            True,
            1.5,
            2**80,
            "text",
            b"\xff",
            "x" * 100_000,
            {"k": (1, [2])},
            {1, 2},
            [self.sd],
            bytearray(5000),
        ]
        with self.sd.transaction() as t:
            for number, value in enumerate(values):
                t[number] = value
                self.assertEqual((type(t[number]), t[number]), (type(value), value))
        self.assertEqual([self.sd[number] for number in range(len(values))], values)
        with self.sd.transaction() as t:
            self.assertEqual([t[number] for number in range(len(values))], values)
        self.sd.clear()

    def test_what_cannot_be_pickled(self) -> None:
        with self.sd.transaction() as t:
            t["a"] = 1
            self.assertRaises(ValueError, t.__setitem__, "a", Unpicklable())
            self.assertEqual(t["a"], 1)
        self.assertEqual(self.sd, {"a": 1})

    def test_many_values_that_are_not_small(self) -> None:
        with self.sd.transaction() as t:
            for number in range(1500):  # more than a process may have blocks of in its hand
                t[number] = str(number) * 1000
        self.assertEqual(len(self.sd), 1500)
        self.assertEqual(self.sd[1499], "1499" * 1000)

    def test_shows_itself(self) -> None:
        t = self.sd.transaction()
        self.assertRegex(repr(t), r"^<Transaction on <SharedDict .*>, new>$")


class TestTryingAgain(shared_case.SharedCase):
    def test_transact_gives_the_result(self) -> None:
        self.sd["a"] = 1
        seen = []

        def work(t: Any) -> str:
            seen.append(t["a"])
            if len(seen) < 4:
                self.sd["a"] = len(seen) * 10
            t["b"] = seen[-1]
            return "done"

        self.assertEqual(self.sd.transact(work), "done")
        self.assertEqual((seen, self.sd["b"]), ([1, 10, 20, 30], 30))

    def test_the_loop(self) -> None:
        self.sd["a"] = 1
        attempts = 0
        for t in self.sd.transactions():
            with t:
                attempts += 1
                t["b"] = t["a"]
                if attempts < 3:
                    self.sd["a"] += 1
        self.assertEqual((attempts, self.sd["b"]), (3, 3))

    def test_leaving_the_loop(self) -> None:
        for t in self.sd.transactions():
            with t:
                t["a"] = 1
                break
        self.assertEqual(self.sd, {"a": 1})

    def test_so_many_retries(self) -> None:
        attempts = []

        def work(t: Any) -> None:
            attempts.append(t.get("a"))
            self.sd["a"] = len(attempts)
            t["b"] = 1

        for retries in (0, 5):
            attempts.clear()
            with self.assertRaises(TransactionConflict) as caught:
                self.sd.transact(work, retries=retries)
            self.assertEqual((caught.exception.key, len(attempts)), ("a", retries + 1))
        for retries in (-1, "1", 1.5):
            self.assertRaises(ValueError, self.sd.transact, work, retries=retries)
        self.assertRaises(TypeError, self.sd.transact)
        self.assertNotIn("b", self.sd)

    def test_what_it_raises(self) -> None:
        self.sd.update(a=1, b=1)
        attempts = []

        def work(t: Any) -> None:
            attempts.append(t["a"])
            t["c"] = 1
            if t["b"] == 1:
                raise ZeroDivisionError

        self.assertRaises(ZeroDivisionError, self.sd.transact, work)
        self.assertEqual(len(attempts), 1)
        self.assertNotIn("c", self.sd)

    def test_what_it_raises_of_what_never_was(self) -> None:
        self.sd.update(a=1, b=1)  # they are always equal
        attempts = []

        def work(t: Any) -> None:
            attempts.append(t["a"])
            if len(attempts) == 1:
                self.sd.update(a=2, b=2)
            if t["b"] != attempts[-1]:
                raise AssertionError("never so")

        self.sd.transact(work)
        self.assertEqual(attempts, [1, 2])
        attempts.clear()
        with self.assertRaises(TransactionConflict):
            self.sd.transact(lambda t: (work(t), self.sd.update(a=1, b=1)), retries=0)

    def test_a_conflict_of_another(self) -> None:
        self.sd["a"] = 1
        attempts = []

        def work(t: Any) -> None:
            attempts.append(t["a"])
            with self.sd.transaction() as other:
                other["c"] = other.get("b")
                self.sd["b"] = 1

        with self.assertRaises(TransactionConflict) as caught:
            self.sd.transact(work)
        self.assertEqual((caught.exception.key, len(attempts)), ("b", 1))


class TestThreads(shared_case.SharedCase):
    def run_all(self, *works: Any) -> None:
        failures: list[BaseException] = []

        def guarded(work: Any) -> None:
            try:
                work()
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])

    def test_the_sum_stays(self) -> None:
        self.sd.update(dict.fromkeys(range(4), 100))
        for number in (0, 2):
            self.sd.add(number, 0)

        def move(seed: int) -> None:
            for number in range(150):
                a, b = (number + seed) % 4, (number * seed + 1 + number) % 4

                def transfer(t: Any, a: int = a, b: int = b) -> None:
                    t[a] = t[a] - 7
                    t[b] = t[b] + 7

                self.sd.transact(transfer)

        def look() -> None:
            for _ in range(150):
                assert self.sd.transact(lambda t: sum(t[number] for number in range(4))) == 400
                assert self.sd.transact(lambda t: sum(t.values())) == 400

        self.run_all(lambda: move(1), lambda: move(2), lambda: move(3), look)
        self.assertEqual(sum(self.sd.values()), 400)

    def test_nothing_is_counted_twice(self) -> None:
        self.sd.add("n", 0)

        def in_transactions() -> None:
            for _ in range(300):
                for t in self.sd.transactions():
                    with t:
                        t["n"] = t["n"] + 1

        def without() -> None:
            for _ in range(300):
                self.sd.add("n", 1)

        self.run_all(in_transactions, in_transactions, without)
        self.assertEqual(self.sd["n"], 900)
