// Dicts that have a name: one for all who ask for it, until somebody deletes it.
#include <atomic>
#include <mutex>
#include <set>

#include "crash_scenarios.h"
#include "in_threads.h"

namespace pyport::table {
namespace {

class NamesTest : public testing::Test {
 protected:
  Result<Opened> open(std::string_view name, std::uint64_t fresh) {
    return table_.open(name, NewDict{}, handle_no(fresh));
  }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    const auto found = table_.names();
    for (const Named& named : *found) all.push_back(named.name);
    return all;
  }

  const std::unique_ptr<Table> owned_ = new_table();
  Table& table_ = *owned_;
};

TEST_F(NamesTest, AreFoundByAllAfterTheyWereMade) {
  EXPECT_EQ(names(), std::vector<std::string>{});
  EXPECT_TRUE(is_gone(table_.open("sessions", std::nullopt, handle_no(1))));
  const Result<Opened> made = open("sessions", 1);
  ASSERT_TRUE(made.ok());
  EXPECT_TRUE(made->is_new);
  EXPECT_EQ(made->handle, handle_no(1));
  for (const std::uint64_t other : {2, 3}) {
    const Result<Opened> found = open("sessions", other);
    ASSERT_TRUE(found.ok());
    EXPECT_FALSE(found->is_new);
    EXPECT_EQ(found->handle, handle_no(1));
    EXPECT_FALSE(table_.alive(handle_no(other)));
  }
  EXPECT_EQ(table_.open("sessions", std::nullopt, handle_no(4))->handle, handle_no(1));
  ASSERT_TRUE(open("other", 5).ok());
  EXPECT_EQ(names(), (std::vector<std::string>{"sessions", "other"}));
}

TEST_F(NamesTest, ADictTellsItsNameAndWhatElseItWasMadeWith) {
  NewDict wanted;
  wanted.ttl = 5'000'000;
  wanted.idle = true;
  wanted.max_value_bytes = 77;
  ASSERT_TRUE(table_.open("a name", wanted, handle_no(1)).ok());
  const Result<DictStats> stats = table_.stats(handle_no(1));
  ASSERT_TRUE(stats.ok());
  EXPECT_EQ(stats->name, "a name");
  EXPECT_EQ(stats->ttl, 5'000'000u);
  EXPECT_TRUE(stats->idle);
  EXPECT_EQ(stats->max_value_bytes, 77u);
  EXPECT_EQ(stats->owner, DictOwner::node);
  EXPECT_GT(stats->created, 1'700'000'000'000'000'000u);
  EXPECT_GE(stats->last_use + 2'000'000'000, stats->created);
  ASSERT_TRUE(table_.clear(handle_no(1)).ok());
  EXPECT_EQ(table_.stats(handle_no(1))->name, "a name") << "after clear";
  EXPECT_EQ(table_.stats(handle_no(1))->created, stats->created);
}

TEST_F(NamesTest, GoWithTheirDict) {
  ASSERT_TRUE(open("k", 1).ok());
  EXPECT_TRUE(*table_.remove_name("k"));
  EXPECT_FALSE(table_.alive(handle_no(1)));
  EXPECT_FALSE(*table_.remove_name("k"));
  EXPECT_FALSE(*table_.remove_name("never"));
  const Result<Opened> again = open("k", 2);
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->is_new);
  table_.destroy(std::array{handle_no(2)});
  EXPECT_EQ(names(), std::vector<std::string>{}) << "destroyed by its handle";
  EXPECT_TRUE(is_gone(table_.open("k", std::nullopt, handle_no(3))));
  EXPECT_EQ(open("k", 3)->handle, handle_no(3));
}

TEST_F(NamesTest, AreShortAndVisible) {
  for (const std::string& bad :
       {std::string(), std::string(65, 'n'), std::string("a\nb"), std::string("\0", 1)}) {
    const Result<Opened> opened = open(bad, 1);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, Errc::bad_config);
  }
  const std::vector<std::string> good_names{std::string(64, 'n'), "Grüße, 1:2/3"};
  for (const std::string& good : good_names) EXPECT_TRUE(open(good, good.size()).ok()) << good;
  EXPECT_EQ(names(), good_names);
}

TEST_F(NamesTest, AreNoDictsOfTheirOwn) {
  ASSERT_TRUE(open("k", 1).ok());
  EXPECT_EQ(table_.handles(), std::vector<Handle>{handle_no(1)});
  EXPECT_EQ(table_.stats().dicts, 1u);
  EXPECT_EQ(table_.stats().keys, 0u);
}

// Of many who make the same name at once all get the same dict, and no other is left.
TEST_F(NamesTest, OneOfManyMakesIt) {
  for (std::uint64_t round = 0; round < 200; ++round) {
    std::mutex mutex;
    std::set<Handle> found;
    std::atomic<int> made{0};
    in_threads([&](int thread) {
      const Result<Opened> opened = open("n", 10 * round + static_cast<std::uint64_t>(thread) + 1);
      ASSERT_TRUE(opened.ok());
      made += opened->is_new ? 1 : 0;
      const std::lock_guard lock(mutex);
      found.insert(opened->handle);
    });
    ASSERT_EQ(found.size(), 1u);
    ASSERT_EQ(made, 1);
    ASSERT_EQ(table_.handles().size(), 1u);
    ASSERT_TRUE(*table_.remove_name("n"));
  }
  while (table_.reclaim(1000)) {
  }
  EXPECT_TRUE(audited(table_));
}

// Whoever is killed on the way leaves the name as it was, or with a dict that all find.
TEST_F(NamesTest, AreFreeOrSomebodysAfterAKill) {
  for (std::size_t point = 0;; ++point) {
    const auto table = new_table();
    const End end = run_and_kill(
        *table, point, [](Table& in_child) { return in_child.open("n", NewDict{}, handle_no(1)).ok(); });
    ASSERT_NE(end, End::failed);
    const Result<Opened> found = table->open("n", NewDict{}, handle_no(2));
    ASSERT_TRUE(found.ok()) << "point " << point;
    EXPECT_TRUE(end != End::finished || found->handle == handle_no(1));
    ASSERT_TRUE(put_text(*table, found->handle, text_key("k"), "v").ok());
    EXPECT_EQ(table->names()->size(), 1u);
    EXPECT_EQ(table->open("n", std::nullopt, handle_no(3))->handle, found->handle);
    table->sweep();
    EXPECT_TRUE(audited(*table));
    if (end == End::finished) break;
  }
}

}  // namespace
}  // namespace pyport::table
