// The table under threads. Run in the TSan build too, where a missing lock is an error by itself.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <cstdlib>
#include <functional>
#include <set>
#include <thread>

#include "helpers.h"
#include "table/audit.h"

namespace pyport::table {
namespace {

// Runs body(0) .. body(n - 1) at once and waits for all.
void in_parallel(std::size_t n, const std::function<void(std::size_t)>& body) {
  std::barrier start(static_cast<std::ptrdiff_t>(n));
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < n; ++i) {
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      body(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// A value whose every part says the same number: a torn one would not.
std::string value_no(std::uint64_t n) {
  std::string text;
  while (text.size() < 200) text += std::to_string(n) + ",";
  return text;
}

TEST(TableThreads, OneWriterManyReadersSeeOnlyWholeValuesThatNeverGoBack) {
  constexpr std::uint64_t kWrites = 20000;
  const auto owned_table = new_table();
  Table& table = *owned_table;
  const Handle dict = handle_no(1);
  ASSERT_TRUE(table.create(dict).ok());
  ASSERT_TRUE(put_text(table, dict, text_key("counter"), value_no(0)).ok());
  std::atomic<std::uint64_t> written{0};    // a put of this number has returned
  std::atomic<std::uint64_t> beginning{0};  // a put of this number may have begun
  in_parallel(4, [&](std::size_t who) {
    if (who == 0) {
      for (std::uint64_t n = 1; n <= kWrites; ++n) {
        beginning = n;
        ASSERT_TRUE(put_text(table, dict, text_key("counter"), value_no(n)).ok());
        written = n;
      }
      return;
    }
    while (written < kWrites) {
      const std::uint64_t at_least = written;
      const std::string text = text_at(table, dict, text_key("counter"));
      const std::uint64_t at_most = beginning;
      const std::uint64_t n = std::stoull(text);
      ASSERT_EQ(text, value_no(n));
      ASSERT_GE(n, at_least);
      ASSERT_LE(n, at_most);
    }
  });
}

TEST(TableThreads, ManyWritersOfOneKeyLeaveTheLastValueOfOne) {
  const auto owned_table = new_table();
  Table& table = *owned_table;
  const Handle dict = handle_no(1);
  ASSERT_TRUE(table.create(dict).ok());
  in_parallel(4, [&](std::size_t who) {
    for (std::uint64_t n = 1; n <= 5000; ++n) {
      ASSERT_TRUE(put_text(table, dict, text_key("k"), value_no(who * 10000 + n)).ok());
      const std::uint64_t seen = std::stoull(text_at(table, dict, text_key("k")));
      ASSERT_TRUE(seen / 10000 != who || seen == who * 10000 + n) << "a value of mine came back";
    }
  });
  EXPECT_EQ(std::stoull(text_at(table, dict, text_key("k"))) % 10000, 5000u);
  EXPECT_EQ(table.stats().keys, 1u);
}

TEST(TableThreads, OfManyErasesOfAKeyExactlyOneSaysItWasThere) {
  constexpr std::int64_t kRounds = 2000;
  const auto owned_table = new_table();
  Table& table = *owned_table;
  const Handle dict = handle_no(1);
  ASSERT_TRUE(table.create(dict).ok());
  for (std::int64_t n = 0; n < kRounds; ++n) ASSERT_TRUE(put_text(table, dict, n, "v").ok());
  std::atomic<int> there{0};
  in_parallel(4, [&](std::size_t) {
    for (std::int64_t n = 0; n < kRounds; ++n) there += *table.erase(dict, n);
  });
  EXPECT_EQ(there, kRounds);
  EXPECT_EQ(table.stats().keys, 0u);
  EXPECT_EQ(table.stats().bytes, 0u);
}

TEST(TableThreads, NothingIsPutIntoADestroyedDict) {
  for (std::uint64_t round = 0; round < 300; ++round) {
    const auto owned_table = new_table();
    Table& table = *owned_table;
    const Handle dict = handle_no(round);
    ASSERT_TRUE(table.create(dict).ok());
    std::atomic<bool> destroyed{false};
    in_parallel(4, [&](std::size_t who) {
      if (who == 0) {
        for (int i = 0; i < 20; ++i) (void)table.size(dict);
        EXPECT_EQ(table.destroy(std::array{dict}), 1u);
        destroyed = true;
        return;
      }
      for (std::int64_t n = 0;; ++n) {
        const bool was_destroyed = destroyed;
        const Status status = put_text(table, dict, n % 16, value_no(who));
        if (!status.ok()) {
          EXPECT_EQ(status.error().code, Errc::gone);
          EXPECT_FALSE(table.alive(dict)) << "a destroyed dict came alive again";
          return;
        }
        ASSERT_FALSE(was_destroyed) << "put into a destroyed dict";
      }
    });
    EXPECT_EQ(table.stats().dicts, 0u);
    EXPECT_EQ(table.stats().keys, 0u);
    EXPECT_EQ(table.stats().bytes, 0u);
  }
}

TEST(TableThreads, OfManyCreatesOfAHandleOneWinsAndOfManyDestroysToo) {
  const auto owned_table = new_table();
  Table& table = *owned_table;
  std::atomic<std::uint64_t> created{0}, destroyed{0};
  in_parallel(4, [&](std::size_t) {
    for (std::uint64_t n = 0; n < 1000; ++n) created += table.create(handle_no(n)).ok();
  });
  EXPECT_EQ(created, 1000u);
  in_parallel(4, [&](std::size_t) {
    for (std::uint64_t n = 0; n < 1000; ++n) destroyed += table.destroy(std::array{handle_no(n)});
  });
  EXPECT_EQ(destroyed, 1000u);
  EXPECT_EQ(table.stats().dicts, 0u);
}

// What one sees empty another recycles, and a new dict in its place is filled and destroyed, before the first
// goes on: then it must not recycle that one with all it has.
TEST(TableThreads, ReclaimedByManyAtOnceNothingIsLost) {
  const auto owned_table = new_table();
  Table& table = *owned_table;
  in_parallel(4, [&](std::size_t who) {
    const Handle dict = handle_no(who);
    for (int round = 0; round < 50000; ++round) {
      if (table.create(dict).ok()) (void)put_text(table, dict, std::int64_t{1}, "a value for a block").ok();
      table.destroy(std::array{dict});
      table.reclaim(2);
    }
  });
  while (table.reclaim(1000)) {
  }
  const AuditReport report = table.audit();
  EXPECT_EQ(report.leaked_blocks, 0u) << audit_text(report);
}

// One thread's share of a storm: everything at once over few keys and dicts.
class Stormer {
 public:
  Stormer(Table& table, std::uint64_t seed) : table_(table), random_(seed * 7919 + 1) {}

  void work(std::uint64_t operations) {
    for (std::uint64_t i = 0; i < operations; ++i) step();
  }

 private:
  std::uint64_t below(std::uint64_t end) {
    random_ = random_ * 6364136223846793005u + 1442695040888963407u;
    return (random_ >> 33) % end;
  }

  void step() {
    const Handle dict = handle_no(below(4));
    const auto key = static_cast<std::int64_t>(below(32));
    switch (below(64)) {
      case 0:
        table_.destroy(std::array{dict});
        return;
      case 1:
      case 2:
        (void)table_.create(dict).ok();
        return;
      case 3:
        (void)table_.keys(dict).ok();
        return;
      case 4:
        table_.reclaim(100);
        return;
      case 5:
        (void)table_.stats(dict).ok();
        return;
      default:
        work_on(dict, key);
    }
  }

  void work_on(const Handle& dict, std::int64_t key) {
    const std::uint64_t what = below(8);
    if (what == 0) {
      (void)table_.erase(dict, key).ok();
    } else if (what < 5) {
      // Held for a while: a large one is pinned, and nobody writes there until it is let go.
      Blob& held = held_[below(held_.size())];
      if (held) {
        const ByteSpan bytes = held.bytes();
        ASSERT_TRUE(std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 'x'; }));
      }
      if (Result<Blob> blob = table_.get(dict, key); blob.ok()) held = *std::move(blob);
    } else {
      const std::uint64_t size = below(20) == 0 ? below(5000) : below(300);
      (void)put_text(table_, dict, key, std::string(size, 'x')).ok();
    }
  }

  Table& table_;
  std::uint64_t random_;
  std::array<Blob, 8> held_;
};

// How many operations; PYPORT_THREAD_OPERATIONS says another number.
std::uint64_t operations_of_a_storm() {
  const char* text = std::getenv("PYPORT_THREAD_OPERATIONS");
  return text == nullptr ? 2000000 : std::stoull(text);
}

// Afterwards the sums must be those of what is there, and every block accounted for.
TEST(TableThreads, StatsAgreeWithTheContentsAfterAStorm) {
  constexpr std::size_t kThreads = 4;
  const auto owned_table = new_table();
  Table& table = *owned_table;
  const std::uint64_t operations = operations_of_a_storm();
  in_parallel(kThreads, [&](std::size_t who) { Stormer(table, who).work(operations / kThreads); });
  RecordProperty("operations", std::to_string(operations));
  TableStats there;
  for (std::uint64_t n = 0; n < 4; ++n) {
    const Result<std::vector<Key>> keys = table.keys(handle_no(n));
    if (!keys.ok()) continue;
    ++there.dicts;
    there.keys += keys->size();
    EXPECT_EQ(std::set<Key>(keys->begin(), keys->end()).size(), keys->size());
    for (const Key& key : *keys) {
      const Result<Blob> blob = table.get(handle_no(n), *std::get_if<std::int64_t>(&key));
      ASSERT_TRUE(blob.ok() && *blob);
      there.bytes += 8 + blob->size();
    }
  }
  EXPECT_EQ(table.stats().dicts, there.dicts);
  EXPECT_EQ(table.stats().keys, there.keys);
  EXPECT_EQ(table.stats().bytes, there.bytes);
  EXPECT_EQ(table.stats().pinned, 0u);
  while (table.reclaim(1000)) {
  }
  const AuditReport report = table.audit();
  EXPECT_EQ(report.leaked_blocks, 0u) << audit_text(report);
  EXPECT_EQ(report.damaged, 0u);
}

}  // namespace
}  // namespace pyport::table
