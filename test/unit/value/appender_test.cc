#include "value/appender.h"

#include <gtest/gtest.h>

#include <string>

namespace pyport::value {
namespace {

// Writes of every size, small and large in turn, across the ends of the chunk.
TEST(Appender, GivesTheBytesInOrder) {
  Bytes out = {0xAA};
  Bytes expected{0xAA};
  Appender appender(out);
  for (std::size_t size = 0; size < 1500; size += 7) {
    const Bytes data(size, static_cast<std::uint8_t>(size));
    appender.bytes(data);
    append(expected, data);
    appender.byte(static_cast<std::uint8_t>(size + 1));
    expected.push_back(static_cast<std::uint8_t>(size + 1));
    std::uint8_t* const room = appender.room();
    for (std::size_t i = 0; i < Appender::kSmall; ++i) room[i] = static_cast<std::uint8_t>(i);
    appender.wrote(size % Appender::kSmall);
    expected.insert(expected.end(), room, room + size % Appender::kSmall);
    ASSERT_EQ(appender.size(), expected.size());
  }
  appender.flush();
  EXPECT_EQ(out, expected);
}

TEST(Appender, TakesAnEmptyView) {
  Bytes out;
  Appender appender(out);
  appender.bytes({});
  appender.flush();
  EXPECT_TRUE(out.empty());
}

}  // namespace
}  // namespace pyport::value
