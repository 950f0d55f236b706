// A value that expires: what the word of an entry names when the key is not to be there for ever.
//
// A box never changes but for its deadline, under the dict's lock. The value in it is one that the word could
// name itself, but no cell.
//
// Thread safety: the words are atomics.
#pragma once

#include <time.h>

#include <cstdint>

#include "table/crash_point.h"
#include "table/layout.h"

namespace pyport::table {

struct Box {
  Word value;     // its word (value_word.h)
  Word deadline;  // nanoseconds of CLOCK_MONOTONIC, which is the same in all processes of a machine
  Word ttl;       // nanoseconds by which a use puts the deadline off; 0: it does not
  Word unused;
};
static_assert(sizeof(Box) == 32);

// A value that expires is looked for: from where on, and what was found.
struct Purge {
  std::uint64_t from = 0;   // entry
  std::uint64_t first = 0;  // the first deadline of the entries before it; 0: none expires
  Offset segment = 0;       // by which it is seen that entries were moved
};

// When a value is to expire.
struct Expiry {
  std::uint64_t deadline = 0;  // 0: never
  std::uint64_t ttl = 0;       // as in a Box
};

// REQUIRES: nobody else sees it.
inline void draft_box(Box& box, std::uint64_t word, const Expiry& expiry) {
  draft(box.value, word);
  draft(box.deadline, expiry.deadline);
  draft(box.ttl, expiry.ttl);
  draft(box.unused, 0);
}

// In nanoseconds of CLOCK_MONOTONIC.
inline std::uint64_t now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

// A use puts the deadline off only when that gains this part of the time to live: readers need no lock
// else.
inline constexpr std::uint64_t kTouches = 16;

constexpr bool is_to_be_touched(const Expiry& expiry, std::uint64_t now) {
  return expiry.ttl != 0 && expiry.deadline < now + expiry.ttl - expiry.ttl / kTouches;
}

}  // namespace pyport::table
