// Which values may be given to many readers as one object.
#pragma once

#include "python/gil.h"
#include "python/python_api.h"

namespace pyport::python {

// True of None, bool, int, float, str and bytes, and of tuples of such: of exactly these types, since who
// subclasses may do anything. No Python code runs when one is let go of.
bool is_immutable(PyObject* value) REQUIRES(attached);

}  // namespace pyport::python
