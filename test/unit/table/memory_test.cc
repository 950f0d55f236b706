// How much memory the table takes, and that it uses it again.
#include <gtest/gtest.h>

#include <random>

#include "helpers.h"

namespace pyport::table {
namespace {

TEST(Memory, OverheadOfASmallEntryIsAtMost96Bytes) {
  constexpr std::uint64_t kEntries = 1000000;
  constexpr std::size_t kValue = 57;
  const auto owned = new_table();
  Table& table = *owned;
  ASSERT_TRUE(table.create(handle_no(1)).ok());
  const std::uint64_t before = table.stats().used;
  const std::string value(kValue, 'v');
  for (std::uint64_t n = 0; n < kEntries; ++n) {
    char key[11];
    std::snprintf(key, sizeof key, "%010llu", static_cast<unsigned long long>(n));
    ASSERT_TRUE(put_text(table, handle_no(1), text_key({key, 10}), value).ok());
  }
  const double overhead = static_cast<double>(table.stats().used - before) / kEntries - kValue - 10;
  std::printf("overhead per entry: %.1f bytes\n", overhead);
  EXPECT_EQ(table.stats().keys, kEntries);
  EXPECT_LE(overhead, 96.0);
}

// Fills and empties a dict, over and over, in one of two ways.
void fill_and_empty(bool destroy) {
  const auto owned = new_table();
  Table& table = *owned;
  std::vector<std::uint64_t> pages;
  for (std::uint64_t round = 0; round < 100; ++round) {
    const Handle dict = handle_no(destroy ? round : 1);
    if (destroy || round == 0) {
      ASSERT_TRUE(table.create(dict).ok());
    }
    for (std::int64_t n = 0; n < 20000; ++n) {
      const auto size = static_cast<std::size_t>((n * 7919 + static_cast<std::int64_t>(round)) % 900);
      ASSERT_TRUE(put_text(table, dict, text_key("key number " + std::to_string(n)),
                           std::string(n % 500 == 0 ? 50000 : size, 'v'))
                      .ok());
    }
    pages.push_back(table.audit().page_bytes);
    if (!destroy) {
      for (std::int64_t n = 0; n < 20000; ++n)
        ASSERT_TRUE(*table.erase(dict, text_key("key number " + std::to_string(n))));
    } else {
      table.destroy(std::array{dict});
      while (table.reclaim(1000)) {
      }
    }
  }
  const double growth = static_cast<double>(pages.back()) / static_cast<double>(pages[1]) - 1;
  std::printf("file after round 2: %llu, after round 100: %llu bytes: %+.1f %%\n",
              static_cast<unsigned long long>(pages[1]), static_cast<unsigned long long>(pages.back()),
              100 * growth);
  // The file grows in steps of 1 MiB, and what is stored differs a little from round to round.
  EXPECT_LE(pages.back(), pages[1] + (1U << 20));
  EXPECT_TRUE(audited(table));
}

TEST(Memory, OfErasedKeysIsUsedAgain) { fill_and_empty(false); }
TEST(Memory, OfDestroyedDictsIsUsedAgain) { fill_and_empty(true); }

// Sizes from 16 bytes to 1 MiB, as many small ones as large ones in each doubling. The benchmark does it 10^7
// times.
// Twenty gigabytes are written, by one thread alone: ThreadSanitizer gets a tenth of them.
#ifdef __SANITIZE_THREAD__
constexpr int kMixedOperations = 30000;
#else
constexpr int kMixedOperations = 300000;
#endif

TEST(Memory, FragmentationFromMixedSizesIsAtMost30Percent) {
  const auto owned = new_table();
  Table& table = *owned;
  ASSERT_TRUE(table.create(handle_no(1)).ok());
  std::mt19937_64 random(5);
  std::uint64_t most = 0;
  for (int i = 0; i < kMixedOperations; ++i) {
    const auto key = static_cast<std::int64_t>(random() % 2000);
    if (random() % 3 == 0) {
      ASSERT_TRUE(table.erase(handle_no(1), key).ok());
    } else {
      const std::size_t doubling = std::size_t{16} << (random() % 16);
      Result<BlobWriter> writer = table.allocate(doubling + random() % doubling);
      ASSERT_TRUE(writer.ok());
      ASSERT_TRUE(table.put(handle_no(1), key, std::move(*writer).finish(0)).ok());
    }
    if (i % 64 == 0) most = std::max(most, table.stats(handle_no(1))->bytes);
  }
  const std::uint64_t pages = table.audit().page_bytes;
  const double lost = 1 - static_cast<double>(most) / static_cast<double>(pages);
  std::printf("most that was stored at once: %llu, file: %llu bytes: %.1f %% lost\n",
              static_cast<unsigned long long>(most), static_cast<unsigned long long>(pages), 100 * lost);
  EXPECT_LE(lost, 0.30);
  EXPECT_TRUE(audited(table));
}

}  // namespace
}  // namespace pyport::table
