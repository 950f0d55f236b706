// The time that processes of the machine have in common.
//
// Thread safety: all of it.
#pragma once

#include <time.h>

#include <cstdint>

namespace pyport::table {

// Nanoseconds of CLOCK_MONOTONIC, a few milliseconds behind at most: a look at it costs next to nothing.
inline std::uint64_t coarse_nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000000000 + static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace pyport::table
