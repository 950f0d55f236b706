"""`.aio` beside other processes, in interpreters with a GIL each, and at the end of both.

What it does by itself is in test/python/test_aio.py, which test_dicts runs here as well.
"""

import _interpreters
import asyncio
import inspect
import os
import signal
import sys

from erlang import SharedDict
from process_case import HANG, TableCase, forked, process, script

USE = """
import asyncio

async def use(sd):
    await sd.put.aio("small", 1)
    await sd.put.aio("object", {1, 2})
    await sd.put.aio("large", "v" * 1_000_000)
    assert await sd.get.aio("object") == {1, 2}
    assert {key async for key, _ in sd.items()} >= {"small", "object", "large"}
    assert len(await sd.pop.aio("large")) == 1_000_000
"""
# With an event loop that is never closed, whose threads have nothing to do.
LEFT = USE + "loop = asyncio.new_event_loop()\nloop.run_until_complete(use(sd))\n"


def write_for_ever(sd):
    content = dict.fromkeys(range(20_000))
    while True:
        sd.update(content)


class Writer:
    """A process that is stopped while it holds one dict, and no more than that."""

    def __init__(self, sd, other):
        self.process = process("spawn", write_for_ever, sd)
        while not self.stopped_with(sd, other):  # it has the lock most of the time
            self.go_on()

    def stopped_with(self, sd, other):
        os.kill(self.process.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)
        held = SharedDict.put.at_once(sd, "probe", 0) is NotImplemented
        return held and SharedDict.put.at_once(other, "probe", "v" * 10_000) is True

    def go_on(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.join(HANG)


class TestAHeldDict(TableCase):
    def setUp(self):
        super().setUp()
        self.other = self.table.dict()
        self.writer = Writer(self.sd, self.other)
        self.addCleanup(self.writer.kill)

    def test_the_loop_goes_on_while_another_process_holds_it(self):
        other = self.other

        async def main():
            calls = (
                self.sd.put.aio("x", 1),
                self.sd.add.aio("n", 1),
                self.sd.update.aio(y=2),
                self.sd.setdefault.aio("z", 3),
                self.sd.cas.aio("none", 1, 2),
                self.sd.put.aio("new", 1, skip_if_exists=True),
            )
            tasks = [asyncio.create_task(call) for call in calls]
            for n in range(200):
                await other.put.aio("n", n)
                await asyncio.sleep(0)
            self.assertFalse(any(task.done() for task in tasks))
            self.writer.go_on()
            await asyncio.wait_for(asyncio.gather(*tasks), HANG)

        asyncio.run(main())
        self.assertEqual((other["n"], self.sd["x"], self.sd["n"], self.sd["y"], self.sd["z"]), (199, 1, 1, 2, 3))

    def test_cancelled_while_it_waits_for_the_lock(self):
        """Its moment is to come: it is done entirely, and then the task has ended."""

        async def main():
            task = asyncio.create_task(self.sd.put.aio("x", 1))
            await asyncio.to_thread(lambda: None)  # a thread of the executor is at it, or has been
            task.cancel()
            await asyncio.sleep(0)
            self.writer.go_on()
            with self.assertRaises(asyncio.CancelledError):
                await asyncio.wait_for(task, HANG)
            return self.sd.contains("x")

        there = asyncio.run(main())
        self.writer.kill()
        self.assertEqual("x" in self.sd, there)


class TestInterpreters(TableCase):
    def run_in(self, interpreter, code):
        failed = _interpreters.exec(interpreter, code)
        if failed:
            raise AssertionError(failed.formatted)

    def interpreter(self):
        made = _interpreters.create("isolated")
        name = self.sd.handle
        self.run_in(
            made,
            f"import sys; sys.path[:0] = {sys.path!r}\nfrom erlang import SharedDict\nsd = SharedDict.open({name!r})",
        )
        return made

    def test_each_has_its_own(self):
        made = [self.interpreter() for _ in range(3)]
        for interpreter in made:
            self.run_in(interpreter, USE + "asyncio.run(use(sd))")
        asyncio.run(self.use_here())
        for interpreter in made:
            _interpreters.destroy(interpreter)
        asyncio.run(self.use_here())
        self.assertEqual(self.sd["object"], {1, 2})

    async def use_here(self):
        await self.sd.put.aio("k", {3})
        self.assertEqual(await self.sd.get.aio("k"), {3})

    def end_after(self, code):
        """An interpreter with a loop that is left as it is after this."""
        one = self.interpreter()
        self.run_in(one, LEFT + code)
        _interpreters.destroy(one)

    def test_the_end_of_one_waits_for_no_idle_thread(self):
        self.end_after("")
        self.assertEqual(self.sd["object"], {1, 2})

    def test_the_end_of_one_that_was_in_the_midst(self):
        self.end_after(
            """
async def begin():
    tasks = [asyncio.create_task(sd.put.aio(n, "v" * 1_000_000)) for n in range(20)]
    iterator = sd.items.aio()
    await anext(iterator)

loop.set_exception_handler(lambda *_: None)  # tells of tasks that nobody ended
loop.run_until_complete(begin())
""",
        )
        self.pinned_is(0)

    def test_the_end_of_one_that_waits(self):
        self.end_after(
            """
async def begin():
    for key in ("never", "nor this"):
        tasks.append(asyncio.create_task(sd.wait.aio(key)))
    await asyncio.sleep(0)
    await sd.put.aio("k", {1})

tasks = []
loop.run_until_complete(begin())
loop.set_exception_handler(lambda *_: None)
""",
        )
        self.assertEqual(self.sd["k"], {1})


class TestProcesses(TableCase):
    def test_a_process_that_leaves_its_loop(self):
        start = "import sys\nfrom erlang import SharedDict\nsd = SharedDict.open(sys.argv[1])\n"
        self.assertEqual(script(start + LEFT, self.sd.handle), "")
        self.assertEqual(self.sd["object"], {1, 2})

    def test_asyncio_is_imported_with_the_first_one_alone(self):
        code = "import sys, erlang; erlang.SharedDict.open(sys.argv[1]).put('k', 1); print('asyncio' in sys.modules)"
        self.assertEqual(script(code, self.sd.handle), "False\n")

    def test_in_a_forked_child(self):
        space = {}
        exec(USE, space)
        asyncio.run(space["use"](self.sd))
        loop = asyncio.new_event_loop()
        loop.run_until_complete(space["use"](self.sd))  # its threads are the parent's alone
        self.assertEqual(forked(lambda: asyncio.run(space["use"](self.sd))), 0)
        loop.close()

    def test_a_destroyed_dict(self):
        async def main():
            iterator = self.sd.items.aio()
            self.sd.destroy()
            for call in (
                lambda: self.sd.put.aio("k", 1),
                lambda: self.sd.put.aio("k", {1}),
                lambda: self.sd.get.aio("k"),
                lambda: self.sd.clear.aio(),
                lambda: anext(iterator),
            ):
                with self.assertRaisesRegex(RuntimeError, "destroyed"):
                    await call()
            await self.sd.destroy.aio()

        asyncio.run(main())

    def test_a_closed_table(self):
        async def main():
            self.table.close()
            for value in (1, {1}):
                with self.assertRaises(ValueError):
                    await self.sd.put.aio("k", value)

        asyncio.run(main())

    def test_names(self):
        async def main():
            return await SharedDict.open.aio(self.sd.handle)

        self.assertEqual(asyncio.run(main()), self.sd)
        self.assertTrue(inspect.iscoroutinefunction(SharedDict.open.aio))
