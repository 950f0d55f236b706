"""A shop whose sessions live in SharedDicts that Erlang owns."""

from erlang import SharedDict


def add_to_cart(session: SharedDict, item: int) -> int:
    """Put an item into the session's cart; returns how many there are now."""
    sd = SharedDict(session)
    sd["cart"] = sd["cart"] + [item]
    return len(sd["cart"])
