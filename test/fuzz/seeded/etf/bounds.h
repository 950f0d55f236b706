// A broken port_src/etf/bounds.h, off by one: stands before the real one in the include path of the
// target fuzz_validate_seeded, and of nothing else.
#pragma once

#include <cstdint>

#ifndef PYPORT_SEEDED_BUG
#error "only for the seeded fuzz target"
#endif

namespace pyport::etf {

constexpr bool fits(std::uint64_t left, std::uint64_t need) { return need <= left + 1; }

}  // namespace pyport::etf
