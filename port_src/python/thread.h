// Threads that live as long as the process: never joined, with a stack of a chosen size.
//
// Thread safety: may be called from any thread.
#pragma once

#include <cstddef>
#include <functional>

#include "base/result.h"

namespace pyport::python {

// Deep Python recursion needs C stack: CPython's own limit is made for the usual 8 MiB and C++ frames.
inline constexpr std::size_t kWorkerStack = std::size_t{16} << 20;
inline constexpr std::size_t kHelperStack = std::size_t{1} << 20;

// From here on signals to the process run no handler on the calling thread, but for those that tell of the
// thread's own errors and the real-time ones that the program itself uses. Python's handlers must interrupt
// the thread that Python calls its main one, and no other.
void leave_signals_to_others();

// Runs `body` in a new detached thread. `name` (at most 15 characters) is what the OS shows.
// Errc::bad_config when the OS gives no thread.
Status start_thread(const char* name, std::size_t stack_bytes, std::function<void()> body);

}  // namespace pyport::python
