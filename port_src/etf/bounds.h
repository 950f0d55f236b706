// The one comparison that keeps the validator inside its buffer. It has a file of its own so that the
// fuzz tests can compile the validator against a broken one (test/fuzz/seeded) and prove that the fuzzer
// would find such a bug.
#pragma once

#include <cstdint>

namespace pyport::etf {

// True when `need` more bytes (or one-byte terms) may follow where `left` bytes are left.
constexpr bool fits(std::uint64_t left, std::uint64_t need) { return need <= left; }

}  // namespace pyport::etf
