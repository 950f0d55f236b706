"""Nanoseconds of a term's way to its pickle and back by Python objects, a line each.

Objects are made of a binary form and pickled; the pickle is loaded and the objects are written in the binary form.
That is marshal's, CPython's own and fastest, which knows the same types: a codec for terms could hardly be faster.

python_way.py FILE SECONDS: a pickle in hexadecimal digits in each line, and how long to measure it.
"""

import marshal
import sys
from itertools import repeat
from pickle import dumps, loads
from time import perf_counter


def time_of(pickle: bytes, seconds: float) -> float:
    term = marshal.dumps(loads(pickle))
    count = 0
    begin = now = perf_counter()
    while now - begin < seconds:
        for _ in repeat(None, 16):
            marshal.dumps(loads(dumps(marshal.loads(term), 5)))
        count += 16
        now = perf_counter()
    return 1e9 * (now - begin) / count


with open(sys.argv[1], encoding="ascii") as lines:
    for line in lines:
        print(time_of(bytes.fromhex(line), float(sys.argv[2])))
