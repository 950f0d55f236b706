"""SharedDict.lock: a key that one holder has at a time.

The value of the key is a record: the name of a dict that ends with the holder's process, whichever language that is
written in, and a random number. So whoever finds a record can see whether its holder lives, and take its place if not;
and whoever holds the key changes it only if it still has the version that he gave it.
"""

from __future__ import annotations

import os
import secrets
import threading
from math import isnan
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Self

from _erlang import SharedDict

if TYPE_CHECKING:
    from types import TracebackType

    from _erlang import WaitStop

_MARK: Final = "erlang.lock"
_LOOK: Final = 0.25  # seconds: the end of a holder changes no key


def _is_over(name: str) -> bool:
    try:
        SharedDict.open(name)
    except RuntimeError:
        return True
    except (OSError, ValueError):
        return False  # it cannot be told from here
    return False


def _is_record(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 3 and value[0] == _MARK and isinstance(value[1], str)


def _check_timeout(timeout: float | None) -> None:
    if timeout is not None and (isnan(timeout) or timeout < 0):
        raise ValueError(f"timeout must be None or a number of seconds that is not negative, not {timeout!r}")


class Lock:
    """What SharedDict.lock() gives; see the stub file."""

    __module__ = "erlang"
    __slots__ = (
        "_fence",
        "_given_up",
        "_holder",
        "_key",
        "_mutex",
        "_pid",
        "_record",
        "_shared",
        "_timeout",
        "_ttl",
        "_version",
    )

    def __init__(
        self, shared: SharedDict[Any, Any], key: Any, /, ttl: float | None = None, *, timeout: float | None = None
    ) -> None:
        if ttl is not None and not ttl > 0:
            raise ValueError(f"ttl must be a positive number of seconds, not {ttl!r}")
        _check_timeout(timeout)
        self._shared = shared
        self._key = key
        self._ttl = ttl
        self._timeout = timeout
        self._mutex = threading.Lock()
        self._given_up = False
        self._record: tuple[str, str, int] | None = None  # while it is held, as far as this object knows
        self._holder: SharedDict[Any, Any] | None = None  # ends with this process; so long, too
        self._version = self._fence = self._pid = 0

    def __repr__(self) -> str:
        state = "held" if self.held else "not held"
        return f"<Lock {self._key!r} of {self._shared!r}, {state}>"

    @property
    def fence(self) -> int:
        return self._fence

    @property
    def held(self) -> bool:
        found = self._shared._versioned(self._key) if self._is_mine() else None
        return found is not None and found == (self._version, self._record)

    def acquire(self, timeout: float | None = None) -> bool:
        _check_timeout(timeout)
        return self._acquire(timeout, None)

    def release(self) -> None:
        if not self._release():
            raise RuntimeError(f"the lock {self._key!r} is not held: its time was over, or others changed its key")

    def renew(self, ttl: float | None = None) -> None:
        record = self._record
        until = self._ttl if ttl is None else ttl
        if not (self._is_mine() and self._shared._put_if(self._key, record, self._version, until)):
            raise RuntimeError(f"the lock {self._key!r} is not held: its time was over, or others changed its key")
        found = self._shared._versioned(self._key)
        if found is not None and found[1] == record:
            self._version = found[0]

    def __enter__(self) -> Self:
        if not self.held and not self.acquire(self._timeout):
            raise TimeoutError(f"the lock {self._key!r} was not free within {self._timeout} seconds")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pid not in (0, os.getpid()):
            return  # it is the parent's
        if kind is None:
            self.release()
        else:
            self._release()

    async def __aenter__(self) -> Self:
        if not self.held:
            await self._acquire_in_thread()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    async def _acquire_in_thread(self) -> None:
        from asyncio import CancelledError  # not before it is needed: it is large

        from ._aio_wait import waited

        try:
            acquired = await waited(lambda stop: self._acquire(self._timeout, stop))
        except CancelledError:
            self._give_up()
            raise
        if not acquired:
            raise TimeoutError(f"the lock {self._key!r} was not free within {self._timeout} seconds")

    def _is_mine(self) -> bool:
        return self._record is not None and self._pid == os.getpid()

    def _acquire(self, timeout: float | None, stop: WaitStop | None) -> bool:
        if self._is_mine() and self.held:
            raise RuntimeError(f"the lock {self._key!r} is held by this object already")
        holder = SharedDict.new(self._shared)
        acquired = False
        try:
            acquired = self._wait((_MARK, holder.handle, secrets.randbits(62)), timeout, stop)
        finally:
            if not acquired:
                holder.destroy()
        self._holder = holder if acquired else None
        with self._mutex:
            if not self._given_up:
                return acquired
        self._release()
        return False

    def _wait(self, record: tuple[str, str, int], timeout: float | None, stop: WaitStop | None) -> bool:
        end = None if timeout is None else monotonic() + timeout
        while not self._try(record):
            left = _LOOK if end is None else min(_LOOK, end - monotonic())
            if left <= 0 or (stop is not None and stop.stopped):
                return False
            found = self._shared._versioned(self._key)
            if found is not None:
                self._shared._wait_change(self._key, found[0], left, stop)
        return True

    def _try(self, record: tuple[str, str, int]) -> bool:
        """Takes the key if it is free, or if its holder is gone."""
        shared, key = self._shared, self._key
        if not shared._put_if(key, record, 0, self._ttl):
            found = shared._versioned(key)
            if found is None:
                return False
            version, value = found
            if not _is_record(value):
                raise TypeError(f"key {key!r} has a value that is no lock")
            shared._sweep()
            if not _is_over(value[1]) or not shared._put_if(key, record, version, self._ttl):
                return False
        found = shared._versioned(key)
        if found is None or found[1] != record:
            return False  # its time was over at once
        self._version = self._fence = found[0]
        self._pid = os.getpid()
        self._record = record
        return True

    def _release(self) -> bool:
        if not self._is_mine():
            return False
        holder, self._holder, self._record = self._holder, None, None
        try:
            return self._shared._delete_if(self._key, self._version)
        finally:
            if holder is not None:
                holder.destroy()

    def _give_up(self) -> None:
        """Nobody waits for it any more: if the other thread gets it, it lets go of it."""
        with self._mutex:
            self._given_up = True
        self._release()


async def lock(
    self: SharedDict[Any, Any], key: Any, /, ttl: float | None = None, *, timeout: float | None = None
) -> Lock:
    """sd.lock.aio: waits, and gives a lock that is held."""
    made = Lock(self, key, ttl, timeout=timeout)
    await made._acquire_in_thread()
    return made
