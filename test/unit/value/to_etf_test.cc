// What test/golden/values.txt and the cross-check cannot say well: limits, forged pickles, options.
#include "value/to_etf.h"

#include <gtest/gtest.h>

#include <string>

#include "../base/hex.h"
#include "etf/validate.h"
#include "path_text.h"
#include "value/to_pickle.h"

namespace pyport::value {
namespace {

using test::hex;
using test::path_text;
using test::to_hex;

std::string etf_of(const Bytes& pickle, const ToEtfOptions& options = {}) {
  Bytes out;
  const Status status = to_etf(pickle, options, out);
  if (status.ok()) {
    EXPECT_TRUE(etf::validate_term(out).ok());
    return to_hex(out);
  }
  EXPECT_TRUE(out.empty());
  return status.error().detail + " " + path_text(status.error().path);
}

Bytes repeated(std::string_view start, std::size_t times, std::string_view middle, std::string_view end) {
  Bytes pickle = hex(start);
  const Bytes each = hex(middle);
  for (std::size_t i = 0; i < times; ++i) append(pickle, each);
  append(pickle, hex(end));
  return pickle;
}

TEST(ToEtf, AppendsToTheOutput) {
  Bytes out = hex("0102");
  EXPECT_TRUE(to_etf(hex("8005 4b07 2e"), {}, out).ok());
  EXPECT_EQ(to_hex(out), "01026107");
}

TEST(ToEtf, WritesNoneAsAsked) {
  EXPECT_EQ(etf_of(hex("8005 4e 2e")), to_hex(hex("77 04 'none'")));
  EXPECT_EQ(etf_of(hex("8005 4e 2e"), {NoneAtom::nil, 100}), to_hex(hex("77 03 'nil'")));
  EXPECT_EQ(etf_of(hex("8005 4e 2e"), {NoneAtom::undefined, 100}), to_hex(hex("77 09 'undefined'")));
}

TEST(ToEtf, KeepsToTheSizeLimit) {
  const Bytes text = repeated("8005 58 00010000", 256, "61", "2e");
  EXPECT_EQ(etf_of(text, {NoneAtom::none, 261}).size(), 2U * 261);
  Bytes out = hex("0102");
  const Status status = to_etf(text, {NoneAtom::none, 260}, out);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Errc::frame_too_large);
  EXPECT_GT(status.error().n, 260U);
  EXPECT_EQ(status.error().max, 260U);
  EXPECT_EQ(to_hex(out), "0102");
  // The last byte, which ends the list, counts too.
  EXPECT_EQ(etf_of(hex("8005 5d 4b01 61 2e"), {NoneAtom::none, 8}), "6c0000000161016a");
  EXPECT_EQ(etf_of(hex("8005 5d 4b01 61 2e"), {NoneAtom::none, 7}), "value []");
}

// [x, x] where x is the list of the level before: 2^60 elements from a few bytes.
TEST(ToEtf, AMemoBombEndsAtTheSizeLimit) {
  Bytes pickle = hex("8005 5d94");
  for (std::uint8_t level = 0; level < 60; ++level) {
    append(pickle, hex("5d94 28 68"));
    pickle.push_back(level);
    pickle.push_back('h');
    pickle.push_back(level);
    pickle.push_back('e');
  }
  // The stack holds all the levels; only the last may stay.
  for (int i = 0; i < 60; ++i) append(pickle, hex("86"));
  pickle.push_back('.');
  EXPECT_TRUE(is_plain(pickle));
  Bytes out;
  const Status status = to_etf(pickle, {NoneAtom::none, 1U << 20}, out);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Errc::frame_too_large);
}

TEST(ToEtf, LimitsTheDepth) {
  const std::string deepest = etf_of(repeated("8005 4b01", etf::kMaxDepth, "85", "2e"));
  EXPECT_EQ(deepest.substr(0, 8), "68016801");
  Bytes out;
  const Status status = to_etf(repeated("8005 4b01", etf::kMaxDepth + 1, "85", "2e"), {}, out);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().detail, "depth");
  EXPECT_EQ(status.error().path.size(), etf::kMaxDepth);
  EXPECT_EQ(etf_of(repeated("8005 4b01", 1000000, "85", "2e")).substr(0, 6), "depth ");
}

// An opaque term's own depth counts too, or the result could not be read again.
TEST(ToEtf, CountsTheDepthOfOpaqueTerms) {
  Bytes deep;
  for (int i = 0; i < 300; ++i) append(deep, hex("6c 00000001"));
  append(deep, hex("61 01"));
  for (int i = 0; i < 300; ++i) append(deep, hex("61 02"));
  Bytes pickle;
  ASSERT_TRUE(to_pickle(deep, pickle).ok());
  pickle.pop_back();
  Bytes fits = pickle;
  append(fits, repeated("", 212, "85", "2e"));
  EXPECT_EQ(etf_of(fits).substr(0, 4), "6801");
  append(pickle, repeated("", 213, "85", "2e"));
  EXPECT_EQ(etf_of(pickle).substr(0, 6), "depth ");
}

