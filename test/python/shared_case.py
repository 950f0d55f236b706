"""What the tests of this folder have in common: the dict that was made for them.

They run inside the port program, and test/python_process runs most of them outside of it as well.
"""

from __future__ import annotations

import unittest
from typing import Any

import _erlang
from erlang import SharedDict

handle: Any = None  # set by run_tests.run
IN_PORT = hasattr(_erlang, "log")  # an Erlang node made the dict


class SharedCase(unittest.TestCase):
    """A test with an empty SharedDict as self.sd."""

    def setUp(self) -> None:
        self.sd = SharedDict(handle)
        for key in self.sd:
            del self.sd[key]
