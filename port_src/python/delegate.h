// Methods of types in C++ that are written in Python: a function of a module of the package erlang, called
// with the object before the other arguments.
//
// Thread safety: REQUIRES an attached thread state.
#pragma once

#include "python/gil.h"

namespace pyport::python {

// `known` remembers the function, null until it is first asked for. As METH_FASTCALL | METH_KEYWORDS.
PyObject* call_python_method(PyObject*& known, const char* module, const char* name, PyObject* self,
                             PyObject* const* args, Py_ssize_t count, PyObject* names) REQUIRES(attached);

}  // namespace pyport::python
