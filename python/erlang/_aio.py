"""The methods of SharedDict and SharedList for code of asyncio: `await sd.put.aio(key, value)`.

What takes microseconds is done on the event loop's own thread: to hand it to another takes longer. Everything else
goes to a thread of the loop's default executor, as with asyncio.to_thread: what has large values, or pickles objects,
or has to wait for a lock that others hold. Which of them it is, the method itself says (at_once).
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import itertools
import operator
from typing import TYPE_CHECKING, Any

from _erlang import Errand

from . import _aio_wait, _lease

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _erlang import AsyncMethod, SharedDict

# These change nothing: nobody has to wait for the end of one that was given up.
_READS = frozenset(
    {"get", "contains", "view", "get_many", "copy", "to_dict", "info", "open", "version", "to_list", "index", "count"}
)

# Of one batch. Its items pass the event loop without a break.
_MOST_ITEMS = 256
_MOST_BYTES = 1 << 20  # but one item at least, however large

_MANY = 1000  # items that are not let go of on the event loop's thread

# Functions that stand for a method: (self, *arguments) -> awaitable or asynchronous iterator.
_own: dict[str, Callable[..., Any]] = {
    "wait": _aio_wait.wait,
    "wait_change": _aio_wait.wait_change,
    "lock": _lease.lock,
}


def instead_of[Function: Callable[..., Any]](name: str) -> Callable[[Function], Function]:
    """Makes a function the .aio of the method `name`.

    It gets what it is a method of, and the arguments. A method that may wait for long needs one: in a thread of the
    executor it would keep others from it.
    """

    def register(function: Function) -> Function:
        _own[name] = function
        return function

    return register


def function_of(method: AsyncMethod) -> Callable[..., Any]:
    """The function that `.aio` of a method is bound from."""
    function = _own.get(method.__name__) or _coroutine_function(method)
    function.__name__ = method.__name__
    function.__qualname__ = f"{method.__qualname__}.aio"
    function.__module__ = "erlang"
    function.__doc__ = method.__doc__
    if hasattr(method, "__wrapped__"):
        function.__wrapped__ = method.__wrapped__  # type: ignore[attr-defined]
    else:
        function.__signature__ = method.__text_signature__  # type: ignore[attr-defined]
    return function


def _coroutine_function(method: AsyncMethod) -> Callable[..., Any]:
    call = _callable(method)
    changes = method.__name__ not in _READS

    async def in_thread(self: Any, /, *args: Any, **names: Any) -> Any:
        return await run(functools.partial(call, self, *args, **names), changes=changes)

    if not method.may_be_at_once:
        return in_thread
    at_once = method.at_once

    async def at_once_or_in_thread(self: Any, /, *args: Any, **names: Any) -> Any:
        done = at_once(self, *args, **names)
        if done is NotImplemented:
            done = await run(functools.partial(call, self, *args, **names), changes=changes)
        return done

    return at_once_or_in_thread


def _callable(method: AsyncMethod) -> Callable[..., Any]:
    if callable(method):
        return method
    if hasattr(method, "__wrapped__"):
        return method.__wrapped__
    bound: Callable[..., Any] = getattr(method.__objclass__, method.__name__)  # of a class method
    return lambda cls, /, *args, **names: bound(*args, **names)


async def run[Result](call: Callable[[], Result], *, changes: bool) -> Result:
    """Calls a function in a thread.

    Who is cancelled gives it up (_erlang.Errand). If it has not begun it never will. If it has, and may change
    something, its end is awaited: afterwards it is done or it is not, and nothing of it goes on.
    """
    errand = Errand(call)
    future: asyncio.Future[Result] = _in_thread(errand.run)
    try:
        await asyncio.wait([future])
    except asyncio.CancelledError:
        if errand.give_up() and changes:
            await _end_of(future)
        future.cancel()  # it may have ended with an exception, which nobody is told of then
        raise
    return future.result()


def _in_thread[Result](call: Callable[[], Result]) -> asyncio.Future[Result]:
    return asyncio.get_running_loop().run_in_executor(None, contextvars.copy_context().run, call)


async def _end_of(future: asyncio.Future[Any]) -> None:
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError:
            pass  # who waits for the end was cancelled already


class _Keys:
    """Takes keys as a SnapshotIterator takes items."""

    def __init__(self, keys: Iterator[Any]) -> None:
        self._keys = keys

    def __length_hint__(self) -> int:
        return operator.length_hint(self._keys)

    def take(self, batch: list[Any], most: int, _bytes: int) -> None:
        batch.extend(itertools.islice(self._keys, most))


class Snapshot:
    """Goes over a SharedDict as it was at one moment: that of the first step. Batches of it are made in a thread.

    A step that is cancelled loses nothing: the next one gives what it would have given.
    """

    def __init__(self, begin: Callable[[], Any]) -> None:
        self._begin = begin
        self._all: Any = None  # has take(); only a thread uses it
        self._batch: list[Any] = []  # the next one is the last
        self._error: BaseException | None = None  # comes after the batch
        self._ended = False
        self._fetch: asyncio.Future[tuple[list[Any], BaseException | None, bool]] | None = None

    def __aiter__(self) -> Snapshot:
        return self

    async def __anext__(self) -> Any:
        while not self._batch:
            if self._error is not None:
                error, self._error = self._error, None
                raise error
            if self._ended:
                raise StopAsyncIteration
            await self._get_batch()
        return self._batch.pop()

    async def _get_batch(self) -> None:
        if self._fetch is None:
            self._fetch = _in_thread(self._take)
        fetch = self._fetch
        await asyncio.wait([fetch])
        if self._fetch is fetch:  # else another task, which waited as well, has it
            self._fetch = None
            self._batch, self._error, ended = fetch.result()
            self._ended = self._ended or ended

    def _take(self) -> tuple[list[Any], BaseException | None, bool]:
        """Runs in a thread. Never raises, as nobody might be there to see it."""
        batch: list[Any] = []
        error: BaseException | None = None
        try:
            if self._all is None:
                self._all = self._begin()
            self._all.take(batch, _MOST_ITEMS, _MOST_BYTES)
        except BaseException as raised:
            error = raised
        ended = self._all is None or not (batch or error)
        batch.reverse()
        return batch, error, ended

    async def aclose(self) -> None:
        """Ends it, as contextlib.aclosing does."""
        self._let_go()

    def __del__(self) -> None:
        self._let_go()

    def _let_go(self) -> None:
        self._ended = True
        self._batch = []
        held, self._all = [self._all], None
        if operator.length_hint(held[0], 0) < _MANY:
            return
        try:
            asyncio.get_running_loop().run_in_executor(None, held.clear)
        except RuntimeError:
            pass  # no event loop is kept waiting


@instead_of("keys")
def _keys(self: SharedDict[Any, Any], /) -> Snapshot:
    return Snapshot(lambda: _Keys(iter(self)))


@instead_of("values")
def _values(self: SharedDict[Any, Any], /) -> Snapshot:
    return Snapshot(self._values)


@instead_of("items")
def _items(self: SharedDict[Any, Any], /) -> Snapshot:
    return Snapshot(self._items)
