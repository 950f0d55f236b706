"""Watching a SharedDict: the iterator over its changes."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import shared_case
from erlang import SharedDict

LONG = 60.0  # seconds; what should be woken is woken long before


def kinds(changes: Any) -> list[tuple[str, Any]]:
    return [(change.kind, change.key) for change in changes]


class TestWatch(shared_case.SharedCase):
    def setUp(self) -> None:
        super().setUp()
        self.sd.clear()

    def watch(self, *args: Any, **names: Any) -> Any:
        """All that is there, and no waiting for more."""
        return self.sd.watch(*args, **names, timeout=0)

    def test_every_kind_of_change(self) -> None:
        self.sd["before"] = 1
        watch = self.watch()
        self.sd["k"] = 1
        self.sd["k"] = [1] * 1000
        self.sd[-7] = None
        self.sd[b"\xff"] = 1
        del self.sd["k"]
        self.sd.update(a=1, b=2)
        self.assertEqual(self.sd.popitem(), ("b", 2))
        self.sd.add("a", 1)
        self.sd.add("a", 1)
        self.sd.clear()
        self.sd.setdefault("new", 1)
        self.sd.setdefault("new", 2)
        wanted = [
            ("put", "k"),
            ("put", "k"),
            ("put", -7),
            ("put", b"\xff"),
            ("delete", "k"),
            ("put", "a"),
            ("put", "b"),
        ]
        wanted += [("delete", "b"), ("put", "a"), ("put", "a"), ("clear", None), ("put", "new")]
        self.assertEqual(kinds(watch), wanted)
        self.assertEqual(kinds(watch), [])

    def test_versions(self) -> None:
        watch = self.watch()
        for work in (lambda: self.sd.put("k", 1), lambda: self.sd.put("k", 1), lambda: self.sd.add("k", 1)):
            work()
            change = list(watch)[-1]
            self.assertEqual(change, ("put", "k", self.sd.version("k")))
            self.assertEqual(change.version, self.sd.version("k"))

    def test_one_key(self) -> None:
        text, number = self.watch("k"), self.watch(key=7)
        for key in ("k", "kk", 7, "7", b"k"):
            self.sd[key] = 1
        self.assertEqual(kinds(text), [("put", "k"), ("put", "k")])
        self.assertEqual(kinds(number), [("put", 7)])

    def test_keys_that_begin_so(self) -> None:
        text, raw = self.watch(prefix="user:"), self.watch(prefix=b"\xff")
        for key in ("user:1", "user", "user:", 7, b"\xff\x01", "xuser:"):
            self.sd[key] = 1
        self.assertEqual(kinds(text), [("put", "user:1"), ("put", "user:")])
        self.assertEqual(kinds(raw), [("put", b"\xff\x01")])

    def test_waits(self) -> None:
        watch = self.sd.watch(timeout=LONG)
        thread = threading.Thread(target=lambda: [self.sd.put("k", n) for n in range(100)])
        thread.start()
        self.assertEqual(kinds(next(watch) for _ in range(100)), [("put", "k")] * 100)
        thread.join()

    def test_ends_after_its_time(self) -> None:
        began = time.monotonic()
        self.assertEqual(list(self.sd.watch(timeout=0.05)), [])
        self.assertGreaterEqual(time.monotonic() - began, 0.05)

    def test_is_told_that_it_was_too_slow(self) -> None:
        watch = self.watch()
        for n in range(10000):
            self.sd[n % 100] = n
        self.assertEqual(kinds(watch), [("overflow", None)])
        self.sd["k"] = 1
        self.assertEqual(kinds(watch), [("put", "k")])

    def test_is_closed_by_another_thread(self) -> None:
        with self.sd.watch() as watch:
            thread = threading.Thread(target=watch.close)
            thread.start()
            self.assertEqual(list(watch), [])
            thread.join()
        self.assertRaises(StopIteration, next, watch)

    def test_integers_go_on_as_before(self) -> None:
        self.sd.add("n", 1)
        cell = self.sd.cell("n")
        watch = self.watch("n")
        self.assertEqual((cell.add(1), cell.add(1), cell.value, self.sd.add("n", 1)), (1, 2, 3, 4))
        cell.value = 9
        self.assertEqual((cell.cas(9, 10), cell.cas(9, 11), self.sd["n"]), (9, 10, 10))
        self.assertEqual(len(list(watch)), 5)
        self.assertRaises(OverflowError, cell.add, 2**63 - 1)
        del self.sd["n"]
        self.assertRaises(RuntimeError, cell.add, 1)

    def test_bad_arguments(self) -> None:
        watch: Any = self.sd.watch
        self.assertRaises(TypeError, watch, "k", prefix="k")
        self.assertRaises(TypeError, watch, prefix=7)
        self.assertRaises(TypeError, watch, 1.0)
        self.assertRaises(TypeError, watch, "k", "prefix")
        self.assertRaises(ValueError, watch, timeout=-1)
        self.assertRaises(ValueError, watch, timeout=float("nan"))
        self.assertRaises(TypeError, watch, timeout="1")


class TestAsync(shared_case.SharedCase):
    def test_async_for(self) -> None:
        async def main() -> list[tuple[str, Any]]:
            found = []
            writer = asyncio.create_task(asyncio.to_thread(lambda: [self.sd.put("k", n) for n in range(50)]))
            async for change in self.sd.watch(prefix="k", timeout=LONG):
                found.append((change.kind, change.key))
                if len(found) == 20:
                    break
            await writer
            return found

        self.assertEqual(asyncio.run(main()), [("put", "k")] * 20)

    def test_others_run_meanwhile(self) -> None:
        async def main() -> int:
            ticks = 0
            watch = self.sd.watch()
            waiting = asyncio.ensure_future(anext(watch))
            while ticks < 20:
                await asyncio.sleep(0.001)
                ticks += 1
            self.sd["k"] = 1
            self.assertEqual((await waiting).key, "k")
            return ticks

        self.assertEqual(asyncio.run(main(), debug=True), 20)

    def test_is_cancelled_and_loses_nothing(self) -> None:
        async def main() -> None:
            before = threading.active_count()
            watch = self.sd.watch()
            for n in range(20):
                with self.assertRaises(TimeoutError):
                    await asyncio.wait_for(anext(watch), 0.001)
                self.sd["k"] = n
                self.assertEqual((await anext(watch)).key, "k")
            while threading.active_count() > before:
                await asyncio.sleep(0.001)

        asyncio.run(main())

    def test_ends(self) -> None:
        async def main() -> None:
            self.assertEqual([change async for change in self.sd.watch(timeout=0.02)], [])
            watch = self.sd.watch()
            waiting = asyncio.ensure_future(anext(watch))
            await asyncio.sleep(0)
            watch.close()
            with self.assertRaises(StopAsyncIteration):
                await waiting

        asyncio.run(main())

    def test_as_another_object(self) -> None:
        watch = SharedDict(self.sd).watch(timeout=0)
        self.sd["k"] = 1
        self.assertEqual(kinds(watch), [("put", "k")])
