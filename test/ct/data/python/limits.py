"""Calls that do not end by themselves, one function a way. Each says when it has begun."""

import ctypes
import re
import subprocess
import threading
import time

from erlang import SharedDict


def _begin(handle):
    SharedDict(handle)["begun"] = True


def spin(handle):
    _begin(handle)
    while True:
        pass


def spin_and_catch(handle):
    _begin(handle)
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass


def sleep(handle):
    _begin(handle)
    time.sleep(100)


def regular_expression(handle):
    _begin(handle)
    re.match(r"(a+)+$", "a" * 64 + "b")


def sum_in_c(handle):
    _begin(handle)
    return sum(range(10**11))


def hold_the_gil(handle):
    libc = ctypes.PyDLL(None)  # unlike CDLL, it keeps the GIL
    _begin(handle)
    libc.sleep(100)


def lock(handle):
    never_released = threading.Lock()
    never_released.acquire()
    _begin(handle)
    never_released.acquire()


def child(handle):
    _begin(handle)
    subprocess.run(["sleep", "100"], check=True)


def use_until(handle, key):
    """Sets and gets a key over and over until another is there; gives how long each pair took, in microseconds."""
    sd = SharedDict(handle)
    times = []
    while key not in sd:
        begin = time.perf_counter_ns()
        sd["python"] = len(times)
        sd["python"]
        times.append((time.perf_counter_ns() - begin) // 1000)
        time.sleep(0.001)
    return times