TEST(ToEtf, RefusesIntegersThatErlangCannotHold) {
  const auto power = [](std::uint32_t bytes) {
    Bytes pickle = hex("8005 8b");
    for (int shift = 0; shift < 32; shift += 8) pickle.push_back(static_cast<std::uint8_t>(bytes >> shift));
    pickle.insert(pickle.end(), bytes - 1, 0xFF);
    pickle.push_back(0x7F);
    pickle.push_back('.');
    return pickle;
  };
  EXPECT_EQ(etf_of(power(65535 * 8)).substr(0, 12), "6f0007fff800");
  EXPECT_EQ(etf_of(power(65535 * 8 + 1)), "too_large []");
}

TEST(ToEtf, ShortensIntegersThatAreLongerThanTheyNeed) {
  EXPECT_EQ(etf_of(hex("8005 8a 0a 05000000000000000000 2e")), "6105");
  EXPECT_EQ(etf_of(hex("8005 8a 0a ffffffffffffffffffff 2e")), "62ffffffff");
  EXPECT_EQ(etf_of(hex("8005 8a 00 2e")), "6100");
  EXPECT_EQ(etf_of(hex("8005 8a 09 000000000000008000 2e")), "6e08000000000000000080");
}

TEST(ToEtf, NamesThePathOfAnError) {
  // {'a': [0, {(1, '\ud800'): 2}]}
  EXPECT_EQ(etf_of(hex("8005 7d 8c01'a' 5d 28 4b00 7d 4b01 8c03 eda080 86 4b02 73 65 73 2e")),
            "surrogate [a,2,{1,<<\"\\ud800\">>}]");
  // {'k': {'x': 1, b'x': 2}}
  EXPECT_EQ(etf_of(hex("8005 7d 8c01'k' 7d 28 8c01'x' 4b01 4301'x' 4b02 75 73 2e")), "duplicate_key [k,x]");
}

TEST(ToEtf, ComparesKeysAcrossBatchesAndNesting) {
  EXPECT_EQ(etf_of(hex("8005 7d 8c01'x' 4b01 73 4301'x' 4b02 73 2e")), "duplicate_key [x]");
  EXPECT_EQ(etf_of(hex("8005 7d 28 8c01'x' 7d 28 8c01'y' 4b01 4301'z' 4b02 75 4301'x' 4b02 75 2e")),
            "duplicate_key [x]");
  EXPECT_EQ(etf_of(hex("8005 7d 28 8c01'x' 4b01 4301'y' 4b02 75 2e")).substr(0, 10), "7400000002");
  // {'x': {'y': 1, b'z': 2}, b'y': 3}: the inner keys are not the outer dict's.
  EXPECT_EQ(
      etf_of(hex("8005 7d 28 8c01'x' 7d 28 8c01'y' 4b01 4301'z' 4b02 75 4301'y' 4b03 75 2e")).substr(0, 10),
      "7400000002");
  // None and the atom none, True and the atom true.
  EXPECT_EQ(etf_of(hex("8005 7d 28 4e 4b01 8c07'_erlang' 8c04'atom' 93 8c04'none' 85 52 4b02 75 2e")),
            "duplicate_key [none]");
}

TEST(IsPlain, RefusesForgedPickles) {
  for (const char* bad : {
           "",
           "80",
           "8005",
           "8005 2e",     // nothing to give
           "8001 4e 2e",  // a protocol that is not one of ours
           "8006 4e 2e",
           "4e 2e",                           // no protocol
           "8005 4e",                         // no end
           "8005 4e4e 2e",                    // two values
           "8005 28 4e 2e",                   // an open mark
           "8005 4e 2e 4e",                   // something after the end
           "8005 95 ffffffffffffffff 4e 2e",  // a frame longer than the pickle
           "8005 8c 05 'abc' 2e",             // text longer than the pickle
           "8005 58 ffffffff 'abc' 2e",
           "8005 8d ffffffffffffffff 'a' 2e",
           "8005 8e 0000000000000080 2e",
           "8005 8b ffffffff 2e",  // negative length
           "8005 68 00 2e",        // memo entry that is not there
           "8005 6a ffffffff 2e",
           "8005 71 00 2e",                       // nothing to put
           "8005 4e 72 ffffff7f 2e",              // memo index beyond all reason
           "8005 61 2e",                          // append without a list
           "8005 4e 4e 61 2e",                    // append to None
           "8005 5d 65 2e",                       // no mark
           "8005 5d 28 4e 61 65 2e",              // append reaches below the mark
           "8005 5d 28 28 4e 65 65 2e",           // APPENDS to what is below an open mark
           "8005 4e 72 20000000 2e",              // memo index over the size of the pickle
           "8005 7d 28 4e 75 2e",                 // key without a value
           "8005 7d 5d 4e 73 2e",                 // list as key
           "8005 7d 7d 4e 73 2e",                 // dict as key
           "8005 7d 5d 85 4e 73 2e",              // tuple with a list as key
           "8005 8c 02 c328 2e",                  // text that is not UTF-8, surrogates or not
           "8005 52 2e",                          // call of nothing
           "8005 4e 29 52 2e",                    // call of None
           "8005 8c07'_erlang' 8c03'pid' 93 2e",  // a callable as value
           "8005 8c07'_erlang' 8c03'pid' 93 85 2e",
           "8005 5d 8c07'_erlang' 8c03'pid' 93 61 2e",
           "8005 8c07'_erlang' 8c03'pid' 93 29 52 2e",       // no argument
           "8005 8c07'_erlang' 8c03'pid' 93 4e 85 52 2e",    // wrong argument
           "8005 8c07'_erlang' 8c03'pid' 93 4301'x' 52 2e",  // no tuple
           "8005 8c07'_erlang' 8c06'object' 93 4301'x' 4301'y' 86 52 2e",
           "8005 8c07'_erlang' 8c06'object' 93 8c01'x' 8c01'y' 86 52 2e",
           "8005 8c07'_erlang' 8c04'atom' 93 4301'x' 85 52 2e",
           "8005 8c07'_erlang' 8c05'other' 93 4301'x' 85 52 2e",
           "8005 8c02'os' 8c06'system' 93 8c04'true' 85 52 2e",
           "8005 63'os' 0a 'system' 0a 2e",
           "8005 63'os' 2e",  // no end of line
           "8002 63'_codecs' 0a 'encode' 0a 58 02000000 c480 58 06000000 'latin1' 86 52 2e",  // U+0100
           "8002 63'_codecs' 0a 'encode' 0a 58 01000000 'a' 58 05000000 'utf-8' 86 52 2e",
           "8002 63'_codecs' 0a 'encode' 0a 58 01000000 'a' 85 52 2e",
           "8002 63'__builtin__' 0a 'bytes' 0a 4e 85 52 2e",
       }) {
    EXPECT_FALSE(is_plain(hex(bad))) << bad;
    EXPECT_EQ(etf_of(hex(bad)), "bad_pickle []") << bad;
  }
}

