// Waiting for a key to change: by threads, by processes, and when the writer is killed.
#include "table/wait.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <thread>

#include "crash_scenarios.h"
#include "in_threads.h"
#include "numbers.h"
#include "processes.h"
#include "table/wake_word.h"
#include "temporary_table.h"

namespace pyport::table {
namespace {

using std::chrono::milliseconds, std::chrono::seconds;
constexpr seconds kLong{60};

WaitLimit within(std::chrono::nanoseconds time, WaitStop* stop = nullptr) {
  return {WaitClock::now() + time, stop};
}

class WaitTest : public testing::Test {
 protected:
  WaitTest() { EXPECT_TRUE(table_.create(dict_).ok()); }

  Waited wait(std::string_view key, Stamp seen, const WaitLimit& limit) {
    const Result<Waited> waited = table_.wait_change(dict_, text_key(key), seen, limit);
    EXPECT_TRUE(waited.ok());
    return waited.ok() ? *waited : Waited{};
  }
  Stamp stamp_of(std::string_view key) { return table_.get_stamped(dict_, text_key(key))->stamp; }
  bool put(std::string_view key, std::string_view text) {
    return put_text(table_, dict_, text_key(key), text).ok();
  }
  // Whether somebody has announced that he waits for something in the dict.
  bool is_awaited() const {
    for (std::uint32_t n = 0; n < kDictsInChunk; ++n) {
      const auto& header = raw_.at<DictHeader>(peek(directory()) + n * sizeof(DictHeader));
      if (peek(header.state) == kDictLive && peek(header.wake) % 2 == 1) return true;
    }
    return false;
  }
  void await_waiter() const {
    while (!is_awaited()) std::this_thread::yield();
  }

  // Waits in another thread until `change`, made when it waits, has ended the wait.
  Result<Waited> waited_for(std::string_view key, const std::function<void()>& change) {
    const Stamp seen = stamp_of(key);
    std::optional<Result<Waited>> waited;
    std::thread waiter(
        [&] { waited.emplace(table_.wait_change(dict_, text_key(key), seen, within(kLong))); });
    await_waiter();
    change();
    waiter.join();
    return *std::move(waited);
  }

  const TemporaryTable file_;
  Table& table_ = file_.table();
  const Mapping& raw_ = file_.raw();
  const Handle dict_ = handle_no(1);

