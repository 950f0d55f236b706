"""Watching in ordinary processes: what others do, also when they are killed."""

import asyncio
import threading

from erlang import SharedDict, Table
from process_case import HANG, TableCase, ended, process


def write(sd, count):
    for n in range(count):
        sd[f"key {n % 10}"] = n


def write_for_ever(sd):
    n = 0
    while True:
        sd[n % 10] = "v" * (n % 200)
        n += 1


class TestProcesses(TableCase):
    def test_what_another_process_does(self):
        watch = self.sd.watch(timeout=HANG)
        other = process("spawn", write, self.sd, 100)
        keys = [next(watch).key for _ in range(100)]
        ended(other)
        self.assertEqual(keys, [f"key {n % 10}" for n in range(100)])

    def test_killed_writers(self):
        watch = self.sd.watch(timeout=HANG)
        last = {}
        for _ in range(5):
            other = process("fork", write_for_ever, self.sd)
            for _ in range(300):
                change = next(watch)
                if change.key is not None:
                    self.assertGreater(change.version, last.get(change.key, 0))
                    last[change.key] = change.version
            other.kill()
            other.join()
        self.sd["last"] = 1
        for change in watch:
            if change.key == "last":
                break
            last[change.key] = change.version
        for key in self.sd:
            self.assertEqual(last.get(key, self.sd.version(key)), self.sd.version(key))

    def test_the_end_of_the_dict(self):
        watch = self.sd.watch("k")
        thread = threading.Thread(target=self.sd.destroy)
        thread.start()
        self.assertEqual(list(watch), [("destroyed", None, 0)])
        thread.join()
        self.assertRaises(RuntimeError, self.sd.watch)

    def test_the_end_of_the_dict_in_a_task(self):
        async def main():
            watch = self.sd.watch()
            waiting = asyncio.ensure_future(anext(watch))
            await asyncio.sleep(0)
            self.sd.destroy()
            self.assertEqual((await waiting).kind, "destroyed")
            self.assertEqual([change async for change in watch], [])

        asyncio.run(main())

    def test_closing_the_table_is_an_error(self):
        table = Table.attach(self.table.path)
        watch = SharedDict(table.dicts()[0]).watch()
        thread = threading.Thread(target=table.close)
        thread.start()
        self.assertRaises(ValueError, next, watch)
        thread.join()

    def test_memory_comes_back(self):
        used = self.table.info()["used"]
        for _ in range(20):
            sd = self.table.dict()
            list(sd.watch(timeout=0))
            sd.destroy()
        self.assertLess(self.table.info()["used"], used + 100_000)
