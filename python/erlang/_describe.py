"""Exceptions as text for Erlang."""

from __future__ import annotations

import builtins
import os
from typing import TYPE_CHECKING

from _erlang import Interrupted

from . import _sources

if TYPE_CHECKING:
    from traceback import TracebackException

_OWN_FOLDER = os.path.dirname(__file__) + os.sep


def _type_name(kind: type[BaseException]) -> tuple[str, bool]:
    if getattr(builtins, kind.__name__, None) is kind:
        return kind.__name__, True
    return f"{kind.__module__}.{kind.__qualname__}", False


def _message(error: BaseException) -> str:
    try:
        text = str(error)
    except Interrupted:
        raise  # it is str() that did not end
    except BaseException as failure:
        return f"<no message: str() of the exception raised {type(failure).__name__}>"
    return _shown_name(text, error.filename) if isinstance(error, SyntaxError) and error.filename else text


def _shown_name(text: str, name: str) -> str:
    """Code that came as text is numbered to be told apart; Erlang's user has one text before him."""
    kind, _, number = name.partition(" ")
    return text.replace(name, f"{kind}>") if kind in ("<eval", "<exec") and number[:-1].isdigit() else text


def _tidy(error: TracebackException, seen: set[int]) -> None:
    """Leaves out pyport's own frames, here and in what the error came from."""
    if id(error) in seen:
        return
    seen.add(id(error))
    kept = [frame for frame in error.stack if not frame.filename.startswith(_OWN_FOLDER)]
    for frame in kept:
        frame.filename = _shown_name(frame.filename, frame.filename)
    error.stack[:] = kept
    filename = getattr(error, "filename", None)  # of a SyntaxError
    if filename is not None:
        error.filename = _shown_name(filename, filename)
    for other in (error.__cause__, error.__context__, *(getattr(error, "exceptions", None) or ())):
        if other is not None:
            _tidy(other, seen)


def _traceback(error: BaseException) -> list[str]:
    from traceback import TracebackException

    _sources.show()
    told = TracebackException.from_exception(error)
    _tidy(told, set())
    return "".join(told.format()).splitlines()


def describe(error: BaseException) -> tuple[bytes, bool, bytes, list[bytes]]:
    """Type, whether it is a builtin one, message and traceback lines, all as UTF-8."""
    name, builtin = _type_name(type(error))
    message = _message(error)  # first: traceback would swallow an interrupt of str()
    try:
        lines = _traceback(error)
    except Exception as failure:
        lines = [f"<no traceback: formatting it raised {type(failure).__name__}>"]
    return _utf8(name), builtin, _utf8(message), [_utf8(line) for line in lines]


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")
