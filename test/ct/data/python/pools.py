"""Helpers for the suite of pools."""

import ctypes
import os
import sys
import time

import erlang
from erlang import SharedDict

started = []  # what on_restart left


def where():
    return os.getpid()


def write_to_fd_2(text):
    os.write(2, text)


def write_in_c(text):
    libc = ctypes.CDLL(None)
    libc.write(2, text, len(text))


def die(text, status):
    os.write(2, text)
    os._exit(status)


def kill_self(text, number):
    os.write(2, text)
    os.kill(os.getpid(), number)


def allocate(size):
    return len(bytearray(size))


keep = []


def grow(size):
    keep.append(b"x" * size)


def wait_for(handle, key):
    sd = SharedDict(handle)
    while key not in sd:
        time.sleep(0.001)
    return os.getpid()


def meet(handle, me, other):
    """The OS process of each, when both were here at the same time."""
    sd = SharedDict(handle)
    sd[me] = True
    end = time.monotonic() + 15
    while other not in sd:
        if time.monotonic() > end:
            return "alone"
        time.sleep(0.001)
    return os.getpid()


def surroundings(name):
    return [os.environ.get(name), os.getcwd(), sys.path]


def is_main_interpreter():
    import _interpreters

    current = _interpreters.get_current()
    return (current[0] if isinstance(current, tuple) else current) == 0


def spin(handle):
    SharedDict(handle)["begun"] = os.getpid()
    while True:
        try:
            while True:
                pass
        except erlang.Interrupted:
            raise
