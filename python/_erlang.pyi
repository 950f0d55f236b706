"""The module under the package erlang: built into the port program, an extension file elsewhere."""

from collections.abc import Callable
from typing import Any, final

from erlang import Atom as Atom
from erlang import Interrupted as Interrupted
from erlang import Pid as Pid
from erlang import Reference as Reference
from erlang import SharedDict as SharedDict
from erlang import Table as Table
from erlang import Term as Term
from erlang import _Method

# Not public: what erlang._aio is made of.
class AsyncMethod(_Method[Any]):
    __name__: str
    __qualname__: str
    __text_signature__: str | None
    __objclass__: type
    may_be_at_once: bool
    def __call__(self, instance: Any, /, *args: Any, **names: Any) -> Any: ...
    def at_once(self, instance: Any, /, *args: Any, **names: Any) -> Any: ...

@final
class Errand[Result]:
    def __init__(self, function: Callable[..., Result], /) -> None: ...
    def run(self, /, *args: Any, **names: Any) -> Result: ...
    def give_up(self) -> bool: ...

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
