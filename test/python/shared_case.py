"""What the tests of this folder have in common: the dict that Erlang made for them."""

from __future__ import annotations

import unittest
from typing import Any

from erlang import SharedDict

handle: Any = None  # set by run_tests.run


class SharedCase(unittest.TestCase):
    """A test with an empty SharedDict as self.sd."""

    def setUp(self) -> None:
        self.sd = SharedDict(handle)
        for key in self.sd:
            del self.sd[key]
