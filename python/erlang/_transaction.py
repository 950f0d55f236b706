"""Transactions on a SharedDict: what is read is remembered, what is written is kept, and all of it becomes true at one
moment, or nothing. Nothing is locked meanwhile.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import ItemsView, MutableMapping, ValuesView
from typing import TYPE_CHECKING, Any, NoReturn, Self

import _erlang

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType

    from _erlang import PreparedValue, SharedDict

_NEW, _OPEN, _OVER, _LOST = "new", "open", "over", "lost"

_AT_ONCE = 3  # attempts before the first pause
_SHORTEST, _LONGEST = 50e-6, 20e-3  # seconds

_MISSING: Any = object()


class TransactionConflict(RuntimeError):
    """What a transaction had read was changed before it ended: it has changed nothing, and may be tried again.

    key: what was changed; None when it is the dict as a whole, of which the transaction had read the size, the keys or
    all values.
    """

    __module__ = "erlang"

    def __init__(self, key: str | bytes | int | None = None) -> None:
        super().__init__(key)
        self.key = key

    def __str__(self) -> str:
        what = "the SharedDict" if self.key is None else f"key {self.key!r}"
        return f"{what} was changed by another while the transaction ran"


class _Values(ValuesView[Any]):
    __slots__ = ()
    _mapping: Transaction

    def __iter__(self) -> Iterator[Any]:
        return iter(self._mapping.to_dict().values())

    def __contains__(self, value: object) -> bool:
        return any(value is stored or value == stored for stored in self)


class _Items(ItemsView[Any, Any]):
    __slots__ = ()
    _mapping: Transaction

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        return iter(self._mapping.to_dict().items())


class Transaction(MutableMapping[Any, Any]):
    """The mapping that a transaction's block works on; it belongs to one thread.

    A key that is there before and after it keeps its place, also if it goes and comes meanwhile; new keys come behind
    in the order in which they were first written.
    """

    __slots__ = ("_all", "_conflict", "_more", "_reads", "_retried", "_shared", "_state", "_writes")

    def __init__(self, shared: SharedDict[Any, Any], *, retried: bool = False, more: bool = False) -> None:
        self._shared = shared
        self._retried = retried  # by transactions()
        self._more = more  # a conflict is no error yet
        self._state = _NEW
        self._reads: dict[str | bytes | int, int] = {}  # stamps; 0: no such key
        self._all: list[int] = []  # stamps of the whole dict
        self._writes: dict[str | bytes | int, PreparedValue | None] = {}  # None: the key goes
        self._conflict: TransactionConflict | None = None

    def __enter__(self) -> Self:
        if self._state is not _NEW:
            raise RuntimeError("a transaction is used once")
        self._state = _OPEN
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._check()
        self._state = _OVER
        try:
            if kind is None:
                self._commit()
            elif not self._retried or not issubclass(kind, Exception):
                return False
            else:
                self._look_whether_all_was_so()
        finally:
            self._writes.clear()
        if self._conflict is None:
            return False
        if self._more:
            self._state = _LOST
            return True
        if error is self._conflict:
            return False
        raise self._conflict from error

    # ---- Reading

    def __getitem__(self, key: Any) -> Any:
        name = self._name(key)
        if name in self._writes:
            prepared = self._writes[name]
            if prepared is None:
                raise KeyError(key)
            return _erlang.load_prepared(self._shared, prepared)
        found = _erlang.read_stamped(self._shared, name)
        self._was_read(name, 0 if found is None else found[0])
        if found is None:
            raise KeyError(key)
        return found[1]

    def __contains__(self, key: object) -> bool:
        name = self._name(key)
        if name in self._writes:
            return self._writes[name] is not None
        return self._is_there(name)

    def get_many(self, keys: Iterable[Any], /) -> dict[Any, Any]:
        """A dict of those of the keys that are there."""
        names = [(key, self._name(key)) for key in keys]
        there = [name for _, name in names if name not in self._writes]
        values = {}
        for name, found in zip(there, _erlang.read_many_stamped(self._shared, there), strict=True):
            self._was_read(name, 0 if found is None else found[0])
            if found is not None:
                values[name] = found[1]
        for name in {name for _, name in names} - set(there):
            prepared = self._writes[name]
            if prepared is not None:
                values[name] = _erlang.load_prepared(self._shared, prepared)
        return {key: values[name] for key, name in names if name in values}

    def __iter__(self) -> Iterator[Any]:
        self._check()
        stamp, keys = _erlang.keys_stamped(self._shared)
        self._all_was_read(stamp)
        there = set(keys) if self._writes else ()
        gone = {name for name, prepared in self._writes.items() if prepared is None}
        new = [name for name in self._writes if name not in there and name not in gone]
        return iter([key for key in keys if key not in gone] + new)

    def __reversed__(self) -> Iterator[Any]:
        return reversed(list(self))

    def __len__(self) -> int:
        self._check()
        stamp, size = _erlang.size_stamped(self._shared)
        self._all_was_read(stamp)
        for name, prepared in self._writes.items():
            size += (prepared is not None) - self._is_there(name)
        return size

    def to_dict(self) -> dict[Any, Any]:
        """A plain dict of all."""
        self._check()
        stamp, items = _erlang.items_stamped(self._shared)
        self._all_was_read(stamp)
        for name, prepared in self._writes.items():
            if prepared is None:
                items.pop(name, None)
            else:
                items[name] = _erlang.load_prepared(self._shared, prepared)
        return items

    copy = to_dict

    def values(self) -> ValuesView[Any]:
        return _Values(self)

    def items(self) -> ItemsView[Any, Any]:
        return _Items(self)

    def __repr__(self) -> str:
        return f"<Transaction on {self._shared!r}, {self._state}>"

    # ---- Writing

    def __setitem__(self, key: Any, value: Any) -> None:
        name = self._name(key)
        self._writes[name] = _erlang.prepare(self._shared, value)

    def __delitem__(self, key: Any) -> None:
        if key not in self:
            raise KeyError(key)
        self._writes[self._name(key)] = None

    def put(self, key: Any, value: Any, /, *, skip_if_exists: bool = False) -> bool:
        """Stores the value, with skip_if_exists only when there is no such key; gives whether it did."""
        if skip_if_exists and key in self:
            return False
        self[key] = value
        return True

    def popitem(self) -> tuple[Any, Any]:
        """Removes the last key and gives it with its value. Raises KeyError when there is none."""
        for key in reversed(self):
            return key, self.pop(key)
        raise KeyError("popitem(): the SharedDict is empty")

    def clear(self) -> None:
        """Removes all keys."""
        for key in self:
            self._writes[key] = None

    def __ior__(self, other: Any) -> Self:
        self.update(other)
        return self

    def add(self, key: Any, n: int, /) -> int:
        """Adds to an integer of 64 bits, 0 where there is no such key, and gives the sum. Raises as SharedDict.add."""
        number = self.get(key, 0)
        if not _is_number(number):
            raise TypeError(f"the value of key {key!r} is no int of 64 bits")
        if not _is_number(n) or not _is_number(number + n):
            _raise_for_operand(key, n)
        self[key] = number + n
        return int(number + n)

    def inc(self, key: Any, /) -> int:
        """Adds 1."""
        return self.add(key, 1)

    def dec(self, key: Any, /) -> int:
        """Adds -1."""
        return self.add(key, -1)

    # ---- Inside

    def _check(self) -> None:
        if self._state is not _OPEN:
            raise RuntimeError(
                "the transaction is over" if self._state is not _NEW else "a transaction begins with `with`"
            )

    def _name(self, key: Any) -> str | bytes | int:
        self._check()
        return _erlang.same_key(key)

    def _is_there(self, name: str | bytes | int) -> bool:
        stamp = _erlang.stamp_of(self._shared, name)
        self._was_read(name, stamp)
        return stamp != 0

    def _was_read(self, name: str | bytes | int, stamp: int) -> None:
        if self._reads.setdefault(name, stamp) != stamp:
            self._lose(name)

    def _all_was_read(self, stamp: int) -> None:
        if stamp not in self._all:
            self._all.append(stamp)

    def _lose(self, key: str | bytes | int | None) -> NoReturn:
        self._conflict = TransactionConflict(key)
        raise self._conflict

    def _commit(self) -> None:
        # What is read in one step is of one moment.
        if self._conflict is None and (self._writes or len(self._reads) + len(self._all) > 1):
            self._compare(self._writes)

    # What an attempt raises that saw what never was is not meant.
    def _look_whether_all_was_so(self) -> None:
        if self._conflict is None and len(self._reads) + len(self._all) > 1:
            try:
                self._compare({})
            except (RuntimeError, OSError):
                pass  # the dict cannot be asked: what was raised counts

    def _compare(self, writes: dict[str | bytes | int, PreparedValue | None]) -> None:
        broken = _erlang.commit(self._shared, self._reads, self._all, writes)
        if broken >= 0:
            self._conflict = TransactionConflict(next(itertools.islice(self._reads, broken, None), None))


def _is_number(number: object) -> bool:
    return type(number) is int and -(2**63) <= number < 2**63


def _raise_for_operand(key: Any, n: object) -> NoReturn:
    if not isinstance(n, int) or isinstance(n, bool):
        raise TypeError(f"an int is needed, not {type(n).__name__}")
    raise OverflowError(f"the number of key {key!r} would not fit 64 bits")


def _pause(failed: int) -> None:
    """The more often others came first, the longer, and each another time: so they do not meet again and again."""
    if failed >= _AT_ONCE:
        longest = min(_LONGEST, _SHORTEST * 2 ** min(failed - _AT_ONCE, 16))
        time.sleep(longest * (time.perf_counter_ns() % 1009) / 1009)


def transactions(shared: SharedDict[Any, Any], *, retries: int | None = None) -> Iterator[Transaction]:
    """A transaction for each attempt, until one is done without a conflict."""
    if retries is not None and (not isinstance(retries, int) or retries < 0):
        raise ValueError(f"retries must be None or an int from 0, not {retries!r}")
    return _attempts(shared, retries)


def _attempts(shared: SharedDict[Any, Any], retries: int | None) -> Iterator[Transaction]:
    for failed in itertools.count():
        transaction = Transaction(shared, retried=True, more=retries is None or failed < retries)
        yield transaction
        if transaction._state is not _LOST:
            return
        _pause(failed)


def transact[Result](
    shared: SharedDict[Any, Any], function: Callable[[Transaction], Result], /, *, retries: int | None = None
) -> Result:
    """Calls function(t) until it is done without a conflict; gives its result."""
    result: Result = _MISSING
    for transaction in transactions(shared, retries=retries):
        with transaction:
            result = function(transaction)
    return result
