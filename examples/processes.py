"""Python processes that share a dict without a server: workers count words, one of them is killed on the way.

    PYTHONPATH=priv/python python3.13 examples/processes.py [FOLDER]

Each worker writes what it found in a file into the dict, and says so when the write is done. kill -9 may hit it
between any two instructions: what it said is there, the lock it may have held is free, and a new worker goes on
with what is left.
"""

import collections
import multiprocessing
import os
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path

from erlang import SharedDict, Table

WORKERS = 3
ROUNDS = 40  # so that there is something to do


def count(shared: SharedDict, files: list[str], done: Connection) -> None:
    """What a worker does: one key a file."""
    for number in range(ROUNDS):
        for file in files:
            if (key := f"{number}:{file}") not in shared:
                words = Path(file).read_text("utf-8", "replace").split()
                shared[key] = {"words": len(words), "most": collections.Counter(words).most_common(3)}
                done.send(key)


def start(shared: SharedDict, files: list[str]) -> tuple[multiprocessing.Process, Connection]:
    theirs: Connection
    ours, theirs = multiprocessing.Pipe(duplex=False)
    worker = multiprocessing.Process(target=count, args=(shared, files, theirs))
    worker.start()
    theirs.close()  # so that ours ends with the worker
    return worker, ours


def told(done: Connection) -> list[str]:
    """All that the worker said it had written, until it ended."""
    keys = []
    try:
        while True:
            keys.append(done.recv())
    except (EOFError, OSError):  # the latter in the middle of a word
        return keys


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    files = sorted(map(str, folder.glob("*.py")))
    with Table.create() as table:
        try:
            run(table, files)
        finally:
            table.unlink()


def run(table: Table, files: list[str]) -> None:
    shared = table.dict()
    workers = [start(shared, files[number::WORKERS]) for number in range(WORKERS)]
    victim, done = workers[0]
    acknowledged = [done.recv() for _ in range(5)]
    assert victim.pid is not None
    os.kill(victim.pid, signal.SIGKILL)
    acknowledged += told(done)
    victim.join()
    print(f"killed a worker after {len(acknowledged)} writes; exit code {victim.exitcode}")
    lost = [key for key in acknowledged if key not in shared]
    print(f"lost: {len(lost)}")

    workers[0] = start(shared, files[0::WORKERS])
    for worker, done in workers:
        told(done)
        worker.join()
    words = sum(value["words"] for value in map(shared.get, shared))
    print(f"{len(shared)} of {ROUNDS * len(files)} results, {words // ROUNDS} words in {len(files)} files")
    print(f"{table.info()['dicts']} dict, destroyed now")
    shared.destroy()


if __name__ == "__main__":
    main()
