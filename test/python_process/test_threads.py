"""Threads of one process: the GIL is let go of around the table, and no lock is ever held with it."""

import sys
import threading
import time

from erlang import SharedDict, Table
from process_case import HANG, TableCase


class Reading:
    """A value that reads and writes its own dict while it is pickled and while it is loaded."""

    def __init__(self, sd):
        self.sd = sd

    def __reduce__(self):
        self.sd["dumped"] = self.sd.get("dumped", 0) + 1
        return load, (self.sd, "x" * 20_000)


def load(sd, text):
    sd["loaded"] = "y" * 20_000
    assert sd["loaded"] == "y" * 20_000
    return text


def together(*works):
    """Runs the functions at once, each in a thread; raises what one of them raised."""
    failures = []

    def run(work):
        try:
            work()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(HANG)
        if thread.is_alive():
            raise AssertionError("a thread hangs")
    if failures:
        raise failures[0]


class TestThreads(TableCase):
    def test_one_dict(self):
        def work(number):
            def run():
                for count in range(500):
                    value = [number, count] * (count % 100)
                    self.sd["shared"] = value
                    found = self.sd["shared"]
                    assert len(set(found[::2])) <= 1, found
                    self.sd[number] = value
                    assert self.sd[number] == value
                    if count % 10 == 0:
                        del self.sd[number]
                        assert number not in self.sd
                    assert "shared" in self.sd.keys()

            return run

        together(*map(work, range(6)))
        self.assertLessEqual(len(self.sd), 7)
        self.pinned_is(0)

    def test_values_that_use_their_own_dict(self):
        def work():
            for _ in range(100):
                self.sd["v"] = Reading(self.sd)
                assert self.sd["v"] == "x" * 20_000

        self.sd["dumped"] = 0
        together(work, work, work)
        self.assertGreaterEqual(self.sd["dumped"], 100)
        self.pinned_is(0)

    def test_a_value_that_goes_while_it_is_read(self):
        def read():
            for _ in range(300):
                try:
                    assert self.sd["v"] in ("x" * 50_000, "y" * 60_000)
                except KeyError:
                    pass

        def write():
            for _ in range(300):
                self.sd["v"] = "x" * 50_000
                self.sd["v"] = "y" * 60_000
                del self.sd["v"]

        together(read, read, write)
        self.pinned_is(0)

    def test_destroyed_and_closed_while_in_use(self):
        for end in (SharedDict.destroy, None):
            for _ in range(20):
                table = Table.attach(self.table.path)
                sd = table.dict()

                def use(sd=sd):
                    try:
                        while True:
                            sd["k"] = ["x"] * 1000
                            assert sd["k"] == ["x"] * 1000
                            list(sd.keys())
                    except (RuntimeError, ValueError) as error:
                        assert "destroyed" in str(error) or "closed" in str(error), error
                    except KeyError:
                        pass

                together(use, use, table.close if end is None else lambda: end(sd))
        self.pinned_is(0)

    def test_attaching_at_once(self):
        tables = []

        def attach():
            for _ in range(50):
                table = Table.attach(self.table.path)
                table.dicts()
                tables.append(table)
                del table
                tables.pop()

        together(*[attach] * 4)
        self.assertEqual(self.table.info()["processes"], 1)

    def test_others_run_while_the_table_is_at_work(self):
        # No thread is made to let go of the GIL here: the ticking one runs when another lets go by itself. To look for
        # a key, or at a small value, takes no lock, and so no longer than what Python itself does with a dict.
        before = sys.getswitchinterval()
        self.addCleanup(sys.setswitchinterval, before)
        ticks = [0]
        done = threading.Event()

        def tick():
            while not done.is_set():
                ticks[0] += 1
                time.sleep(0)

        thread = threading.Thread(target=tick)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(done.set)
        sys.setswitchinterval(1000)
        for number in range(1000):
            self.sd[number] = None
        self.sd["large"] = "v" * 5000
        for work in (
            lambda: self.sd.get("large"),
            lambda: self.sd.get_many([1]),
            lambda: self.sd.update({1: 1}),
            lambda: self.sd.__setitem__(1, 1),
            lambda: self.sd.__setitem__(1, [1]),
            lambda: (self.sd.__setitem__("d", 1), self.sd.__delitem__("d")),
            lambda: self.sd.pop("d", None),
            lambda: self.sd.put("d", 1, skip_if_exists=True),
            lambda: list(self.sd.keys()),
            lambda: list(self.sd.items()),
            self.sd.copy,
            self.sd.info,
            self.table.info,
            self.table.dicts,
            lambda: Table.attach(self.table.path),
        ):
            start = ticks[0]
            for _ in range(100_000):
                work()
                if ticks[0] != start:
                    break
            else:
                self.fail(f"nobody else runs during {work}")
