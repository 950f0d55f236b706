#include "table/wake_word.h"

namespace pyport::table {

// When another has cleared the bit meanwhile he wakes all, too, and what was changed here is seen by whoever
// sets it anew.
void WakeWord::wake() {
  crash_point("wake.count", false);
  std::uint32_t seen = peek(word_);
  while ((seen & kWaited) != 0 &&
         !word_.compare_exchange_weak(seen, (seen & ~kWaited) + kOne, std::memory_order_acq_rel)) {
  }
  crash_point("wake.count", true);
  futex_wake_all(word_);
}

void WakeWord::stir() {
  word_.fetch_add(kOne, std::memory_order_acq_rel);
  futex_wake_all(word_);
}

}  // namespace pyport::table
