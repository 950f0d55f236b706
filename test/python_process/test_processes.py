"""A SharedDict as an argument of other processes: both sides see each other's writes, with no message between."""

import concurrent.futures
import multiprocessing
import subprocess
import sys

from erlang import SharedDict
from process_case import HANG, START_METHODS, TableCase, ended, process, run_process, script


def ping_pong(sd, rounds):
    """Answers each number that comes, until the last."""
    for number in range(rounds):
        while sd.get("ping", -1) < number:
            pass
        sd["pong"] = number


def add_value(sd, key, value):
    sd[key] = value
    return sd[key]


def give_back(sd, queue):
    queue.put({"again": [sd]})


def add_many(sd, first, count):
    for number in range(first, first + count):
        sd[number] = {"number": number, "text": "x" * (number % 300)}


def uses_table(table, name):
    sd = table.dict()
    sd[name] = len(table.dicts())
    SharedDict.open(name)["made"] = sd


class TestEnds(TableCase):
    def test_a_process_that_ends_in_order_leaves_in_order(self):
        for code in (
            "import sys, erlang; sd = erlang.SharedDict.open(sys.argv[1]); sd['k'] = 'x' * 10_000; sd['k']",
            "import sys, erlang; erlang.SharedDict.open(sys.argv[1])['k'] = 1; sys.exit()",
            "import sys, erlang; table = erlang.Table.attach(sys.argv[1].split(':')[0]); table.dict().destroy()",
        ):
            script(code, self.sd.handle)
            info = self.table.info()
            self.assertEqual((info["processes"], info["repairs"]), (1, 0))


class TestArguments(TableCase):
    def test_writes_are_seen_without_a_message(self):
        for method in START_METHODS:
            with self.subTest(method):
                self.sd["ping"] = -1
                self.sd["pong"] = -1
                other = process(method, ping_pong, self.sd, 50)
                for number in range(50):
                    self.sd["ping"] = number
                    while self.sd["pong"] < number and other.exitcode is None:
                        pass
                ended(other)
                self.assertEqual(self.sd["pong"], 49)

    def test_inside_other_arguments_and_back(self):
        for method in START_METHODS:
            with self.subTest(method):
                queue = multiprocessing.get_context(method).Queue()
                other = process(method, give_back, self.sd, queue)
                self.assertEqual(queue.get(timeout=HANG), {"again": [self.sd]})
                ended(other)
                queue.close()
                queue.join_thread()

    def test_pools(self):
        for method in START_METHODS:
            with self.subTest(method):
                context = multiprocessing.get_context(method)
                with context.Pool(2) as pool:
                    found = pool.starmap(add_value, [(self.sd, n, [n]) for n in range(20)])
                    pool.close()
                    pool.join()
                self.assertEqual(found, [[n] for n in range(20)])
                self.assertEqual([self.sd[n] for n in range(20)], found)
                with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as executor:
                    self.assertEqual(executor.submit(add_value, self.sd, "k", 1).result(HANG), 1)

    def test_many_writers(self):
        others = [process("spawn", add_many, self.sd, first, 500) for first in range(0, 2000, 500)]
        for other in others:
            ended(other)
        self.assertEqual(sorted(self.sd), list(range(2000)))
        self.assertTrue(all(self.sd[n] == {"number": n, "text": "x" * (n % 300)} for n in range(2000)))
        self.pinned_is(0)

    def test_tables_as_arguments(self):
        for method in START_METHODS:
            with self.subTest(method):
                run_process(method, uses_table, self.table, self.sd.handle)
                self.assertEqual(list(self.sd["made"].keys()), [self.sd.handle])
                self.sd["made"].destroy()

    def test_values_of_any_kind(self):
        for value in (None, 2**100, "ä" * 1000, b"\xff" * 200_000, [[], {"a": (1, 2.5)}], {1, 2}, range(5)):
            run_process("fork", add_value, self.sd, "v", value)
            self.assertEqual(self.sd["v"], value)

    def test_a_table_that_is_gone(self):
        # The child cannot get its argument, and says why.
        code = """if True:
            import multiprocessing, erlang
            table = erlang.Table.create()
            made = multiprocessing.get_context("spawn").Process(target=print, args=(table.dict(),))
            table.unlink()
            made.start()
            made.join()
            print("exit code", made.exitcode)
        """
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=HANG, check=True)
        self.assertIn("FileNotFoundError", done.stderr)
        self.assertIn("exit code 1", done.stdout)
