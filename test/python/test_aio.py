"""`.aio`: the methods of SharedDict for code of asyncio."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import gc
import inspect
import logging
import pickle
import pydoc
import threading
import time
import weakref
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import shared_case
from erlang import Interrupted, SharedDict

HANG = 120  # seconds: a limit for what never ends, not a timing
LARGE = 64 << 20
VIEWS = ("keys", "values", "items")


def public_methods() -> list[str]:
    return [name for name in dir(SharedDict) if not name.startswith("_") and name != "handle"]


class Told:
    """What asyncio has told: slow callbacks by its logger, lost exceptions by the loop's handler."""

    def __init__(self) -> None:
        self.contexts: list[Any] = []
        self.records: list[str] = []

    def handle(self, _loop: Any, context: Any) -> None:
        self.contexts.append(context)

    @contextlib.contextmanager
    def listening(self) -> Any:
        handler = logging.Handler()
        handler.emit = lambda record: self.records.append(record.getMessage())  # type: ignore[method-assign]
        logger = logging.getLogger("asyncio")
        logger.addHandler(handler)
        before, logger.propagate = logger.propagate, False
        try:
            yield self
        finally:
            logger.removeHandler(handler)
            logger.propagate = before


class AioCase(shared_case.SharedCase):
    clock = staticmethod(time.thread_time)
    slow = 0.1  # seconds

    def run_async(self, main: Any) -> Any:
        """Runs main() in asyncio's debug mode: no callback is slow, and no exception is lost.

        Slow is what takes so much of the thread's processor time: not what others take the processor from.
        """
        told = Told()

        async def watched() -> Any:
            loop = asyncio.get_running_loop()
            loop.set_debug(True)
            loop.slow_callback_duration = self.slow
            loop.time = self.clock  # type: ignore[method-assign]
            loop.set_exception_handler(told.handle)
            await asyncio.sleep(0)  # from the next step on it is watched
            try:
                return await main()
            finally:
                await asyncio.sleep(0)

        with told.listening():
            outcome = asyncio.run(watched())
            gc.collect()
        self.assertEqual(told.contexts, [])
        self.assertEqual([text for text in told.records if "took" in text], [])
        return outcome


class Gate:
    """Pickles and unpickles only when it is told to; by its name, so that the stored value finds it."""

    known: dict[str, Gate] = {}

    def __init__(self, name: str, error: Exception | None = None) -> None:
        self.name = name
        self.error = error
        self.begun = threading.Event()
        self.open = threading.Event()
        self.threads: set[int] = set()
        Gate.known[name] = self

    def passed(self) -> Gate:
        self.threads.add(threading.get_ident())
        self.begun.set()
        if not self.open.wait(HANG):
            raise TimeoutError
        if self.error is not None:
            raise self.error
        return self

    def __reduce__(self) -> Any:
        if self.name.startswith("put"):
            self.passed()
        return _gate, (self.name,)


def _gate(name: str) -> Gate:
    return Gate.known[name] if name.startswith("put") else Gate.known[name].passed()


async def event(waited: threading.Event) -> None:
    """Waits for it without a thread of the default executor."""
    with ThreadPoolExecutor(1) as pool:
        assert await asyncio.get_running_loop().run_in_executor(pool, waited.wait, HANG)


