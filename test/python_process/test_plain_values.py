"""Plain values are stored and read without the pickle module."""

from __future__ import annotations

from process_case import TableCase, script

# Whoever calls pickle's functions hears of it.
CODE = """
import _pickle, sys

def refused(*args, **names):
    raise AssertionError("the pickle module was called")

_pickle.dumps = _pickle.loads = refused

from erlang import SharedDict
from plain_values import Values, canonical

sd = SharedDict.open(sys.argv[1])
for value in [*({"values": [Values(seed).value()]} for seed in range(300)), 2**70, b"x" * 100_000, "x" * 100_000]:
    sd["v"] = value
    assert canonical(sd["v"]) == canonical(value), value
for other in ({1, 2}, {"deep": 1 + 2j}):
    try:
        sd["v"] = other
    except AssertionError:
        continue
    raise SystemExit(f"{other} was stored without the pickle module")
print("done")
"""


class TestPlainValues(TableCase):
    def test_without_pickle(self) -> None:
        self.assertEqual(script(CODE, self.sd.handle), "done\n")
