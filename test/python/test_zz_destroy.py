"""The end of a dict. Runs last: there is no other dict."""

import pickle

import shared_case
from erlang import SharedDict


class TestDestroy(shared_case.SharedCase):
    def setUp(self) -> None:
        self.sd = SharedDict(shared_case.handle)

    def test_destroy(self):
        self.sd["k"] = 1
        other = SharedDict(self.sd)
        self.assertIsNone(self.sd.destroy())
        self.assertIsNone(other.destroy(), "again")
        for use in (
            lambda: other["k"],
            lambda: other.get("k"),
            lambda: other.get("k", 1),
            lambda: other.__setitem__("k", 1),
            lambda: other.__delitem__("k"),
            lambda: "k" in other,
            lambda: list(other.keys()),
            lambda: len(other),
            lambda: list(other),
            lambda: bool(other),
        ):
            with self.assertRaises(RuntimeError) as caught:
                use()
            self.assertEqual(str(caught.exception), "SharedDict has been destroyed")
        self.assertEqual(other, self.sd)
        self.assertEqual(hash(other), hash(self.sd))
        self.assertTrue(repr(other))
        self.assertEqual(pickle.loads(pickle.dumps(other)), self.sd)