class TestMethods(AioCase):
    def test_all_have_it(self) -> None:
        names = public_methods()
        self.assertIn("popitem", names)
        for name in names:
            aio = getattr(self.sd, name).aio
            self.assertEqual(aio.__name__, name)
            self.assertEqual(aio.__qualname__, f"SharedDict.{name}.aio")
            self.assertEqual(aio.__doc__, getattr(SharedDict, name).__doc__)
            self.assertEqual(aio.__module__, "erlang")
            self.assertIs(inspect.iscoroutinefunction(aio), name not in VIEWS, name)
            self.assertTrue(callable(getattr(SharedDict, name).aio))
        self.assertFalse(hasattr(self.sd.__reduce__, "aio"))

    def test_they_are_methods_as_others_are(self) -> None:
        put = self.sd.put
        self.assertIs(put.__self__, self.sd)
        self.assertEqual((put.__name__, put.__qualname__), ("put", "SharedDict.put"))
        self.assertEqual((SharedDict.put.__name__, SharedDict.put.__qualname__), ("put", "SharedDict.put"))
        self.assertEqual(SharedDict.put.__objclass__, SharedDict)
        self.assertEqual(repr(SharedDict.put), "<method 'put' of 'erlang.SharedDict' objects>")
        self.assertEqual(repr(put), f"<bound method SharedDict.put of {self.sd!r}>")
        self.assertTrue(put.__doc__.startswith("Stores the value"))
        self.assertTrue(inspect.isroutine(put) and inspect.isroutine(SharedDict.put))
        self.assertTrue(inspect.ismethoddescriptor(SharedDict.put))
        self.assertIs(SharedDict.put, SharedDict.__dict__["put"])
        self.assertIs(weakref.ref(put)(), put)

    def test_signatures(self) -> None:
        self.assertEqual(str(inspect.signature(self.sd.put)), "(key, value, /, *, skip_if_exists=False, ttl=None)")
        self.assertEqual(
            str(inspect.signature(SharedDict.put)), "(self, key, value, /, *, skip_if_exists=False, ttl=None)"
        )
        self.assertEqual(str(inspect.signature(self.sd.put.aio)), "(key, value, /, *, skip_if_exists=False, ttl=None)")
        self.assertEqual(str(inspect.signature(self.sd.items.aio)), "()")
        self.assertEqual(str(inspect.signature(self.sd.get.aio)), "(key, /, default=None, *, copy=False)")
        for name in public_methods():
            if "<unrepresentable>" in getattr(self.sd, name).__text_signature__:
                continue  # a default that cannot be written down, as with dict.pop
            inspect.signature(getattr(self.sd, name))
            inspect.signature(getattr(self.sd, name).aio)

    def test_help(self) -> None:
        text = pydoc.plain(pydoc.render_doc(SharedDict))
        for name in public_methods():
            self.assertRegex(text, rf"\n \|  {name}\(")
        self.assertIn(
            "put(key, value, /, *, skip_if_exists=False, ttl=None)", pydoc.plain(pydoc.render_doc(self.sd.put))
        )

    def test_equality_and_hash(self) -> None:
        other = SharedDict(shared_case.handle)
        self.assertTrue(self.sd.put == self.sd.put and not self.sd.put != self.sd.put)
        self.assertEqual(len({self.sd.put, self.sd.put, self.sd.get}), 2)
        self.assertNotEqual(self.sd.put, self.sd.get)
        self.assertNotEqual(self.sd.put, other.put)  # equal dicts, as with other methods
        self.assertNotEqual(self.sd.put, 1)

    def test_copies(self) -> None:
        for copied in (copy.copy(self.sd.put), copy.deepcopy(self.sd.put)):
            self.assertIs(copied("k", 1), True)
        self.assertEqual(self.sd["k"], 1)
        if self.sd.__reduce__():
            copied = pickle.loads(pickle.dumps(self.sd.put)) if not shared_case.IN_PORT else self.sd.put
            copied("k", 2)
        self.assertEqual(self.sd["k"], 2)
        self.assertIs(pickle.loads(pickle.dumps(SharedDict.put)), SharedDict.put)

    def test_wrong_calls(self) -> None:
        bad: Any
        for bad, wrong in (
            (lambda: self.sd.put("k"), "put"),
            (lambda: self.sd.put("k", 1, 2), "put"),
            (lambda: self.sd.put("k", 1, skip=True), "put"),
            (lambda: self.sd.put("k", value=1), "put"),
            (lambda: self.sd.clear(1), "clear"),
            (lambda: self.sd.contains(), "contains"),
            (lambda: self.sd.contains(key=1), "contains"),
            (lambda: self.sd.cas("k", 1, new=2), "cas"),
            (lambda: SharedDict.put(), "put"),
            (lambda: SharedDict.put({}, "k", 1), "put"),
            (lambda: SharedDict.put.__get__({}), "put"),
        ):
            self.assertRaisesRegex(TypeError, wrong, bad)
        with self.assertRaises(AttributeError):
            self.sd.put.aio = None
        with self.assertRaises(TypeError):
            SharedDict.put = None
        with self.assertRaises(AttributeError):
            self.sd.put.other
        self.assertRaises(TypeError, type(self.sd.put))
        self.assertRaises(TypeError, type(SharedDict.put))
        self.assertRaises(TypeError, SharedDict.put.at_once)
        self.assertRaises(TypeError, SharedDict.put.at_once, {}, "k", 1)
        self.assertEqual(len(self.sd), 0)

    def test_all_ways_to_call(self) -> None:
        many = ("key", "value")
        self.sd.put(*many)
        SharedDict.put(self.sd, "unbound", 1)
        put = self.sd.put
        put("bound", 2, skip_if_exists=False)
        put(*("many", 3), **{"skip_if_exists": True})
        self.assertIs(SharedDict.put(self.sd, "many", 4, **{"skip_if_exists": True}), False)
        self.assertEqual(list(map(self.sd.get, ("key", "unbound", "bound", "many"))), ["value", 1, 2, 3])
        self.assertEqual(self.sd.get("none", default=5), 5)
        self.assertEqual(SharedDict.pop(self.sd, "none", default=6), 6)
        self.assertRaises(ValueError, SharedDict.open, "no name")
        self.assertRaises(ValueError, self.sd.open, "no name")


