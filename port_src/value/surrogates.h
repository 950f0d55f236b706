// Text with lone surrogates, which Python's str may hold and pickle writes as if they were characters
// (the "surrogatepass" error handler); UTF-8 and Erlang have no form for it.
//
// Thread safety: pure functions.
#pragma once

#include <string>

#include "base/bytes.h"

namespace pyport::value {

// True when the text is UTF-8 once the three-byte forms of U+D800 to U+DFFF are allowed.
bool is_utf8_with_surrogates(ByteSpan text);

// The text with each surrogate written as \udXXX. REQUIRES: is_utf8_with_surrogates(text).
std::string escape_surrogates(ByteSpan text);

}  // namespace pyport::value
