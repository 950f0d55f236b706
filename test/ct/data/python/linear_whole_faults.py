"""Dicts, lists and locks that are wrong in a small way, to see whether the linearizability tests find it.

linear_whole_faults.erl has the same.
"""

import contextlib
import time

from linear_operations import NOTHING, Dict, List, Locks, pairs, sorted_pairs, value, word


def pause(nanoseconds=20_000):
    """So that others come between the two halves of what should be one."""
    end = time.monotonic_ns() + nanoseconds
    while time.monotonic_ns() < end:
        pass


class NumbersInTwoSteps(Dict):
    """Numbers are read, and written later."""

    def number(self, name, key, n):
        before = self.shared.get(key, 0)
        if type(before) is not int:
            raise TypeError
        pause()
        results = {
            "add": before + n,
            "sub": before - n,
            "bor": before | n,
            "bxor": before ^ n,
            "band": before & n,
            "swap": n,
        }
        after = results[name]
        if not -(1 << 63) <= after < 1 << 63:
            raise OverflowError
        self.shared[key] = after
        return before if name == "swap" else after


class CasInTwoSteps(Dict):
    def do_cas(self, key, expected, new):
        numbers = type(expected) is int and type(new) is int
        found = self.shared.get(key, 0 if numbers else NOTHING)
        pause()
        if type(found) is not type(expected) or found != expected:
            return word, False
        self.shared[key] = new
        return word, True


class ClaimsInTwoSteps(Dict):
    """It is seen whether there is the key, and done later."""

    def do_take(self, key):
        found = self.shared.get(key, NOTHING)
        pause()
        self.shared.pop(key, None)
        return value, found

    def do_put_new(self, key, new):
        is_there = key in self.shared
        pause()
        if not is_there:
            self.shared[key] = new
        return word, not is_there

    def do_setdefault(self, key, new):
        found = self.shared.get(key, NOTHING)
        pause()
        if found is NOTHING:
            self.shared[key] = found = new
        return value, found


class ClearSingly(Dict):
    def do_clear(self):
        for key in self.shared:
            self.shared.pop(key, None)
            pause(100_000)
        return word, "ok"


class WritesSingly(Dict):
    def do_set_many(self, new):
        for key, one in new:
            self.shared[key] = one
            pause()
        return word, "ok"


class ReadsSingly(Dict):
    def read(self, keys):
        for key in keys:
            if (found := self.shared.get(key, NOTHING)) is not NOTHING:
                yield key, found
            pause()

    def do_get_many(self, keys):
        return sorted_pairs, dict(self.read(keys))

    def do_items(self):
        return pairs, list(self.read(list(self.shared)))


class NotValidated(Dict):
    """What a transaction has read may be another when it writes."""

    def transact(self, function):
        written, gone = {}, set()

        class Slow:
            def get(_, key, default):  # noqa: N805
                return written.get(key, default if key in gone else self.shared.get(key, default))

            def pop(_, key, default):  # noqa: N805
                written.pop(key, default)
                gone.add(key)

            def __setitem__(_, key, new):  # noqa: N805
                written[key] = new

        result = function(Slow())
        pause()
        for key in gone - set(written):
            self.shared.pop(key, None)
        self.shared.update(written)
        return result


class AbortedIsDone(Dict):
    """What a transaction has written before it failed stays."""

    def do_abort(self, actions):
        kind, read = self.do_transaction(actions)
        return (lambda got: f"{{aborted,{kind(got)}}}"), read


class ForgetsTtl(Dict):
    def do_set_ttl(self, key, new, _milliseconds, _tag):
        return self.do_set(key, new)


class EndsEarly(Dict):
    def do_set_ttl(self, key, new, milliseconds, tag):
        return super().do_set_ttl(key, new, milliseconds / 4, tag)


class ListInTwoSteps(List):
    def do_pop(self):
        found = self.element(self.shared.__getitem__, -1)
        pause()
        self.element(self.shared.pop)
        return found


class TwoHolders(Locks):
    """Who should wait gets the lock after all."""

    def do_turn(self, key, client, milliseconds):
        show, got = super().do_turn(key, client, milliseconds)
        if got != "busy":
            return show, got
        self.shared.pop(key, None)
        return super().do_turn(key, client, milliseconds)

    def release(self, lock):
        with contextlib.suppress(RuntimeError):
            lock.release()


FAULTS = {
    "numbers_in_two_steps": NumbersInTwoSteps,
    "cas_in_two_steps": CasInTwoSteps,
    "claims_in_two_steps": ClaimsInTwoSteps,
    "clear_singly": ClearSingly,
    "writes_singly": WritesSingly,
    "reads_singly": ReadsSingly,
    "not_validated": NotValidated,
    "aborted_is_done": AbortedIsDone,
    "forgets_ttl": ForgetsTtl,
    "ends_early": EndsEarly,
    "list_in_two_steps": ListInTwoSteps,
    "two_holders": TwoHolders,
}


def operations(kind, shared, fault):
    """For one client."""
    return FAULTS[fault](shared) if fault in FAULTS else {"dict": Dict, "list": List, "lock": Locks}[kind](shared)
