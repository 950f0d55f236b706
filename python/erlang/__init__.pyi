from collections.abc import Iterator
from typing import Any, Final, TypeVar, final, overload

_Default = TypeVar("_Default")

__all__: Final = ["Atom", "Interrupted", "Pid", "Reference", "SharedDict", "Term"]

@final
class SharedDict:
    """A dictionary that Erlang and all Python interpreters share.

    Keys are str or bytes (the same key by its UTF-8 bytes) and int of 64 bits. Values are copies: what is
    stored is a pickle, and each read unpickles it anew. Every operation on one key is atomic.

    Every operation raises RuntimeError once the dict has been destroyed; those that take a key raise
    TypeError for a key of another type (bool is one), OverflowError for an int beyond 64 bits and
    ValueError for a str with lone surrogates.
    """

    def __init__(self, handle: SharedDict) -> None:
        """Names the dict of a handle that came from Erlang. Raises TypeError for anything else."""

    def __getitem__(self, key: str | bytes | int, /) -> Any:
        """Raises KeyError when the key is not there, and what unpickling the value raises."""

    def __setitem__(self, key: str | bytes | int, value: object, /) -> None:
        """Raises what pickling the value raises, and MemoryError when a limit of the table is reached;
        the old value stays then."""

    def __delitem__(self, key: str | bytes | int, /) -> None:
        """Raises KeyError when the key is not there."""

    def __contains__(self, key: str | bytes | int, /) -> bool: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[str | bytes | int]:
        """Goes over the keys that are there now; changes meanwhile do not matter."""

    @overload
    def get(self, key: str | bytes | int, /) -> Any: ...
    @overload
    def get(self, key: str | bytes | int, /, default: _Default) -> Any | _Default:
        """The value of key, or default when there is no such key."""

    def keys(self) -> list[str | bytes | int]:
        """The keys in insertion order: str, int, or bytes where those are no UTF-8."""

    def destroy(self) -> None:
        """Ends the dict for everybody. Doing so again changes nothing."""

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

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
