"""The example of dshared's README (a shared dictionary for forked processes), unchanged but for the import, what
Python 3 asks for, and what comes behind it.

    PYTHONPATH=priv/python python3.13 examples/dshared.py
"""

from multiprocessing import Process

from erlang import dshared


def in_process_1(shm):
    shm["d"] = {"key": "val"}


def later_on_in_process_2(shm):
    print(shm["d"]["key"])


# What dshared itself could not do.


def nested_and_live(shm):
    shm["d"]["list"] = [1, -2, 2**40, "a\0b", 1.5]
    shm["d"]["list"].append({"deeper": []})
    shm["d"]["list"][-1]["deeper"].append("from process 3")


def count(shm):
    for _ in range(1000):
        shm.add("n", 1)


def run(*works):
    processes = [Process(target=work, args=(shm,)) for work in works]
    for p in processes:
        p.start()
    for p in processes:
        p.join()


if __name__ == "__main__":
    dshared.init("mymem", 2**10)  # creates shared mem; dshared's sizes are too small, and stand for 16 MiB at most

    shm = dshared.col()
    run(in_process_1)
    run(later_on_in_process_2)
    run(nested_and_live)
    print(shm["d"]["list"])
    run(*[count] * 6)
    print(shm["n"], "of 6000 increments")
