"""SharedList: a list that lives in the table, as a SharedDict does."""

from __future__ import annotations

from collections.abc import MutableSequence
from typing import TYPE_CHECKING, Any, overload

from _erlang import SharedDict, with_aio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from _erlang import Table

    from ._aio import Snapshot

_SHOWN = 6  # elements, in a repr

# What takes microseconds, for code of asyncio; NotImplemented, and nothing was done, when it would take longer.


def _append_at_once(self: SharedList, value: Any) -> Any:
    return _extend_at_once(self, (value,))


def _extend_at_once(self: SharedList, values: Iterable[Any]) -> Any:
    if type(values) not in (list, tuple):
        return NotImplemented
    done = SharedDict._append.at_once(self._dict, values)  # type: ignore[attr-defined]
    return done if done is NotImplemented else None


def _pop_at_once(self: SharedList, index: int = -1) -> Any:
    if type(index) is not int or index != -1:  # what is behind would move
        return NotImplemented
    return SharedDict._pop_at.at_once(self._dict, index)  # type: ignore[attr-defined]


def _at_once[Function: Callable[..., Any]](does: Callable[..., Any]) -> Callable[[Function], Function]:
    return lambda function: with_aio(function, does)


def _plain(values: Iterable[Any]) -> Any:
    """A plain list or tuple."""
    if isinstance(values, SharedList):
        return values._items()
    return values if type(values) in (list, tuple) else list(values)


class SharedList(MutableSequence[Any]):
    """A list that Erlang and all Python interpreters and processes share; see the stub file."""

    __module__ = "erlang"
    __slots__ = ("_dict",)
    _dict: SharedDict[int, Any]

    def __init__(self, handle: Any) -> None:
        if type(handle) is SharedList:
            handle = handle._dict
        if type(handle) is not SharedDict:
            raise TypeError(f"SharedList takes a SharedList, not {type(handle)}; a new one is SharedList.new(values)")
        self._dict = handle

    @with_aio
    @classmethod
    def new(cls, values: Iterable[Any] = (), /, *, table: Table | None = None) -> SharedList:
        made = cls(SharedDict._new_list(table))
        made.extend(values)
        return made

    @classmethod
    def __class_getitem__(cls, parameters: Any) -> Any:
        from types import GenericAlias

        return GenericAlias(cls, parameters)

    @property
    def handle(self) -> str:
        return self._dict.handle

    # One element, or those of a slice at one moment.

    def _items(self) -> list[Any]:
        return list(self._dict.to_dict().values())

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return self._dict._get_slice(index)
        return self._dict._get_at(index)

    @overload
    def __setitem__(self, index: int, value: Any) -> None: ...
    @overload
    def __setitem__(self, index: slice, value: Iterable[Any]) -> None: ...
    def __setitem__(self, index: int | slice, value: Any) -> None:
        if isinstance(index, slice):
            self._dict._set_slice(index, _plain(value))
        else:
            self._dict._set_at(index, value)

    def __delitem__(self, index: int | slice) -> None:
        if isinstance(index, slice):
            self._dict._delete_slice(index)
        else:
            self._dict._delete_at(index)

    @_at_once(_append_at_once)
    def append(self, value: Any) -> None:
        self._dict._append((value,))

    @_at_once(_extend_at_once)
    def extend(self, values: Iterable[Any]) -> None:
        self._dict._append(_plain(values))

    def __iadd__(self, values: Iterable[Any]) -> SharedList:  # type: ignore[misc]  # + gives a list
        self.extend(values)
        return self

    @with_aio
    def insert(self, index: int, value: Any) -> None:
        self._dict._insert_at(index, value)

    @_at_once(_pop_at_once)
    def pop(self, index: int = -1) -> Any:
        return self._dict._pop_at(index)

    @with_aio
    def remove(self, value: Any) -> None:
        while not self._dict._delete_equal(self.index(value), value):
            pass

    @with_aio
    def clear(self) -> None:
        self._dict.clear()

    @with_aio
    def reverse(self) -> None:
        self._dict._reverse()

    # All of them at one moment.

    def __len__(self) -> int:
        return len(self._dict)

    def __iter__(self) -> Iterator[Any]:
        return self._dict._values()

    def __aiter__(self) -> Snapshot:
        return self._dict.values.aio()  # type: ignore[return-value]

    def __reversed__(self) -> Iterator[Any]:
        return reversed(self._items())

    def __contains__(self, value: object) -> bool:
        return any(value is one or value == one for one in self)

    @with_aio
    def index(self, value: Any, start: int = 0, stop: int | None = None) -> int:
        items = self._items()
        return items.index(value, start, len(items) if stop is None else stop)

    @with_aio
    def count(self, value: Any) -> int:
        return self._items().count(value)

    @with_aio
    def to_list(self) -> list[Any]:
        return self._items()

    @with_aio
    def copy(self) -> list[Any]:
        return self._items()

    def __add__(self, other: Any) -> list[Any]:
        if not isinstance(other, list | SharedList):
            return NotImplemented
        return self._items() + list(other)

    def __radd__(self, other: Any) -> list[Any]:
        return other + self._items() if isinstance(other, list) else NotImplemented

    def __eq__(self, other: object) -> bool:
        if isinstance(other, SharedList):
            return self._dict == other._dict
        return self._items() == other if isinstance(other, list) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._dict)

    def __repr__(self) -> str:
        try:
            size = len(self)
            shown = [repr(one) for one in self[:_SHOWN]]
        except (RuntimeError, ValueError, TimeoutError):
            return "<SharedList, not to be had>"
        if size > len(shown):
            shown.append(f"\u2026 {size} in all")
        return f"<SharedList [{', '.join(shown)}]>"

    # What it has of its dict.

    @with_aio
    def info(self) -> dict[str, int]:
        return self._dict.info()

    @with_aio
    def destroy(self) -> None:
        self._dict.destroy()

    def __reduce__(self) -> Any:
        return self._dict.__reduce__()

    def __copy__(self) -> SharedList:
        return self

    def __deepcopy__(self, memo: Any) -> SharedList:
        return self
