// Frames on their way from the worker threads to the thread that writes them.
//
// Thread safety: push() and waiting() from any thread; take() from the I/O thread. The lock is a leaf and is
// never held while anything is converted or written.
#pragma once

#include <atomic>
#include <functional>
#include <vector>

#include "base/bytes.h"
#include "base/mutex.h"

namespace pyport::server {

class Outbox {
 public:
  // `wake` is called without a lock, from any thread, when the first frame lands in an empty outbox.
  // REQUIRES: called before the first push().
  void set_wake(std::function<void()> wake) { wake_ = std::move(wake); }

  // Whole frames, each with its length bytes.
  void push(Bytes frames) EXCLUDES(mutex_);

  // Cheap enough to be asked in a spinning loop.
  bool waiting() const { return waiting_.load(std::memory_order_acquire); }

  // Moves all frames to the end of `chunks`, in the order they were pushed.
  void take(std::vector<Bytes>& chunks) EXCLUDES(mutex_);

 private:
  std::function<void()> wake_;  // constant once threads push
  std::atomic<bool> waiting_{false};
  Mutex mutex_;
  std::vector<Bytes> chunks_ GUARDED_BY(mutex_);
};

}  // namespace pyport::server
