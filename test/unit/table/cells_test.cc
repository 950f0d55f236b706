// Numbers that are changed without a lock.
#include <array>
#include <atomic>
#include <limits>
#include <thread>

#include "crash_harness.h"
#include "in_threads.h"
#include "numbers.h"
#include "processes.h"

namespace pyport::table {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

class CellTest : public testing::Test {
 protected:
  CellTest() { EXPECT_TRUE(table_.create(dict_).ok()); }

  // before/after, or what went wrong.
  std::string change(std::string_view key, CellOp op, std::int64_t operand, std::int64_t expected = 0) {
    const auto outcome = table::change(table_, dict_, text_key(key), op, operand, expected);
    if (!outcome.ok()) return outcome.error().detail;
    if (outcome->result == CellResult::overflow) return "overflow of " + std::to_string(outcome->before);
    if (outcome->result == CellResult::not_a_number) return "not a number";
    return std::to_string(outcome->before) + " " + std::to_string(outcome->after);
  }
  std::string at(std::string_view key) const { return shown_at(table_, dict_, text_key(key)); }
  HeldCell held(std::string_view key) {
    Result<HeldCell> cell = table_.hold_cell(dict_, text_key(key));
    EXPECT_TRUE(cell.ok());
    return cell.ok() ? *std::move(cell) : HeldCell();
  }
  bool is_held(std::string_view key, const HeldCell& cell) {
    const Result<bool> is = table_.is_held(dict_, text_key(key), cell);
    return is.ok() && *is;
  }

  const std::unique_ptr<Table> owned_ = new_table();
  Table& table_ = *owned_;
  const Handle dict_ = handle_no(1);
};

TEST_F(CellTest, AMissingKeyCountsAsZero) {
  EXPECT_EQ(change("n", CellOp::add, 5), "0 5");
  EXPECT_EQ(change("n", CellOp::add, -7), "5 -2");
  EXPECT_EQ(at("n"), "<-2>");
  EXPECT_EQ(*table_.size(dict_), 1u);
  EXPECT_EQ(table::change(table_, dict_, std::int64_t{7}, CellOp::sub, 1)->after, -1);
  EXPECT_EQ(change("m", CellOp::compare_and_swap, 5, 1), "0 0");
  EXPECT_EQ(at("m"), "(no blob)");
  EXPECT_EQ(change("m", CellOp::compare_and_swap, 5, 0), "0 5");
  EXPECT_TRUE(audited(table_));
}

TEST_F(CellTest, EveryOperation) {
  ASSERT_TRUE(put_number(table_, dict_, text_key("n"), 12).ok());
  EXPECT_EQ(at("n"), "12");
  EXPECT_EQ(change("n", CellOp::sub, 2), "12 10");
  EXPECT_EQ(change("n", CellOp::bor, 5), "10 15");
  EXPECT_EQ(change("n", CellOp::bxor, 6), "15 9");
  EXPECT_EQ(change("n", CellOp::band, -2), "9 8");
  EXPECT_EQ(change("n", CellOp::swap, 100), "8 100");
  EXPECT_EQ(change("n", CellOp::compare_and_swap, 1, 99), "100 100");
  EXPECT_EQ(change("n", CellOp::compare_and_swap, 1, 100), "100 1");
  EXPECT_EQ(at("n"), "<1>");
}

TEST_F(CellTest, WhatDoesNotFitChangesNothing) {
  EXPECT_EQ(change("n", CellOp::swap, kMost), "0 " + std::to_string(kMost));
  EXPECT_EQ(change("n", CellOp::add, 1), "overflow of " + std::to_string(kMost));
  EXPECT_EQ(change("n", CellOp::sub, -1), "overflow of " + std::to_string(kMost));
  EXPECT_EQ(at("n"), "<" + std::to_string(kMost) + ">");
  EXPECT_EQ(change("m", CellOp::sub, kLeast), "overflow of 0");
  EXPECT_EQ(at("m"), "(no blob)");
  EXPECT_EQ(change("m", CellOp::add, kLeast), "0 " + std::to_string(kLeast));
  EXPECT_EQ(change("m", CellOp::bxor, -1), std::to_string(kLeast) + " " + std::to_string(kMost));
}

TEST_F(CellTest, OtherValuesAreNoNumbers) {
  for (const std::string& text : {std::string("text"), std::string(100, '1'), std::string(9000, '1')}) {
    ASSERT_TRUE(put_text(table_, dict_, text_key("k"), text).ok());
    EXPECT_EQ(change("k", CellOp::add, 1), "not a number");
    EXPECT_EQ(at("k"), text);
  }
  EXPECT_FALSE(held("k"));
  EXPECT_FALSE(held("nothing"));
}

TEST_F(CellTest, ErrorsAreThoseOfOtherOperations) {
  EXPECT_TRUE(is_gone(table::change(table_, handle_no(9), text_key("n"), CellOp::add, 1)));
  EXPECT_TRUE(is_gone(table_.hold_cell(handle_no(9), text_key("n"))));
  Limits limits;
  limits.max_dict_keys = 1;
  limits.max_key_bytes = 4;
  const auto small = new_table(limits);
  ASSERT_TRUE(small->create(dict_).ok());
  ASSERT_TRUE(put_text(*small, dict_, text_key("k"), "v").ok());
  EXPECT_EQ(table::change(*small, dict_, text_key("n"), CellOp::add, 1).error().detail, "max_dict_keys");
  EXPECT_EQ(table::change(*small, dict_, text_key("long key"), CellOp::add, 1).error().detail,
            "max_key_bytes");
  EXPECT_TRUE(audited(*small));
}

TEST_F(CellTest, IsAValueAmongOthers) {
  ASSERT_TRUE(put_text(table_, dict_, text_key("a"), "v").ok());
  change("n", CellOp::add, 3);
  ASSERT_TRUE(put_text(table_, dict_, text_key("b"), "w").ok());
  const std::vector<KeyView> keys{text_key("n"), text_key("b"), text_key("n")};
  const auto some = table_.get_many(dict_, keys);
  ASSERT_TRUE(some.ok());
  EXPECT_EQ(some->tag(0), kCellTag);
  EXPECT_EQ(as_text(some->bytes(0)), as_text(some->bytes(2)));
  EXPECT_EQ(as_text(some->bytes(1)), "w");
  const auto all = table_.items(dict_);
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->size(), 3u);
  EXPECT_EQ(all->keys()[1], Key("n"));
  EXPECT_EQ(table_.stats(dict_)->bytes, 1 + 1 + 1 + 11 + 1 + 1u);
  EXPECT_EQ(change("n", CellOp::add, 1), "3 4") << "it is thawed";
  for (int n = 0; n < 100; ++n) ASSERT_TRUE(put_text(table_, dict_, std::int64_t{n}, "v").ok());
  for (int n = 0; n < 100; ++n) ASSERT_TRUE(*table_.erase(dict_, std::int64_t{n}));  // moves the live ones
  EXPECT_EQ(at("n"), "<4>");
  EXPECT_TRUE(audited(table_));
}

