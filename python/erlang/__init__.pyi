import builtins
import os
from collections.abc import (
    AsyncIterator,
    Callable,
    Coroutine,
    ItemsView,
    Iterable,
    Iterator,
    KeysView,
    Mapping,
    MutableMapping,
    MutableSequence,
    Sequence,
    ValuesView,
)
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from types import TracebackType
from typing import (
    Any,
    ClassVar,
    Concatenate,
    Final,
    Generic,
    ParamSpec,
    Self,
    TypeVar,
    final,
    overload,
    type_check_only,
)

from _erlang import WaitStop
from _typeshed import SupportsKeysAndGetItem

from ._transaction import Transaction
from ._transaction import TransactionConflict as TransactionConflict
from ._watch import Watch

_Default = TypeVar("_Default")
_Key = TypeVar("_Key", str, bytes, int, str | bytes | int)
_K = TypeVar("_K", default=Any)  # str, bytes or int; what comes out is never bytes that could be str
_V = TypeVar("_V", default=Any)

__all__: Final = [
    "Atom",
    "Interrupted",
    "Lock",
    "Pid",
    "Reference",
    "SharedCell",
    "SharedDict",
    "SharedList",
    "Table",
    "Term",
    "TransactionConflict",
]

_Self = TypeVar("_Self")
_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")
_View = TypeVar("_View")
_Item = TypeVar("_Item")

# Methods with `.aio`: what their names give on an object.
@type_check_only
class _Bound(Generic[_Parameters, _Result]):
    __name__: str
    __qualname__: str
    def __call__(self, *args: _Parameters.args, **names: _Parameters.kwargs) -> _Result: ...
    @property
    def __self__(self) -> Any: ...
    @property
    def aio(self) -> Callable[_Parameters, Coroutine[Any, Any, _Result]]:
        """The same as a function that gives a coroutine."""

# ... and in the class.
@type_check_only
class _Unbound(Generic[_Result]):
    __name__: str
    __qualname__: str
    def __call__(self, instance: Any, /, *args: Any, **names: Any) -> _Result: ...
    @property
    def aio(self) -> Callable[..., Coroutine[Any, Any, _Result]]: ...

@type_check_only
class _with_aio(Generic[_Self, _Parameters, _Result]):
    def __init__(self, function: Callable[Concatenate[_Self, _Parameters], _Result], /) -> None: ...
    @overload
    def __get__(self, instance: None, owner: type[_Self], /) -> _Unbound[_Result]: ...
    @overload
    def __get__(self, instance: _Self, owner: type[_Self] | None = None, /) -> _Bound[_Parameters, _Result]: ...

# The same for those with several signatures: each has a class of its own.
@type_check_only
class _Method(Generic[_Result]):
    @overload
    def __get__(self, instance: None, owner: type[Any], /) -> _Unbound[Any]: ...
    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None, /) -> _Result: ...

@type_check_only
class _Get(Generic[_K, _V]):
    @overload
    def __call__(self, key: _K, /, *, copy: bool = False) -> _V | None: ...
    @overload
    def __call__(self, key: _K, /, default: _Default, *, copy: bool = False) -> _V | _Default: ...
    @property
    def aio(self) -> _GetAio[_K, _V]: ...

@type_check_only
class _GetAio(Generic[_K, _V]):
    @overload
    async def __call__(self, key: _K, /, *, copy: bool = False) -> _V | None: ...
    @overload
    async def __call__(self, key: _K, /, default: _Default, *, copy: bool = False) -> _V | _Default: ...

@type_check_only
class _Setdefault(Generic[_K, _V]):
    @overload
    def __call__(self, key: _K, /) -> _V | None: ...
    @overload
    def __call__(self, key: _K, default: _V, /) -> _V: ...
    @property
    def aio(self) -> _SetdefaultAio[_K, _V]: ...

@type_check_only
class _SetdefaultAio(Generic[_K, _V]):
    @overload
    async def __call__(self, key: _K, /) -> _V | None: ...
    @overload
    async def __call__(self, key: _K, default: _V, /) -> _V: ...

