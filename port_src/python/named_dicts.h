// Dicts that have a name, and how long values live, as Python says it.
//
// Thread safety: REQUIRES an attached thread state.
#pragma once

#include <cstdint>
#include <optional>

#include "python/gil.h"

namespace pyport::python {

// Of METH_VARARGS | METH_KEYWORDS | METH_CLASS. Null with an exception set.
//
// from_name(name, /, create_if_missing=False, *, ttl=None, idle=None, max_value_bytes=None, table=None)
PyObject* dict_from_name(PyObject* type, PyObject* args, PyObject* names) REQUIRES(attached);
// names(*, table=None): a list of str
PyObject* dict_names(PyObject* type, PyObject* args, PyObject* names) REQUIRES(attached);
// delete(name, /, *, allow_missing=False, table=None)
PyObject* dict_delete_name(PyObject* type, PyObject* args, PyObject* names) REQUIRES(attached);

// Nanoseconds of a positive number of seconds; 0 for infinity. False with an exception set: TypeError,
// ValueError.
bool is_lifetime(PyObject* seconds, const char* name, std::uint64_t& nanoseconds) REQUIRES(attached);

}  // namespace pyport::python
