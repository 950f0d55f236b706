// Sizes at which anything that is not O(1) shows: it would take minutes.
#include <gtest/gtest.h>

#include "helpers.h"

namespace pyport::table {
namespace {

TEST(TableScale, OneMillionKeysInOneDict) {
  constexpr std::int64_t kKeys = 1000000;
  const auto owned_table = new_table();
  Table& table = *owned_table;
  const Handle dict = handle_no(1);
  ASSERT_TRUE(table.create(dict).ok());
  for (std::int64_t n = 0; n < kKeys; ++n) ASSERT_TRUE(put_text(table, dict, n, "value").ok());
  ASSERT_EQ(*table.size(dict), static_cast<std::uint64_t>(kKeys));
  for (std::int64_t n = 0; n < kKeys; n += 997) ASSERT_TRUE(*table.contains(dict, n));
  // From the front: a list that moves up for each erasure would be quadratic.
  for (std::int64_t n = 0; n < kKeys - 3; ++n) ASSERT_TRUE(*table.erase(dict, n));
  const std::vector<Key> left{kKeys - 3, kKeys - 2, kKeys - 1};
  EXPECT_EQ(*table.keys(dict), left);
  EXPECT_EQ(table.stats().keys, 3u);
}

TEST(TableScale, OneMillionKeysEndWithOneDestroy) {
  const auto owned_table = new_table();
  Table& table = *owned_table;
  const Handle dict = handle_no(1);
  ASSERT_TRUE(table.create(dict).ok());
  for (std::int64_t n = 0; n < 1000000; ++n) {
    ASSERT_TRUE(put_text(table, dict, text_key("key " + std::to_string(n)), "value").ok());
  }
  EXPECT_EQ(table.destroy(std::array{dict}), 1u);
  EXPECT_EQ(table.stats().keys, 0u);
  EXPECT_EQ(table.stats().bytes, 0u);
}

TEST(TableScale, AHundredThousandDicts) {
  constexpr std::uint64_t kDicts = 100000;
  const auto owned_table = new_table();
  Table& table = *owned_table;
  std::vector<Handle> handles;
  for (std::uint64_t n = 0; n < kDicts; ++n) {
    handles.push_back(handle_no(n));
    ASSERT_TRUE(table.create(handles.back()).ok());
    ASSERT_TRUE(put_text(table, handles.back(), text_key("n"), std::to_string(n)).ok());
  }
  EXPECT_EQ(table.stats().dicts, kDicts);
  for (std::uint64_t n = 0; n < kDicts; ++n) {
    ASSERT_EQ(text_at(table, handles[n], text_key("n")), std::to_string(n));
  }
  EXPECT_EQ(table.destroy(handles), kDicts);
  EXPECT_EQ(table.stats().keys, 0u);
}

}  // namespace
}  // namespace pyport::table
