"""SharedDict.watch: an iterator over the changes of a dict, for `for` and for `async for`.

The changes are read from where the table keeps the latest of them (`_changes`), asleep until there are some, and
without the GIL. For `async for` a thread of its own sleeps, for as long as there is nothing to give.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from math import isnan
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple, final

from _erlang import WaitStop

if TYPE_CHECKING:
    from collections.abc import Callable

    from _erlang import SharedDict

_Position = tuple[int, int]
_Changes = tuple[int, int, list[tuple[str, Any, int]]]


class Change(NamedTuple):
    """What happened to a key, or to the dict."""

    kind: str
    """'put', 'delete', 'expired', 'clear', 'overflow' (changes were missed) or 'destroyed' (the last one)"""
    key: str | bytes | int | None
    """None for 'clear', 'overflow' and 'destroyed'"""
    version: int
    """of the key, or the number of the change by which it went; 0 for 'overflow' and 'destroyed'"""


_DESTROYED = Change("destroyed", None, 0)
_GONE = "SharedDict has been destroyed"


def _bytes(text: Any) -> Any:
    return text.encode() if isinstance(text, str) else text


def _wanted(key: Any, prefix: Any) -> Callable[[Any], bool]:
    """Which keys are watched. Raises TypeError and ValueError for what is no key and no prefix."""
    if prefix is not None:
        if key is not None:
            raise TypeError("watch() takes a key or a prefix, not both")
        if not isinstance(prefix, str | bytes):
            raise TypeError(f"prefix must be str or bytes, not {type(prefix).__name__}")
        start = _bytes(prefix)
        return lambda changed: not isinstance(changed, int) and _bytes(changed).startswith(start)
    if key is None:
        return lambda _changed: True
    wanted = _bytes(key)
    return lambda changed: _bytes(changed) == wanted


def _in_thread(work: Callable[[], None]) -> None:
    """Where an interpreter allows it, a thread that the end of the process does not wait for."""
    try:
        thread = threading.Thread(target=work, name="SharedDict.watch", daemon=True)
    except RuntimeError:
        thread = threading.Thread(target=work, name="SharedDict.watch", daemon=False)
    thread.start()


@final
class Watch:
    """Goes over the changes of a dict since it was made. After its timeout it ends, but may be asked again.

    It belongs to one thread, or to one task, at a time, but for close()."""

    def __init__(self, shared: SharedDict[Any, Any], wanted: Callable[[Any], bool], timeout: float | None) -> None:
        self._shared = shared
        self._wanted = wanted
        self._timeout = timeout
        self._stop = WaitStop()
        self._ready: deque[Change] = deque()
        self._ended = False
        at, made, _ = shared._changes(0, 0, None, None)
        self._position: _Position = at, made

    def __iter__(self) -> Watch:
        return self

    def __next__(self) -> Change:
        end = self._end()
        while not self._ready:
            if self._ended:
                raise StopIteration
            left = self._left(end)
            try:
                if not self._take(self._shared._changes(*self._position, left, self._stop)) and left == 0:
                    raise StopIteration
            except RuntimeError as error:
                self._end_with(error)
        return self._ready.popleft()

    def __aiter__(self) -> Watch:
        return self

    async def __anext__(self) -> Change:
        end = self._end()
        while not self._ready:
            if self._ended:
                raise StopAsyncIteration
            left = self._left(end)
            try:
                if not self._take(await self._changes_in_thread(left)) and left == 0:
                    raise StopAsyncIteration
            except RuntimeError as error:
                self._end_with(error)
        return self._ready.popleft()

    def close(self) -> None:
        """Ends it, also while another thread waits for the next change. Doing so again changes nothing."""
        self._ended = True
        self._stop.stop()

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _end(self) -> float | None:
        return None if self._timeout is None else monotonic() + self._timeout

    @staticmethod
    def _left(end: float | None) -> float | None:
        return None if end is None else max(end - monotonic(), 0.0)

    def _take(self, read: _Changes) -> bool:
        """False when there was nothing. (A signal may end a wait before its time.)"""
        at, made, changes = read
        self._position = at, made
        for kind, key, version in changes:
            if key is None or self._wanted(key):
                self._ready.append(Change(kind, key, version))
        return bool(changes)

    def _end_with(self, error: RuntimeError) -> None:
        """The dict has been destroyed; any other error is the caller's."""
        if str(error) != _GONE:
            raise error
        self._ended = True
        self._ready.append(_DESTROYED)

    async def _changes_in_thread(self, left: float | None) -> _Changes:
        """What `_changes` gives, in a thread. When it is cancelled nothing is lost: the position stays."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_Changes] = loop.create_future()
        stop = WaitStop()
        self._stop = stop
        if self._ended:
            stop.stop()

        def settle(read: _Changes | None, error: BaseException | None) -> None:
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
            elif read is not None:
                future.set_result(read)

        def work() -> None:
            read: _Changes | None = None
            failed: BaseException | None = None
            try:
                read = self._shared._changes(*self._position, left, stop)
                while not read[2] and left is None and not stop.stopped:
                    read = self._shared._changes(read[0], read[1], left, stop)
            except BaseException as error:
                failed = error
            try:
                loop.call_soon_threadsafe(settle, read, failed)
            except RuntimeError:  # the loop has been closed: nobody wants to know
                pass

        _in_thread(work)
        try:
            return await future
        finally:
            stop.stop()


def watch(
    shared: SharedDict[Any, Any],
    /,
    key: Any = None,
    *,
    prefix: str | bytes | None = None,
    timeout: float | None = None,
) -> Watch:
    if timeout is not None and (isnan(timeout) or timeout < 0):
        raise ValueError(f"timeout must be None or a number of seconds that is not negative, not {timeout!r}")
    if key is not None:
        shared.version(key)  # raises what a key of another type raises
    return Watch(shared, _wanted(key, prefix), timeout)
