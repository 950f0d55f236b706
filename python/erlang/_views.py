"""Views of a SharedDict: its keys, values and items, each time as they are at one moment."""

from __future__ import annotations

from collections.abc import ItemsView, KeysView, ValuesView
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _erlang import SharedDict


class SharedDictKeys(KeysView[Any]):
    __slots__ = ()
    _mapping: SharedDict[Any, Any]

    def __reversed__(self) -> Iterator[Any]:
        return reversed(self._mapping)


class SharedDictValues(ValuesView[Any]):
    __slots__ = ()
    _mapping: SharedDict[Any, Any]

    def __iter__(self) -> Iterator[Any]:
        return self._mapping._values()

    def __contains__(self, value: object) -> bool:
        return any(value is stored or value == stored for stored in self)


class SharedDictItems(ItemsView[Any, Any]):
    __slots__ = ()
    _mapping: SharedDict[Any, Any]

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        return self._mapping._items()
