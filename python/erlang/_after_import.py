"""Calls a function once a module has been imported, so that nobody pays for modules nobody uses."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_waiting: dict[str, Callable[[], None]] = {}


class _Finder:
    """Finds nothing itself: it watches for the awaited modules and leaves the finding to the others."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        action = _waiting.pop(name, None)
        if action is None:
            return None
        if not _waiting:
            sys.meta_path.remove(_Finder)
        spec = _find_by_others(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, action)  # type: ignore[assignment]
        return spec


def _find_by_others(name: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
    for finder in sys.meta_path:
        if finder is _Finder:
            continue
        spec = finder.find_spec(name, path, target)
        if spec is not None:
            return spec
    return None


class _Loader:
    """Loads one module as its own loader does, then calls a function."""

    def __init__(self, loader: Loader, action: Callable[[], None]) -> None:
        self._loader = loader
        self._action = action

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        # The module shall not know that it was watched.
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._action()


def call(name: str, action: Callable[[], None]) -> None:
    """Calls action() after the first import of the module `name`: now, if that has been."""
    if name in sys.modules:
        action()
        return
    if not _waiting:
        sys.meta_path.insert(0, _Finder)
    _waiting[name] = action
