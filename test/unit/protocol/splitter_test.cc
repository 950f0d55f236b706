#include "protocol/splitter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace pyport::protocol {
namespace {

using Kind = Cut::Kind;

Bytes framed(ByteSpan body) {
  Bytes bytes;
  append_u32(bytes, static_cast<std::uint32_t>(body.size()));
  append(bytes, body);
  return bytes;
}

// Gives `stream` to the splitter at most `step` bytes at a time; collects the frames.
std::vector<Bytes> split(Splitter& splitter, ByteSpan stream, std::size_t step) {
  std::vector<Bytes> frames;
  while (!stream.empty()) {
    const std::span<std::uint8_t> room = splitter.room();
    const std::size_t count = std::min({room.size(), stream.size(), step});
    std::copy_n(stream.begin(), count, room.begin());
    splitter.filled(count);
    stream = stream.subspan(count);
    for (Cut cut = splitter.next(); cut.kind == Kind::frame; cut = splitter.next()) {
      frames.emplace_back(cut.frame.begin(), cut.frame.end());
    }
  }
  return frames;
}

TEST(Splitter, GivesTheSameFramesHoweverTheBytesArrive) {
  std::vector<Bytes> sent;
  Bytes stream;
  for (const std::size_t size : {0, 1, 8, 5000, 0, 300000, 3, 262140, 262144, 70}) {
    sent.emplace_back(size, static_cast<std::uint8_t>(size + 1));
    append(stream, framed(sent.back()));
  }
  for (const std::size_t step : {1, 3, 4, 5, 1000, 65536, 1 << 30}) {
    Splitter splitter(1 << 20);
    EXPECT_EQ(split(splitter, stream, step), sent) << "step " << step;
  }
}

TEST(Splitter, FramesAreViewsIntoTheBufferThatWasFilled) {
  Splitter splitter(100);
  const Bytes stream = framed(Bytes{7, 8, 9});
  const std::span<std::uint8_t> room = splitter.room();
  std::copy(stream.begin(), stream.end(), room.begin());
  splitter.filled(stream.size());
  const Cut cut = splitter.next();
  ASSERT_EQ(cut.kind, Kind::frame);
  EXPECT_EQ(cut.frame.data(), room.data() + 4);
}

TEST(Splitter, LengthAboveTheCapIsRefusedBeforeTheFrameIsThere) {
  Splitter splitter(1000);
  Bytes stream;
  append_u32(stream, 1001);
  EXPECT_TRUE(split(splitter, stream, 4).empty());
  const Cut cut = splitter.next();
  EXPECT_EQ(cut.kind, Kind::too_large);
  EXPECT_EQ(cut.length, 1001u);
}

TEST(Splitter, LargestLengthIsRefused) {
  Splitter splitter(std::size_t{1} << 30);
  split(splitter, Bytes{0xFF, 0xFF, 0xFF, 0xFF}, 4);
  EXPECT_EQ(splitter.next().kind, Kind::too_large);
}

TEST(Splitter, FrameOfExactlyTheCapIsTaken) {
  Splitter splitter(1000);
  EXPECT_EQ(split(splitter, framed(Bytes(1000, 1)), 64).size(), 1u);
}

TEST(Splitter, CapCanChangeBetweenFramesOfOneRead) {
  Splitter splitter(10);
  Bytes stream = framed(Bytes(10, 1));
  append(stream, framed(Bytes(500, 2)));
  const std::span<std::uint8_t> room = splitter.room();
  std::copy(stream.begin(), stream.end(), room.begin());
  splitter.filled(stream.size());
  ASSERT_EQ(splitter.next().kind, Kind::frame);
  splitter.set_cap(500);
  const Cut cut = splitter.next();
  ASSERT_EQ(cut.kind, Kind::frame);
  EXPECT_EQ(cut.frame.size(), 500u);
}

TEST(Splitter, RoomIsNeverEmptyAndGivenBackAfterABigFrame) {
  Splitter splitter(64 << 20);
  Bytes stream = framed(Bytes(40 << 20, 1));
  append(stream, framed(Bytes(10, 2)));
  EXPECT_EQ(split(splitter, stream, 1 << 16).size(), 2u);
  const std::size_t room = splitter.room().size();
  EXPECT_GT(room, 0u);
  EXPECT_LT(room, std::size_t{1} << 20);
}

}  // namespace
}  // namespace pyport::protocol
