#include "table/audit.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <random>

#include "crash_scenarios.h"
#include "helpers.h"
#include "table/block.h"
#include "table/index.h"
#include "table/mapping.h"
#include "table/value_word.h"
#include "temporary_table.h"

namespace pyport::table {
namespace {

// A table with all that can be in one; and the file, to do harm in it.
class AuditTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(table_.create(dict_).ok());
    for (std::int64_t n = 0; n < 3000; ++n)
      ASSERT_TRUE(put_text(table_, dict_, n, std::string(static_cast<std::size_t>(n % 300), 'v')).ok());
    ASSERT_TRUE(put_text(table_, dict_, text_key("short"), std::string(100000, 'l')).ok());
    ASSERT_TRUE(put_text(table_, dict_, text_key("a key of more than sixteen bytes"), "v").ok());
    for (std::uint64_t n = 2; n < 200; ++n) {
      ASSERT_TRUE(table_.create(handle_no(n)).ok());
      ASSERT_TRUE(put_text(table_, handle_no(n), std::int64_t{1}, "a value of some length").ok());
    }
  }

  DictHeader& header(std::uint64_t n) const {
    for (std::uint64_t i = 0; i < kChunks * kDictsInChunk; ++i) {
      const auto chunk = peek(raw().at<Word>(raw().geometry().directory + i / kDictsInChunk * sizeof(Word)));
      auto& header = raw().at<DictHeader>(chunk + i % kDictsInChunk * sizeof(DictHeader));
      if (has_handle(header, words_of(handle_no(n)))) return header;
    }
    std::abort();
  }
  Entry& entry(std::uint64_t n) const { return raw().at<Entry>(peek(header(n).segment[0]) + kHeaderBytes); }
  const Mapping& raw() const { return file_.raw(); }

  // Does the harm, sees that the audit finds something that has `word` in it, and makes the harm good again.
  template <class T, class V>
  void finds(std::atomic<T>& at, V harm, const std::string& word) const {
    const T before = at.exchange(static_cast<T>(harm));
    const AuditReport report = table_.audit();
    at.store(before);
    EXPECT_FALSE(report.clean());
    bool found = false;
    for (const std::string& line : report.findings) found = found || line.find(word) != std::string::npos;
    EXPECT_TRUE(found) << "nothing about '" << word << "' in\n" << audit_text(report);
    EXPECT_TRUE(audited(table_));
  }

  const TemporaryTable file_;
  Table& table_ = file_.table();
  const Handle dict_ = handle_no(1);
};

// What is reckoned with the size of a list is memory and places in it.
TEST_F(AuditTest, AListOfMoreElementsThanThereCanBeIsNotTakenApart) {
  const auto refused = [](const auto& done) { return !done.ok() && done.error().code == Errc::corrupt; };
  for (const std::uint64_t size : {std::uint64_t{4}, std::uint64_t{1} << 59, ~std::uint64_t{0}}) {
    const Handle list = handle_no(size % 97 + 300);
    ASSERT_TRUE(table_.create(list, list_of()).ok());
    ASSERT_TRUE(append_texts(table_, list, {"a", "b", "c"}).ok());
    DictHeader& damaged = header(size % 97 + 300);
    const auto harm = [&] {
      damaged.live.store(size);
      damaged.state.store(kDictLive);
    };
    harm();
    EXPECT_TRUE(refused(table_.erase_slice(list, {0, 2})));
    harm();
    EXPECT_TRUE(refused(table_.put_slice(list, {0, 1}, {})));
    harm();
    EXPECT_TRUE(refused(table_.reverse(list)));
    harm();
    EXPECT_TRUE(refused(table_.get_slice(list, {0, INT64_MAX})));
  }
}

// Else a search would take as long as the dead are many.
TEST_F(AuditTest, AKeyThatComesAndGoesTakesOnePlaceInTheHashTable) {
  const auto places_taken = [&] {
    const Block slots(raw(), peek(header(1).slots));
    std::uint64_t taken = 0;
    for (std::uint64_t at = 0; at <= peek(header(1).slots_mask); ++at)
      taken += peek(slots.half(at)) != 0 ? 1 : 0;
    return taken;
  };
  const std::uint64_t before = places_taken();
  std::vector<KeyChange> change;
  for (int n = 0; n < 500; ++n) {
    ASSERT_TRUE(put_text(table_, dict_, text_key("comes"), "v").ok());
    ASSERT_TRUE(*table_.erase(dict_, text_key("comes")));
    change.clear();
    change.push_back({text_key("in a batch"), *blob_of(table_, "v")});
    ASSERT_TRUE(table_.change_all(dict_, change).ok());
    ASSERT_TRUE(*table_.erase(dict_, text_key("in a batch")));
  }
  EXPECT_LE(places_taken(), before + 2);
  EXPECT_TRUE(audited(table_));
}

