"""Prints test/golden/conversions.txt, with numpy installed. Run from the repository's root:

.setup/packages/bin/python test/golden/conversions.py > test/golden/conversions.txt
"""

import collections
import datetime
import decimal
import fractions
import pickle
import uuid
import warnings
import zoneinfo

import numpy

HEAD = """\
# Pickles of objects that have a usual form in Erlang, and of some that look like it and have none.
# Made by test/golden/conversions.py; read by the C++ tests.
#
# A line is `kind | Python | Erlang | pickles`: the conversion to ask for, the object, the Erlang term that it
# becomes or `object` when it stays one, and its pickles of the protocols 2 to 5, those that are alike but once.
"""

NAMES = {
    "D": datetime.date,
    "T": datetime.time,
    "DT": datetime.datetime,
    "Delta": datetime.timedelta,
    "Zone": datetime.timezone,
    "Decimal": decimal.Decimal,
    "UUID": uuid.UUID,
    "np": numpy,
    "collections": collections,
    "fractions": fractions,
    "uuid": uuid,
    "zoneinfo": zoneinfo,
}

ROWS = [
    ("set", "set()", "#{}"),
    ("set", "{1}", "#{1=>[]}"),
    ("set", "{1, 2, 3}", "#{1=>[],2=>[],3=>[]}"),
    ("set", "frozenset()", "#{}"),
    ("set", "frozenset(['a'])", '#{<<"a">>=>[]}'),
    ("set", "[{1}, {'k': frozenset([2])}, ({3},)]", '[#{1=>[]},#{<<"k">>=>#{2=>[]}},{#{3=>[]}}]'),
    ("set", "[s := {1}, s]", "[#{1=>[]},#{1=>[]}]"),
    ("set", "{frozenset([1]): {frozenset([frozenset()])}}", "#{#{1=>[]}=>#{#{#{}=>[]}=>[]}}"),
    ("set", "{(1, frozenset([2]))}", "#{{1,#{2=>[]}}=>[]}"),
    ("set", "{D(2026, 11, 21)}", "object"),
    ("set", "collections.Counter('a')", "object"),
    ("datetime", "D(2026, 11, 21)", "{2026,11,21}"),
    ("datetime", "D(1, 1, 1)", "{1,1,1}"),
    ("datetime", "D(2024, 2, 29)", "{2024,2,29}"),
    ("datetime", "T()", "{0,0,0}"),
    ("datetime", "T(23, 59, 58)", "{23,59,58}"),
    ("datetime", "T(10, 2, 3, 999999)", "{10,2,3,999999}"),
    ("datetime", "T(10, tzinfo=Zone.utc)", "object"),
    ("datetime", "DT(2026, 11, 21, 10)", "{{2026,11,21},{10,0,0}}"),
    ("datetime", "DT(2026, 11, 21, 10, 0, 0, 65537)", "{{2026,11,21},{10,0,0,65537}}"),
    ("datetime", "DT(2026, 11, 21, 10, 0, 0, 1, tzinfo=Zone.utc)", '<<"2026-11-21T10:00:00.000001+00:00">>'),
    ("datetime", "DT(1, 2, 3, 4, tzinfo=Zone(Delta(hours=1)))", '<<"0001-02-03T04:00:00+01:00">>'),
    ("datetime", "DT(2026, 11, 21, tzinfo=Zone(Delta(hours=-3, minutes=-30)))", '<<"2026-11-21T00:00:00-03:30">>'),
    ("datetime", "DT(2026, 11, 21, tzinfo=Zone(Delta(hours=23, minutes=59)))", '<<"2026-11-21T00:00:00+23:59">>'),
    ("datetime", "DT(2026, 11, 21, tzinfo=Zone(Delta(seconds=3601)))", "object"),
    ("datetime", "DT(2026, 11, 21, tzinfo=Zone(Delta(hours=1), 'CET'))", "object"),
    ("datetime", "DT(2026, 11, 21, tzinfo=zoneinfo.ZoneInfo('Europe/Berlin'))", "object"),
    ("datetime", "Zone.utc", "object"),
    ("datetime", "[Zone.utc]", "object"),
    ("datetime", "Delta()", "0"),
    ("datetime", "Delta(-1, 5, 7)", "-86394999993"),
    ("datetime", "Delta.max", "86399999999999999999"),
    ("datetime", "Delta.min", "-86399999913600000000"),
    ("datetime", "Delta(days=106751991, seconds=14454, microseconds=775807)", "9223372036854775807"),
    ("datetime", "[d := D(2026, 1, 2), d, {d: d}]", "[{2026,1,2},{2026,1,2},#{{2026,1,2}=>{2026,1,2}}]"),
    ("decimal", "Decimal('1.10')", '<<"1.10">>'),
    ("decimal", "Decimal('-0E-7')", '<<"-0E-7">>'),
    ("decimal", "Decimal('-Infinity')", '<<"-Infinity">>'),
    ("decimal", "Decimal('sNaN12')", '<<"sNaN12">>'),
    ("decimal", "{Decimal(2): [Decimal(1)]}", '#{<<"2">>=>[<<"1">>]}'),
    ("decimal", "fractions.Fraction(1, 2)", "object"),
    ("uuid", "UUID(int=5)", '<<"00000000-0000-0000-0000-000000000005">>'),
    ("uuid", "UUID('ab44553a-280d-41b0-b052-b0f1ccef1256')", '<<"ab44553a-280d-41b0-b052-b0f1ccef1256">>'),
    ("uuid", "UUID(int=2**127 - 1)", '<<"7fffffff-ffff-ffff-ffff-ffffffffffff">>'),
    ("uuid", "UUID(int=2**128 - 1)", '<<"ffffffff-ffff-ffff-ffff-ffffffffffff">>'),
    ("uuid", "UUID(int=5, is_safe=uuid.SafeUUID.unsafe)", '<<"00000000-0000-0000-0000-000000000005">>'),
    ("uuid", "UUID(int=5, is_safe=uuid.SafeUUID.safe)", '<<"00000000-0000-0000-0000-000000000005">>'),
    ("uuid", "{1: (u := UUID(int=1)), u: 2}",
     '#{1=><<"00000000-0000-0000-0000-000000000001">>,<<"00000000-0000-0000-0000-000000000001">>=>2}'),
    ("uuid", "UUID", "object"),
    ("numpy", "np.bool_(True)", "true"),
    ("numpy", "np.bool_(False)", "false"),
    ("numpy", "np.int8(-128)", "-128"),
    ("numpy", "np.int16(-2)", "-2"),
    ("numpy", "np.int32(2**31 - 1)", "2147483647"),
    ("numpy", "np.int64(-(2**63))", "-9223372036854775808"),
    ("numpy", "np.longlong(7)", "7"),
    ("numpy", "np.uint8(255)", "255"),
    ("numpy", "np.uint16(65535)", "65535"),
    ("numpy", "np.uint32(2**32 - 1)", "4294967295"),
    ("numpy", "np.uint64(2**64 - 1)", "18446744073709551615"),
    ("numpy", "np.float16(0.1)", "0.0999755859375"),
    ("numpy", "np.float16(-6e-8)", "-5.960464477539063e-08"),
    ("numpy", "np.float16(65504)", "65504.0"),
    ("numpy", "np.float16('-inf')", "neg_infinity"),
    ("numpy", "np.float16('nan')", "nan"),
    ("numpy", "np.float32(0.1)", "0.10000000149011612"),
    ("numpy", "np.float32('inf')", "infinity"),
    ("numpy", "np.float64(-0.0)", "-0.0"),
    ("numpy", "np.float64(2.5)", "2.5"),
    ("numpy", "np.float64('nan')", "nan"),
    ("numpy", "[np.float64(1.5), np.int8(1), np.float64(2)]", "[1.5,1,2.0]"),
    ("numpy", "{np.int32(1): np.bool_(True), np.float32(0.5): ()}", "#{1=>true,0.5=>{}}"),
    ("numpy", "np.complex64(1)", "object"),
    ("numpy", "np.str_('a')", "object"),
    ("numpy", "np.bytes_(b'a')", "object"),
    ("numpy", "np.datetime64('2026-01-01')", "object"),
    ("numpy", "np.dtype('i8')", "object"),
    ("numpy", "np.array([1])", "object"),
    ("all", "[{D(2026, 1, 2)}, Decimal(1), {'u': UUID(int=1)}, np.int8(3), T(1)]",
     '[#{{2026,1,2}=>[]},<<"1">>,#{<<"u">>=><<"00000000-0000-0000-0000-000000000001">>},3,{1,0,0}]'),
    ("all", "[D(2026, 1, 2), 1j]", "object"),
    ("all", "bytearray(b'a')", "object"),
    ("all", "range(3)", "object"),
]  # fmt: skip


def pickles(value) -> list[str]:
    found = []
    for protocol in range(2, 6):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pickled = pickle.dumps(value, protocol).hex()
        if not found or pickled[4:] != found[-1][4:]:
            found.append(pickled)
    return found


print(HEAD, end="")
for kind, python, erlang in ROWS:
    print(f"{kind} | {python} | {erlang} | {' '.join(pickles(eval(python, dict(NAMES))))}")
