#include "protocol/header.h"

#include <gtest/gtest.h>

namespace pyport::protocol {
namespace {

TEST(Header, IsParsedAsAppended) {
  Bytes frame;
  append_header(frame, Op::call, 0xFEDCBA98, kAny | kNoReply);
  EXPECT_EQ(frame, (Bytes{1, 0x20, 0, 3, 0xFE, 0xDC, 0xBA, 0x98}));
  const auto header = parse_header(frame);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->version, 1);
  EXPECT_EQ(header->op, Op::call);
  EXPECT_EQ(header->id, 0xFEDCBA98u);
  EXPECT_TRUE(header->any());
  EXPECT_TRUE(header->no_reply());
}

TEST(Header, ShortFrameHasNone) {
  EXPECT_FALSE(parse_header(Bytes{}));
  EXPECT_FALSE(parse_header(Bytes(7, 1)));
  EXPECT_TRUE(parse_header(Bytes(8, 1)));
}

TEST(Header, EveryOperationHasAName) {
  EXPECT_EQ(op_name(Op::create), "NEW");
  EXPECT_EQ(op_name(Op::cast_failed), "CAST_FAILED");
  int named = 0;
  for (int op = 0; op < 256; ++op) named += op_name(static_cast<Op>(op)) != "?" ? 1 : 0;
  EXPECT_EQ(named, 54);
}

}  // namespace
}  // namespace pyport::protocol
