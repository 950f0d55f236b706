// C functions of several signatures as the one type that PyMethodDef holds.
#pragma once

#include "python/python_api.h"

namespace pyport::python {

// For METH_FASTCALL: (self, args, count).
template <PyObject* (*Function)(PyObject*, PyObject* const*, Py_ssize_t)>
PyCFunction fast_method() {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(Function));
}

// For METH_FASTCALL | METH_KEYWORDS: (self, args, count, names).
template <PyObject* (*Function)(PyObject*, PyObject* const*, Py_ssize_t, PyObject*)>
PyCFunction keyword_method() {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(Function));
}

}  // namespace pyport::python
