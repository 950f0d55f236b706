#include "table/shared_lock.h"

#include <gtest/gtest.h>

#include <thread>

#include "heap_harness.h"
#include "processes.h"
#include "table/patience.h"

namespace pyport::table {
namespace {

class SharedLockTest : public testing::Test {
 protected:
  Half& word() const { return harness_.mapping().superblock().index_lock; }
  SharedLock lock() const { return SharedLock(harness_.mapping(), word()); }
  // As an operation of that slot does it.
  Word& name(std::uint32_t slot) const { return harness_.mapping().slot(slot).lane[0].hand.lock[0]; }
  Taken take(std::uint32_t slot) const {
    name(slot).store(harness_.mapping().offset_of(word()));
    return lock().take(slot, name(slot));
  }
  // For threads of one slot: each has a lane.
  Taken take_in_lane(std::size_t lane) const {
    Word& mine = harness_.mapping().slot(0).lane[lane].hand.lock[0];
    mine.store(harness_.mapping().offset_of(word()));
    return lock().take(0, mine);
  }
  // Slot 1 names the lock, as an operation does before it takes it.
  void name_in_slot_1() const {
    harness_.mapping().slot(1).lane[0].hand.lock[0].store(harness_.mapping().offset_of(word()));
  }

  HeapHarness harness_;
};

TEST_F(SharedLockTest, IsTakenAndLeft) {
  EXPECT_EQ(take(0), Taken::fresh);
  EXPECT_NE(peek(word()), 0u);
  lock().leave();
  EXPECT_EQ(peek(word()), 0u);
  EXPECT_EQ(take(0), Taken::fresh);
  lock().leave();
}

TEST_F(SharedLockTest, WhoHasNoPatienceIsRefused) {
  Word& mine = harness_.mapping().slot(0).lane[1].hand.lock[0];
  mine.store(harness_.mapping().offset_of(word()));
  EXPECT_EQ(take(0), Taken::fresh);
  EXPECT_EQ(lock().take(0, mine, Patience::none), Taken::refused);
  lock().leave();
  EXPECT_EQ(lock().take(0, mine, Patience::none), Taken::fresh);
  lock().leave();
  EXPECT_EQ(peek(word()), 0u);
}

TEST_F(SharedLockTest, AThreadIsImpatientForAScope) {
  EXPECT_FALSE(Impatient::here());
  {
    const Impatient scope;
    EXPECT_TRUE(Impatient::here());
    std::thread([] { EXPECT_FALSE(Impatient::here()); }).join();
  }
  EXPECT_FALSE(Impatient::here());
}

TEST_F(SharedLockTest, LetsOneThreadInAtATime) {
  std::uint64_t counter = 0;
  std::vector<std::thread> threads;
  for (std::size_t n = 0; n < 4; ++n) {
    threads.emplace_back([&, n] {
      for (int i = 0; i < 50000; ++i) {
        ASSERT_EQ(take_in_lane(n), Taken::fresh);
        ++counter;
        lock().leave();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter, 200000u);
  EXPECT_EQ(peek(word()), 0u);
}

TEST_F(SharedLockTest, LetsOneProcessInAtATime) {
  // In shared memory, and no atomic operation changes it.
  Word& counter = harness_.mapping().at<Word>(harness_.mapping().geometry().slots + offsetof(Slot, record));
  const auto work = [&](std::uint32_t slot) {
    harness_.enter(slot);
    for (int i = 0; i < 50000; ++i) {
      if (take(slot) != Taken::fresh) return 1;
      counter.store(peek(counter) + 1, std::memory_order_relaxed);
      lock().leave();
    }
    return 0;
  };
  Child child([&] { return work(1); });
  EXPECT_EQ(work(0), 0);
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(peek(counter), 100000u);
}

TEST_F(SharedLockTest, OfADeadProcessIsInherited) {
  for (const bool reaped : {false, true}) {
    Child child([&] {
      harness_.enter(1);
      name_in_slot_1();
      if (take(1) != Taken::fresh) return 1;
      kill(getpid(), SIGKILL);
      return 2;
    });
    if (reaped) {
      EXPECT_EQ(child.wait(), -SIGKILL);
    } else {
      child.wait_for_zombie();
    }
    EXPECT_EQ(take(0), Taken::inherited) << reaped;
    lock().leave();
    EXPECT_EQ(peek(word()), 0u);
  }
}

// All that wait for a dead one's lock get it, one of them as its heir.
TEST_F(SharedLockTest, HasOneHeir) {
  Child child([&] {
    harness_.enter(1);
    name_in_slot_1();
    return take(1) == Taken::fresh ? 0 : 1;
  });
  ASSERT_EQ(child.wait(), 0);
  std::atomic<int> heirs{0}, others{0};
  std::vector<std::thread> threads;
  for (std::size_t n = 0; n < 4; ++n) {
    threads.emplace_back([&, n] {
      (take_in_lane(n) == Taken::inherited ? heirs : others)++;
      lock().leave();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(heirs, 1);
  EXPECT_EQ(others, 3);
}

TEST_F(SharedLockTest, AWordThatNoProcessExplainsIsTakenOver) {
  harness_.enter(1);  // lives, but does not name the lock
  for (const std::uint32_t bogus :
       {2U, 0x7fffffffU, 0xffffffffU, static_cast<std::uint32_t>(kSlots) + 1, 1U << 31}) {
    word().store(bogus);
    EXPECT_EQ(take(0), Taken::inherited) << bogus;
    lock().leave();
  }
  word().store(kSlots);  // a slot that nobody has
  EXPECT_EQ(take(0), Taken::inherited);
  lock().leave();
}

// Those that wait for it name it as well, and live.
TEST_F(SharedLockTest, ABogusWordOfAWaitersOwnSlotIsTakenOver) {
  word().store(1);
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  for (std::size_t n = 0; n < 3; ++n) {
    threads.emplace_back([&, n] {
      taken += take_in_lane(n) != Taken::refused ? 1 : 0;
      lock().leave();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, 3);
}

TEST_F(SharedLockTest, OfALivingProcessThatDoesNotLetGoIsRefused) {
  harness_.enter(1);
  name_in_slot_1();
  ASSERT_EQ(take(1), Taken::fresh);
  EXPECT_EQ(take(0), Taken::refused);
  lock().leave();
  EXPECT_EQ(take(0), Taken::fresh);
  lock().leave();
}

// A stopped process (SIGSTOP, a debugger) is alive.
TEST_F(SharedLockTest, OfAStoppedProcessIsWaitedFor) {
  const Signal taken;
  Child child([&] {
    harness_.enter(1);
    name_in_slot_1();
    if (take(1) != Taken::fresh) return 1;
    taken.give();
    kill(getpid(), SIGSTOP);
    lock().leave();
    return 0;
  });
  taken.await();
  std::thread waker([&] { kill(child.pid(), SIGCONT); });
  Taken result = take(0);
  while (result == Taken::refused) {
    kill(child.pid(), SIGCONT);
    result = take(0);
  }
  EXPECT_EQ(result, Taken::fresh);
  waker.join();
  lock().leave();
  // The first SIGCONT may have come before the stop.
  kill(child.pid(), SIGCONT);
  EXPECT_EQ(child.wait(), 0);
}

}  // namespace
}  // namespace pyport::table