@type_check_only
class _Pop(Generic[_K, _V]):
    @overload
    def __call__(self, key: _K, /) -> _V: ...
    @overload
    def __call__(self, key: _K, /, default: _Default) -> _V | _Default: ...
    @property
    def aio(self) -> _PopAio[_K, _V]: ...

@type_check_only
class _PopAio(Generic[_K, _V]):
    @overload
    async def __call__(self, key: _K, /) -> _V: ...
    @overload
    async def __call__(self, key: _K, /, default: _Default) -> _V | _Default: ...

@type_check_only
class _GetMany:
    def __call__(self, keys: Iterable[_Key], /) -> dict[_Key, Any]: ...
    @property
    def aio(self) -> _GetManyAio: ...

@type_check_only
class _GetManyAio:
    async def __call__(self, keys: Iterable[_Key], /) -> dict[_Key, Any]: ...

@type_check_only
class _Update(Generic[_K, _V]):
    @overload
    def __call__(self, other: SupportsKeysAndGetItem[_K, _V], /, **names: _V) -> None: ...
    @overload
    def __call__(self, other: Iterable[tuple[_K, _V]], /, **names: _V) -> None: ...
    @overload
    def __call__(self, **names: _V) -> None: ...
    @property
    def aio(self) -> _UpdateAio[_K, _V]: ...

@type_check_only
class _UpdateAio(Generic[_K, _V]):
    @overload
    async def __call__(self, other: SupportsKeysAndGetItem[_K, _V], /, **names: _V) -> None: ...
    @overload
    async def __call__(self, other: Iterable[tuple[_K, _V]], /, **names: _V) -> None: ...
    @overload
    async def __call__(self, **names: _V) -> None: ...

@type_check_only
class _ViewMethod(Generic[_View, _Item]):
    def __call__(self) -> _View: ...
    @property
    def aio(self) -> Callable[[], _Snapshot[_Item]]: ...

@type_check_only
class _Snapshot(AsyncIterator[_Item]):
    async def __anext__(self) -> _Item: ...
    async def aclose(self) -> None: ...

@type_check_only
class _Keys(KeysView[_K]):
    def __reversed__(self) -> Iterator[_K]: ...
    def __aiter__(self) -> _Snapshot[_K]: ...

@type_check_only
class _Values(ValuesView[_V]):
    def __aiter__(self) -> _Snapshot[_V]: ...

@type_check_only
class _Items(ItemsView[_K, _V]):
    def __aiter__(self) -> _Snapshot[tuple[_K, _V]]: ...

