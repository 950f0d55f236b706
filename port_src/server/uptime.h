// How long something has been up.
//
// Thread safety: constant after construction.
#pragma once

#include <chrono>
#include <cstdint>

namespace pyport::server {

class Uptime {
 public:
  std::uint64_t milliseconds() const {
    const auto up = Clock::now() - since_;
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(up).count());
  }

 private:
  using Clock = std::chrono::steady_clock;
  const Clock::time_point since_ = Clock::now();
};

}  // namespace pyport::server