TEST_F(AuditTest, AccountsForAllOfATableAtRest) {
  Blob pinned = *table_.get(dict_, text_key("short"));
  const Result<NewBlob> prepared = blob_of(table_, std::string(5000, 'n'));
  for (std::int64_t n = 0; n < 2990; ++n) ASSERT_TRUE(table_.erase(dict_, n).ok());
  ASSERT_TRUE(audited(table_));
  table_.destroy(std::array{handle_no(2), handle_no(3)});
  const AuditReport report = table_.audit();
  EXPECT_TRUE(report.clean()) << audit_text(report);
  EXPECT_EQ(report.dicts, 197u);
  EXPECT_EQ(report.dead_dicts, 2u);
  EXPECT_EQ(report.keys, 10u + 2 + 196);
  EXPECT_EQ(report.pins, 1u);
  EXPECT_EQ(report.blocks,
            report.used_blocks + report.held_blocks + report.retired_blocks + report.free_blocks);
  EXPECT_EQ(report.page_bytes, table_.stats().used + table_.stats().free);
  EXPECT_EQ(report.free_bytes, table_.stats().free);
}

TEST_F(AuditTest, FindsWhatNobodyNames) {
  finds(entry(5).value, 0, "leaked");
  finds(header(5).slots, 0, "hash table");
  finds(header(5).segment[0], 0, "has no segment");
  finds(header(5).state, kDictFree, "leaked");
}

TEST_F(AuditTest, FindsWhatIsNamedTwice) { finds(entry(5).value, peek(entry(6).value), "value"); }

TEST_F(AuditTest, FindsABlockThatIsNotWhatItShouldBe) {
  const Block value(raw(), block_of(peek(entry(5).value)));
  finds(value.header().state, block_state(BlockState::used, peek(header(6).number)), "value");
  finds(value.header().state, block_state(BlockState::free, 0), "not in the list");
  finds(value.header().state, 0, "state");
  finds(value.header().meta, peek(value.header().meta) + kOnePin, "pins");
  finds(value.header().size, 1, "value");
}

TEST_F(AuditTest, FindsSumsThatAreWrong) {
  Superblock& super = raw().superblock();
  finds(header(5).live, 2, "keys");
  finds(header(5).bytes, 2, "bytes");
  finds(header(5).pinned, 1, "pins");
  finds(super.dicts, 1, "dicts");
  finds(super.free_pages, peek(super.free_pages) + 1, "free pages");
  finds(super.free_block_bytes, peek(super.free_block_bytes) - 32, "free blocks");
  finds(super.index_used, 3, "places used");
}

TEST_F(AuditTest, FindsListsAndMapsThatAreWrong) {
  Superblock& super = raw().superblock();
  finds(super.free_dict, 0, "free dicts");
  finds(super.dead_dict, 1, "dead dicts");
  finds(super.slabs_with_room[0], 0, "room");
  finds(raw().at<Word>(raw().geometry().bitmap), ~std::uint64_t{0}, "bitmap");
  finds(raw().at<Word>(raw().geometry().descriptors), 12345, "page 0");
  finds(raw().at<Half>(raw().geometry().descriptors + offsetof(PageDescriptor, free_count)), 12345, "page 0");
}

TEST_F(AuditTest, FindsLocksThatAreHeld) {
  for (Half* lock : {&raw().superblock().heap_lock, &raw().superblock().index_lock,
                     &raw().superblock().slots_lock, &raw().superblock().repair_lock, &header(5).lock})
    finds(*lock, 7, "lock");
}

// It follows nothing that may not be followed. (Under the address sanitizer, too.)
TEST_F(AuditTest, SurvivesDamageOfAllKinds) {
  std::mt19937_64 random(1);
  const Geometry& geometry = raw().geometry();
  const std::uint64_t data = table_.audit().page_bytes;
  for (int round = 0; round < 300; ++round) {
    const std::uint64_t from = round % 3 == 0   ? kPageBytes / 8
                               : round % 3 == 1 ? geometry.descriptors
                                                : geometry.data;
    const std::uint64_t size = round % 3 == 0   ? 1000
                               : round % 3 == 1 ? data / kPageBytes * sizeof(PageDescriptor)
                                                : data;
    std::atomic<std::uint8_t>& byte = raw().at<std::atomic<std::uint8_t>>(from + random() % size);
    byte.store(static_cast<std::uint8_t>(random()));
    (void)table_.audit();
  }
}

TEST(Audit, TextNamesEveryNumberAndFinding) {
  AuditReport report;
  EXPECT_NE(audit_text(report).find("\nclean\n"), std::string::npos);
  report.leaked_blocks = 3;
  report.findings.emplace_back("block 7 is leaked");
  const std::string text = audit_text(report);
  EXPECT_NE(text.find("leaked_blocks 3\n"), std::string::npos);
  EXPECT_NE(text.find("found: block 7 is leaked\n"), std::string::npos);
  EXPECT_NE(text.find("\nnot clean\n"), std::string::npos);
}

}  // namespace
}  // namespace pyport::table
