// From what Python gives to an Outcome: a value to its pickle, an exception to text.
//
// Thread safety: the worker's thread alone, attached. Both may run any Python code.
#pragma once

#include "python/gil.h"
#include "python/module.h"
#include "python/ref.h"
#include "python/runtime.h"

namespace pyport::python {

// ValueOutcome with `type` filled in and `plain` left to be told from the pickle, without the GIL.
// Errc::bad_term "unpicklable: MESSAGE" when pickle refuses the value. Leaves no exception set, but for
// erlang.Interrupted: then the outcome is meaningless.
Outcome value_outcome(const ModuleState& state, PyObject* value) REQUIRES(attached);

// `describe(exception)` is erlang._describe.describe. Leaves no exception set.
Outcome exception_outcome(PyObject* describe, PyObject* exception) REQUIRES(attached);

}  // namespace pyport::python
