"""Views of a SharedDict: its keys, values and items, each time as they are at one moment."""

from __future__ import annotations

from collections.abc import ItemsView, KeysView, ValuesView
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _erlang import SharedDict

    from ._aio import Snapshot


def _aiter(method: Any) -> Snapshot:
    """What goes over it in code of asyncio, which is imported with the first one alone."""
    return method.aio()  # type: ignore[no-any-return]


class SharedDictKeys(KeysView[Any]):
    __slots__ = ()
    _mapping: SharedDict[Any, Any]

    def __reversed__(self) -> Iterator[Any]:
        return reversed(self._mapping)

    def __aiter__(self) -> Snapshot:
        return _aiter(self._mapping.keys)


class SharedDictValues(ValuesView[Any]):
    __slots__ = ()
    _mapping: SharedDict[Any, Any]

    def __iter__(self) -> Iterator[Any]:
        return self._mapping._values()

    def __aiter__(self) -> Snapshot:
        return _aiter(self._mapping.values)

    def __contains__(self, value: object) -> bool:
        return any(value is stored or value == stored for stored in self)


class SharedDictItems(ItemsView[Any, Any]):
    __slots__ = ()
    _mapping: SharedDict[Any, Any]

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        return self._mapping._items()

    def __aiter__(self) -> Snapshot:
        return _aiter(self._mapping.items)
