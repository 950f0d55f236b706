"""Real packages at work, for py_packages_SUITE. Each function imports what it needs: where that is refused, it
is the function's call that fails."""

import os
import time

from erlang import SharedDict


def numpy():
    import numpy

    return float(numpy.linalg.det(numpy.array([[2.0, 1.0], [1.0, 3.0]])))


def pandas():
    import pandas

    frame = pandas.DataFrame({"name": ["a", "b", "a"], "n": [1, 2, 3]})
    return {key: int(value) for key, value in frame.groupby("name")["n"].sum().items()}


def pydantic():
    import pydantic

    class Point(pydantic.BaseModel):
        x: int
        y: int = 7

    try:
        Point.model_validate({"x": "no"})
    except pydantic.ValidationError as error:
        return [Point.model_validate_json('{"x": 1}').model_dump(), error.error_count()]


def orjson():
    import orjson

    return orjson.loads(orjson.dumps({"list": [1, 2.5, None], "text": "é"}))


def cryptography():
    from cryptography.fernet import Fernet

    key = Fernet(Fernet.generate_key())
    return key.decrypt(key.encrypt(b"secret")).decode()


def without_extension_modules():
    import dateutil.parser
    import pytz
    import six
    import typing_extensions  # noqa: F401

    return [dateutil.parser.parse("2024-02-29 12:00").isoformat(), six.ensure_str(b"six"), str(pytz.utc)]


def parts_in_memory(package):
    """What of a package is in sys.modules."""
    import sys

    return sorted(name for name in sys.modules if name == package or name.startswith(package + "."))


# ---- In parallel


def meet(handle, me, other):
    """Ends when someone else is here, too, with an array in the dict: [own process, the other's, the sum]."""
    import numpy

    sd = SharedDict(handle)
    sd[me] = [os.getpid(), numpy.full(1000, 21)]
    end = time.monotonic() + 60
    while (found := sd.get(other)) is None:
        if time.monotonic() > end:
            return "alone"
        time.sleep(0.001)
    return [os.getpid(), found[0], int(found[1].sum())]


def together(handle, me, other, function, args):
    """Calls the function here when someone else is about to do the same elsewhere."""
    met = meet(handle, me, other)
    return "alone" if met == "alone" else globals()[function](*args)


def busy(rounds):
    """Work for one CPU: seconds, measured here."""
    import numpy

    start = time.monotonic()
    numbers = numpy.random.default_rng(1).random(200_000)
    for _ in range(rounds):
        numpy.sort(numbers)
    return time.monotonic() - start


# ---- Arrays in dicts


def array(kind):
    import numpy

    return {
        "integers": lambda: numpy.arange(12, dtype=numpy.int16).reshape(3, 4),
        "floats": lambda: numpy.linspace(0, 1, 100_000),
        "records": lambda: numpy.array([(1, "a"), (2, "b")], dtype=[("n", "i4"), ("s", "U3")]),
        "empty": lambda: numpy.zeros((0, 3)),
        "strided": lambda: numpy.arange(100)[::7],
        "times": lambda: numpy.array(["2024-02-29", "NaT"], dtype="datetime64[D]"),
        "objects": lambda: numpy.array([1, "two", None], dtype=object),
    }[kind]()


def put_array(handle, kind):
    SharedDict(handle)[kind] = array(kind)
    return os.getpid()


def same_array(handle, kind, key=None):
    """Whether the dict has at `key` what array(kind) makes; and which process says so."""
    import numpy

    found, wanted = SharedDict(handle)[key or kind], array(kind)
    same = found.dtype == wanted.dtype and found.shape == wanted.shape
    numpy.testing.assert_array_equal(found, wanted)
    return [same, os.getpid()]


def in_place(handle, key):
    """What is not as it should be when an array is opened twice; and which process says so."""
    sd = SharedDict(handle)
    found, again, copy = sd[key], sd.get(key), sd.get(key, copy=True)
    address = found.ctypes.data
    with open("/proc/self/maps") as maps:
        regions = [line.split() for line in maps]
    inside = [
        region[5]
        for region in regions
        if len(region) > 5 and int(region[0].split("-")[0], 16) <= address < int(region[0].split("-")[1], 16)
    ]
    wrong = {
        "not in the table": not inside or not inside[0].startswith("/dev/shm/"),
        "two copies": again.ctypes.data != address,
        "not aligned": address % 64 != 0,
        "writable": found.flags.writeable,
        "no copy": copy.ctypes.data == address or not copy.flags.writeable,
        "another view": sd.view(key).tobytes() != found.tobytes(),
    }
    return [[name for name, is_so in wrong.items() if is_so], os.getpid()]


def put_frame(handle):
    import pandas

    SharedDict(handle)["frame"] = pandas.DataFrame({"a": [1.5, 2.5]}, index=["x", "y"])


def frame_sum(handle):
    return float(SharedDict(handle)["frame"]["a"].sum())


def add_one(handle, key, times):
    """Replaces the array by one whose elements are greater, over and over."""
    sd = SharedDict(handle)
    for _ in range(times):
        sd[key] = sd[key] + 1


def whole_arrays(handle, key, last):
    """Reads until the elements are `last`; gives what was seen that is not the same number all over."""
    sd = SharedDict(handle)
    end = time.monotonic() + 60
    while True:
        seen = sd[key]
        if (seen != seen[0]).any():
            return sorted({int(number) for number in seen})
        if seen[0] == last:
            return []
        if time.monotonic() > end:
            return [int(seen[0]), "no more"]


def read(handle, key):
    return type(SharedDict(handle)[key]).__name__


def sum_of(array):
    return float(array.sum())