class TestPage(AioCase):
    """modal's page, line by line."""

    def test_async_operations(self) -> None:
        cache = self.sd

        async def async_ops() -> tuple[Any, bool]:
            await cache.put.aio("key", "value")
            value = await cache.get.aio("key")
            exists = await cache.contains.aio("key")
            return value, exists

        self.assertEqual(self.run_async(async_ops), ("value", True))

    def test_the_other_sections(self) -> None:
        cache = self.sd

        async def main() -> None:
            await cache.put.aio("user:123", {"name": "Alice", "score": 100})
            self.assertEqual(await cache.get.aio("user:123"), {"name": "Alice", "score": 100})
            self.assertIsNone(await cache.get.aio("user:999", default=None))
            self.assertTrue(await cache.contains.aio("user:123"))
            self.assertEqual(await cache.pop.aio("user:123"), {"name": "Alice", "score": 100})
            self.assertIsNone(await cache.pop.aio("key", default=None))
            await cache.update.aio({"key1": "val1", "key2": "val2"})
            self.assertEqual([pair async for pair in cache.items.aio()], [("key1", "val1"), ("key2", "val2")])
            await cache.clear.aio()
            self.assertEqual([key async for key in cache.keys.aio()], [])
            self.assertTrue(await cache.put.aio("lock:resource", True, skip_if_exists=True))
            self.assertFalse(await cache.put.aio("lock:resource", True, skip_if_exists=True))
            await cache.pop.aio("lock:resource", default=None)
            self.assertFalse(await cache.contains.aio("lock:resource"))

        self.run_async(main)


