"""The example of atomic-dict, with a SharedDict in place of its dict: 8 processes draw numbers and claim them.

    PYTHONPATH=priv/python python3.13 examples/claims.py

What differs: a dict has any keys and values and grows by itself; keys can be deleted; any process of the same user can
take part, forked or not; and a number that would not fit 64 bits is an error.
"""

from __future__ import annotations

import multiprocessing
from collections import Counter

from erlang import SharedDict, Table

WORKERS = range(16)
ROUNDS = 32 * 1024

shared: SharedDict[int, int]


def worker(id: int) -> None:
    counter = shared.cell(1)
    for _ in range(ROUNDS):
        idx = counter.add(1)  # also: sub, bor, bxor, band, swap, cas(expected, replacement)
        shared[100 + idx] = id


def main() -> None:
    global shared
    context = multiprocessing.get_context("fork")
    with Table.create() as table:
        try:
            shared = table.dict()
            with context.Pool(8) as p:
                p.map(worker, WORKERS, chunksize=1)
            drawn = shared.pop(1)
            claims = Counter(shared.values())
            lost = drawn - len(shared) + sum(ROUNDS - claims[id] for id in WORKERS)
            print(f"{drawn} numbers drawn by {len(WORKERS)} workers, {lost} of the claims lost")
        finally:
            table.unlink()


if __name__ == "__main__":
    main()
