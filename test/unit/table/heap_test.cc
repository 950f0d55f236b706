#include "table/heap.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <random>
#include <thread>

#include "heap_harness.h"
#include "table/size_class.h"

namespace pyport::table {
namespace {

class HeapTest : public testing::Test {
 protected:
  Offset take(std::size_t size) {
    Operation operation(harness_.mapping(), harness_.place(), harness_);
    Word place{0};
    Result<Block> block = heap_.take(operation, size, place);
    if (!block.ok()) return 0;
    EXPECT_EQ(peek(place), block->offset());
    EXPECT_TRUE(block->is(BlockState::held, 0));
    EXPECT_EQ(block->size(), size);
    EXPECT_TRUE(heap_.is_block(block->offset()));
    return block->offset();
  }
  void give(Offset at) {
    Operation operation(harness_.mapping(), harness_.place(), harness_);
    Word place{at};
    heap_.give_back(operation, at, place);
    EXPECT_EQ(peek(place), 0u);
  }
  std::uint8_t* payload(Offset at) const { return harness_.mapping().base() + at + kHeaderBytes; }
  // What the heap says of itself; rebuild must find the same.
  std::map<std::string, std::uint64_t> accounts() const {
    const Superblock& super = harness_.mapping().superblock();
    std::map<std::string, std::uint64_t> all{{"free pages", peek(super.free_pages)},
                                             {"free block bytes", peek(super.free_block_bytes)},
                                             {"used", heap_.used_bytes()}};
    for (std::uint64_t n = 0; n < heap_.pages(); n += 64)
      all["bits " + std::to_string(n)] =
          peek(harness_.mapping().at<Word>(harness_.mapping().geometry().bitmap + n / 8));
    for (std::uint32_t n = 0; n < heap_.pages(); ++n) {
      const auto what = heap_.run_at(n);
      const auto& page = harness_.mapping().at<PageDescriptor>(harness_.mapping().geometry().descriptors +
                                                               n * sizeof(PageDescriptor));
      if (what && what->kind == RunKind::slab)
        all["free in slab " + std::to_string(n)] = peek(page.free_count);
    }
    return all;
  }
  void rebuild() {
    Operation operation(harness_.mapping(), harness_.place(), harness_);
    Half& lock = harness_.mapping().superblock().heap_lock;
    ASSERT_TRUE(operation.lock(lock).ok());
    heap_.rebuild();
    operation.unlock(lock);
  }

  HeapHarness harness_;
  Heap& heap_ = harness_.heap();
};

TEST_F(HeapTest, GivesBlocksOfEverySize) {
  for (std::size_t n = 0; n < kClasses; ++n) {
    for (const std::size_t size : {kClassBytes[n] - kHeaderBytes, kClassBytes[n] - kHeaderBytes - 1}) {
      const Offset at = take(size);
      ASSERT_NE(at, 0u) << size;
      std::memset(payload(at), 0xaa, size);
      give(at);
    }
  }
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{8177}, std::size_t{100000}, std::size_t{10} << 20}) {
    const Offset at = take(size);
    ASSERT_NE(at, 0u) << size;
    std::memset(payload(at), 0xaa, size);
    give(at);
  }
}

TEST_F(HeapTest, NoTwoBlocksOverlapHoweverTheyComeAndGo) {
  std::mt19937_64 random(1);
  struct Live {
    Offset at;
    std::size_t size;
    std::uint8_t fill;
  };
  std::vector<Live> live;
  std::uint8_t fill = 0;
  for (int i = 0; i < 100000; ++i) {
    if (live.size() < 200 || (live.size() < 2000 && random() % 2 == 0)) {
      const std::size_t most = random() % 100 == 0 ? 100000 : random() % 10 == 0 ? 9000 : 600;
      const std::size_t size = random() % most;
      const Offset at = take(size);
      ASSERT_NE(at, 0u);
      std::memset(payload(at), ++fill, size);
      live.push_back({at, size, fill});
      continue;
    }
    std::swap(live[random() % live.size()], live.back());
    const Live block = live.back();
    live.pop_back();
    for (std::size_t k = 0; k < block.size; ++k)
      ASSERT_EQ(payload(block.at)[k], block.fill) << "of " << block.size;
    give(block.at);
  }
  const auto before = accounts();
  rebuild();
  EXPECT_EQ(accounts(), before);
}

TEST_F(HeapTest, MemoryIsUsedAgain) {
  std::vector<std::uint64_t> pages;
  for (int round = 0; round < 50; ++round) {
    std::vector<Offset> blocks;
    for (std::size_t n = 0; n < 2000; ++n) blocks.push_back(take(n * 7 % 20000));
    for (const Offset at : blocks) give(at);
    pages.push_back(heap_.pages());
  }
  EXPECT_EQ(pages.back(), pages[1]);
  // All but the magazines and one slab a class.
  EXPECT_LE(heap_.used_bytes(), kMagazines * kMagazineBlocks * 1024);
}

