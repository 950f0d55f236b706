// A thread that frees the contents of destroyed dicts, so that ending a huge dict stalls nobody, and gives
// back now and then what dead processes held.
//
// Thread safety: all members, from any thread. The lock is a leaf; the table is called without it.
#pragma once

#include <chrono>

#include "base/mutex.h"
#include "base/result.h"
#include "table/table.h"

namespace pyport::server {

class Reaper {
 public:
  // Sweeps the table this often; 0: never. `table` outlives the process.
  Reaper(table::Table& table, std::chrono::milliseconds sweep_every)
      : table_(table), sweep_every_(sweep_every) {}

  // Starts the thread, which never ends. REQUIRES: *this is never destroyed afterwards.
  Status start();
  // There is something to free.
  void wake() EXCLUDES(mutex_);

 private:
  [[noreturn]] void run();
  // Until it is woken or the next sweep is due.
  void wait() EXCLUDES(mutex_);
  void wait_for_work() REQUIRES(mutex_);

  table::Table& table_;
  const std::chrono::milliseconds sweep_every_;
  Mutex mutex_;
  CondVar wanted_;
  bool woken_ GUARDED_BY(mutex_) = false;
};

}  // namespace pyport::server
