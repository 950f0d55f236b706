"""The example of dshared (a shared dictionary for forked processes), with a SharedDict in place of its dict.

    PYTHONPATH=priv/python python3.13 examples/dshared.py

What differs: any process of the same user can take part, forked or not; two that write at once lose nothing; and
a value that was read is a copy, so a change inside it is stored by storing it again.
"""

from multiprocessing import Process

from erlang import SharedDict, Table


def in_process_1(shm: SharedDict) -> None:
    shm["d"] = {"key": "val"}
    shm["n"] = {"ints": [1, -2, 2**40], "text": "a\0b", "nothing": None, "nested": {"list": [[], [None, "x"]]}}


def later_on_in_process_2(shm: SharedDict) -> None:
    print(shm["d"]["key"])
    n = shm["n"]
    print(n["ints"], n["nested"])
    n["nested"]["list"].append("from process 2")
    shm["n"] = n


def main() -> None:
    with Table.create(max_table_bytes=2**24) as table:
        try:
            shm = table.dict()
            for work in (in_process_1, later_on_in_process_2):
                p = Process(target=work, args=(shm,))
                p.start()
                p.join()
            print(shm["n"]["nested"]["list"][-1])
        finally:
            table.unlink()


if __name__ == "__main__":
    main()
