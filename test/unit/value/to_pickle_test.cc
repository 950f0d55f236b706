// What test/golden/values.txt cannot say well: sizes, limits, flags and the state after an error.
#include "value/to_pickle.h"

#include <gtest/gtest.h>

#include <string>

#include "../base/hex.h"
#include "etf/validate.h"
#include "path_text.h"

namespace pyport::value {
namespace {

using test::hex;
using test::path_text;
using test::to_hex;

std::string pickled(const Bytes& term, bool* plain = nullptr) {
  EXPECT_TRUE(etf::validate_term(term).ok());
  Bytes out;
  const auto result = to_pickle(term, out);
  if (!result.ok()) return result.error().detail + " " + path_text(result.error().path);
  if (plain != nullptr) *plain = result->plain;
  return to_hex(out);
}

Bytes nested(std::size_t depth, const char* header, const char* inside, const char* trailer) {
  Bytes term;
  const Bytes before = hex(header);
  const Bytes after = hex(trailer);
  for (std::size_t i = 0; i < depth; ++i) append(term, before);
  append(term, hex(inside));
  for (std::size_t i = 0; i < depth; ++i) append(term, after);
  return term;
}

TEST(ToPickle, AppendsToTheOutputAndIgnoresWhatFollowsTheTerm) {
  Bytes out = hex("0102");
  EXPECT_TRUE(to_pickle(hex("6107 ffff"), out).ok());
  EXPECT_EQ(to_hex(out), "010280054b072e");
}

TEST(ToPickle, TakesAnythingToTheDepthLimit) {
  for (const char* header : {"68 01", "6c 00000001", "74 00000001 61 01"}) {
    const char* trailer = header[1] == 'c' ? "6a" : "";
    const std::string whole = pickled(nested(etf::kMaxDepth, header, "61 07", trailer));
    EXPECT_EQ(whole.substr(whole.size() - 2), "2e") << header;
  }
}

TEST(ToPickle, KeepsToTheDepthLimitByItself) {
  // Never passes the validator, but the converter's own stack must not grow either.
  Bytes out;
  const auto result = to_pickle(nested(etf::kMaxDepth + 1, "68 01", "61 07", ""), out);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().detail, "depth");
  EXPECT_EQ(result.error().path.size(), etf::kMaxDepth);
}

TEST(ToPickle, TellsObjectsFromPlainData) {
  bool plain = false;
  pickled(hex("68 02 61 01 61 02"), &plain);
  EXPECT_TRUE(plain);
  pickled(hex("6c 00000001 68 03 77 09 'py_object' 6d 00000001 'T' 6d 00000001 'P' 6a"), &plain);
  EXPECT_FALSE(plain);
  // An opaque term is plain whatever is inside it.
  pickled(hex("6c 00000001 68 03 77 09 'py_object' 6d 00000001 'T' 6d 00000001 'P' 61 01"), &plain);
  EXPECT_TRUE(plain);
}

TEST(ToPickle, TakesLookAlikesOfSpecialTuplesForTuples) {
  for (const char* tuple : {
           "68 03 77 09 'py_object' 6d 00000001 ff 6d 00000000",                  // type is no text
           "68 03 77 09 'py_object' 6d 00000000 61 01",                           // pickle is no binary
           "68 02 77 09 'py_object' 6d 00000000",                                 // too short
           "68 03 77 0c '$pyport_dict' 77 01 'n' 6d 0000000f '0123456789abcde'",  // 15 bytes
           "68 03 77 0c '$pyport_dict' 61 01 6d 00000010 '0123456789abcdef'",     // node is no atom
           "68 02 77 05 'bytes' 61 01",
           "68 03 77 05 'bytes' 6d 00000000 6d 00000000",
       }) {
    bool plain = false;
    const std::string pickle = pickled(hex(tuple), &plain);
    EXPECT_TRUE(plain) << tuple;
    EXPECT_EQ(pickle.find(to_hex(hex("'_erlang'"))), std::string::npos) << tuple;
    const std::string end = pickle.substr(pickle.size() - 4);
    EXPECT_TRUE(end == "862e" || end == "872e") << tuple;
  }
}

TEST(ToPickle, NamesThePathOfAnError) {
  // [ok, #{<<"k">> => {x, #{[] => 1}}}]
  EXPECT_EQ(
      pickled(
          hex("6c 00000002 77 02 'ok' 74 00000001 6d 00000001 'k' 68 02 77 01 'x' 74 00000001 6a 61 01 6a")),
      "unhashable_key [2,k,2,[]]");
  // A key that is an integer or a binary is itself in the path.
  EXPECT_EQ(pickled(hex("74 00000001 62 00010000 74 00000001 6d 00000002 fffe 74 00000001 6a 61 01")),
            "unhashable_key [65536,\\xff\\xfe,[]]");
}

TEST(ToPickle, ComparesKeysOnlyInOneMap) {
  // [#{1 => a}, #{1.0 => b}], and #{1 => #{1.0 => x}}
  EXPECT_EQ(
      pickled(hex("6c 00000002 74 00000001 61 01 77 01 'a' 74 00000001 46 3ff0000000000000 77 01 'b' 6a"))
          .substr(0, 4),
      "8005");
  EXPECT_EQ(pickled(hex("74 00000001 61 01 74 00000001 46 3ff0000000000000 77 01 'x'")).substr(0, 4), "8005");
  // #{1 => #{2 => []}, 2.0 => []}: the inner key is not the outer map's.
  EXPECT_EQ(pickled(hex("74 00000002 61 01 74 00000001 61 02 6a 46 4000000000000000 6a")).substr(0, 4),
            "8005");
  // The keys of an inner map do not hide a duplicate in the outer one.
  EXPECT_EQ(pickled(hex("74 00000002 61 01 74 00000002 61 05 6a 61 06 6a 46 3ff0000000000000 6a")),
            "duplicate_key [1.0]");
}

TEST(ToPickle, TakesKeysThatOnlyLookAlike) {
  // 1 and 1.5; text and bytes; {1, 2.5} and {1.0, 2}; a float over 2^63 and a near integer.
  for (const char* map : {
           "74 00000002 61 01 6a 46 3ff8000000000000 6a",
           "74 00000002 6d 00000001 'a' 6a 6d 00000001 ff 6a",
           "74 00000002 6d 00000001 'a' 6a 68 02 77 05 'bytes' 6d 00000001 'a' 6a",
           "74 00000002 68 02 61 01 46 4004000000000000 6a 68 02 46 3ff0000000000000 61 02 6a",
           "74 00000002 46 43e0000000000000 6a 6e 08 00 0100000000000080 6a",
           "74 00000002 68 00 6a 68 01 68 00 6a",
       }) {
    EXPECT_EQ(pickled(hex(map)).substr(0, 4), "8005") << map;
  }
  EXPECT_EQ(pickled(hex("74 00000002 46 43e0000000000000 6a 6e 08 00 0000000000000080 6a")),
            "duplicate_key [9223372036854775808]");
}

TEST(ToPickle, MakesImproperListsOpaqueWhereverTheyAre) {
  // As a key, in a key, inside each other.
  for (const char* term :
       {"74 00000001 6c 00000001 61 01 61 02 6a", "74 00000001 68 01 6c 00000001 61 01 61 02 6a",
        "6c 00000001 6c 00000001 61 01 61 02 61 03", "68 01 6c 00000002 6a 6c 00000001 61 01 6a 77 01 'x'"}) {
    EXPECT_NE(pickled(hex(term)).find(to_hex(hex("'_erlang'"))), std::string::npos) << term;
  }
  // A proper list as key stays an error when an improper one comes first.
  EXPECT_EQ(pickled(hex("68 02 6c 00000001 61 01 61 02 74 00000001 6c 00000001 61 01 6a 6a")),
            "unhashable_key [2,<list>]");
}

TEST(ToPickle, IsLinearInNestedImproperLists) {
  // Each level used to be a chance to copy all that is below it.
  Bytes big = hex("6d 00400000");
  big.insert(big.end(), std::size_t{4} << 20, 'x');
  Bytes term;
  for (int i = 0; i < 500; ++i) append(term, hex("6c 00000001"));
  append(term, big);
  for (int i = 0; i < 500; ++i) append(term, hex("61 01"));
  Bytes out;
  EXPECT_TRUE(to_pickle(term, out).ok());
  EXPECT_LT(out.size(), term.size() + 100);
}

}  // namespace
}  // namespace pyport::value
