// Taking turns: each thing that is compared is measured once in each round, so that whatever else the machine
// does hits all of them; what counts is the median.
//
// Thread safety: none.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace pyport::bench {

// Keeps the compiler from leaving out what nobody reads.
template <class T>
inline void keep(const T& value) {
  asm volatile("" : : "r"(&value) : "memory");
}

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Nanoseconds an operation of each, for `operations` of them at a time.
inline std::vector<double> take_turns(int rounds, int operations,
                                      const std::vector<std::function<void(int)>>& bodies) {
  std::vector<std::vector<double>> took(bodies.size());
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t who = 0; who < bodies.size(); ++who) {
      const auto begin = std::chrono::steady_clock::now();
      bodies[who](operations);
      const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - begin;
      took[who].push_back(spent.count() / operations);
    }
  }
  std::vector<double> medians;
  for (const auto& values : took) medians.push_back(median(values));
  return medians;
}

}  // namespace pyport::bench
