// The gate in front of ei: accepts a byte string only when it is exactly one well-formed ETF term
// that ei and the transcoder can follow without leaving the buffer or the stack.
//
// ei has no end pointer, follows any length it reads and recurses on depth; nothing is given to it
// that has not passed here. Iterative, O(bytes), no allocation beyond a fixed stack of kMaxDepth.
//
// Accepted are the tags that OTP 25 to 29 write, and the older atoms, pids, ports and references that
// they still read. Refused besides broken lengths: compressed terms, atom cache references, text
// floats, a LIST_EXT without elements (nothing writes it; `[]` is NIL_EXT), floats that are not finite,
// and bitstrings whose bit count does not fit. Not checked: that map keys differ.
//
// Thread safety: pure functions.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace pyport::etf {

// Containers (tuples, lists, maps, funs with variables) around a term; empty ones do not count.
inline constexpr std::size_t kMaxDepth = 512;

// `bytes` must be the version byte 131 and one term, nothing after it.
// Errc::bad_etf with a detail such as "truncated binary at byte 17"; depth above kMaxDepth too.
Status validate(ByteSpan bytes);

// The same for a term without the version byte (as stored in opaque Python objects).
Status validate_term(ByteSpan bytes);

// validate_term that also tells how deep the term nests (0 for an atom, 1 for `[1]`).
Result<std::size_t> validated_depth(ByteSpan bytes);

}  // namespace pyport::etf
