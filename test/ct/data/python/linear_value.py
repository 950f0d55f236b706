"""Values of the linearizability tests: each is made of its number alone. linear_value.erl makes the same ones."""

FORMS = 16


def encode(number):
    """The value of a number; linear_value.erl has the same forms."""
    form = number % FORMS
    if form < 4:
        return number
    if form < 10:
        return f"{number};" * (1, 6, 40, 400, 3000, 20000)[form - 4]
    if form < 13:
        return [number] * (2, 30, 500)[form - 10]
    return {"number": number, "parts": [number] * (3, 20, 200)[form - 13]}


def decode(value):
    """The number of a value that was got, or None and what is to be said of it."""
    try:
        if encode(claimed(value)) == value:
            return claimed(value), ""
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        pass
    return None, f"{type(value).__name__} of {len(repr(value))}: {repr(value)[:60]}"


def claimed(value):
    match value:
        case int():
            return value
        case str():
            return int(value.split(";", 1)[0])
        case list():
            return value[0]
        case _:
            return value["number"]