 private:
  const Word& directory() const { return raw_.at<Word>(raw_.geometry().directory); }
};

TEST_F(WaitTest, WhatHasChangedAlreadyIsNotWaitedFor) {
  EXPECT_EQ(wait("k", 7, within(kLong)).stamp, 0u);
  ASSERT_TRUE(put("k", "v"));
  const Waited waited = wait("k", 0, within(kLong));
  EXPECT_EQ(waited.end, WaitEnd::changed);
  EXPECT_EQ(waited.stamp, stamp_of("k"));
}

TEST_F(WaitTest, ItEndsAtItsTimeAndLooksAtLeastOnce) {
  const auto began = WaitClock::now();
  EXPECT_EQ(wait("k", 0, within(milliseconds(30))).end, WaitEnd::time_over);
  EXPECT_GE(WaitClock::now() - began, milliseconds(30));
  EXPECT_EQ(wait("k", 0, within(milliseconds(0))).end, WaitEnd::time_over);
  ASSERT_TRUE(put("k", "v"));
  EXPECT_EQ(wait("k", 0, within(milliseconds(0))).end, WaitEnd::changed);
}

TEST_F(WaitTest, EveryKindOfChangeEndsIt) {
  const auto number = [&](CellOp op, std::int64_t n) {
    ASSERT_TRUE(change(table_, dict_, text_key("k"), op, n).ok());
  };
  const std::pair<const char*, std::function<void()>> changes[] = {
      {"insert", [&] { ASSERT_TRUE(put("k", "v")); }},
      {"replace in its word", [&] { ASSERT_TRUE(put("k", "w")); }},
      {"replace by a block", [&] { ASSERT_TRUE(put("k", std::string(100, 'v'))); }},
      {"put_if", [&] { ASSERT_TRUE(*table_.put_if(dict_, text_key("k"), *blob_of(table_, "x"), Expect{})); }},
      {"erase", [&] { ASSERT_TRUE(*table_.erase(dict_, text_key("k"))); }},
      {"a number for nothing", [&] { number(CellOp::add, 1); }},
      {"a number without a lock", [&] { number(CellOp::add, 1); }},
      {"a number that is stored", [&] { ASSERT_TRUE(put_number(table_, dict_, text_key("k"), 77).ok()); }},
      {"take", [&] { ASSERT_TRUE(table_.take(dict_, text_key("k"))->erased); }},
      {"a batch",
       [&] {
         std::vector<KeyChange> all;
         all.push_back({text_key("k"), *blob_of(table_, "v")});
         ASSERT_TRUE(table_.change_all(dict_, all).ok());
       }},
      {"clear", [&] { ASSERT_TRUE(table_.clear(dict_).ok()); }},
      {"insert after clear", [&] { ASSERT_TRUE(put("k", "v")); }},
  };
  for (const auto& [name, make] : changes) {
    const auto began = WaitClock::now();
    const Result<Waited> waited = waited_for("k", make);
    ASSERT_TRUE(waited.ok()) << name;
    EXPECT_EQ(waited->end, WaitEnd::changed) << name;
    EXPECT_EQ(waited->stamp, stamp_of("k")) << name;
    EXPECT_LT(WaitClock::now() - began, WakeWord::kLongestSleep) << name << ": nobody was woken";
  }
}

TEST_F(WaitTest, AKeyThatExpiresIsAChange) {
  constexpr std::uint64_t kTwentyMilliseconds = 20000000;
  ASSERT_TRUE(put_timed(table_, dict_, Key("k"), "v", kTwentyMilliseconds));
  const Result<Waited> waited = waited_for("k", [&] {
    while (*table_.contains(dict_, text_key("k"))) std::this_thread::yield();
    table_.expire();  // as the port program does
  });
  ASSERT_TRUE(waited.ok());
  EXPECT_EQ(waited->stamp, 0u);
  EXPECT_EQ(*table_.stamp(dict_, text_key("k")), 0u);
}

TEST_F(WaitTest, AHeldCellWakesToo) {
  ASSERT_TRUE(change(table_, dict_, text_key("k"), CellOp::add, 1).ok());
  const Result<HeldCell> cell = table_.hold_cell(dict_, text_key("k"));
  ASSERT_TRUE(cell.ok());
  const auto began = WaitClock::now();
  EXPECT_TRUE(waited_for("k", [&] { ASSERT_TRUE(cell->change({CellOp::add, 1, 0})); }).ok());
  EXPECT_LT(WaitClock::now() - began, WakeWord::kLongestSleep);
}

TEST_F(WaitTest, ItEndsWithTheDict) {
  const auto began = WaitClock::now();
  EXPECT_TRUE(is_gone(waited_for("k", [&] { table_.destroy(std::array{dict_}); })));
  EXPECT_LT(WaitClock::now() - began, WakeWord::kLongestSleep);
  EXPECT_TRUE(is_gone(table_.wait_change(dict_, text_key("k"), 0, {})));
}

TEST_F(WaitTest, OtherKeysDoNotEndIt) {
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int n = 0; !done; ++n) EXPECT_TRUE(put("other" + std::to_string(n % 10), "v"));
  });
  EXPECT_EQ(wait("k", 0, within(milliseconds(50))).end, WaitEnd::time_over);
  done = true;
  writer.join();
}

TEST_F(WaitTest, AStopEndsItAtOnceAndForEver) {
  WaitStop stop;
  std::thread stopper([&] {
    await_waiter();
    stop.stop();
  });
  const auto began = WaitClock::now();
  EXPECT_EQ(wait("k", 0, {std::nullopt, &stop}).end, WaitEnd::stopped);
  EXPECT_LT(WaitClock::now() - began, WakeWord::kLongestSleep);
  stopper.join();
  EXPECT_EQ(wait("k", 0, {std::nullopt, &stop}).end, WaitEnd::stopped);
}

TEST_F(WaitTest, AStopThatComesAtAnyMomentIsHeeded) {
  for (int round = 0; round < 2000; ++round) {
    WaitStop stop;
    std::thread stopper([&] { stop.stop(); });
    EXPECT_EQ(wait("k", 0, within(kLong, &stop)).end, WaitEnd::stopped);
    stopper.join();
  }
}

// Each change is waited for by the other thread: a lost wake shows as a second's sleep.
TEST_F(WaitTest, NoWakeIsLostBetweenThreads) {
  constexpr std::int64_t kTurns = 2000;
  for (const bool cells : {false, true}) {
    const auto turn = [&](std::string_view mine, std::string_view other, bool first) {
      Stamp seen = 0;
      for (std::int64_t n = 1; n <= kTurns; ++n) {
        if (!first) seen = wait(other, seen, within(kLong)).stamp;
        const bool made =
            cells ? change(table_, dict_, text_key(mine), CellOp::add, n).ok() : put(mine, std::to_string(n));
        ASSERT_TRUE(made);
        if (first) seen = wait(other, seen, within(kLong)).stamp;
      }
    };
    const auto began = WaitClock::now();
    std::thread ping([&] { turn("a", "b", true); });
    turn("b", "a", false);
    ping.join();
    EXPECT_LT(WaitClock::now() - began, seconds(30));
    ASSERT_TRUE(table_.clear(dict_).ok());
  }
}

