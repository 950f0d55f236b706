// Waiting for a key of a SharedDict to change: the steps that erlang._wait is made of.
//
// Thread safety: REQUIRES an attached thread state. They give null with an exception set.
#pragma once

#include "python/gil.h"

namespace pyport::python {

// The stamp of the key as an int; 0: it is not there.
PyObject* dict_version(PyObject* self, PyObject* key) REQUIRES(attached);
// (version, value), or None when the key is not there.
PyObject* dict_versioned(PyObject* self, PyObject* key) REQUIRES(attached);
// (key, version, seconds or None, WaitStop or None): sleeps until the key has another version, which is
// given; None when the time is over, the wait was stopped, or for no reason.
PyObject* dict_wait_change(PyObject* self, PyObject* const* args, Py_ssize_t count) REQUIRES(attached);

}  // namespace pyport::python
