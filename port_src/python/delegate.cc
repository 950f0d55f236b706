#include "python/delegate.h"

#include <algorithm>
#include <array>

#include "python/ref.h"

namespace pyport::python {
namespace {

bool find(PyObject*& known, const char* module, const char* name) REQUIRES(attached) {
  if (known != nullptr) return true;
  const Ref found = Ref::steal(PyImport_ImportModule(module));
  if (found) known = PyObject_GetAttrString(found.get(), name);
  return known != nullptr;
}

}  // namespace

PyObject* call_python_method(PyObject*& known, const char* module, const char* name, PyObject* self,
                             PyObject* const* args, Py_ssize_t count, PyObject* names) {
  constexpr Py_ssize_t kMost = 8;  // more than any of them takes
  const Py_ssize_t all = count + (names == nullptr ? 0 : PyTuple_GET_SIZE(names));
  if (all >= kMost) {
    PyErr_Format(PyExc_TypeError, "%s() does not take %zd arguments", name, all);
    return nullptr;
  }
  if (!find(known, module, name)) return nullptr;
  std::array<PyObject*, kMost> with_self{self};
  std::copy_n(args, all, with_self.begin() + 1);
  return PyObject_Vectorcall(known, with_self.data(), static_cast<std::size_t>(count + 1), names);
}

}  // namespace pyport::python
