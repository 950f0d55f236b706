"""Ordinary helpers for the suites."""

import time

from erlang import SharedDict


def put(handle, key, value):
    SharedDict(handle)[key] = value


def meet(handle, me, other):
    """Ends when someone else is here at the same time."""
    sd = SharedDict(handle)
    sd[me] = True
    end = time.monotonic() + 15
    while other not in sd:
        if time.monotonic() > end:
            return "alone"
        time.sleep(0.001)
    return "met"


def wait_for(handle, key):
    sd = SharedDict(handle)
    while key not in sd:
        time.sleep(0.001)
    return "went"


def destroy(handle):
    SharedDict(handle).destroy()


def print_lines(count):
    for number in range(count):
        print("line", number)
