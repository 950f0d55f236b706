"""What type checkers see of SharedDict and its `.aio`: `make check` checks this file with mypy --strict.

It is not run. An ignored error that is none is an error itself.
"""

from collections.abc import MutableMapping
from typing import Any, assert_type

from erlang import SharedCell, SharedDict, SharedList


async def awaited(sd: SharedDict[str, int]) -> None:
    assert_type(await sd.put.aio("key", 1), bool)
    assert_type(await sd.put.aio("key", 1, skip_if_exists=True), bool)
    assert_type(await sd.get.aio("key"), int | None)
    assert_type(await sd.get.aio("key", "default"), int | str)
    assert_type(await sd.get.aio("key", default=None, copy=True), int | None)
    assert_type(await sd.pop.aio("key"), int)
    assert_type(await sd.pop.aio("key", default=b""), int | bytes)
    assert_type(await sd.popitem.aio(), tuple[str, int])
    assert_type(await sd.setdefault.aio("key", 1), int)
    assert_type(await sd.contains.aio("key"), bool)
    assert_type(await sd.add.aio("key", 1), int)
    assert_type(await sd.cas.aio("key", 1, 2), bool)
    assert_type(await sd.cell.aio("key"), SharedCell)
    assert_type(await sd.view.aio("key"), memoryview)
    assert_type(await sd.to_dict.aio(), dict[str, int])
    assert_type(await sd.get_many.aio(["a", "b"]), dict[str, Any])
    assert_type(await sd.info.aio(), dict[str, Any])
    assert_type(await sd.wait.aio("key"), int)
    assert_type(await sd.wait.aio("key", lambda value: value > 1, timeout=1.5), int)
    assert_type(await sd.wait_change.aio("key", await sd.version.aio("key")), int)
    await sd.update.aio({"a": 1}, b=2)
    await sd.update.aio([("a", 1)])
    await sd.update.aio(a=1)
    await sd.clear.aio()
    assert_type(await SharedDict.open.aio("name"), SharedDict[Any, Any])
    assert_type(await SharedDict.put.aio(sd, "key", 1), bool)


async def gone_through(sd: SharedDict[str, int]) -> None:
    async for key in sd.keys.aio():
        assert_type(key, str)
    async for value in sd.values():
        assert_type(value, int)
    async for pair in sd.items():
        assert_type(pair, tuple[str, int])
    async for pair in sd.items.aio():
        assert_type(pair, tuple[str, int])


async def of_lists(items: SharedList[int]) -> None:
    await items.append.aio(1)
    await items.extend.aio([1, 2])
    assert_type(await items.pop.aio(), int)
    assert_type(await items.pop.aio(0), int)
    assert_type(await items.index.aio(1, 0, 5), int)
    assert_type(await items.to_list.aio(), list[int])
    await items.reverse.aio()
    async for value in items:
        assert_type(value, int)
    await items.append.aio("text")  # type: ignore[arg-type]
    items[1:2] = [1, 2]
    items[1:2] = ["text"]  # type: ignore[list-item]
    del items[::2]
    assert_type(items[:2], list[int])
    items.append(1)


async def wrong(sd: SharedDict[str, int]) -> None:
    await sd.put.aio("key", "text")  # type: ignore[arg-type]
    await sd.put.aio(1, 1)  # type: ignore[arg-type]
    await sd.put.aio("key", 1, 2)  # type: ignore[misc, arg-type]
    await sd.clear.aio(1)  # type: ignore[call-arg]
    await sd.update.aio({"a": "text"})  # type: ignore[dict-item]
    sd.put("key", "text")  # type: ignore[arg-type]
    sd.put.other  # type: ignore[attr-defined]
    for _ in sd.items.aio():  # type: ignore[attr-defined]
        pass


def not_awaited(sd: SharedDict[str, int]) -> MutableMapping[str, int]:
    assert_type(sd.put("key", 1), bool)
    assert_type(sd.get("key"), int | None)
    assert_type(sd.get("key", "default"), int | str)
    assert_type(sd.pop("key"), int)
    assert_type(sd.popitem(), tuple[str, int])
    assert_type(sd.open("name"), SharedDict[Any, Any])
    assert_type(SharedDict.put(sd, "key", 1), bool)
    for key, value in sd.items():
        assert_type((key, value), tuple[str, int])
    assert_type(list(reversed(sd.keys())), list[str])
    sd.clear()
    return sd
