"""modal's page on its Dict, line by line, with dicts of a table on this machine in place of a service.

    PYTHONPATH=priv/python python3.13 examples/named.py

What differs: nothing goes over a network, a read sees the last write, there is no limit of 100 KB, and a transaction is
there. Inside a node a name is one of the node's table; here the process has made a table of its own, the only one that
it knows.
"""

import asyncio
from typing import Any

from erlang import SharedDict, Table


# Quick start
def quick_start() -> None:
    cache = SharedDict.from_name("my-cache", create_if_missing=True)

    cache["key"] = {"data": [1, 2, 3]}
    value = cache["key"]
    print("quick start:", value)


# Basic operations
def basic_operations() -> None:
    cache = SharedDict.from_name("cache", create_if_missing=True)

    # Set and get
    cache["user:123"] = {"name": "Alice", "score": 100}
    user = cache["user:123"]
    nobody = cache.get("user:999", default=None)
    print("users:", user, nobody)

    # Check existence
    if "user:123" in cache:
        print("exists")

    # Delete
    del cache["user:123"]
    value = cache.pop("key", default=None)
    print("deleted:", value, "user:123" in cache)

    # Update multiple
    cache.update({"key1": "val1", "key2": "val2"})
    print("many:", dict(cache.items()))

    # Clear all
    cache.clear()
    print("left:", len(cache))


# Atomic operations (distributed locking)
def locking() -> None:
    cache = SharedDict.from_name("cache")

    # Put only if key doesn't exist (atomic)
    was_added = cache.put("lock:resource", True, skip_if_exists=True)

    if was_added:
        try:
            # Do exclusive work
            print("alone:", not cache.put("lock:resource", True, skip_if_exists=True))
        finally:
            cache.pop("lock:resource", default=None)

    # The same, and it ends with its holder, whatever becomes of that
    with cache.lock("lock:resource", ttl=30):
        print("alone:", not cache.lock("lock:resource").acquire(timeout=0))


# Async operations
async def async_ops() -> None:
    cache = SharedDict.from_name("cache")
    await cache.put.aio("key", "value")
    value = await cache.get.aio("key")
    exists = await cache.contains.aio("key")
    print("async:", value, exists)


# Caching
def cached_compute(key: str) -> Any:
    cache = SharedDict.from_name("cache")
    cached = cache.get(key, default=None)
    if cached is not None:
        return cached
    result = expensive_computation(key)
    cache[key] = result
    return result


def expensive_computation(key: str) -> str:
    print("computing", key)
    return key.upper()


# Session state
def handle_request(session_id: str, data: dict[str, Any]) -> Any:
    sessions = SharedDict.from_name("sessions", create_if_missing=True, idle=7 * 24 * 3600)
    session = sessions.get(session_id, default={})
    session["last_request"] = data
    sessions[session_id] = session
    return session


def main() -> None:
    with Table.create() as table:
        try:
            quick_start()
            basic_operations()
            locking()
            asyncio.run(async_ops())
            print("cached:", cached_compute("a"), cached_compute("a"))
            print("session:", handle_request("s1", {"path": "/"}), handle_request("s1", {"path": "/b"}))
            print("names:", SharedDict.names())
            SharedDict.delete("my-cache")
            SharedDict.delete("my-cache", allow_missing=True)
            print("names:", SharedDict.names())
        finally:
            table.unlink()


if __name__ == "__main__":
    main()
