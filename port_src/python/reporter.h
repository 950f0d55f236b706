// Tells the sink what became of jobs that were cancelled while they waited, from a thread of its
// own: neither the server's thread (which cancels) nor a worker (which may be stuck in Python) can.
//
// Thread safety: all members, from any thread. The lock is a leaf; the sink is called without it.
#pragma once

#include <vector>

#include "base/mutex.h"
#include "python/runtime.h"

namespace pyport::python {

class Reporter {
 public:
  explicit Reporter(Sink& sink) : sink_(sink) {}

  // Starts the thread, which never ends. REQUIRES: *this is never destroyed afterwards.
  Status start();
  // Each of the jobs ended with an error of this code.
  void report(std::vector<Job> jobs, Errc code);

 private:
  struct Report {
    std::vector<Job> jobs;
    Errc code;
  };
  [[noreturn]] void run();

  Sink& sink_;
  Mutex mutex_;
  CondVar filled_;
  std::vector<Report> reports_ GUARDED_BY(mutex_);
};

}  // namespace pyport::python