class TestOutcomes(AioCase):
    def test_they_do_what_the_others_do(self) -> None:
        calls: list[tuple[str, tuple[Any, ...], Any]] = [
            ("put", ("k", [1]), True),
            ("put", ("large", "v" * 100_000), True),
            ("put", ("set", {1, 2}), True),
            ("get", ("k",), [1]),
            ("get", ("large",), "v" * 100_000),
            ("get", ("set",), {1, 2}),
            ("get", ("none", {9}), {9}),
            ("contains", ("set",), True),
            ("contains", ("none",), False),
            ("setdefault", ("k", 5), [1]),
            ("setdefault", ("d", {3}), {3}),
            ("setdefault", ("e", 3), 3),
            ("pop", ("large",), "v" * 100_000),
            ("pop", ("k",), [1]),
            ("pop", ("k", 0), 0),
            ("popitem", (), ("e", 3)),
            ("add", ("n", 5), 5),
            ("sub", ("n", 1), 4),
            ("bor", ("n", 3), 7),
            ("bxor", ("n", 1), 6),
            ("band", ("n", 2), 2),
            ("swap", ("n", 10), 2),
            ("inc", ("n",), 11),
            ("dec", ("n",), 10),
            ("cas", ("n", 10, 20), True),
            ("cas", ("n", 10, 20), False),
            ("cas", ("set", {1, 2}, "new"), True),
            ("cas", ("set", "old", "new"), False),
            ("get_many", (["n", "set", "none"],), {"n": 20, "set": "new"}),
            ("update", ({"a": 1, "b": {2}},), None),
            ("update", ([("a", 2)],), None),
            ("update", (), None),
            ("to_dict", (), {"set": "new", "d": {3}, "n": 20, "a": 2, "b": {2}}),
            ("copy", (), {"set": "new", "d": {3}, "n": 20, "a": 2, "b": {2}}),
            ("clear", (), None),
            ("to_dict", (), {}),
        ]

        async def main() -> None:
            for name, args, wanted in calls:
                self.assertEqual(await getattr(self.sd, name).aio(*args), wanted, (name, args))
                coroutine = getattr(SharedDict, name).aio(self.sd, *args)
                self.assertTrue(inspect.iscoroutine(coroutine))
                coroutine.close()
            await self.sd.update.aio(x=1, y=[2])
            self.assertEqual((await self.sd.info.aio())["keys"], 2)
            cell = await self.sd.cell.aio("x")
            self.assertEqual((cell.add(4), await self.sd.get.aio("x")), (1, 5))
            await self.sd.put.aio("text", "t" * 5000)
            self.assertEqual(bytes(await self.sd.view.aio("text")), b"t" * 5000)
            if not shared_case.IN_PORT:
                self.assertEqual(await SharedDict.open.aio(self.sd.handle), self.sd)
                self.assertEqual(await self.sd.open.aio(self.sd.handle), self.sd)

        self.run_async(main)

    def test_exceptions(self) -> None:
        cases: tuple[Any, ...] = (
            (KeyError, lambda: self.sd.pop.aio("none")),
            (KeyError, lambda: self.sd.popitem.aio()),
            (KeyError, lambda: self.sd.view.aio("none")),
            (TypeError, lambda: self.sd.put.aio(1.5, 1)),
            (TypeError, lambda: self.sd.put.aio("k")),
            (TypeError, lambda: self.sd.put.aio("k", (n for n in ()))),
            (TypeError, lambda: self.sd.update.aio(5)),
            (TypeError, lambda: self.sd.add.aio("k", "n")),
            (OverflowError, lambda: self.sd.get.aio(2**63)),
            (OverflowError, lambda: self.sd.add.aio("k", 2**63)),
            (ZeroDivisionError, lambda: self.sd.update.aio((1 // n, n) for n in (1, 0))),
            (ValueError, lambda: SharedDict.open.aio("no name")),
            (TypeError, lambda: SharedDict.put.aio({}, "k", 1)),
            (TypeError, lambda: SharedDict.clear.aio({})),
        )

        async def main() -> None:
            for error, call in cases:
                with self.assertRaises(error):
                    await call()

        self.run_async(main)
        self.assertEqual(len(self.sd), 0)

    def test_many_tasks(self) -> None:
        async def work(number: int) -> None:
            for n in range(20):
                await self.sd.add.aio("sum", 1)
                await self.sd.put.aio(number * 100 + n, {"n": n} if n % 2 else {n})

        async def main() -> None:
            async with asyncio.TaskGroup() as group:
                for number in range(1, 20):
                    group.create_task(work(number))

        self.run_async(main)
        self.assertEqual(self.sd["sum"], 19 * 20)
        self.assertEqual(len(self.sd), 19 * 20 + 1)


class TestWhere(AioCase):
    """What is done on the event loop's thread and what is not."""

    slow = 0.015  # to store or read 64 MiB takes longer

    def test_at_once(self) -> None:
        put, get, pop = SharedDict.put.at_once, SharedDict.get.at_once, SharedDict.pop.at_once
        small: Any
        for small in (None, True, 7, 1.5, "s" * 1000, b"b" * 16_000, [1, ["x"], {"k": (2,)}], {"a": [None] * 40}):
            self.assertIs(put(self.sd, "k", small), True)
            self.assertEqual(self.sd["k"], small)
        self.assertEqual(SharedDict.inc.at_once(self.sd, "n"), 1)
        self.assertIs(SharedDict.contains.at_once(self.sd, "n"), True)
        self.assertIsNone(SharedDict.update.at_once(self.sd, {"x": 1}, y=2))
        self.assertEqual(SharedDict.setdefault.at_once(self.sd, "x", 9), 1)
        self.assertIs(SharedDict.cas.at_once(self.sd, "x", 1, 3), True)
        self.assertEqual((get(self.sd, "x"), get(self.sd, "none", {9})), (3, {9}))
        self.assertEqual((pop(self.sd, "x"), pop(self.sd, "x", 0)), (3, 0))
        self.assertRaises(KeyError, pop, self.sd, "x")
        self.assertRaises(TypeError, put, self.sd, "k")

    def test_what_may_take_long_is_refused_and_nothing_done(self) -> None:
        self.sd["large"] = "v" * 20_000
        self.sd["object"] = {1}
        self.sd["list"] = [1]
        before = self.sd.to_dict()
        large: Any
        for large in (
            "v" * 16_385,
            b"v" * 20_000,
            "\u20ac" * 10_000,
            [0] * 65,
            {n: n for n in range(40)},
            2**64,
            {1},
            self.sd,
        ):
            self.assertIs(SharedDict.put.at_once(self.sd, "new", large), NotImplemented)
            self.assertIs(SharedDict.update.at_once(self.sd, new=large), NotImplemented)
            self.assertIs(SharedDict.setdefault.at_once(self.sd, "new", large), NotImplemented)
            self.assertIs(SharedDict.cas.at_once(self.sd, "list", [1], large), NotImplemented)
        deep: Any = []
        for _ in range(20):
            deep = [deep]
        self.assertIs(SharedDict.put.at_once(self.sd, "new", deep), NotImplemented)
        self.assertIs(SharedDict.put.at_once(self.sd, "k" * 20_000, 1), NotImplemented)
        for name in ("get", "pop"):
            for key in ("large", "object"):
                self.assertIs(getattr(SharedDict, name).at_once(self.sd, key), NotImplemented, (name, key))
        self.assertIs(SharedDict.setdefault.at_once(self.sd, "large", 1), NotImplemented)
        for name in ("clear", "copy", "to_dict", "popitem", "destroy"):
            self.assertIs(getattr(SharedDict, name).at_once(self.sd), NotImplemented, name)
        self.assertIs(SharedDict.get_many.at_once(self.sd, ["list"]), NotImplemented)
        self.assertEqual(self.sd.to_dict(), before)

    def test_python_code_of_values_runs_in_a_thread(self) -> None:
        put, get = Gate("put"), Gate("get")
        put.open.set()
        get.open.set()

        async def main() -> None:
            await self.sd.put.aio("k", put)
            await self.sd.put.aio("l", get)
            self.assertIs(await self.sd.get.aio("l"), get)

        self.run_async(main)
        self.assertTrue(put.threads and get.threads)
        self.assertNotIn(threading.get_ident(), put.threads | get.threads)

    def large_ones(self) -> Any:
        text, raw = "v" * LARGE, bytes(LARGE)
        listed = [str(n) for n in range(100_000)]

        async def main() -> None:
            sd = self.sd
            await sd.put.aio("text", text)
            await sd.update.aio({"raw": raw, "list": listed})
            self.assertEqual(len(await sd.get.aio("text")), LARGE)
            self.assertEqual(len(await sd.get.aio("raw")), LARGE)
            self.assertEqual(len(await sd.get_many.aio(["text"])), 1)
            self.assertEqual(len(await sd.view.aio("raw")), LARGE)
            self.assertIs(await sd.cas.aio("text", text, text), True)
            self.assertEqual(len(await sd.setdefault.aio("text", text)), LARGE)
            self.assertEqual(len(await sd.to_dict.aio()), 3)
            async for _key, value in sd.items.aio():
                self.assertGreaterEqual(len(value), 100_000)
            self.assertEqual(len(await sd.pop.aio("text")), LARGE)
            self.assertEqual((await sd.popitem.aio())[0], "list")
            await sd.clear.aio()

        return main

    def test_values_of_64_mib_keep_nobody_waiting(self) -> None:
        self.run_async(self.large_ones())

    def test_this_would_be_seen(self) -> None:
        self.sd["text"] = "v" * LARGE

        async def main() -> None:
            self.sd.get("text")
            await asyncio.sleep(0)

        with self.assertRaises(AssertionError):
            self.run_async(main)


class TestIteration(AioCase):
    def fill(self, count: int) -> dict[Any, Any]:
        content = {n: [n] if n % 2 else str(n) * (n % 7) for n in range(count)}
        self.sd.update(content)
        return content

    def test_all_kinds_of_it(self) -> None:
        async def main() -> None:
            for count in (0, 1, 255, 256, 257, 512, 3000):
                self.sd.clear()
                content = self.fill(count)
                self.assertEqual([key async for key in self.sd.keys.aio()], list(content))
                self.assertEqual([value async for value in self.sd.values.aio()], list(content.values()))
                self.assertEqual({k: v async for k, v in self.sd.items.aio()}, content)
                self.assertEqual([key async for key in self.sd.keys()], list(content))
                self.assertEqual([value async for value in self.sd.values()], list(content.values()))
                self.assertEqual({k: v async for k, v in self.sd.items()}, content)
                self.assertEqual({k: v async for k, v in SharedDict.items.aio(self.sd)}, content)

        self.run_async(main)

    def test_it_sees_one_moment(self) -> None:
        content = self.fill(2000)

        async def main() -> None:
            seen = {}
            async for key, value in self.sd.items.aio():
                if not seen:
                    self.sd.clear()
                    self.sd["new"] = 1
                seen[key] = value
            self.assertEqual(seen, content)
            self.assertEqual([pair async for pair in self.sd.items()], [("new", 1)])

        self.run_async(main)

    def test_batches_of_large_values_are_small(self) -> None:
        self.sd.update(dict.fromkeys(range(20), "v" * 600_000))
        iterator = self.sd._values()
        batch: list[Any] = []
        iterator.take(batch, 256, 1 << 20)
        self.assertEqual(len(batch), 2)
        iterator.take(batch, 256, 1)
        self.assertEqual(len(batch), 3)
        iterator.take(batch, 5, 1 << 40)
        self.assertEqual(len(batch), 8)
        iterator.take(batch, 256, 1 << 40)
        iterator.take(batch, 256, 1 << 40)
        self.assertEqual(len(batch), 20)
        self.assertRaises(TypeError, iterator.take, (), 1, 1)

    def test_an_exception_comes_in_its_place(self) -> None:
        bad = Gate("bad", ZeroDivisionError())
        bad.open.set()
        for key in range(4):
            self.sd[key] = bad if key == 2 else key

        async def main() -> None:
            iterator = self.sd.values.aio()
            self.assertEqual([await anext(iterator) for _ in range(2)], [0, 1])
            with self.assertRaises(ZeroDivisionError):
                await anext(iterator)
            self.assertEqual([value async for value in iterator], [3])
            with self.assertRaises(StopAsyncIteration):
                await anext(iterator)

        self.run_async(main)

    def test_steps_of_several_tasks(self) -> None:
        content = self.fill(3000)

        async def work(iterator: Any) -> list[Any]:
            return [key async for key in iterator]

        async def main() -> None:
            iterator = self.sd.keys.aio()
            parts = await asyncio.gather(*(work(iterator) for _ in range(3)))
            self.assertEqual(sorted(sum(parts, [])), list(content))

        self.run_async(main)

    def test_a_cancelled_step_loses_nothing(self) -> None:
        gate = Gate("step")
        self.sd.update({"a": 1, "b": gate, "c": 3})

        async def main() -> None:
            iterator = self.sd.items.aio()
            step = asyncio.create_task(anext(iterator))
            await event(gate.begun)
            step.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await step
            gate.open.set()
            self.assertEqual([key async for key, _ in iterator], ["a", "b", "c"])

        self.run_async(main)

    def test_one_that_is_left(self) -> None:
        self.fill(5000)
        self.sd.update({-n: "v" * 10_000 for n in range(1, 50)})

        async def main() -> None:
            async for _ in self.sd.items.aio():
                break
            async with contextlib.aclosing(self.sd.items.aio()) as iterator:
                await anext(iterator)
                self.assertGreater(self.sd.info()["pinned"], 0)
            self.assertEqual([pair async for pair in iterator], [])

        self.run_async(main)
        gc.collect()
        self.assertEqual(self.sd.info()["pinned"], 0)


class TestCancel(AioCase):
    async def cancel_in_the_midst(self, call: Coroutine[Any, Any, object], gate: Gate) -> None:
        """Of a call that comes to the gate; it ends when it has passed."""
        task = asyncio.create_task(call)
        await event(gate.begun)
        task.cancel()
        await asyncio.sleep(0)
        gate.open.set()
        with self.assertRaises(asyncio.CancelledError):
            await task

    def test_one_that_has_not_begun(self) -> None:
        async def main() -> None:
            busy, done = threading.Event(), threading.Event()
            loop = asyncio.get_running_loop()
            loop.set_default_executor(ThreadPoolExecutor(1))
            occupied = loop.run_in_executor(None, lambda: (busy.set(), done.wait(HANG)))
            await event(busy)
            task = asyncio.create_task(self.sd.put.aio("k", {1}))
            await asyncio.sleep(0)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task  # while the thread is occupied
            self.assertFalse(occupied.done())
            done.set()
            await occupied
            await self.sd.clear.aio()  # comes after it
            self.assertEqual(len(self.sd), 0)

        self.run_async(main)
        self.assertEqual(len(self.sd), 0)

    def test_a_change_that_has_begun(self) -> None:
        """It is given up before it stores anything, and has ended when the task has."""
        gate = Gate("put")

        async def main() -> None:
            task = asyncio.create_task(self.sd.put.aio("k", gate))
            await event(gate.begun)
            task.cancel()
            for _ in range(3):
                await asyncio.sleep(0)
                self.assertFalse(task.done())
            task.cancel()  # again
            await asyncio.sleep(0)
            self.assertFalse(task.done())
            gate.open.set()
            with self.assertRaises(asyncio.CancelledError):
                await task
            self.assertNotIn("k", self.sd)
            await self.sd.put.aio("k", {2})
            self.assertEqual(await self.sd.get.aio("k"), {2})

        self.run_async(main)

    def test_a_pop_that_has_begun_loses_no_value(self) -> None:
        gate = Gate("pop")
        self.sd["k"] = gate

        async def main() -> None:
            for name, args in (("pop", ("k",)), ("popitem", ())):
                gate.open.clear()
                gate.begun.clear()
                await self.cancel_in_the_midst(getattr(self.sd, name).aio(*args), gate)
                self.assertIn("k", self.sd)

        self.run_async(main)

    def test_an_update_that_has_begun(self) -> None:
        gate = Gate("put")

        async def main() -> None:
            await self.cancel_in_the_midst(self.sd.update.aio({"a": 1, "b": gate, "c": 3}), gate)
            self.assertEqual(len(self.sd), 0)

        self.run_async(main)

    def test_a_read_is_left_alone(self) -> None:
        for error in (None, ZeroDivisionError()):
            gate = Gate("get", error)
            self.sd["k"] = gate

            async def main(gate: Gate = gate) -> None:
                task = asyncio.create_task(self.sd.get.aio("k"))
                await event(gate.begun)
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task  # while the thread is in it
                gate.open.set()

            self.run_async(main)

    def test_exceptions_of_what_was_given_up_are_not_told(self) -> None:
        gate = Gate("put", ZeroDivisionError())

        async def main() -> None:
            await self.cancel_in_the_midst(self.sd.put.aio("k", gate), gate)

        self.run_async(main)

    def test_time_limits(self) -> None:
        gate = Gate("get")
        self.sd["k"] = gate
        self.clock = time.monotonic  # type: ignore[assignment]

        async def main() -> None:
            with self.assertRaises(TimeoutError):
                await asyncio.wait_for(self.sd.get.aio("k"), 0.01)
            gate.open.set()

        self.run_async(main)

    def test_done_before_the_cancel(self) -> None:
        """What takes microseconds is never half way when others run."""

        async def main() -> None:
            task = asyncio.create_task(self.sd.put.aio("k", 1))
            await asyncio.sleep(0)
            self.assertFalse(task.cancel())
            self.assertEqual(self.sd["k"], 1)

        self.run_async(main)

    def test_errand(self) -> None:
        from _erlang import Errand

        errand = Errand(lambda *args, **names: (args, names))
        self.assertEqual(errand.run(1, a=2), ((1,), {"a": 2}))
        self.assertRaises(Interrupted, errand.run)
        given_up = Errand(lambda: self.sd.put("k", 1))
        self.assertIs(given_up.give_up(), False)
        self.assertRaises(Interrupted, given_up.run)
        inner: Any = Errand(lambda: (self.sd.put("before", 1), inner.give_up(), self.sd.put("after", 1)))
        self.assertRaises(Interrupted, inner.run)
        self.assertEqual(list(self.sd), ["before"])
        self.sd["after"] = 1  # only within it
        self.assertRaises(ZeroDivisionError, Errand(lambda: 1 // 0).run)
        self.assertRaises(TypeError, Errand)


class TestWait(AioCase):
    clock = staticmethod(time.monotonic)
    slow = 10.0

    def threads(self) -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name.startswith("erlang-wait")]

    def tearDown(self) -> None:
        for thread in self.threads():
            thread.join(HANG)
            self.assertFalse(thread.is_alive())

    def test_what_is_there(self) -> None:
        self.sd.update(small=1, object={1})

        async def main() -> None:
            self.assertEqual(await self.sd.wait.aio("small"), 1)
            self.assertEqual(await self.sd.wait.aio("object"), {1})
            self.assertEqual(await self.sd.wait.aio("small", 1), 1)
            self.assertEqual(await self.sd.wait.aio("small", lambda value: value == 1, timeout=0), 1)
            self.assertEqual(await self.sd.wait_change.aio("small", 0), self.sd.version("small"))
            self.assertEqual(await self.sd.version.aio("small"), self.sd.version("small"))

        self.run_async(main)

    def test_what_comes(self) -> None:
        async def main() -> None:
            waits = [asyncio.create_task(self.sd.wait.aio("k", n)) for n in range(40)]
            first = asyncio.create_task(self.sd.wait.aio("k"))
            # More than the executor has threads; it does its work all the same.
            await self.sd.put.aio("other", {1})
            self.assertEqual(await self.sd.get.aio("other"), {1})
            for n in range(40):
                await self.sd.put.aio("k", n)
                self.assertEqual(await waits[n], n)
            self.assertIn(await first, range(40))

        self.run_async(main)

    def test_what_does_not_come(self) -> None:
        async def main() -> None:
            with self.assertRaises(TimeoutError):
                await self.sd.wait.aio("k", timeout=0.01)
            with self.assertRaises(ValueError):
                await self.sd.wait.aio("k", timeout=-1)
            with self.assertRaises(TypeError):
                await self.sd.wait.aio(1.5)
            with self.assertRaises(TypeError):
                await self.sd.wait.aio()
            self.sd["k"] = 1
            with self.assertRaises(ZeroDivisionError):
                await self.sd.wait.aio("k", lambda value: value / 0)

        self.run_async(main)

    def test_cancelled(self) -> None:
        async def main() -> None:
            calls = (self.sd.wait.aio("k"), self.sd.wait_change.aio("k", 0), self.sd.wait.aio("k", {1}))
            tasks = [asyncio.create_task(call) for call in calls]
            while len(self.threads()) < 3:
                await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            for task in tasks:
                with self.assertRaises(asyncio.CancelledError):
                    await task
            with self.assertRaises(TimeoutError):
                await asyncio.wait_for(self.sd.wait.aio("k"), 0.01)

        self.run_async(main)  # and then the threads are gone


class TestInstead(AioCase):
    def test_a_method_may_have_its_own(self) -> None:
        from erlang import _aio

        self.addCleanup(_aio._own.pop, "popitem", None)

        @_aio.instead_of("popitem")
        async def patient(self: Any, /, *args: Any) -> Any:
            return "own", self, args

        made = _aio.function_of(SharedDict.popitem)
        self.assertIs(made, patient)
        self.assertEqual(made.__qualname__, "SharedDict.popitem.aio")

        async def main() -> Any:
            return await made(self.sd, 1)

        self.assertEqual(self.run_async(main), ("own", self.sd, (1,)))
