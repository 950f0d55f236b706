// What SharedLists are made of: operations on a SharedDict that is a list.
//
// Thread safety: REQUIRES an attached thread state.
#pragma once

#include "python/gil.h"
#include "python/python_api.h"

namespace pyport::python {

// All of them: null with an exception set. An index below 0 counts from the end; IndexError.
//
// Appends what a list or a tuple has, at one moment.
PyObject* list_append(PyObject* self, PyObject* values) REQUIRES(attached);
PyObject* list_get(PyObject* self, PyObject* index) REQUIRES(attached);
PyObject* list_set(PyObject* self, PyObject* const* args, Py_ssize_t count) REQUIRES(attached);
PyObject* list_insert(PyObject* self, PyObject* const* args, Py_ssize_t count) REQUIRES(attached);
PyObject* list_pop(PyObject* self, PyObject* index) REQUIRES(attached);
PyObject* list_delete(PyObject* self, PyObject* index) REQUIRES(attached);
// Deletes the element if it is equal to a value; True or False.
PyObject* list_delete_equal(PyObject* self, PyObject* const* args, Py_ssize_t count) REQUIRES(attached);
// The elements of a slice as a plain list; what a list or a tuple has in place of a slice, with the errors
// that a list has; a slice deleted; the last element first. Each at one moment.
PyObject* list_get_slice(PyObject* self, PyObject* slice) REQUIRES(attached);
PyObject* list_set_slice(PyObject* self, PyObject* const* args, Py_ssize_t count) REQUIRES(attached);
PyObject* list_delete_slice(PyObject* self, PyObject* slice) REQUIRES(attached);
PyObject* list_reverse(PyObject* self, PyObject*) REQUIRES(attached);

}  // namespace pyport::python
