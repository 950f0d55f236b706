// The memory of this process, as the operating system counts it.
//
// Thread safety: from any thread.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace pyport::server {

struct MemoryInUse {
  std::uint64_t resident = 0;  // bytes in memory, those that are shared with others as the table left out
  std::uint64_t data = 0;      // bytes that RLIMIT_DATA counts: private and writable
};

// Zeros when /proc cannot tell.
MemoryInUse memory_in_use();

// From here on the process gets no more than `bytes` of private memory, what it has included: allocations
// above fail, which Python turns into MemoryError. Children get the same limit, each for itself. 0: no limit.
// Errc::bad_config, that names max_memory, when more is in use already.
Status limit_memory(std::uint64_t bytes);

// Takes the limit back, for what has to be done before the end. Async-signal-safe.
void lift_memory_limit();

}  // namespace pyport::server
