"""A SharedDict for a block of code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from _erlang import SharedDict

if TYPE_CHECKING:
    from types import TracebackType

    from _erlang import Table


class Ephemeral:
    """Gives a new SharedDict to a with block, and destroys it at the end."""

    __slots__ = ("_dict", "_table")

    def __init__(self, table: Table | None = None) -> None:
        self._table = table
        self._dict: SharedDict[Any, Any] | None = None

    def __enter__(self) -> SharedDict[Any, Any]:
        if self._dict is not None:
            raise RuntimeError("this block has a SharedDict already: ask for another one by SharedDict.ephemeral()")
        self._dict = SharedDict.new(self._table)
        return self._dict

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        made, self._dict = self._dict, None
        if made is not None:
            made.destroy()

    async def __aenter__(self) -> SharedDict[Any, Any]:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)
