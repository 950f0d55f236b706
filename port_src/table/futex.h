// The operating system's part of waiting for a word of the table's file. Words are shared between processes.
//
// Thread safety: all of it.
#pragma once

#include <chrono>

#include "table/layout.h"

namespace pyport::table {

enum class FutexEnd : std::uint8_t {
  woken,     // or the word was another one, or the time is over
  signalled  // a signal was handled in this thread
};

// Sleeps while the word is `seen`, until somebody wakes its sleepers, at most for `time`.
FutexEnd futex_wait(const Half& word, std::uint32_t seen, std::chrono::nanoseconds time);
void futex_wake_all(const Half& word);

}  // namespace pyport::table
