#include "python/interpreter.h"

#include "python/module.h"
#include "python/ref.h"
#include "python/type_name.h"

namespace pyport::python {
namespace {

constexpr PyInterpreterConfig kOwnGil = {
    .use_main_obmalloc = 0,
    .allow_fork = 0,  // a forked copy of the port program would hold its pipes; subprocess does not need it
    .allow_exec = 0,  // would replace the port program
    .allow_threads = 1,
    .allow_daemon_threads = 1,  // safe, as the interpreter is never ended
    .check_multi_interp_extensions = 1,
    .gil = PyInterpreterConfig_OWN_GIL,
};

bool put_in_front(const std::vector<std::string>& front) REQUIRES(attached) {
  PyObject* const path = PySys_GetObject("path");
  if (path == nullptr || !PyList_Check(path)) return false;
  Py_ssize_t place = 0;
  for (const std::string& folder : front) {
    const Ref name = Ref::steal(PyUnicode_DecodeFSDefault(folder.c_str()));
    if (!name || PyList_Insert(path, place++, name.get()) != 0) return false;
  }
  return true;
}

bool number_module(std::size_t id) REQUIRES(attached) {
  const Ref module = Ref::steal(PyImport_ImportModule("_erlang"));
  if (!module) return false;
  module_state(module.get()).interpreter = id;
  return true;
}

// What the pending exception says; clears it.
std::string raised_text() REQUIRES(attached) {
  const Ref raised = Ref::steal(PyErr_GetRaisedException());
  if (!raised) return "unknown failure";
  const Ref text = Ref::steal(PyObject_Str(raised.get()));
  const char* const utf8 = text ? PyUnicode_AsUTF8(text.get()) : nullptr;
  std::string said = type_name(Py_TYPE(raised.get())) + ": " + (utf8 != nullptr ? utf8 : "?");
  PyErr_Clear();
  return said;
}

// Py_NewInterpreterFromConfig attaches on success and only then.
PyThreadState* new_interpreter(std::string& why) NO_THREAD_SAFETY_ANALYSIS {
  PyThreadState* state = nullptr;
  const PyStatus status = Py_NewInterpreterFromConfig(&state, &kOwnGil);
  if (PyStatus_Exception(status)) {
    why = status.err_msg != nullptr ? status.err_msg : "unknown failure";
    return nullptr;
  }
  return PyEval_SaveThread();
}

}  // namespace

Result<PyThreadState*> make_interpreter() {
  std::string why;
  PyThreadState* const state = new_interpreter(why);
  if (state == nullptr) return make_error(Errc::bad_config, "interpreters: " + why);
  return state;
}

Status equip_interpreter(std::size_t id, const std::vector<std::string>& front) {
  if (put_in_front(front) && number_module(id)) return ok_status();
  return make_error(Errc::bad_config, "python: " + raised_text());
}

}  // namespace pyport::python
