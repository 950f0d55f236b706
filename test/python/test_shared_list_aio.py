"""`.aio`: the methods of SharedList for code of asyncio."""

from __future__ import annotations

import asyncio
import inspect
import pickle
import pydoc
import threading
import weakref
from typing import Any

import shared_case
import test_aio
from erlang import SharedList


def public_methods() -> list[str]:
    return [name for name in dir(SharedList) if not name.startswith("_") and name != "handle"]


class ListCase(test_aio.AioCase):
    def setUp(self) -> None:
        super().setUp()
        self.list: Any = self.sd.nest_list("list")


class TestMethods(ListCase):
    def test_all_have_it(self) -> None:
        names = public_methods()
        self.assertTrue({"append", "extend", "insert", "pop", "remove", "reverse", "new"} <= set(names))
        for name in names:
            aio = getattr(self.list, name).aio
            self.assertEqual((aio.__name__, aio.__qualname__), (name, f"SharedList.{name}.aio"))
            self.assertEqual((aio.__doc__, aio.__module__), (getattr(SharedList, name).__doc__, "erlang"))
            self.assertTrue(inspect.iscoroutinefunction(aio), name)
            self.assertTrue(callable(getattr(SharedList, name).aio))
            self.assertEqual(
                inspect.signature(aio).parameters, inspect.signature(getattr(self.list, name)).parameters, name
            )
        self.assertEqual(str(inspect.signature(self.list.pop)), "(index: 'int' = -1) -> 'Any'")
        self.assertEqual(list(inspect.signature(SharedList.pop).parameters), ["self", "index"])

    def test_they_are_methods_as_others_are(self) -> None:
        append = self.list.append
        self.assertIs(append.__self__, self.list)
        self.assertEqual((append.__name__, append.__qualname__), ("append", "SharedList.append"))
        self.assertEqual(repr(append), f"<bound method SharedList.append of {self.list!r}>")
        self.assertTrue(inspect.isroutine(append) and inspect.isroutine(SharedList.append))
        self.assertIs(weakref.ref(append)(), append)
        self.assertTrue(append == self.list.append and append != self.list.pop)
        append(1)
        append(*(2,))
        SharedList.append(self.list, 3)
        SharedList.append(self.list, value=4)
        self.assertEqual((self.list.pop(index=0), self.list.pop(*(0,))), (1, 2))
        if not shared_case.IN_PORT:
            pickle.loads(pickle.dumps(append))(5)
            self.assertEqual(self.list.pop(), 5)
        self.assertEqual(self.list, [3, 4])
        text = pydoc.plain(pydoc.render_doc(SharedList))
        for name in public_methods():
            self.assertRegex(text, rf"\n \|  {name}\(")

    def test_wrong_calls(self) -> None:
        for wrong in (
            lambda: self.list.append(),
            lambda: self.list.append(1, 2),
            lambda: self.list.pop(at=1),
            lambda: SharedList.append(),
            lambda: self.list.reverse(1),
        ):
            self.assertRaises(TypeError, wrong)
        with self.assertRaises(AttributeError):
            self.list.append.other
        with self.assertRaises(AttributeError):
            self.list.append.aio = None

    def test_of_a_subclass(self) -> None:
        class Mine(SharedList):
            def append(self, value: Any) -> None:
                super().append([value])

        mine: Any = Mine.new((1,), table=self.sd)
        self.assertIs(type(mine), Mine)

        async def main() -> None:
            mine.append(2)
            await mine.extend.aio([3])
            self.assertEqual(await mine.to_list.aio(), [1, [2], 3])
            other = await Mine.new.aio([4], table=self.sd)
            self.assertEqual((type(other), other.to_list()), (Mine, [4]))
            await other.destroy.aio()

        self.run_async(main)
        mine.destroy()


