// Two neighbouring words that are changed at once, by one instruction of the machine.
//
// Thread safety: all of it, and between processes.
#pragma once

#include <cstdint>

#include "table/shared_copy.h"

namespace pyport::table {

// ThreadSanitizer does not see this: the 16-byte compare-and-swap that it has instead takes a mutex of its
// own process, so that two processes lose each other's changes.
#if !defined(PYPORT_SANITIZE_THREAD)
#define PYPORT_LEFT_TO_THE_MACHINE gnu::always_inline
#elif defined(__clang__)
#define PYPORT_LEFT_TO_THE_MACHINE gnu::noinline, clang::disable_sanitizer_instrumentation
#else
#define PYPORT_LEFT_TO_THE_MACHINE gnu::noinline, gnu::no_sanitize_thread
#endif

struct DoubleWord {
  std::uint64_t first, second;
};

// True when `at`, which is aligned to 16 bytes, was `expected`: it is `wanted` then.
[[PYPORT_LEFT_TO_THE_MACHINE]] inline bool swap_double_word(void* at, const DoubleWord& expected,
                                                            const DoubleWord& wanted) {
  __extension__ using Both = unsigned __int128;
  // x86-64 and arm64 are both little-endian: the first is the lower half.
  const auto both = [](const DoubleWord& words) {
    return (static_cast<Both>(words.second) << 64) | words.first;
  };
  return __sync_bool_compare_and_swap(static_cast<Both*>(at), both(expected), both(wanted));
}

#undef PYPORT_LEFT_TO_THE_MACHINE

}  // namespace pyport::table
