"""`await sd.wait.aio(key)` and `await sd.wait_change.aio(key, version)`.

Each sleeps in a thread of its own, as long as it takes: in those of the executor waits would keep everything else from
being done. The thread ends with the wait, however that ends: also when it is cancelled, and at the end of the
interpreter.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from _erlang import SharedDict, WaitStop

from . import _wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from _erlang import AsyncMethod

_stops: set[WaitStop] = set()
_NONE = object()
_get: AsyncMethod = vars(SharedDict)["get"]


def _stop_all() -> None:
    for stop in tuple(_stops):
        stop.stop()


# Called before threads are waited for, which the executors see to: they have registered before this.
threading._register_atexit(_stop_all)  # type: ignore[attr-defined]
os.register_at_fork(after_in_child=_stops.clear)  # its threads are the parent's


async def waited[Result](call: Callable[[WaitStop], Result]) -> Result:
    stop = WaitStop()
    thread = ThreadPoolExecutor(1, "erlang-wait")
    _stops.add(stop)
    try:
        return await asyncio.get_running_loop().run_in_executor(thread, contextvars.copy_context().run, call, stop)
    finally:
        stop.stop()
        _stops.discard(stop)
        thread.shutdown(wait=False)


async def wait(
    self: SharedDict[Any, Any], key: Any, /, until: Any = _wait._PRESENT, timeout: float | None = None
) -> Any:
    if until is _wait._PRESENT:
        found = _get.at_once(self, key, _NONE)
        if found is not NotImplemented and found is not _NONE:
            return found
    return await waited(lambda stop: _wait.wait(self, key, until, timeout, _stop=stop))


async def wait_change(self: SharedDict[Any, Any], key: Any, version: int, /, timeout: float | None = None) -> int:
    return await waited(lambda stop: _wait.wait_change(self, key, version, timeout, _stop=stop))
