// The table as several processes see it, and what a process holds beyond one operation.
#include "table/store.h"

#include <gtest/gtest.h>

#include <thread>

#include "helpers.h"
#include "numbers.h"
#include "processes.h"
#include "temporary_table.h"

namespace pyport::table {
namespace {

class StoreTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(table_.create(dict_).ok()); }
  void put(const KeyView& key, std::string_view value) {
    ASSERT_TRUE(put_text(table_, dict_, key, value).ok());
  }
  std::uint64_t used() { return table_.stats().used; }

  const TemporaryTable file_;
  Table& table_ = file_.table();
  const Handle dict_ = handle_no(1);
};

TEST_F(StoreTest, AnAttachedProcessSeesWritesAndIsSeen) {
  put(text_key("parent"), "here");
  Child child([&] {
    const auto table = Table::attach(file_.path());
    if (!table.ok()) return 1;
    if (text_at(**table, dict_, text_key("parent")) != "here") return 2;
    if (!put_text(**table, dict_, text_key("child"), std::string(5000, 'c')).ok()) return 3;
    if ((*table)->stats().processes != 2) return 4;
    return 0;
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(text_at(table_, dict_, text_key("child")), std::string(5000, 'c'));
  EXPECT_EQ(table_.stats().processes, 1u);
  EXPECT_TRUE(audited(table_));
}

TEST_F(StoreTest, AForkedProcessHasAPlaceOfItsOwn) {
  put(text_key("k"), std::string(5000, 'p'));
  Blob held = *table_.get(dict_, text_key("k"));
  Child child([&] {
    if (!table_.after_fork().ok()) return 1;
    { const Blob forgotten = std::move(held); }  // the parent's: nothing happens
    if (text_at(table_, dict_, text_key("k")) != std::string(5000, 'p')) return 2;
    for (std::int64_t n = 0; n < 1000; ++n)
      if (!put_text(table_, dict_, n, std::string(200, 'c')).ok()) return 3;
    return 0;
  });
  for (std::int64_t n = 1000; n < 2000; ++n) put(n, std::string(200, 'p'));
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(*table_.size(dict_), 2001u);
  EXPECT_EQ(text_of(held), std::string(5000, 'p'));
  EXPECT_EQ(table_.stats().pinned, 1u);
  held = Blob();
  EXPECT_EQ(table_.stats().pinned, 0u);
  // It ended without detaching.
  EXPECT_EQ(table_.stats().processes, 2u);
  EXPECT_EQ(table_.sweep(), 1u);
  EXPECT_EQ(table_.sweep(), 0u);
  EXPECT_EQ(table_.stats().processes, 1u);
  EXPECT_TRUE(audited(table_));
}

TEST_F(StoreTest, WhatADetachedProcessHeldIsBackAtOnce) {
  const std::uint64_t before = used();
  {
    const auto other = Table::attach(file_.path());
    ASSERT_TRUE(other.ok());
    for (std::int64_t n = 0; n < 1000; ++n) ASSERT_TRUE(put_text(**other, dict_, n, "some value").ok());
    for (std::int64_t n = 0; n < 1000; ++n) ASSERT_TRUE(*(*other)->erase(dict_, n));
  }
  EXPECT_EQ(table_.stats().processes, 1u);
  EXPECT_TRUE(audited(table_));
  EXPECT_LE(used(), before + 12288);
}

TEST_F(StoreTest, TwoProcessesAtOneDictLoseNothing) {
  const auto work = [&](Table& table, std::int64_t first) {
    for (std::int64_t n = 0; n < 3000; ++n) {
      if (!put_text(table, dict_, n, "shared " + std::to_string(first)).ok()) return 1;
      if (!put_text(table, dict_, first + n, std::string(static_cast<std::size_t>(n % 400), 'v')).ok())
        return 2;
      if (n % 3 == 0 && !*table.erase(dict_, first + n)) return 3;
    }
    return 0;
  };
  Child child([&] { return table_.after_fork().ok() ? work(table_, 10000) : 9; });
  EXPECT_EQ(work(table_, 20000), 0);
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(*table_.size(dict_), 3000u + 2000 + 2000);
  table_.sweep();
  EXPECT_TRUE(audited(table_));
}

// Where in a line of the cache they begin.
std::size_t place_in_line(ByteSpan bytes) { return reinterpret_cast<std::uintptr_t>(bytes.data()) % 64; }

TEST_F(StoreTest, WhenAllRecordsAreTakenValuesAreCopied) {
  const std::string text(5000, 'v');
  put(text_key("k"), text);
  std::vector<Blob> held;
  for (std::size_t n = 0; n < kRecords + 10; ++n) held.push_back(*table_.get(dict_, text_key("k")));
  EXPECT_EQ(table_.stats().pinned, kRecords);
  EXPECT_TRUE(held.front().holds_block());
  EXPECT_FALSE(held.back().holds_block());
  for (const Blob& blob : held) ASSERT_EQ(text_of(blob), text);
  for (const Blob& blob : held) ASSERT_EQ(place_in_line(blob.bytes()), place_in_line(held.front().bytes()));
  // New values are still taken, by way of a copy.
  put(text_key("other"), text);
  EXPECT_EQ(text_at(table_, dict_, text_key("other")), text);
  held.clear();
  EXPECT_EQ(table_.stats().pinned, 0u);
  EXPECT_TRUE(audited(table_));
}

TEST_F(StoreTest, ValuesThatAreBeingMadeLeaveRecordsToPins) {
  const std::string text(5000, 'v');
  put(text_key("k"), text);
  std::vector<BlobWriter> writers;
  for (std::size_t n = 0; n < 2 * kRecords; ++n) writers.push_back(*table_.allocate(text.size()));
  // What is aligned in one that will be copied is aligned in the table.
  for (BlobWriter& writer : writers)
    ASSERT_EQ(place_in_line(writer.bytes()), place_in_line(writers[0].bytes()));
  EXPECT_TRUE(table_.get(dict_, text_key("k"))->holds_block());
  ASSERT_TRUE(change(table_, dict_, text_key("n"), CellOp::add, 1).ok());
  EXPECT_TRUE(table_.hold_cell(dict_, text_key("n")).ok());
  writers.clear();
  EXPECT_TRUE(audited(table_));
}

TEST_F(StoreTest, APinnedValueOutlivesItsKeyAndItsDict) {
  const std::string text(100000, 'v');
  const std::uint64_t before = used();
  for (const int what : {0, 1, 2}) {
    put(text_key("k"), text);
    Blob held = *table_.get(dict_, text_key("k"));
    Blob again = *table_.get(dict_, text_key("k"));
    if (what == 0) put(text_key("k"), "replaced");
    if (what == 1) {
      EXPECT_TRUE(*table_.erase(dict_, text_key("k")));
    }
    if (what == 2) {
      table_.destroy(std::array{dict_});
      while (table_.reclaim(100)) {
      }
    }
    ASSERT_TRUE(audited(table_));
    EXPECT_GE(used(), before + text.size());
    EXPECT_EQ(text_of(held), text);
    held = Blob();
    EXPECT_EQ(text_of(again), text);
    EXPECT_GE(used(), before + text.size());
    again = Blob();
    EXPECT_LT(used(), before + text.size()) << "its memory is not given back";
    ASSERT_TRUE(audited(table_));
  }
  EXPECT_EQ(table_.audit().dead_dicts, 1u);
  while (table_.reclaim(100)) {
  }
  EXPECT_EQ(table_.audit().dead_dicts, 0u);
  EXPECT_TRUE(audited(table_));
}

// reclaim ends though readers keep more dead dicts than it may touch in one call.
TEST_F(StoreTest, ReclaimDoesNotWaitForReaders) {
  std::vector<Blob> held;
  std::vector<Handle> handles;
  for (std::uint64_t n = 10; n < 60; ++n) {
    handles.push_back(handle_no(n));
    ASSERT_TRUE(table_.create(handles.back()).ok());
    ASSERT_TRUE(put_text(table_, handles.back(), std::int64_t{1}, std::string(5000, 'v')).ok());
    held.push_back(*table_.get(handles.back(), std::int64_t{1}));
  }
  table_.destroy(handles);
  int calls = 0;
  while (table_.reclaim(3)) ASSERT_LT(++calls, 1000);
  EXPECT_EQ(table_.audit().dead_dicts, 50u);
  for (const Blob& blob : held) EXPECT_EQ(text_of(blob), std::string(5000, 'v'));
  held.clear();
  calls = 0;
  while (table_.reclaim(3)) ASSERT_LT(++calls, 1000);
  EXPECT_EQ(table_.audit().dead_dicts, 0u);
  EXPECT_TRUE(audited(table_));
}

TEST_F(StoreTest, ReclaimGivesEverythingBackInSmallSteps) {
  const std::uint64_t before = table_.audit().used_blocks;
  ASSERT_TRUE(table_.create(handle_no(2)).ok());
  for (std::int64_t n = 0; n < 5000; ++n) {
    ASSERT_TRUE(put_text(table_, handle_no(2), n, std::string(static_cast<std::size_t>(n % 500), 'v')).ok());
    ASSERT_TRUE(
        put_text(table_, handle_no(2), text_key("a long key, number " + std::to_string(n)), "v").ok());
  }
  table_.destroy(std::array{handle_no(2)});
  int steps = 0;
  while (table_.reclaim(100)) {
    ++steps;
    if (steps % 10 == 0) {
      ASSERT_TRUE(audited(table_)) << steps;
    }
  }
  EXPECT_GE(steps, 100);
  EXPECT_EQ(table_.audit().used_blocks, before);
  EXPECT_TRUE(audited(table_));
}

TEST_F(StoreTest, AWriterThatIsDroppedGivesItsMemoryBack) {
  const AuditReport before = table_.audit();
  for (const std::size_t size : {std::size_t{10}, std::size_t{1000}, std::size_t{1000000}}) {
    { const Result<BlobWriter> dropped = table_.allocate(size); }
    { const Result<NewBlob> dropped = blob_of(table_, std::string(size, 'v')); }
    // Refused: the dict is not there.
    EXPECT_FALSE(put_text(table_, handle_no(99), text_key("k"), std::string(size, 'v')).ok());
  }
  EXPECT_TRUE(audited(table_));
  EXPECT_EQ(table_.audit().used_blocks, before.used_blocks);
  EXPECT_LE(table_.audit().held_bytes, 64u << 10);
}

TEST_F(StoreTest, AsManyProcessesAsThereAreSlots) {
  Limits limits;
  limits.max_table_bytes = 64 << 20;
  const TemporaryTable file(limits);
  std::vector<std::unique_ptr<Table>> tables;
  for (std::size_t n = 1; n < kSlots - kSpareSlots; ++n) {
    auto table = Table::attach(file.path());
    ASSERT_TRUE(table.ok()) << table.error().detail;
    tables.push_back(*std::move(table));
  }
  EXPECT_EQ(file.table().stats().processes, kSlots - kSpareSlots);
  const auto one_more = Table::attach(file.path());
  ASSERT_FALSE(one_more.ok());
  EXPECT_EQ(one_more.error().code, Errc::bad_config);
  EXPECT_NE(one_more.error().detail.find("252 processes"), std::string::npos);
  tables.pop_back();
  EXPECT_TRUE(Table::attach(file.path()).ok());
}

// Where no port sweeps (Python alone), who attaches does.
TEST_F(StoreTest, SlotsOfTheDeadAreUsedAgain) {
  Limits limits;
  limits.max_table_bytes = 64 << 20;
  const TemporaryTable file(limits);
  for (std::size_t n = 0; n < kSlots + 20; ++n) {
    Child child([&] { return Table::attach(file.path()).ok() ? 0 : 1; });
    ASSERT_EQ(child.wait(), 0) << n;
  }
  for (std::size_t n = 0; n < kSlots + 20; ++n) {
    Child child([&] {
      const auto table = Table::attach(file.path());
      return table.ok() && kill(getpid(), SIGKILL) == 0 ? 0 : 1;
    });
    ASSERT_EQ(child.wait(), -SIGKILL) << n;
  }
  file.table().sweep();
  EXPECT_TRUE(audited(file.table()));
}

TEST_F(StoreTest, SweepGivesBackWhatAKilledProcessHeld) {
  put(text_key("large"), std::string(10000, 'l'));
  const AuditReport before = table_.audit();
  Child child([&] {
    if (!table_.after_fork().ok()) return 1;
    const Result<Blob> pinned = table_.get(dict_, text_key("large"));
    const Result<NewBlob> prepared = blob_of(table_, std::string(50000, 'n'));
    const Result<NewBlob> small = blob_of(table_, std::string(200, 'n'));
    if (!put_text(table_, dict_, text_key("small"), "v").ok()) return 2;
    if (!table_.erase(dict_, text_key("small")).ok()) return 3;
    kill(getpid(), SIGKILL);
    return 4;
  });
  EXPECT_EQ(child.wait(), -SIGKILL);
  EXPECT_EQ(table_.stats().pinned, 1u);
  ASSERT_TRUE(table_.erase(dict_, text_key("large")).ok());  // is retired: the dead one has it pinned
  EXPECT_EQ(table_.sweep(), 1u);
  EXPECT_EQ(table_.stats().pinned, 0u);
  const AuditReport after = table_.audit();
  EXPECT_TRUE(after.clean()) << audit_text(after);
  EXPECT_LT(after.used_blocks, before.used_blocks + 4);
  EXPECT_EQ(after.retired_blocks, 0u);
  EXPECT_GE(table_.stats().repairs, 1u);
}

}  // namespace
}  // namespace pyport::table
