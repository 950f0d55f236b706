"""Python's logging as Erlang's: one handler on the root logger."""

from __future__ import annotations

import logging

import _erlang

_STREAM = 2
_LEVELS = ((logging.CRITICAL, 5), (logging.ERROR, 4), (logging.WARNING, 3), (25, 2), (logging.INFO, 1))


def _level(number: int) -> int:
    """Erlang's level for one of Python's: between INFO and WARNING lies notice."""
    for least, level in _LEVELS:
        if number >= least:
            return level
    return 0


class ErlangHandler(logging.Handler):
    """Sends each record to Erlang's logger, with its level, its logger's name and its traceback."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            _erlang.log(_STREAM, _level(record.levelno), record.name, self.format(record))
        except Exception:
            self.handleError(record)


def install() -> None:
    """Puts the handler on the root logger, unless logging has been configured already."""
    root = logging.getLogger()
    if root.handlers:
        return
    root.addHandler(ErlangHandler())
    root.setLevel(logging.INFO)
