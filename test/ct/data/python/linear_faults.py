"""Dicts that are wrong in a small way, to see whether the linearizability tests find it.

linear_faults.erl has the same.
"""

import threading
import time


class Faulty:
    """All that a client uses, as it should be."""

    def __init__(self, shared):
        self.shared = shared
        self.mine = threading.local()  # each client errs for itself

    def count(self):
        self.mine.count = getattr(self.mine, "count", 0) + 1
        return self.mine.count

    def __setitem__(self, key, value):
        self.shared[key] = value

    def __delitem__(self, key):
        del self.shared[key]

    def __contains__(self, key):
        return key in self.shared

    def get(self, key, default):
        return self.shared.get(key, default)


class LostUpdate(Faulty):
    """Every third set is acknowledged and never done."""

    def __setitem__(self, key, value):
        if self.count() % 3:
            self.shared[key] = value


class StaleRead(Faulty):
    """Every second read of a key gives what the one before it gave."""

    def get(self, key, default):
        cache = self.mine.__dict__.setdefault("cache", {})
        if key in cache:
            return cache.pop(key)
        cache[key] = value = self.shared.get(key, default)
        return value


class HalfWrite(Faulty):
    """A value is replaced in two parts, and both are seen."""

    def __setitem__(self, key, value):
        old = self.shared.get(key, None)
        if isinstance(old, (str, list)) and type(old) is type(value):
            self.shared[key] = value[: len(value) // 2] + old[len(old) // 2 :]
            end = time.monotonic_ns() + 20_000
            while time.monotonic_ns() < end:
                pass
        self.shared[key] = value


FAULTS = {"lost_update": LostUpdate, "stale_read": StaleRead, "half_write": HalfWrite}


def wrap(shared, fault):
    return shared if fault == "right" else FAULTS[fault](shared)
