"""Random plain values for tests: None, bool, int, float, str, bytes, list, tuple and dict, nested."""

from __future__ import annotations

import math
import random
import struct
from typing import Any


class Values:
    """Random values; containers are now and then used twice, so that pickle's memo has work."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.made: list[Any] = []

    def integer(self) -> int:
        bits = self.random.choice(
            (1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 62, 63, 64, 65, 127, 128, 2030, 2040, 2048, 9000)
        )
        value = self.random.getrandbits(bits)
        value = self.random.choice((value, 1 << bits, (1 << bits) - 1, 1 << (bits - 1)))
        return self.random.choice((value, -value))

    def number(self) -> float:
        return self.random.choice(
            (
                0.0,
                -0.0,
                1.5,
                -2.25e-300,
                5e-324,
                1.7976931348623157e308,
                math.inf,
                -math.inf,
                math.nan,
                self.random.gauss(0, 1e6),
            )
        )

    def text(self) -> str:
        size = self.random.choice((0, 1, 3, 3, 5, 5, 20, 20, 255, 256))
        alphabet = self.random.choice(("abc", "a\u00e9\u20ac\U0001f600\0\n"))
        return "".join(self.random.choices(alphabet, k=size))

    def data(self) -> bytes:
        return self.random.choice(
            (
                b"",
                b"latin\xff\x80\xe9",
                self.random.randbytes(self.random.choice((1, 255, 256, 700))),
                self.text().encode(),
            )
        )

    def leaf(self) -> Any:
        return self.random.choice(
            (
                lambda: None,
                lambda: True,
                lambda: False,
                self.integer,
                self.number,
                self.text,
                self.data,
                lambda: [],
                lambda: (),
                dict,
            )
        )()

    def key(self, depth: int = 0) -> Any:
        if depth < 2 and self.random.random() < 0.2:
            return tuple(self.key(depth + 1) for _ in range(self.random.randrange(4)))
        return self.random.choice((self.integer, self.text, self.number, self.data, lambda: None, lambda: True))()

    def value(self, depth: int = 0) -> Any:
        if self.made and self.random.random() < 0.1:
            return self.random.choice(self.made)
        if depth > 4 or self.random.random() < 0.45:
            return self.leaf()
        size = self.random.choice((0, 1, 2, 3, 4, 5))
        if depth == 0 and self.random.random() < 0.02:
            size = 2500  # over the 1000 items that a pickler writes at once
            depth = 100
        kind = self.random.randrange(3)
        made: Any
        if kind == 0:
            made = [self.value(depth + 1) for _ in range(size)]
        elif kind == 1:
            made = tuple(self.value(depth + 1) for _ in range(size))
        else:
            made = {self.key(): self.value(depth + 1) for _ in range(size)}
        if weight(made) < 50:  # or sharing what shares grows without end
            self.made.append(made)
        return made


def weight(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + sum(weight(key) + weight(item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return 1 + sum(map(weight, value))
    return 1


def canonical(value: Any) -> str:
    """Text that tells apart all that == does not: types, the sign of zero, order."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{canonical(k)}: {canonical(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(canonical, value)) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(canonical, value)) + ",)"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"int {value:x}"
    if isinstance(value, float) and math.isnan(value):
        return f"float {struct.pack('>d', value).hex()}"
    return f"{type(value).__name__} {value!r}"


def sharing(value: Any) -> list[int]:
    """Which of the lists and dicts inside a value are one and the same: a number for each, in their order."""
    numbers: dict[int, int] = {}
    found: list[int] = []

    def walk(part: Any) -> None:
        if isinstance(part, (list, dict)):
            is_new = id(part) not in numbers
            found.append(numbers.setdefault(id(part), len(numbers)))
            if not is_new:
                return
        if isinstance(part, dict):
            for item in part.values():
                walk(item)
        elif isinstance(part, (list, tuple)):
            for item in part:
                walk(item)

    walk(value)
    return found
