// Threads of a test that do the same at once.
#pragma once

#include <thread>
#include <vector>

namespace pyport::table {

inline constexpr int kThreads = 4;

// work(number), each in a thread of its own; returns when all are done.
template <class Work>
void in_threads(const Work& work) {
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) threads.emplace_back([&work, thread] { work(thread); });
  for (std::thread& thread : threads) thread.join();
}

}  // namespace pyport::table
