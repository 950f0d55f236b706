#include "python/watchdog.h"

#include <thread>

#include "python/thread.h"

namespace pyport::python {

Status Watchdog::start() {
  return start_thread("py-watchdog", kHelperStack, [this] { run(); });
}

void Watchdog::watch(const JobQueue& queue, Serial serial) {
  {
    MutexLock lock(mutex_);
    watched_.push_back({&queue, serial, Clock::now() + grace_});
  }
  filled_.notify_one();
}

Watchdog::Watched Watchdog::next() {
  MutexLock lock(mutex_);
  while (watched_.empty()) filled_.wait(mutex_);
  const Watched watched = watched_.front();
  watched_.pop_front();
  return watched;
}

void Watchdog::run() {
  leave_signals_to_others();
  for (;;) {
    const Watched watched = next();
    std::this_thread::sleep_until(watched.until);
    if (const auto id = watched.queue->running(watched.serial)) sink_.stuck(*id);
  }
}

}  // namespace pyport::python
