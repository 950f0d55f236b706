"""The lines of code that came as text, for tracebacks: linecache finds them under the text's name."""

from __future__ import annotations

import sys

_texts: dict[str, str] = {}


def _add(name: str, text: str) -> None:
    linecache = sys.modules.get("linecache")
    if linecache is not None:
        # No modification time: linecache never drops the entry on its own.
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)


def remember(name: str, text: str) -> None:
    """Makes the lines of `text` known under `name`."""
    _texts[name] = text
    _add(name, text)


def forget(name: str) -> None:
    """Drops what was remembered under `name`."""
    _texts.pop(name, None)
    linecache = sys.modules.get("linecache")
    if linecache is not None:
        linecache.cache.pop(name, None)


def show() -> None:
    """Gives all texts to linecache: it has just been imported, or was cleared since."""
    for name, text in _texts.items():
        _add(name, text)
