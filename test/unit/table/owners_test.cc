// What ends with a process, and what with another dict.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <thread>
#include <vector>

#include "crash_scenarios.h"
#include "helpers.h"
#include "processes.h"
#include "temporary_table.h"

namespace pyport::table {
namespace {

class Owners : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(table_->create(kDict).ok()); }
  void TearDown() override { EXPECT_TRUE(audited(*table_)); }

  bool make(std::uint64_t n, const NewDict& wanted) { return table_->create(handle_no(n), wanted).ok(); }
  bool alive(std::uint64_t n) { return table_->alive(handle_no(n)); }
  Adoption adopt(std::uint64_t child, std::uint64_t parent) {
    const Result<Adoption> outcome = table_->adopt(handle_no(child), handle_no(parent));
    EXPECT_TRUE(outcome.ok());
    return outcome.ok() ? *outcome : Adoption::foreign;
  }

  const std::unique_ptr<Table> table_ = new_table();
};

TEST_F(Owners, WhatAProcessMadeEndsWithIt) {
  const Signal made, end;
  Child child([&] {
    if (!table_->after_fork().ok()) return 2;
    const bool good = make(10, of_process()) && make(11, of_process()) && make(12, child_of(handle_no(11))) &&
                      make(13, {}) && make(14, child_of(kDict));
    made.give();
    end.await();
    return good ? 0 : 1;
  });
  made.await();
  EXPECT_EQ(table_->handles().size(), 6u);
  EXPECT_EQ(table_->handles(DictOwner::elsewhere).size(), 2u);
  EXPECT_EQ(table_->handles(DictOwner::process).size(), 2u);
  EXPECT_EQ(table_->sweep(), 0u);
  EXPECT_TRUE(alive(10));
  child.kill_it();
  child.wait_for_zombie();
  EXPECT_EQ(table_->sweep(), 1u);
  for (const std::uint64_t n : {10, 11, 12}) EXPECT_FALSE(alive(n)) << n;
  for (const std::uint64_t n : {13, 14}) EXPECT_TRUE(alive(n)) << n;
}

TEST_F(Owners, WhatEndsWithAProcessEndsWhenItLeaves) {
  const TemporaryTable file;
  Table& mine = file.table();
  {
    const auto other = *Table::attach(file.path());
    ASSERT_TRUE(other->create(kOther, of_process()).ok());
    ASSERT_TRUE(other->create(kChild, child_of(kOther)).ok());
    EXPECT_TRUE(mine.alive(kChild));
  }
  EXPECT_FALSE(mine.alive(kOther));
  EXPECT_FALSE(mine.alive(kChild));
  EXPECT_TRUE(audited(mine));
}

TEST_F(Owners, TheNextProcessInASlotHasNoneOfThem) {
  for (int round = 0; round < 3; ++round) {
    Child child([&] { return table_->after_fork().ok() && make(10, of_process()) ? 0 : 1; });
    ASSERT_EQ(child.wait(), 0);
    EXPECT_TRUE(alive(10));
    table_->sweep();
    EXPECT_FALSE(alive(10));
  }
}

TEST_F(Owners, ChildrenEndWithTheirParent) {
  ASSERT_TRUE(make(10, child_of(kDict)) && make(11, child_of(kDict)) && make(12, child_of(handle_no(10))));
  EXPECT_EQ(table_->stats(handle_no(12))->owner, DictOwner::parent);
  EXPECT_EQ(table_->destroy(std::array{handle_no(11)}), 1u);
  EXPECT_TRUE(alive(10) && alive(12));
  EXPECT_EQ(table_->destroy(std::array{kDict}), 1u);
  EXPECT_TRUE(table_->handles().empty());
  while (table_->reclaim(100)) {
  }
  EXPECT_EQ(table_->audit().dead_dicts, 0u);
}

TEST_F(Owners, ADictOfNoParentCannotBeMade) {
  EXPECT_EQ(table_->create(kChild, child_of(kOther)).error().code, Errc::gone);
  EXPECT_FALSE(table_->alive(kChild));
  ASSERT_TRUE(table_->create(kChild, child_of(kDict)).ok()) << "what was begun is in the way";
}

TEST_F(Owners, DeepAndWideFamiliesEnd) {
  constexpr std::uint64_t kMany = 3000;
  for (std::uint64_t n = 0; n < kMany; ++n) {
    ASSERT_TRUE(make(1000 + n, child_of(n == 0 ? kDict : handle_no(999 + n))));
    ASSERT_TRUE(make(100000 + n, child_of(kDict)));
  }
  table_->destroy(std::array{kDict});
  EXPECT_TRUE(table_->handles().empty());
  while (table_->reclaim(1000)) {
  }
  EXPECT_EQ(table_->audit().dead_dicts, 0u);
}

TEST_F(Owners, AdoptionChangesWhoEndsIt) {
  Child child([&] {
    const bool good = table_->after_fork().ok() && make(10, of_process()) && make(11, of_process());
    return good && adopt(10, 1) == Adoption::adopted ? 0 : 1;
  });
  ASSERT_EQ(child.wait(), 0);
  table_->sweep();
  EXPECT_TRUE(alive(10));
  EXPECT_FALSE(alive(11));
  table_->destroy(std::array{kDict});
  EXPECT_FALSE(alive(10));
}

