#include "base/mutex.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

namespace pyport {
namespace {

struct Counter {
  Mutex mutex;
  CondVar changed;
  int value GUARDED_BY(mutex) = 0;
};

TEST(Mutex, KeepsIncrementsApart) {
  Counter counter;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&counter] {
      for (int i = 0; i < 10000; ++i) {
        MutexLock lock(counter.mutex);
        ++counter.value;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  MutexLock lock(counter.mutex);
  EXPECT_EQ(counter.value, 40000);
}

TEST(CondVar, WakesTheWaiter) {
  Counter counter;
  std::thread setter([&counter] {
    MutexLock lock(counter.mutex);
    counter.value = 1;
    counter.changed.notify_one();
  });
  {
    MutexLock lock(counter.mutex);
    while (counter.value == 0) counter.changed.wait(counter.mutex);
    EXPECT_EQ(counter.value, 1);
  }
  setter.join();
}

TEST(CondVar, TimesOutWithTheLockHeld) {
  Counter counter;
  MutexLock lock(counter.mutex);
  bool notified = true;
  // May wake early without a reason; it cannot be told of a notification for ever.
  while (notified) notified = counter.changed.wait_for(counter.mutex, std::chrono::milliseconds(1));
  counter.value = 2;
  EXPECT_EQ(counter.value, 2);
}

}  // namespace
}  // namespace pyport
