"""SharedDict.lock: a key that one holder has at a time.

The value of the key is a record: the name of a dict that ends with the holder's process, whichever language that is
written in, and a random number. So whoever finds a record can see whether its holder lives, and take its place if not;
and whoever holds the key changes it only if it still has the version that he gave it.
"""

from __future__ import annotations

import os
import secrets
import threading
import weakref
from contextlib import suppress
from math import isnan
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Self

from _erlang import SharedDict

if TYPE_CHECKING:
    from types import TracebackType

    from _erlang import WaitStop

type _Record = tuple[str, str, int]

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


class _Held:
    """A key while it is held: what is needed to let go of it."""

    __slots__ = ("holder", "key", "pid", "record", "shared", "version")

    def __init__(
        self, shared: SharedDict[Any, Any], key: Any, version: int, record: _Record, holder: SharedDict[Any, Any]
    ) -> None:
        self.shared = shared
        self.key = key
        self.version = version
        self.record = record
        self.holder = holder  # ends with this process; so long, too
        self.pid = os.getpid()

    @property
    def is_here(self) -> bool:
        """False in a child that was forked meanwhile."""
        return self.pid == os.getpid()

    def let_go(self) -> bool:
        """Whether it was held until now."""
        if not self.is_here:
            return False
        try:
            return self.shared._delete_if(self.key, self.version)
        finally:
            self.holder.destroy()


def _abandon(held: _Held) -> None:
    """The Lock is no more, perhaps with its interpreter: nobody else could let go of it."""
    with suppress(RuntimeError):  # the dict, or the table, has ended
        held.let_go()


class Lock:
    """What SharedDict.lock() gives; see the stub file."""

    __module__ = "erlang"
    __slots__ = (
        "__weakref__",
        "_fence",
        "_finalizer",
        "_given_up",
        "_held",
        "_key",
        "_mutex",
        "_shared",
        "_timeout",
        "_ttl",
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
        self._held: _Held | None = None  # as far as this object knows
        self._finalizer: weakref.finalize[[_Held], Lock] | None = None
        self._fence = 0

    def __repr__(self) -> str:
        state = "held" if self.held else "not held"
        return f"<Lock {self._key!r} of {self._shared!r}, {state}>"

    @property
    def fence(self) -> int:
        return self._fence

    @property
    def held(self) -> bool:
        held = self._held
        if held is None or not held.is_here:
            return False
        return self._shared._versioned(self._key) == (held.version, held.record)

    def acquire(self, timeout: float | None = None) -> bool:
        _check_timeout(timeout)
        return self._acquire(timeout, None)

    def release(self) -> None:
        if not self._release():
            raise self._lost()

    def renew(self, ttl: float | None = None) -> None:
        held = self._held
        until = self._ttl if ttl is None else ttl
        if held is None or not held.is_here or not self._shared._put_if(self._key, held.record, held.version, until):
            raise self._lost()
        found = self._shared._versioned(self._key)
        if found is not None and found[1] == held.record:
            held.version = found[0]

    def _lost(self) -> RuntimeError:
        return RuntimeError(f"the lock {self._key!r} is not held: its time was over, or others changed its key")

    def __enter__(self) -> Self:
        if not self.held and not self.acquire(self._timeout):
            raise TimeoutError(f"the lock {self._key!r} was not free within {self._timeout} seconds")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._held is not None and not self._held.is_here:
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

    def _acquire(self, timeout: float | None, stop: WaitStop | None) -> bool:
        if self.held:
            raise RuntimeError(f"the lock {self._key!r} is held by this object already")
        self._release()  # it may have been lost
        holder = SharedDict.new(self._shared)
        record = (_MARK, holder.handle, secrets.randbits(62))
        version = None
        try:
            version = self._wait(record, timeout, stop)
        finally:
            if version is None:
                holder.destroy()
        if version is None:
            return False
        self._fence = version
        self._held = _Held(self._shared, self._key, version, record, holder)
        self._finalizer = weakref.finalize(self, _abandon, self._held)
        with self._mutex:
            if not self._given_up:
                return True
        self._release()
        return False

    def _wait(self, record: _Record, timeout: float | None, stop: WaitStop | None) -> int | None:
        """The version that the key then has."""
        end = None if timeout is None else monotonic() + timeout
        while (version := self._try(record)) is None:
            left = _LOOK if end is None else min(_LOOK, end - monotonic())
            if left <= 0 or (stop is not None and stop.stopped):
                return None
            found = self._shared._versioned(self._key)
            if found is not None:
                self._shared._wait_change(self._key, found[0], left, stop)
        return version

    def _try(self, record: _Record) -> int | None:
        """Takes the key if it is free, or if its holder is gone."""
        shared, key = self._shared, self._key
        if not shared._put_if(key, record, 0, self._ttl):
            found = shared._versioned(key)
            if found is None:
                return None
            version, value = found
            if not _is_record(value):
                raise TypeError(f"key {key!r} has a value that is no lock")
            shared._sweep()
            if not _is_over(value[1]) or not shared._put_if(key, record, version, self._ttl):
                return None
        found = shared._versioned(key)
        if found is None or found[1] != record:
            return None  # its time was over at once
        return found[0]

    def _release(self) -> bool:
        held, self._held = self._held, None
        if self._finalizer is not None:
            self._finalizer.detach()
        return held is not None and held.let_go()

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
