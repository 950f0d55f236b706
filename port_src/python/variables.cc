#include "python/variables.h"

#include <opcode.h>

namespace pyport::python {
namespace {

// True when module-level code binds `name`. Asked when the name still holds the very object that was
// bound before: `x = x` and `x = 5` over an equal small int keep it, and are meant to last.
// Instructions are pairs of bytes: operation, argument (documentation of `dis`).
bool binds(PyObject* code, PyObject* name) REQUIRES(attached) {
  const Ref bytes = Ref::steal(PyCode_GetCode(reinterpret_cast<PyCodeObject*>(code)));
  const Ref names = Ref::steal(PyObject_GetAttrString(code, "co_names"));
  if (!bytes || !names) return false;
  const auto* const at = reinterpret_cast<const unsigned char*>(PyBytes_AS_STRING(bytes.get()));
  unsigned argument = 0;
  for (Py_ssize_t i = 0; i + 1 < PyBytes_GET_SIZE(bytes.get()); i += 2) {
    argument = argument << 8 | at[i + 1];
    if (at[i] == EXTENDED_ARG) continue;
    if ((at[i] == STORE_NAME || at[i] == STORE_GLOBAL) && argument < PyTuple_GET_SIZE(names.get()) &&
        PyUnicode_Compare(PyTuple_GET_ITEM(names.get(), argument), name) == 0) {
      return true;
    }
    argument = 0;
  }
  return false;
}

}  // namespace

bool Variables::bind(PyObject* globals, PyObject* variables) {
  if (!PyDict_Check(variables)) {
    PyErr_SetString(PyExc_TypeError, "variables must be a dict");
    return false;
  }
  Py_ssize_t place = 0;
  PyObject *name, *value;
  bound_.reserve(static_cast<std::size_t>(PyDict_GET_SIZE(variables)));
  while (PyDict_Next(variables, &place, &name, &value)) {
    if (!PyUnicode_Check(name)) {
      PyErr_Format(PyExc_TypeError, "names of variables must be str, not %T", name);
      return false;
    }
    bound_.push_back(
        {Ref::borrow(name), Ref::borrow(value), Ref::borrow(PyDict_GetItemWithError(globals, name))});
    if (PyErr_Occurred() != nullptr) return false;
    if (PyDict_SetItem(globals, name, value) != 0) return false;
  }
  return true;
}

void Variables::restore(PyObject* globals, PyObject* code) {
  for (Bound& bound : bound_) {
    PyObject* const now = PyDict_GetItemWithError(globals, bound.name.get());
    if (now == bound.value.get() && !(code != nullptr && binds(code, bound.name.get()))) {
      if (bound.before) {
        PyDict_SetItem(globals, bound.name.get(), bound.before.get());
      } else {
        PyDict_DelItem(globals, bound.name.get());
      }
    }
    PyErr_Clear();
  }
  bound_.clear();
}

}  // namespace pyport::python
