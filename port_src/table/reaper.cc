#include "table/reaper.h"

#include <pthread.h>
#include <sched.h>

#include <new>
#include <system_error>
#include <utility>

namespace pyport::table {

Reaper::Reaper() {
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error&) {
    // free_later sees that there is no thread.
  }
}

Reaper::~Reaper() {
  if (!thread_.joinable()) return;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Reaper::free_later(std::vector<OrderedMap> contents) noexcept {
  if (contents.empty() || !thread_.joinable()) return;
  {
    MutexLock lock(mutex_);
    try {
      queue_.push_back(std::move(contents));
    } catch (const std::bad_alloc&) {
      return;
    }
  }
  wake_.notify_one();
}

void Reaper::run() {
  // So that waking the reaper does not put it in the place of the thread that woke it (sched(7)).
  const sched_param no_priority{};
  (void)::pthread_setschedparam(::pthread_self(), SCHED_BATCH, &no_priority);
  for (bool last = false; !last;) {
    std::vector<std::vector<OrderedMap>> batch;  // freed at the end of the turn, without the lock
    MutexLock lock(mutex_);
    while (queue_.empty() && !stopping_) wake_.wait(mutex_);
    batch.swap(queue_);
    last = stopping_;
  }
}

}  // namespace pyport::table
