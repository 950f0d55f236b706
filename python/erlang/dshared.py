"""The interface of dshared, dictionaries and lists shared by forked processes, over SharedDict and SharedList.

    from erlang import dshared  # import dshared

    dshared.init("mymem", 2**24)
    shm = dshared.col()
    shm["d"] = {"key": "val"}  # a dict that lives in shared memory
    shm["d"]["other"] = [1, 2]  # all processes see it at once

A plain dict or list that is assigned becomes a nested live one, with all that is in it. What dshared could not do
works: integers of any size, NULs in text, floats and whatever can be pickled; memory is freed; counters are exact with
add(); and spawned processes take part, to which the collections go as arguments.
"""

from __future__ import annotations

import atexit
import builtins
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, MutableMapping, MutableSequence
from contextlib import ExitStack, contextmanager
from typing import Any

from . import SharedDict, SharedList, Table

__all__ = ["SDict", "SList", "col", "dict", "init", "list"]

_LEAST = 2**24  # bytes: dshared's sizes know nothing of what a table needs for itself
_table: Table | None = None


def init(name: str, size: int) -> None:
    """Makes the shared memory: a table's file /dev/shm/NAME of at most so many bytes (16 MiB at least). One that is
    there is replaced, as dshared does; the file goes when this process exits.

    Raises RuntimeError when it was called before, and what Table.create() raises."""
    global _table
    if _table is not None:
        raise RuntimeError("init() already called")
    try:
        _table = Table.create(name, max_table_bytes=max(size, _LEAST))
    except FileExistsError:
        os.unlink(name if "/" in name else f"/dev/shm/{name}")
        _table = Table.create(name, max_table_bytes=max(size, _LEAST))
    atexit.register(_forget, _table, os.getpid())


def _forget(table: Table, maker: int) -> None:
    if os.getpid() == maker:
        try:
            table.unlink()
        except FileNotFoundError:
            pass


def _the_table() -> Table:
    if _table is None:
        raise RuntimeError("init() was not called")
    return _table


class _Live(ABC):
    """What SDict and SList have in common: each is another face of something shared."""

    __slots__ = ("_shared",)

    def __init__(self, shared: SharedDict[Any, Any] | SharedList) -> None:
        self._shared = shared

    def __delitem__(self, key: Any) -> None:
        del self._shared[key]

    def __len__(self) -> int:
        return len(self._shared)

    def clear(self) -> None:
        self._shared.clear()

    @abstractmethod
    def copy(self) -> Any:
        """What is plain, and plain ones in it."""

    def __eq__(self, other: object) -> bool:
        if isinstance(other, _Live):
            other = other._shared
        return self._shared == other

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self.copy())

    def __reduce__(self) -> Any:
        return type(self), (self._shared,)


class SDict(_Live, MutableMapping[Any, Any]):
    """A dict in shared memory. What it gives for a nested dict or list is live, too."""

    __slots__ = ()
    _shared: SharedDict[Any, Any]

    def __getitem__(self, key: Any) -> Any:
        return _seen(self._shared[key])

    def __setitem__(self, key: Any, value: Any) -> None:
        with _stored(value, self._shared) as stored:
            self._shared[key] = stored

    def __iter__(self) -> Iterator[Any]:
        return iter(self._shared)

    def __contains__(self, key: object) -> bool:
        return key in self._shared

    def pop(self, key: Any, *default: Any) -> Any:
        return _seen(self._shared.pop(key, *default))

    def popitem(self) -> tuple[Any, Any]:
        key, value = self._shared.popitem()
        return key, _seen(value)

    def setdefault(self, key: Any, default: Any = None) -> Any:
        while True:
            if key in self:
                return self[key]
            if self._put_new(key, default):
                return self[key]

    def append(self, value: Any) -> None:
        """Stores a value under the number of keys, as text; what dshared has it for."""
        while not self._put_new(str(len(self)), value):
            pass

    def _put_new(self, key: Any, value: Any) -> bool:
        with _stored(value, self._shared) as stored:
            done = self._shared.put(key, stored, skip_if_exists=True)
        if not done:
            _drop(value, stored)
        return done

    def iteritems(self) -> Iterator[tuple[Any, Any]]:
        """As in Python 2, where dshared comes from."""
        return iter(self.items())

    def add(self, key: Any, n: int) -> int:
        """Adds to a number and gives the sum: of many processes that do so at once, none is lost."""
        return self._shared.add(key, n)

    def copy(self) -> builtins.dict[Any, Any]:
        """A plain dict, and plain ones in it."""
        return {key: _plain(value) for key, value in self._shared.to_dict().items()}


