// The Python types Pid, Reference and Term: Erlang terms that Python can hold, compare, pickle and
// hand back, but not look into.
//
// Thread safety: REQUIRES an attached thread state; objects are constant.
#pragma once

#include "python/gil.h"
#include "python/module.h"

namespace pyport::python {

// Adds the types to the module. False with an exception set.
bool add_opaque_types(PyObject* module, ModuleState& state) REQUIRES(attached);

// _erlang.pid(etf) and so on. TypeError unless given bytes, ValueError unless those are such a term.
PyObject* pid_function(PyObject* module, PyObject* etf) REQUIRES(attached);
PyObject* reference_function(PyObject* module, PyObject* etf) REQUIRES(attached);
PyObject* term_function(PyObject* module, PyObject* etf) REQUIRES(attached);

}  // namespace pyport::python
