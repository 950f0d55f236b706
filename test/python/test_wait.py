"""Waiting for a key of a SharedDict to change."""

from __future__ import annotations

import operator
import resource
import threading
import time
from functools import partial
from typing import Any

import shared_case
from _erlang import WaitStop
from erlang import SharedDict

LONG = 60.0  # seconds; what should be woken is woken long before


def in_thread(work: Any) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


class TestVersion(shared_case.SharedCase):
    def test_is_another_after_each_change(self) -> None:
        self.assertEqual(self.sd.version("k"), 0)
        seen = {0}
        for value in (1, 1, "text", "text" * 1000, None):
            self.sd["k"] = value
            self.assertNotIn(self.sd.version("k"), seen)
            seen.add(self.sd.version("k"))
        self.sd["other"] = 1
        self.assertIn(self.sd.version("k"), seen)
        del self.sd["k"]
        self.assertEqual(self.sd.version("k"), 0)

    def test_of_a_number_that_many_change(self) -> None:
        self.sd.add("n", 1)
        version = self.sd.version("n")
        self.sd.add("n", 1)
        self.assertNotEqual(self.sd.version("n"), version)


class TestWait(shared_case.SharedCase):
    def waited(self, work: Any, *changes: Any) -> Any:
        """What work() gives in another thread, while the changes are made, each after the one before was seen."""
        results: list[Any] = []
        thread = in_thread(lambda: results.append(work()))
        for change in changes:
            change()
        thread.join(LONG)
        self.assertFalse(thread.is_alive())
        return results[0]

    def test_until_it_is_there(self) -> None:
        self.assertEqual(self.waited(lambda: self.sd.wait("k"), lambda: self.sd.update(k=[1])), [1])
        self.assertEqual(self.sd.wait("k", timeout=0), [1])
        self.sd["none"] = None
        self.assertIsNone(self.sd.wait("none"))

    def test_until_it_is_equal(self) -> None:
        def count() -> None:
            for n in range(100):
                self.sd["k"] = n

        self.assertEqual(self.waited(lambda: self.sd.wait("k", 99), count), 99)
        self.assertEqual(self.sd.wait("k", 99.0), 99)
        self.assertRaises(TimeoutError, self.sd.wait, "k", None, 0.01)

    def test_until_a_predicate_is_true(self) -> None:
        def count() -> None:
            for _ in range(100):
                self.sd.add("k", 1)

        self.assertGreaterEqual(self.waited(lambda: self.sd.wait("k", lambda n: n >= 50), count), 50)
        self.assertEqual(self.sd.wait("k", until=lambda n: n == 100, timeout=LONG), 100)

    def test_a_predicate_is_not_called_of_nothing(self) -> None:
        called: list[Any] = []
        with self.assertRaises(TimeoutError):
            self.sd.wait("k", called.append, 0.01)
        self.assertEqual(called, [])

    def test_a_predicate_that_raises_ends_it(self) -> None:
        self.sd["k"] = 0
        with self.assertRaises(ZeroDivisionError):
            self.sd.wait("k", lambda n: 1 / n)

    def test_a_predicate_may_use_the_dict(self) -> None:
        self.sd["k"] = 0

        def twice(n: int) -> bool:
            self.sd["seen"] = n
            self.sd["k"] = n + 1
            return n == 5

        self.assertEqual(self.sd.wait("k", twice, LONG), 5)
        self.assertEqual(self.sd["seen"], 5)

    def test_another_version(self) -> None:
        version = self.sd.wait_change("k", self.waited(lambda: self.sd.version("k")) + 1)
        self.assertEqual(version, 0)
        changed = self.waited(lambda: self.sd.wait_change("k", 0, LONG), lambda: self.sd.update(k=1))
        self.assertEqual(changed, self.sd.version("k"))
        gone = self.waited(lambda: self.sd.wait_change("k", changed, timeout=LONG), lambda: self.sd.pop("k"))
        self.assertEqual(gone, 0)

    def test_clear_is_a_change(self) -> None:
        self.sd["k"] = 1
        version = self.sd.version("k")
        self.assertEqual(self.waited(lambda: self.sd.wait_change("k", version, LONG), self.sd.clear), 0)
        self.assertEqual(self.waited(lambda: self.sd.wait("k"), lambda: self.sd.update(k=2)), 2)

    def test_keys_of_all_kinds(self) -> None:
        for key in ("text", b"\xff", 7, "a key that is longer than sixteen bytes"):
            wait, put = partial(self.sd.wait, key), partial(self.sd.put, key, 1)
            self.assertEqual(self.waited(wait, put), 1)

    def test_times_that_are_over(self) -> None:
        for timeout in (0, 0.0, 0.02):
            began = time.monotonic()
            with self.assertRaises(TimeoutError):
                self.sd.wait("k", timeout=timeout)
            with self.assertRaises(TimeoutError):
                self.sd.wait_change("k", 0, timeout)
            self.assertGreaterEqual(time.monotonic() - began, 2 * timeout)

    def test_what_is_no_time(self) -> None:
        for timeout in (-1, -0.001, float("nan"), -float("inf")):
            self.assertRaises(ValueError, self.sd.wait, "k", timeout=timeout)
            self.assertRaises(ValueError, self.sd.wait_change, "k", 0, timeout)
        for wrong in ("1", [], b""):
            self.assertRaises(TypeError, self.sd.wait, "k", timeout=wrong)
        self.sd["k"] = 1
        for long in (float("inf"), 1e300, 10**15):
            self.assertEqual(self.sd.wait("k", timeout=long), 1)
            self.assertNotEqual(self.sd.wait_change("k", 0, timeout=long), 0)

    def test_bad_arguments(self) -> None:
        wait: Any = self.sd.wait
        change: Any = self.sd.wait_change
        for call in (wait, change, lambda: change("k"), lambda: wait("k", 1, 2, 3), lambda: wait("k", nothing=1)):
            self.assertRaises(TypeError, call)
        self.assertRaises(TypeError, wait, None)
        self.assertRaises(TypeError, change, "k", "1")
        self.assertRaises(OverflowError, change, "k", -1)
        self.assertRaises(TypeError, wait, "k", 1, 2, 3, 4, 5, 6, 7, 8, 9)
        self.assertRaises(TypeError, wait, "k", _stop=1)

    def test_is_stopped_by_another_thread(self) -> None:
        stop = WaitStop()
        self.assertFalse(stop.stopped)
        raised: list[BaseException] = []

        def work() -> None:
            try:
                self.sd.wait("k", _stop=stop)
            except InterruptedError as error:
                raised.append(error)

        thread = in_thread(work)
        stop.stop()
        thread.join(LONG)
        self.assertEqual(len(raised), 1)
        self.assertTrue(stop.stopped)
        self.assertRaises(InterruptedError, self.sd.wait_change, "k", 0, _stop=stop)
        self.assertRaises(TypeError, WaitStop, 1)

    def test_sleeps(self) -> None:
        before, cpu = resource.getrusage(resource.RUSAGE_THREAD), time.thread_time()
        self.assertRaises(TimeoutError, self.sd.wait, "k", timeout=0.5)
        self.assertLess(time.thread_time() - cpu, 0.05)
        after = resource.getrusage(resource.RUSAGE_THREAD)
        self.assertLess(after.ru_nvcsw - before.ru_nvcsw, 20)

    def test_others_go_on_meanwhile(self) -> None:
        thread = in_thread(lambda: self.sd.wait("end", timeout=LONG))
        for n in range(1000):
            self.sd["other"] = n
        self.sd["end"] = True
        thread.join(LONG)
        self.assertFalse(thread.is_alive())

    def test_many_wait(self) -> None:
        results: list[Any] = []
        threads = [in_thread(lambda: results.append(self.sd.wait("k", timeout=LONG))) for _ in range(20)]
        self.sd["k"] = 7
        for thread in threads:
            thread.join(LONG)
        self.assertEqual(results, [7] * 20)

    def test_two_hand_a_ball_to_each_other(self) -> None:
        def play(mine: str, other: str) -> None:
            shared = SharedDict(self.sd)
            for n in range(300):
                shared[mine] = n
                shared.wait(other, partial(operator.le, n), LONG)

        began = time.monotonic()
        thread = in_thread(lambda: play("a", "b"))
        play("b", "a")
        thread.join(LONG)
        self.assertLess(time.monotonic() - began, 30)  # a wake that is lost costs a second
