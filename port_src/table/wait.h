// Waiting for a key of a dict to change, asleep.
//
// Thread safety: WaitStop: all of it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/mutex.h"
#include "table/expect.h"
#include "table/layout.h"

namespace pyport::table {

using WaitClock = std::chrono::steady_clock;

// By which another thread ends a wait. It may be used for several waits, but for one at a time.
class WaitStop {
 public:
  WaitStop() = default;
  WaitStop(const WaitStop&) = delete;
  WaitStop& operator=(const WaitStop&) = delete;

  // Ends the wait that is under way, and each that begins later, at once.
  void stop();
  bool stopped() const { return stopped_.load(std::memory_order_acquire); }

 private:
  friend class StoppableAt;
  std::atomic<bool> stopped_{false};
  Mutex mutex_;
  Half* word_ GUARDED_BY(mutex_) = nullptr;  // at which its user sleeps, or is about to
};

// How long to wait at most.
struct WaitLimit {
  std::optional<WaitClock::time_point> until;  // nothing: for ever
  WaitStop* stop = nullptr;                    // outlives the wait; may be null
};

enum class WaitEnd : std::uint8_t {
  changed,
  time_over,
  stopped,   // by the WaitStop
  signalled  // a signal was handled in this thread: who wants to goes on waiting
};

struct Waited {
  WaitEnd end = WaitEnd::changed;
  Stamp stamp = 0;  // of the key at that moment, when it changed; 0: it is not there
};

// Sleeps at `word` while it is `seen`, no longer than the limit says, and not for ever in any case; it may
// return early. REQUIRES: `word` stays mapped.
WaitEnd sleep_at(Half& word, std::uint32_t seen, const WaitLimit& limit);

}  // namespace pyport::table
