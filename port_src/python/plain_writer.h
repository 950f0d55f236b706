// Pickles of plain values without the pickle module: values of exactly the types None, bool, int, float, str,
// bytes, list, tuple and dict, nested. Any pickle module reads them.
//
// An object that is met again is written once, so that the copy has the same object at both places, as with
// the pickle module. One that only its container refers to cannot be met again and needs no memory of it;
// the same observation is made in CPython's marshal.c.
//
// Thread safety: REQUIRES an attached thread state. No Python code is run.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "python/gil.h"

namespace pyport::python {

// The pickle, protocol 5, in memory of this thread that lasts until the next call on it. Nothing, and no
// exception, when it is for the pickle module: other types and their subclasses, cycles, str with lone
// surrogates, ints beyond 64 bits, and what is nested 200 deep or takes more memory than there is.
std::optional<ByteSpan> dump_plain(PyObject* value) REQUIRES(attached);

}  // namespace pyport::python