TEST_F(HeapTest, ABlockGivenBackTwiceIsGivenOnce) {
  for (const std::size_t size : {std::size_t{10}, std::size_t{2000}, std::size_t{100000}}) {
    const Offset at = take(size);
    give(at);
    const auto before = accounts();
    if (size > 1024) give(at);  // a smaller one is still held, in a magazine: nobody gives it back
    EXPECT_EQ(accounts(), before);
    const Offset first = take(size);
    const Offset second = take(size);
    EXPECT_NE(first, second);
    give(first);
    give(second);
  }
}

TEST_F(HeapTest, WhatIsNoBlockOfMineIsNotTaken) {
  const Offset at = take(5000);
  const auto before = accounts();
  Operation operation(harness_.mapping(), harness_.place(), harness_);
  for (const Offset wrong : {Offset{0}, Offset{16}, Offset{8}, at + 16, at + kPageBytes, heap_.data_end(),
                             ~Offset{0}, ~Offset{15}}) {
    Word place{wrong};
    heap_.give_back(operation, wrong, place);
    EXPECT_EQ(peek(place), 0u);
    EXPECT_EQ(accounts(), before) << wrong;
  }
  Block(harness_.mapping(), at).header().state.store(block_state(BlockState::used, 5));
  Word place{at};
  heap_.give_back(operation, at, place);
  EXPECT_EQ(accounts(), before);
}

TEST_F(HeapTest, GrowsUntilItsLimitAndSaysWhich) {
  HeapHarness small(8 << 20);
  Operation operation(small.mapping(), small.place(), small);
  std::vector<std::unique_ptr<Word>> places;
  for (;;) {
    places.push_back(std::make_unique<Word>(0));
    Result<Block> block = small.heap().take(operation, 50000, *places.back());
    if (block.ok()) continue;
    EXPECT_EQ(block.error().code, Errc::table_full);
    EXPECT_EQ(block.error().detail, "max_table_bytes");
    places.pop_back();
    break;
  }
  EXPECT_GT(places.size(), 100u);
  EXPECT_LE(small.mapping().backed_bytes(), std::uint64_t{8} << 20);
  small.heap().give_back(operation, peek(*places.back()), *places.back());
  EXPECT_TRUE(small.heap().take(operation, 50000, *places.back()).ok());
  EXPECT_FALSE(small.heap().take(operation, SIZE_MAX / 4, *places.back()).ok());
}

// Where the pages' words and the blocks' states are good, nothing else is needed.
TEST_F(HeapTest, RebuildMakesAllElseAnew) {
  std::vector<Offset> blocks;
  for (std::size_t n = 0; n < 3000; ++n) blocks.push_back(take(n % 3 == 0 ? 20000 : n % 500));
  for (std::size_t n = 0; n < blocks.size(); n += 2) give(blocks[n]);
  const auto before = accounts();
  const Mapping& mapping = harness_.mapping();
  Superblock& super = mapping.superblock();
  for (Word* word : {&super.free_pages, &super.free_block_bytes, &super.first_free}) word->store(77);
  for (Half& head : super.slabs_with_room) head.store(99);
  for (std::uint32_t n = 0; n < heap_.pages(); ++n) {
    mapping.at<Word>(mapping.geometry().bitmap + n / 64 * 8).store(0x5555555555555555);
    auto& page = mapping.at<PageDescriptor>(mapping.geometry().descriptors + n * sizeof(PageDescriptor));
    for (Half* half : {&page.free_head, &page.free_count, &page.next, &page.prev}) half->store(5);
  }
  rebuild();
  EXPECT_EQ(accounts(), before);
  for (std::size_t n = 1; n < blocks.size(); n += 2) give(blocks[n]);
  for (std::size_t n = 0; n < 3000; ++n) ASSERT_NE(take(n % 500), 0u);
}

TEST_F(HeapTest, ThreadsTakeAndGiveAtOnce) {
  std::vector<std::thread> threads;
  for (std::size_t who = 0; who < 4; ++who) {
    threads.emplace_back([this, who] {
      std::vector<std::pair<Offset, std::size_t>> live;
      std::mt19937_64 random(who);
      for (int i = 0; i < 20000; ++i) {
        if (live.size() < 50) {
          const std::size_t size = random() % (random() % 50 == 0 ? 30000 : 300);
          const Offset at = take(size);
          ASSERT_NE(at, 0u);
          std::memset(payload(at), static_cast<int>(who + 1), size);
          live.emplace_back(at, size);
          continue;
        }
        std::swap(live[random() % live.size()], live.back());
        const auto [at, size] = live.back();
        live.pop_back();
        for (std::size_t k = 0; k < size; ++k) ASSERT_EQ(payload(at)[k], who + 1);
        give(at);
      }
      for (const auto& [at, size] : live) give(at);
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto before = accounts();
  rebuild();
  EXPECT_EQ(accounts(), before);
  EXPECT_EQ(harness_.repairs, 0);
}

}  // namespace
}  // namespace pyport::table
