// UUIDs as text.
//
// Thread safety: pure function.
#pragma once

#include <string>

#include "base/bytes.h"

namespace pyport::value {

// "00000000-0000-0000-0000-000000000005" of a number in two's complement, lowest byte first; empty when it is
// negative or has more than 128 bits.
std::string uuid_text(ByteSpan digits);

}  // namespace pyport::value
