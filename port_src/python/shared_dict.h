// The Python type SharedDict: a view of one dict of the table.
//
// Every operation converts outside the table: pickle first, then one table call with the GIL let go,
// then unpickle. So values whose pickling or unpickling uses the same dict work, and no lock is held
// while Python runs.
//
// Thread safety: REQUIRES an attached thread state; objects may be shared by Python threads.
#pragma once

#include "python/gil.h"
#include "python/module.h"

namespace pyport::python {

// Adds the type to the module. False with an exception set.
bool add_shared_dict(PyObject* module, ModuleState& state) REQUIRES(attached);

// _erlang.dict(etf): the SharedDict that a handle names. ValueError when it is none.
PyObject* dict_function(PyObject* module, PyObject* etf) REQUIRES(attached);

}  // namespace pyport::python
