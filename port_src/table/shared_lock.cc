#include "table/shared_lock.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>

#include "table/crash_point.h"
#include "table/process_identity.h"

namespace pyport::table {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kSpins = 1000;  // pauses until it sleeps
constexpr int kLongestSpin = 200;
constexpr std::uint32_t kFirstWait = 2;  // milliseconds
constexpr std::uint32_t kLongestWait = 20;
constexpr auto kUnknownFor = std::chrono::seconds(1);
constexpr auto kPatience = std::chrono::seconds(5);

void pause_for(int spins) {
  for (int i = 0; i < spins; ++i) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }
}

bool alone_on_cpu() {
  static const bool alone = [] {
    cpu_set_t allowed;
    return sched_getaffinity(0, sizeof allowed, &allowed) == 0 && CPU_COUNT(&allowed) < 2;
  }();
  return alone;
}

// Whether `take()` succeeded within so many pauses. Each look takes the word's cache line from the holder,
// who may want the lock again at once: less and less often.
template <class Take>
bool spin(const Half& word, const Take& take) {
  for (int spins = 0, next = 4; spins < kSpins && !alone_on_cpu();
       spins += next, next = std::min(2 * next, kLongestSpin)) {
    pause_for(next);
    if (peek(word) == 0 && take()) return true;
  }
  return false;
}

}  // namespace

bool SharedLock::try_take(std::uint32_t slot, Word& name) {
  // Who had to wait once leaves the mark behind: others may be waiting too.
  return peek(word_) == 0 && take_over(0, slot, name);
}

Taken SharedLock::take_slowly(std::uint32_t slot, Word& name, Patience patience) {
  if (spin(word_, [&] { return take_at_once(slot); })) return Taken::fresh;
  if (patience == Patience::none) return Taken::refused;
  put(name, mapping_.offset_of(word_) | 1, "lock.name");
  const auto began = Clock::now();
  auto unknown_since = began;
  std::uint32_t milliseconds = kFirstWait;
  for (;;) {
    if (try_take(slot, name)) return Taken::fresh;
    std::uint32_t seen = peek(word_);
    if (seen == 0) continue;
    if ((seen & kWaiters) == 0 && !word_.compare_exchange_strong(seen, seen | kWaiters)) continue;
    wait(seen | kWaiters, milliseconds);
    milliseconds = std::min(2 * milliseconds, kLongestWait);
    // Others have taken it since it was given back, and will again: who was woken looks for a gap, or he
    // might sleep on and on.
    if (spin(word_, [&] { return try_take(slot, name); })) return Taken::fresh;
    seen = peek(word_);
    if (seen == 0) continue;
    if (holder_knows(seen)) unknown_since = Clock::now();
    const bool gone = holder_is_gone(seen) || Clock::now() - unknown_since > kUnknownFor;
    if (gone && take_over(seen, slot, name)) return Taken::inherited;
    if (Clock::now() - began > kPatience) return Taken::refused;
  }
}

bool SharedLock::take_over(std::uint32_t seen, std::uint32_t slot, Word& name) {
  put(name, mapping_.offset_of(word_), "lock.name");
  if (word_.compare_exchange_strong(seen, (slot + 1) | kWaiters, std::memory_order_acquire)) return true;
  put(name, mapping_.offset_of(word_) | 1, "lock.name");
  return false;
}

bool SharedLock::holder_is_gone(std::uint32_t seen) const {
  const std::uint32_t slot = (seen & ~kWaiters) - 1;
  if (slot >= kSlots) return false;  // damaged: nobody will say that it is his
  const ProcessEntry& holder = mapping_.process(slot);
  if (peek(holder.pid) == 0) return true;
  const auto process = identity_of(peek(holder.pid), peek(holder.start_time));
  return process && !may_be_alive(*process);
}

bool SharedLock::holder_knows(std::uint32_t seen) const {
  const std::uint32_t slot = (seen & ~kWaiters) - 1;
  if (slot >= kSlots) return false;
  if (peek(mapping_.process(slot).state) != kSlotTaken) return false;
  const Slot& holder = mapping_.slot(slot);
  const Offset me = mapping_.offset_of(word_);
  return std::any_of(holder.lane.begin(), holder.lane.end(), [me](const Lane& lane) {
    return std::any_of(lane.hand.lock.begin(), lane.hand.lock.end(),
                       [me](const Word& lock) { return peek(lock) == me; });
  });
}

void SharedLock::wait(std::uint32_t seen, std::uint32_t milliseconds) {
  const timespec time{0, static_cast<long>(milliseconds) * 1000000};
  syscall(SYS_futex, &word_, FUTEX_WAIT, seen, &time, nullptr, 0);
}

void SharedLock::wake() { syscall(SYS_futex, &word_, FUTEX_WAKE, 1, nullptr, nullptr, 0); }

}  // namespace pyport::table
