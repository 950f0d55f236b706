#include "table/table.h"

#include <gtest/gtest.h>

#include "helpers.h"

namespace pyport::table {
namespace {

class TableTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(table_.create(dict_).ok()); }

  void put(const KeyView& key, std::string_view value) {
    ASSERT_TRUE(put_text(table_, dict_, key, value).ok());
  }
  std::string at(const KeyView& key) const { return text_at(table_, dict_, key); }

  const std::unique_ptr<Table> owned_ = new_table();
  Table& table_ = *owned_;
  const Handle dict_ = handle_no(1);
};

TEST_F(TableTest, GivesBackWhatWasPut) {
  put(text_key("k"), "v");
  EXPECT_EQ(at(text_key("k")), "v");
  EXPECT_EQ(at(text_key("other")), "(no blob)");
}

TEST_F(TableTest, ReplacingGivesTheNewValue) {
  put(text_key("k"), "old");
  put(text_key("k"), "new, and longer");
  EXPECT_EQ(at(text_key("k")), "new, and longer");
  EXPECT_EQ(*table_.size(dict_), 1u);
}

TEST_F(TableTest, IntegersAndTheirBytesAreDifferentKeys) {
  const std::int64_t number = 0x3132333435363738;
  const std::string bytes(reinterpret_cast<const char*>(&number), sizeof number);
  put(number, "integer");
  put(text_key(bytes), "bytes");
  put(text_key(std::to_string(number)), "digits");
  EXPECT_EQ(at(number), "integer");
  EXPECT_EQ(at(text_key(bytes)), "bytes");
  EXPECT_EQ(at(text_key(std::to_string(number))), "digits");
}

TEST_F(TableTest, TheEmptyKeyAndKeysWithZeroBytesAreKeys) {
  put(KeyView(ByteSpan()), "empty");
  put(text_key(std::string_view("\0", 1)), "zero");
  EXPECT_EQ(at(text_key("")), "empty");
  EXPECT_EQ(at(text_key(std::string_view("\0", 1))), "zero");
  EXPECT_EQ(at(std::int64_t{0}), "(no blob)");
}

TEST_F(TableTest, EraseTellsWhetherTheKeyWasThere) {
  put(text_key("k"), "v");
  EXPECT_TRUE(*table_.erase(dict_, text_key("k")));
  EXPECT_FALSE(*table_.erase(dict_, text_key("k")));
  EXPECT_FALSE(*table_.contains(dict_, text_key("k")));
}

TEST_F(TableTest, KeysComeInOrderOfInsertion) {
  for (const char* key : {"c", "a", "d", "b"}) put(text_key(key), "1");
  put(std::int64_t{5}, "1");
  put(text_key("a"), "replaced: keeps its place");
  ASSERT_TRUE(table_.erase(dict_, text_key("c")).ok());
  put(text_key("c"), "inserted again: comes last");
  const std::vector<Key> expected{"a", "d", "b", std::int64_t{5}, "c"};
  EXPECT_EQ(*table_.keys(dict_), expected);
}

TEST_F(TableTest, DictsDoNotSeeEachOther) {
  ASSERT_TRUE(table_.create(handle_no(2)).ok());
  put(text_key("k"), "of 1");
  EXPECT_EQ(text_at(table_, handle_no(2), text_key("k")), "(no blob)");
}

TEST_F(TableTest, HandlesThatDifferInOneBitAreDifferentDicts) {
  put(text_key("k"), "v");
  for (std::size_t byte = 0; byte < dict_.bits.size(); ++byte) {
    Handle other = dict_;
    other.bits[byte] ^= 0x10;
    EXPECT_FALSE(table_.alive(other)) << byte;
  }
}

TEST_F(TableTest, CreatingATakenHandleIsRefusedAndHarmless) {
  put(text_key("k"), "v");
  const Status again = table_.create(dict_);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, Errc::exists);
  EXPECT_EQ(at(text_key("k")), "v");
  EXPECT_EQ(table_.stats().dicts, 1u);
}

TEST_F(TableTest, AfterDestroyEverythingSaysGone) {
  put(text_key("k"), "v");
  EXPECT_TRUE(table_.alive(dict_));
  EXPECT_EQ(table_.destroy(std::array{dict_}), 1u);
  EXPECT_FALSE(table_.alive(dict_));
  EXPECT_TRUE(is_gone(table_.get(dict_, text_key("k"))));
  EXPECT_TRUE(is_gone(put_text(table_, dict_, text_key("k"), "v")));
  EXPECT_TRUE(is_gone(table_.erase(dict_, text_key("k"))));
  EXPECT_TRUE(is_gone(table_.contains(dict_, text_key("k"))));
  EXPECT_TRUE(is_gone(table_.size(dict_)));
  EXPECT_TRUE(is_gone(table_.keys(dict_)));
}

TEST_F(TableTest, DestroyIsIdempotentAndIgnoresUnknownHandles) {
  ASSERT_TRUE(table_.create(handle_no(2)).ok());
  const std::array handles{handle_no(9), dict_, dict_, handle_no(2)};
  EXPECT_EQ(table_.destroy(handles), 2u);
  EXPECT_EQ(table_.destroy(handles), 0u);
}

TEST_F(TableTest, AHandleMadeAgainIsANewDict) {
  put(text_key("k"), "v");
  table_.destroy(std::array{dict_});
  ASSERT_TRUE(table_.create(dict_).ok());
  EXPECT_EQ(at(text_key("k")), "(no blob)");
  EXPECT_EQ(*table_.size(dict_), 0u);
}

TEST_F(TableTest, ABlobStaysReadableAfterReplaceEraseAndDestroy) {
  std::vector<Blob> held;
  for (const char* value : {"replaced", "erased", "destroyed"}) {
    put(text_key("k"), value);
    held.push_back(*table_.get(dict_, text_key("k")));
    if (held.size() == 2) {
      ASSERT_TRUE(table_.erase(dict_, text_key("k")).ok());
    }
  }
  table_.destroy(std::array{dict_});
  EXPECT_EQ(text_of(held[0]), "replaced");
  EXPECT_EQ(text_of(held[1]), "erased");
  EXPECT_EQ(text_of(held[2]), "destroyed");
}

TEST_F(TableTest, StatsCountDictsKeysAndBytes) {
  put(text_key("four"), "12345");
  put(std::int64_t{7}, "123");
  TableStats stats = table_.stats();
  EXPECT_EQ(stats.dicts, 1u);
  EXPECT_EQ(stats.keys, 2u);
  EXPECT_EQ(stats.bytes, 4u + 5 + 8 + 3);
  put(text_key("four"), "1");
  EXPECT_EQ(table_.stats().bytes, 4u + 1 + 8 + 3);
  ASSERT_TRUE(table_.erase(dict_, std::int64_t{7}).ok());
  EXPECT_EQ(table_.stats().bytes, 4u + 1);
  table_.destroy(std::array{dict_});
  stats = table_.stats();
  EXPECT_EQ(stats.dicts, 0u);
  EXPECT_EQ(stats.keys, 0u);
  EXPECT_EQ(stats.bytes, 0u);
}

TEST_F(TableTest, AllocateRefusesWhatCannotBe) {
  const Result<BlobWriter> writer = table_.allocate(SIZE_MAX / 2);
  ASSERT_FALSE(writer.ok());
  EXPECT_EQ(writer.error().code, Errc::table_full);
}

}  // namespace
}  // namespace pyport::table
