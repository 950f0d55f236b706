"""What Python code that runs beside an Erlang node can do with it.

    from erlang import SharedDict

    def process(handle):
        shared = SharedDict(handle)
        shared["result"] = {"status": "ok", "config": shared.get("config")}

The package works inside pyport's interpreters only: it stands on a module that is built into the port
program.
"""

try:
    from _erlang import Atom, Interrupted, Pid, Reference, SharedDict, Term
except ModuleNotFoundError as error:
    if error.name != "_erlang":
        raise
    raise ImportError("the package erlang works only in Python code that pyport runs for an Erlang node") from None

__all__ = ["Atom", "Interrupted", "Pid", "Reference", "SharedDict", "Term"]
