"""erlang.Table: making, attaching, limits, the end."""

import os
import pickle
import tempfile
import unittest
from pathlib import Path

from erlang import SharedDict, Table
from process_case import TableCase, script

MIB = 1 << 20


class TestCreate(unittest.TestCase):
    def made(self, *args, **limits):
        table = Table.create(*args, **limits)
        self.addCleanup(lambda: os.path.exists(table.path) and table.unlink())
        return table

    def test_names(self):
        made_up = self.made()
        self.assertRegex(made_up.path, r"^/dev/shm/erlang-[0-9a-f]{16}$")
        short = f"erlang-test-{os.getpid()}"
        self.assertEqual(self.made(short).path, f"/dev/shm/{short}")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a:b" / ".." / "table"
            table = self.made(path)
            self.assertEqual(table.path, str(Path(folder) / "table"))
            self.assertEqual(table.dict().handle[:-33], table.path)
            table.unlink()

    def test_relative_to_the_current_folder(self):
        before = os.getcwd()
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            self.addCleanup(os.chdir, before)
            table = self.made("./table")
            self.assertEqual(table.path, os.path.join(os.getcwd(), "table"))
            table.unlink()

    def test_only_the_user_may_open_it(self):
        before = os.umask(0)
        self.addCleanup(os.umask, before)
        self.assertEqual(os.stat(self.made().path).st_mode & 0o7777, 0o600)

    def test_there_is_one_already(self):
        table = self.made()
        with self.assertRaises(FileExistsError) as caught:
            Table.create(table.path)
        self.assertEqual(caught.exception.filename, table.path)

    def test_cannot_be_made(self):
        with self.assertRaises(FileNotFoundError):
            Table.create("/no/such/folder/table")
        with self.assertRaises(OSError):
            Table.create("/dev/shm/" + "x" * 300)
        with self.assertRaises(ValueError):
            Table.create("")
        for bad in (1.5, None, b"", [1]):
            self.assertRaises((TypeError, ValueError), Table.attach, bad)
        with self.assertRaises(ValueError):
            Table.create("zero\0byte")

    def test_bad_limits(self):
        for name in ("max_table_bytes", "max_dict_bytes", "max_dict_keys", "max_key_bytes", "max_dicts"):
            for bad, error in ((0, ValueError), (-1, OverflowError), (2**64, OverflowError), ("1", TypeError)):
                with self.assertRaises(error):
                    Table.create(**{name: bad})
            self.made(**{name: None})
        with self.assertRaises(TypeError):
            Table.create(max_pages=1)

    def test_is_made_by_its_functions_only(self):
        self.assertRaises(TypeError, Table)
        with self.assertRaises(TypeError):
            type("Sub", (Table,), {})


class TestAttach(TableCase):
    def test_the_same_dicts(self):
        self.sd["k"] = [1]
        other = Table.attach(self.table.path)
        (found,) = other.dicts()
        self.assertEqual(found, self.sd)
        self.assertEqual(found["k"], [1])
        self.assertEqual(Table.attach(os.path.basename(self.table.path)).path, self.table.path)

    def test_a_process_maps_a_table_once(self):
        tables = [Table.attach(self.table.path) for _ in range(20)]
        self.assertEqual(self.table.info()["processes"], 1)
        with open("/proc/self/maps") as maps:
            mapped = [line for line in maps if line.rstrip().endswith(self.table.path)]
        more = pickle.loads(pickle.dumps(self.sd))
        with open("/proc/self/maps") as maps:
            self.assertEqual([line for line in maps if line.rstrip().endswith(self.table.path)], mapped)
        self.assertEqual(len(tables), 20)
        self.assertEqual(more, self.sd)

    def test_no_such_file(self):
        with self.assertRaises(FileNotFoundError) as caught:
            Table.attach("no-such-table")
        self.assertEqual(caught.exception.filename, "/dev/shm/no-such-table")

    def test_no_table(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "file")
            for content in (b"", b"text", b"\0" * 10_000, os.urandom(100_000)):
                Path(path).write_bytes(content)
                with self.assertRaises(OSError) as caught:
                    Table.attach(path)
                self.assertIn(path, str(caught.exception))
                self.assertEqual(Path(path).read_bytes(), content, "untouched")
            with self.assertRaises(IsADirectoryError):
                Table.attach(folder)

    def test_of_another_version(self):
        # Whatever the layout is, its first bytes tell what it is, and which.
        content = bytearray(Path(self.table.path).read_bytes()[:4096])
        with tempfile.TemporaryDirectory() as folder:
            for place in range(0, 16, 4):
                changed = content.copy()
                changed[place] ^= 0x55
                path = os.path.join(folder, "file")
                Path(path).write_bytes(changed + bytes(os.path.getsize(self.table.path) - len(changed)))
                self.assertRaises(OSError, Table.attach, path)

    def test_access_is_by_the_files_mode(self):
        # In a process that has not mapped it yet.
        code = "import sys, test_tables; test_tables.refused(*sys.argv[1:])"
        self.assertEqual(script(code, self.table.path, self.sd.handle), "")