TEST_F(CellTest, ANumberGoesIntoIt) {
  change("n", CellOp::add, 1);
  const HeldCell cell = held("n");
  ASSERT_TRUE(put_number(table_, dict_, text_key("n"), 50).ok());
  EXPECT_EQ(cell.load(), 50);
  EXPECT_EQ(at("n"), "<50>");
  std::vector<KeyChange> changes;
  changes.push_back({text_key("n"), *blob_of(table_, "60", kDigits)});
  changes.push_back({text_key("m"), *blob_of(table_, "70", kDigits)});
  ASSERT_TRUE(table_.change_all(dict_, changes, &test_numbers()).ok());
  EXPECT_EQ(at("n") + at("m"), "<60>70");
  EXPECT_EQ(change("n", CellOp::add, 1), "60 61");
  EXPECT_EQ(cell.load(), 61);
  ASSERT_TRUE(*table_.put_if(dict_, text_key("n"), *blob_of(table_, "80", kDigits), Expect::anything(),
                             nullptr, &test_numbers()));
  EXPECT_EQ(cell.load(), 80);
  EXPECT_TRUE(audited(table_));
}

TEST_F(CellTest, AnythingElseReplacesIt) {
  const auto replaced = [&](const std::function<void()>& replace) {
    ASSERT_TRUE(put_number(table_, dict_, text_key("n"), 5).ok());
    change("n", CellOp::add, 1);
    {
      const HeldCell cell = held("n");
      EXPECT_EQ(cell.load(), 6);
      replace();
      EXPECT_FALSE(cell.load());
      EXPECT_FALSE(cell.change({CellOp::add, 1}));
      EXPECT_FALSE(is_held("n", cell));
      EXPECT_FALSE(cell.change({CellOp::add, 1}));
    }
    while (table_.reclaim(100)) {
    }
    EXPECT_TRUE(audited(table_));
  };
  replaced([&] { ASSERT_TRUE(put_text(table_, dict_, text_key("n"), "text").ok()); });
  ASSERT_TRUE(*table_.erase(dict_, text_key("n")));
  replaced([&] { ASSERT_TRUE(put_text(table_, dict_, text_key("n"), "5", kDigits).ok()); });
  replaced([&] { ASSERT_TRUE(*table_.erase(dict_, text_key("n"))); });
  replaced([&] { EXPECT_EQ(shown(table_.take(dict_, text_key("n"))->value.blob), "<6>"); });
  replaced([&] { ASSERT_TRUE(table_.clear(dict_).ok()); });
  replaced([&] {
    std::vector<KeyChange> changes;
    changes.push_back({text_key("n"), NewBlob()});
    ASSERT_TRUE(table_.change_all(dict_, changes, &test_numbers()).ok());
  });
  change("n", CellOp::add, 1);
  const HeldCell cell = held("n");
  table_.destroy(std::array{dict_});
  EXPECT_FALSE(cell.load());
  EXPECT_FALSE(cell.change({CellOp::add, 1}));
  EXPECT_FALSE(is_held("n", cell));
}

