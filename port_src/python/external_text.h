// How opaque Erlang terms show themselves in Python.
//
// Thread safety: pure functions.
#pragma once

#include <string>

#include "base/bytes.h"

namespace pyport::python {

// `etf` is one validated term without the version byte.
bool is_pid_term(ByteSpan etf);
bool is_reference_term(ByteSpan etf);

// "node 0.123.0", "node 0.1.2.3", "fun, 84 bytes"
std::string pid_text(ByteSpan etf);
std::string reference_text(ByteSpan etf);
std::string term_text(ByteSpan etf);

}  // namespace pyport::python
