// The type _erlang.WaitStop: by which one thread ends a wait of another.
//
// Thread safety: REQUIRES an attached thread state.
#pragma once

#include "python/module.h"
#include "table/wait.h"

namespace pyport::python {

// Adds the type to the module. False with an exception set.
bool add_wait_stop(PyObject* module, ModuleState& state) REQUIRES(attached);

// What the object holds; null, with an exception set, when it is of another type.
table::WaitStop* wait_stop_of(const ModuleState& state, PyObject* object) REQUIRES(attached);

}  // namespace pyport::python
