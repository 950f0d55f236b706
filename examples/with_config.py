"""A SharedDict in Python: what Erlang has put there, and every operation once."""

from erlang import SharedDict


def process_with_config(sd_handle: SharedDict) -> None:
    """Read `config`, put a result beside it, and leave a text of what was seen under `seen`."""
    # Wrap the handle
    sd = SharedDict(sd_handle)
    seen = []

    # Dict-like access
    config = sd["config"]
    host = config.get("host") or config.get(b"host")
    seen.append(f"Host: {host}")

    # Set values
    sd["result"] = {"status": "ok", "count": 42}

    # Check membership
    if "config" in sd:
        seen.append("Config found")

    # Iterate keys
    for key in sd.keys():  # noqa: SIM118 - "in sd" would do
        seen.append(f"Key: {key}")

    # Delete
    del sd["result"]

    sd["seen"] = "".join(f"{line}\n" for line in seen)


def use_all(sd_handle: SharedDict) -> str:
    """Go through every operation, and end with the dict's destruction."""
    sd = SharedDict(sd_handle)
    sd["key"] = "value"
    assert sd["key"] == "value"
    assert sd.get("key") == "value"
    assert sd.get("missing") is None
    assert sd.get("missing", "default") == "default"
    assert "key" in sd
    del sd["key"]
    assert "key" not in sd
    for use in (lambda: sd["key"], lambda: sd.__delitem__("key")):
        try:
            use()
        except KeyError:
            continue
        raise AssertionError("a missing key must raise")
    sd.destroy()  # invalidates all references
    try:
        sd.get("key")
    except RuntimeError:
        return "destroyed"
    raise AssertionError("a destroyed dict must raise")
