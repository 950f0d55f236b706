// The Python type Table: a file of shared memory with dicts in it, as its user sees it.
//
// Thread safety: REQUIRES an attached thread state; objects may be shared by Python threads.
#pragma once

#include <string>

#include "python/attachment.h"
#include "python/gil.h"
#include "python/module.h"

namespace pyport::python {

// Adds the type to the module. False with an exception set.
bool add_table_type(PyObject* module, ModuleState& state) REQUIRES(attached);

// What a Table object holds of its table. REQUIRES: it is one.
SharedUse use_of_table(PyObject* table) REQUIRES(attached);

// The table in the file at this absolute path, for as long as the result lives. Null with an exception set: a
// subclass of OSError.
SharedUse attach_table(const std::string& path) REQUIRES(attached);

}  // namespace pyport::python
