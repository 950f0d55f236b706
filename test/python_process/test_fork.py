"""Forks of a process that uses tables: the child gets its own place in each, and takes nothing of its parent's."""

import os
import threading

from erlang import SharedDict, Table
from process_case import TableCase, forked


class Forking:
    """A value whose unpickling forks: the child goes on with it, and then the parent."""

    def __init__(self, text, path):
        self.text = text
        self.path = path

    def __setstate__(self, state):
        self.__dict__.update(state)
        self.child = os.fork()
        if self.child != 0:
            self.status = os.waitpid(self.child, 0)[1]
            self.pinned = Table.attach(self.path).info()["pinned"]


class TestFork(TableCase):
    def test_both_sides_see_each_other(self):
        self.sd["parent"] = 1

        def child():
            assert self.sd["parent"] == 1
            self.sd["child"] = os.getpid()

        self.assertEqual(forked(child), 0)
        self.assertNotEqual(self.sd["child"], os.getpid())
        self.assertEqual(forked(lambda: self.sd.__setitem__("child", 2)), 0)
        self.assertEqual(self.sd["child"], 2)

    def test_the_child_has_a_place_of_its_own(self):
        def child():
            before = os.getppid()
            self.sd["k"] = 1
            assert self.table.info()["processes"] == 2, self.table.info()
            assert before == os.getppid()

        self.assertEqual(self.table.info()["processes"], 1)
        self.assertEqual(forked(child), 0)

    def test_views_of_the_parent_are_not_let_go_of_by_the_child(self):
        self.sd["k"] = b"v" * 100_000
        view = self.sd.view("k")

        def child():
            nonlocal view
            assert bytes(view[:3]) == b"vvv"
            del view
            assert self.sd.info()["pinned"] == 1
            own = self.sd.view("k")
            assert self.sd.info()["pinned"] == 2
            del own
            assert self.sd.info()["pinned"] == 1

        self.assertEqual(forked(child), 0)
        self.pinned_is(1)
        self.sd["k"] = b"w" * 100_000
        for n in range(10):
            self.sd[n] = b"x" * 100_000
        self.assertEqual(bytes(view), b"v" * 100_000)
        del view
        self.pinned_is(0)

    def test_a_child_that_uses_nothing_takes_nothing(self):
        def child():
            gate.wait_for_parent()

        gate = Gate()
        pid = os.fork()
        if pid == 0:
            child()
            os._exit(0)
        self.assertEqual(self.table.info()["processes"], 1)
        gate.open()
        self.assertEqual(os.waitpid(pid, 0)[1], 0)

    def test_what_a_child_drops_stays_its_parents(self):
        self.sd["k"] = "x" * 10_000
        table = Table.create()
        sd = table.dict()
        sd["k"] = "y" * 10_000

        def child():
            nonlocal table, sd
            del table, sd  # unused in the child
            Table.create().unlink()  # the latest, which is kept mapped, is another one now
            del self.sd["k"]  # used
            self.table.close()
            self.table = self.sd = None

        self.assertEqual(forked(child), 0)
        self.assertEqual(sd["k"], "y" * 10_000)
        self.assertEqual((table.info()["processes"], self.table.info()["processes"]), (1, 1))
        self.assertNotIn("k", self.sd)
        table.unlink()

    def test_generations(self):
        def grandchild():
            self.sd["grandchild"] = self.sd["child"] + 1

        def child():
            self.sd["child"] = 1
            assert forked(grandchild) == 0
            assert self.sd["grandchild"] == 2
            assert forked(lambda: forked(grandchild)) == 0

        self.assertEqual(forked(child), 0)
        self.assertEqual(self.sd["grandchild"], 2)

    def test_a_held_cell_of_each_generation(self):
        cell = self.sd.cell("n")
        dropped = self.sd.cell("m")

        def grandchild():
            assert cell.add(1) == 2
            assert self.sd.info()["pinned"] == 4

        def child():
            nonlocal dropped
            assert cell.add(1) == 1
            assert self.sd.info()["pinned"] == 3
            del dropped  # it is the parent's
            assert self.sd.info()["pinned"] == 3
            assert forked(grandchild) == 0

        self.assertEqual(cell.add(1), 0)
        self.assertEqual(forked(child), 0)
        self.assertEqual((cell.add(1), dropped.load()), (3, 0))
        self.assertEqual(self.table.info()["processes"], 1)
        self.assertEqual(self.sd.info()["pinned"], 2)

    def test_new_tables_in_the_child(self):
        def child():
            with Table.create() as table:
                table.dict()["k"] = self.sd
                assert table.dicts()[0]["k"] == self.sd
                table.unlink()
            self.sd["done"] = 1

        self.assertEqual(forked(child), 0)
        self.assertEqual(self.sd["done"], 1)

    def test_forks_while_threads_use_the_table(self):
        stop = threading.Event()
        failures = []

        def work(number):
            try:
                for count in range(10**9):
                    self.sd[number] = [count] * (count % 200)
                    value = self.sd[number]
                    assert value == [count] * (count % 200)
                    Table.attach(self.table.path)
                    if stop.is_set():
                        return
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        try:
            for number in range(30):
                self.assertEqual(forked(lambda: self.sd.__setitem__("child", [number] * 100)), 0)
                self.assertEqual(self.sd["child"], [number] * 100)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(failures, [])
        self.pinned_is(0)

    def test_a_fork_amid_a_read(self):
        # The value is pinned while it is loaded: the pin is the parent's alone.
        self.sd["v"] = Forking("x" * 100_000, self.table.path)
        value = self.sd["v"]
        if value.child == 0:
            status = 1
            try:
                assert value.text == "x" * 100_000
                status = 0
            finally:
                os._exit(status)
        self.assertEqual((value.status, value.pinned), (0, 1))
        self.pinned_is(0)

    def test_more_children_than_there_are_places(self):
        # A child that ends by os._exit() leaves its place behind; the next one gives it back.
        for number in range(300):
            self.assertEqual(forked(lambda: self.sd.__setitem__("k", number)), 0)
            self.assertEqual(self.sd["k"], number)

    def test_the_cache_of_attachments(self):
        name = self.sd.handle

        def child():
            sd = SharedDict.open(name)
            sd["k"] = 1
            assert Table.attach(self.table.path).info()["processes"] == 2

        self.assertEqual(forked(child), 0)
        self.assertEqual(self.sd["k"], 1)


class Gate:
    """Lets a child wait for its parent."""

    def __init__(self):
        self.reader, self.writer = os.pipe()

    def wait_for_parent(self):
        os.close(self.writer)
        os.read(self.reader, 1)

    def open(self):
        os.close(self.reader)
        os.close(self.writer)
