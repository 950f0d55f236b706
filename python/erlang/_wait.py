"""SharedDict.wait and SharedDict.wait_change.

The thread sleeps in `_wait_change`, without the GIL, until the key has another version. What is done between
two such sleeps is Python, so an interrupt, a signal's handler and a predicate's exception end a wait.
"""

from __future__ import annotations

from math import isnan
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, final

if TYPE_CHECKING:
    from _erlang import SharedDict, WaitStop


@final
class _Present:
    def __repr__(self) -> str:
        return "<present>"


_PRESENT: Final = _Present()


@final
class Deadline:
    """When a wait is over; never, for a timeout of None."""

    __slots__ = ("_end", "_stop", "_timeout")

    def __init__(self, timeout: float | None, stop: WaitStop | None = None) -> None:
        """Raises TypeError and ValueError for what is no time to wait."""
        if timeout is not None:
            if isnan(timeout) or timeout < 0:
                raise ValueError(f"timeout must be None or a number of seconds that is not negative, not {timeout!r}")
            self._end = monotonic() + timeout
        self._timeout = timeout
        self._stop = stop

    def next_version(self, shared: SharedDict[Any, Any], key: Any, version: int) -> int:
        """Another version of the key than this one. Raises TimeoutError, and InterruptedError when it was stopped."""
        while True:
            left = None if self._timeout is None else max(self._end - monotonic(), 0.0)
            changed = shared._wait_change(key, version, left, self._stop)
            if changed is not None:
                return changed
            if self._stop is not None and self._stop.stopped:
                raise InterruptedError("the wait was stopped")
            if left is not None and monotonic() >= self._end:
                raise TimeoutError(f"nothing of the kind happened within {self._timeout} seconds")


def wait(
    shared: SharedDict[Any, Any],
    key: Any,
    /,
    until: Any = _PRESENT,
    timeout: float | None = None,
    *,
    _stop: WaitStop | None = None,
) -> Any:
    deadline = Deadline(timeout, _stop)
    while True:
        version = 0
        found = shared._versioned(key)
        if found is not None:
            version, value = found
            if until is _PRESENT or (until(value) if callable(until) else value == until):
                return value
        deadline.next_version(shared, key, version)


def wait_change(
    shared: SharedDict[Any, Any],
    key: Any,
    version: int,
    /,
    timeout: float | None = None,
    *,
    _stop: WaitStop | None = None,
) -> int:
    return Deadline(timeout, _stop).next_version(shared, key, version)
