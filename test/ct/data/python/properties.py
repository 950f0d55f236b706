"""What the suites of properties do to dicts and lists from Python. A value comes as ("gave", value)."""

from __future__ import annotations

from typing import Any

from erlang import SharedDict, SharedList

MISSING = "missing"


def _gave(found: Any) -> Any:
    return MISSING if found is MISSING else ("gave", found)


class _Dict:
    def __init__(self, sd: SharedDict[Any, Any]) -> None:
        self.sd = sd

    def set(self, key: Any, value: Any) -> None:
        self.sd[key] = value

    def get(self, key: Any) -> Any:
        return _gave(self.sd.get(key, MISSING))

    def contains(self, key: Any) -> Any:
        return _gave(key in self.sd)

    def del_(self, key: Any) -> None:
        if key in self.sd:
            del self.sd[key]

    def pop(self, key: Any) -> Any:
        return _gave(self.sd.pop(key, MISSING))

    def popitem(self) -> Any:
        return _gave(self.sd.popitem() if self.sd else MISSING)

    def setdefault(self, key: Any, value: Any) -> Any:
        return _gave(self.sd.setdefault(key, value))

    def put_new(self, key: Any, value: Any) -> Any:
        return _gave(self.sd.put(key, value, skip_if_exists=True))

    def set_for_long(self, key: Any, value: Any) -> None:
        assert self.sd.put(key, value, ttl=3600)

    def cas(self, key: Any, expected: Any, new: Any) -> Any:
        return _gave(self.sd.cas(key, expected, new))

    def number(self, operation: str, key: Any, n: int) -> Any:
        return _gave(getattr(self.sd, operation)(key, n))

    def cell_add(self, key: Any, n: int) -> Any:
        try:
            return _gave(self.sd.cell(key).add(n))
        except TypeError as error:
            if "what expires has no cell" not in str(error):
                raise
            return _gave(self.sd.add(key, n) - n)

    def update(self, pairs: list[tuple[Any, Any]]) -> None:
        self.sd.update(pairs)

    def merge(self, pairs: list[tuple[Any, Any]]) -> None:
        self.sd |= dict(pairs)

    def get_many(self, keys: list[Any]) -> Any:
        return _gave(self.sd.get_many(keys))

    def keys(self) -> Any:
        return _gave(list(self.sd))

    def items(self) -> Any:
        return _gave(list(self.sd.items()))

    def size(self) -> Any:
        return _gave(len(self.sd))

    def equals_its_copy(self) -> Any:
        copy = self.sd.copy()
        return _gave(self.sd == copy and list(copy) == list(self.sd.keys()))

    def clear(self) -> None:
        self.sd.clear()

    def lock(self, key: Any) -> None:
        with self.sd.lock(key, timeout=0):
            pass


def on_dict(sd: SharedDict[Any, Any], operation: str, *args: Any) -> Any:
    return getattr(_Dict(sd), {"del": "del_"}.get(operation, operation))(*args)


def _step(t: Any, operation: str, key: Any = None, value: Any = None) -> Any:
    if operation == "set":
        t[key] = value
        return None
    if operation == "size":
        return _gave(len(t))
    return _gave(t.pop(key, MISSING) if operation == "take" else t.get(key, MISSING))


def transact(sd: SharedDict[Any, Any], steps: list[Any]) -> list[Any]:
    return sd.transact(lambda t: [_step(t, *step) for step in steps])


def new_list(sd: SharedDict[Any, Any]) -> SharedList[Any]:
    return sd.nest_list("list")


class _List:
    def __init__(self, items: SharedList[Any]) -> None:
        self.items = items

    def append(self, value: Any) -> None:
        self.items.append(value)

    def extend(self, values: list[Any]) -> None:
        self.items.extend(values)

    def insert(self, at: int, value: Any) -> None:
        self.items.insert(at, value)

    def pop(self, at: int) -> Any:
        return _gave(self.items.pop(at))

    def get(self, at: int) -> Any:
        return _gave(self.items[at])

    def set(self, at: int, value: Any) -> None:
        self.items[at] = value

    def del_(self, at: int) -> None:
        del self.items[at]

    def slice(self, begin: int, end: int) -> Any:
        return _gave(self.items[begin:end])

    def set_slice(self, begin: int, end: int, values: list[Any]) -> None:
        self.items[begin:end] = values

    def del_slice(self, begin: int, end: int) -> None:
        del self.items[begin:end]

    def reverse(self) -> None:
        self.items.reverse()


def on_list(items: SharedList[Any], operation: str, *args: Any) -> Any:
    return getattr(_List(items), {"del": "del_"}.get(operation, operation))(*args)
