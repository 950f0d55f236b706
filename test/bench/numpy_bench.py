"""Work with numpy, for bench_packages."""

import pickle
import statistics
import time
from typing import Any

import numpy
from erlang import SharedDict

_numbers = numpy.random.default_rng(1).random(100_000)


def sort(times: int) -> None:
    for _ in range(times):
        numpy.sort(_numbers)


def sorts_in(seconds: float) -> int:
    """How many take about so long."""
    sort(1)
    start = time.monotonic()
    sort(3)
    return max(1, round(3 * seconds / (time.monotonic() - start)))


def opened(handle: Any, megabytes: int, rounds: int) -> list[float]:
    """Median microseconds in which an array is opened; the same when the caches are full of something else; and in
    which pickle loads it."""
    sd = SharedDict(handle)
    sd["array"] = numpy.arange(megabytes * 125_000, dtype=numpy.float64)
    pickled = pickle.dumps(sd["array"], 5)
    slices = [
        (
            _microseconds(lambda: pickle.loads(pickled)),
            _microseconds(lambda: sd["array"]),
            statistics.median(_microseconds(lambda: sd["array"]) for _ in range(9)),
        )
        for _ in range(rounds)
    ]
    del sd["array"]
    loaded, first, again = (statistics.median(column) for column in zip(*slices, strict=True))
    return [again, first, loaded]


def _microseconds(work: Any) -> float:
    start = time.perf_counter()
    work()
    return 1e6 * (time.perf_counter() - start)
