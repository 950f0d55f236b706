"""The tests of SharedDict in test/python, here with a dict that no Erlang node made; and the names of dicts."""

import copy
import mmap
import pickle

import _erlang
import run_tests
from erlang import SharedDict, Table
from process_case import TableCase, script

NODE_HANDLE = b"h\x03w\x0c$pyport_dictw\x04n@hom\0\0\0\x10" + bytes(range(16))


class TestAsInThePort(TableCase):
    def test_all_that_needs_no_interpreter_of_the_port(self):
        names = [
            "test_shared_dict",
            "test_values",
            "test_terms",
            "test_golden_values",
            "test_children",
            "test_known_values",
            "test_mapping",
            "test_wait",
            "test_watch",
            "test_numbers",
            "test_aio",
            "test_transaction",
            "test_named",
            "test_nested",
            "test_shared_list",
            "test_shared_list_aio",
            "test_shared_list_slices",
            "test_zz_destroy",
        ]
        done = run_tests.run(self.sd, names)
        self.assertEqual("\n".join(done["texts"]), "")
        self.assertGreater(done["run"], 50)
        self.assertEqual(done["skipped"], 0)
        self.pinned_is(0)


class TestManyDicts(TableCase):
    def test_the_same_key_of_each_has_its_own_value(self):
        dicts = [self.table.dict() for _ in range(600)]
        for n, sd in enumerate(dicts):
            sd["k"] = f"of dict {n}"
        for n, sd in enumerate(dicts):
            self.assertEqual([sd["k"] for _ in range(4)], [f"of dict {n}"] * 4)
        for sd in dicts:
            self.assertEqual({sd["k"] for _ in range(4)}, {sd.get("k")})
        dicts[0].destroy()
        self.assertRaises(RuntimeError, lambda: dicts[0]["k"])

    def test_what_is_remembered_is_not_given_when_the_dict_is_destroyed(self):
        for _ in range(100):  # their places in the table are used again
            sd = self.table.dict()
            sd["k"] = "remembered"
            self.assertEqual([sd["k"] for _ in range(4)], ["remembered"] * 4)
            sd.destroy()
            self.assertRaises(RuntimeError, lambda sd=sd: sd["k"])

    def test_the_table_may_be_closed_and_lie_elsewhere_later(self):
        table = Table.create()
        sd = table.dict()
        path, name = table.path, sd.handle
        sd["k"] = "remembered"
        self.assertEqual([sd["k"] for _ in range(4)], ["remembered"] * 4)
        table.close()
        del table, sd  # and with them where it lay
        in_its_place = [mmap.mmap(-1, 2**30) for _ in range(20)]
        again = Table.attach(path)
        self.addCleanup(again.unlink)
        for part in in_its_place:
            part.close()
        sd = SharedDict.open(name)
        self.assertEqual([sd["k"] for _ in range(4)], ["remembered"] * 4)

    def test_nor_when_another_process_has_changed_it(self):
        self.sd["k"] = "mine"
        self.assertEqual([self.sd["k"] for _ in range(4)], ["mine"] * 4)
        script("import sys, erlang; erlang.SharedDict.open(sys.argv[1])['k'] = 'of another'", self.sd.handle)
        self.assertEqual([self.sd["k"] for _ in range(4)], ["of another"] * 4)


