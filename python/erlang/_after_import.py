"""Calls a function once a module has been imported, so that nobody pays for modules nobody uses."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_waiting: dict[str, Callable[[], None]] = {}


class _Finder:
    """Finds nothing itself: it watches for the awaited modules and leaves the finding to the others."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        action = _waiting.pop(name, None)
        if action is None:
            return None
        if not _waiting:
            sys.meta_path.remove(_Finder)
        spec = _find_by_others(name, path, target)
        if spec is not None and spec.loader is not None:
            _run_after(spec.loader, action)
        return spec


def _find_by_others(name: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
    for finder in sys.meta_path:
        if finder is _Finder:
            continue
        spec = finder.find_spec(name, path, target)
        if spec is not None:
            return spec
    return None


def _run_after(loader: object, action: Callable[[], None]) -> None:
    execute = loader.exec_module  # type: ignore[attr-defined]

    def exec_module(module: ModuleType) -> None:
        execute(module)
        action()

    loader.exec_module = exec_module  # type: ignore[attr-defined]


def call(name: str, action: Callable[[], None]) -> None:
    """Calls action() after the first import of the module `name`: now, if that has been."""
    if name in sys.modules:
        action()
        return
    if not _waiting:
        sys.meta_path.insert(0, _Finder)
    _waiting[name] = action
