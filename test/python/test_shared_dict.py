"""SharedDict as a mapping."""

import copy
import pickle
from collections import abc

import _erlang
import shared_case
from erlang import SharedDict

MISSING = object()
HANDLE = b"h\x03w\x0c$pyport_dictw\x04n@hom\0\0\0\x10" + bytes(16)


class TestMapping(shared_case.SharedCase):
    def test_set_get_delete(self):
        self.sd["k"] = {"status": "ok", "count": 42}
        self.assertEqual(self.sd["k"], {"status": "ok", "count": 42})
        del self.sd["k"]
        self.assertNotIn("k", self.sd)

    def test_missing_keys(self):
        with self.assertRaises(KeyError) as caught:
            self.sd["none"]
        self.assertEqual(caught.exception.args, ("none",))
        with self.assertRaises(KeyError) as caught:
            del self.sd["none"]
        self.assertEqual(caught.exception.args, ("none",))

    def test_get(self):
        self.assertIsNone(self.sd.get("none"))
        self.assertIs(self.sd.get("none", MISSING), MISSING)
        self.assertIs(self.sd.get("none", default=MISSING), MISSING)
        self.sd["k"] = 1
        self.assertEqual(self.sd.get("k", MISSING), 1)

    def test_a_stored_none_is_not_the_default(self):
        self.sd["k"] = None
        self.assertIsNone(self.sd.get("k", MISSING))
        self.assertIsNone(self.sd["k"])
        self.assertIn("k", self.sd)

    def test_get_takes_nothing_else(self):
        for call in (
            lambda: self.sd.get(),
            lambda: self.sd.get("a", 1, 2),
            lambda: self.sd.get("a", 1, default=2),
            lambda: self.sd.get("a", other=2),
            lambda: self.sd.get(key="a"),
        ):
            self.assertRaises(TypeError, call)

    def test_values_are_copies(self):
        value = [1]
        self.sd["k"] = value
        value.append(2)
        self.sd["k"].append(3)
        self.assertEqual(self.sd["k"], [1])

    def test_keys_in_insertion_order(self):
        for key in ("b", "a", 3, b"\xff", -1):
            self.sd[key] = 0
        self.sd["b"] = 1
        self.assertEqual(list(self.sd.keys()), ["b", "a", 3, b"\xff", -1])
        del self.sd["b"]
        self.sd["b"] = 2
        self.assertEqual(list(self.sd), ["a", 3, b"\xff", -1, "b"])
        self.assertEqual(len(self.sd), 5)

    def test_iteration_is_over_a_snapshot(self):
        for key in range(5):
            self.sd[key] = key
        for key in self.sd:
            del self.sd[key]
        self.assertEqual(len(self.sd), 0)

    def test_a_plain_dict_of_it(self):
        self.sd["b"], self.sd[2], self.sd[b"\xff"] = 1, [2], None
        self.assertEqual(dict(self.sd), {"b": 1, 2: [2], b"\xff": None})
        self.assertEqual({**self.sd}, dict(self.sd))
        self.assertEqual(list(dict(self.sd)), ["b", 2, b"\xff"])

    def test_is_hashable_as_a_handle_is(self):
        self.assertIsInstance(self.sd, abc.Hashable)
        self.assertEqual({self.sd: 1}[SharedDict(self.sd)], 1)

    def test_changes_are_seen_by_all_that_name_it(self):
        other = SharedDict(self.sd)
        self.sd["k"] = 1
        self.assertEqual(other["k"], 1)
        del other["k"]
        self.assertNotIn("k", self.sd)

    def test_empty_is_false(self):
        self.assertFalse(self.sd)
        self.sd[""] = 1
        self.assertTrue(self.sd)


