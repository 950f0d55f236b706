"""Pid, Reference, Term and Atom."""

import copy
import pickle
import unittest

import _erlang
import erlang
import shared_case
from erlang import Atom, Pid, Reference, Term

NODE = b"w\x04n@ho"  # the atom n@ho
PID = b"X" + NODE + b"\0\0\0\x7b" + b"\0\0\0\0" + b"\0\0\0\x01"
OTHER_PID = b"X" + NODE + b"\0\0\0\x7c" + b"\0\0\0\0" + b"\0\0\0\x01"
OLD_PID = b"g" + NODE + b"\0\0\0\x7b" + b"\0\0\0\x02" + b"\x01"
REFERENCE = b"Z\0\x02" + NODE + b"\0\0\0\x01" + b"\0\0\0\x05" + b"\0\0\0\x06"
BITS = b"M\0\0\0\x01\x03\xa0"


class TestOpaque(shared_case.SharedCase):
    def terms(self):
        return _erlang.pid(PID), _erlang.reference(REFERENCE), _erlang.term(BITS)

    def test_types(self):
        for term, kind in zip(self.terms(), (Pid, Reference, Term)):
            self.assertIs(type(term), kind)
            self.assertEqual(kind.__module__, "erlang")

    def test_reprs(self):
        self.assertEqual(repr(_erlang.pid(PID)), "<erlang.Pid n@ho 0.123.0>")
        self.assertEqual(repr(_erlang.pid(OLD_PID)), "<erlang.Pid n@ho 0.123.2>")
        self.assertEqual(repr(_erlang.reference(REFERENCE)), "<erlang.Reference n@ho 0.6.5>")
        self.assertEqual(repr(_erlang.term(BITS)), "<erlang.Term bitstring, 7 bytes>")

    def test_equality_and_hash(self):
        pid = _erlang.pid(PID)
        self.assertEqual(pid, _erlang.pid(PID))
        self.assertEqual(hash(pid), hash(_erlang.pid(PID)))
        self.assertNotEqual(pid, _erlang.pid(OTHER_PID))
        self.assertNotEqual(pid, _erlang.term(PID))
        self.assertNotEqual(pid, PID)
        self.assertEqual({pid: 1}[_erlang.pid(PID)], 1)
        self.assertRaises(TypeError, lambda: pid < pid)

    def test_copies(self):
        for term in self.terms():
            for protocol in range(2, 6):
                self.assertEqual(pickle.loads(pickle.dumps(term, protocol)), term)
            self.assertEqual(copy.deepcopy(term), term)
            self.sd["v"] = {"inside": [term]}
            self.assertEqual(self.sd["v"], {"inside": [term]})

    def test_come_from_erlang_only(self):
        for kind in (Pid, Reference, Term):
            self.assertRaises(TypeError, kind)
            self.assertRaises(TypeError, kind, PID)

    def test_bad_terms(self):
        for function in (_erlang.pid, _erlang.reference, _erlang.term):
            for bad in (b"", PID[:-1], PID + b"x", b"\xff", b"\x83" + PID):
                self.assertRaises(ValueError, function, bad)
            self.assertRaises(TypeError, function, "text")
        self.assertRaises(ValueError, _erlang.pid, REFERENCE)
        self.assertRaises(ValueError, _erlang.reference, PID)

    def test_object(self):
        self.assertEqual(_erlang.object("builtins.list", pickle.dumps([1])), [1])
        self.assertRaises(TypeError, _erlang.object, "t")
        self.assertRaises(TypeError, _erlang.object, b"t", b"p")
        self.assertRaises(pickle.UnpicklingError, _erlang.object, "t", b"no pickle")


class TestAtom(shared_case.SharedCase):
    def test_is_a_str(self):
        atom = Atom("ok")
        self.assertIsInstance(atom, str)
        self.assertEqual(atom, "ok")
        self.assertEqual(hash(atom), hash("ok"))
        self.assertEqual({"ok": 1}[atom], 1)
        self.assertEqual(str(atom), "ok")
        self.assertEqual(atom + "!", "ok!")

    def test_repr(self):
        self.assertEqual(repr(Atom("x")), "Atom('x')")
        self.assertEqual(repr(Atom("it's")), 'Atom("it\'s")')

    def test_copies_are_atoms(self):
        atom = Atom("ä")
        for other in (
            pickle.loads(pickle.dumps(atom)),
            pickle.loads(pickle.dumps(atom, 2)),
            copy.copy(atom),
            copy.deepcopy([atom])[0],
            Atom(atom),
            _erlang.atom("ä"),
        ):
            self.assertIs(type(other), Atom)
            self.assertEqual(other, "ä")
        self.sd["v"] = atom
        self.assertIs(type(self.sd["v"]), Atom)

    def test_bad_ones(self):
        for bad in (b"ok", None, 1):
            self.assertRaises(TypeError, Atom, bad)
        self.assertRaises(TypeError, Atom)
        for bad in ("x" * 256, "\udc80"):
            self.assertRaises(ValueError, Atom, bad)
        self.assertEqual(len(Atom("ä" * 255)), 255)
        self.assertEqual(Atom(""), "")


class TestPackage(unittest.TestCase):
    def test_everything_public_has_a_docstring(self):
        for name in erlang.__all__:
            self.assertTrue(getattr(erlang, name).__doc__, name)
        for name in ("get", "keys", "destroy"):
            self.assertTrue(getattr(erlang.SharedDict, name).__doc__, name)
        self.assertTrue(erlang.__doc__)

    def test_interrupted(self):
        self.assertTrue(issubclass(erlang.Interrupted, BaseException))
        self.assertFalse(issubclass(erlang.Interrupted, Exception))
        self.assertEqual(erlang.Interrupted.__module__, "erlang")
