// The dict handle as a term: {'$pyport_dict', Node, <<_:16/binary>>} (docs/protocol.md).
//
// Thread safety: pure functions.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "table/handle.h"

namespace pyport::python {

struct HandleTerm {
  table::Handle handle;
  std::string node;  // UTF-8
};

// `etf` is one term without the version byte, from anywhere. Errc::bad_etf when it is no dict handle.
Result<HandleTerm> parse_handle(ByteSpan etf);

// The term. REQUIRES: the node is valid UTF-8 of at most 255 characters.
Bytes handle_term(const HandleTerm& handle);

}  // namespace pyport::python