class TestNames(TableCase):
    def test_text(self):
        table, handle = self.sd.handle.split(":")
        self.assertEqual(f"/dev/shm/{table}", self.table.path)
        self.assertRegex(handle, "^[0-9a-f]{32}$")
        self.assertNotEqual(handle, self.table.dict().handle[-32:])

    def test_open(self):
        self.sd["k"] = [1, None]
        for name in (
            self.sd.handle,
            f"/dev/shm/{self.sd.handle}",
            self.table.path + ":" + self.sd.handle[-32:].upper(),
        ):
            other = SharedDict.open(name)
            self.assertEqual(other, self.sd)
            self.assertEqual(other["k"], [1, None])
            self.assertEqual(other.handle, self.sd.handle)

    def test_in_a_script_that_knows_the_name_alone(self):
        self.sd["question"] = 6
        code = "import sys, erlang; sd = erlang.SharedDict.open(sys.argv[1]); sd['answer'] = 7 * sd['question']"
        script(code, self.sd.handle)
        self.assertEqual(self.sd["answer"], 42)

    def test_no_names(self):
        digits = self.sd.handle[-32:]
        for bad in (
            "",
            ":",
            "x",
            digits,
            f":{digits}",
            "t:" + digits[1:],
            f"t:{digits}0",
            f"t:{digits[:-1]}g",
            f"t:{digits}:",
        ):
            with self.assertRaises(ValueError, msg=bad):
                SharedDict.open(bad)
        for bad in (None, 1, b"t:" + digits.encode(), self.sd):
            self.assertRaises(TypeError, SharedDict.open, bad)
        self.assertRaises(ValueError, SharedDict.open, f"t\0:{digits}")

    def test_no_such_dict(self):
        other = self.sd.handle[:-1] + ("0" if self.sd.handle[-1] != "0" else "1")
        with self.assertRaises(RuntimeError) as caught:
            SharedDict.open(other)
        self.assertIn(other, str(caught.exception))
        name = self.sd.handle
        self.sd.destroy()
        self.assertRaises(RuntimeError, SharedDict.open, name)
        self.assertRaises(FileNotFoundError, SharedDict.open, "no-such-table:" + "0" * 32)

    def test_destroyed_dicts_still_travel(self):
        self.sd.destroy()
        other = pickle.loads(pickle.dumps(self.sd))
        self.assertEqual(other, self.sd)
        with self.assertRaises(RuntimeError) as caught:
            other["k"] = 1
        self.assertEqual(str(caught.exception), "SharedDict has been destroyed")


class TestOfANode(TableCase):
    """A dict that an Erlang node made has the node in its name."""

    def setUp(self):
        super().setUp()
        self.node_dict = SharedDict.open(self.sd.handle + ":shop@host")

    def test_name(self):
        self.assertEqual(self.node_dict.handle, self.sd.handle + ":shop@host")
        self.assertEqual(SharedDict.open(self.node_dict.handle).handle, self.node_dict.handle)
        self.assertEqual(self.node_dict, self.sd)
        self.assertIn("of 'shop@host', ", repr(self.node_dict))

    def test_names_that_could_be_misread(self):
        digits = self.sd.handle[-32:]
        for node in (digits, f"a:{digits}", "n@h:x"):
            name = f"{self.sd.handle}:{node}"
            try:
                self.assertIn(node.split(":")[-1], SharedDict.open(name).handle)
            except (OSError, RuntimeError):
                pass  # taken for another table's: never a wrong dict

    def test_in_a_value_of_its_table_it_is_the_handle_that_erlang_reads(self):
        self.node_dict["me"] = {"inside": [self.node_dict]}
        self.assertEqual(self.node_dict["me"]["inside"][0].handle, self.node_dict.handle)
        # Anywhere else its name goes along, also in another table.
        other = Table.create()
        self.addCleanup(other.unlink)
        there = other.dict()
        there["it"] = self.node_dict
        self.assertEqual(there["it"].handle, self.node_dict.handle)
        for found in (pickle.loads(pickle.dumps(self.node_dict)), copy.deepcopy(self.node_dict)):
            self.assertEqual(found.handle, self.node_dict.handle)

    def test_a_bare_handle_does_not_tell_its_table(self):
        with self.assertRaises(RuntimeError) as caught:
            _erlang.dict(NODE_HANDLE)
        self.assertIn("node n@ho", str(caught.exception))
        self.assertRaises(ValueError, _erlang.dict, NODE_HANDLE[:-1])