class TestKeys(shared_case.SharedCase):
    def test_str_and_bytes_are_one_key(self):
        self.sd["key"] = "by str"
        self.assertEqual(self.sd[b"key"], "by str")
        self.sd[b"\xc3\xa4"] = "by bytes"
        self.assertEqual(self.sd["ä"], "by bytes")
        self.assertEqual(list(self.sd.keys()), ["key", "ä"])

    def test_ints_are_no_text(self):
        self.sd[1] = "int"
        self.assertNotIn("1", self.sd)
        self.sd["1"] = "str"
        self.assertEqual((self.sd[1], self.sd["1"]), ("int", "str"))

    def test_int_bounds(self):
        for key in (2**63 - 1, -(2**63)):
            self.sd[key] = key
            self.assertEqual(self.sd[key], key)
        for key in (2**63, -(2**63) - 1, 10**30):
            with self.assertRaises(OverflowError):
                self.sd[key] = 1
            self.assertRaises(OverflowError, self.sd.get, key)

    def test_other_types(self):
        for key in (True, False, None, 1.5, ("a",), [], SharedDict(self.sd)):
            with self.assertRaises(TypeError) as caught:
                self.sd[key] = 1
            self.assertIn(type(key).__name__, str(caught.exception))
            self.assertRaises(TypeError, lambda key=key: self.sd[key])
            self.assertRaises(TypeError, lambda key=key: key in self.sd)
            self.assertRaises(TypeError, self.sd.__delitem__, key)

    def test_lone_surrogates(self):
        with self.assertRaises(ValueError):
            self.sd["\udc80"] = 1

    def test_odd_texts(self):
        for key in ("", "\0", "a\0b", "😀", "x" * 60_000, b""):
            self.sd[key] = "v"
            self.assertEqual(self.sd[key], "v")

    def test_subclasses_of_str_and_int(self):
        class Text(str):
            pass

        class Number(int):
            pass

        self.sd[Text("t")] = 1
        self.sd[Number(7)] = 2
        self.assertEqual(list(self.sd.keys()), ["t", 7])


class TestIdentity(shared_case.SharedCase):
    def test_construction(self):
        self.assertEqual(SharedDict(self.sd), self.sd)
        self.assertEqual(SharedDict(handle=self.sd), self.sd)
        for handle in (None, "text", b"bytes", 1, {}, object()):
            self.assertRaises(TypeError, SharedDict, handle)
        self.assertRaises(TypeError, SharedDict)
        self.assertRaises(TypeError, SharedDict, self.sd, self.sd)

    def test_equality_and_hash(self):
        other = SharedDict(self.sd)
        self.assertIsNot(other, self.sd)
        self.assertTrue(other == self.sd)
        self.assertFalse(other != self.sd)
        self.assertEqual(hash(other), hash(self.sd))
        self.assertEqual(len({other, self.sd}), 1)
        self.assertRaises(TypeError, lambda: self.sd < other)

    def test_copies_name_the_same_dict(self):
        for other in (
            pickle.loads(pickle.dumps(self.sd)),
            pickle.loads(pickle.dumps(self.sd, 2)),
            copy.copy(self.sd),
            copy.deepcopy(self.sd),
        ):
            self.assertEqual(other, self.sd)

    def test_by_its_name(self):
        try:
            name = self.sd.handle
        except RuntimeError as error:  # in unit tests
            self.assertEqual(str(error), "the table of this SharedDict has no file")
            return
        self.sd["k"] = [1]
        for other in (SharedDict.open(name), pickle.loads(pickle.dumps([self.sd]))[0]):
            self.assertEqual(other, self.sd)
            self.assertEqual(other.handle, name)
            self.assertEqual(other["k"], [1])
        self.assertRaises(ValueError, SharedDict.open, "no name")

    def test_constant_so_a_copy_is_itself(self):
        self.assertIs(copy.copy(self.sd), self.sd)
        self.assertIs(copy.deepcopy([self.sd])[0], self.sd)

    def test_a_dict_in_itself(self):
        self.sd["me"] = [self.sd]
        self.assertEqual(self.sd["me"][0], self.sd)

    def test_bad_handle_terms(self):
        etf = HANDLE
        for bad in (b"", etf[:-1], etf + b"x", b"a\x01", etf.replace(b"pyport", b"pyXort")):
            self.assertRaises(ValueError, _erlang.dict, bad)
        self.assertRaises(TypeError, _erlang.dict, "text")

    def test_cannot_be_subclassed_or_changed(self):
        with self.assertRaises(TypeError):
            type("Sub", (SharedDict,), {})
        with self.assertRaises(TypeError):
            SharedDict.get = None
        with self.assertRaises(AttributeError):
            self.sd.attribute = 1