class TestOutcomes(ListCase):
    def test_they_do_what_the_others_do(self) -> None:
        calls: list[tuple[str, tuple[Any, ...], Any]] = [
            ("append", (1,), None),
            ("append", ("v" * 100_000,), None),
            ("append", ({1, 2},), None),
            ("extend", ([3, [4]],), None),
            ("extend", ((5, {6}),), None),
            ("extend", ("ab",), None),
            ("extend", ((n for n in (7, 8)),), None),
            ("insert", (0, "first"), None),
            ("insert", (-1, {9}), None),
            ("index", ("a",), 8),
            ("count", (1,), 1),
            ("pop", (), 8),
            ("pop", (-1,), {9}),
            ("pop", (0,), "first"),
            ("remove", ([4],), None),
            ("reverse", (), None),
            ("to_list", (), [7, "b", "a", {6}, 5, 3, {1, 2}, "v" * 100_000, 1]),
            ("copy", (), [7, "b", "a", {6}, 5, 3, {1, 2}, "v" * 100_000, 1]),
            ("pop", (), 1),
            ("pop", (), "v" * 100_000),
            ("pop", (), {1, 2}),
            ("clear", (), None),
            ("to_list", (), []),
        ]

        async def main() -> None:
            for name, args, wanted in calls:
                self.assertEqual(await getattr(self.list, name).aio(*args), wanted, (name, args))
            self.assertEqual((await self.list.info.aio())["keys"], 0)
            made = await SharedList.new.aio([1, 2], table=self.sd)
            await SharedList.append.aio(made, 3)
            self.assertEqual([one async for one in made], [1, 2, 3])
            await made.destroy.aio()
            self.assertRaises(RuntimeError, len, made)

        self.run_async(main)

    def test_exceptions(self) -> None:
        cases: tuple[Any, ...] = (
            (IndexError, lambda: self.list.pop.aio()),
            (IndexError, lambda: self.list.pop.aio(5)),
            (TypeError, lambda: self.list.pop.aio("0")),
            (TypeError, lambda: self.list.pop.aio(0, 1)),
            (TypeError, lambda: self.list.append.aio()),
            (TypeError, lambda: self.list.append.aio(n for n in ())),
            (TypeError, lambda: self.list.extend.aio(5)),
            (TypeError, lambda: self.list.insert.aio("0", 1)),
            (ValueError, lambda: self.list.remove.aio(1)),
            (ValueError, lambda: self.list.index.aio(1)),
            (ZeroDivisionError, lambda: self.list.extend.aio(1 // n for n in (1, 0))),
        )

        async def main() -> None:
            for error, call in cases:
                with self.assertRaises(error):
                    await call()

        self.run_async(main)
        self.assertEqual(self.list, [])

    def test_many_tasks(self) -> None:
        popped: list[Any] = []

        async def work(number: int) -> None:
            for n in range(20):
                await self.list.append.aio((number, n) if n % 2 else {number, n + 100})
                await self.list.extend.aio([(number, n, 0)] * 2)
                popped.append(await self.list.pop.aio(0 if n % 3 else -1))

        async def main() -> None:
            async with asyncio.TaskGroup() as group:
                for number in range(20):
                    group.create_task(work(number))

        self.run_async(main)
        rest = self.list.to_list()
        self.assertEqual((len(popped), len(rest)), (400, 800))
        expected = [(a, b) if b % 2 else {a, b + 100} for a in range(20) for b in range(20)]
        expected += [(a, b, 0) for a in range(20) for b in range(20)] * 2
        self.assertEqual(sorted(popped + rest, key=repr), sorted(expected, key=repr))


class TestWhere(ListCase):
    """What is done on the event loop's thread and what is not."""

    slow = 0.015

    def test_at_once(self) -> None:
        append, extend, pop = SharedList.append.at_once, SharedList.extend.at_once, SharedList.pop.at_once
        self.assertIsNone(append(self.list, [1, "x"]))
        self.assertIsNone(extend(self.list, (2, 3)))
        self.assertEqual((pop(self.list), pop(self.list, -1)), (3, 2))
        self.assertEqual(self.list, [[1, "x"]])

    def test_what_may_take_long_is_refused_and_nothing_done(self) -> None:
        append, extend, pop = SharedList.append.at_once, SharedList.extend.at_once, SharedList.pop.at_once
        for large in ("v" * 20_000, {1}, [0] * 65, self.sd):
            self.assertIs(append(self.list, large), NotImplemented)
            self.assertIs(extend(self.list, [large]), NotImplemented)
        for other in ("text", {"k": 1}, iter([1]), range(3)):
            self.assertIs(extend(self.list, other), NotImplemented)
        self.list += ["v" * 20_000, {1}]
        for last in ({1}, "v" * 20_000):
            self.assertIs(pop(self.list), NotImplemented)
            self.assertEqual(self.list.pop(), last)
        self.list += [1, 2]
        self.assertIs(pop(self.list, 0), NotImplemented)
        for name in ("to_list", "copy", "clear", "reverse", "destroy", "info"):
            self.assertIs(getattr(SharedList, name).at_once(self.list), NotImplemented, name)
        self.assertIs(SharedList.insert.at_once(self.list, 0, 1), NotImplemented)
        self.assertEqual(self.list, [1, 2])

    def test_python_code_of_values_runs_in_a_thread(self) -> None:
        put, get = test_aio.Gate("put list"), test_aio.Gate("get list")
        put.open.set()
        get.open.set()

        async def main() -> None:
            await self.list.append.aio(put)
            await self.list.extend.aio([get])
            self.assertIs(await self.list.pop.aio(), get)

        self.run_async(main)
        self.assertTrue(put.threads and get.threads)
        self.assertNotIn(threading.get_ident(), put.threads | get.threads)

    def test_long_lists_keep_nobody_waiting(self) -> None:
        async def main() -> None:
            await self.list.extend.aio(range(100_000))
            await self.list.reverse.aio()
            await self.list.insert.aio(0, "first")
            self.assertEqual(await self.list.pop.aio(1), 99_999)
            self.assertEqual(len(await self.list.to_list.aio()), 100_000)
            count = 0
            async for _one in self.list:
                count += 1
                if count > 20_000:
                    break
            await self.list.clear.aio()

        self.run_async(main)

    def test_what_is_given_up_is_not_done(self) -> None:
        gate = test_aio.Gate("put given up")

        async def main() -> None:
            task = asyncio.ensure_future(self.list.append.aio(gate))
            await test_aio.event(gate.begun)
            task.cancel()
            await asyncio.sleep(0)
            gate.open.set()
            with self.assertRaises(asyncio.CancelledError):
                await task

        self.run_async(main)
        self.assertEqual(self.list, [])


class TestIteration(ListCase):
    def test_one_moment_in_order(self) -> None:
        self.list.extend(range(1000))

        async def main() -> list[Any]:
            seen = []
            async for one in self.list:
                seen.append(one)
                if one == 0:
                    await self.list.clear.aio()
            return seen

        self.assertEqual(self.run_async(main), list(range(1000)))
        self.assertEqual(self.list, [])