@final
class SharedDict(MutableMapping[_K, _V]):
    """A dictionary that Erlang and all Python interpreters and processes share.

    It comes from Erlang, from Table.dict() or from SharedDict.open(). As an argument of a
    multiprocessing.Process, or pickled in any other way, it names the same dict: the receiver attaches to
    the table, and both see each other's writes at once.

    Keys are str or bytes (the same key by its UTF-8 bytes) and int of 64 bits. Values are copies: what is
    stored is a pickle, and each read unpickles it anew, but for large buffers, which are read where they lie
    (see get). Every operation is atomic, for all processes and languages. What goes over keys, values or items goes
    over them as they were when it began, whatever others write.

    It is equal to every mapping with the same content, and hashed by what it names.

    Every operation raises RuntimeError once the dict has been destroyed and when its memory was damaged,
    ValueError when its Table has been closed, and TimeoutError when another process holds the dict and does
    not let go. Those that take a key raise TypeError for a key of another type (bool is one), OverflowError
    for an int beyond 64 bits and ValueError for a str with lone surrogates.
    """

    open: ClassVar[_Bound[[str], SharedDict[Any, Any]]]
    """The dict of this name, which the attribute handle of a SharedDict gives, in any process of the same user.

    Raises ValueError when it is no such name, OSError when its table cannot be attached to, and
    RuntimeError when there is no such dict."""

    @classmethod
    def new(cls, table: _In | None = None) -> SharedDict[Any, Any]:
        """A new, empty dict, which ends with this process, or with the dict that it is stored in.

        It lies in the node's table; in a process that is not the node's, in the only table that the process has
        attached to; or in the table that is given, or that the given dict or list lies in. Raises RuntimeError when
        that cannot be told, MemoryError when a limit is reached."""

    @classmethod
    def from_name(
        cls,
        name: str,
        /,
        create_if_missing: bool = False,
        *,
        ttl: float | None = None,
        idle: float | None = None,
        max_value_bytes: int | None = None,
        table: _In | None = None,
    ) -> SharedDict[Any, Any]:
        """The dict of that name, 1 to 64 bytes of UTF-8: one for all processes that use the table, and for Erlang
        (py:shared_dict_open). It lasts until it is deleted, or the table ends. Which table, see new().

        Where there is none it is made, if that is wanted; the rest says how, and changes nothing of one that is there: its
        keys live ttl seconds after they were set, or idle seconds after they were set or read last; a value of more than
        max_value_bytes is a MemoryError.

        Raises KeyError when there is none, ValueError for what is no name, time or size."""

    @classmethod
    def names(cls, *, table: _In | None = None) -> list[str]:
        """The names of dicts, in the order in which they were made."""

    @classmethod
    def delete(cls, name: str, /, *, allow_missing: bool = False, table: _In | None = None) -> None:
        """Destroys the dict of that name. Raises KeyError when there is none, unless that is allowed."""

    @classmethod
    def ephemeral(cls, table: _In | None = None) -> _Ephemeral:
        """For with and async with: a new dict, as of new(), destroyed at the end of the block or with this process."""

    # One that is stored as a value, itself and not inside of another value, ends from then on with the dict that it
    # lies in; and when its key is deleted or gets another value, unless it is taken out by pop(), popitem() or
    # SharedList.pop(): then it ends with this process again. This holds for those of new(). Others (Erlang's, those of
    # Table.dict()) are stored as references, and so is one that lies somewhere already. To store a dict in itself, or
    # in one that lies in it, is a ValueError.

    @_with_aio
    def nest(self, key: _K, /) -> SharedDict[Any, Any]:
        """The SharedDict that is the value of key, made when it is not there, or has been destroyed. All who ask at once
        get the same one. Raises TypeError when the key has a value of another kind."""

    @_with_aio
    def nest_list(self, key: _K, /) -> SharedList[Any]:
        """The same with a SharedList."""

    @property
    def handle(self) -> str:
        """The dict's name as text, for SharedDict.open()."""

    def __init__(self, handle: SharedDict[Any, Any]) -> None:
        """Names the dict of a handle that came from Erlang, or of another SharedDict. Raises TypeError for anything else."""

    def __getitem__(self, key: _K, /) -> _V:
        """Raises KeyError when the key is not there, and what unpickling the value raises."""

    def __setitem__(self, key: _K, value: _V, /) -> None:
        """Raises what pickling the value raises, and MemoryError when a limit of the table is reached;
        the old value stays then."""

    def __delitem__(self, key: _K, /) -> None:
        """Raises KeyError when the key is not there."""

    def __contains__(self, key: object, /) -> bool: ...
    @_with_aio
    def contains(self, key: object, /) -> bool:
        """The same as key in self."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[_K]:
        """Goes over the keys that are there now; changes meanwhile do not matter."""

    def __reversed__(self) -> Iterator[_K]:
        """The same, the last one first."""

    get: _Method[_Get[_K, _V]]  # type: ignore[assignment]
    """The value of key, or default when there is no such key.

    What keeps its memory in buffers (numpy arrays, Arrow buffers: all that pickle's protocol 5 hands out of
    band) is not copied: it lies, read-only, in shared memory, valid as long as something refers to it, also
    when the key is replaced or deleted or the dict destroyed. With copy it is the reader's own, and writable
    where it was so for the writer."""

    @_with_aio
    def view(self, key: _K, /) -> memoryview:
        """A read-only memoryview of the bytes, bytearray, str (its UTF-8) or array that is the value of key.

        Values above 2 KiB are not copied. The view stays valid, and as it is, as long as something refers to it,
        whatever becomes of the key and of the dict. Raises KeyError when there is no such key, and TypeError for
        a value of another kind, or one with several buffers."""

    get_many: _Method[_GetMany]
    """A dict of those of the keys that are there, all as they were at one moment."""

    @_with_aio
    def put(self, key: _K, value: _V, /, *, skip_if_exists: bool = False, ttl: float | None = None) -> bool:
        """Stores the value, with skip_if_exists only when there is no such key. Gives whether it was stored: of all
        that put one so at once, one gets True. Raises as an assignment does.

        ttl: after so many seconds the key is gone, for everybody; inf: it stays; None: as its dict says. An assignment
        without it forgets it. Raises ValueError when it is not positive."""

    setdefault: _Method[_Setdefault[_K, _V]]  # type: ignore[assignment]
    """The value of key; when there is none, default is stored and given. Raises as an assignment does."""

    pop: _Method[_Pop[_K, _V]]  # type: ignore[assignment]
    """Removes the key and gives its value, or default when there is no such key, or raises KeyError. Of all that
    pop a key at once, one gets the value. One that cannot be unpickled stays."""

    @_with_aio
    def popitem(self) -> tuple[_K, _V]:  # type: ignore[override]
        """Removes the key that was inserted last and gives it with its value. Raises KeyError when the dict is empty."""

    @_with_aio
    def clear(self) -> None:  # type: ignore[override]
        """Removes all keys, at one moment."""

    # Integers of 64 bits that many change at once, without any lock. A missing key counts as 0. The number after the
    # operation is given, but for swap. TypeError when the value, or n, is no such integer; OverflowError when the
    # number would not fit: nothing is changed then.
    @_with_aio
    def add(self, key: _K, n: int, /) -> int: ...
    @_with_aio
    def sub(self, key: _K, n: int, /) -> int: ...
    @_with_aio
    def bor(self, key: _K, n: int, /) -> int: ...
    @_with_aio
    def bxor(self, key: _K, n: int, /) -> int: ...
    @_with_aio
    def band(self, key: _K, n: int, /) -> int: ...
    @_with_aio
    def inc(self, key: _K, /) -> int: ...
    @_with_aio
    def dec(self, key: _K, /) -> int: ...
    @_with_aio
    def swap(self, key: _K, n: int, /) -> int:
        """Stores an integer in place of another, and gives that one."""

    @_with_aio
    def cas(self, key: _K, expected: _V, new: _V, /) -> bool:
        """Stores new if the value of key is of the type of expected and equal to it; gives whether it was."""

    @_with_aio
    def cell(self, key: _K, /) -> SharedCell:
        """The integer of key, to be held. Raises TypeError when it is none, or the key expires."""

    @_with_aio
    def version(self, key: _K, /) -> int:
        """A number that is another one after each change of the key; 0 when there is no such key. (Of an integer
        that is added to, only while it is another one than it was.)"""

    # Both sleep, without the GIL, and are woken by a write of any process. They raise TimeoutError after timeout
    # seconds (0: they look once; None: never), RuntimeError when the dict is destroyed, also while they wait, and
    # ValueError when timeout is negative or no number. A signal's handler that raises ends them.
    @_with_aio
    def wait(
        self,
        key: _K,
        /,
        until: _V | Callable[[_V], object] = ...,
        timeout: float | None = None,
        *,
        _stop: WaitStop | None = None,
    ) -> _V:
        """Waits until the key is there, or its value is equal to until, or until, a function, is true of it; gives
        the value.

        A function is called with the value that is there first, and with later ones, but not with all of them when
        they are replaced faster than it looks, and not while there is none. What it raises ends the wait. It is
        called without any lock; with .aio in another thread."""

    @_with_aio
    def wait_change(
        self, key: _K, version: int, /, timeout: float | None = None, *, _stop: WaitStop | None = None
    ) -> int:
        """Waits until the key has another version than this one, and gives that: 0 when the key is gone."""

    def watch(self, key: _K | None = None, *, prefix: str | bytes | None = None, timeout: float | None = None) -> Watch:
        """An iterator over the changes of the dict from this call on, for `for` and for `async for`: of all keys, of one, or
        of those that are text and begin with prefix. Each is a named tuple (kind, key, version).

        kind is 'put', 'delete', 'expired', 'clear' (all keys went), 'overflow' (changes were missed: look at the dict) or
        'destroyed' (the last one); the last three come in any case, and have no key. They come in the order in which they
        were made, by whomever. Changes are kept for who reads them as far as 64 KiB go, and for a minute.

        It waits for the next change, at most timeout seconds, and then ends (0: it gives what is there). close() ends it at
        once, also from another thread; as a context manager it closes itself. Raises MemoryError when there is no room for
        the list of changes, and what wait() raises. While a dict is watched its integers are changed under its lock."""

    def _changes(
        self, at: int, made: int, seconds: float | None, stop: WaitStop | None, /
    ) -> tuple[int, int, list[tuple[str, Any, int]]]: ...
    lock: _Method[_LockMethod[_K]]
    """The key as a lock, which one holder has at a time, in whichever process and language (py:shared_dict_lock):

        with sd.lock("report", ttl=30, timeout=5) as lock:
            write_report(lock.fence)

    It is held until the block's end, or that of the Lock object, of its interpreter or of its process; with ttl it
    ends by itself after so many seconds, unless it is renewed. While another holds it the block's begin waits, at
    most timeout seconds: TimeoutError.
    await sd.lock.aio(key) gives a lock that is held. Whoever changes or deletes the key takes it from its holder."""

    def _put_if(self, key: _K, value: Any, version: int, ttl: float | None, /) -> bool: ...
    def _delete_if(self, key: _K, version: int, /) -> bool: ...
    def _sweep(self) -> None: ...
    def _versioned(self, key: _K, /) -> tuple[int, _V] | None: ...
    def _wait_change(self, key: _K, version: int, seconds: float | None, stop: WaitStop | None, /) -> int | None: ...
    update: _Method[_Update[_K, _V]]  # type: ignore[assignment]
    """Stores what a mapping or an iterable of pairs has, and the names. All of it at once: nobody sees a part
    of it. Of equal keys the last counts. Raises as an assignment does; nothing is stored then."""

    def __ior__(self, other: Mapping[Any, Any] | Iterable[tuple[Any, Any]], /) -> SharedDict[_K, _V]:
        """As update."""

    def __or__(self, other: Mapping[Any, Any], /) -> dict[Any, Any]:
        """A plain dict of both."""

    def __ror__(self, other: Mapping[Any, Any], /) -> dict[Any, Any]: ...
    keys: _Method[_ViewMethod[_Keys[_K], _K]]  # type: ignore[assignment]
    """A view of the keys in insertion order: str, int, or bytes where those are no UTF-8."""

    values: _Method[_ViewMethod[_Values[_V], _V]]  # type: ignore[assignment]
    """A view of the values, in the order of the keys."""

    items: _Method[_ViewMethod[_Items[_K, _V], tuple[_K, _V]]]  # type: ignore[assignment]
    """A view of the pairs of key and value."""

    @_with_aio
    def copy(self) -> dict[_K, _V]:
        """A plain dict of all, as it was at one moment."""

    @_with_aio
    def to_dict(self) -> dict[_K, _V]:
        """The same as copy()."""

    def transaction(self) -> Transaction:
        """A transaction over several keys, for one thread and one with block:

            with sd.transaction() as t:
                t["alice"] -= 10
                t["bob"] = t.get("bob", 0) + 10

        It gives a mapping, with get_many, put, add, inc, dec and to_dict as well. All that is read from it was so, and all
        that is written to it becomes so, at one moment, the block's end: no other process, whatever its language, comes
        between, or sees a part of it. Nothing is locked meanwhile. What it has written is seen by itself alone until
        then. A value is pickled when it is assigned, and raises then what cannot be. A key that is deleted and
        written again keeps its place.

        Raises TransactionConflict at the block's end, or where a key is read once more, when what was read was changed
        by another meanwhile; MemoryError when a limit is reached. Nothing is written then, or when the block raises.
        It cannot be carried over os.fork(). One inside of the block of another is a transaction of its own."""

    def transactions(self, *, retries: int | None = None) -> Iterator[Transaction]:
        """Transactions, one after the other until one is done without a conflict:

            for t in sd.transactions():
                with t:
                    t["alice"] -= 10

        The block is done anew each time, with what is there then, so it is to have no other effects. What it raises
        is raised if all that it had read was so at one moment. retries: how often it is done again before
        TransactionConflict is raised; None, until it is done. Raises ValueError for what is no such number."""

    def transact(self, function: Callable[[Transaction], _Result], /, *, retries: int | None = None) -> _Result:
        """Calls function(t) in a transaction, as transactions() does with a block, and gives its result."""

    # What SharedList is made of.
    @classmethod
    def _new_list(cls, table: _In | None = None) -> SharedDict[int, Any]: ...
    def _append(self, values: Sequence[Any], /) -> int: ...
    def _insert_at(self, index: int, value: Any, /) -> None: ...
    def _get_at(self, index: int, /) -> Any: ...
    def _set_at(self, index: int, value: Any, /) -> None: ...
    def _pop_at(self, index: int, /) -> Any: ...
    def _delete_at(self, index: int, /) -> None: ...
    def _delete_equal(self, index: int, value: Any, /) -> bool: ...
    def _get_slice(self, part: slice, /) -> list[Any]: ...
    def _set_slice(self, part: slice, values: list[Any] | tuple[Any, ...], /) -> None: ...
    def _delete_slice(self, part: slice, /) -> None: ...
    def _reverse(self) -> None: ...
    def _values(self) -> Iterator[_V]: ...
    def _items(self) -> Iterator[tuple[_K, _V]]: ...
    @_with_aio
    def info(self) -> dict[str, Any]:
        """How many keys and bytes (of keys and values) are in it, how many values readers hold in place (pinned), when
        it was made (created, seconds since 1970), and what ends it (owner): an Erlang process or nobody ("process"), the
        process that made it ("os_process"), nothing ("node"), or another dict ("dict").

        And where it has them its name, ttl or idle (seconds), max_value_bytes, and last_use (of dicts with a name:
        seconds since 1970)."""

    @_with_aio
    def destroy(self) -> None:
        """Ends the dict for everybody. Doing so again changes nothing."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

