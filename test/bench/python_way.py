"""Nanoseconds in which Python makes the objects of a pickle and a pickle of the objects, a line each.

python_way.py FILE SECONDS: a pickle in hexadecimal digits in each line, and how long to measure it.
"""

import sys
from itertools import repeat
from pickle import dumps, loads
from time import perf_counter


def time_of(pickle: bytes, seconds: float) -> float:
    count = 0
    begin = now = perf_counter()
    while now - begin < seconds:
        for _ in repeat(None, 16):
            dumps(loads(pickle), 5)
        count += 16
        now = perf_counter()
    return 1e9 * (now - begin) / count


with open(sys.argv[1], encoding="ascii") as lines:
    for line in lines:
        print(time_of(bytes.fromhex(line), float(sys.argv[2])))
