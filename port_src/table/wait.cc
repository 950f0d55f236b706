#include "table/wait.h"

#include <algorithm>

#include "table/futex.h"
#include "table/wake_word.h"

namespace pyport::table {

// While it lives, the stop knows at which word its user sleeps.
//
// The race that matters: stop() comes between the look at stopped() and the sleep. Then it finds the word
// here, and counts it on, so that the sleep does not begin.
class StoppableAt {
 public:
  StoppableAt(WaitStop* stop, Half& word) : stop_(stop) { tell(&word); }
  ~StoppableAt() { tell(nullptr); }
  StoppableAt(const StoppableAt&) = delete;
  StoppableAt& operator=(const StoppableAt&) = delete;

 private:
  void tell(Half* word) {
    if (stop_ == nullptr) return;
    MutexLock lock(stop_->mutex_);
    stop_->word_ = word;
  }

  WaitStop* const stop_;
};

void WaitStop::stop() {
  MutexLock lock(mutex_);
  stopped_.store(true, std::memory_order_release);
  if (word_ != nullptr) WakeWord(*word_).stir();
}

WaitEnd sleep_at(Half& word, std::uint32_t seen, const WaitLimit& limit) {
  std::chrono::nanoseconds time = WakeWord::kLongestSleep;
  if (limit.until) time = std::min<std::chrono::nanoseconds>(time, *limit.until - WaitClock::now());
  if (time <= std::chrono::nanoseconds::zero()) return WaitEnd::time_over;
  const StoppableAt known(limit.stop, word);
  if (limit.stop != nullptr && limit.stop->stopped()) return WaitEnd::stopped;
  return futex_wait(word, seen, time) == FutexEnd::signalled ? WaitEnd::signalled : WaitEnd::changed;
}

}  // namespace pyport::table
