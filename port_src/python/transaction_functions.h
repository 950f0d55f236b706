// What erlang._transaction needs of the table: reads with their stamps, and the commit.
//
// Thread safety: REQUIRES an attached thread state.
#pragma once

#include "python/gil.h"
#include "python/module.h"

namespace pyport::python {

// Adds the functions to the module. False with an exception set.
bool add_transaction_functions(PyObject* module) REQUIRES(attached);

}  // namespace pyport::python