TEST_F(WaitTest, ManyWaitersAreAllWoken) {
  std::atomic<int> woken{0};
  std::thread writer([&] {
    await_waiter();
    EXPECT_TRUE(put("k", "v"));
  });
  in_threads([&](int) {
    if (wait("k", 0, within(kLong)).end == WaitEnd::changed) ++woken;
  });
  writer.join();
  EXPECT_EQ(woken, kThreads);
}

TEST_F(WaitTest, AWriteOfAnotherProcessWakes) {
  const Signal asleep;
  Child writer([&] {
    if (!table_.after_fork().ok()) return 2;
    asleep.await();
    return put("k", "v") ? 0 : 1;
  });
  const Result<Waited> waited = [&] {
    std::thread watch([&] {
      await_waiter();
      asleep.give();
    });
    Result<Waited> found = table_.wait_change(dict_, text_key("k"), 0, within(kLong));
    watch.join();
    return found;
  }();
  EXPECT_EQ(writer.wait(), 0);
  ASSERT_TRUE(waited.ok());
  EXPECT_EQ(waited->end, WaitEnd::changed);
}

TEST_F(WaitTest, AKilledWaiterCostsOneWakeAtMost) {
  Child waiter([&] {
    if (!table_.after_fork().ok()) return 2;
    (void)table_.wait_change(dict_, text_key("k"), 0, {});
    return 0;
  });
  await_waiter();
  waiter.kill_it();
  EXPECT_EQ(waiter.wait(), -SIGKILL);
  ASSERT_TRUE(put("k", "v"));
  EXPECT_FALSE(is_awaited());
}

// Killed anywhere in a change, also between the change and the wake.
TEST_F(WaitTest, AKilledWriterLeavesNobodyAsleep) {
  for (std::size_t point = 0;; ++point) {
    ASSERT_TRUE(table_.erase(dict_, text_key("k")).ok());
    Result<Waited> waited = make_error(Errc::busy);
    std::thread waiter([&] { waited = table_.wait_change(dict_, text_key("k"), 0, within(kLong)); });
    await_waiter();
    const End end = run_and_kill(table_, point, [&](Table&) { return put("k", "v"); });
    table_.sweep();
    // What was not done by the one who was killed is done by another.
    EXPECT_TRUE(*table_.contains(dict_, text_key("k")) || put("k", "v"));
    waiter.join();
    ASSERT_TRUE(waited.ok());
    EXPECT_EQ(waited->end, WaitEnd::changed);
    if (end == End::finished) break;
  }
}

TEST_F(WaitTest, ASignalIsToldAndTheWaitCanGoOn) {
  struct sigaction handler {};
  handler.sa_handler = [](int) {};
  struct sigaction before {};
  sigaction(SIGUSR1, &handler, &before);
  const pthread_t me = pthread_self();
  std::atomic<bool> done{false};
  std::thread other([&] {
    await_waiter();
    while (!done) {
      pthread_kill(me, SIGUSR1);
      std::this_thread::yield();
    }
  });
  EXPECT_EQ(wait("k", 0, within(kLong)).end, WaitEnd::signalled);
  done = true;
  other.join();
  sigaction(SIGUSR1, &before, nullptr);
}

// It sleeps: the thread is put to sleep a few times, and takes next to no time of the CPU.
TEST_F(WaitTest, ItSleeps) {
  rusage before{}, after{};
  getrusage(RUSAGE_THREAD, &before);
  EXPECT_EQ(wait("k", 0, within(milliseconds(300))).end, WaitEnd::time_over);
  getrusage(RUSAGE_THREAD, &after);
  EXPECT_LE(after.ru_nvcsw - before.ru_nvcsw, 20);
  const auto microseconds = [](const rusage& use) {
    return use.ru_utime.tv_sec * 1000000 + use.ru_utime.tv_usec + use.ru_stime.tv_sec * 1000000 +
           use.ru_stime.tv_usec;
  };
  EXPECT_LE(microseconds(after) - microseconds(before), 20000);
}

}  // namespace
}  // namespace pyport::table