class Lock:
    """A key of a SharedDict that one holder has at a time; it comes from SharedDict.lock(). For one thread.

    with and async with acquire it, unless it is held already, and release it at the end; then they raise RuntimeError
    when it was lost before. In a child that the block has forked they do nothing."""

    def __init__(
        self, shared: SharedDict[Any, Any], key: Any, /, ttl: float | None = None, *, timeout: float | None = None
    ) -> None: ...
    @property
    def fence(self) -> int:
        """Greater than that of all who held the key before: what is guarded by the lock may refuse lesser ones."""

    @property
    def held(self) -> bool:
        """Whether this object holds it, as the table says."""

    def acquire(self, timeout: float | None = None) -> bool:
        """Waits while a living process holds it, at most so many seconds: None for ever, 0 not at all. Gives whether it
        is held now. Raises RuntimeError when this object holds it already, TypeError when the key has a value that is
        no lock."""

    def release(self) -> None:
        """Raises RuntimeError when it is not held, or no longer."""

    def renew(self, ttl: float | None = None) -> None:
        """Gives it so many seconds from now on, or as many as at first. Raises RuntimeError when it is not held, or no longer."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

class _LockMethod(Generic[_K]):
    def __call__(self, key: _K, /, ttl: float | None = None, *, timeout: float | None = None) -> Lock: ...
    async def aio(self, key: _K, /, ttl: float | None = None, *, timeout: float | None = None) -> Lock:
        """Waits until it is acquired: the lock is held. Raises TimeoutError."""

class _Ephemeral(
    AbstractContextManager[SharedDict[Any, Any], None], AbstractAsyncContextManager[SharedDict[Any, Any], None]
):
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

class SharedList(MutableSequence[_V]):
    """A list that lives in the table: Erlang and all Python interpreters and processes share it.

    It comes from SharedList.new(), from SharedDict.nest_list(), and as the value of a key that has one. Every operation is
    one change for everybody; append, pop() of the last and l[i] take the same time whatever the size. What moves elements
    (insert and deletion inside, slices of another length, reverse) takes as long as there are elements behind, and 32
    bytes of the table for each meanwhile: MemoryError when they are not there, and nothing is changed. Values are
    copies, as those of a SharedDict. What goes over the elements goes over them as they were when it began.

    There is no sort(), which would have to run Python while others wait: l[:] = sorted(l) puts the sorted values there
    at one moment, in place of what others may have put there since they were read.

    For code of asyncio every method has .aio, as those of SharedDict: await l.append.aio(value), and async for.

    Erlang sees a dict with the keys 0, 1, 2, ... (py:shared_dict_get/2), and py:shared_list_append/2, pop/1, to_list/1 and
    size/1. Errors are those of SharedDict; an index that is not there is an IndexError.
    """

    def __init__(self, handle: SharedList[Any]) -> None: ...
    @classmethod
    def new(cls, values: Iterable[Any] = (), /, *, table: _In | None = None) -> SharedList[Any]:
        """A new list, as SharedDict.new() makes a dict, with these values."""

    @property
    def handle(self) -> str:
        """The list's name as text, for SharedDict.open()."""

    @overload
    def __getitem__(self, index: int) -> _V: ...
    @overload
    def __getitem__(self, index: slice) -> list[_V]:
        """A slice is a plain list, of one moment."""

    @overload
    def __setitem__(self, index: int, value: _V) -> None: ...
    @overload
    def __setitem__(self, index: slice, value: Iterable[_V]) -> None:
        """The values in place of the slice, as in a list, at one moment. ValueError when there are more or fewer than
        an extended slice, l[a:b:c], has elements. SharedDicts and SharedLists that were in the slice, and are not among
        the values, end."""

    def __delitem__(self, index: int | slice) -> None:
        """One element, or all of a slice, at one moment."""

    def __len__(self) -> int: ...
    def __aiter__(self) -> _Snapshot[_V]:
        """Over one moment, in batches that a thread makes."""

    @_with_aio
    def insert(self, index: int, value: _V) -> None: ...  # type: ignore[override]
    @_with_aio
    def append(self, value: _V) -> None: ...  # type: ignore[override]
    @_with_aio
    def extend(self, values: Iterable[_V]) -> None:  # type: ignore[override]
        """All of them at one moment."""

    def __iadd__(self, values: Iterable[_V]) -> SharedList[_V]: ...  # type: ignore[misc]  # + gives a list
    def __add__(self, other: list[Any] | SharedList[Any]) -> list[Any]: ...
    def __radd__(self, other: list[Any]) -> list[Any]: ...
    @_with_aio
    def pop(self, index: int = -1) -> _V:  # type: ignore[override]
        """Of all that pop at once, each gets another element. A value that cannot be unpickled stays."""

    @_with_aio
    def remove(self, value: _V) -> None:  # type: ignore[override]
        """The first that is equal. ValueError when there is none."""

    @_with_aio
    def clear(self) -> None: ...  # type: ignore[override]
    @_with_aio
    def reverse(self) -> None:  # type: ignore[override]
        """In place, at one moment."""

    @_with_aio
    def index(self, value: _V, start: int = 0, stop: int | None = None) -> int: ...  # type: ignore[override]
    @_with_aio
    def count(self, value: _V) -> int: ...  # type: ignore[override]
    @_with_aio
    def to_list(self) -> list[_V]:
        """A plain list of all, as it was at one moment."""

    @_with_aio
    def copy(self) -> list[_V]:
        """The same as to_list()."""

    @_with_aio
    def info(self) -> dict[str, int]:
        """As SharedDict.info()."""

    @_with_aio
    def destroy(self) -> None:
        """Ends the list for everybody."""

    def __eq__(self, other: object, /) -> bool:
        """With lists and other SharedLists, by their content."""

    def __hash__(self) -> int: ...

