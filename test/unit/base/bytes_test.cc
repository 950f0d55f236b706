#include "base/bytes.h"

#include <gtest/gtest.h>

#include "hex.h"

namespace pyport {
namespace {

using test::hex;
using test::to_hex;

TEST(Bytes, IntegersAreBigEndian) {
  Bytes out;
  append_u16(out, 0x0102);
  append_u32(out, 0xA1B2C3D4);
  EXPECT_EQ(to_hex(out), "0102a1b2c3d4");
  EXPECT_EQ(load_u16(&out[0]), 0x0102);
  EXPECT_EQ(load_u32(&out[2]), 0xA1B2C3D4U);
  store_u32(&out[1], 0xFFFFFFFE);
  EXPECT_EQ(to_hex(out), "01fffffffed4");
}

TEST(Bytes, TextAndBytesAreViewsOfEachOther) {
  const std::string_view text("a\0b", 3);
  EXPECT_EQ(to_hex(as_bytes(text)), "610062");
  EXPECT_EQ(as_text(as_bytes(text)), text);
  Bytes out = hex("00");
  append(out, as_bytes(text));
  EXPECT_EQ(to_hex(out), "00610062");
}

}  // namespace
}  // namespace pyport
