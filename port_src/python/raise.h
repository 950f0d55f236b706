// From Error to a Python exception, as docs/protocol.md's table says.
#pragma once

#include "base/error.h"
#include "python/gil.h"

namespace pyport::python {

// Sets the exception; returns null for the caller to return.
PyObject* raise(const Error& error) REQUIRES(attached);

}  // namespace pyport::python
