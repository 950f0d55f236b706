// CALL: finding a function by name and calling it with pickled arguments.
//
// Thread safety: the worker's thread alone, attached.
#pragma once

#include "python/gil.h"
#include "python/module.h"
#include "python/ref.h"
#include "python/runtime.h"

namespace pyport::python {

// What the function returned; null with an exception set. `main` is the module that '__main__' means.
Ref call_function(const ModuleState& state, const CallJob& job, PyObject* main) REQUIRES(attached);

}  // namespace pyport::python
