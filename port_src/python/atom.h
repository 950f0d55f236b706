// The Python type Atom: a str that becomes an atom in Erlang.
//
// Thread safety: REQUIRES an attached thread state; objects are constant.
#pragma once

#include "python/gil.h"
#include "python/module.h"

namespace pyport::python {

// Adds the type to the module. False with an exception set.
bool add_atom(PyObject* module, ModuleState& state) REQUIRES(attached);

// _erlang.atom(text). TypeError unless given a str, ValueError when Erlang has no such atom: more
// than 255 characters, or lone surrogates.
PyObject* atom_function(PyObject* module, PyObject* text) REQUIRES(attached);

}  // namespace pyport::python
