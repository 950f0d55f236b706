"""The module under the package erlang: built into the port program, an extension file elsewhere."""

from typing import Any, final

from erlang import Atom as Atom
from erlang import Interrupted as Interrupted
from erlang import Pid as Pid
from erlang import Reference as Reference
from erlang import SharedDict as SharedDict
from erlang import Table as Table
from erlang import Term as Term

@final
class WaitStop:
    """By which one thread ends a wait of another."""

    def stop(self) -> None:
        """Ends the wait that was given this, and each that will be. From any thread."""

    @property
    def stopped(self) -> bool: ...

def dict(etf: bytes, /) -> SharedDict[Any, Any]: ...
def pid(etf: bytes, /) -> Pid: ...
def reference(etf: bytes, /) -> Reference: ...
def term(etf: bytes, /) -> Term: ...
def atom(text: str, /) -> Atom: ...
def object(type: str, pickle: bytes, /) -> Any: ...

# In the port program alone.
def log(stream: int, level: int, logger: str, text: str, /) -> None: ...