TEST_F(CellTest, AnotherOfTheSameKeyIsAnother) {
  change("n", CellOp::add, 1);
  const HeldCell old = held("n");
  ASSERT_TRUE(*table_.erase(dict_, text_key("n")));
  change("n", CellOp::add, 1);
  EXPECT_FALSE(old.change({CellOp::add, 1}));
  EXPECT_FALSE(is_held("n", old));
  EXPECT_EQ(at("n"), "<1>");
}

TEST_F(CellTest, HeldOnesAreChangedAndSeen) {
  change("n", CellOp::add, 1);
  const HeldCell cell = held("n");
  EXPECT_EQ(table_.stats().pinned, 1u);
  EXPECT_EQ(cell.change({CellOp::add, 2})->before, 1);
  EXPECT_EQ(change("n", CellOp::add, 3), "3 6");
  EXPECT_EQ(cell.change({CellOp::swap, 9})->before, 6);
  EXPECT_EQ(cell.load(), 9);
  EXPECT_EQ(at("n"), "<9>");
  EXPECT_EQ(cell.change({CellOp::swap, kMost})->result, CellResult::done);
  EXPECT_EQ(cell.change({CellOp::add, 1})->result, CellResult::overflow);
  EXPECT_TRUE(is_held("n", cell));
}

TEST_F(CellTest, EachNumberHasItsStamp) {
  const auto stamp = [&] { return table_.get_stamped(dict_, text_key("n"))->stamp; };
  change("n", CellOp::add, 1);
  const Stamp one = stamp();
  change("n", CellOp::add, 1);
  EXPECT_NE(stamp(), one);
  EXPECT_FALSE(*table_.put_if(dict_, text_key("n"), *blob_of(table_, "v"), Expect::stamped(one)));
  EXPECT_FALSE(table_.take(dict_, text_key("n"), Expect::stamped(one))->erased);
  EXPECT_FALSE(*table_.erase_if(dict_, text_key("n"), Expect::stamped(one)));
  EXPECT_EQ(change("n", CellOp::sub, 1), "2 1") << "it is thawed";
  EXPECT_EQ(stamp(), one);
  EXPECT_TRUE(*table_.put_if(dict_, text_key("n"), *blob_of(table_, "v"), Expect::stamped(one)));
  EXPECT_EQ(at("n"), "v");
  EXPECT_TRUE(audited(table_));
}

// ---- Many at once

struct SharedDictOf {
  explicit SharedDictOf(std::unique_ptr<Table> made) : table(std::move(made)) {
    EXPECT_TRUE(table->create(dict).ok());
  }
  std::int64_t add(const KeyView& key, std::int64_t number) const {
    const auto outcome = change(*table, dict, key, CellOp::add, number);
    EXPECT_TRUE(outcome.ok());
    return outcome.ok() ? outcome->after : 0;
  }
  const std::unique_ptr<Table> table;
  const Handle dict = handle_no(1);
};

TEST(TableThreads, NoAdditionIsLost) {
  const SharedDictOf shared(new_table());
  constexpr std::int64_t kRounds = 20000;
  in_threads([&](int thread) {
    for (std::int64_t n = 0; n < kRounds; ++n) {
      shared.add(text_key("all"), 1);
      shared.add(n % 7, thread % 2 == 0 ? 2 : -2);
      if (n % 100 == 0) {
        ASSERT_TRUE(shared.table->items(shared.dict).ok());  // freezes all of them
      }
    }
  });
  EXPECT_EQ(shown_at(*shared.table, shared.dict, text_key("all")),
            "<" + std::to_string(kThreads * kRounds) + ">");
  for (std::int64_t n = 0; n < 7; ++n) EXPECT_EQ(shown_at(*shared.table, shared.dict, n), "<0>");
  EXPECT_TRUE(audited(*shared.table));
}

