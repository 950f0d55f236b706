#include "python/outcome.h"

#include <new>

#include "python/pickle.h"
#include "python/pickle_place.h"
#include "python/type_name.h"

namespace pyport::python {
namespace {

std::string text_of(PyObject* bytes) REQUIRES(attached) { return std::string(as_text(bytes_view(bytes))); }

// str(exception) as UTF-8, whatever it takes.
std::string message_of(PyObject* exception) REQUIRES(attached) {
  const Ref text = Ref::steal(PyObject_Str(exception));
  const Ref bytes = text ? Ref::steal(PyUnicode_AsEncodedString(text.get(), "utf-8", "replace")) : Ref();
  PyErr_Clear();
  return bytes ? text_of(bytes.get()) : "<no message: str() of the exception failed>";
}

// When describing failed itself: what can be told without running Python code of the user's.
ExceptionOutcome bare_outcome(PyObject* exception) REQUIRES(attached) {
  ExceptionOutcome outcome;
  outcome.type = type_name(Py_TYPE(exception));
  outcome.builtin = !(PyType_GetFlags(Py_TYPE(exception)) & Py_TPFLAGS_HEAPTYPE) &&
                    outcome.type.find('.') == std::string::npos;
  outcome.message = "<no message: the exception could not be described>";
  return outcome;
}

// From (type, builtin, message, lines), all text as bytes.
bool read_description(PyObject* description, ExceptionOutcome& outcome) REQUIRES(attached) {
  PyObject *type, *message, *lines;
  int builtin = 0;
  if (!PyArg_ParseTuple(description, "SpSO!", &type, &builtin, &message, &PyList_Type, &lines)) return false;
  outcome.type = text_of(type);
  outcome.builtin = builtin != 0;
  outcome.message = text_of(message);
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(lines); ++i) {
    PyObject* const line = PyList_GET_ITEM(lines, i);
    if (PyBytes_Check(line)) outcome.traceback.push_back(text_of(line));
  }
  return true;
}

}  // namespace

Outcome value_outcome(const ModuleState& state, PyObject* value) {
  const Ref pickle = dump_object(state, value);
  if (pickle) {
    const ByteSpan bytes = bytes_view(pickle.get());
    try {
      return ValueOutcome{Bytes(bytes.begin(), bytes.end()), false, type_name(Py_TYPE(value))};
    } catch (const std::bad_alloc&) {
      PyErr_NoMemory();
      return DoneOutcome{};  // the exception that is set counts
    }
  }
  if (PyErr_ExceptionMatches(state.interrupted)) return make_error(Errc::cancelled);
  const Ref raised = Ref::steal(PyErr_GetRaisedException());
  Error error = make_error(Errc::bad_term, "unpicklable: " + message_of(raised.get()));
  error.path = find_unpicklable(state, value).path;
  if (PyErr_Occurred() == nullptr) return error;
  if (PyErr_ExceptionMatches(state.interrupted)) return make_error(Errc::cancelled);
  PyErr_Clear();
  return error;
}

Outcome exception_outcome(PyObject* describe, PyObject* exception) {
  ExceptionOutcome outcome;
  const Ref description = Ref::steal(PyObject_CallOneArg(describe, exception));
  if (description && read_description(description.get(), outcome)) return outcome;
  PyErr_Clear();
  return bare_outcome(exception);
}

}  // namespace pyport::python
