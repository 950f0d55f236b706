"""Python that does what it should not. One function a wickedness."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time

from erlang import SharedDict


def print_everywhere():
    print("\x00\x00\x00\x08\x01\x81\x00\x00\x00\x00\x00\x01")
    print("no line end", end="", flush=True)
    print("\ud800 alone", file=sys.stderr)
    sys.stdout.buffer.write(b"\xff\x00\x01\n")
    sys.__stdout__.write("the first stdout\n")
    os.write(sys.stdout.fileno(), b"by its number\n")
    return "printed"


def write_to_fd_1():
    os.write(1, b"\x00\x00\x00\x08\x01\x81\x00\x00\x00\x00\x00\x01 not a frame\n")
    return "written"


def puts_in_c():
    ctypes.CDLL(None).puts(b"from C")
    ctypes.CDLL(None).fflush(None)
    return "put"


def child_writes_to_fd_1():
    return subprocess.run(["/bin/sh", "-c", "echo from a child; echo more >&1"], check=True).returncode


def child_reads_stdin():
    return subprocess.run(["/bin/cat"], check=True).returncode


def read_stdin():
    return [sys.stdin.read(), os.read(0, 10)]


def exit_politely(code):
    sys.exit(code)


def exit_in_a_thread():
    thread = threading.Thread(target=sys.exit, args=(3,))
    thread.start()
    thread.join()
    return "still here"


def exit_rudely(code):
    os._exit(code)


def segfault():
    ctypes.string_at(1)


def abort():
    os.abort()


def recurse():
    return recurse()


def recurse_in_repr():
    class Mirror:
        def __repr__(self):
            return repr(self)

    return repr(Mirror())


class Odd(BaseException):
    pass


def raise_odd():
    raise Odd("odd")


class Mute(Exception):
    def __str__(self):
        raise ValueError("no words")


def raise_mute():
    raise Mute()


def raise_surrogate():
    raise ValueError("half a pair: \ud800")


def raise_huge():
    raise ValueError("x" * 5_000_000)


def raise_nested():
    try:
        raise ValueError("first")
    except ValueError:
        raise KeyError("second")


def raise_base(name):
    raise {"KeyboardInterrupt": KeyboardInterrupt, "GeneratorExit": GeneratorExit, "SystemError": SystemError}[name]


def allocate(size):
    return len(bytes(size))


def deep_list(depth):
    result = []
    for _ in range(depth):
        result = [result]
    return result


def leave_threads(count):
    def spin():
        while True:
            pass

    for daemon in [True, False] * count:
        try:
            threading.Thread(target=spin, daemon=daemon).start()
        except RuntimeError:  # an interpreter may refuse daemon threads
            pass
    return threading.active_count()


def change_signals():
    told = []
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGPIPE, signal.SIGCHLD):
        try:
            signal.signal(number, lambda *_: None)
            told.append("changed")
        except ValueError:
            told.append("refused")
    # and around Python
    libc = ctypes.CDLL(None)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGPIPE, signal.SIGCHLD, signal.SIGUSR1):
        libc.signal(int(number), ctypes.c_void_p(0))
    return told


def raise_signal(number):
    os.kill(os.getpid(), number)


def close_fds():
    for fd in range(10):
        try:
            os.close(fd)
        except OSError:
            pass
    return "closed"


def close_streams():
    sys.stdout.close()
    sys.stderr.close()
    sys.stdin.close()
    return "closed"


def replace_streams():
    sys.stdout = sys.stderr = sys.stdin = None
    return "replaced"


def wrong_keys(handle):
    sd = SharedDict(handle)
    told = []
    for key in (1.5, None, (1,), [1], {}, object(), 2**63, -(2**63) - 1, "\ud800", len):
        for use in (lambda: sd[key], lambda: sd.__setitem__(key, 1), lambda: sd.__delitem__(key), lambda: sd.get(key)):
            try:
                use()
                told.append("accepted")
            except (TypeError, OverflowError, UnicodeEncodeError, ValueError) as e:
                told.append(type(e).__name__)
    return told


def bad_handles():
    told = []
    for handle in (None, 1, "x", b"x" * 16, (), ("$pyport_dict", "node", b"x"), object()):
        try:
            SharedDict(handle)
            told.append("accepted")
        except TypeError:
            told.append("TypeError")
    return told


def store_unpicklable(handle):
    sd = SharedDict(handle)
    sd["k"] = "old"
    told = []
    for value in (lambda: 1, threading.Lock(), sys, (x for x in ()), [{"deep": open(os.devnull)}]):
        try:
            sd["k"] = value
            told.append("accepted")
        except Exception as e:
            told.append(type(e).__name__)
    return [sd["k"], told]


class Meddler:
    """Uses the dict in which it is stored while it is pickled and unpickled."""

    def __init__(self, handle, note):
        self.handle, self.note = handle, note

    def __reduce__(self):
        sd = SharedDict(self.handle)
        sd["reduced"] = self.note
        sd["k"] = "written by __reduce__"
        del sd["k"]
        return Meddler.make, (self.handle, self.note), {"note": self.note}

    @staticmethod
    def make(handle, note):
        SharedDict(handle)["made"] = list(SharedDict(handle).keys())
        return Meddler(handle, note)

    def __setstate__(self, state):
        sd = SharedDict(self.handle)
        sd["set"] = state
        sd["k"] = "written by __setstate__"
        self.__dict__.update(state)


def meddle(handle):
    sd = SharedDict(handle)
    sd["k"] = Meddler(handle, "note")
    return sd["k"].note


class Destroyer:
    """Destroys the dict in which it is being stored."""

    def __init__(self, handle):
        self.handle = handle

    def __reduce__(self):
        SharedDict(self.handle).destroy()
        return (str, ("x",))


def destroy_while_storing(handle):
    SharedDict(handle)["k"] = Destroyer(handle)


class Reentrant:
    """Uses the dict in which it is a key whenever it is hashed, compared or collected."""

    def __init__(self, handle, name):
        self.handle, self.name = handle, name

    def tell(self, what):
        sd = SharedDict(self.handle)
        count = sd.get(what, 0)
        sd[what] = count + 1
        if count == 0:  # or else there is no end to it
            sd["k"]

    def __hash__(self):
        self.tell("hashed")
        return 1

    def __eq__(self, other):
        self.tell("compared")
        return self.name == other.name

    def __del__(self):
        self.tell("collected")


def reenter(handle):
    """Stores and reads a dict and a set of such keys; gives what they were asked for while read."""
    sd = SharedDict(handle)
    told = []
    for kind in (dict.fromkeys, set, frozenset):
        sd["k"] = "old"
        sd["k"] = kind([Reentrant(handle, "a"), Reentrant(handle, "b")])
        for what in ("hashed", "compared", "collected"):
            sd[what] = 0
        size = len(sd["k"])
        told.append([size] + [sd[what] > 0 for what in ("hashed", "compared", "collected")])
    return told


class Evil(str):
    """As a key: its hash and equality are not to be asked for."""

    def __hash__(self):
        raise ValueError("hashed")

    def __eq__(self, other):
        raise ValueError("compared")


def evil_key(handle):
    sd = SharedDict(handle)
    key = Evil("evil")
    sd[key] = 1
    found = [sd[key], sd.get(key), key in sd, sd["evil"]]
    del sd[key]
    return found


def wait_for_ever(handle):
    """Where no interrupt reaches it."""
    lock = threading.Lock()
    lock.acquire()
    SharedDict(handle)["begun"] = True
    lock.acquire()


class Mourner:
    """Uses its dict when it is collected."""

    def __init__(self, handle):
        self.handle = handle

    def __del__(self):
        SharedDict(self.handle)["mourned"] = True


def fork_and_go():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def never_give_up(handle):
    sd = SharedDict(handle)
    sd["begun"] = True
    while True:
        try:
            while True:
                if "stop" in sd:
                    return "stopped"
                sum(range(100))
        except BaseException:
            pass


def long_line(size):
    print("y" * size)
    return "printed"


def lines_without_end(count):
    for _ in range(count):
        print("z", end="")
    return "printed"


def write_in_a_loop(handle, seconds):
    """Gives the number of rounds and the longest time that one took, in seconds."""
    sd = SharedDict(handle)
    begin = last = time.monotonic()
    count = longest = 0
    while last - begin < seconds:
        for key in ("a", "b", "c"):
            sd[key] = {"n": count, "text": "x" * 100, "list": [count] * 10}
        count += 1
        try:
            del sd["d"]
        except KeyError:  # another writer was faster
            sd["d"] = count
        now = time.monotonic()
        longest, last = max(longest, now - last), now
    return count, longest
