"""Nothing is left behind: no Python object, mapping, file descriptor or block of the table."""

import gc
import os
import pickle
import sys
import tempfile

from erlang import SharedDict, Table
from process_case import TableCase


class Unloadable:
    def __reduce__(self):
        return divmod, (1, 0), None


class Unpicklable:
    def __reduce__(self):
        return 1 / 0


def mappings():
    with open("/proc/self/maps") as maps:
        return sum("erlang-" in line for line in maps)


class TestLeaks(TableCase):
    def steady(self, work, rounds=2000):
        """Runs work() many times; afterwards there are about as many Python objects as before.

        Python's own caches make for some hundreds; a leaked object would count `rounds` times."""
        for _ in range(20):
            work()
        gc.collect()
        before = sys.getallocatedblocks()
        for _ in range(rounds):
            work()
        gc.collect()
        self.assertLess(sys.getallocatedblocks() - before, rounds // 2)

    def test_reads_and_writes(self):
        values = [None, 1, 2**80, "text", "x" * 10_000, b"b" * 5000, [1, {"a": (2.5,)}], [self.sd], Table.attach]

        def work():
            for key, value in enumerate(values):
                self.sd[key] = value
                self.assertEqual(self.sd[key], value)
                self.assertEqual(self.sd.get(key), value)
            self.sd.get("none", values)
            len(self.sd), list(self.sd.keys()), list(self.sd), "k" in self.sd, repr(self.sd), hash(self.sd)
            self.sd.info(), self.sd.handle
            for key in self.sd:
                del self.sd[key]

        self.steady(work)
        self.pinned_is(0)

    def test_nested_ones(self):
        def work():
            self.sd["c"] = SharedDict.new(self.table)
            self.sd["c"].nest_list("l").extend([1, SharedDict.new(self.table), {1}])
            self.sd["c"]["l"].pop().add(2)
            self.sd["c"]["l"].insert(0, self.sd["c"]["l"].pop())
            for cycle in (self.sd, self.sd["c"]):
                self.assertRaises(ValueError, self.sd["c"].__setitem__, "x", cycle)
            self.sd.pop("c").destroy()

        self.steady(work)
        self.assertEqual(self.table.info()["dicts"], 1)

    def test_failures(self):
        gone = self.table.dict()
        gone.destroy()
        closed = Table.attach(self.table.path)
        of_closed = closed.dict()
        closed.close()
        self.sd["unloadable"] = Unloadable()
        failing = (
            lambda: self.sd["none"],
            lambda: self.sd[1.5],
            lambda: self.sd[2**70],
            lambda: self.sd.__setitem__("\udc80", 1),
            lambda: self.sd.__setitem__("k", Unpicklable()),
            lambda: self.sd["unloadable"],
            lambda: self.sd.__delitem__("none"),
            lambda: gone["k"],
            lambda: gone.__setitem__("k", [1]),
            lambda: list(gone.keys()),
            lambda: of_closed["k"],
            lambda: of_closed.__setitem__("k", 1),
            lambda: closed.info(),
            lambda: SharedDict.open("bad"),
            lambda: SharedDict.open(gone.handle),
            lambda: SharedDict.open("no-such-table:" + "0" * 32),
            lambda: SharedDict(None),
            lambda: Table.attach("no-such-table"),
            lambda: Table.attach("/dev/null"),
            lambda: Table.create(self.table.path),
            lambda: Table.create("/no/such/folder"),
            lambda: Table.create(max_dicts=0),
        )

        def work():
            for call in failing:
                try:
                    call()
                except Exception:
                    continue
                self.fail("did not fail")

        self.steady(work)
        self.pinned_is(0)

    def test_tables_and_dicts(self):
        def work():
            with Table.create() as table:
                sd = table.dict()
                sd["k"] = "x" * 10_000
                other = pickle.loads(pickle.dumps([sd, table]))
                self.assertEqual(other[0]["k"], sd["k"])
                SharedDict.open(sd.handle).destroy()
                table.dicts(), table.info(), repr(table), table.path
                table.unlink()

        work()  # the latest table stays mapped
        before = mappings(), len(os.listdir("/proc/self/fd"))
        for _ in range(50):
            work()
        self.assertEqual((mappings(), len(os.listdir("/proc/self/fd"))), before)
        self.steady(work, 1000)

    def test_failed_attachments(self):
        with tempfile.NamedTemporaryFile(prefix="erlang-", dir="/dev/shm") as file:
            file.write(os.urandom(100_000))
            file.flush()
            before = mappings(), len(os.listdir("/proc/self/fd"))
            for _ in range(20):
                self.assertRaises(OSError, Table.attach, file.name)
            self.assertEqual((mappings(), len(os.listdir("/proc/self/fd"))), before)

    def test_references(self):
        value = object()
        counts = sys.getrefcount(self.sd), sys.getrefcount(value), sys.getrefcount(SharedDict), sys.getrefcount(Table)
        for _ in range(100):
            self.sd.get("none", value)
            SharedDict(self.sd)
            SharedDict.open(self.sd.handle)
            self.table.dicts()
        after = sys.getrefcount(self.sd), sys.getrefcount(value), sys.getrefcount(SharedDict), sys.getrefcount(Table)
        self.assertEqual(after, counts)

    def test_blocks_of_the_table(self):
        def round_of_use():
            sd = self.table.dict()
            for number in range(300):
                sd[number] = "x" * (number * 37 % 5000)
            for number in range(0, 300, 2):
                del sd[number]
            for number in range(300):
                sd[str(number)] = [number]
            sd.destroy()
            return self.table.info()["used"]

        first = round_of_use()
        self.assertEqual([round_of_use() for _ in range(10)], [first] * 10)