@final
class SharedCell:
    """An integer of a SharedDict, held: changing it takes no look-up and no lock. It comes from SharedDict.cell().

    An assignment of an integer to the key goes into it. Each operation gives the number before it. They raise
    OverflowError when the number would not fit 64 bits, which is not changed then, and RuntimeError when the key was
    deleted or has another value, or the dict was destroyed.
    """

    def add(self, n: int, /) -> int: ...
    def sub(self, n: int, /) -> int: ...
    def bor(self, n: int, /) -> int: ...
    def bxor(self, n: int, /) -> int: ...
    def band(self, n: int, /) -> int: ...
    def swap(self, n: int, /) -> int:
        """Stores a number."""

    def cas(self, expected: int, new: int, /) -> int:
        """Stores new if the number is the expected one: it was, if that is what is given."""

    def load(self) -> int:
        """The number."""

    def store(self, n: int, /) -> None: ...
    @property
    def value(self) -> int:
        """The number."""

    @value.setter
    def value(self, n: int, /) -> None: ...

@final
class Table:
    """A table of SharedDicts in a file of shared memory, for all processes of the same user.

    It may be an Erlang node's. It can be an argument of a multiprocessing.Process. A process may be killed at
    any time: no write that was done is lost, and others go on.
    """

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str] | None = None,
        *,
        max_table_bytes: int = 8589934592,
        max_dict_bytes: int | None = None,
        max_dict_keys: int | None = None,
        max_key_bytes: int | None = None,
        max_dicts: int | None = None,
    ) -> Table:
        """Makes a table's file, mode 0600, and attaches to it.

        path: a name without a slash is a file in /dev/shm; without any, a random name is made up.
        max_table_bytes: of the file, 8 GiB unless given; it grows as it is used.
        max_dict_bytes, max_dict_keys: of one dict; max_key_bytes: of a key, 1 MiB unless given.
        The limits hold for all that attach; when one is reached, MemoryError tells which.

        Raises FileExistsError when there is such a file, MemoryError when there is no room for it, OSError when
        it cannot be made for another reason, and ValueError for a limit that cannot be."""

    @classmethod
    def attach(cls, path: str | os.PathLike[str], /) -> Table:
        """Attaches to a table's file that is there.

        Raises FileNotFoundError, PermissionError, or another OSError when the file is no table, is of another
        version or of another pid namespace, or when too many processes have attached."""

    @property
    def path(self) -> str:
        """The absolute path of the file."""

    @property
    def closed(self) -> bool:
        """True after close()."""

    # Those below raise ValueError after close(), but for unlink().
    def dict(self) -> SharedDict[Any, Any]:
        """A new, empty dict. It lasts until somebody destroys it. Raises MemoryError when a limit is reached."""

    def dicts(self) -> list[SharedDict[Any, Any]]:
        """All dicts of the table, in no order."""

    def info(self) -> builtins.dict[str, int]:
        """What the table holds: dicts, keys, bytes (of keys and values), used and free (bytes of the file),
        pinned (values that readers hold in place), repairs (of what dead processes left), processes, file_bytes."""

    def close(self) -> None:
        """Ends the use of the table by this object and by the SharedDicts that came from it.

        They raise ValueError from then on. The file stays, and so do other uses of it. The memory is unmapped
        with the last such object. Doing so again changes nothing."""

    def unlink(self) -> None:
        """Removes the file. Nobody can attach any more; those who have go on until they are done.

        Raises FileNotFoundError when it is gone already."""

    def __enter__(self) -> Table: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Closes the table."""

_In = Table | SharedDict[Any, Any] | SharedList[Any]

@final
class Pid:
    """An Erlang process id. Equal and hashed by the process it names; comes from Erlang only."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Reference:
    """An Erlang reference. Comes from Erlang only."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Term:
    """An Erlang term without a Python form: a port, fun, bitstring or improper list. Comes from Erlang only."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Atom(str):
    """A str that becomes an atom in Erlang, where a plain str becomes a binary.

    The node never makes a new atom from Python's data: the atom must exist there.
    """

    def __new__(cls, text: str) -> Atom:
        """Raises TypeError when text is no str, ValueError when it has more than 255 characters or lone
        surrogates."""

class Interrupted(BaseException):
    """Raised in Python code that Erlang no longer waits for: its call timed out, or its process is gone.

    Like KeyboardInterrupt it is no Exception, so that `except Exception` does not stop it.
    """
