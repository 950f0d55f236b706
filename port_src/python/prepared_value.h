// A value on its way into a dict: pickled, and in the table's memory already, but no key's yet. What a
// transaction has written until it is committed.
//
// Thread safety: REQUIRES an attached thread state.
#pragma once

#include <optional>

#include "python/gil.h"
#include "python/module.h"
#include "python/ref.h"
#include "table/blob.h"

namespace pyport::python {

// Adds the type to the module's state. False with an exception set.
bool add_prepared_value(PyObject* module, ModuleState& state) REQUIRES(attached);

// Pickles the value for this SharedDict; raises as an assignment does. Null with an exception set.
PyObject* prepare_value(PyObject* dict, PyObject* value) REQUIRES(attached);
// The value anew. Null with an exception set.
PyObject* load_prepared(PyObject* dict, PyObject* prepared) REQUIRES(attached);
// Takes out what is to be stored. Nothing, with an exception set, when it was taken out before, when it is a
// parent's that forked, or no such object.
std::optional<table::NewBlob> take_prepared(const ModuleState& state, PyObject* prepared) REQUIRES(attached);

}  // namespace pyport::python
