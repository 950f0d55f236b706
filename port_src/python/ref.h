// Ref: an owned reference to a Python object. A plain PyObject* is a borrowed one, always.
//
// Where an owned reference comes from is said aloud: steal() takes over a new reference, borrow()
// makes one's own beside somebody else's. Null means that a Python exception is set.
//
// Thread safety: REQUIRES an attached thread state, also for the destructor.
#pragma once

#include <utility>

#include "python/python_api.h"

namespace pyport::python {

class Ref {
 public:
  Ref() = default;
  static Ref steal(PyObject* object) { return Ref(object); }
  static Ref borrow(PyObject* object) { return Ref(Py_XNewRef(object)); }

  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref&& other) noexcept {
    // Last: giving up the old object may run any Python code.
    PyObject* old = std::exchange(object_, std::exchange(other.object_, nullptr));
    Py_XDECREF(old);
    return *this;
  }
  Ref(const Ref&) = delete;
  Ref& operator=(const Ref&) = delete;
  ~Ref() { Py_XDECREF(object_); }

  PyObject* get() const { return object_; }
  // Gives the reference away.
  PyObject* release() { return std::exchange(object_, nullptr); }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  explicit Ref(PyObject* object) : object_(object) {}
  PyObject* object_ = nullptr;
};

}  // namespace pyport::python
