// A background thread that frees the contents of destroyed dicts, so that ending a huge dict stalls nobody.
//
// Thread safety: all of it. The queue's lock is a leaf; nothing is freed while it is held.
#pragma once

#include <thread>
#include <vector>

#include "base/mutex.h"
#include "table/ordered_map.h"

namespace pyport::table {

class Reaper {
 public:
  // Without a thread to spare (EAGAIN) the reaper frees in the caller's thread instead.
  Reaper();
  // Frees what is left and joins the thread.
  ~Reaper();
  Reaper(const Reaper&) = delete;
  Reaper& operator=(const Reaper&) = delete;

  // Takes the contents over. Never throws: when they cannot be queued they are freed here.
  void free_later(std::vector<OrderedMap> contents) noexcept EXCLUDES(mutex_);

 private:
  void run() EXCLUDES(mutex_);

  Mutex mutex_;
  CondVar wake_;
  std::vector<std::vector<OrderedMap>> queue_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace pyport::table
