"""The Python half of cross_check_test.cc.

    cross_check.py generate FILE   random plain values, each in all pickles that CPython writes of it
    cross_check.py check FILE      the values again, beside what the C++ code made of them
    cross_check.py load FILE       loads pickles of Erlang's terms and pickles them again

Files are sequences of records: a 32-bit big-endian length and so many bytes.
"""

import io
import math
import pickle
import struct
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE / "fake"), str(HERE.parent.parent / "python")]

from etf_reader import Atom, decode  # noqa: E402
from plain_values import Values, canonical  # noqa: E402

sys.setrecursionlimit(20000)

SEED = 20240117
VALUES = 2000
PROTOCOLS = (2, 3, 4, 5)


def records(path):
    data = memoryview(Path(path).read_bytes())
    while data:
        (size,) = struct.unpack_from(">I", data)
        yield bytes(data[4 : 4 + size])
        data = data[4 + size :]


def write_records(path, items):
    Path(path).write_bytes(b"".join(struct.pack(">I", len(item)) + item for item in items))


def all_values():
    for i in range(VALUES):
        # Sharing goes on inside a value, not between values: those are told apart by the seed.
        yield Values(SEED + i).value()


def without_fast_path(value, protocol):
    file = io.BytesIO()
    pickler = pickle._Pickler(file, protocol)
    pickler.dump(value)
    return file.getvalue()


def in_erlang(value):
    """The value that decode() gives of the term that Erlang should see."""
    if value is None:
        return Atom("none")
    if isinstance(value, bool):
        return Atom("true" if value else "false")
    if isinstance(value, float):
        if math.isnan(value):
            return Atom("nan")
        if math.isinf(value):
            return Atom("infinity" if value > 0 else "neg_infinity")
        return value
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, list):
        return [in_erlang(item) for item in value]
    if isinstance(value, tuple):
        return tuple(in_erlang(item) for item in value)
    if isinstance(value, dict):
        return {in_erlang(key): in_erlang(item) for key, item in value.items()}
    return value


def from_erlang(value):
    """What Python makes of in_erlang(value)."""
    if isinstance(value, Atom):
        return {"none": None, "true": True, "false": False}.get(str(value), str(value))
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value
    if isinstance(value, list):
        return [from_erlang(item) for item in value]
    if isinstance(value, tuple):
        return tuple(from_erlang(item) for item in value)
    if isinstance(value, dict):
        return {from_erlang(key): from_erlang(item) for key, item in value.items()}
    return value


def becomes_one_key(value):
    """Whether a dict inside has two keys that become one in Erlang."""
    if isinstance(value, dict):
        keys = [canonical(in_erlang(key)) for key in value]
        return len(set(keys)) < len(keys) or any(map(becomes_one_key, value.values()))
    return isinstance(value, (list, tuple)) and any(map(becomes_one_key, value))


def generate(path):
    out = []
    for value in all_values():
        for protocol in PROTOCOLS:
            out.append(pickle.dumps(value, protocol))
            out.append(without_fast_path(value, protocol))
    write_records(path, out)


def check(path):
    results = records(path)
    refused = returned = 0
    for number, value in enumerate(all_values()):
        expected_refusal = becomes_one_key(value)
        term = in_erlang(value)
        checked = None
        for variant in range(2 * len(PROTOCOLS)):
            where = f"value {number}, variant {variant}"
            etf, pickled = next(results), next(results)
            if expected_refusal:
                assert etf == b"duplicate_key", f"{where}: {etf[:80]!r}, expected duplicate_key"
                refused += 1
                continue
            if (etf, pickled) == checked:
                returned += pickled != b"duplicate_key"
                continue
            checked = etf, pickled
            assert canonical(decode(etf)) == canonical(term), f"{where}: wrong term"
            if pickled == b"duplicate_key":
                assert one_key_in_python(term), f"{where}: the way back was refused"
                continue
            returned += 1
            assert not one_key_in_python(term), f"{where}: the way back should be refused"
            back = from_erlang(term)
            for loads in (pickle.loads, pickle._loads):
                assert canonical(loads(pickled)) == canonical(back), f"{where}: wrong value"
    assert next(results, None) is None, "more results than values"
    assert refused > 100 and returned > 8000, (refused, returned)
    print(f"{VALUES} values, {returned} returned, {refused} refused for their keys")


def one_key_in_python(term):
    if isinstance(term, dict):
        return len({from_erlang(key) for key in term}) < len(term) or any(map(one_key_in_python, term.values()))
    return isinstance(term, (list, tuple)) and any(map(one_key_in_python, term))


def load(source):
    """Loads each pickle with both unpicklers and writes the value's pickles of every protocol back."""
    out = []
    for pickled in records(source):
        value = pickle.loads(pickled)
        assert canonical(value) == canonical(pickle._loads(pickled))
        for protocol in PROTOCOLS:
            out.append(pickle.dumps(value, protocol))
            out.append(without_fast_path(value, protocol))
    write_records(source, out)


if __name__ == "__main__":
    {"generate": generate, "check": check, "load": load}[sys.argv[1]](sys.argv[2])
