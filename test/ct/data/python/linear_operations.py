"""What clients of the linearizability tests do with a whole dict, a list or locks: the operations of linear_dict.erl,
linear_list.erl and linear_lock.erl. linear_operations.erl has the same for Erlang.

Each gives a function and what was got, of which the function makes a term in Erlang's syntax, when the time is taken.
"""

import linear_value

NOTHING = object()


class Aborted(Exception):
    def __init__(self, read):
        super().__init__()
        self.read = read


def value(got):
    """None is what there is to say of a write: no value is None."""
    if got is NOTHING:
        return "missing"
    if got is None:
        return "ok"
    if type(got) is int:
        return str(got)
    number, text = linear_value.decode(got)
    return f'{{broken,"{text!a}"}}' if number is None else f"{{value,{number}}}"


def word(got):
    return str(got).lower()


def pair(got):
    return word(got) if got == "missing" else f'{{<<"{got[0]}">>,{value(got[1])}}}'


def values(got):
    return f"[{','.join(map(value, got))}]"


def pairs(got):
    return f"[{','.join(map(pair, got))}]"


def sorted_pairs(got):
    return pairs(sorted(got.items(), key=lambda item: item[0]))


def aborted(got):
    return f"{{aborted,{values(got)}}}"


def locked(got):
    return f"{{locked,{got}}}"


def encode(argument):
    """The values in it; they come as ("value", number)."""
    match argument:
        case ("value", int(number)):
            return linear_value.encode(number)
        case list() | tuple():
            return type(argument)(encode(part) for part in argument)
    return argument


def updated(before, n):
    return before + n if type(before) is int else n


def action(t, what):
    """One of a transaction's, on t; gives what it reads."""
    match what:
        case ("get", key):
            return t.get(key, NOTHING)
        case ("put", key, new):
            t[key] = new
        case ("del", key):
            t.pop(key, None)
        case ("inc", key, n):
            before = t.get(key, NOTHING)
            t[key] = updated(before, n)
            return before
        case ("copy", source, target):
            if (found := t.get(source, NOTHING)) is not NOTHING:
                t[target] = found
            return found
    return None


class Dict:
    def __init__(self, shared):
        self.shared = shared

    def do_set(self, key, new):
        self.shared[key] = new
        return word, "ok"

    def do_set_ttl(self, key, new, milliseconds, _tag):
        self.shared.put(key, new, ttl=milliseconds / 1000)
        return word, "ok"

    def do_get(self, key):
        return value, self.shared.get(key, NOTHING)

    def do_contains(self, key):
        return word, key in self.shared

    def do_del(self, key):
        try:
            del self.shared[key]
        except KeyError:
            return word, "missing"
        return word, "deleted"

    def do_take(self, key):
        return value, self.shared.pop(key, NOTHING)

    def do_put_new(self, key, new):
        return word, self.shared.put(key, new, skip_if_exists=True)

    def do_setdefault(self, key, new):
        return value, self.shared.setdefault(key, new)

    def number(self, name, key, n):
        return getattr(self.shared, name)(key, n)

    def calculate(self, name, key, n):
        try:
            return value, self.number(name, key, n)
        except TypeError:
            return word, "not_an_integer"
        except OverflowError:
            return word, "overflow"

    def do_add(self, key, n):
        return self.calculate("add", key, n)

    def do_sub(self, key, n):
        return self.calculate("sub", key, n)

    def do_bor(self, key, n):
        return self.calculate("bor", key, n)

    def do_bxor(self, key, n):
        return self.calculate("bxor", key, n)

    def do_band(self, key, n):
        return self.calculate("band", key, n)

    def do_swap(self, key, n):
        return self.calculate("swap", key, n)

    def do_cas(self, key, expected, new):
        return word, self.shared.cas(key, expected, new)

    def do_update(self, key, n, initial):
        def change(t):
            before = t.get(key, NOTHING)
            t[key] = after = initial if before is NOTHING else updated(before, n)
            return after

        return value, self.transact(change)

    def do_popitem(self):
        try:
            return pair, self.shared.popitem()
        except KeyError:
            return word, "missing"

    def do_clear(self):
        self.shared.clear()
        return word, "ok"

    def do_size(self):
        return word, len(self.shared)

    def do_items(self):
        return pairs, list(self.shared.items())

    def do_get_many(self, keys):
        return sorted_pairs, self.shared.get_many(keys)

    def do_set_many(self, new):
        self.shared.update(new)
        return word, "ok"

    def transact(self, function):
        return self.shared.transact(function)

    def do_transaction(self, actions):
        return values, self.transact(lambda t: [action(t, what) for what in actions])

    def do_abort(self, actions):
        def change(t):
            raise Aborted([action(t, what) for what in actions])

        try:
            self.transact(change)
        except Aborted as error:
            return aborted, error.read


class List:
    def __init__(self, shared):
        self.shared = shared

    def do_append(self, new):
        self.shared.append(new)
        return word, "ok"

    def do_extend(self, new):
        self.shared.extend(new)
        return word, "ok"

    def do_pop(self):
        return self.element(self.shared.pop)

    def do_pop_at(self, index):
        return self.element(self.shared.pop, index)

    def do_get_at(self, index):
        return self.element(self.shared.__getitem__, index)

    def do_set_at(self, index, new):
        return self.element(self.shared.__setitem__, index, new)

    def do_del_at(self, index):
        return self.element(self.shared.__delitem__, index)

    def element(self, function, *arguments):
        try:
            return value, function(*arguments)
        except IndexError:
            return word, "missing"

    def do_insert(self, index, new):
        self.shared.insert(index, new)
        return word, "ok"

    def do_size(self):
        return word, len(self.shared)

    def do_items(self):
        return values, self.shared.to_list()


class Locks:
    def __init__(self, shared):
        self.shared = shared
        self.held = {}

    def do_turn(self, key, _client, milliseconds):
        if (lock := self.held.pop(key, None)) is not None:
            self.release(lock)
            return word, "unlocked"
        lock = self.shared.lock(key)
        if not lock.acquire(milliseconds / 1000):
            return word, "busy"
        self.held[key] = lock
        return locked, lock.fence

    def do_leave(self, key, _client, _milliseconds):
        if (lock := self.held.pop(key, None)) is None:
            return word, "nothing"
        self.release(lock)
        return word, "unlocked"

    def release(self, lock):
        lock.release()
