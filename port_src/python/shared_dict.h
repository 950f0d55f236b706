// The Python type SharedDict: a view of one dict of a table.
//
// Every operation converts outside the table: pickle first, then one table call with the GIL let go,
// then unpickle. So values whose pickling or unpickling uses the same dict work, and no lock is held
// while Python runs.
//
// Thread safety: REQUIRES an attached thread state; objects may be shared by Python threads.
#pragma once

#include <string>

#include "python/attachment.h"
#include "python/gil.h"
#include "python/module.h"
#include "table/handle.h"

namespace pyport::python {

// Adds the type to the module. False with an exception set.
bool add_shared_dict(PyObject* module, ModuleState& state) REQUIRES(attached);

// A SharedDict of that table. `node` is the Erlang node that made the dict, or empty. Null with an exception
// set.
PyObject* make_shared_dict(PyTypeObject* type, SharedUse use, const table::Handle& handle,
                           const std::string& node) REQUIRES(attached);

// _erlang.dict(etf): the SharedDict that a handle names, inside a value of a table or in code that the node
// runs. ValueError when it is no handle, RuntimeError when it is not known whose.
PyObject* dict_function(PyObject* module, PyObject* etf) REQUIRES(attached);

}  // namespace pyport::python
