// Large bytes and text out of a table: copied with the GIL let go, so that other threads, and with them event
// loops, go on.
//
// Thread safety: REQUIRES an attached thread state.
#pragma once

#include "base/bytes.h"
#include "python/gil.h"

namespace pyport::python {

// From here on. It takes some 100 us: what it costs to let others go first is nothing beside that.
inline constexpr std::size_t kLargeCopy = std::size_t{256} << 10;

// bytes with that content. It may change meanwhile, as shared memory can. Null with an exception set.
PyObject* bytes_of(ByteSpan content) REQUIRES(attached);
// A str of that content, if it is ASCII; else null, and no exception but for want of memory. REQUIRES: it is
// large.
PyObject* large_ascii(ByteSpan content) REQUIRES(attached);

}  // namespace pyport::python
