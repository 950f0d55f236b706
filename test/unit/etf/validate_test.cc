#include "etf/validate.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "../base/hex.h"

namespace pyport::etf {
namespace {

using test::hex;

struct Case {
  const char* name;
  const char* term;  // hex, without the version byte
};

// One well-formed term for each tag and border.
const std::vector<Case> kGood = {
    {"small integer", "61 00"},
    {"integer", "62 80000000"},
    {"float", "46 3ff0000000000000"},
    {"negative zero", "46 8000000000000000"},
    {"largest float", "46 7fefffffffffffff"},
    {"small UTF-8 atom", "77 03 'abc'"},
    {"empty atom", "77 00"},
    {"UTF-8 atom", "76 0002 c3a9"},
    {"small Latin-1 atom", "73 01 e9"},
    {"Latin-1 atom", "64 0002 e9ea"},
    {"binary", "6d 00000003 000102"},
    {"empty binary", "6d 00000000"},
    {"bitstring", "4d 00000001 03 e0"},
    {"empty bitstring", "4d 00000000 00"},
    {"string", "6b 0002 0102"},
    {"nil", "6a"},
    {"list", "6c 00000002 6101 6102 6a"},
    {"improper list", "6c 00000001 6101 6102"},
    {"small tuple", "68 02 6101 6102"},
    {"empty tuple", "68 00"},
    {"large tuple", "69 00000001 6101"},
    {"map", "74 00000001 6101 6102"},
    {"empty map", "74 00000000"},
    {"small big", "6e 01 00 ff"},
    {"negative small big", "6e 01 01 ff"},
    {"small big without digits", "6e 00 00"},
    {"large big", "6f 00000002 00 ffff"},
    {"pid", "67 77 01 'n' 00000001 00000002 03"},
    {"new pid", "58 77 01 'n' 00000001 00000002 00000003"},
    {"port", "66 77 01 'n' 00000001 03"},
    {"new port", "59 77 01 'n' 00000001 00000003"},
    {"V4 port", "78 77 01 'n' 0000000000000001 00000003"},
    {"old reference", "65 77 01 'n' 00000001 03"},
    {"new reference", "72 0001 64 0001 'n' 03 00000001"},
    {"newer reference", "5a 0005 77 01 'n' 00000003 00000001 00000002 00000003 00000004 00000005"},
    {"export", "71 77 01 'm' 77 01 'f' 61 02"},
    {"fun",
     "70 00000037 02 00112233445566778899aabbccddeeff 00000001 00000000 77 01 'm' 61 00 62 00000007"
     " 58 77 01 'n' 00000001 00000002 00000003"},
    {"fun with a variable",
     "70 00000039 02 00112233445566778899aabbccddeeff 00000001 00000001 77 01 'm' 61 00 62 00000007"
     " 58 77 01 'n' 00000001 00000002 00000003 61 05"},
};

Bytes with_version(const Bytes& term) {
  Bytes body = hex("83");
  append(body, term);
  return body;
}

TEST(Validate, AcceptsEveryTag) {
  for (const Case& good : kGood) {
    const Bytes term = hex(good.term);
    const Status status = validate_term(term);
    EXPECT_TRUE(status.ok()) << good.name << ": " << (status.ok() ? "" : status.error().detail);
    EXPECT_TRUE(validate(with_version(term)).ok()) << good.name;
  }
}

TEST(Validate, RefusesEveryTruncation) {
  for (const Case& good : kGood) {
    const Bytes term = hex(good.term);
    for (std::size_t size = 0; size < term.size(); ++size) {
      // An exact copy, so that AddressSanitizer sees any read behind it.
      const Bytes part(term.begin(), term.begin() + static_cast<std::ptrdiff_t>(size));
      const Status status = validate_term(part);
      ASSERT_FALSE(status.ok()) << good.name << " cut at " << size;
      EXPECT_EQ(status.error().code, Errc::bad_etf);
    }
  }
}

TEST(Validate, RefusesBytesAfterTheTerm) {
  for (const Case& good : kGood) {
    Bytes term = hex(good.term);
    term.push_back(0x6a);
    const Status status = validate_term(term);
    ASSERT_FALSE(status.ok()) << good.name;
    EXPECT_EQ(status.error().detail, "bytes after the term at byte " + std::to_string(term.size() - 1));
  }
}

TEST(Validate, AcceptsEveryTermInsideContainers) {
  for (const Case& good : kGood) {
    for (const char* around : {"68 02 61 01", "6c 00000001 61 01", "74 00000001 61 01"}) {
      Bytes term = hex(around);
      append(term, hex(good.term));
      EXPECT_TRUE(validate_term(term).ok()) << good.name << " in " << around;
    }
  }
}

struct BadCase {
  const char* term;
  const char* why;
};

TEST(Validate, SaysWhatIsWrongAndWhere) {
  const std::vector<BadCase> cases = {
      {"", "truncated term at byte 0"},
      {"00", "unknown tag at byte 0"},
      {"50 00000001 789c", "unknown tag at byte 0"},                            // compressed
      {"52 00", "unknown tag at byte 0"},                                       // atom cache reference
      {"63 '1.00000000000000000000e+00' 0000000000", "unknown tag at byte 0"},  // text float
      {"75 00000000", "unknown tag at byte 0"},                                 // old fun
      {"79 00", "unknown tag at byte 0"},                                       // local
      {"83 6a", "unknown tag at byte 0"},                                       // a second version byte
      {"68 02 61 01 00", "unknown tag at byte 4"},
      {"46 7ff0000000000000", "float is not finite at byte 0"},
      {"46 fff0000000000000", "float is not finite at byte 0"},
      {"46 7ff8000000000000", "float is not finite at byte 0"},
      {"77 01 ff", "atom is not UTF-8 at byte 0"},
      {"77 03 eda080", "atom is not UTF-8 at byte 0"},
      {"76 0001 80", "atom is not UTF-8 at byte 0"},
      {"6c 00000000 6a", "list without elements at byte 0"},
      {"6c 7fffffff 6a", "list length over the bytes left at byte 0"},
      {"6c ffffffff 6a", "list length over the bytes left at byte 0"},
      {"6c 00000001 6a", "list length over the bytes left at byte 0"},  // no room for the tail
      {"69 7fffffff 6a", "tuple arity over the bytes left at byte 0"},
      {"68 02 6a", "tuple arity over the bytes left at byte 0"},
      {"74 7fffffff 6a6a", "map size over the bytes left at byte 0"},
      {"74 ffffffff 6a6a", "map size over the bytes left at byte 0"},
      {"6d 7fffffff 00", "truncated binary at byte 0"},
      {"6d ffffffff", "truncated binary at byte 0"},
      {"4d 00000001 00 00", "bad bit count of bitstring at byte 0"},
      {"4d 00000001 09 00", "bad bit count of bitstring at byte 0"},
      {"4d 00000000 01", "bad bit count of bitstring at byte 0"},
      {"6e 01 02 01", "bad sign of integer at byte 0"},
      {"6f ffffffff 00", "truncated integer at byte 0"},
      {"58 6a 00000001 00000002 00000003", "atom expected at byte 0"},
      {"58 77 01 ff 00000001 00000002 00000003", "atom is not UTF-8 at byte 0"},
      {"5a 0000 77 01 'n' 00000003", "bad length of reference at byte 0"},
      {"5a 0006 77 01 'n' 00000003 000000000000000000000000000000000000000000000000",
       "bad length of reference at byte 0"},
      {"71 77 01 'm' 77 01 'f' 62 00000002", "integer expected at byte 0"},
      {"71 77 01 'm' 61 01 61 02", "atom expected at byte 0"},
      // A fun whose size is one more or less than what it holds, or less than its fixed part.
      {"70 00000038 02 00112233445566778899aabbccddeeff 00000001 00000000 77 01 'm' 61 00 62 00000007"
       " 58 77 01 'n' 00000001 00000002 00000003 6a",
       "wrong size of fun at byte 0"},
      {"70 00000036 02 00112233445566778899aabbccddeeff 00000001 00000000 77 01 'm' 61 00 62 00000007"
       " 58 77 01 'n' 00000001 00000002 00000003",
       "wrong size of fun at byte 0"},
      {"70 0000003a 02 00112233445566778899aabbccddeeff 00000001 00000001 77 01 'm' 61 00 62 00000007"
       " 58 77 01 'n' 00000001 00000002 00000003 61 05 6a",
       "wrong size of fun at byte 56"},
      {"70 0000001c 02 00112233445566778899aabbccddeeff 00000001 00000000", "wrong size of fun at byte 0"},
      {"70 00000037 02 00112233445566778899aabbccddeeff 00000001 00000000 77 01 'm' 61 00 46 000000"
       " 58 77 01 'n' 00000001 00000002 00000003",
       "truncated fun at byte 0"},
      {"70 00000037 02 00112233445566778899aabbccddeeff 00000001 00000000 77 01 'm' 61 00 6a 00000000"
       " 58 77 01 'n' 00000001 00000002 00000003",
       "integer expected at byte 0"},
      {"70 00000037 02 00112233445566778899aabbccddeeff 00000001 7fffffff 77 01 'm' 61 00 62 00000007"
       " 58 77 01 'n' 00000001 00000002 00000003",
       "fun variables over the bytes left at byte 0"},
  };
  for (const BadCase& bad : cases) {
    const Status status = validate_term(hex(bad.term));
    ASSERT_FALSE(status.ok()) << bad.term;
    EXPECT_EQ(status.error().code, Errc::bad_etf);
    EXPECT_EQ(status.error().detail, bad.why) << bad.term;
  }
}

TEST(Validate, WantsTheVersionByteOfABody) {
  EXPECT_EQ(validate({}).error().detail, "empty body at byte 0");
  EXPECT_EQ(validate(hex("6a")).error().detail, "no version byte at byte 0");
  EXPECT_EQ(validate(hex("82 6a")).error().detail, "no version byte at byte 0");
  EXPECT_EQ(validate(hex("83")).error().detail, "truncated term at byte 1");
  EXPECT_EQ(validate(hex("83 6d 00000005 00")).error().detail, "truncated binary at byte 1");
  EXPECT_TRUE(validate(hex("83 6a")).ok());
}

Bytes atom_of(std::size_t characters, const char* character) {
  Bytes text;
  for (std::size_t i = 0; i < characters; ++i) append(text, as_bytes(character));
  Bytes term = hex("76");
  append_u16(term, static_cast<std::uint16_t>(text.size()));
  append(term, text);
  return term;
}

TEST(Validate, CountsAtomsInCharacters) {
  EXPECT_TRUE(validate_term(atom_of(255, "a")).ok());
  EXPECT_TRUE(validate_term(atom_of(255, "\U0001F600")).ok());
  EXPECT_EQ(validate_term(atom_of(256, "a")).error().detail, "atom over 255 characters at byte 0");
  EXPECT_EQ(validate_term(atom_of(256, "\u00e9")).error().detail, "atom over 255 characters at byte 0");
  Bytes latin1 = atom_of(256, "a");
  latin1[0] = 0x64;
  EXPECT_EQ(validate_term(latin1).error().detail, "atom over 255 characters at byte 0");
}

// `depth` one-element containers around an empty list.
Bytes nested(std::size_t depth, const char* header, const char* trailer) {
  Bytes term;
  const Bytes before = hex(header);
  const Bytes after = hex(trailer);
  for (std::size_t i = 0; i < depth; ++i) append(term, before);
  append(term, hex("6a"));
  for (std::size_t i = 0; i < depth; ++i) append(term, after);
  return term;
}

TEST(Validate, LimitsTheDepthOfEveryContainer) {
  const struct {
    const char *header, *trailer;
  } containers[] = {{"68 01", ""},         {"69 00000001", ""},    {"6c 00000001", "6a"},
                    {"74 00000001", "6a"}, {"74 00000001 6a", ""}, {"6c 00000001 6a", ""}};
  for (const auto& container : containers) {
    const Bytes deepest = nested(kMaxDepth, container.header, container.trailer);
    EXPECT_TRUE(validate_term(deepest).ok()) << container.header;
    EXPECT_EQ(*validated_depth(deepest), kMaxDepth);
    const Status deeper = validate_term(nested(kMaxDepth + 1, container.header, container.trailer));
    ASSERT_FALSE(deeper.ok()) << container.header;
    EXPECT_EQ(deeper.error().detail.substr(0, 14), "depth over 512");
  }
  EXPECT_FALSE(validate_term(nested(1000000, "68 01", "")).ok());
}

TEST(Validate, TellsTheDepth) {
  EXPECT_EQ(*validated_depth(hex("61 01")), 0U);
  EXPECT_EQ(*validated_depth(hex("68 00")), 0U);
  EXPECT_EQ(*validated_depth(hex("68 02 68 01 61 01 61 02")), 2U);
  EXPECT_FALSE(validated_depth(hex("68")).ok());
}

TEST(Validate, IsLinearInWideTerms) {
  constexpr std::uint32_t kElements = 1000000;
  Bytes term = hex("6c");
  append_u32(term, kElements);
  term.insert(term.end(), kElements + 1, 0x6a);
  EXPECT_TRUE(validate_term(term).ok());
}

}  // namespace
}  // namespace pyport::etf
