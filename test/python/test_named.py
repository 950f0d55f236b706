"""Dicts with a name, and keys that expire."""

from __future__ import annotations

import math
import threading
import time
from typing import Any

import shared_case
from erlang import SharedDict

_HOUR = 3600.0


def _until(holds: Any) -> None:
    """Waits until that is so, or fails after long."""
    end = time.monotonic() + 30
    while not holds():
        if time.monotonic() > end:
            raise AssertionError("it did not come to be so")
        time.sleep(0.001)


class NamedCase(shared_case.SharedCase):
    """Other interpreters may run the same in the same table: names begin with what is this dict's."""

    def setUp(self) -> None:
        super().setUp()
        self.prefix = f"{hash(self.sd) & 0xFFFFFFFF:08x} "
        self.addCleanup(self.delete_all)
        self.delete_all()

    def names(self) -> list[str]:
        names = SharedDict.names(table=self.sd)
        return [name[len(self.prefix) :] for name in names if name.startswith(self.prefix)]

    def delete(self, name: str, **options: Any) -> None:
        SharedDict.delete(self.prefix + name, table=self.sd, **options)

    def delete_all(self) -> None:
        for name in self.names():
            self.delete(name, allow_missing=True)

    def named(self, name: str, create: bool = True, **options: Any) -> Any:
        return SharedDict.from_name(self.prefix + name, create, table=self.sd, **options)


