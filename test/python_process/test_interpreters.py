"""Interpreters with a GIL each in an ordinary Python process: each imports the package, all see the same dicts."""

import _interpreters
import sys
from threading import Thread

from process_case import HANG, TableCase

SETUP = "import sys; sys.path[:0] = {path!r}; from erlang import SharedDict, Table; sd = SharedDict.open({name!r})\n"


class TestInterpreters(TableCase):
    def interpreter(self):
        made = _interpreters.create("isolated")
        self.addCleanup(_interpreters.destroy, made)
        self.run_in(made, SETUP.format(path=sys.path, name=self.sd.handle))
        return made

    def run_in(self, interpreter, code):
        failed = _interpreters.exec(interpreter, code)
        if failed:
            raise AssertionError(failed.formatted)

    def test_same_dict(self):
        self.sd["k"] = {"from": "main"}
        one = self.interpreter()
        self.run_in(one, "assert sd['k'] == {'from': 'main'}\nsd['k'] = ['from one', sd]")
        self.assertEqual(self.sd["k"], ["from one", self.sd])
        two = self.interpreter()
        self.run_in(two, "assert sd['k'][1] == sd\ndel sd['k']")
        self.assertNotIn("k", self.sd)
        self.assertEqual(self.table.info()["processes"], 1)

    def test_at_once(self):
        code = """if True:
            for count in range(2000):
                sd["shared"] = [{number}, count] * (count % 50)
                found = sd["shared"]
                assert len(set(found[::2])) <= 1, found
                sd[{number}] = "x" * (count % 2000)
                assert len(sd[{number}]) == count % 2000
        """
        interpreters = [self.interpreter() for _ in range(4)]
        failures = []

        def work(number):
            try:
                self.run_in(interpreters[number], code.format(number=number))
            except BaseException as error:
                failures.append(error)

        threads = [Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(HANG)
        self.assertEqual(failures, [])
        self.assertEqual(len(self.sd), 5)
        self.pinned_is(0)

    def test_the_end_of_one_is_not_the_end_of_the_others(self):
        one = _interpreters.create("isolated")
        self.run_in(one, SETUP.format(path=sys.path, name=self.sd.handle))
        self.run_in(one, "table = Table.attach(sd.handle.split(':')[0]); sd['v'] = table.dict()")
        _interpreters.destroy(one)
        self.sd["v"]["k"] = "x" * 10_000
        self.run_in(self.interpreter(), "assert sd['v']['k'] == 'x' * 10_000")
