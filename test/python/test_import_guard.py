"""The import guard, with packages made for the test. Their extension modules are no more than the beginning of one:
what knows nothing of module definitions is refused without a look-up, and must not be loaded."""

import importlib
import importlib.machinery
import importlib.util
import os
import sys
import tempfile
import threading
import unittest

FAKE = b"\x7fELF and no more"


class GuardCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        sys.path.insert(0, self.folder)
        self.addCleanup(sys.path.remove, self.folder)
        self.before = set(sys.modules)
        self.addCleanup(self.forget)

    def forget(self):
        for name in set(sys.modules) - self.before:
            if name.startswith("guarded_"):
                del sys.modules[name]
        importlib.invalidate_caches()

    def package(self, name, **files):
        """Makes a package: texts are modules (`init` is the package's own), bytes are extension modules."""
        os.mkdir(os.path.join(self.folder, name))
        for file, content in files.items():
            binary = isinstance(content, bytes)
            path = os.path.join(self.folder, name, file.replace("init", "__init__") + (".so" if binary else ".py"))
            with open(path, "wb") as out:
                out.write(content if binary else content.encode())
        importlib.invalidate_caches()

    def refused(self, module, expected, action=None):
        """Twice, as the first time must leave nothing that changes the second."""
        for _ in range(2):
            with self.assertRaises(ImportError) as caught:
                (action or importlib.import_module)(module)
            self.assertEqual(str(caught.exception), expected)
            self.assertIs(type(caught.exception), ImportError)

    def text(self, package, module):
        return (
            f"{package} does not support own-GIL interpreters (its extension module {module} does not declare it); "
            "use a pool with isolation => process"
        )


