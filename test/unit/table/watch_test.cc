// Watching a dict: its changes, in order, and what happens when there are too many of them or someone is
// killed.
#include "table/watch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <thread>

#include "crash_scenarios.h"
#include "in_threads.h"
#include "numbers.h"
#include "processes.h"
#include "table/clock.h"
#include "temporary_table.h"

namespace pyport::table {
namespace {

using std::chrono::seconds;
constexpr seconds kLong{60};

std::string shown(const Key& key) {
  const auto* number = std::get_if<std::int64_t>(&key);
  return number != nullptr ? std::to_string(*number) : "'" + std::get<std::string>(key) + "'";
}

// Such as: put 'k', erased 7, cleared
std::string shown(const DictChange& change) {
  switch (change.kind) {
    case ChangeKind::put:
      return "put " + shown(change.key);
    case ChangeKind::erased:
      return "erased " + shown(change.key);
    case ChangeKind::expired:
      return "expired " + shown(change.key);
    case ChangeKind::cleared:
      return "cleared";
    case ChangeKind::overflow:
      break;
  }
  return "overflow";
}

class WatchTest : public testing::Test {
 protected:
  WatchTest() {
    EXPECT_TRUE(table_.create(dict_).ok());
    begin();
  }

  void begin() {
    position_ = {};
    const Result<WatchedChanges> begun = table_.wait_changes(dict_, position_);
    ASSERT_TRUE(begun.ok());
    EXPECT_TRUE(begun->changes.empty());
  }
  // All that there is now.
  std::vector<DictChange> changes() { return changes(position_); }
  std::vector<DictChange> changes(WatchPosition& position) {
    std::vector<DictChange> all;
    for (;;) {
      Result<WatchedChanges> more = table_.wait_changes(dict_, position, {WaitClock::now()});
      EXPECT_TRUE(more.ok());
      if (!more.ok() || more->end == WaitEnd::time_over) return all;
      all.insert(all.end(), more->changes.begin(), more->changes.end());
    }
  }
  std::vector<std::string> texts() { return texts(changes()); }
  static std::vector<std::string> texts(const std::vector<DictChange>& changes) {
    std::vector<std::string> all;
    for (const DictChange& change : changes) all.push_back(shown(change));
    return all;
  }
  Stamp stamp_of(const KeyView& key) { return *table_.stamp(dict_, key); }
  bool put(const KeyView& key, std::string_view text) { return put_text(table_, dict_, key, text).ok(); }
  bool put(std::string_view key, std::string_view text) { return put(text_key(key), text); }
  void add(std::string_view key, std::int64_t n) {
    ASSERT_TRUE(change(table_, dict_, text_key(key), CellOp::add, n).ok());
  }
  DictHeader& header() const {
    auto& directory = raw_.at<Word>(raw_.geometry().directory);
    for (std::uint32_t n = 0;; ++n) {
      auto& header = raw_.at<DictHeader>(peek(directory) + n * sizeof(DictHeader));
      if (peek(header.state) == kDictLive) return header;
    }
  }

