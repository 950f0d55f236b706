"""The shop's own Python: what a list of fruit costs."""

from erlang import SharedDict


def total(handle: object, fruit: list[str]) -> int:
    """Gives the sum of the prices and notes it in the dict."""
    sd = SharedDict(handle)
    prices = sd["prices"]
    sd["last_total"] = sum(prices[name] for name in fruit)
    return sd["last_total"]
