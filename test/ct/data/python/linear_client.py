"""Clients of the linearizability tests: each works off a list of steps in a SharedDict and writes down what it asked,
when, and what it got.

It writes into a file that it shares with the node through the page cache, so that nothing it has written is lost when
its process is killed between two instructions. The file (all numbers are little-endian):

    0    u64  the time to begin, set by the node once all are ready; 0 before
    8    u64  the process id
    16   u8   per client: 1 once it is ready
    64   128 bytes per step, CLIENT * most + N:
           0 u64 invoked, 8 u64 returned, 16 u64 number of the value, 24 u8 kind, 25 u8 length, 26 text

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
from erlang import SharedDict

FORMS = 16
RECORDS_AT, RECORD, KIND, TEXT = 64, 128, 24, 25
INVOKED, OK, VALUE, MISSING, TRUE, FALSE, DELETED, BROKEN, FAILED = range(1, 10)
NOTHING = object()
QUAD = struct.Struct("<Q")


def encode(number):
    """The value of a number; linear_value.erl has the same forms."""
    form = number % FORMS
    if form < 4:
        return number
    if form < 10:
        return f"{number};" * (1, 6, 40, 400, 3000, 20000)[form - 4]
    if form < 13:
        return [number] * (2, 30, 500)[form - 10]
    return {"number": number, "parts": [number] * (3, 20, 200)[form - 13]}


def decode(value):
    """The kind of a value that was got, its number, and what is to be said of it."""
    try:
        if encode(claimed(value)) == value:
            return VALUE, claimed(value), ""
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        pass
    return BROKEN, 0, f"{type(value).__name__} of {len(repr(value))}: {repr(value)[:60]}"


def claimed(value):
    match value:
        case int():
            return value
        case str():
            return int(value.split(";", 1)[0])
        case list():
            return value[0]
        case _:
            return value["number"]


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


def answer(operation, got):
    """What a step gave, as it is written down."""
    if operation is not do_get:
        return got, 0, ""
    return (MISSING, 0, "") if got is NOTHING else decode(got)


def work(file, client, first_record, shared, steps):
    todo = [
        (RECORDS_AT + RECORD * (first_record + at), OPERATIONS[name], key, encode(number) if number else None, pause)
        for at, (name, key, number, pause) in enumerate(steps)
    ]
    file[16 + client] = 1
    while not (begin := QUAD.unpack_from(file, 0)[0]):
        time.sleep(0.0001)
    wait_until(begin)
    for record, operation, key, value, pause in todo:
        if pause:
            wait_until(time.monotonic_ns() + 1000 * pause)
        QUAD.pack_into(file, record, time.monotonic_ns())
        file[record + KIND] = INVOKED
        try:
            got = operation(shared, key, value)
        except Exception as error:  # whatever it is: the node judges it
            returned, (kind, number, text) = time.monotonic_ns(), (FAILED, 0, f"{type(error).__name__}: {error}")
        else:
            returned = time.monotonic_ns()
            kind, number, text = answer(operation, got)
        write_down(file, record, returned, kind, number, text)


def write_down(file, record, returned, kind, number, text):
    cut = text.encode(errors="replace")[: RECORD - TEXT - 1]
    QUAD.pack_into(file, record + 8, returned)
    QUAD.pack_into(file, record + 16, number)
    file[record + TEXT] = len(cut)
    file[record + TEXT + 1 : record + TEXT + 1 + len(cut)] = cut
    file[record + KIND] = kind


def wait_until(moment):
    while time.monotonic_ns() < moment:
        pass


def run(handle, path, most, programs, fault):
    """Works off the programs, each in a thread of its own, and returns when all are done."""
    with open(path, "r+b") as opened, mmap.mmap(opened.fileno(), 0) as file:
        QUAD.pack_into(file, 8, os.getpid())
        shared = linear_faults.wrap(SharedDict(handle), fault)
        switch = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        try:
            threads = [
                threading.Thread(target=work, args=(file, client, client * most, shared, steps))
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


def look(handle, keys):
    """What a reader sees in the end: (key, kind, number, text) of each."""
    shared = SharedDict(handle)
    return [(key, *answer(do_get, shared.get(key, NOTHING))) for key in keys]
