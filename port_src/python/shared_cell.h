// The Python type SharedCell: an integer of a SharedDict that is changed without looking its key up.
//
// Thread safety: REQUIRES an attached thread state; objects may be shared by Python threads.
#pragma once

#include "python/gil.h"
#include "python/module.h"

namespace pyport::python {

// Adds the type to the module. False with an exception set.
bool add_shared_cell(PyObject* module, ModuleState& state) REQUIRES(attached);

// SharedDict.cell(key). Null with an exception set.
PyObject* dict_cell(PyObject* dict, PyObject* key) REQUIRES(attached);

}  // namespace pyport::python
