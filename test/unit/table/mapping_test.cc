#include "table/mapping.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "helpers.h"
#include "table/store.h"
#include "temporary_table.h"

namespace pyport::table {
namespace {

constexpr std::uint64_t kMax = 16 << 20;

class MappingTest : public testing::Test {
 protected:
  std::string path() const { return folder_.file("table"); }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
      names.push_back(entry.path().filename());
    return names;
  }
  // What attach says about a file of these bytes.
  std::string refusal(std::string_view bytes) const {
    std::ofstream(path(), std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    const auto table = Table::attach(path());
    EXPECT_FALSE(table.ok());
    return table.ok() ? "" : table.error().detail;
  }

  const TemporaryFolder folder_;
};

TEST_F(MappingTest, HasNoNameBeforeItIsPublished) {
  const auto mapping = Mapping::create(path(), kMax);
  ASSERT_TRUE(mapping.ok());
  EXPECT_FALSE(std::filesystem::exists(path()));
  ASSERT_TRUE((*mapping)->publish(path()).ok());
  EXPECT_EQ(files(), std::vector<std::string>{"table"});
}

TEST_F(MappingTest, OnlyItsOwnerMayOpenIt) {
  const mode_t mask = umask(0);
  const TemporaryTable table;
  umask(mask);
  struct stat found {};
  ASSERT_EQ(stat(table.path().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777, 0600u);
}

TEST_F(MappingTest, AnExistingTableIsLeftAlone) {
  const TemporaryTable table;
  ASSERT_TRUE(table.table().create(handle_no(1)).ok());
  const auto again = Table::create(table.path(), {});
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, Errc::exists);
  const auto attached = Table::attach(table.path());
  ASSERT_TRUE(attached.ok());
  EXPECT_TRUE((*attached)->alive(handle_no(1)));
}

// A process that was killed while it made the table.
TEST_F(MappingTest, AnUnfinishedFileIsInNobodysWay) {
  { const auto killed = Mapping::create(path(), kMax); }
  ASSERT_EQ(files(), std::vector<std::string>{"table.new"});
  ASSERT_TRUE(Table::create(path(), {}).ok());
  EXPECT_EQ(files(), std::vector<std::string>{"table"});
}

TEST_F(MappingTest, WhatIsNoTableIsRefused) {
  EXPECT_NE(refusal("").find("not a table"), std::string::npos);
  EXPECT_NE(refusal("a text").find("not a table"), std::string::npos);
  EXPECT_NE(refusal(std::string(100000, 'x')).find("not a table"), std::string::npos);
  const auto missing = Table::attach(folder_.file("missing"));
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, Errc::bad_config);
  EXPECT_FALSE(Table::attach(folder_.path()).ok());
  EXPECT_FALSE(Table::attach("/dev/null").ok());
}

TEST_F(MappingTest, AnotherLayoutVersionIsRefusedWithBothNamed) {
  std::string bytes(2 * kPageBytes, '\0');
  const std::uint64_t words[] = {kFileMagic, 77, kMax};
  std::memcpy(bytes.data(), words, sizeof words);
  const std::string why = refusal(bytes);
  EXPECT_NE(why.find("77"), std::string::npos) << why;
  EXPECT_NE(why.find(std::to_string(kLayoutVersion)), std::string::npos) << why;
}

// What is behind its end is never touched: that would be SIGBUS.
TEST_F(MappingTest, AFileThatWasCutOffGivesErrors) {
  {
    const auto table = Table::create(path(), {});
    ASSERT_TRUE(table.ok());
    ASSERT_TRUE((*table)->create(handle_no(1)).ok());
    for (std::int64_t n = 0; n < 1000; ++n)
      ASSERT_TRUE(put_text(**table, handle_no(1), n, std::string(1000, 'v')).ok());
  }
  const std::uintmax_t whole = std::filesystem::file_size(path());
  for (const std::uintmax_t size :
       {whole - 500 * kPageBytes, whole / 2, std::uintmax_t{2 * kPageBytes}, std::uintmax_t{kPageBytes}}) {
    std::filesystem::resize_file(path(), size);
    const auto table = Table::attach(path());
    if (size == kPageBytes) {
      EXPECT_FALSE(table.ok());
      continue;
    }
    ASSERT_TRUE(table.ok()) << table.error().detail;
    for (std::int64_t n = 0; n < 1000; ++n) (void)text_at(**table, handle_no(1), n);
    (void)put_text(**table, handle_no(1), 5, "new").ok();
    (void)(*table)->create(handle_no(2)).ok();
    (void)(*table)->audit();
  }
}

TEST_F(MappingTest, ADamagedFirstPageIsRefused) {
  const TemporaryTable table;
  table.raw().superblock().max_dict_keys.store(3);
  const auto attached = Table::attach(table.path());
  ASSERT_FALSE(attached.ok());
  EXPECT_NE(attached.error().detail.find("damaged"), std::string::npos);
}

TEST_F(MappingTest, ATableOfAnotherPidNamespaceIsRefused) {
  const TemporaryTable table;
  Superblock& super = table.raw().superblock();
  super.pid_namespace.store(peek(super.pid_namespace) + 1);
  super.constants_check.store(constants_check(super));
  const auto attached = Table::attach(table.path());
  ASSERT_FALSE(attached.ok());
  EXPECT_NE(attached.error().detail.find("pid namespace"), std::string::npos);
}

TEST_F(MappingTest, ASymbolicLinkIsNotFollowed) {
  const TemporaryTable table;
  std::filesystem::create_symlink(table.path(), folder_.file("link"));
  EXPECT_FALSE(Table::attach(folder_.file("link")).ok());
  const std::string victim = folder_.file("victim");
  std::ofstream(victim) << "precious";
  std::filesystem::create_symlink(victim, folder_.file("new-table"));
  const auto made = Table::create(folder_.file("new-table"), {});
  EXPECT_FALSE(made.ok());
  EXPECT_EQ(std::filesystem::file_size(victim), 8u);
}

TEST_F(MappingTest, MemoryIsBehindWhatWasAskedForAndNoMore) {
  const auto mapping = Mapping::create(path(), kMax);
  ASSERT_TRUE(mapping.ok());
  const Mapping& file = **mapping;
  const std::uint64_t before = file.backed_bytes();
  ASSERT_TRUE(file.back(file.geometry().data + 100, 2 * kPageBytes));
  EXPECT_EQ(file.backed_bytes(), before + 3 * kPageBytes);
  EXPECT_TRUE(file.reaches(file.geometry().data + 3 * kPageBytes));
  EXPECT_FALSE(file.reaches(file.geometry().data + 3 * kPageBytes + 1));
  ASSERT_TRUE(file.back(file.geometry().data, kPageBytes));
  EXPECT_EQ(file.backed_bytes(), before + 3 * kPageBytes);
}

TEST_F(MappingTest, ImpossibleSizesAreRefused) {
  for (const std::uint64_t size :
       {std::uint64_t{0}, std::uint64_t{kPageBytes}, std::uint64_t{1} << 60, UINT64_MAX}) {
    const auto mapping = Mapping::create(path(), size);
    ASSERT_FALSE(mapping.ok()) << size;
    EXPECT_EQ(mapping.error().code, Errc::bad_config);
    EXPECT_TRUE(files().empty()) << "a file is left behind";
  }
}

TEST_F(MappingTest, AFolderThatIsNotThereIsNamed) {
  const auto made = Table::create(folder_.file("missing/table"), {});
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, Errc::bad_config);
  EXPECT_NE(made.error().detail.find("missing/table"), std::string::npos);
}

// The geometry is where the parts are: none overlaps the next, for any size.
TEST(Geometry, PartsDoNotOverlap) {
  for (const std::uint64_t max : {std::uint64_t{1} << 18, std::uint64_t{1} << 30, std::uint64_t{1} << 44}) {
    const Geometry geometry(max);
    EXPECT_LE(geometry.processes + kSlots * sizeof(ProcessEntry), geometry.directory);
    EXPECT_LE(geometry.directory + kChunks * sizeof(Word), geometry.slots);
    EXPECT_LE(geometry.slots + kSlots * sizeof(Slot), geometry.bitmap);
    EXPECT_LE(geometry.bitmap + geometry.max_pages / 8, geometry.descriptors);
    EXPECT_LE(geometry.descriptors + std::uint64_t{geometry.max_pages} * sizeof(PageDescriptor),
              geometry.data);
    EXPECT_EQ(geometry.data % kPageBytes, 0u);
    EXPECT_EQ(geometry.slots % kPageBytes, 0u);
  }
}

}  // namespace
}  // namespace pyport::table
