"""Keeps extension modules out of this interpreter that would harm the whole process.

Interpreters that have a GIL each load an extension module from outside the standard library only when its
definition says that it works there. Others raise an ImportError that says what to do about it.
"""

from __future__ import annotations

import _imp
import sys
from _frozen_importlib_external import SourceFileLoader, SourcelessFileLoader
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    # What is wrong with loading a module (Python executable, file, full name), or None.
    Objection = Callable[[str, str, str], str | None]

_WITHOUT_DECLARATION = "does not declare it"
_override_check = _imp._override_multi_interp_extensions_check  # type: ignore[attr-defined]


class _Refused:
    """An extension module that was refused."""

    def __init__(self, module: str, why: str) -> None:
        self.package = module.partition(".")[0]
        self.about = (
            f"does not support own-GIL interpreters (its extension module {module} {why}); "
            "use a pool with isolation => process"
        )

    def __str__(self) -> str:
        return f"{self.package} {self.about}"

    def text_for(self, package: str) -> str:
        """The same, told of a package that cannot do without the refused one."""
        return str(self) if package == self.package else f"{package} needs {self.package}, which {self.about}"


_refused: dict[str, _Refused] = {}  # by full name


def _refusal(module: str, why: str) -> ImportError:
    refused = _refused[module] = _Refused(module, why)
    return ImportError(str(refused), name=refused.package)


class _Guard:
    """Stands before the one function that loads extension modules, whoever asks for them."""

    def __init__(self, objection: Objection, allowed: frozenset[str]) -> None:
        self._objection = objection
        self._allowed = allowed
        self._create = _imp.create_dynamic
        self._python = sys.executable or ""
        minor = f"python{sys.version_info.major}.{sys.version_info.minor}"
        self._standard = f"{sys.base_exec_prefix}/{sys.platlibdir}/{minor}/lib-dynload/"

    def create_dynamic(self, spec: ModuleSpec, file: object = None) -> ModuleType:
        """_imp.create_dynamic, for modules that may be loaded here."""
        name, origin = spec.name, spec.origin
        if name.partition(".")[0] in self._allowed:
            return self._create_unchecked(spec, file)
        if origin is not None and not self._is_standard(name, origin):
            why = self._objection(self._python, origin, name)
            if why is not None:
                raise _refusal(name, why)
        try:
            return self._load(spec, file)
        except ImportError as error:
            if not _is_objection_of_cpython(error, name):
                raise
        raise _refusal(name, _WITHOUT_DECLARATION)

    def _is_standard(self, name: str, origin: str) -> bool:
        folder, slash, file = origin.rpartition("/")
        return name.partition(".")[0] in sys.stdlib_module_names and folder + slash == self._standard and bool(file)

    def _load(self, spec: ModuleSpec, file: object) -> ModuleType:
        return self._create(spec) if file is None else self._create(spec, file)

    def _create_unchecked(self, spec: ModuleSpec, file: object) -> ModuleType:
        before = _override_check(-1)
        try:
            return self._load(spec, file)
        finally:
            _override_check(before)


def _is_objection_of_cpython(error: ImportError, name: str) -> bool:
    """CPython's own check, which comes after the module's first code has run: for the standard library."""
    return str(error) == f"module {name} does not support loading in subinterpreters"


class _Finder:
    """Finds what the others find, and watches how the import of a package from outside the standard library ends.

    Many packages answer the refusal of their extension module with a long text of their own about broken
    installations; and leave parts of themselves in sys.modules.
    """

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if "." in name or name in sys.stdlib_module_names:
            return None
        spec = _find_by_others(name, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader | SourcelessFileLoader):
            _watch(name, spec.loader)
        return spec


def _find_by_others(name: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
    for finder in sys.meta_path:
        find = None if finder is _Finder else getattr(finder, "find_spec", None)
        spec: ModuleSpec | None = None if find is None else find(name, path, target)
        if spec is not None:
            return spec
    return None


def _watch(name: str, loader: SourceFileLoader | SourcelessFileLoader) -> None:
    """Has the loader tell the refusal behind a failed import, instead of what the package makes of it."""
    load = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        vars(loader).pop("exec_module", None)  # the package sees its loader as it is
        before = set(sys.modules)
        try:
            load(module)
        except Exception as error:
            refused = _refused_behind(error)
            if refused is None:
                raise
            _forget(name, before)
        else:
            return
        raise ImportError(refused.text_for(name), name=name)

    loader.exec_module = exec_module  # type: ignore[method-assign]


def _refused_behind(error: BaseException) -> _Refused | None:
    """The refusal that the error is, comes from, or tells in its text."""
    seen: set[int] = set()
    left: list[BaseException | None] = [error]
    while left:
        one = left.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        text = _text(one)
        for refused in list(_refused.values()):
            if refused.about in text:
                return refused
        left += (one.__cause__, one.__context__)
    return None


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return ""


def _forget(package: str, before: set[str]) -> None:
    """Takes what was imported of the package since out of sys.modules."""
    for name in list(sys.modules):
        if name not in before and (name == package or name.startswith(package + ".")):
            sys.modules.pop(name, None)


def install(objection: Objection, allowed: frozenset[str]) -> None:
    """Sets the guard up in this interpreter. `allowed`: top-level packages that it lets through."""
    _imp.create_dynamic = _Guard(objection, allowed).create_dynamic
    sys.meta_path.insert(0, _Finder)
