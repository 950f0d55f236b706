// Notices jobs that were told to stop and go on: an interrupt reaches Python code only between two of its
// instructions, and only when the GIL is let go.
//
// Its thread takes no GIL and no lock that is held for long, so nothing that Python does keeps it from
// noticing.
//
// Thread safety: watch() from any thread. The lock is a leaf; queues and the sink are called without it.
#pragma once

#include <chrono>
#include <deque>

#include "base/mutex.h"
#include "python/job_queue.h"

namespace pyport::python {

class Watchdog {
 public:
  Watchdog(std::chrono::milliseconds grace, Sink& sink) : grace_(grace), sink_(sink) {}

  // Starts the thread, which never ends. REQUIRES: *this is never destroyed afterwards.
  Status start();
  // Tells the sink when the job of this serial still runs after the grace. `queue` outlives the process.
  void watch(const JobQueue& queue, Serial serial);

 private:
  using Clock = std::chrono::steady_clock;
  struct Watched {
    const JobQueue* queue;
    Serial serial;
    Clock::time_point until;
  };
  [[noreturn]] void run();
  Watched next();

  const std::chrono::milliseconds grace_;
  Sink& sink_;
  Mutex mutex_;
  CondVar filled_;
  std::deque<Watched> watched_ GUARDED_BY(mutex_);  // the earliest first, as all have the same grace
};

}  // namespace pyport::python
