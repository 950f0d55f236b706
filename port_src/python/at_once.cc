#include "python/at_once.h"

namespace pyport::python {
namespace {

constexpr int kMostParts = 64;
constexpr Py_ssize_t kMostBytes = 16384;  // of all parts: pickled and copied in a few microseconds
constexpr int kDeepest = 8;

// What a value may still have in it.
class Budget {
 public:
  bool takes(PyObject* value, int depth = 0) REQUIRES(attached) {
    if (--parts_ < 0 || depth > kDeepest) return false;
    PyTypeObject* const type = Py_TYPE(value);
    if (type == &PyUnicode_Type) return bytes(PyUnicode_GET_LENGTH(value) * PyUnicode_KIND(value));
    if (type == &PyBytes_Type) return bytes(PyBytes_GET_SIZE(value));
    if (type == &PyLong_Type) return small_integer(value);
    if (type == &PyFloat_Type || type == &PyBool_Type || value == Py_None) return true;
    if (type == &PyTuple_Type || type == &PyList_Type) return sequence(value, depth);
    return type == &PyDict_Type && dict(value, depth);
  }

 private:
  bool bytes(Py_ssize_t count) {
    bytes_ -= count;
    return bytes_ >= 0;
  }
  bool small_integer(PyObject* value) REQUIRES(attached) {
    int overflow = 0;
    (void)PyLong_AsLongLongAndOverflow(value, &overflow);
    return overflow == 0;
  }
  bool sequence(PyObject* value, int depth) REQUIRES(attached) {
    const Py_ssize_t size = PySequence_Fast_GET_SIZE(value);
    if (size > parts_) return false;
    for (Py_ssize_t i = 0; i < size; ++i)
      if (!takes(PySequence_Fast_GET_ITEM(value, i), depth + 1)) return false;
    return true;
  }
  bool dict(PyObject* value, int depth) REQUIRES(attached) {
    if (PyDict_GET_SIZE(value) > parts_) return false;
    PyObject *key = nullptr, *item = nullptr;
    for (Py_ssize_t at = 0; PyDict_Next(value, &at, &key, &item) != 0;)
      if (!takes(key, depth + 1) || !takes(item, depth + 1)) return false;
    return true;
  }

  int parts_ = kMostParts;
  Py_ssize_t bytes_ = kMostBytes;
};

}  // namespace

bool is_small(PyObject* value) { return Budget().takes(value); }

std::nullptr_t refuse() {
  PyErr_SetString(PyExc_TimeoutError, "this operation is not done at once");
  return nullptr;
}

}  // namespace pyport::python
