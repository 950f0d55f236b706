// Throughput of several OS processes at one table.
#pragma once

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <new>
#include <thread>

namespace pyport::bench {

// Operations a second of `count` forked processes together, each at body(its number) again and again.
inline double throughput(int count, double seconds, const std::function<void(int)>& begin,
                         const std::function<void(int)>& body) {
  struct Shared {
    std::atomic<int> ready{0};
    std::atomic<int> state{0};  // 1: go, 2: stop
    std::atomic<std::uint64_t> operations{0};
  };
  void* memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) std::abort();
  Shared& shared = *new (memory) Shared;
  for (int who = 0; who < count; ++who) {
    if (fork() != 0) continue;
    begin(who);
    ++shared.ready;
    while (shared.state == 0) std::this_thread::yield();
    std::uint64_t done = 0;
    for (; shared.state == 1; done += 100)
      for (int i = 0; i < 100; ++i) body(who);
    shared.operations += done;
    _exit(0);
  }
  while (shared.ready != count) std::this_thread::yield();
  const auto start = std::chrono::steady_clock::now();
  shared.state = 1;
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  shared.state = 2;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  for (int who = 0; who < count; ++who) wait(nullptr);
  const double result = static_cast<double>(shared.operations) / took.count();
  munmap(memory, sizeof(Shared));
  return result;
}

}  // namespace pyport::bench
