#include "server/outbox.h"

#include <gtest/gtest.h>

#include <thread>

namespace pyport::server {
namespace {

Bytes all(Outbox& outbox) {
  std::vector<Bytes> chunks;
  outbox.take(chunks);
  Bytes joined;
  for (const Bytes& chunk : chunks) append(joined, chunk);
  return joined;
}

TEST(Outbox, GivesFramesInOrder) {
  Outbox outbox;
  Bytes expected;
  for (const std::size_t size : {1, 5000, 2, 3, 100000, 70000, 4, 4096, 4097}) {
    Bytes frame(size, static_cast<std::uint8_t>(size));
    append(expected, frame);
    outbox.push(std::move(frame));
  }
  EXPECT_TRUE(outbox.waiting());
  EXPECT_EQ(all(outbox), expected);
  EXPECT_FALSE(outbox.waiting());
  EXPECT_TRUE(all(outbox).empty());
}

TEST(Outbox, BigFramesAreNotCopied) {
  Outbox outbox;
  Bytes big(1 << 20, 1);
  const std::uint8_t* data = big.data();
  outbox.push(Bytes(10, 1));
  outbox.push(std::move(big));
  std::vector<Bytes> chunks;
  outbox.take(chunks);
  ASSERT_EQ(chunks.size(), 2u);
  EXPECT_EQ(chunks[1].data(), data);
}

TEST(Outbox, WakesOnceABatch) {
  Outbox outbox;
  int wakes = 0;
  outbox.set_wake([&] { ++wakes; });
  outbox.push(Bytes(1));
  outbox.push(Bytes(1));
  EXPECT_EQ(wakes, 1);
  (void)all(outbox);
  outbox.push(Bytes(1));
  EXPECT_EQ(wakes, 2);
}

TEST(Outbox, LosesNothingUnderManyWriters) {
  Outbox outbox;
  constexpr int kWriters = 4;
  constexpr int kFrames = 20000;
  std::vector<std::thread> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([&] {
      for (int n = 0; n < kFrames; ++n) outbox.push(Bytes(3, 7));
    });
  }
  std::size_t taken = 0;
  while (taken < std::size_t{kWriters} * kFrames * 3) {
    if (outbox.waiting()) taken += all(outbox).size();
    std::this_thread::yield();
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_FALSE(outbox.waiting());
}

TEST(Outbox, NothingComesBehindTheLastFrames) {
  Outbox outbox;
  outbox.push(Bytes{1});
  outbox.push_last(Bytes{2}, 5);
  outbox.push(Bytes{3});
  outbox.push_last(Bytes{4}, 6);
  std::vector<Bytes> chunks;
  EXPECT_EQ(outbox.take(chunks), 5);
  ASSERT_EQ(chunks.size(), 1u);
  EXPECT_EQ(chunks[0], (Bytes{1, 2}));
}

TEST(Outbox, LastFramesWakeTheWriter) {
  Outbox outbox;
  int wakes = 0;
  outbox.set_wake([&] { ++wakes; });
  outbox.push_last(Bytes{2}, 5);
  EXPECT_EQ(wakes, 1);
  EXPECT_TRUE(outbox.waiting());
}

}  // namespace
}  // namespace pyport::server
