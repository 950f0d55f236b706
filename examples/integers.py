"""The short example of atomic-dict, with a SharedDict in place of its dict: integers, and compare-and-swap.

    PYTHONPATH=priv/python python3.13 examples/integers.py

What differs: the dict needs no size and no privilege, 0 and negative integers are keys and values like others, what
does not fit 64 bits raises and changes nothing, and clear() is there.
"""

from erlang import SharedDict, Table


def main() -> None:
    with Table.create() as table:
        try:
            # Create a shared memory dictionary
            d: SharedDict[int, int] = table.dict()

            # Set a value for integer key 42
            d[42] = 12345

            # Get the value
            print(d[42])  # 12345

            # Compare-and-swap (key 42 from 12345 to 54321)
            d.cas(42, 12345, 54321)
            print(d[42])  # 54321

            # Another number is not replaced
            print(d.cas(42, 12345, 0), d[42])  # False 54321

            # What else stands on its page
            d[0] = -1
            try:
                d.add(42, 2**63)
            except OverflowError as error:
                print(error)
            d.clear()
            print(len(d))  # 0
        finally:
            table.unlink()


if __name__ == "__main__":
    main()
