// Every operation is killed at every one of its points; another process goes on at once. What was
// acknowledged is there, the interrupted operation is there entirely or not at all, no lock is left behind,
// and after the dead one's place is given back every block is accounted for.
#include <gtest/gtest.h>

#include <random>

#include "crash_harness.h"
#include "crash_scenarios.h"
#include "table/audit.h"

namespace pyport::table {
namespace {

// What the survivor must find, whatever point it was.
class Survivor {
 public:
  Survivor(const Scenario& scenario, std::size_t point) : scenario_(scenario) {
    trace_ = scenario.name + ", point " + std::to_string(point);
    EXPECT_TRUE(table_->create(kDict).ok());
    scenario.prepare(*table_, before_);
    after_ = before_;
    scenario.expect(after_);
  }

  Table& table() { return *table_; }
  const std::string& trace() const { return trace_; }

  void check(End end) {
    SCOPED_TRACE(trace_);
    check_contents(end);
    go_on();
    table_->sweep();
    while (table_->reclaim(1000)) {
    }
    check_accounts();
    check_contents(end);
    scenario_.verify(*table_);
    destroy_all();
  }

 private:
  void check_contents(End end) {
    if (scenario_.ends_dict && !table_->alive(kDict)) return;
    ASSERT_FALSE(scenario_.ends_dict && end == End::finished) << "an acknowledged destroy is lost";
    const Model found = contents(*table_, kDict);
    if (end == End::finished) {
      ASSERT_EQ(found, after_) << "an acknowledged change is lost";
    } else {
      ASSERT_TRUE(found == before_ || found == after_) << "a change is there in part: " << summary(found);
    }
  }

  // No lock is left behind: the same operations work for this process, and at once.
  void go_on() {
    if (!table_->alive(kDict)) return;
    ASSERT_TRUE(put_text(*table_, kDict, text_key("of the survivor"), kLong).ok());
    ASSERT_EQ(text_at(*table_, kDict, text_key("of the survivor")), kLong);
    ASSERT_TRUE(*table_->erase(kDict, text_key("of the survivor")));
    ASSERT_TRUE(table_->create(handle_no(77777)).ok());
    ASSERT_EQ(table_->destroy(std::array{handle_no(77777)}), 1u);
  }

  void check_accounts() {
    const AuditReport report = table_->audit();
    ASSERT_EQ(report.leaked_blocks, 0u) << audit_text(report);
    ASSERT_EQ(report.damaged, 0u) << audit_text(report);
    ASSERT_EQ(table_->stats().processes, 1u);
    ASSERT_EQ(table_->stats().pinned, 0u);
  }

  void destroy_all() {
    table_->destroy(table_->handles());
    table_->destroy(std::array{Names::kHandle});
    while (table_->reclaim(1000)) {
    }
    const AuditReport report = table_->audit();
    ASSERT_EQ(report.leaked_blocks, 0u) << audit_text(report);
    ASSERT_LE(report.used_blocks, 1u) << "more than the index: " << audit_text(report);
  }

  const Scenario& scenario_;
  std::string trace_;
  const std::unique_ptr<Table> table_ = new_table({.max_table_bytes = std::uint64_t{64} << 20});
  Model before_, after_;
};

class CrashPoints : public testing::TestWithParam<Scenario> {};

TEST_P(CrashPoints, EachOfThem) {
  std::size_t point = 0;
  for (;; ++point) {
    Survivor survivor(GetParam(), point);
    const End end = run_and_kill(survivor.table(), point, GetParam().work, GetParam().at_attach);
    ASSERT_NE(end, End::failed) << survivor.trace();
    survivor.check(end);
    if (HasFatalFailure() || HasFailure()) return;
    if (end == End::finished) break;
  }
  EXPECT_GT(point, 5u) << "hardly a point: the operation did nothing";
  RecordProperty("points", static_cast<int>(point));
}

std::string test_name(const testing::TestParamInfo<Scenario>& scenario) {
  std::string name;
  for (const char c : scenario.param.name) name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Table, CrashPoints, testing::ValuesIn(scenarios()), test_name);

// The one who repairs may be killed as well. The pairs of points are drawn by chance, with a fixed seed.
TEST(CrashTwice, TheOneWhoGivesBackIsKilledToo) {
  const auto repair = [](Table& table) {
    table.sweep();
    (void)put_text(table, kDict, text_key("of the second"), kLong);
    (void)table.erase(kDict, text_key("of the second"));
    return true;
  };
  std::mt19937 random(7);
  const std::vector<Scenario> all = scenarios();
  int killed_twice = 0;
  for (int round = 0; round < 600; ++round) {
    const Scenario& scenario = all[random() % all.size()];
    const std::size_t first = random() % 60;
    const std::size_t second = random() % 400;
    Survivor survivor(scenario, first);
    SCOPED_TRACE("then at point " + std::to_string(second));
    const End end = run_and_kill(survivor.table(), first, scenario.work, scenario.at_attach);
    ASSERT_NE(end, End::failed);
    const End again = run_and_kill(survivor.table(), second, repair);
    ASSERT_NE(again, End::failed);
    killed_twice += end == End::killed && again == End::killed;
    (void)survivor.table().erase(kDict, text_key("of the second"));
    survivor.check(end);
    if (HasFatalFailure() || HasFailure()) return;
  }
  EXPECT_GT(killed_twice, 120);
}

}  // namespace
}  // namespace pyport::table
