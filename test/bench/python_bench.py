"""SharedDict beside a plain dict with pickle, measured inside an interpreter of pyport.

Called from Erlang: ``py:call(python_bench, compare, [Dict, Rounds, SliceMs])``.
"""

import statistics
from pickle import dumps, loads
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


# One key, in as many objects: more of them than a SharedDict remembers values of.
KEYS = ["".join(("k", "ey")) for _ in range(400)]


def time_of(operation, slice_ns):
    """Nanoseconds of one operation, over about slice_ns; operation(keys) does it once for each of `keys`."""
    count = 0
    begin = now = perf_counter_ns()
    while now - begin < slice_ns:
        operation(KEYS)
        count += len(KEYS)
        now = perf_counter_ns()
    return (now - begin) / count


# What is compared, written out: a call around each would cost as much as the operation itself.


def get_shared(shared):
    def operation(keys):
        for key in keys:
            shared[key]

    return operation


def get_again(shared):
    def operation(keys):
        for _ in keys:
            shared["key"]

    return operation


def get_pickled(plain):
    def operation(keys):
        for key in keys:
            loads(plain[key])

    return operation


def set_shared(shared, value):
    def operation(keys):
        for key in keys:
            shared[key] = value

    return operation


def set_pickled(plain, value):
    def operation(keys):
        for key in keys:
            plain[key] = dumps(value, 5)

    return operation


def side_by_side(first, second, rounds, slice_ns):
    """Medians of both in nanoseconds, and the median of the rounds' ratios; A B A B ..."""
    pairs = [(time_of(first, slice_ns), time_of(second, slice_ns)) for _ in range(rounds)]
    return [
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(a / b for a, b in pairs),
    ]


def compare(handle, rounds, slice_ms):
    """One row a value: [name, get, dict + loads, ratio, get again, set, dict + dumps, ratio]."""
    shared = SharedDict(handle)
    plain = {}  # of pickles: what one would write without pyport
    slice_ns = slice_ms * 1_000_000

    def row(name, value):
        shared["key"] = value
        plain["key"] = dumps(value, 5)
        assert shared["key"] == loads(plain["key"]) == value
        get = side_by_side(get_shared(shared), get_pickled(plain), rounds, slice_ns)
        again = statistics.median(time_of(get_again(shared), slice_ns) for _ in range(rounds))
        put = side_by_side(set_shared(shared, value), set_pickled(plain, value), rounds, slice_ns)
        return [name, *get, again, *put]

    return [row(name, value) for name, value in VALUES.items()]


def rate(handle, what, seconds):
    """Operations a second on one key: what is "get" or "set"."""
    shared = SharedDict(handle)
    shared["key"] = 42
    operation = {"get": get_shared(shared), "set": set_shared(shared, 42)}[what]
    return 1e9 / time_of(operation, int(seconds * 1e9))


def fill(handle, entries):
    """As many small entries, to weigh one."""
    shared = SharedDict(handle)
    for n in range(entries):
        shared[f"key {n:8}"] = n
    return len(shared)
