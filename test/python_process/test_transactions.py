"""Transactions of several processes, some of which are killed amid them: all of each is there, or nothing."""

import os
import random
import signal

from erlang import TransactionConflict
from process_case import START_METHODS, TableCase, ended, forked, process, script

ROUNDS = 25
ACCOUNTS = 6
EACH = 100
SEED = int(os.environ.get("PYPORT_SEED", "0")) or random.randrange(10**6)


def open_accounts(sd):
    sd.update(dict.fromkeys(range(ACCOUNTS), EACH))
    for number in range(0, ACCOUNTS, 2):
        sd.add(number, 0)  # a cell


def transfer(t, a, b, n):
    t[a] = t[a] - n
    t[b] = t[b] + n
    t[f"last of {a}"] = "x" * random.randrange(6000)  # of all sizes


def at_once(sd, workers):
    """Returns when so many are here."""
    sd.add("here", 1)
    while sd["here"] < workers:
        pass


def begin_together(sd, workers, work, *args):
    at_once(sd, workers)
    work(sd, *args)


def transfers(sd, count, seed):
    chance = random.Random(seed)
    for _ in range(count):
        a, b = chance.sample(range(ACCOUNTS), 2)
        sd.transact(lambda t, a=a, b=b: transfer(t, a, b, chance.randrange(10)))


def sum_of(sd):
    return sd.transact(lambda t: sum(t[number] for number in range(ACCOUNTS)))


def look(sd, count):
    for _ in range(count):
        assert sum_of(sd) == ACCOUNTS * EACH
        with_others = sd.transact(lambda t: t.to_dict())
        assert sum(with_others[number] for number in range(ACCOUNTS)) == ACCOUNTS * EACH


def shift(sd, mine, other, count):
    """Goes off duty only when the other is on duty."""
    for _ in range(count):
        for t in sd.transactions():
            with t:
                both = t[mine] + t[other]
                os.sched_yield()
                t[mine] = 0 if both == 2 else 1
        assert both >= 1


def forever(sd, told, seed):
    for number in range(10**9):
        transfers(sd, 1, seed + number)
        os.write(told, b"x")


class TestTransactions(TableCase):
    def total_stays(self, sd):
        self.assertEqual(sum_of(sd), ACCOUNTS * EACH, f"seed {SEED}")

    def test_the_sum_stays(self):
        open_accounts(self.sd)
        for method in START_METHODS:
            self.sd["here"] = 0
            works = [process(method, begin_together, self.sd, 4, transfers, 600, SEED + number) for number in range(3)]
            works.append(process(method, begin_together, self.sd, 4, look, 300))
            for work in works:
                ended(work)
            self.total_stays(self.sd)

    def test_one_is_always_on_duty(self):
        for cells in (False, True):
            self.sd.update(alice=1, bob=1, here=0)
            if cells:
                self.sd.add("alice", 0)
                self.sd.add("bob", 0)
            orders = (("alice", "bob"), ("bob", "alice"))
            works = [process("fork", begin_together, self.sd, 2, shift, *names, 5000) for names in orders]
            for work in works:
                ended(work)
            self.assertGreaterEqual(self.sd["alice"] + self.sd["bob"], 1)
            self.sd.clear()

    def test_in_any_process(self):
        self.sd["a"] = 1
        script(
            "import sys; from erlang import SharedDict\n"
            "with SharedDict.open(sys.argv[1]).transaction() as t: t['b'] = t['a'] + 1",
            self.sd.handle,
        )
        self.assertEqual(self.sd, {"a": 1, "b": 2})

    def test_killed_amid_them(self):
        open_accounts(self.sd)
        chance = random.Random(SEED)
        for round_ in range(ROUNDS):
            children, pipes = [], []
            for number in range(2):
                reader, writer = os.pipe()
                child = os.fork()
                if child == 0:
                    try:
                        forever(self.sd, writer, SEED + round_ * 1000 + number)
                    finally:
                        os._exit(1)
                os.close(writer)
                children.append(child)
                pipes.append(reader)
            for reader in pipes:
                for _ in range(chance.randrange(1, 40)):
                    self.assertEqual(os.read(reader, 1), b"x")
            for child in children:
                os.kill(child, signal.SIGKILL)
                self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), -signal.SIGKILL)
            for reader in pipes:
                os.close(reader)
            self.total_stays(self.sd)
        transfers(self.sd, 20, SEED)
        self.total_stays(self.sd)
        self.sd.clear()
        info = self.table.info()
        self.assertEqual((info["keys"], info["pinned"]), (0, 0))

    def test_what_was_never_committed_leaves_nothing(self):
        used = []
        for _ in range(6):
            reader, writer = os.pipe()
            child = os.fork()
            if child == 0:
                with self.sd.transaction() as t:
                    for number in range(300):
                        t[number] = "x" * 10_000
                    os.write(writer, b"x")
                    signal.pause()
            os.read(reader, 1)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            os.close(reader)
            os.close(writer)
            self.assertEqual(self.sd, {})
            script("import sys; from erlang import Table; Table.attach(sys.argv[1])", self.table.path)
            used.append(self.table.info()["used"])
        self.assertLess(max(used), used[0] + 4_000_000)  # what the dead had is given back by the next that attaches

    def test_across_fork(self):
        self.sd["a"] = 1

        def in_child():
            with self.sd.transaction() as t:
                t["child"] = t["a"]

        with self.sd.transaction() as t:
            t["b"] = "x" * 10_000

            def carried():
                try:
                    with t:
                        pass
                except RuntimeError:
                    pass
                else:
                    raise AssertionError("begun twice")
                for use in (lambda: t["b"], t._commit):
                    try:
                        use()
                    except RuntimeError as error:
                        assert "fork" in str(error), error
                    else:
                        raise AssertionError("what the parent wrote is not the child's")

            self.assertEqual(forked(carried), 0)
            self.assertEqual(forked(in_child), 0)
            self.assertEqual(t["b"], "x" * 10_000)
        self.assertEqual(self.sd, {"a": 1, "child": 1, "b": "x" * 10_000})

    def test_a_dict_that_is_no_more(self):
        for end in (self.sd.destroy, self.table.close):
            with self.assertRaises((RuntimeError, ValueError)) as caught, self.sd.transaction() as t:
                t["big"] = "x" * 10_000
                end()
            self.assertNotIsInstance(caught.exception, TransactionConflict)
            self.sd = self.table.dict() if end != self.table.close else self.sd

    def test_a_full_table(self):
        small = type(self.table).create(max_table_bytes=4 << 20)
        self.addCleanup(small.unlink)
        sd = small.dict()
        sd["a"] = 1
        with self.assertRaises(MemoryError), sd.transaction() as t:
            for number in range(1000):
                t[number] = "x" * 100_000
        self.assertEqual(sd, {"a": 1})
        with sd.transaction() as t:
            t["b"] = "x" * 1_000_000
        self.assertEqual(len(sd), 2)