def refused(path, handle):
    """In a process of somebody who may not read and write the file."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    else:
        os.chmod(path, 0o400)
    for function, argument in ((Table.attach, path), (SharedDict.open, handle)):
        try:
            function(argument)
        except PermissionError:
            continue
        raise AssertionError(f"{function} did not refuse")


class TestEnd(TableCase):
    def test_views_outlive_the_table(self):
        self.sd["k"] = b"v" * 100_000
        view = self.sd.view("k")
        other = Table.attach(self.table.path)
        self.table.close()
        del self.table, self.sd
        self.assertEqual(bytes(view), b"v" * 100_000)
        self.assertEqual(other.info()["pinned"], 1)
        del view
        self.assertEqual(other.info()["pinned"], 0)

    def test_close(self):
        other = Table.attach(self.table.path)
        of_other = other.dicts()[0]
        cell = self.sd.cell("n")
        self.assertFalse(self.table.closed)
        self.table.close()
        self.table.close()
        self.assertTrue(self.table.closed)
        self.assertIn("closed", repr(self.table))
        for use in (
            self.table.dict,
            self.table.dicts,
            self.table.info,
            self.table.__enter__,
            lambda: self.sd["k"],
            lambda: self.sd.get("k", 1),
            lambda: self.sd.__setitem__("k", 1),
            lambda: self.sd.__setitem__("k", [1]),
            lambda: self.sd.__delitem__("k"),
            lambda: "k" in self.sd,
            lambda: len(self.sd),
            lambda: list(self.sd.keys()),
            lambda: list(self.sd.items()),
            lambda: self.sd.add("n", 1),
            lambda: cell.add(1),
            lambda: cell.store(1),
            cell.load,
            lambda: self.sd.pop("k"),
            lambda: self.sd.setdefault("k"),
            self.sd.popitem,
            self.sd.clear,
            self.sd.copy,
            self.sd.info,
            self.sd.destroy,
        ):
            with self.assertRaises(ValueError) as caught:
                use()
            self.assertEqual(str(caught.exception), "operation on a closed Table")
        of_other["k"] = 1
        self.assertEqual((of_other["k"], of_other["n"]), (1, 0))
        self.assertEqual(self.sd.handle, of_other.handle)
        self.assertEqual(SharedDict.open(self.sd.handle)["k"], 1)

    def test_with(self):
        with Table.attach(self.table.path) as table:
            self.assertIsInstance(table, Table)
            sd = table.dict()
            sd["k"] = 1
        self.assertTrue(table.closed)
        self.assertRaises(ValueError, sd.get, "k")
        with self.assertRaises(ZeroDivisionError), Table.attach(self.table.path) as table:
            1 / 0
        self.assertTrue(table.closed)

    def test_unlink(self):
        table = Table.create()
        sd = table.dict()
        table.unlink()
        self.assertFalse(os.path.exists(table.path))
        sd["k"] = 1
        self.assertEqual(sd["k"], 1)
        self.assertRaises(FileNotFoundError, table.unlink)
        self.assertEqual(SharedDict.open(SharedDict(self.sd).handle), self.sd)
        code = "import sys, erlang; erlang.SharedDict.open(sys.argv[1])"
        self.assertIn("FileNotFoundError", script(code, sd.handle, check=False))

    def test_a_new_table_of_the_same_name_is_another_one(self):
        table = Table.create()
        sd = table.dict()
        sd["k"] = "old"
        table.unlink()
        again = Table.create(table.path)
        self.addCleanup(again.unlink)
        self.assertEqual(again.dicts(), [])
        self.assertRaises(RuntimeError, SharedDict.open, sd.handle)
        new = again.dict()
        new["k"] = "new"
        self.assertEqual((sd["k"], new["k"]), ("old", "new"))

    def test_memory_is_unmapped_with_the_last_that_uses_it(self):
        def mapped():
            with open("/proc/self/maps") as maps:
                return sum(self.path in line for line in maps)

        table = Table.create()
        self.path = table.path
        sd = table.dict()
        sd["k"] = "x" * 10_000
        table.close()
        table.unlink()
        del table
        self.assertGreater(mapped(), 0)
        del sd
        Table.attach(self.table.path)  # the latest stays mapped
        self.assertEqual(mapped(), 0)


class TestInfo(TableCase):
    def test_counts(self):
        before = self.table.info()
        self.assertEqual(
            set(before),
            {"dicts", "keys", "bytes", "used", "free", "pinned", "repairs", "processes", "file_bytes"},
        )
        other = self.table.dict()
        self.sd["key"] = "v" * 1000
        other[1] = None
        info = self.table.info()
        self.assertEqual((info["dicts"], info["keys"]), (2, 2))
        self.assertGreater(info["bytes"], 1000 + 3 + 8)
        self.assertEqual(info["pinned"], 0)
        self.assertEqual(info["processes"], 1)
        self.assertGreaterEqual(info["file_bytes"], info["used"])
        self.assertEqual(info["file_bytes"], os.stat(self.table.path).st_blocks * 512)
        self.assertEqual(self.sd.info()["keys"], 1)
        self.assertGreater(self.sd.info()["bytes"], 1000)
        other.destroy()
        info = self.table.info()
        self.assertEqual((info["dicts"], info["keys"]), (1, 1))

    def test_repr(self):
        self.assertEqual(repr(self.table), f"<Table {self.table.path!r}>")
        self.assertEqual(repr(self.sd), f"<SharedDict {self.sd.handle[-32:][:8]}… of '{self.table.path}', 0 keys>")
        self.table.close()
        self.assertEqual(repr(self.sd), f"<SharedDict {self.sd.handle[-32:][:8]}… of '{self.table.path}'>")

    def test_a_copy_attaches_to_the_same_file(self):
        other = pickle.loads(pickle.dumps(self.table))
        self.assertEqual(other.path, self.table.path)
        self.assertEqual(other.dicts(), [self.sd])


class TestLimits(TableCase):
    limits = {
        "max_table_bytes": 8 * MIB,
        "max_dict_keys": 10,
        "max_key_bytes": 20,
        "max_dicts": 3,
        "max_dict_bytes": 2 * MIB,
    }

    def refused(self, limit, function, *args):
        with self.assertRaises(MemoryError) as caught:
            function(*args)
        self.assertEqual(str(caught.exception), f"the table is full: {limit}")

    def test_keys(self):
        for key in range(10):
            self.sd[key] = key
        self.refused("max_dict_keys", self.sd.__setitem__, 10, 10)
        self.sd[9] = "replaced"
        del self.sd[0]
        self.sd[10] = 10
        self.assertEqual(len(self.sd), 10)

    def test_key_bytes(self):
        self.sd["k" * 20] = 1
        self.refused("max_key_bytes", self.sd.__setitem__, "k" * 21, 1)
        self.assertEqual(len(self.sd), 1)

    def test_dicts(self):
        dicts = [self.table.dict(), self.table.dict()]
        self.refused("max_dicts", self.table.dict)
        dicts[0].destroy()
        self.table.dict()

    def test_dict_bytes(self):
        self.sd["k"] = "old"
        self.refused("max_dict_bytes", self.sd.__setitem__, "k", b"x" * 3 * MIB)
        self.assertEqual(self.sd["k"], "old")
        self.assertEqual(list(self.sd.keys()), ["k"])

    def test_they_hold_for_all_that_attach(self):
        code = "import sys, erlang; sd = erlang.SharedDict.open(sys.argv[1])\nfor key in range(11): sd[key] = key"
        self.assertIn("MemoryError: the table is full: max_dict_keys", script(code, self.sd.handle, check=False))
        self.assertEqual(len(self.sd), 10)


class TestFull(TableCase):
    limits = {"max_table_bytes": 8 * MIB}

    def fill(self, value):
        for number in range(100_000):
            try:
                self.sd[number] = value
            except MemoryError as error:
                self.assertEqual(str(error), "the table is full: max_table_bytes")
                return number
        self.fail("never full")

    def test_full(self):
        for value in (b"x" * 100_000, b"x" * 1000, [1] * 50):
            with self.subTest(size=len(value)):
                count = self.fill(value)
                self.assertEqual(len(self.sd), count)
                self.assertNotIn(count, self.sd)
                self.assertTrue(all(self.sd[key] == value for key in self.sd))
                with self.assertRaises(MemoryError):
                    self.sd["more"] = b"y" * MIB * 9
                for key in self.sd:
                    del self.sd[key]
                self.sd["again"] = value
                del self.sd["again"]

    def test_what_destroyed_dicts_held_is_used_again(self):
        # Nobody else frees it: there is no Erlang node.
        counts = []
        for _ in range(5):
            counts.append(self.fill(b"x" * 10_000))
            self.sd.destroy()
            self.sd = self.table.dict()
        self.assertGreater(min(counts), max(counts) * 0.9, counts)
