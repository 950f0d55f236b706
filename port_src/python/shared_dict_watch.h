// Watching a SharedDict: the step that erlang._watch is made of.
//
// Thread safety: REQUIRES an attached thread state.
#pragma once

#include "python/gil.h"

namespace pyport::python {

// (at, made, seconds or None, WaitStop or None), the first two of which are 0 to begin with: sleeps until the
// dict was changed. Gives (at, made, [(kind, key, version), ...]), the list of which is empty when it begins,
// when the time is over, when it was stopped, or for no reason. Null with an exception set.
PyObject* dict_changes(PyObject* self, PyObject* const* args, Py_ssize_t count) REQUIRES(attached);

}  // namespace pyport::python
