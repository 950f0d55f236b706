"""The standard library's own tests of mappings, where the installation has them.

What a SharedDict does otherwise is said below, each with its reason.
"""

from __future__ import annotations

import unittest
from typing import Any

from process_case import TableCase

try:
    from test import mapping_tests  # type: ignore[import-not-found]
except ImportError:  # many distributions leave it out
    mapping_tests = None


class Maker:
    """Stands for the class in these tests: they call it, and ask for its fromkeys."""

    def __init__(self, case: TableCase) -> None:
        self.case = case

    def __call__(self, *args: Any, **names: Any) -> Any:
        made = self.case.table.dict()
        made.update(*args, **names)
        return made


@unittest.skipIf(mapping_tests is None, "this Python comes without test.mapping_tests")
class TestProtocol(TableCase, getattr(mapping_tests, "TestMappingProtocol", unittest.TestCase)):  # type: ignore[misc]
    def setUp(self) -> None:
        super().setUp()
        self.type2test = Maker(self)

    def test_fromkeys(self) -> None:
        """A dict is made in a table, so there is no class that could make one by itself."""
        self.assertFalse(hasattr(self.sd, "fromkeys"))

    def test_copy(self) -> None:
        """A copy is a plain dict: who copies wants what does not change any more."""
        made = self._full_mapping({1: 1, 2: 2, 3: 3})
        self.assertEqual(made.copy(), {1: 1, 2: 2, 3: 3})
        self.assertIs(type(made.copy()), dict)
        self.assertEqual(self._empty_mapping().copy(), {})
        self.assertRaises(TypeError, made.copy, None)

    def test_setdefault(self) -> None:
        """Values are copies: what is appended to one that was read is not stored."""
        mapping_tests.BasicTestMappingProtocol.test_setdefault(self)
        made = self._empty_mapping()
        self.assertIsNone(made.setdefault("key0"))
        made.setdefault("key0", [])
        self.assertIsNone(made.setdefault("key0"))
        made.setdefault("key", []).append(3)
        self.assertEqual(made["key"], [])
