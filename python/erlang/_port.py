"""What the port program asks for once an interpreter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _after_import, _describe, _output, _sleep, _sources

if TYPE_CHECKING:
    from collections.abc import Callable

    Hooks = tuple[
        Callable[[BaseException], tuple[bytes, bool, bytes, list[bytes]]],
        Callable[[], None],
        list[str],
        Callable[[str, str], None],
        Callable[[str], None],
    ]


def _install_logging() -> None:
    from . import _logging

    _logging.install()


def start() -> Hooks:
    """Redirects this interpreter's output; gives the functions that run jobs need of Python."""
    _output.install()
    _sleep.install()
    _after_import.call("logging", _install_logging)
    _after_import.call("linecache", _sources.show)
    return _describe.describe, _output.flush, _output.pending, _sources.remember, _sources.forget
