"""Python's half of the storm of values (values.escript).

What Python has got is told to the node in Erlang's external term format, written here a second time, so that each
side's reading is known to the other without pyport's own conversions: str is a binary, bytes is {bytes, Binary}, a str
that is no UTF-8 is {surrogate, Binary}, None is none.
"""

from __future__ import annotations

import math
import pickle
import struct
from typing import Any

from erlang import Pid, Reference, SharedDict, Term
from plain_values import Values, canonical, sharing

OPAQUE = (Pid, Reference, Term)
SURROGATES = 0.002  # of all texts


def tell(value: Any) -> bytes:
    out = bytearray(b"\x83")
    put(value, out)
    return bytes(out)


def put(value: Any, out: bytearray) -> None:
    """Exact types only: whatever else was read is an error."""
    kind = type(value)
    if value is None:
        put_atom(b"none", out)
    elif kind is bool:
        put_atom(b"true" if value else b"false", out)
    elif kind is int:
        put_int(value, out)
    elif kind is float:
        put_float(value, out)
    elif kind is str:
        put_text(value, out)
    elif kind is bytes:
        out += b"h\2"
        put_atom(b"bytes", out)
        put_binary(value, out)
    elif kind is list:
        if value:
            put_many(b"l", value, out)
        out += b"j"
    elif kind is tuple:
        put_many(b"i", value, out)
    elif kind is dict:
        out += b"t" + len(value).to_bytes(4)
        for key, part in value.items():
            put(key, out)
            put(part, out)
    elif kind in OPAQUE:
        out += value.__reduce__()[1][0]
    elif kind is SharedDict:
        _, bits, node = value.handle.rsplit(":", 2)
        out += b"h\3"
        put_atom(b"$pyport_dict", out)
        put_atom(node.encode(), out)
        put_binary(bytes.fromhex(bits), out)
    else:
        raise TypeError(f"a {kind.__name__} was read")


def put_atom(name: bytes, out: bytearray) -> None:
    out += b"w" + len(name).to_bytes(1) + name


def put_binary(data: bytes, out: bytearray) -> None:
    out += b"m" + len(data).to_bytes(4) + data


def put_int(value: int, out: bytearray) -> None:
    digits = abs(value).to_bytes((value.bit_length() + 7) // 8, "little")
    out += b"o" + len(digits).to_bytes(4) + (b"\1" if value < 0 else b"\0") + digits


def put_float(value: float, out: bytearray) -> None:
    if math.isfinite(value):
        out += b"F" + struct.pack(">d", value)
    else:
        put_atom(b"nan" if math.isnan(value) else b"infinity" if value > 0 else b"neg_infinity", out)


def put_text(value: str, out: bytearray) -> None:
    try:
        put_binary(value.encode(), out)
    except UnicodeEncodeError:
        out += b"h\2"
        put_atom(b"surrogate", out)
        put_binary(value.encode(errors="surrogatepass"), out)


def put_many(tag: bytes, parts: Any, out: bytearray) -> None:
    out += tag + len(parts).to_bytes(4)
    for part in parts:
        put(part, out)


# Erlang's terms


def look(handle: Any, keys: list[Any]) -> list[bytes]:
    return told(SharedDict(handle).get_many(keys), keys)


def again(handle: Any, keys: list[int], way: int) -> list[bytes]:
    """Reads the values, writes each under another key, in one of three ways, and tells what was read."""
    sd = SharedDict(handle)
    if way == 0:
        found = {key: sd[key] for key in keys}
        for key, value in found.items():
            sd[f"again {key}"] = value
    else:
        found = sd.get_many(keys)
        sd.update({f"again {key}": rebuilt(value) if way == 2 else value for key, value in found.items()})
    return told(found, keys)


def told(found: dict[Any, Any], keys: list[Any]) -> list[bytes]:
    return [tell(found[key]) for key in keys]


def rebuilt(value: Any) -> Any:
    """The same in containers that Python has made."""
    if type(value) is list:
        return [rebuilt(part) for part in value]
    if type(value) is tuple:
        return tuple([rebuilt(part) for part in value])
    if type(value) is dict:
        return {key: rebuilt(part) for key, part in value.items()}
    return value


# Python's values


class WithSurrogates(Values):
    def leaf(self) -> Any:
        return self.spoilt(super().leaf())

    def key(self, depth: int = 0) -> Any:
        return self.spoilt(super().key(depth))

    def spoilt(self, value: Any) -> Any:
        return value + "\udc80" if type(value) is str and self.random.random() < SURROGATES else value


def made(handle: Any, first_seed: int, count: int) -> tuple[list[bytes], list[tuple[int, str, str]]]:
    """Stores random values under 0, 1, ... and tells them, and what came back otherwise: (seed, way, where)."""
    sd = SharedDict(handle)
    values, differences = [], []
    for number in range(count):
        value = WithSurrogates(first_seed + number).value()
        before = tell(value), sharing(value)
        by_pickle = pickle.loads(pickle.dumps(value, 5))
        sd[f"made {number}"] = value
        found = sd[f"made {number}"]
        for way, other in (("a dict", found), ("pickle", by_pickle), ("itself, once it was stored,", value)):
            if (tell(other), sharing(other)) != before:
                first = WithSurrogates(first_seed + number).value()
                differences.append((first_seed + number, way, difference(canonical(first), canonical(other))))
        values.append(before[0])
    return values, differences


def difference(before: str, after: str) -> str:
    if before == after:
        return "what was one object is two, or the other way round"
    at = next((n for n, (a, b) in enumerate(zip(before, after)) if a != b), 0)
    return f"...{before[max(0, at - 30) : at + 30]}... became ...{after[max(0, at - 30) : at + 30]}..."
