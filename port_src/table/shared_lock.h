// A lock in the table's file that outlives its holder: 0, or the holder's slot + 1 and a bit for "someone
// waits".
//
// Why not a robust pthread mutex: it keeps addresses of its holder's memory in the shared file and follows
// them, and a damaged one waits for a thread that never was. Here a word that no living process can explain
// is taken over.
//
// The order in which a process may hold several: slots, index, dict, heap, repair. Before the word is
// taken its offset stands in the lane's hand, so that whoever finds the process dead knows what it may hold.
//
// Thread safety: that is what it is for.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "table/layout.h"
#include "table/mapping.h"

namespace pyport::table {

enum class Taken : std::uint8_t {
  fresh,
  inherited,  // from a dead process, or from none that there is: what it guards is to be repaired first
  refused     // a living process holds it for seconds; or for a moment, which is enough for Patience::none
};

enum class Patience : std::uint8_t { some, none };

class SharedLock {
 public:
  // `word` lies in the file. `slot` is the caller's.
  SharedLock(const Mapping& mapping, Half& word) : mapping_(mapping), word_(word) {}

  // `name` is the caller's word that says which lock it holds or tries to take, and does so already. While it
  // waits the lowest bit is set: one that waits is no witness that the holder lives.
  Taken take(std::uint32_t slot, Word& name, Patience patience = Patience::some) {
    return take_at_once(slot) ? Taken::fresh : take_slowly(slot, name, patience);
  }
  // False when somebody has it.
  bool take_at_once(std::uint32_t slot) {
    std::uint32_t free = 0;
    return word_.compare_exchange_strong(free, slot + 1, std::memory_order_acquire);
  }
  void leave() {
    if ((word_.exchange(0, std::memory_order_release) & kWaiters) != 0) wake();
  }

 private:
  static constexpr std::uint32_t kWaiters = 1U << 31;

  Taken take_slowly(std::uint32_t slot, Word& name, Patience patience);
  bool try_take(std::uint32_t slot, Word& name);
  bool take_over(std::uint32_t seen, std::uint32_t slot, Word& name);
  void wait(std::uint32_t seen, std::uint32_t milliseconds);
  void wake();
  bool holder_is_gone(std::uint32_t seen) const;
  bool holder_knows(std::uint32_t seen) const;

  const Mapping& mapping_;
  Half& word_;
};

}  // namespace pyport::table
