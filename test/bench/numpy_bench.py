"""Work for one CPU with numpy, for bench_packages."""

import time

import numpy

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
