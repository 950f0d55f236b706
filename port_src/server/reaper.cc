#include "server/reaper.h"

#include "python/thread.h"

namespace pyport::server {
namespace {

// Freed at a time: whoever else wants the table's locks gets its turn in between.
constexpr std::size_t kEntries = 1024;

}  // namespace

Status Reaper::start() {
  return python::start_thread("reaper", python::kHelperStack, [this] { run(); });
}

void Reaper::wake() {
  {
    MutexLock lock(mutex_);
    woken_ = true;
  }
  wanted_.notify_one();
}

void Reaper::wait_for_work() {
  while (!woken_) {
    if (sweep_every_.count() == 0) {
      wanted_.wait(mutex_);
    } else if (!wanted_.wait_for(mutex_, sweep_every_)) {
      return;
    }
  }
}

void Reaper::wait() {
  MutexLock lock(mutex_);
  wait_for_work();
  woken_ = false;
}

void Reaper::run() {
  using Clock = std::chrono::steady_clock;
  python::leave_signals_to_others();
  auto next_sweep = Clock::now() + sweep_every_;
  for (;;) {
    wait();
    if (sweep_every_.count() > 0 && Clock::now() >= next_sweep) {
      table_.sweep();
      next_sweep = Clock::now() + sweep_every_;
    }
    while (table_.reclaim(kEntries)) {
    }
  }
}

}  // namespace pyport::server