  using Texts = std::vector<std::string>;
  const TemporaryTable file_;
  Table& table_ = file_.table();
  const Mapping& raw_ = file_.raw();
  const Handle dict_ = handle_no(1);
  WatchPosition position_;
};

TEST_F(WatchTest, EveryKindOfChangeIsTold) {
  const std::string key = "a key that is longer than an entry";
  ASSERT_TRUE(put("k", "v") && put("k", "w") && put("k", std::string(100, 'v')) && put(key, "v"));
  ASSERT_TRUE(put(std::int64_t{-7}, std::string(5000, 'v')) && put("", "v"));
  EXPECT_EQ(texts(), (Texts{"put 'k'", "put 'k'", "put 'k'", "put '" + key + "'", "put -7", "put ''"}));
  ASSERT_TRUE(*table_.erase(dict_, text_key(key)));
  ASSERT_TRUE(table_.take(dict_, std::int64_t{-7})->erased);
  ASSERT_FALSE(*table_.erase(dict_, text_key(key)));
  ASSERT_TRUE(*table_.put_if(dict_, text_key("new"), *blob_of(table_, "v"), Expect::absent()));
  ASSERT_FALSE(*table_.put_if(dict_, text_key("new"), *blob_of(table_, "v"), Expect::absent()));
  EXPECT_EQ(texts(), (Texts{"erased '" + key + "'", "erased -7", "put 'new'"}));
  ASSERT_TRUE(table_.clear(dict_).ok());
  ASSERT_TRUE(put("k", "v"));
  EXPECT_EQ(texts(), (Texts{"cleared", "put 'k'"}));
  EXPECT_TRUE(audited(table_));
}

TEST_F(WatchTest, ABatchIsToldKeyByKey) {
  ASSERT_TRUE(put("a", "v") && put("gone", "v"));
  (void)changes();
  std::vector<KeyChange> all;
  all.push_back({text_key("b"), *blob_of(table_, "v")});
  all.push_back({text_key("gone"), {}});
  all.push_back({text_key("a"), *blob_of(table_, std::string(100, 'v'))});
  all.push_back({text_key("not there"), {}});
  ASSERT_TRUE(table_.change_all(dict_, all).ok());
  EXPECT_EQ(texts(), (Texts{"put 'b'", "erased 'gone'", "put 'a'"}));
}

TEST_F(WatchTest, AKeyThatExpiresIsToldWhenItIsErased) {
  constexpr std::uint64_t kMillisecond = 1000000;
  ASSERT_TRUE(put_timed(table_, dict_, Key("k"), "v", kMillisecond));
  ASSERT_TRUE(put_timed(table_, dict_, Key("again"), "v", kMillisecond));
  while (*table_.contains(dict_, text_key("k")) || *table_.contains(dict_, text_key("again")))
    std::this_thread::yield();
  ASSERT_TRUE(put("again", "w"));
  table_.expire();
  EXPECT_EQ(texts(), (Texts{"put 'k'", "put 'again'", "expired 'again'", "put 'again'", "expired 'k'"}));
}

TEST_F(WatchTest, WhatMovesManyElementsOfAListIsAnOverflow) {
  const Handle list = handle_no(3);
  NewDict wanted;
  wanted.is_list = true;
  ASSERT_TRUE(table_.create(list, wanted).ok());
  WatchPosition position;
  ASSERT_TRUE(table_.wait_changes(list, position).ok());
  for (std::int64_t n = 0; n < 3; ++n) ASSERT_TRUE(put_text(table_, list, n, "v").ok());
  EXPECT_EQ(texts(table_.wait_changes(list, position)->changes), (Texts{"put 0", "put 1", "put 2"}));
  ASSERT_TRUE(*table_.insert_at(list, 1, *blob_of(table_, "w")));
  EXPECT_EQ(texts(table_.wait_changes(list, position)->changes), Texts{"overflow"});
  ASSERT_TRUE(*table_.erase_at(list, 1));
  EXPECT_EQ(texts(table_.wait_changes(list, position)->changes), Texts{"overflow"});
  ASSERT_TRUE(*table_.erase_at(list, -1));
  EXPECT_EQ(texts(table_.wait_changes(list, position)->changes), Texts{"erased 2"});
  EXPECT_TRUE(audited(table_));
}

TEST_F(WatchTest, VersionsAreThoseOfTheKeys) {
  const auto last = [&] { return changes().back().stamp; };
  ASSERT_TRUE(put("k", "v"));
  EXPECT_EQ(last(), stamp_of(text_key("k")));
  ASSERT_TRUE(put("k", "w"));
  EXPECT_EQ(last(), stamp_of(text_key("k")));
  add("n", 1);
  EXPECT_EQ(last(), stamp_of(text_key("n")));
  add("n", 1);
  EXPECT_EQ(last(), stamp_of(text_key("n")));
  ASSERT_TRUE(put_number(table_, dict_, text_key("n"), 77).ok());
  EXPECT_EQ(last(), stamp_of(text_key("n")));
}

TEST_F(WatchTest, NumbersThatWereThereBeforeAreToldToo) {
  const Handle before = handle_no(2);
  ASSERT_TRUE(table_.create(before).ok());
  ASSERT_TRUE(change(table_, before, text_key("n"), CellOp::add, 1).ok());
  const Result<HeldCell> cell = table_.hold_cell(before, text_key("n"));
  ASSERT_TRUE(cell.ok() && cell->change({CellOp::add, 1, 0}));
  ASSERT_TRUE(table_.change_cell_at_once(before, text_key("n"), {CellOp::add, 1, 0}));
  WatchPosition position;
  ASSERT_TRUE(table_.wait_changes(before, position).ok());
  EXPECT_FALSE(cell->change({CellOp::add, 1, 0}));
  EXPECT_FALSE(table_.change_cell_at_once(before, text_key("n"), {CellOp::add, 1, 0}));
  EXPECT_EQ(cell->load(), 3) << "reading goes on as before";
  EXPECT_EQ((*table_.change_held(before, text_key("n"), *cell, {CellOp::add, 1, 0}))->after, 4);
  EXPECT_EQ(change(table_, before, text_key("n"), CellOp::add, 1)->after, 5);
  EXPECT_EQ(change(table_, before, text_key("n"), CellOp::compare_and_swap, 9, 1)->after, 5);
  const Result<WatchedChanges> told = table_.wait_changes(before, position);
  ASSERT_TRUE(told.ok());
  EXPECT_EQ(texts(told->changes), (Texts{"put 'n'", "put 'n'"}));
}

TEST_F(WatchTest, AfterAMinuteNobodyWatches) {
  add("n", 1);
  ASSERT_TRUE(put("k", "v"));
  (void)changes();
  const std::uint64_t used = table_.stats().used;
  const Result<HeldCell> cell = table_.hold_cell(dict_, text_key("n"));
  EXPECT_FALSE(cell->change({CellOp::add, 1, 0}));
  draft(header().watched_until, coarse_nanoseconds() - 1);
  ASSERT_TRUE(put("k", "w"));
  EXPECT_LT(table_.stats().used, used) << "the list of changes was not given back";
  EXPECT_EQ((*table_.change_held(dict_, text_key("n"), *cell, {CellOp::add, 1, 0}))->after, 2);
  EXPECT_TRUE(cell->change({CellOp::add, 1, 0})) << "numbers are not free again";
  EXPECT_EQ(texts(), Texts{"overflow"}) << "who comes back is not told that he missed something";
  ASSERT_TRUE(put("k", "v"));
  EXPECT_EQ(texts(), Texts{"put 'k'"});
  EXPECT_TRUE(audited(table_));
}

TEST_F(WatchTest, WhoIsTooSlowIsToldSoAndGoesOnFromThePresent) {
  WatchPosition other = position_;
  for (int n = 0; n < 10000; ++n) {
    ASSERT_TRUE(put("key number " + std::to_string(n % 100), "v"));
    if (n % 1000 == 0) {
      EXPECT_EQ(changes(other).size(), n == 0 ? 1u : 1000u);
    }
  }
  EXPECT_EQ(texts(), Texts{"overflow"});
  ASSERT_TRUE(put("k", "v"));
  EXPECT_EQ(texts(), Texts{"put 'k'"});
}

TEST_F(WatchTest, WhatDoesNotFitIsAnOverflow) {
  ASSERT_TRUE(put("k", "v") && put(std::string(30000, 'k'), "v"));
  EXPECT_EQ(texts(), Texts{"overflow"});
  std::vector<KeyChange> all;
  std::vector<std::string> names;
  for (int n = 0; n < 5000; ++n) names.push_back("key number " + std::to_string(n));
  for (const std::string& name : names) all.push_back({text_key(name), *blob_of(table_, "v")});
  ASSERT_TRUE(put("k", "v") && table_.change_all(dict_, all).ok() && put("k", "w"));
  EXPECT_EQ(texts(), (Texts{"overflow"}));
  ASSERT_TRUE(put("k", "v"));
  EXPECT_EQ(texts(), Texts{"put 'k'"});
}

TEST_F(WatchTest, TheRingGoesRoundWithRecordsOfAllSizes) {
  std::uint64_t told = 0;
  for (std::size_t n = 0; n < 3000; ++n) {
    const std::string key(n * 37 % 400, static_cast<char>('a' + n % 26));
    ASSERT_TRUE(put(key, "v"));
    if (n % 50 != 49) continue;
    const std::vector<DictChange> all = changes();
    ASSERT_EQ(all.size(), 50u);
    for (const DictChange& change : all) {
      ASSERT_EQ(change.key, Key(std::string(told * 37 % 400, static_cast<char>('a' + told % 26))));
      ++told;
    }
  }
}

TEST_F(WatchTest, SleepsUntilThereIsAChange) {
  std::thread writer([&] { EXPECT_TRUE(put("k", "v")); });
  const Result<WatchedChanges> told = table_.wait_changes(dict_, position_, {WaitClock::now() + kLong});
  writer.join();
  ASSERT_TRUE(told.ok());
  EXPECT_EQ(texts(told->changes), Texts{"put 'k'"});
}

TEST_F(WatchTest, TheEndOfTheDictAndItsBeingMadeAnew) {
  std::thread ender([&] { table_.destroy(std::array{dict_}); });
  EXPECT_TRUE(is_gone(table_.wait_changes(dict_, position_, {WaitClock::now() + kLong})));
  ender.join();
  ASSERT_TRUE(table_.create(dict_).ok());
  EXPECT_EQ(texts(), Texts{"overflow"});
  ASSERT_TRUE(put("k", "v"));
  EXPECT_EQ(texts(), Texts{"put 'k'"});
  while (table_.reclaim(1000)) {
  }
  EXPECT_TRUE(audited(table_));
}

TEST_F(WatchTest, ManyWritersAreToldInOrderOfEachKey) {
  constexpr int kChanges = 5000;
  std::atomic<int> writing{kThreads};
  std::map<std::string, std::vector<Stamp>> told;
  std::thread watcher([&] {
    std::uint64_t count = 0;
    bool last = false;
    while (!last) {
      last = writing == 0;
      for (const DictChange& change : changes()) {
        // Who is too slow begins anew: the order holds all the same.
        if (change.kind == ChangeKind::put) told[std::get<std::string>(change.key)].push_back(change.stamp);
        ++count;
      }
    }
    EXPECT_GT(count, 0u);
  });
  in_threads([&](int thread) {
    for (int n = 0; n < kChanges; ++n)
      EXPECT_TRUE(put(std::to_string(thread) + "/" + std::to_string(n % 10), "v"));
    --writing;
  });
  watcher.join();
  for (const auto& [key, stamps] : told) EXPECT_TRUE(std::is_sorted(stamps.begin(), stamps.end())) << key;
}

TEST_F(WatchTest, WhoWatchesManyDictsSleepsOnce) {
  const Handle other = handle_no(2);
  ASSERT_TRUE(table_.create(other).ok());
  WatchPosition second;
  ASSERT_TRUE(table_.wait_changes(other, second).ok());
  const std::pair<const char*, std::function<void()>> all[] = {
      {"put", [&] { ASSERT_TRUE(put_text(table_, other, text_key("k"), "v").ok()); }},
      {"add", [&] { ASSERT_TRUE(change(table_, other, text_key("n"), CellOp::add, 1).ok()); }},
      {"add again", [&] { ASSERT_TRUE(change(table_, other, text_key("n"), CellOp::add, 1).ok()); }},
      {"clear", [&] { ASSERT_TRUE(table_.clear(other).ok()); }},
      {"destroy", [&] { table_.destroy(std::array{other}); }},
  };
  for (const auto& [name, make] : all) {
    const auto began = WaitClock::now();
    std::thread writer(make);
    for (;;) {
      const std::uint32_t marked = table_.mark_any_change();
      EXPECT_FALSE(table_.may_have_changes(dict_, position_));
      if (table_.may_have_changes(other, second)) break;
      (void)table_.sleep_until_any_change(marked, {began + kLong});
    }
    writer.join();
    const Result<WatchedChanges> told = table_.wait_changes(other, second);
    EXPECT_EQ(told.ok() ? told->changes.size() : 0, std::string(name) == "destroy" ? 0u : 1u) << name;
    EXPECT_LT(WaitClock::now() - began, WakeWord::kLongestSleep) << name;
  }
}

// Killed anywhere in a change of a dict that is watched: what was done was told, and nothing else.
TEST_F(WatchTest, WhatAKilledWriterHasDoneIsToldAndNothingElse) {
  const std::pair<const char*, std::function<bool(Table&)>> works[] = {
      {"put", [&](Table&) { return put("k", std::string(100, 'v')); }},
      {"replace", [&](Table&) { return put("there", "w"); }},
      {"erase", [&](Table&) { return table_.erase(dict_, text_key("there")).ok(); }},
      {"add", [&](Table&) { return change(table_, dict_, text_key("n"), CellOp::add, 1).ok(); }},
      {"clear", [&](Table&) { return table_.clear(dict_).ok(); }},
      {"batch",
       [&](Table&) {
         std::vector<KeyChange> all;
         all.push_back({text_key("k"), *blob_of(table_, "v")});
         all.push_back({text_key("there"), {}});
         return table_.change_all(dict_, all).ok();
       }},
  };
  for (const auto& [name, work] : works) {
    for (std::size_t point = 0;; ++point) {
      ASSERT_TRUE(table_.clear(dict_).ok() && put("there", "v"));
      add("n", 1);
      // Nearly full, so that the oldest have to make room.
      for (int n = 0; n < 2000; ++n) ASSERT_TRUE(put("some other key", "v"));
      begin();
      const Stamp k = stamp_of(text_key("k")), there = stamp_of(text_key("there")),
                  n = stamp_of(text_key("n"));
      const End end = run_and_kill(table_, point, work);
      ASSERT_NE(end, End::failed);
      table_.sweep();
      const bool done = stamp_of(text_key("k")) != k || stamp_of(text_key("there")) != there ||
                        stamp_of(text_key("n")) != n;
      EXPECT_EQ(!changes().empty(), done) << name << ", killed at " << point;
      while (table_.reclaim(1000)) {
      }
      ASSERT_TRUE(audited(table_)) << name << ", killed at " << point;
      if (end == End::finished) break;
    }
  }
}

TEST_F(WatchTest, KilledWhileItBeginsToWatch) {
  for (std::size_t point = 0;; ++point) {
    const Handle dict = handle_no(100 + point);
    ASSERT_TRUE(table_.create(dict).ok());
    ASSERT_TRUE(change(table_, dict, text_key("n"), CellOp::add, 1).ok());
    const End end = run_and_kill(table_, point, [&](Table&) {
      WatchPosition position;
      return table_.wait_changes(dict, position).ok();
    });
    table_.sweep();
    EXPECT_EQ(change(table_, dict, text_key("n"), CellOp::add, 1)->after, 2);
    WatchPosition position;
    ASSERT_TRUE(table_.wait_changes(dict, position).ok());
    EXPECT_EQ(change(table_, dict, text_key("n"), CellOp::add, 1)->after, 3);
    EXPECT_EQ(texts(table_.wait_changes(dict, position)->changes), Texts{"put 'n'"});
    ASSERT_TRUE(audited(table_));
    if (end == End::finished) break;
  }
}

TEST_F(WatchTest, ADamagedRingIsAnOverflow) {
  for (int damage = 0; damage < 4; ++damage) {
    ASSERT_TRUE(put("k", "v") && put("k", "v"));
    switch (damage) {
      case 0:
        draft(header().ring, peek(header().ring) + 64);
        break;
      case 1:
        draft(header().ring_begin, ~std::uint64_t{0});
        break;
      case 2:
        draft(header().ring_end, std::uint64_t{1} << 60);
        break;
      default:
        draft(raw_.at<Word>(peek(header().ring) + kHeaderBytes + position_.at % ChangeRing::kBytes), 12345);
    }
    ASSERT_TRUE(put("k", "w"));
    EXPECT_EQ(texts().front(), "overflow") << damage;
    (void)changes();
    ASSERT_TRUE(put("k", "v"));
    EXPECT_EQ(texts(), Texts{"put 'k'"}) << damage;
  }
}

TEST_F(WatchTest, NoRoomForTheList) {
  const auto table = new_table({.max_table_bytes = std::uint64_t{2} << 20});
  ASSERT_TRUE(table->create(dict_).ok());
  for (int n = 0; put_text(*table, dict_, std::int64_t{n}, std::string(60000, 'v')).ok(); ++n) {
  }
  WatchPosition position;
  const Result<WatchedChanges> begun = table->wait_changes(dict_, position);
  ASSERT_FALSE(begun.ok());
  EXPECT_EQ(begun.error().code, Errc::table_full);
  ASSERT_TRUE(put_text(*table, dict_, std::int64_t{0}, "v").ok());
  EXPECT_TRUE(audited(*table));
}

}  // namespace
}  // namespace pyport::table
