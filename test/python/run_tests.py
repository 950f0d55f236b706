"""Runs the unittest files of this folder in the current interpreter, on a SharedDict given by Erlang.

    {ok, SD} = py:shared_dict_new(),
    {ok, #{<<"failed">> := 0}} = py:call(run_tests, run, [SD, []]).

The files whose name begins with test_zz come last: they end the dict.
"""

from __future__ import annotations

import io
import os
import unittest
from typing import Any

import shared_case


def _all_names() -> list[str]:
    files = os.listdir(os.path.dirname(os.path.abspath(__file__)))
    return sorted(file[:-3] for file in files if file.startswith("test_") and file.endswith(".py"))


def _texts(pairs: list[Any]) -> list[str]:
    return [f"{case}\n{trace}" for case, trace in pairs]


def run(handle: Any, names: list[str] | None = None) -> dict[str, Any]:
    """Runs the test modules `names` (all of them by default) on a fresh dict `handle`.

    Gives {"run", "failed", "skipped"}, which are numbers, and {"texts"}: a text for each failure.
    """
    shared_case.handle = handle
    loader = unittest.TestLoader()
    suite = unittest.TestSuite(loader.loadTestsFromName(name) for name in names or _all_names())
    result = unittest.TextTestRunner(stream=io.StringIO(), verbosity=0).run(suite)
    texts = _texts([*result.failures, *result.errors])
    texts += [f"{case}\nunexpected success" for case in result.unexpectedSuccesses]
    return {"run": result.testsRun, "failed": len(texts), "skipped": len(result.skipped), "texts": texts}
