"""Stands in for pyport's built-in module: each callable keeps its arguments.

Two opaque values are equal when they are of the same kind and hold the same bytes, and they pickle as a
call of the function that made them, as the real ones do.
"""


class Opaque:
    def __init__(self, kind, *arguments):
        self.kind = kind
        self.arguments = arguments

    def __eq__(self, other):
        return isinstance(other, Opaque) and (self.kind, self.arguments) == (other.kind, other.arguments)

    def __hash__(self):
        return hash((self.kind, self.arguments))

    def __repr__(self):
        return f"{self.kind}{self.arguments!r}"

    def __reduce__(self):
        return globals()[self.kind], self.arguments


def dict(etf):
    return Opaque("dict", etf)


def pid(etf):
    return Opaque("pid", etf)


def reference(etf):
    return Opaque("reference", etf)


def term(etf):
    return Opaque("term", etf)


def object(type_name, pickled):
    return Opaque("object", type_name, pickled)


def atom(text):
    return Opaque("atom", text)
