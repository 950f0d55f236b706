#include "python/raise.h"

namespace pyport::python {

PyObject* raise(const Error& error) {
  const char* const detail = error.detail.c_str();
  switch (error.code) {
    case Errc::gone:
      PyErr_SetString(PyExc_RuntimeError, "SharedDict has been destroyed");
      break;
    case Errc::table_full:
      PyErr_Format(PyExc_MemoryError, "the table is full: %s", detail);
      break;
    case Errc::corrupt:
      PyErr_Format(PyExc_RuntimeError, "SharedDict is damaged: %s", detail);
      break;
    case Errc::busy:
      PyErr_SetString(PyExc_TimeoutError, "another process holds the SharedDict and does not let go");
      break;
    case Errc::bad_key:
      PyErr_Format(PyExc_TypeError, "bad key: %s", detail);
      break;
    case Errc::bad_etf:
    case Errc::bad_term:
      PyErr_Format(PyExc_ValueError, "%s", detail);
      break;
    default:
      PyErr_Format(PyExc_RuntimeError, "%s", detail);
      break;
  }
  return nullptr;
}

}  // namespace pyport::python