class TestRefused(GuardCase):
    def test_by_a_package(self):
        self.package("guarded_plain", init="from . import _fast", _fast=FAKE)
        self.refused("guarded_plain", self.text("guarded_plain", "guarded_plain._fast"))
        self.assertNotIn("guarded_plain", sys.modules)

    def test_by_a_module_inside(self):
        self.package("guarded_inside", init="", core="from ._fast import go", _fast=FAKE)
        importlib.import_module("guarded_inside")
        self.refused("guarded_inside.core", self.text("guarded_inside", "guarded_inside._fast"))
        self.assertIn("guarded_inside", sys.modules)

    def test_the_packages_own_words_about_it_are_left_out(self):
        hides = "try:\n from . import _fast\nexcept ImportError as e:\n raise {} from e"
        self.package("guarded_from", init=hides.format("ImportError('broken installation')"), _fast=FAKE)
        self.refused("guarded_from", self.text("guarded_from", "guarded_from._fast"))
        self.package("guarded_other", init=hides.format("RuntimeError('broken installation')"), _fast=FAKE)
        self.refused("guarded_other", self.text("guarded_other", "guarded_other._fast"))
        quotes = "try:\n from . import _fast\nexcept ImportError as e:\n s = str(e)\nraise ImportError('broken: ' + s)"
        self.package("guarded_quotes", init=quotes, _fast=FAKE)
        self.refused("guarded_quotes", self.text("guarded_quotes", "guarded_quotes._fast"))

    def test_half_a_package_does_not_stay(self):
        self.package(
            "guarded_half",
            init="from . import whole, sub",
            whole="import sys\nassert not hasattr(sys, 'guarded_half')",
            sub="from guarded_half import _fast",
            _fast=FAKE,
        )
        self.refused("guarded_half", self.text("guarded_half", "guarded_half._fast"))
        self.assertEqual([name for name in sys.modules if name.startswith("guarded_half")], [])

    def test_who_needs_whom(self):
        self.package("guarded_base", init="from . import _fast", _fast=FAKE)
        self.package("guarded_above", init="import guarded_base")
        about = "guarded_above needs " + self.text("guarded_base,", "guarded_base._fast").replace(
            ", does", ", which does"
        )
        self.refused("guarded_above", about)
        self.package("guarded_top", init="import guarded_above")
        self.refused("guarded_top", about.replace("guarded_above", "guarded_top"))
        self.assertEqual([name for name in sys.modules if name.startswith("guarded_")], [])

    def test_a_top_level_extension_module(self):
        with open(os.path.join(self.folder, "guarded_alone.so"), "wb") as out:
            out.write(FAKE)
        importlib.invalidate_caches()
        self.refused("guarded_alone", self.text("guarded_alone", "guarded_alone"))

    def test_in_every_thread(self):
        self.package("guarded_threads", init="from . import _fast", _fast=FAKE)
        said = []

        def load():
            try:
                importlib.import_module("guarded_threads")
            except ImportError as error:
                said.append(str(error))

        threads = [threading.Thread(target=load) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(said, [self.text("guarded_threads", "guarded_threads._fast")] * 8)

    def test_by_a_loader_that_is_called_directly(self):
        self.package("guarded_loader", _fast=FAKE)
        file = os.path.join(self.folder, "guarded_loader", "_fast.so")
        spec = importlib.util.spec_from_file_location("guarded_loader._fast", file)
        self.refused(spec, self.text("guarded_loader", "guarded_loader._fast"), importlib.util.module_from_spec)
        self.refused(spec, self.text("guarded_loader", "guarded_loader._fast"), spec.loader.create_module)

    def test_the_traceback_shows_the_users_frames_alone(self):
        self.package("guarded_shown", init="from . import _fast", _fast=FAKE)
        from erlang import _describe

        try:
            import guarded_shown  # noqa: F401
        except ImportError as error:
            lines = b"\n".join(_describe.describe(error)[3]).decode()
        self.assertIn("import guarded_shown", lines)
        self.assertNotIn("erlang/_import_guard", lines)
        self.assertNotIn("During handling", lines)


class TestLetThrough(GuardCase):
    def test_a_package_that_can_do_without(self):
        self.package(
            "guarded_optional", init="try:\n from . import _fast\nexcept ImportError:\n _fast = None", _fast=FAKE
        )
        self.assertIsNone(importlib.import_module("guarded_optional")._fast)

    def test_pure_python(self):
        self.package("guarded_pure", init="from .other import name", other="name = 'here'")
        self.assertEqual(importlib.import_module("guarded_pure").name, "here")

    def test_other_failures_are_left_as_they_are(self):
        self.package("guarded_missing", init="import guarded_that_is_not_there")
        with self.assertRaises(ModuleNotFoundError) as caught:
            importlib.import_module("guarded_missing")
        self.assertEqual(caught.exception.name, "guarded_that_is_not_there")
        self.package("guarded_raises", init="raise KeyError('k')")
        self.assertRaises(KeyError, importlib.import_module, "guarded_raises")
        self.package("guarded_exits", init="raise SystemExit(3)")
        self.assertRaises(SystemExit, importlib.import_module, "guarded_exits")

    def test_an_earlier_refusal_is_not_blamed(self):
        init = "try:\n from . import _fast\nexcept ImportError:\n pass\nraise ImportError('something else')"
        self.package("guarded_blame", init=init, _fast=FAKE)
        with self.assertRaisesRegex(ImportError, "^something else$"):
            importlib.import_module("guarded_blame")

    def test_odd_exceptions(self):
        init = "class E(Exception):\n def __str__(self): raise ValueError\ne = E()\ne.__cause__ = e\nraise e"
        self.package("guarded_odd", init=init)
        with self.assertRaises(Exception) as caught:
            importlib.import_module("guarded_odd")
        self.assertEqual(type(caught.exception).__name__, "E")

    def test_what_is_no_shared_object_says_so_itself(self):
        self.package("guarded_text", init="from . import _fast", _fast=b"text")
        with self.assertRaisesRegex(ImportError, "_fast.so"):
            importlib.import_module("guarded_text")

    def test_the_standard_library(self):
        for name in ("_ctypes", "_decimal", "_sqlite3", "_ssl", "pyexpat", "zlib"):
            importlib.import_module(name)

    def test_packages_see_nothing_of_it(self):
        self.package("guarded_seen", init="loader = dict(vars(__spec__.loader))")
        found = importlib.util.find_spec("guarded_seen")
        self.assertIs(type(found.loader), importlib.machinery.SourceFileLoader)
        module = importlib.import_module("guarded_seen")
        self.assertEqual(set(module.loader), {"name", "path"})
        self.assertIs(type(module.__loader__), importlib.machinery.SourceFileLoader)
        self.assertIs(importlib.reload(module), module)
