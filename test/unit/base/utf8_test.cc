#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string>

#include "hex.h"

namespace pyport {
namespace {

using test::hex;

bool valid(std::string_view text) { return is_utf8(as_bytes(text)); }

TEST(Utf8, AcceptsEveryLength) {
  EXPECT_TRUE(valid(""));
  EXPECT_TRUE(valid("plain"));
  EXPECT_TRUE(valid("more than eight ASCII characters"));
  EXPECT_TRUE(valid("\u00e9\u20ac\U0001F600"));
  EXPECT_TRUE(is_utf8(hex("00 7f c280 dfbf e0a080 ed9fbf ee8080 efbfbf f0908080 f48fbfbf")));
}

TEST(Utf8, RefusesWhatTheStandardRefuses) {
  for (const char* bad : {"80", "bf", "c0 80", "c1 bf", "e0 9f bf", "ed a0 80", "ed bf bf", "f0 8f bf bf",
                          "f4 90 80 80", "f5 80 80 80", "ff", "fe"}) {
    EXPECT_FALSE(is_utf8(hex(bad))) << bad;
  }
}

TEST(Utf8, RefusesTruncatedSequences) {
  for (const char* bad : {"c2", "e2", "e2 82", "f0", "f0 9f", "f0 9f 98", "e2 82 41", "f0 9f 98 41"}) {
    EXPECT_FALSE(is_utf8(hex(bad))) << bad;
  }
}

TEST(Utf8, FindsABadByteAtEachOffsetOfALongText) {
  for (std::size_t at = 0; at < 40; ++at) {
    std::string text(40, 'x');
    EXPECT_TRUE(valid(text));
    text[at] = '\x80';
    EXPECT_FALSE(valid(text)) << at;
  }
}

// The definition itself: encodes every code point, and checks every three-byte sequence against it.
TEST(Utf8, AgreesWithTheDefinitionForTwoAndThreeBytes) {
  for (unsigned first = 0x80; first < 0xF0; ++first) {
    for (unsigned second = 0; second < 0x100; ++second) {
      const std::uint8_t two[] = {static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(second)};
      const bool continued = second >= 0x80 && second < 0xC0;
      EXPECT_EQ(is_utf8(two), first >= 0xC2 && first < 0xE0 && continued);
      const unsigned code_point = ((first & 0xF) << 12) | ((second & 0x3F) << 6);
      const bool surrogate = code_point >= 0xD800 && code_point < 0xE000;
      const std::uint8_t three[] = {two[0], two[1], 0x80};
      EXPECT_EQ(is_utf8(three), first >= 0xE0 && continued && code_point >= 0x800 && !surrogate);
    }
  }
}

}  // namespace
}  // namespace pyport