TEST(IsPlain, PopsItemsAndMarks) {
  EXPECT_EQ(etf_of(hex("8005 4e 4b07 30 2e")), to_hex(hex("77 04 'none'")));
  EXPECT_EQ(etf_of(hex("8005 4b01 28 30 4b02 86 2e")), "680261016102");  // POP of a mark
  EXPECT_EQ(etf_of(hex("8005 4b01 28 4b02 4b03 31 2e")), "6101");        // POP_MARK
}

TEST(IsPlain, RefusesEveryOpcodeItDoesNotKnow) {
  for (const char* op : {"49 '01' 0a",
                         "46 '1.5' 0a",
                         "4c '1L' 0a",
                         "53 27'a'27 0a",
                         "56 'a' 0a",
                         "54 00000000",
                         "55 00",
                         "81",
                         "92",
                         "62",
                         "8f",
                         "91",
                         "96 0000000000000000",
                         "97",
                         "82 01",
                         "50 'x' 0a",
                         "51",
                         "6f",
                         "69 'a' 0a 'b' 0a",
                         "6c",
                         "64",
                         "32"}) {
    Bytes pickle = hex("8005 28 4e 4e");
    append(pickle, hex(op));
    pickle.push_back('.');
    EXPECT_FALSE(is_plain(pickle)) << op;
  }
}

TEST(IsPlain, StaysTrueForValuesThatFail) {
  EXPECT_TRUE(is_plain(hex("8005 8c03 eda080 2e")));                               // surrogate
  EXPECT_TRUE(is_plain(hex("8005 7d 28 8c01'x' 4b01 4301'x' 4b02 75 2e")));        // duplicate key
  EXPECT_TRUE(is_plain(hex("8005 8c07'_erlang' 8c03'pid' 93 4301'x' 85 52 2e")));  // bad external
}

TEST(IsPlain, FindsCyclesOfEveryMake) {
  // l = [l]; d = {1: d}; l = [(l,)]; and a list that is in its own dict.
  for (const char* cycle : {"8005 5d94 6800 61 2e", "8005 7d94 4b01 6800 73 2e", "8005 5d94 6800 85 61 2e",
                            "8005 5d94 7d 4b01 6800 73 61 2e"}) {
    EXPECT_FALSE(is_plain(hex(cycle))) << cycle;
    EXPECT_EQ(etf_of(hex(cycle)), "cycle []") << cycle;
  }
  // Shared, but no cycle.
  EXPECT_TRUE(is_plain(hex("8005 5d 28 5d94 6800 65 2e")));
}

TEST(ObjectToEtf, WritesTheTripleWithinTheLimit) {
  Bytes out;
  EXPECT_TRUE(object_to_etf("a.B", hex("0102"), {}, out).ok());
  EXPECT_EQ(to_hex(out), to_hex(hex("68 03 77 09 'py_object' 6d 00000003 'a.B' 6d 00000002 0102")));
  const std::size_t size = out.size();
  EXPECT_TRUE(object_to_etf("a.B", hex("0102"), {NoneAtom::none, size}, out).ok());
  const Status status = object_to_etf("a.B", hex("0102"), {NoneAtom::none, size - 1}, out);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Errc::frame_too_large);
  EXPECT_EQ(status.error().n, size);
  EXPECT_EQ(out.size(), 2 * size);
}

}  // namespace
}  // namespace pyport::value
