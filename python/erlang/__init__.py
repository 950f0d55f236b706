"""Dictionaries that Erlang and Python share, and what else Python code beside an Erlang node can do with it.

In code that an Erlang node runs:

    from erlang import SharedDict

    def process(handle):
        shared = SharedDict(handle)
        shared["result"] = {"status": "ok", "config": shared.get("config")}

In any other process of the same user, with or without an Erlang node:

    from erlang import SharedDict, Table

    shared = SharedDict.open(name)  # the attribute handle of a SharedDict
    table = Table.create("orders")
    orders = table.dict()  # goes to other processes as an argument
"""

from collections.abc import MutableMapping

try:
    from _erlang import Atom, Interrupted, Pid, Reference, SharedCell, SharedDict, Table, Term
except ModuleNotFoundError as error:
    if error.name != "_erlang":
        raise
    from ._no_extension import why

    raise ImportError(why()) from None

from ._transaction import TransactionConflict

MutableMapping.register(SharedDict)

from ._lease import Lock  # noqa: E402
from ._shared_list import SharedList  # noqa: E402  (it needs the registered class)

__all__ = [
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
