#include "base/utf8_check.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "base/utf8.h"

namespace pyport {
namespace {

bool checked(ByteSpan bytes, std::size_t part) {
  Utf8Check check;
  for (std::size_t at = 0; at < bytes.size(); at += part)
    check.feed(bytes.subspan(at, std::min(part, bytes.size() - at)));
  return check.valid();
}

TEST(Utf8Check, IsAsTheCheckOfTheWhole) {
  const std::string_view texts[] = {"",
                                    "ascii",
                                    "\xC3\xA9t\xC3\xA9",
                                    "\xE2\x82\xAC\xE2\x82\xAC",
                                    "\xF0\x9F\x90\x8D!\xF0\x9F\x90\x8D",
                                    "a\x80",
                                    "\xC3",
                                    "\xE2\x82",
                                    "\xF0\x9F\x90",
                                    "\xC3\xC3\xA9",
                                    "\xED\xA0\x80",
                                    "\xC0\x80",
                                    "\xF4\x90\x80\x80",
                                    "\xF8\x88\x80\x80\x80",
                                    "\xE2\x82"
                                    "a",
                                    "\x80\x80\x80\x80",
                                    "ab\xFF"};
  for (const std::string_view text : texts)
    for (std::size_t part = 1; part < 9; ++part)
      EXPECT_EQ(checked(as_bytes(text), part), is_utf8(as_bytes(text))) << text << " by " << part;
}

TEST(Utf8Check, OfRandomBytesInRandomParts) {
  std::mt19937 random(7);
  const std::string_view pieces[] = {"a",    "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x90\x8D",
                                     "\x80", "\xE2",     "\xF0\x9F"};
  int valid = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (auto left = random() % 12; left > 0; --left) {
      const bool whole = random() % 16 != 0;
      text += pieces[whole ? random() % 4 : random() % std::size(pieces)];
    }
    Utf8Check check;
    for (ByteSpan left = as_bytes(text); !left.empty();) {
      const std::size_t part = random() % (left.size() + 1);
      check.feed(left.first(part));
      left = left.subspan(part);
    }
    ASSERT_EQ(check.valid(), is_utf8(as_bytes(text))) << round;
    valid += check.valid() ? 1 : 0;
  }
  EXPECT_GT(valid, 5000);
  EXPECT_LT(valid, 18000);
}

}  // namespace
}  // namespace pyport
