"""Additions to integers that many processes share: SharedDict beside atomic-dict, where that is installed.

Called from Erlang, in a process of its own: ``py:call(cells_bench, compare, [Dict, Rounds, SliceMs], ...)``.
"""

from __future__ import annotations

from typing import Any

from erlang import SharedDict
from python_bench import side_by_side, time_of

try:
    from atomic_dict import AtomicDict
except ImportError:
    AtomicDict = None  # the table says so


# What is compared, written out: a call around each would cost as much as the operation itself.


def held_add(cell: Any) -> Any:
    def operation(keys: list[str]) -> None:
        for _ in keys:
            cell.add(1)

    return operation


def held_load(cell: Any) -> Any:
    def operation(keys: list[str]) -> None:
        for _ in keys:
            cell.load()

    return operation


def add_by_key(shared: Any) -> Any:
    def operation(keys: list[str]) -> None:
        for _ in keys:
            shared.add(1, 1)

    return operation


def index_and_add(atomic: Any) -> Any:
    def operation(keys: list[str]) -> None:
        for _ in keys:
            atomic[1].add(1)

    return operation


def compare(handle: Any, rounds: int, slice_ms: int) -> list[list[Any]]:
    """One row an operation: [name, ours, theirs, ratio], nanoseconds; the latter two are None without atomic-dict."""
    shared = SharedDict(handle)
    shared[1] = 0
    atomic = AtomicDict(64) if AtomicDict is not None else None
    slice_ns = slice_ms * 1_000_000

    def row(name: str, ours: Any, theirs: Any) -> list[Any]:
        if atomic is None:
            return [name, time_of(ours(), slice_ns), None, None]
        return [name, *side_by_side(ours(), theirs(), rounds, slice_ns)]

    cell, atomic_cell = shared.cell(1), None if atomic is None else atomic[1]
    return [
        row("cell.add(1)", lambda: held_add(cell), lambda: held_add(atomic_cell)),
        row("cell.load()", lambda: held_load(cell), lambda: held_load(atomic_cell)),
        row("sd.add(k, 1), d[k].add(1)", lambda: add_by_key(shared), lambda: index_and_add(atomic)),
    ]
