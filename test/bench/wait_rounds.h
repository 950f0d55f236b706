// How soon one process notices what another did, asleep until then: by a wait for a key of a dict, and by a
// pipe.
#pragma once

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <thread>
#include <vector>

#include "table/table.h"

namespace pyport::bench {

using SteadyClock = std::chrono::steady_clock;

struct WakeTimes {
  double median_us, p99_us, longest_us;
  double cpu_us;  // of the one who waits, for each time
};

// A child calls await() again and again, and each time tells how long ago tell() was called here.
inline WakeTimes wake_times(int times, const std::function<void()>& begin, const std::function<void()>& await,
                            const std::function<void()>& tell) {
  struct Shared {
    std::atomic<SteadyClock::rep> told{0};
    std::atomic<int> heard{0};
    std::atomic<double> took{0};
  };
  void* memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) std::abort();
  Shared& shared = *new (memory) Shared;
  const pid_t child = fork();
  if (child == 0) {
    begin();
    for (int n = 1; n <= times; ++n) {
      await();
      const SteadyClock::duration took(SteadyClock::now().time_since_epoch().count() - shared.told);
      shared.took = std::chrono::duration<double, std::micro>(took).count();
      shared.heard = n;
    }
    _exit(0);
  }
  std::vector<double> took;
  for (int n = 1; n <= times; ++n) {
    std::this_thread::sleep_for(std::chrono::microseconds(500));  // so that it is asleep
    shared.told = SteadyClock::now().time_since_epoch().count();
    tell();
    while (shared.heard != n) std::this_thread::sleep_for(std::chrono::microseconds(50));
    took.push_back(shared.took);
  }
  rusage used{};
  wait4(child, nullptr, 0, &used);
  munmap(memory, sizeof(Shared));
  std::sort(took.begin(), took.end());
  const double cpu = static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
                     static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
  return {took[took.size() / 2], took[took.size() * 99 / 100], took.back(), cpu / times};
}

// Microseconds of CPU that a second of waiting in vain takes.
inline double cost_of_waiting(table::Table& table, const table::Handle& dict,
                              std::chrono::milliseconds time) {
  rusage before{}, after{};
  getrusage(RUSAGE_THREAD, &before);
  (void)table.wait_change(dict, std::int64_t{-1}, 0, {SteadyClock::now() + time});
  getrusage(RUSAGE_THREAD, &after);
  const auto us = [](const rusage& use) {
    return static_cast<double>(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e6 +
           static_cast<double>(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
  };
  return (us(after) - us(before)) * 1000 / static_cast<double>(time.count());
}

}  // namespace pyport::bench
