#include "table/index.h"

#include <gtest/gtest.h>

#include <bit>
#include <random>
#include <set>

#include "helpers.h"

namespace pyport::table {
namespace {

TEST(Index, FindsEveryDictWhileItGrows) {
  const auto owned = new_table();
  Table& table = *owned;
  for (std::uint64_t n = 0; n < 5000; ++n) {
    ASSERT_TRUE(table.create(handle_no(n)).ok());
    if ((n & (n - 1)) != 0) continue;
    for (std::uint64_t k = 0; k <= n; ++k) ASSERT_TRUE(table.alive(handle_no(k))) << k << " of " << n;
    ASSERT_FALSE(table.alive(handle_no(n + 1)));
    ASSERT_TRUE(audited(table));
  }
  EXPECT_EQ(table.handles().size(), 5000u);
}

TEST(Index, HandlesThatFallOnOnePlaceAreToldApart) {
  const auto owned = new_table();
  Table& table = *owned;
  std::vector<Handle> handles;
  for (std::uint64_t n = 0; n < 300; ++n) {
    // hash_of() in index.cc: one half, xor the other turned by 32 bits.
    const HandleWords words{n, std::rotl(n, 32)};
    Handle handle;
    std::memcpy(handle.bits.data(), words.data(), sizeof words);
    handles.push_back(handle);
  }
  for (const Handle& handle : handles) ASSERT_TRUE(table.create(handle).ok());
  for (std::size_t n = 0; n < handles.size(); n += 2) ASSERT_EQ(table.destroy(std::array{handles[n]}), 1u);
  for (std::size_t n = 0; n < handles.size(); ++n) ASSERT_EQ(table.alive(handles[n]), n % 2 == 1);
  EXPECT_TRUE(audited(table));
}

// Places that were left are used again or swept up: the index does not grow with the dicts that ever were.
TEST(Index, DictsThatComeAndGoTakeNoMoreMemory) {
  const auto owned = new_table();
  Table& table = *owned;
  std::uint64_t used = 0;
  for (std::uint64_t n = 0; n < 50000; ++n) {
    ASSERT_TRUE(table.create(handle_no(n)).ok());
    ASSERT_TRUE(put_text(table, handle_no(n), std::int64_t{1}, "a value of some length").ok());
    if (n >= 50) {
      ASSERT_EQ(table.destroy(std::array{handle_no(n - 50)}), 1u);
    }
    while (table.reclaim(10)) {
    }
    if (n == 5000) used = table.stats().used;
  }
  EXPECT_LE(table.stats().used, used + used / 20);
  EXPECT_EQ(table.stats().dicts, 50u);
  EXPECT_TRUE(audited(table));
}

TEST(Index, SaysTheSameAsASet) {
  const auto owned = new_table();
  Table& table = *owned;
  std::set<std::uint64_t> model;
  std::mt19937_64 random(3);
  for (int i = 0; i < 40000; ++i) {
    const std::uint64_t n = random() % 2000;
    if (random() % 2 == 0) {
      ASSERT_EQ(table.create(handle_no(n)).ok(), model.insert(n).second);
    } else {
      ASSERT_EQ(table.destroy(std::array{handle_no(n)}), model.erase(n));
    }
    if (i % 100 == 0) (void)table.reclaim(1000);
    if (i % 10000 == 0) {
      ASSERT_TRUE(audited(table));
    }
  }
  EXPECT_EQ(table.handles().size(), model.size());
  for (std::uint64_t n = 0; n < 2000; ++n) ASSERT_EQ(table.alive(handle_no(n)), model.count(n) == 1);
  EXPECT_TRUE(audited(table));
}

}  // namespace
}  // namespace pyport::table
