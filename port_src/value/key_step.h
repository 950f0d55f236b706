// Map keys as steps of the path in an Errc::bad_term: a binary or a 64-bit integer is itself, any other
// key is its printed form, cut to a readable length.
//
// Thread safety: pure function.
#pragma once

#include "base/bytes.h"
#include "base/error.h"

namespace pyport::value {

// `key` is the ETF of a key (no version byte). REQUIRES: validated.
PathStep key_step(ByteSpan key);

}  // namespace pyport::value
