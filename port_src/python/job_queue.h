// The jobs of one interpreter: those that wait, in order, and the one that runs.
//
// Thread safety: all members, from any thread; take() and finished() by the worker alone. The lock
// is a leaf and is never held while a thread state is attached.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_set>
#include <variant>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "python/runtime.h"

namespace pyport::python {

// Numbers each job of an interpreter, from 1; 0 is no job. Request ids come again, serials do not.
using Serial = std::uint64_t;

struct QueuedJob {
  Serial serial = 0;
  Job job;
};
struct DropNamespace {
  NamespaceId ns = 0;
};
using QueueItem = std::variant<QueuedJob, DropNamespace>;

class JobQueue {
 public:
  explicit JobQueue(std::size_t max_waiting) : max_waiting_(max_waiting) {}

  // Errc::overloaded, Errc::shutting_down.
  Status push(Job job);

  // The next item; a job becomes the running one. Waits for one; nothing when there is none and
  // `wait` is false.
  std::optional<QueueItem> take(bool wait);
  // The running job is done.
  void finished();
  // The request of the job of this serial while it runs.
  std::optional<RequestId> running(Serial serial) const;
  // True when the running job was cancelled. Lock-free: may be asked with a thread state attached.
  bool running_cancelled() const { return running_cancelled_.load(); }

  struct Cancelled {
    std::vector<Job> waiting;  // taken out of the queue; the caller reports them
    Serial running = 0;        // to be interrupted, or 0
  };
  Cancelled cancel(RequestId id);
  // Jobs of the namespaces `ids` for which someone waits. Those of `here`, a part of `ids` that lives
  // in this interpreter, come out of take() as DropNamespace behind all that waits now.
  Cancelled drop(const std::unordered_set<NamespaceId>& ids, const std::vector<NamespaceId>& here);
  // No job is accepted any more; gives back those that wait.
  std::vector<Job> close();

  struct Load {
    std::size_t waiting = 0;
    bool busy = false;
    bool given_up = false;  // the running job was cancelled and has not ended: it may never
  };
  Load load() const;

 private:
  struct Running {
    Serial serial = 0;
    RequestId id = 0;
    NamespaceId ns = 0;
    bool no_reply = false;
  };
  Serial mark_running_cancelled() REQUIRES(mutex_);

  const std::size_t max_waiting_;
  std::atomic<bool> running_cancelled_{false};
  mutable Mutex mutex_;
  CondVar filled_;
  std::deque<QueueItem> items_ GUARDED_BY(mutex_);
  std::size_t waiting_jobs_ GUARDED_BY(mutex_) = 0;
  Serial last_serial_ GUARDED_BY(mutex_) = 0;
  Running running_ GUARDED_BY(mutex_);
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace pyport::python