TEST_F(Owners, AdoptionIsRefusedWhereItMust) {
  ASSERT_TRUE(make(10, of_process()) && make(11, of_process()) && make(12, {}));
  EXPECT_EQ(adopt(10, 1), Adoption::adopted);
  EXPECT_EQ(adopt(10, 1), Adoption::already);
  EXPECT_EQ(adopt(10, 12), Adoption::foreign) << "it has a parent";
  EXPECT_EQ(adopt(12, 1), Adoption::foreign) << "somebody else ends it";
  EXPECT_EQ(adopt(11, 11), Adoption::cycle);
  EXPECT_EQ(adopt(11, 10), Adoption::adopted);
  EXPECT_EQ(adopt(1, 11), Adoption::cycle) << "its grandparent";
  EXPECT_EQ(adopt(10, 11), Adoption::cycle);
  EXPECT_EQ(table_->adopt(handle_no(99), kDict).error().code, Errc::gone);
  EXPECT_EQ(table_->adopt(handle_no(12), handle_no(99)).error().code, Errc::gone);
}

TEST_F(Owners, TwoThatWouldAdoptEachOther) {
  for (int round = 0; round < 200; ++round) {
    ASSERT_TRUE(make(10, of_process()) && make(11, of_process()));
    std::array<Adoption, 2> outcomes{};
    std::thread other([&] { outcomes[1] = adopt(11, 10); });
    outcomes[0] = adopt(10, 11);
    other.join();
    EXPECT_EQ(std::count(outcomes.begin(), outcomes.end(), Adoption::adopted), 1);
    EXPECT_EQ(std::count(outcomes.begin(), outcomes.end(), Adoption::cycle), 1);
    table_->destroy(std::array{handle_no(10), handle_no(11)});
  }
}

TEST_F(Owners, AChildCanBeTakenBack) {
  ASSERT_TRUE(make(10, child_of(kDict)) && make(11, child_of(handle_no(10))));
  EXPECT_FALSE(*table_->disown(handle_no(11), kDict));
  EXPECT_TRUE(*table_->disown(handle_no(10), kDict));
  EXPECT_FALSE(*table_->disown(handle_no(10), kDict));
  EXPECT_EQ(table_->stats(handle_no(10))->owner, DictOwner::process);
  table_->destroy(std::array{kDict});
  EXPECT_TRUE(alive(10) && alive(11));
  EXPECT_EQ(table_->destroy(std::array{handle_no(10)}), 1u);
  EXPECT_FALSE(alive(11));
}

TEST_F(Owners, ClearEndsTheChildrenAndKeepsTheParent) {
  ASSERT_TRUE(make(10, child_of(kDict)) && make(11, child_of(handle_no(10))) && make(12, child_of(kDict)));
  ASSERT_TRUE(table_->clear(handle_no(10)).ok());
  EXPECT_FALSE(alive(11));
  EXPECT_TRUE(alive(12));
  ASSERT_TRUE(make(11, child_of(handle_no(10)))) << "the cleared one has children again";
  table_->destroy(std::array{kDict});
  for (const std::uint64_t n : {10, 11, 12}) EXPECT_FALSE(alive(n)) << n;
}

// Processes that make, adopt and destroy at random are killed; nothing outlives those that end it.
TEST_F(Owners, KilledWhileTheyMakeAndEndFamilies) {
  for (int round = 0; round < 20; ++round) {
    const Signal begun;
    std::vector<std::unique_ptr<Child>> children;
    for (std::uint64_t n = 1; n <= 3; ++n)
      children.push_back(std::make_unique<Child>([&, n] {
        if (!table_->after_fork().ok()) return 1;
        begun.give();
        for (std::uint64_t turn = 0;; turn = (turn + 1) % 50) {
          const std::uint64_t base = n * 1000 + turn * 4;
          (void)make(base, of_process());
          (void)make(base + 1, child_of(handle_no(base)));
          (void)make(base + 2, child_of(handle_no(base + 1)));
          (void)table_->adopt(handle_no(base), handle_no(n == 3 ? base - 4 : 1));
          if (turn % 3 == 0) table_->destroy(std::array{handle_no(base + 1), handle_no(base)});
          if (turn % 7 == 0) (void)table_->clear(kDict);
          if (turn % 5 == 0) (void)table_->reclaim(10);
        }
      }));
    for (int n = 0; n < 3; ++n) begun.await();
    usleep(2000);
    for (const auto& child : children) child->kill_it();
    for (const auto& child : children) (void)child->wait();
    table_->sweep();
    ASSERT_EQ(table_->handles(DictOwner::process).size(), 0u);
    ASSERT_TRUE(audited(*table_));
    table_->destroy(std::array{kDict});
    while (table_->reclaim(100)) {
    }
    ASSERT_TRUE(table_->handles().empty());
    ASSERT_EQ(table_->audit().dead_dicts, 0u);
    ASSERT_TRUE(table_->create(kDict).ok());
  }
}

}  // namespace
}  // namespace pyport::table
