// Opaque Erlang terms that Python holds as bytes and may have made up: what they must be.
//
// Thread safety: pure function.
#pragma once

#include "base/bytes.h"
#include "value/pickle_writer.h"

namespace pyport::value {

// True when `term` is one valid ETF term (no version byte) of the kind that `which` stands for: a handle,
// pid, reference, or one of port, fun, bitstring and improper list. Sets `depth` to its nesting.
bool is_external(Builtin which, ByteSpan term, std::size_t& depth);

}  // namespace pyport::value
