// Frames on their way from the worker threads to the thread that writes them.
//
// Thread safety: push() and waiting() from any thread; take() from the I/O thread. The lock is a leaf and is
// never held while anything is converted or written.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
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

  // The same for frames after which the program ends with this exit status: what is pushed later is dropped.
  void push_last(Bytes frames, int exit_status) EXCLUDES(mutex_);

  // Cheap enough to be asked in a spinning loop.
  bool waiting() const { return waiting_.load(std::memory_order_acquire); }

  // Moves all frames to the end of `chunks`, in the order they were pushed. The exit status, when they end
  // with the last ones.
  std::optional<int> take(std::vector<Bytes>& chunks) EXCLUDES(mutex_);

 private:
  void add(Bytes frames, std::optional<int> exit_status) EXCLUDES(mutex_);

  std::function<void()> wake_;  // constant once threads push
  std::atomic<bool> waiting_{false};
  Mutex mutex_;
  std::vector<Bytes> chunks_ GUARDED_BY(mutex_);
  std::optional<int> exit_status_ GUARDED_BY(mutex_);  // since push_last
};

}  // namespace pyport::server
