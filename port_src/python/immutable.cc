#include "python/immutable.h"

namespace pyport::python {
namespace {

constexpr int kDeepest = 8;

bool is_immutable_at(PyObject* value, int depth) REQUIRES(attached) {
  const PyTypeObject* const type = Py_TYPE(value);
  if (type != &PyTuple_Type)
    return type == &PyUnicode_Type || type == &PyLong_Type || type == &PyFloat_Type ||
           type == &PyBytes_Type || type == &PyBool_Type || value == Py_None;
  if (depth == kDeepest) return false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(value); ++i)
    if (!is_immutable_at(PyTuple_GET_ITEM(value, i), depth + 1)) return false;
  return true;
}

}  // namespace

bool is_immutable(PyObject* value) { return is_immutable_at(value, 0); }

}  // namespace pyport::python