// What is taken out and what is added meanwhile: nothing is counted twice, and nothing lost.
TEST(TableThreads, WhatIsTakenAndWhatIsLeftIsAll) {
  const SharedDictOf shared(new_table());
  constexpr std::int64_t kRounds = 10000;
  std::atomic<std::int64_t> taken{0};
  std::atomic<int> adding{kThreads};
  std::thread taker([&] {
    while (adding > 0) {
      const Result<TakenOut> one = shared.table->take(shared.dict, text_key("n"));
      ASSERT_TRUE(one.ok());
      if (!one->erased) continue;
      std::int64_t number = 0;
      std::memcpy(&number, one->value.blob.bytes().data() + 1, sizeof number);
      taken += number;
    }
  });
  in_threads([&](int) {
    HeldCell cell;
    for (std::int64_t n = 0; n < kRounds; ++n) {
      if (n % 2 == 0) {
        shared.add(text_key("n"), 1);
        continue;
      }
      if (cell && cell.change({CellOp::add, 1})) continue;
      shared.add(text_key("n"), 1);
      cell = HeldCell();
      cell = *shared.table->hold_cell(shared.dict, text_key("n"));
    }
    --adding;
  });
  taker.join();
  const auto rest = shared.table->get(shared.dict, text_key("n"));
  std::int64_t left = 0;
  if (*rest) std::memcpy(&left, rest->bytes().data() + 1, sizeof left);
  EXPECT_EQ(taken + left, kThreads * kRounds);
  EXPECT_TRUE(audited(*shared.table));
}

// The second is never ahead of the first, to which it is added afterwards.
TEST(TableThreads, SeveralAreReadAtOneMoment) {
  const SharedDictOf shared(new_table());
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    const std::vector<KeyView> keys{text_key("first"), text_key("second")};
    for (int n = 0; n < 5000; ++n) {
      const auto both =
          n % 2 == 0 ? shared.table->get_many(shared.dict, keys) : shared.table->items(shared.dict);
      ASSERT_TRUE(both.ok());
      if (both->size() < 2 || !both->has(0) || !both->has(1)) continue;
      std::int64_t first = 0, second = 0;
      std::memcpy(&first, both->bytes(0).data() + 1, sizeof first);
      std::memcpy(&second, both->bytes(1).data() + 1, sizeof second);
      ASSERT_GE(first, second);
    }
    stop = true;
  });
  in_threads([&](int) {
    while (!stop) {
      shared.add(text_key("first"), 1);
      shared.add(text_key("second"), 1);
    }
  });
  reader.join();
}

// By compare-and-swap, as in any machine.
TEST(TableThreads, CompareAndSwapLetsOneThrough) {
  const SharedDictOf shared(new_table());
  constexpr int kRounds = 3000;
  in_threads([&](int) {
    for (int round = 0; round < kRounds;) {
      const std::int64_t seen = shared.add(text_key("n"), 0);
      const auto outcome =
          change(*shared.table, shared.dict, text_key("n"), CellOp::compare_and_swap, seen + 1, seen);
      ASSERT_TRUE(outcome.ok());
      if (outcome->before == seen) ++round;
    }
  });
  EXPECT_EQ(shared.add(text_key("n"), 0), kThreads * kRounds);
}

TEST(CellProcesses, NoAdditionIsLost) {
  const SharedDictOf shared(new_table());
  constexpr std::int64_t kRounds = 30000;
  const auto add_all = [&] {
    shared.add(text_key("n"), 0);
    const HeldCell cell = *shared.table->hold_cell(shared.dict, text_key("n"));
    for (std::int64_t n = 0; n < kRounds; ++n)
      if (!cell.change({CellOp::add, 1})) return 1;
    return 0;
  };
  std::vector<std::unique_ptr<Child>> children;
  for (int n = 0; n < 3; ++n)
    children.push_back(
        std::make_unique<Child>([&] { return shared.table->after_fork().ok() ? add_all() : 2; }));
  EXPECT_EQ(add_all(), 0);
  for (const auto& child : children) EXPECT_EQ(child->wait(), 0);
  EXPECT_EQ(shared.add(text_key("n"), 0), 4 * kRounds);
}

}  // namespace
}  // namespace pyport::table