class SList(_Live, MutableSequence[Any]):
    """A list in shared memory."""

    __slots__ = ()
    _shared: SharedList

    def __getitem__(self, index: Any) -> Any:
        found = self._shared[index]
        return [_seen(one) for one in found] if isinstance(index, slice) else _seen(found)

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            with _stored_all(value, self._shared) as all_stored:
                self._shared[index] = all_stored
        else:
            with _stored(value, self._shared) as stored:
                self._shared[index] = stored

    def __iter__(self) -> Iterator[Any]:
        return map(_seen, self._shared)

    def insert(self, index: int, value: Any) -> None:
        with _stored(value, self._shared) as stored:
            self._shared.insert(index, stored)

    def append(self, value: Any) -> None:
        with _stored(value, self._shared) as stored:
            self._shared.append(stored)

    def extend(self, values: Iterable[Any]) -> None:
        with _stored_all(values, self._shared) as all_stored:
            self._shared.extend(all_stored)

    def pop(self, index: int = -1) -> Any:
        return _seen(self._shared.pop(index))

    def copy(self) -> builtins.list[Any]:
        """A plain list, and plain ones in it."""
        return [_plain(one) for one in self._shared.to_list()]

    def __add__(self, other: Any) -> builtins.list[Any]:
        return self.copy() + _as_list(other)

    def __radd__(self, other: Any) -> builtins.list[Any]:
        return _as_list(other) + self.copy()


def _as_list(value: Any) -> builtins.list[Any]:
    return value.copy() if isinstance(value, SList) else builtins.list(value)


def _seen(value: Any) -> Any:
    """What the user gets for a value of the table."""
    if isinstance(value, SharedDict):
        return SDict(value)
    return SList(value) if isinstance(value, SharedList) else value


def _plain(value: Any) -> Any:
    seen = _seen(value)
    return seen.copy() if isinstance(seen, _Live) else seen


@contextmanager
def _stored(value: Any, where: Any) -> Iterator[Any]:
    """What the table gets for a value of the user; a plain dict or list is complete before others see it. What was made
    for it is destroyed when it is not stored."""
    made = _nested(value, where, ())
    try:
        yield made
    except BaseException:
        _drop(value, made)
        raise


@contextmanager
def _stored_all(values: Iterable[Any], where: Any) -> Iterator[builtins.list[Any]]:
    with ExitStack() as stack:
        yield [stack.enter_context(_stored(value, where)) for value in values]


def _drop(value: Any, made: Any) -> None:
    if type(value) in (builtins.dict, builtins.list):
        made.destroy()


def _nested(value: Any, where: Any, path: tuple[int, ...]) -> Any:
    if isinstance(value, _Live):
        return value._shared
    if type(value) not in (builtins.dict, builtins.list):
        return value
    if id(value) in path:
        raise ValueError("a cycle: a dict or list that is stored lies in itself")
    path = (*path, id(value))
    shared: Any = SharedDict.new(where) if type(value) is builtins.dict else SharedList.new(table=where)
    try:
        if isinstance(shared, SharedList):
            shared.extend([_nested(one, where, path) for one in value])
        else:
            shared.update({key: _nested(one, where, path) for key, one in value.items()})
    except BaseException:
        shared.destroy()
        raise
    return shared


def dict(values: Any = ()) -> SDict:
    """A new dict in shared memory with what a dict has, or the very one that is given."""
    if isinstance(values, SDict):
        return values
    return SDict(_nested(builtins.dict(values), _the_table(), ()))


def list(values: Any = ()) -> SList:
    """A new list in shared memory with what a list has, or the very one that is given."""
    if isinstance(values, SList):
        return values
    return SList(_nested(builtins.list(values), _the_table(), ()))


def col() -> SDict:
    """The collection of dshared's README: an empty dict."""
    return dict()
