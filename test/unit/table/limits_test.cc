// Every limit has a name and an error, costs nothing that was stored, and is no limit any more when there is
// room.
#include "table/limits.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>

#include "helpers.h"
#include "processes.h"
#include "temporary_table.h"

namespace pyport::table {
namespace {

std::string limit_of(const Status& status) {
  if (status.ok()) return "";
  EXPECT_EQ(status.error().code, Errc::table_full);
  return status.error().detail;
}

// Puts values until there is no room; the number of those that are there.
std::int64_t fill(Table& table, const Handle& dict, std::size_t size, std::string& limit) {
  for (std::int64_t n = 0;; ++n) {
    limit = limit_of(put_text(table, dict, n, std::string(size, static_cast<char>('a' + n % 26))));
    if (!limit.empty()) return n;
  }
}

class TableBytes : public testing::TestWithParam<std::size_t> {};

TEST_P(TableBytes, FullMeansAnErrorAndNothingElse) {
  const std::size_t size = GetParam();
  const TemporaryTable file({.max_table_bytes = 4 << 20});
  Table& table = file.table();
  ASSERT_TRUE(table.create(handle_no(1)).ok());
  ASSERT_TRUE(table.create(handle_no(2)).ok());
  ASSERT_TRUE(put_text(table, handle_no(2), text_key("other"), "of another dict").ok());
  std::string limit;
  const std::int64_t there = fill(table, handle_no(1), size, limit);
  EXPECT_EQ(limit, "max_table_bytes");
  EXPECT_LE(std::filesystem::file_size(file.path()), file.raw().geometry().end);
  EXPECT_LE(table.stats().file_bytes, std::uint64_t{4} << 20);
  EXPECT_GT(static_cast<std::uint64_t>(there) * (size + 40), std::uint64_t{2} << 20) << "far from full";
  ASSERT_TRUE(audited(table));
  // The new one is not there, the old ones are as they were.
  EXPECT_EQ(*table.size(handle_no(1)), static_cast<std::uint64_t>(there));
  EXPECT_FALSE(*table.contains(handle_no(1), there));
  EXPECT_FALSE(limit_of(put_text(table, handle_no(1), 0, std::string(1 << 20, 'x'))).empty());
  for (std::int64_t n = 0; n < there; ++n)
    ASSERT_EQ(text_at(table, handle_no(1), n), std::string(size, static_cast<char>('a' + n % 26)));
  EXPECT_EQ(text_at(table, handle_no(2), text_key("other")), "of another dict");
  EXPECT_EQ(table.keys(handle_no(1))->size(), static_cast<std::size_t>(there));
  // What is smaller still goes in, and what is erased makes room.
  EXPECT_TRUE(put_text(table, handle_no(2), text_key("other"), "1").ok());
  // (Of values that lie in their entries themselves all have to go: moving the others together takes memory.)
  const std::int64_t erased = size <= 7 ? there : there / 2;
  for (std::int64_t n = 0; n < erased; ++n) ASSERT_TRUE(*table.erase(handle_no(1), n));
  for (std::int64_t n = 0; n < there / 4; ++n)
    ASSERT_EQ(limit_of(put_text(table, handle_no(1), n, std::string(size, 'n'))), "") << n << " of " << there;
  ASSERT_TRUE(audited(table));
  table.destroy(std::array{handle_no(1)});
  while (table.reclaim(1000)) {
  }
  ASSERT_TRUE(table.create(handle_no(3)).ok());
  EXPECT_GT(fill(table, handle_no(3), size, limit), there * 9 / 10);
  EXPECT_TRUE(audited(table));
}

INSTANTIATE_TEST_SUITE_P(Sizes, TableBytes, testing::Values(5, 57, 300, 5000, 100000));

TEST(Limits, TheSmallestTableWorks) {
  const TemporaryTable file({.max_table_bytes = 256 << 10});
  ASSERT_TRUE(file.table().create(handle_no(1)).ok());
  std::string limit;
  EXPECT_GT(fill(file.table(), handle_no(1), 20, limit), 10);
  EXPECT_EQ(limit, "max_table_bytes");
  EXPECT_TRUE(audited(file.table()));
}

TEST(Limits, BytesOfOneDict) {
  const auto table = new_table({.max_dict_bytes = 1000});
  ASSERT_TRUE(table->create(handle_no(1)).ok());
  ASSERT_TRUE(table->create(handle_no(2)).ok());
  EXPECT_TRUE(put_text(*table, handle_no(1), text_key("k"), std::string(999, 'v')).ok());
  EXPECT_EQ(limit_of(put_text(*table, handle_no(1), text_key("k"), std::string(1000, 'v'))),
            "max_dict_bytes");
  EXPECT_EQ(limit_of(put_text(*table, handle_no(1), text_key("l"), "")), "max_dict_bytes");
  EXPECT_EQ(text_at(*table, handle_no(1), text_key("k")), std::string(999, 'v'));
  EXPECT_EQ(table->stats(handle_no(1))->bytes, 1000u);
  EXPECT_TRUE(put_text(*table, handle_no(2), text_key("k"), std::string(999, 'v')).ok())
      << "each dict has its own";
  EXPECT_TRUE(put_text(*table, handle_no(1), text_key("k"), "").ok());
  EXPECT_TRUE(put_text(*table, handle_no(1), text_key("l"), std::string(990, 'v')).ok());
  EXPECT_TRUE(audited(*table));
}

TEST(Limits, KeysOfOneDict) {
  const auto table = new_table({.max_dict_keys = 3});
  ASSERT_TRUE(table->create(handle_no(1)).ok());
  for (std::int64_t n = 0; n < 3; ++n) ASSERT_TRUE(put_text(*table, handle_no(1), n, "v").ok());
  EXPECT_EQ(limit_of(put_text(*table, handle_no(1), 3, "v")), "max_dict_keys");
  EXPECT_TRUE(put_text(*table, handle_no(1), 2, "replaced").ok());
  EXPECT_TRUE(*table->erase(handle_no(1), std::int64_t{0}));
  EXPECT_TRUE(put_text(*table, handle_no(1), 3, "v").ok());
  EXPECT_EQ(table->keys(handle_no(1))->size(), 3u);
}

TEST(Limits, LengthOfAKey) {
  const auto table = new_table({.max_key_bytes = 100});
  ASSERT_TRUE(table->create(handle_no(1)).ok());
  const std::string longest(100, 'k');
  EXPECT_TRUE(put_text(*table, handle_no(1), text_key(longest), "v").ok());
  EXPECT_EQ(limit_of(put_text(*table, handle_no(1), text_key(longest + "k"), "v")), "max_key_bytes");
  EXPECT_EQ(text_at(*table, handle_no(1), text_key(longest + "k")), "(no blob)");
  EXPECT_TRUE(audited(*table));
}

TEST(Limits, NumberOfDicts) {
  const auto table = new_table({.max_dicts = 3});
  for (std::uint64_t n = 1; n <= 3; ++n) ASSERT_TRUE(table->create(handle_no(n)).ok());
  EXPECT_EQ(limit_of(table->create(handle_no(4))), "max_dicts");
  EXPECT_EQ(table->create(handle_no(3)).error().code, Errc::exists);
  EXPECT_EQ(table->destroy(std::array{handle_no(1)}), 1u);
  EXPECT_TRUE(table->create(handle_no(4)).ok());
  EXPECT_TRUE(audited(*table));
}

TEST(Limits, AreThoseOfWhoMadeTheTable) {
  const TemporaryTable file({.max_dict_keys = 1, .max_key_bytes = 5});
  const auto other = Table::attach(file.path());
  ASSERT_TRUE(other.ok());
  ASSERT_TRUE((*other)->create(handle_no(1)).ok());
  EXPECT_TRUE(put_text(**other, handle_no(1), 1, "v").ok());
  EXPECT_EQ(limit_of(put_text(**other, handle_no(1), 2, "v")), "max_dict_keys");
  EXPECT_EQ(limit_of(put_text(**other, handle_no(1), text_key("123456"), "v")), "max_key_bytes");
}

// ---- A file system without room

// What the child of a test finds wrong; 0: nothing.
int work_in_a_full_file_system(const std::string& path) {
  Result<std::unique_ptr<Table>> made = Table::create(path, {});
  if (!made.ok()) return 10;
  Table& table = **made;
  if (!table.create(handle_no(1)).ok()) return 11;
  std::int64_t there = 0;
  for (std::size_t size : {20000U, 200U, 50U}) {
    for (;; ++there) {
      const Status stored = put_text(table, handle_no(1), there, std::string(size, 'v'));
      if (stored.ok()) continue;
      if (stored.error().code != Errc::table_full) return 12;
      if (stored.error().detail != "shared memory") return 13;
      break;
    }
  }
  if (there < 20) return 14;
  for (std::int64_t n = 0; n < there; ++n) {
    const Result<Blob> blob = table.get(handle_no(1), n);
    if (!blob.ok() || !*blob || blob->bytes()[blob->size() - 1] != 'v') return 15;
  }
  for (std::int64_t n = 0; n < there / 2; ++n)
    if (!table.erase(handle_no(1), n).ok()) return 16;
  for (std::int64_t n = 0; n < 10; ++n)
    if (!put_text(table, handle_no(1), n, std::string(2000, 'n')).ok()) return 17;
  if (!table.audit().clean()) return 18;
  // Others attach and work as far as there is room; who has no room for a slot is told.
  Result<std::unique_ptr<Table>> other = Table::attach(path);
  if (!other.ok()) return other.error().detail == "shared memory" ? 0 : 19;
  if (!(*other)->get(handle_no(1), there - 1).ok()) return 20;
  return 0;
}

// A small tmpfs of this child's own, as containers have one; root may mount, others in a user namespace.
bool mount_small(const std::string& path, std::size_t bytes) {
  const bool own = geteuid() == 0 ? unshare(CLONE_NEWNS) == 0 : unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
  if (!own) return false;
  (void)mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  return mount("tmpfs", path.c_str(), "tmpfs", 0, ("size=" + std::to_string(bytes)).c_str()) == 0;
}

// Where nothing may be mounted: a file may not become larger.
void forbid_larger_files(std::size_t bytes) {
  signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{bytes, bytes};
  setrlimit(RLIMIT_FSIZE, &limit);
}

class FullFileSystem : public testing::TestWithParam<std::size_t> {};

TEST_P(FullFileSystem, IsAnErrorAndNoSignal) {
  const TemporaryFolder folder;
  const std::size_t bytes = GetParam() << 20;
  Child child([&] {
    // A file's offsets reach further than its memory: what comes before the data is mostly holes.
    if (!mount_small(folder.path(), bytes))
      forbid_larger_files(Geometry(Limits{}.max_table_bytes).data + bytes);
    return work_in_a_full_file_system(folder.file("table"));
  });
  EXPECT_EQ(child.wait(), 0);
}

INSTANTIATE_TEST_SUITE_P(Megabytes, FullFileSystem, testing::Values(1, 3, 16, 64));

TEST(FullFileSystem, ByTheSizeOfAFile) {
  const TemporaryFolder folder;
  Child child([&] {
    forbid_larger_files(Geometry(Limits{}.max_table_bytes).data + (5 << 20));
    return work_in_a_full_file_system(folder.file("table"));
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST(FullFileSystem, WithoutRoomForATableThereIsNone) {
  const TemporaryFolder folder;
  Child child([&] {
    if (!mount_small(folder.path(), 8192)) forbid_larger_files(4096);
    const auto table = Table::create(folder.file("table"), {});
    if (table.ok()) return 1;
    if (table.error().code != Errc::table_full || table.error().detail != "shared memory") return 2;
    return std::filesystem::is_empty(folder.path()) ? 0 : 3;
  });
  EXPECT_EQ(child.wait(), 0);
}

}  // namespace
}  // namespace pyport::table
