"""SharedList: a list that lives in the table, as a SharedDict does."""

from __future__ import annotations

from collections.abc import MutableSequence
from typing import TYPE_CHECKING, Any, overload

from _erlang import SharedDict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from _erlang import Table

_SHOWN = 6  # elements, in a repr


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

    def _slice(self, part: slice) -> list[Any]:
        while True:
            wanted = range(len(self._dict))[part]
            found = self._dict.get_many(wanted)
            if len(found) == len(wanted):
                return list(found.values())

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return self._slice(index)
        return self._dict._get_at(index)

    @overload
    def __setitem__(self, index: int, value: Any) -> None: ...
    @overload
    def __setitem__(self, index: slice, value: Iterable[Any]) -> None: ...
    def __setitem__(self, index: int | slice, value: Any) -> None:
        if not isinstance(index, slice):
            self._dict._set_at(index, value)
            return
        values = list(value)
        wanted = range(len(self._dict))[index]
        if len(values) != len(wanted):
            raise ValueError(f"{len(values)} values for a slice of {len(wanted)}: a SharedList keeps its length")
        self._dict.update(zip(wanted, values, strict=True))

    def __delitem__(self, index: int | slice) -> None:
        if isinstance(index, slice):
            raise TypeError("a slice of a SharedList cannot be deleted; one element can, and clear() deletes all")
        self._dict._delete_at(index)

    def append(self, value: Any) -> None:
        self._dict._append((value,))

    def extend(self, values: Iterable[Any]) -> None:
        self._dict._append(values._items() if isinstance(values, SharedList) else list(values))

    def __iadd__(self, values: Iterable[Any]) -> SharedList:  # type: ignore[misc]  # + gives a list
        self.extend(values)
        return self

    def insert(self, index: int, value: Any) -> None:
        self._dict._insert_at(index, value)

    def pop(self, index: int = -1) -> Any:
        return self._dict._pop_at(index)

    def remove(self, value: Any) -> None:
        while not self._dict._delete_equal(self.index(value), value):
            pass

    def clear(self) -> None:
        self._dict.clear()

    def reverse(self) -> None:
        raise TypeError("a SharedList is not reversed in place: reversed(l) goes over it from its end")

    # All of them at one moment.

    def __len__(self) -> int:
        return len(self._dict)

    def __iter__(self) -> Iterator[Any]:
        return self._dict._values()

    def __reversed__(self) -> Iterator[Any]:
        return reversed(self._items())

    def __contains__(self, value: object) -> bool:
        return any(value is one or value == one for one in self)

    def index(self, value: Any, start: int = 0, stop: int | None = None) -> int:
        items = self._items()
        return items.index(value, start, len(items) if stop is None else stop)

    def count(self, value: Any) -> int:
        return self._items().count(value)

    def to_list(self) -> list[Any]:
        return self._items()

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
            shown = [repr(one) for one in self._slice(slice(_SHOWN))]
        except (RuntimeError, ValueError):
            return "<SharedList, not to be had>"
        if size > len(shown):
            shown.append(f"\u2026 {size} in all")
        return f"<SharedList [{', '.join(shown)}]>"

    # What it has of its dict.

    def info(self) -> dict[str, int]:
        return self._dict.info()

    def destroy(self) -> None:
        self._dict.destroy()

    def __reduce__(self) -> Any:
        return self._dict.__reduce__()

    def __copy__(self) -> SharedList:
        return self

    def __deepcopy__(self, memo: Any) -> SharedList:
        return self
