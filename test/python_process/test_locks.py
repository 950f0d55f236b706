"""SharedDict.lock in several OS processes."""

from __future__ import annotations

import _interpreters
import asyncio
import contextlib
import gc
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import unittest
from typing import Any

from erlang import Lock, SharedDict
from process_case import TableCase

_FORK = multiprocessing.get_context("fork")


def _hold(sd: Any, key: str, end: Any) -> None:
    with sd.lock(key):
        end.send("held")
        end.poll(60)


def _go(end: Any) -> None:
    with contextlib.suppress(OSError):  # it was killed
        end.send_bytes(b"go")


def _add(sd: Any, rounds: int) -> None:
    for _ in range(rounds):
        with sd.lock("guard") as lock:
            fences = sd.get("fences", [])
            assert not fences or fences[-1] < lock.fence
            sd["fences"] = [*fences[-3:], lock.fence]
            sd["n"] = sd.get("n", 0) + 1


class TestLocks(TableCase):
    def setUp(self) -> None:
        super().setUp()
        self.sd = self.table.dict()

    def start(self, key: str) -> tuple[Any, Any]:
        """Another process that holds the key until it is told to go."""
        ours, theirs = _FORK.Pipe()
        process = _FORK.Process(target=_hold, args=(self.sd, key, theirs))
        process.start()
        self.addCleanup(process.join)
        self.addCleanup(_go, ours)
        self.assertEqual(ours.recv(), "held")
        return process, ours

    def test_a_block(self) -> None:
        with self.sd.lock("k", ttl=60) as lock:
            self.assertIsInstance(lock, Lock)
            self.assertTrue(lock.held)
            self.assertIn("k", self.sd)
            self.assertGreater(lock.fence, 0)
            self.assertIn("held", repr(lock))
        self.assertFalse(lock.held)
        self.assertNotIn("k", self.sd)
        self.assertIn("not held", repr(lock))

    def test_a_block_that_raises_lets_go(self) -> None:
        with self.assertRaises(ZeroDivisionError), self.sd.lock("k"):
            1 / 0
        self.assertNotIn("k", self.sd)

    def test_another_object_waits(self) -> None:
        with self.sd.lock("k") as first:
            other = self.sd.lock("k", timeout=0.05)
            with self.assertRaisesRegex(TimeoutError, "'k' was not free within 0.05 seconds"), other:
                self.fail("it is held")
            self.assertFalse(other.acquire(0))
            with self.assertRaisesRegex(RuntimeError, "held by this object already"):
                first.acquire()
        self.assertTrue(other.acquire(0))
        self.assertGreater(other.fence, first.fence)
        other.release()
        with self.assertRaisesRegex(RuntimeError, "not held"):
            other.release()

    def test_another_process_waits_until_it_is_released(self) -> None:
        process, end = self.start("k")
        self.assertFalse(self.sd.lock("k").acquire(0.05))
        threading.Timer(0.05, _go, [end]).start()
        with self.sd.lock("k", timeout=60):
            pass
        process.join()
        self.assertEqual(process.exitcode, 0)

    def test_the_death_of_the_holder_frees_it(self) -> None:
        process, _ = self.start("k")
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        with self.sd.lock("k", timeout=60) as lock:
            self.assertTrue(lock.held)

    def test_a_lock_that_is_forgotten(self) -> None:
        before = len(self.table.dicts())
        self.assertTrue(self.sd.lock("k").acquire(0))
        gc.collect()
        self.assertNotIn("k", self.sd)
        kept = self.sd.lock("k")
        self.assertTrue(kept.acquire(0))
        gc.collect()
        self.assertFalse(self.sd.lock("k").acquire(0))
        kept.release()
        self.assertEqual(len(self.table.dicts()), before, "of each holder one dict")

    def test_an_interpreter_ends_with_a_lock(self) -> None:
        made = _interpreters.create("isolated")
        code = f"""
import sys
sys.path[:] = {sys.path!r}
from erlang import SharedDict
lock = SharedDict.open({self.sd.handle!r}).lock("k")
sys.keep = lambda: lock  # nobody takes it apart before the end
assert lock.acquire(0)
"""
        self.assertIsNone(_interpreters.exec(made, code))
        self.assertFalse(self.sd.lock("k").acquire(0))
        _interpreters.destroy(made)
        self.assertTrue(self.sd.lock("k").acquire(0))

    def test_a_forked_child_forgets_it(self) -> None:
        lock = self.sd.lock("k")
        self.assertTrue(lock.acquire(0))
        child = os.fork()
        if child == 0:
            del lock
            gc.collect()
            os._exit(0 if "k" in self.sd else 1)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)
        self.assertTrue(lock.held)

    def test_waiting_while_the_holder_dies(self) -> None:
        process, _ = self.start("k")
        threading.Timer(0.05, os.kill, (process.pid, signal.SIGKILL)).start()
        with self.sd.lock("k", timeout=60) as lock:
            self.assertTrue(lock.held)
        process.join()

    def test_its_time_ends(self) -> None:
        with self.assertRaisesRegex(RuntimeError, "its time was over"), self.sd.lock("k", ttl=0.02) as lost:
            with self.sd.lock("k", timeout=60) as lock:
                self.assertGreater(lock.fence, lost.fence)
                self.assertFalse(lost.held)
                with self.assertRaisesRegex(RuntimeError, "not held"):
                    lost.renew()
                self.assertTrue(lock.held)
        self.assertNotIn("k", self.sd)

    def test_never_by_the_wrong_holder(self) -> None:
        lost = self.sd.lock("k", ttl=0.02)
        lost.acquire()
        with self.sd.lock("k", timeout=60) as lock:
            with self.assertRaises(RuntimeError):
                lost.release()
            self.assertTrue(lock.held)

    def test_renew(self) -> None:
        with self.sd.lock("k", ttl=0.2) as lock:
            fence = lock.fence
            end = time.monotonic() + 0.5
            lock.renew(60)
            while time.monotonic() < end:
                self.assertTrue(lock.held)
            self.assertEqual(lock.fence, fence)

    def test_a_child_of_the_block_is_no_holder(self) -> None:
        with self.sd.lock("k") as lock:
            pid = os.fork()
            if pid == 0:
                lock.__exit__(None, None, None)
                os._exit(0 if not lock.held and not self.sd.lock("k").acquire(0) else 1)
            self.assertEqual(os.waitpid(pid, 0)[1], 0)
            self.assertTrue(lock.held)

    def test_many_processes_lose_nothing(self) -> None:
        processes = [_FORK.Process(target=_add, args=(self.sd, 200)) for _ in range(4)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
            self.assertEqual(process.exitcode, 0)
        self.assertEqual(self.sd["n"], 800)

    def test_killed_holders_lose_nothing(self) -> None:
        for _ in range(10):
            process = _FORK.Process(target=_add, args=(self.sd, 1_000_000))
            process.start()
            before = self.sd.get("n", 0)
            while self.sd.get("n", 0) < before + 5:
                pass
            os.kill(process.pid, signal.SIGKILL)
            process.join()
            with self.sd.lock("guard", timeout=60):
                pass
        _add(self.sd, 1)

    def test_wrong_arguments(self) -> None:
        for options in ({"ttl": 0}, {"ttl": -1}, {"ttl": float("nan")}, {"timeout": -1}, {"timeout": float("nan")}):
            with self.assertRaises(ValueError):
                self.sd.lock("k", **options)
        self.sd["k"] = 1
        with self.assertRaisesRegex(TypeError, "key 'k' has a value that is no lock"):
            self.sd.lock("k").acquire()
        self.assertEqual(self.sd["k"], 1)
        with self.assertRaises(TypeError):
            self.sd.lock(1.5).acquire()
        with self.assertRaises(TypeError):
            pickle.dumps(self.sd.lock("k"))

    def test_of_a_dict_that_ends(self) -> None:
        lock = self.sd.lock("k")
        lock.acquire()
        other = threading.Thread(target=self.sd.destroy)
        with self.assertRaisesRegex(RuntimeError, "destroyed"):
            waiting = self.sd.lock("k")
            other.start()
            waiting.acquire()
        other.join()
        self.assertTrue(SharedDict)


class TestAio(TableCase):
    def setUp(self) -> None:
        super().setUp()
        self.sd = self.table.dict()

    def test_lock(self) -> None:
        async def main() -> None:
            lock = await self.sd.lock.aio("k")
            self.assertTrue(lock.held)
            with self.assertRaises(TimeoutError):
                await self.sd.lock.aio("k", timeout=0.02)
            waiting = asyncio.create_task(self.sd.lock.aio("k", timeout=60))
            await asyncio.sleep(0.02)
            lock.release()
            async with await waiting as other:
                self.assertGreater(other.fence, lock.fence)
            self.assertNotIn("k", self.sd)

        asyncio.run(main())

    def test_cancelled(self) -> None:
        async def main() -> None:
            for _ in range(20):
                async with self.sd.lock("k", timeout=60):
                    task = asyncio.create_task(self.sd.lock.aio("k"))
                    await asyncio.sleep(0.002)
                    task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task
            async with self.sd.lock("k", timeout=60):
                pass

        asyncio.run(main())
        self.assertNotIn("k", self.sd)


if __name__ == "__main__":
    unittest.main()
