"""SharedDict beside a plain dict with pickle, measured inside an interpreter of pyport.

Called from Erlang: ``py:call(python_bench, compare, [Dict, Rounds, SliceMs])``.
"""

import pickle
import statistics
from time import perf_counter_ns

from erlang import SharedDict


def config():
    """The same 200 leaves as bench_values:config/0."""
    return {
        f"section_{s}": {
            f"group_{g}": {
                "host": f"node{s}-{g}.example.org",
                "port": 8000 + s * 10 + g,
                "weight": s / 10,
                "enabled": g % 2 == 0,
                "timeout_ms": 30000,
            }
            for g in range(1, 5)
        }
        for s in range(1, 11)
    }


VALUES = {
    "int": 42,
    "3-key map": {"host": "localhost", "port": 8080, "tls": True},
    "1 KiB binary": "k" * 1024,
    "100 KiB binary": "k" * 100 * 1024,
    "1000 ints": list(range(100000, 101000)),
    "200-leaf config": config(),
}


class Pickled(dict):
    """What one would write without pyport: a dict that holds pickles."""

    def put(self, key, value):
        self[key] = pickle.dumps(value, 5)

    def take(self, key):
        return pickle.loads(self[key])


def time_of(operation, slice_ns):
    """Nanoseconds of one operation, over about slice_ns."""
    count = 0
    begin = now = perf_counter_ns()
    while now - begin < slice_ns:
        for _ in range(50):
            operation()
        count += 50
        now = perf_counter_ns()
    return (now - begin) / count


def side_by_side(first, second, rounds, slice_ns):
    """Medians of both in nanoseconds, and the median of the rounds' ratios; A B A B ..."""
    pairs = [(time_of(first, slice_ns), time_of(second, slice_ns)) for _ in range(rounds)]
    return [
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(a / b for a, b in pairs),
    ]


def compare(handle, rounds, slice_ms):
    """One row a value: [name, get, dict + loads, ratio, set, dict + dumps, ratio]."""
    shared = SharedDict(handle)
    plain = Pickled()
    slice_ns = slice_ms * 1_000_000

    def row(name, value):
        shared["k"] = value
        plain.put("k", value)
        assert shared["k"] == plain.take("k") == value
        get = side_by_side(lambda: shared["k"], lambda: plain.take("k"), rounds, slice_ns)
        put = side_by_side(lambda: shared.__setitem__("k", value), lambda: plain.put("k", value), rounds, slice_ns)
        return [name, *get, *put]

    return [row(name, value) for name, value in VALUES.items()]


def rate(handle, what, seconds):
    """Operations a second on one key: what is "get" or "set"."""
    shared = SharedDict(handle)
    shared["k"] = 42
    operation = {"get": lambda: shared["k"], "set": lambda: shared.__setitem__("k", 42)}[what]
    return 1e9 / time_of(operation, int(seconds * 1e9))


def fill(handle, entries):
    """As many small entries, to weigh one."""
    shared = SharedDict(handle)
    for n in range(entries):
        shared[f"key {n:8}"] = n
    return len(shared)
