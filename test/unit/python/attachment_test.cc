// Attachments without Python: the list of files, and what fork() does to them.
#include "python/attachment.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

namespace pyport::python {
namespace {

class AttachmentTest : public ::testing::Test {
 protected:
  ~AttachmentTest() override { unlink(path_.c_str()); }

  std::shared_ptr<Attachment> made() { return *Attachment::create(path_, {}); }
  const std::string path_ = "/dev/shm/erlang-attachment-" + std::to_string(getpid());
};

// The exit status of a forked child that runs `work`.
int forked(const std::function<bool()>& work) {
  const pid_t child = fork();
  if (child == 0) _exit(work() ? 0 : 1);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool put(table::Table& table, const table::Handle& handle, std::int64_t key) {
  auto writer = table.allocate(1000);
  return writer.ok() && table.put(handle, key, (*std::move(writer)).finish(0)).ok();
}

TEST_F(AttachmentTest, OneAFile) {
  const auto first = made();
  const auto again = *Attachment::open(path_);
  EXPECT_EQ(first, again);
  EXPECT_EQ(first->path(), path_);
  EXPECT_EQ(first->table().stats().processes, 1u);
  EXPECT_EQ(Attachment::create(path_, {}).error().code, Errc::exists);
}

TEST_F(AttachmentTest, AnotherFileOfTheSameName) {
  const auto first = made();
  unlink(path_.c_str());
  EXPECT_FALSE(Attachment::open(path_).ok());
  const auto second = made();
  EXPECT_NE(first, second);
  EXPECT_EQ(*Attachment::open(path_), second);
}

TEST_F(AttachmentTest, ATableOfSomebodyElse) {
  const auto file = *table::Table::create(path_, {});
  const auto attachment = Attachment::of(*file, path_);
  EXPECT_EQ(&attachment->table(), file.get());
  EXPECT_EQ(*Attachment::open(path_), attachment);
  const auto anonymous = *table::Table::anonymous();
  EXPECT_EQ(Attachment::of(*anonymous, {})->path(), "");
}

TEST_F(AttachmentTest, AChildTakesItsOwnPlace) {
  const auto attachment = made();
  const table::Handle handle{{1}};
  ASSERT_TRUE(attachment->table().create(handle).ok());
  EXPECT_EQ(forked([&] {
              if (attachment->ready() || Attachment::forks() != 1) return false;
              return attachment->take_place().ok() && attachment->ready() &&
                     put(attachment->table(), handle, 1) && attachment->table().stats().processes == 2;
            }),
            0);
  EXPECT_TRUE(attachment->ready());
  EXPECT_EQ(Attachment::forks(), 0u);
  EXPECT_TRUE(*attachment->table().contains(handle, std::int64_t{1}));
  attachment->table().sweep();
  EXPECT_EQ(attachment->table().stats().processes, 1u);
}

TEST_F(AttachmentTest, AChildThatDropsItGivesNothingBack) {
  auto attachment = made();
  ASSERT_TRUE(attachment->table().create({{1}}).ok());
  EXPECT_EQ(forked([&] {
              attachment.reset();
              const std::string elsewhere = path_ + "-child";
              const auto other = Attachment::create(elsewhere, {});  // the latest now, instead of ours
              unlink(elsewhere.c_str());
              return other.ok();
            }),
            0);
  EXPECT_EQ(attachment->table().stats().processes, 1u);
  EXPECT_TRUE(put(attachment->table(), {{1}}, 1));
}

}  // namespace
}  // namespace pyport::python
