#include "table/siphash.h"

#include <gtest/gtest.h>

#include <array>
#include <string_view>

namespace pyport::table {
namespace {

constexpr SipKey kPaperKey{0x0706050403020100, 0x0f0e0d0c0b0a0908};

// The example worked through in the appendix of the paper: key 00..0f, message 00..0e.
TEST(SipHash, GivesThePapersExample) {
  std::array<std::uint8_t, 15> message;
  for (std::size_t i = 0; i < message.size(); ++i) message[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ((sip_hash<2, 4>(kPaperKey, message)), 0xa129ca6149be45e5u);
}

// CPython >= 3.11 hashes bytes with SipHash-1-3; PYTHONHASHSEED=0 makes its key zero. Made with:
// PYTHONHASHSEED=0 python3 -c 'print(hex(hash(b"...") % 2**64))'
TEST(SipHash, OneThreeAgreesWithCPython) {
  const auto hash = [](std::string_view text) { return sip_hash<1, 3>(SipKey{}, as_bytes(text)); };
  EXPECT_EQ(hash("a"), 0x407448d2b89b1813u);
  EXPECT_EQ(hash("abcdefg"), 0x6db12aae9070f506u);
  EXPECT_EQ(hash("abcdefgh"), 0x3f7b849c0b8e35eau);
  EXPECT_EQ(hash("configuration/listener/port"), 0xd7b7457cbcfbef88u);
}

TEST(SipHash, DependsOnTheKey) {
  const ByteSpan text = as_bytes("key");
  EXPECT_NE((sip_hash<1, 3>(SipKey{1, 0}, text)), (sip_hash<1, 3>(SipKey{0, 1}, text)));
}

}  // namespace
}  // namespace pyport::table