class TestNames(NamedCase):
    def test_one_for_all_who_ask(self) -> None:
        made = self.named("sessions")
        made["k"] = 1
        self.assertEqual(self.named("sessions")["k"], 1)
        self.assertEqual(self.named("sessions", create=False)["k"], 1)
        found = SharedDict.from_name(self.prefix + "sessions", create_if_missing=True, table=self.sd)
        self.assertEqual(found["k"], 1)
        other = self.named("other")
        self.assertEqual(dict(other), {})
        self.assertEqual(self.names(), ["sessions", "other"])

    def test_missing(self) -> None:
        with self.assertRaisesRegex(KeyError, "no dict of the name '.*nobody'"):
            self.named("nobody", create=False)
        with self.assertRaisesRegex(KeyError, "no dict of the name '.*nobody'"):
            self.delete("nobody")
        self.delete("nobody", allow_missing=True)

    def test_delete_ends_it_for_all(self) -> None:
        made = self.named("k")
        made["key"] = 1
        self.delete("k")
        with self.assertRaisesRegex(RuntimeError, "destroyed"):
            len(made)
        self.assertEqual(self.names(), [])
        self.assertEqual(dict(self.named("k")), {})

    def test_destroy_frees_the_name(self) -> None:
        self.named("k").destroy()
        self.assertEqual(self.names(), [])
        with self.assertRaises(KeyError):
            self.named("k", create=False)

    def test_names_that_are_none(self) -> None:
        def named(name: Any) -> Any:
            return SharedDict.from_name(name, True, table=self.sd)

        for bad in ("", "n" * 65, "ü" * 33, "a\nb", "a\0", "\x7f"):
            with self.assertRaisesRegex(ValueError, "1 to 64 bytes"):
                named(bad)
        with self.assertRaises(UnicodeEncodeError):
            named("\ud800")
        for wrong in (None, 1, b"bytes"):
            with self.assertRaisesRegex(TypeError, "the name of a dict is a str"):
                named(wrong)
        room = 64 - len(self.prefix)
        for good in ("n" * room, "ü" * (room // 2), "a b:c/d"):
            self.named(good)["k"] = good
            self.assertEqual(self.named(good)["k"], good)

    def test_info(self) -> None:
        made = self.named("k", idle=_HOUR, max_value_bytes=1000)
        info = made.info()
        self.assertEqual((info["name"], info["owner"], info["idle"]), (self.prefix + "k", "node", _HOUR))
        self.assertEqual(info["max_value_bytes"], 1000)
        self.assertLess(abs(info["created"] - time.time()), 60)
        self.assertLess(abs(info["last_use"] - time.time()), 60)
        self.assertNotIn("ttl", info)
        plain = self.sd.info()
        self.assertEqual({"name", "ttl", "idle", "max_value_bytes", "last_use"} & set(plain), set())

    def test_threads_make_one(self) -> None:
        for _ in range(20):
            ready = threading.Barrier(4)
            found: list[Any] = []

            def ask(ready: threading.Barrier = ready, found: list[Any] = found) -> None:
                ready.wait()
                found.append(self.named("race"))

            threads = [threading.Thread(target=ask) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(len({hash(one) for one in found}), 1)
            self.delete("race")


class TestExpiry(NamedCase):
    def test_a_key_goes_when_its_time_is_over(self) -> None:
        began = time.monotonic()
        self.sd.put("k", "v", ttl=0.05)
        self.sd.put("stays", "v", ttl=_HOUR)
        _until(lambda: "k" not in self.sd)
        self.assertGreaterEqual(time.monotonic() - began, 0.05)
        self.assertEqual(list(self.sd), ["stays"])
        self.assertEqual(len(self.sd), 1)
        self.assertEqual(dict(self.sd), {"stays": "v"})
        self.assertIsNone(self.sd.get("k"))
        with self.assertRaises(KeyError):
            self.sd["k"]
        with self.assertRaises(KeyError):
            del self.sd["k"]
        self.assertTrue(self.sd.put("k", "again", skip_if_exists=True))

    def test_what_was_read_before_is_not_given_again(self) -> None:
        self.sd.put("k", 12345, ttl=0.05)
        _until(lambda: self.sd.get("k") is None)

    def test_values_of_all_kinds(self) -> None:
        for value in (1, "text", b"x" * 10_000, {"a": [1, 2]}, 1 + 2j, list(range(10_000))):
            self.sd.put("k", value, ttl=_HOUR)
            self.assertEqual(self.sd["k"], value)
            self.assertEqual(self.sd.pop("k"), value)

    def test_an_assignment_forgets_it(self) -> None:
        self.sd.put("k", 1, ttl=0.01)
        self.sd["k"] = 2
        other = {"n": 0}
        self.sd.put("other", other, ttl=0.01)
        _until(lambda: "other" not in self.sd)
        self.assertEqual(self.sd["k"], 2)

    def test_put_if_absent(self) -> None:
        self.assertTrue(self.sd.put("k", 1, skip_if_exists=True, ttl=0.02))
        self.assertFalse(self.sd.put("k", 2, skip_if_exists=True, ttl=0.02) and "k" not in self.sd)
        _until(lambda: self.sd.put("k", 3, skip_if_exists=True))
        self.assertEqual(self.sd["k"], 3)

    def test_numbers(self) -> None:
        self.sd.put("n", 5, ttl=_HOUR)
        self.assertEqual(self.sd.add("n", 2), 7)
        self.assertEqual(self.sd.add("n", 2), 9)
        self.assertEqual(self.sd["n"], 9)
        self.sd.put("n", 5, ttl=0.02)
        _until(lambda: "n" not in self.sd)
        self.assertEqual(self.sd.add("n", 1), 1)

    def test_times_that_are_none(self) -> None:
        for wrong in (0, -1, -0.5, math.nan):
            with self.assertRaisesRegex(ValueError, "positive number of seconds"):
                self.sd.put("k", 1, ttl=wrong)
        with self.assertRaises(TypeError):
            self.sd.put("k", 1, ttl="soon")  # type: ignore[arg-type]
        self.assertNotIn("k", self.sd)
        self.sd.put("k", 1, ttl=math.inf)
        self.sd.put("l", 1, ttl=None)
        self.assertEqual(len(self.sd), 2)

    def test_a_dict_says_how_long(self) -> None:
        made = self.named("brief", ttl=0.02)
        made["k"] = 1
        made.update({"a": 1, "b": [2]})
        made.put("longer", 1, ttl=_HOUR)
        made.put("for ever", 1, ttl=math.inf)
        _until(lambda: len(made) == 2)
        self.assertEqual(list(made), ["longer", "for ever"])

    def test_idle(self) -> None:
        made = self.named("idle", idle=0.5)
        made["used"], made["unused"] = 1, 1
        last = time.monotonic()
        end = last + 1.5
        while last < end:
            found = made.get("used")
            now = time.monotonic()
            if now - last > 0.4:  # this process was not let run for so long
                made["used"] = 1
                end = now + 1.5
            else:
                self.assertEqual(found, 1)
            last = now
        self.assertNotIn("unused", made)
        _until(lambda: "used" not in made)

    def test_options_that_are_none(self) -> None:
        with self.assertRaisesRegex(ValueError, "not both"):
            self.named("k", ttl=1, idle=1)
        for options in ({"ttl": 0}, {"idle": -1}, {"max_value_bytes": 0}):
            with self.assertRaises(ValueError):
                self.named("k", **options)
        self.assertEqual(self.names(), [])

    def test_values_that_are_too_large(self) -> None:
        made = self.named("small", max_value_bytes=100)
        made["k"] = "v" * 10
        for put in (
            lambda: made.put("k", "v" * 1000),
            lambda: made.update({"a": 1, "k": "v" * 1000}),
            lambda: made.setdefault("l", "v" * 1000),
        ):
            with self.assertRaisesRegex(MemoryError, "max_value_bytes"):
                put()
        self.assertEqual(dict(made), {"k": "v" * 10})

    def test_memory_comes_back(self) -> None:
        made = self.named("filled", ttl=0.001)
        for n in range(20_000):
            made[n] = "some value that is no word"
        self.assertLess(made.info()["bytes"], 2_000_000)
        _until(lambda: made.info()["keys"] == 0)
        self.assertEqual(made.info()["bytes"], 0)
