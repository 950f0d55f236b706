#include "server/log_credit.h"

#include <algorithm>
#include <utility>

namespace pyport::server {
namespace {

constexpr std::uint64_t kMostCredit = std::uint64_t{1} << 60;

}  // namespace

bool LogCredit::take() {
  using Clock = std::chrono::steady_clock;
  MutexLock lock(mutex_);
  if (credit_ == 0 && !dropping_) {
    const auto end = Clock::now() + patience_;
    while (credit_ == 0 && !dropping_ && Clock::now() < end) more_.wait_for(mutex_, end - Clock::now());
  }
  if (credit_ > 0) {
    --credit_;
    return true;
  }
  dropping_ = true;
  ++lost_;
  return false;
}

void LogCredit::add(std::uint64_t credit) {
  {
    MutexLock lock(mutex_);
    credit_ += std::min(credit, kMostCredit - credit_);
    if (credit_ > 0) dropping_ = false;
  }
  more_.notify_all();
}

std::uint64_t LogCredit::take_lost() {
  MutexLock lock(mutex_);
  return std::exchange(lost_, 0);
}

}  // namespace pyport::server
