"""Random plain values come back from a dict as they were, and as the pickle module has them."""

from __future__ import annotations

import os
import pickle

import shared_case
from plain_values import Values, canonical, sharing

VALUES = int(os.environ.get("PYPORT_RANDOM_VALUES", "3000"))
SEED = int(os.environ.get("PYPORT_RANDOM_SEED", "1"))


class TestRandomValues(shared_case.SharedCase):
    def test_they_come_back(self) -> None:
        for seed in range(SEED, SEED + VALUES):
            value = Values(seed).value()
            before = canonical(value)
            self.sd["v"] = value
            found = self.sd["v"]
            self.assertEqual(canonical(found), before, f"seed {seed}")
            self.assertEqual(canonical(value), before, f"seed {seed}: changed by being stored")
            self.assertEqual(sharing(found), sharing(value), f"seed {seed}")
            by_pickle = pickle.loads(pickle.dumps(value, 5))
            self.assertEqual(canonical(found), canonical(by_pickle), f"seed {seed}")
            self.assertEqual(sharing(found), sharing(by_pickle), f"seed {seed}")
