// The one table from Errc to the error terms of docs/protocol.md.
//
// Thread safety: pure function.
#pragma once

#include "base/error.h"
#include "etf/writer.h"

namespace pyport::protocol {

// Appends the error term. `detail` of a bad_term that is none of the documented atoms becomes
// {unpicklable, Message}; a leading "unpicklable: " is left out of the message.
void append_error_term(etf::Writer writer, const Error& error);

}  // namespace pyport::protocol
