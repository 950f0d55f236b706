// The gate in front of ei: accepts a byte string only when it is exactly one well-formed ETF term
// that ei and the transcoder can follow without leaving the buffer or the stack.
//
// ei has no end pointer, follows any length it reads and recurses on depth; nothing is given to it
// that has not passed here. Iterative, O(bytes), no allocation beyond a fixed stack of kMaxDepth.
//
// Thread safety: pure functions.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace pyport::etf {

inline constexpr std::size_t kMaxDepth = 512;

// `bytes` must be the version byte 131 and one term, nothing after it.
// Errc::bad_etf with a detail such as "truncated binary at byte 17"; depth above kMaxDepth too.
Status validate(ByteSpan bytes);

// The same for a term without the version byte (as stored in opaque Python objects).
Status validate_term(ByteSpan bytes);

}  // namespace pyport::etf
