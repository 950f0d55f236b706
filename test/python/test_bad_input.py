"""What is wrong with an argument is said, whichever operation gets it, and nothing is lost."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import shared_case
from erlang import SharedDict

BEFORE = {"word": "value", "number": 7, 1: "one", "list": [1, 2]}

# Operations on a key.
BY_KEY: dict[str, Callable[[Any, Any], object]] = {
    "sd[k]": lambda sd, k: sd[k],
    "sd[k] = v": lambda sd, k: sd.__setitem__(k, 1),
    "del sd[k]": lambda sd, k: sd.__delitem__(k),
    "k in sd": lambda sd, k: k in sd,
    "contains": lambda sd, k: sd.contains(k),
    "get": lambda sd, k: sd.get(k),
    "view": lambda sd, k: sd.view(k),
    "put": lambda sd, k: sd.put(k, 1),
    "put, if it is new": lambda sd, k: sd.put(k, 1, skip_if_exists=True),
    "put for a time": lambda sd, k: sd.put(k, 1, ttl=60),
    "pop": lambda sd, k: sd.pop(k),
    "pop with a default": lambda sd, k: sd.pop(k, None),
    "setdefault": lambda sd, k: sd.setdefault(k, 1),
    "add": lambda sd, k: sd.add(k, 1),
    "sub": lambda sd, k: sd.sub(k, 1),
    "bor": lambda sd, k: sd.bor(k, 1),
    "bxor": lambda sd, k: sd.bxor(k, 1),
    "band": lambda sd, k: sd.band(k, 1),
    "inc": lambda sd, k: sd.inc(k),
    "dec": lambda sd, k: sd.dec(k),
    "swap": lambda sd, k: sd.swap(k, 1),
    "cas": lambda sd, k: sd.cas(k, 0, 1),
    "cell": lambda sd, k: sd.cell(k),
    "version": lambda sd, k: sd.version(k),
    "wait": lambda sd, k: sd.wait(k, timeout=0),
    "wait_change": lambda sd, k: sd.wait_change(k, 0, timeout=0),
    "lock": lambda sd, k: sd.lock(k).acquire(0),
    "nest": lambda sd, k: sd.nest(k),
    "nest_list": lambda sd, k: sd.nest_list(k),
    "get_many": lambda sd, k: sd.get_many(["word", k]),
    "update": lambda sd, k: sd.update([("word", 0), (k, 1)]),
    "|=": lambda sd, k: sd.__ior__([("word", 0), (k, 1)]),
    "t[k]": lambda sd, k: sd.transact(lambda t: t[k]),
    "t[k] = v": lambda sd, k: sd.transact(lambda t: t.update([("word", 0), (k, 1)])),
    "del t[k]": lambda sd, k: sd.transact(lambda t: t.__delitem__(k)),
    "t.add": lambda sd, k: sd.transact(lambda t: t.add(k, 1)),
}

WRONG_KEYS: list[tuple[Any, type[Exception], str]] = [
    (1.5, TypeError, "SharedDict keys must be str, bytes or int, not float"),
    (None, TypeError, "SharedDict keys must be str, bytes or int, not NoneType"),
    (("a",), TypeError, "SharedDict keys must be str, bytes or int, not tuple"),
    ([], TypeError, "SharedDict keys must be str, bytes or int, not list"),
    (True, TypeError, "SharedDict keys must be str, bytes or int, not bool"),
    (1 << 63, OverflowError, "SharedDict keys that are int must fit into 64 bits"),
    ("a\ud800", UnicodeEncodeError, "surrogates not allowed"),
]

# Operations that only look: there is no such key.
ONLY_LOOK = {
    "sd[k]": KeyError, "del sd[k]": KeyError, "view": KeyError, "pop": KeyError, "t[k]": KeyError, "del t[k]": KeyError,
    "wait": TimeoutError, "wait_change": TimeoutError, "k in sd": None, "contains": None, "get": None, "version": None,
    "pop with a default": None, "get_many": None,
}  # fmt: skip

# Operations that take a time, with the argument's name.
BY_TIME: dict[str, tuple[str, Callable[[Any, Any], object]]] = {
    "put": ("ttl", lambda sd, s: sd.put("word", 1, ttl=s)),
    "from_name, ttl": ("ttl", lambda sd, s: SharedDict.from_name("bad input", True, ttl=s, table=sd)),
    "from_name, idle": ("idle", lambda sd, s: SharedDict.from_name("bad input", True, idle=s, table=sd)),
    "lock, ttl": ("ttl", lambda sd, s: sd.lock("lock", ttl=s)),
    "lock, timeout": ("timeout", lambda sd, s: sd.lock("lock", timeout=s)),
    "acquire": ("timeout", lambda sd, s: sd.lock("lock").acquire(s)),
    "wait": ("timeout", lambda sd, s: sd.wait("word", timeout=s)),
    "wait_change": ("timeout", lambda sd, s: sd.wait_change("word", 0, timeout=s)),
    "watch": ("timeout", lambda sd, s: sd.watch(timeout=s)),
}

# Operations that call what they are given.
BY_FUNCTION: dict[str, Callable[[Any, Any], object]] = {
    "wait": lambda sd, f: sd.wait("word", f, timeout=60),
    "transact": lambda sd, f: sd.transact(lambda t: (t.__setitem__("word", 0), f(t))),
    "update": lambda sd, f: sd.update((key, f(key)) for key in ["word", "number"]),
    "get_many": lambda sd, f: sd.get_many(f(key) for key in ["word"]),
    "list.extend": lambda sd, f: sd.nest_list("items").extend(f(n) for n in range(3)),
    "put": lambda sd, f: sd.put("word", _Reduced(f)),
}


class _Reduced:
    """Calls a function when it is pickled."""

    def __init__(self, function: Callable[[Any], object]) -> None:
        self.function = function

    def __reduce__(self) -> Any:
        return self.function(self)


class Deliberate(Exception):
    pass


class TestBadInput(shared_case.SharedCase):
    def setUp(self) -> None:
        super().setUp()
        self.longest = self.longest_key()
        self.sd.update(BEFORE)

    def longest_key(self) -> int:
        """Bytes. A node allows less than a table that Python makes, if nobody says otherwise."""
        try:
            self.sd["k" * 65536] = 1
        except MemoryError:
            return 65535
        self.sd.clear()
        return 1 << 20

    def by_key(self) -> list[tuple[str, Callable[[Any, Any], object]]]:
        try:
            _ = self.sd.handle
        except RuntimeError:  # in unit tests the table has no file, and so nobody else who could hold a lock
            return [(name, operation) for name, operation in BY_KEY.items() if name != "lock"]
        return list(BY_KEY.items())

    def expect(self, kind: type[Exception], text: str, operation: Callable[[], object]) -> None:
        with self.assertRaises(kind) as caught:
            operation()
        self.assertIn(text, str(caught.exception))
        self.assertEqual(self.sd.copy(), BEFORE)

    def test_keys_that_cannot_be(self) -> None:
        for name, operation in self.by_key():
            for key, kind, text in WRONG_KEYS:
                with self.subTest(operation=name, key=key):
                    self.expect(kind, text, lambda f=operation, k=key: f(self.sd, k))

    def test_keys_that_are_too_long(self) -> None:
        for key in ("k" * (self.longest + 1), b"\xff" * (self.longest + 1)):
            for name, operation in self.by_key():
                with self.subTest(operation=name):
                    kind = ONLY_LOOK.get(name, MemoryError)
                    if kind is None:
                        self.assertIn(operation(self.sd, key), (None, False, 0, {"word": "value"}))
                    else:
                        text = "max_key_bytes" if kind is MemoryError else ""
                        self.expect(kind, text, lambda f=operation, k=key: f(self.sd, k))

    def test_a_key_as_long_as_may_be(self) -> None:
        key = "k" * self.longest
        with self.sd.watch(timeout=60) as changes:
            self.sd[key] = 1
            self.assertEqual(next(changes).kind, "overflow")  # no list of changes has room for it
        self.assertEqual((self.sd.add(key, 1), self.sd.wait(key, 2), self.sd.get_many([key])), (2, 2, {key: 2}))
        self.assertEqual(self.sd.transact(lambda t: t.pop(key)), 2)
        for _, operation in [pair for pair in self.by_key() if pair[0] == "lock"]:
            self.assertIs(operation(self.sd, key), True)
        self.sd.nest(key)["in it"] = 1
        self.assertEqual(self.sd[key], {"in it": 1})
        del self.sd[key]
        self.assertEqual(self.sd.copy(), BEFORE)

    def test_times_that_cannot_be(self) -> None:
        for name, (argument, operation) in BY_TIME.items():
            for seconds in (-1, -0.001, -math.inf, math.nan):
                with self.subTest(operation=name, seconds=seconds):
                    self.expect(ValueError, f"{argument} must be", lambda f=operation, s=seconds: f(self.sd, s))
                    self.expect(ValueError, repr(seconds), lambda f=operation, s=seconds: f(self.sd, s))
            for seconds in ("soon", 1j, []):
                with self.subTest(operation=name, seconds=seconds):
                    self.expect(TypeError, "", lambda f=operation, s=seconds: f(self.sd, s))
            if argument != "timeout":
                self.expect(ValueError, f"{argument} must be", lambda f=operation: f(self.sd, 0))
        self.assertNotIn("bad input", SharedDict.names(table=self.sd))

    def test_sizes_and_numbers_that_cannot_be(self) -> None:
        def make(size: Any) -> SharedDict[Any, Any]:
            return SharedDict.from_name("bad input", True, max_value_bytes=size, table=self.sd)

        for size in (0, -1, 1 << 64):
            self.expect(ValueError, f"max_value_bytes must be from 1 to 2**64 - 1, not {size}", lambda s=size: make(s))
        self.expect(TypeError, "max_value_bytes must be None or an int, not float", lambda: make(1.5))
        for name in ("add", "sub", "bor", "bxor", "band", "swap"):
            for n, kind in ((1.5, TypeError), ("1", TypeError), (None, TypeError), (1 << 63, OverflowError)):
                with self.subTest(operation=name, n=n):
                    self.expect(kind, "", lambda f=name, m=n: getattr(self.sd, f)("number", m))
            self.expect(TypeError, "word", lambda f=name: getattr(self.sd, f)("word", 1))

    def test_functions_that_raise(self) -> None:
        def fail(_: Any) -> Any:
            raise Deliberate("on purpose")

        items = self.sd.nest_list("items")
        items.append(1)
        for name, operation in BY_FUNCTION.items():
            with self.subTest(operation=name):
                with self.assertRaisesRegex(Deliberate, "on purpose"):
                    operation(self.sd, fail)
                self.assertEqual(items, [1])
                self.assertEqual(self.sd.copy(), {**BEFORE, "items": items})

    def test_what_is_no_function(self) -> None:
        self.expect(TypeError, "not callable", lambda: self.sd.transact(7))
        self.expect(ValueError, "retries must be", lambda: self.sd.transact(lambda _: None, retries=-1))
