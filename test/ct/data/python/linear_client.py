"""Clients of the linearizability tests: each works off a list of steps in a SharedDict and writes down what it asked,
when, and what it got.

It writes into a file that it shares with the node through the page cache, so that nothing it has written is lost when
its process is killed between two instructions. The file (all numbers are little-endian):

    0    u64  the time to begin, set by the node once all are ready; 0 before
    8    u64  the process id
    16   u8   per client: 1 once it is ready
    64   512 bytes per step, CLIENT * most + N:
           0 u64 invoked, 8 u64 returned, 16 u64 number of the value, 24 u8 kind, 26 u16 length, 28 text

The kind of a record is written last: what was not yet written down as answered is one whose answer is not known.
Times are those of CLOCK_MONOTONIC, which the node reads as well.
"""

import mmap
import os
import struct
import sys
import threading
import time

import linear_faults
import linear_operations
import linear_whole_faults
from erlang import SharedDict
from linear_value import decode, encode

RECORDS_AT, RECORD, KIND, LENGTH, TEXT = 64, 512, 24, 26, 28
INVOKED, OK, VALUE, MISSING, TRUE, FALSE, DELETED, BROKEN, FAILED, TERM = range(1, 11)
NOTHING = object()
QUAD = struct.Struct("<Q")
SHORT = struct.Struct("<H")


def do_set(shared, key, value):
    shared[key] = value
    return OK


def do_get(shared, key, _):
    return shared.get(key, NOTHING)


def do_del(shared, key, _):
    try:
        del shared[key]
    except KeyError:
        return MISSING
    return DELETED


def do_contains(shared, key, _):
    return TRUE if key in shared else FALSE


OPERATIONS = {"set": do_set, "get": do_get, "del": do_del, "contains": do_contains}


class Register:
    """The operations on one key each, of histories that are checked key by key."""

    def __init__(self, shared):
        self.shared = shared

    def prepare(self, name, key, number):
        operation, value = OPERATIONS[name], encode(number) if number else None
        return lambda: (operation, operation(self.shared, key, value))

    def answer(self, got):
        """What a step gave, as it is written down."""
        operation, given = got
        if operation is not do_get:
            return given, 0, ""
        if given is NOTHING:
            return MISSING, 0, ""
        number, text = decode(given)
        return (BROKEN, 0, text) if number is None else (VALUE, number, "")


class Whole:
    """The operations on a dict as a whole, on a list, or on locks."""

    def __init__(self, operations):
        self.operations = operations

    def prepare(self, name, key, arguments):
        operation, arguments = getattr(self.operations, "do_" + name), linear_operations.encode(arguments)
        if name in ("turn", "leave"):
            arguments = [key, *arguments]
        return lambda: operation(*arguments)

    def answer(self, got):
        show, given = got
        text = show(given)
        return (TERM, 0, text) if len(text) <= RECORD - TEXT else (BROKEN, 0, text)


def backend(kind, shared, fault):
    """For one client."""
    if kind == "register":
        return Register(shared)
    return Whole(linear_whole_faults.operations(kind, shared, fault))


def work(file, client, first_record, does, steps):
    todo = [
        (RECORDS_AT + RECORD * (first_record + at), does.prepare(name, key, argument), pause)
        for at, (name, key, argument, pause) in enumerate(steps)
    ]
    file[16 + client] = 1
    while not (begin := QUAD.unpack_from(file, 0)[0]):
        time.sleep(0.0001)
    wait_until(begin)
    for record, operation, pause in todo:
        if pause:
            wait_until(time.monotonic_ns() + 1000 * pause)
        QUAD.pack_into(file, record, time.monotonic_ns())
        file[record + KIND] = INVOKED
        try:
            got = operation()
        except Exception as error:  # whatever it is: the node judges it
            returned, (kind, number, text) = time.monotonic_ns(), (FAILED, 0, f"{type(error).__name__}: {error}")
        else:
            returned = time.monotonic_ns()
            kind, number, text = does.answer(got)
        write_down(file, record, returned, kind, number, text)


def write_down(file, record, returned, kind, number, text):
    cut = text.encode(errors="replace")[: RECORD - TEXT]
    QUAD.pack_into(file, record + 8, returned)
    QUAD.pack_into(file, record + 16, number)
    SHORT.pack_into(file, record + LENGTH, len(cut))
    file[record + TEXT : record + TEXT + len(cut)] = cut
    file[record + KIND] = kind


def wait_until(moment):
    while time.monotonic_ns() < moment:
        pass


def run(kind, handle, path, most, programs, fault):
    """Works off the programs, each in a thread of its own, and returns when all are done."""
    with open(path, "r+b") as opened, mmap.mmap(opened.fileno(), 0) as file:
        QUAD.pack_into(file, 8, os.getpid())
        shared = linear_faults.wrap(SharedDict(handle), fault) if kind == "register" else handle
        switch = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        try:
            threads = [
                threading.Thread(target=work, args=(file, client, client * most, backend(kind, shared, fault), steps))
                for client, steps in enumerate(programs)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            sys.setswitchinterval(switch)
    return "done"


def clock():
    return time.monotonic_ns()


def encoded(number):
    return encode(number)


def decoded(value):
    """The kind of a value that was got, its number, and what is to be said of it."""
    return Register(None).answer((do_get, value))


def look(handle, keys):
    """What a reader sees in the end: (key, kind, number, text) of each."""
    shared = SharedDict(handle)
    return [(key, *decoded(shared.get(key, NOTHING))) for key in keys]


def look_whole(kind, handle):
    """All that is in a dict or list, as a term in Erlang's syntax."""
    show, given = linear_whole_faults.operations(kind, handle, "right").do_items()
    return show(given)


def make_list(handle):
    return SharedDict(handle).nest_list("list")
