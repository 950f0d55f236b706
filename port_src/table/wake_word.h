// A word at which those wait who want to know when something changes: the lowest bit says that somebody
// waits, the rest counts.
//
//   who waits                                   who changes something
//   marks the word: sets the bit, and keeps      changes it
//   the word as it then is                       bit set? clears it and counts on, in one step;
//   looks; if it is not what he waits for:       wakes all
//   sleeps while the word is as he kept it
//
// So nothing is missed: either who waits sees the change, or who changes sees the bit, and then the word is
// no longer as it was kept. What makes it so is the order of the looks and the changes, both of which the
// same lock (or, for cells, the same compare-and-swap of 16 bytes) puts one after the other: what is done
// before a look is seen by whoever changes something after it.
//
// Where nobody waits it costs the writer a look at a word. One who waited and was killed leaves the bit: one
// needless wake. A writer that is killed between its change and the wake leaves sleepers: they look by
// themselves every kLongestSleep.
//
// Thread safety: all of it.
#pragma once

#include <chrono>

#include "table/crash_point.h"
#include "table/futex.h"
#include "table/layout.h"

namespace pyport::table {

class WakeWord {
 public:
  static constexpr std::chrono::seconds kLongestSleep{1};

  explicit WakeWord(Half& word) : word_(word) {}

  // Gives the word as it then is. A look made after it, in the order above, misses nothing.
  std::uint32_t mark() {
    crash_point("wait.mark", false);
    const std::uint32_t marked = word_.fetch_or(kWaited, std::memory_order_acq_rel) | kWaited;
    crash_point("wait.mark", true);
    return marked;
  }
  // After a change: wakes those who wait.
  void changed() {
    if ((word_.load(std::memory_order_acquire) & kWaited) != 0) wake();
  }
  // The same for those who look without a lock: this puts the look after the change, or this after the mark.
  void changed_unseen() {
    crash_point("wake.look", false);
    const std::uint32_t seen = word_.fetch_add(0, std::memory_order_acq_rel);
    crash_point("wake.look", true);
    if ((seen & kWaited) != 0) wake();
  }
  // Wakes them in any case, and those who have marked the word but do not sleep yet. Their bit stays.
  void stir();

 private:
  static constexpr std::uint32_t kWaited = 1;
  static constexpr std::uint32_t kOne = 2;

  void wake();

  Half& word_;
};

}  // namespace pyport::table
