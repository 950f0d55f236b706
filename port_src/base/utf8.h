// UTF-8 validation as Python's and Erlang's decoders do it: no surrogates, no overlong forms,
// nothing above U+10FFFF (Unicode 15, table 3-7).
//
// Thread safety: pure function.
#pragma once

#include "base/bytes.h"

namespace pyport {

// True when the whole of `text` is valid UTF-8. Empty is valid.
bool is_utf8(ByteSpan text);

}  // namespace pyport
