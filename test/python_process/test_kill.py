"""kill -9 at any instruction: no write that was done is lost, none is there by half, no lock stays taken."""

import os
import random
import signal
import struct
import threading

from process_case import HANG, TableCase, ended, process

ROUNDS = 25
SEED = int(os.environ.get("PYPORT_SEED", "0")) or random.randrange(10**6)
WORD = struct.Struct("q")


def value_of(number):
    """Of many sizes, and such that half of it would be noticed."""
    return [number] * (number * 7919 % 400), str(number) * (number % 3000)


def write_new(sd, told):
    for number in range(10**9):
        sd[number] = value_of(number)
        os.write(told, WORD.pack(number))


def replace(sd, told):
    for number in range(10**9):
        sd["same"] = value_of(number)
        os.write(told, WORD.pack(number))


def add_and_delete(sd, told):
    for number in range(10**9):
        sd[number] = value_of(number)
        if number >= 10:
            del sd[number - 10]
        os.write(told, WORD.pack(number))


def read(sd, told):
    sd["big"] = "x" * 300_000
    for number in range(10**9):
        assert len(sd["big"]) == 300_000
        os.write(told, WORD.pack(number))


def make_and_destroy(sd, told):
    from erlang import Table

    table = Table.attach("/dev/shm/" + sd.handle.split(":")[0])
    for number in range(10**9):
        one = table.dict()
        one["k"] = value_of(number)
        one["l"] = value_of(number + 1)
        one.destroy()
        os.write(told, WORD.pack(number))


def all_words(reader):
    """What was written until the last writer ended; a part of a word is no word."""
    content = b""
    while piece := os.read(reader, 65536):
        content += piece
    return [number for (number,) in WORD.iter_unpack(content[: len(content) // WORD.size * WORD.size])]


class TestKill(TableCase):
    def setUp(self):
        super().setUp()
        self.random = random.Random(f"{SEED}{self.id()}")

    def killed(self, work, sd):
        """Starts work(sd, told), kills it some writes later; gives what it told."""
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            try:
                work(sd, writer)
            finally:
                os._exit(1)
        os.close(writer)
        with os.fdopen(reader, "rb", 0) as pipe:
            first = [WORD.unpack(pipe.read(WORD.size))[0] for _ in range(self.random.randrange(1, 300))]
            # Anywhere in what it does then, and not only where it has just written to the pipe.
            for _ in range(self.random.randrange(20_000)):
                pass
            os.kill(child, signal.SIGKILL)
            status = os.waitpid(child, 0)[1]
            self.assertEqual(os.waitstatus_to_exitcode(status), -signal.SIGKILL, f"seed {SEED}")
            return first + all_words(pipe.fileno())

    def usable(self, sd):
        """No lock is left: all goes on at once, from here and from another process."""
        sd["after"] = 1
        self.assertEqual(sd["after"], 1)
        del sd["after"]
        ended(process("fork", sd.__setitem__, "other", 1))
        del sd["other"]

    def test_new_keys(self):
        for _ in range(ROUNDS):
            sd = self.table.dict()
            told = self.killed(write_new, sd)
            with self.subTest(seed=SEED):
                self.assertEqual(told, list(range(len(told))))
                # The one that it was at may be there, or not.
                self.assertIn(list(sd.keys()), (told, [*told, len(told)]))
                self.assertTrue(all(sd[number] == value_of(number) for number in sd))
                self.usable(sd)
            sd.destroy()

    def test_replacing(self):
        for _ in range(ROUNDS):
            told = self.killed(replace, self.sd)
            self.assertIn(self.sd["same"], (value_of(told[-1]), value_of(told[-1] + 1)), f"seed {SEED}")
            self.assertEqual(list(self.sd.keys()), ["same"])
            self.usable(self.sd)

    def test_deleting(self):
        for _ in range(ROUNDS):
            sd = self.table.dict()
            told = self.killed(add_and_delete, sd)
            last = told[-1]
            found = set(sd)
            sure = set(range(max(0, last - 8), last + 1))  # the next write deletes the tenth before it
            self.assertTrue(sure <= found <= sure | {last - 9, last + 1}, f"seed {SEED}")
            self.assertTrue(all(sd[number] == value_of(number) for number in sd))
            self.usable(sd)
            sd.destroy()

    def test_reading(self):
        for _ in range(ROUNDS):
            self.killed(read, self.sd)
            self.assertEqual(self.sd["big"], "x" * 300_000, f"seed {SEED}")
            self.usable(self.sd)
        self.pinned_is(0)

    def test_making_and_destroying(self):
        for _ in range(ROUNDS):
            self.killed(make_and_destroy, self.sd)
            self.usable(self.sd)
            for sd in self.table.dicts():
                if sd.handle != self.sd.handle:
                    self.assertIn(len(sd), (0, 1, 2))
                    sd.destroy()
            self.assertEqual(self.table.info()["dicts"], 1, f"seed {SEED}")

    def test_nothing_is_leaked(self):
        works = (write_new, replace, add_and_delete, read)
        used = []
        for number in range(4 * len(works)):
            sd = self.table.dict()
            self.killed(works[number % len(works)], sd)
            sd.destroy()
            if number % len(works) == len(works) - 1:
                info = self.table.info()
                self.assertEqual((info["dicts"], info["keys"], info["bytes"], info["pinned"]), (1, 0, 0, 0))
                used.append(info["used"])
        # What stays are pages that are ready for small blocks: they are not many.
        self.assertLess(max(used), 256 * 1024, f"seed {SEED}")

    def test_others_go_on(self):
        # A writer is killed over and over while threads and another process use the same dict.
        stop = threading.Event()
        counts, failures = [0, 0], []

        def work(number):
            try:
                while not stop.is_set():
                    self.sd[f"mine {number}"] = value_of(counts[number])
                    assert self.sd[f"mine {number}"] == value_of(counts[number])
                    counts[number] += 1
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(ROUNDS):
                before = list(counts)
                self.killed(replace, self.sd)
                while counts[0] == before[0] and not failures:
                    pass
        finally:
            stop.set()
            for thread in threads:
                thread.join(HANG)
        self.assertEqual(failures, [])
        self.usable(self.sd)
