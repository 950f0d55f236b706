"""What py_prop_SUITE does to dicts and lists from Python."""

from __future__ import annotations

from typing import Any

from erlang import SharedDict, SharedList


def _step(t: Any, name: str, key: Any, value: Any) -> Any:
    if name == "set":
        t[key] = value
        return "ok"
    if name == "size":
        return len(t)
    found = t.pop(key, t) if name == "take" else t.get(key, t)
    return "missing" if found is t else ("found", found)


def apply(sd: SharedDict[Any, Any], steps: list[Any]) -> list[Any]:
    return sd.transact(lambda t: [_step(t, *step) for step in steps])


def new_list(sd: SharedDict[Any, Any]) -> SharedList[Any]:
    return sd.nest_list("list")


def python_append(items: SharedList[Any], value: Any) -> None:
    items.append(value)


def python_extend(items: SharedList[Any], values: list[Any]) -> None:
    items.extend(values)


def python_insert(items: SharedList[Any], at: int, value: Any) -> None:
    items.insert(at, value)


def python_pop(items: SharedList[Any], at: int) -> tuple[str, Any]:
    return "gave", items.pop(at)


def python_get(items: SharedList[Any], at: int) -> tuple[str, Any]:
    return "gave", items[at]


def python_set(items: SharedList[Any], at: int, value: Any) -> None:
    items[at] = value


def python_del(items: SharedList[Any], at: int) -> None:
    del items[at]


def python_slice(items: SharedList[Any], begin: int, end: int) -> tuple[str, Any]:
    return "gave", items[begin:end]
