"""SharedLists of several processes and interpreters at once: nobody sees half a change."""

import _interpreters
import os
import random
import signal
import sys
from threading import Thread

from erlang import SharedList
from process_case import HANG, START_METHODS, TableCase, ended, process

TURNS = 300
BLOCK = 8  # elements that come and go together


def churn(items, number, turns=TURNS):
    """Puts in blocks of equal elements, and takes them out as slices; all blocks are whole at all times."""
    chance = random.Random(number)
    for turn in range(turns):
        mark = (number, turn, "x" * (turn % 40))
        items[0:0] = [mark] * BLOCK
        items.extend([mark] * BLOCK)
        del items[-BLOCK:]
        if chance.random() < 0.5:
            items.reverse()
        if chance.random() < 0.3:
            items[:BLOCK] = [mark] * BLOCK
        if chance.random() < 0.8:
            del items[:BLOCK]


def broken(seen):
    """What is wrong with a list that consists of whole blocks."""
    if len(seen) % BLOCK:
        return f"{len(seen)} elements"
    for at in range(0, len(seen), BLOCK):
        if any(one != seen[at] for one in seen[at : at + BLOCK]):
            return f"a torn block at {at} of {len(seen)}"
    return None


def watch(items, count):
    for turn in range(count):
        seen = (items.to_list(), items[:], list(items), items[:BLOCK], items[-BLOCK:])[turn % 5]
        wrong = broken(seen)
        if wrong:
            raise AssertionError(wrong)


def both(items, number):
    churn(items, number)
    watch(items, 50)


def without_end(items, number):
    churn(items, number, sys.maxsize)


IN_INTERPRETER = (
    "import sys; sys.path[:0] = {path!r}; from erlang import SharedDict; import test_shared_lists\n"
    "test_shared_lists.both(SharedDict.open({name!r}), {number})"
)


class TestTogether(TableCase):
    def setUp(self):
        super().setUp()
        self.list = self.sd.nest_list("list")

    def test_processes(self):
        for method in START_METHODS:
            with self.subTest(method=method):
                workers = [process(method, churn, self.list, number) for number in range(2)]
                try:
                    while any(worker.is_alive() for worker in workers):
                        watch(self.list, 20)
                finally:
                    for worker in workers:
                        ended(worker)
                self.assertIsNone(broken(self.list.to_list()))
        self.pinned_is(0)

    def test_interpreters(self):
        failures = []

        def work(number):
            made = _interpreters.create("isolated")
            try:
                code = IN_INTERPRETER.format(path=sys.path, name=self.list.handle, number=number)
                failed = _interpreters.exec(made, code)
                if failed:
                    failures.append(failed.formatted)
            finally:
                _interpreters.destroy(made)

        threads = [Thread(target=work, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        try:
            while any(thread.is_alive() for thread in threads):
                watch(self.list, 20)
        finally:
            for thread in threads:
                thread.join(HANG)
        self.assertEqual(failures, [])
        self.assertIsNone(broken(self.list.to_list()))

    def test_killed_in_the_middle(self):
        for turn in range(10):
            worker = process("fork", without_end, self.list, turn)
            watch(self.list, 40 + turn)
            os.kill(worker.pid, signal.SIGKILL)
            worker.join(HANG)
            self.assertIsNone(broken(self.list.to_list()))
            del self.list[BLOCK:]
            self.list.reverse()
            self.assertIn(len(self.list), (0, BLOCK))

    def test_each_deletes_its_own(self):
        self.list.extend(range(4000))
        workers = [process("fork", take_some, self.list, 100) for _ in range(4)]
        for worker in workers:
            ended(worker)
        self.assertEqual(self.list, list(range(2000, 4000)))

    def test_this_would_be_seen(self):
        self.list.extend([1] * (BLOCK - 1))
        with self.assertRaises(AssertionError):
            watch(self.list, 1)
        self.list.extend([2] * (BLOCK + 1))
        with self.assertRaises(AssertionError):
            watch(self.list, 1)

    def test_limits(self):
        small = type(self.table).create(max_dict_keys=10)
        self.addCleanup(small.unlink)
        items = SharedList.new(range(8), table=small)
        with self.assertRaises(MemoryError):
            items[2:4] = range(5)
        self.assertEqual(items, list(range(8)))
        items[2:4] = range(4)
        self.assertEqual(len(items), 10)
        items[:] = range(10)
        self.assertEqual(items, list(range(10)))


def take_some(items, times):
    for _ in range(times):
        del items[:5]
