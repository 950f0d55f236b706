"""A small decoder of Erlang's external term format, written apart from the C++ code that it checks.

Atoms become Atom, binaries bytes, tuples and maps Python's; opaque terms are not decoded.
"""

import struct


class Atom(str):
    def __repr__(self):
        return f"Atom({str(self)!r})"

    def __eq__(self, other):
        return isinstance(other, Atom) and str.__eq__(self, other)

    __hash__ = str.__hash__


def decode(data):
    value, end = _term(data, 0)
    if end != len(data):
        raise ValueError(f"{len(data) - end} bytes after the term")
    return value


def _big(data, at, size):
    magnitude = int.from_bytes(data[at + 1 : at + 1 + size], "little")
    return -magnitude if data[at] else magnitude


def _terms(data, at, count):
    items = []
    for _ in range(count):
        item, at = _term(data, at)
        items.append(item)
    return items, at


def _map(data, at, count):
    items, at = _terms(data, at, 2 * count)
    keys = items[::2]
    # 1 and 1.0 are two keys in Erlang, so a dict cannot hold the result as it is.
    result = {(type(key), key): value for key, value in zip(keys, items[1::2])}
    if len(result) != count:
        raise ValueError("duplicate keys")
    return dict(zip(keys, items[1::2])), at


def _term(data, at):
    tag = data[at]
    at += 1
    if tag == 97:
        return data[at], at + 1
    if tag == 98:
        return struct.unpack_from(">i", data, at)[0], at + 4
    if tag == 70:
        return struct.unpack_from(">d", data, at)[0], at + 8
    if tag == 119:
        end = at + 1 + data[at]
        return Atom(data[at + 1 : end].decode()), end
    if tag == 118:
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        return Atom(data[at + 2 : end].decode()), end
    if tag == 106:
        return [], at
    if tag == 104:
        items, at = _terms(data, at + 1, data[at])
        return tuple(items), at
    if tag == 110:
        return _big(data, at + 1, data[at]), at + 2 + data[at]
    size = int.from_bytes(data[at : at + 4], "big")
    at += 4
    if tag == 109:
        return data[at : at + size], at + size
    if tag == 105:
        items, at = _terms(data, at, size)
        return tuple(items), at
    if tag == 108:
        items, at = _terms(data, at, size)
        tail, at = _term(data, at)
        if tail != []:
            raise ValueError("improper list")
        return items, at
    if tag == 116:
        return _map(data, at, size)
    if tag == 111:
        return _big(data, at, size), at + 1 + size
    raise ValueError(f"tag {tag}")
