#include "python/script.h"

#include <filesystem>

#include "python/ref.h"

namespace pyport::python {
namespace {

Ref path_object(const std::string& path) REQUIRES(attached) {
  return Ref::steal(PyUnicode_DecodeFSDefaultAndSize(path.data(), static_cast<Py_ssize_t>(path.size())));
}

// Where the script lies, symlinks resolved as the python command does.
std::string folder_of(const std::string& file) {
  std::error_code failure;
  std::filesystem::path path = std::filesystem::canonical(file, failure);
  if (failure) path = std::filesystem::absolute(file, failure);
  return path.parent_path().string();
}

Ref compile_file(PyObject* name) REQUIRES(attached) {
  const Ref io = Ref::steal(PyImport_ImportModule("io"));
  if (!io) return Ref();
  const Ref file = Ref::steal(PyObject_CallMethod(io.get(), "open_code", "O", name));
  if (!file) return Ref();
  const Ref source = Ref::steal(PyObject_CallMethod(file.get(), "read", nullptr));
  const Ref closed = source ? Ref::steal(PyObject_CallMethod(file.get(), "close", nullptr)) : Ref();
  const Ref builtins = closed ? Ref::steal(PyImport_ImportModule("builtins")) : Ref();
  if (!builtins) return Ref();
  // From bytes, so that a coding line counts. Flags 0, and none inherited.
  return Ref::steal(
      PyObject_CallMethod(builtins.get(), "compile", "OOsii", source.get(), name, "exec", 0, 1));
}

Ref argv_list(const RunJob& job) REQUIRES(attached) {
  Ref list = Ref::steal(PyList_New(0));
  Ref file = path_object(job.file);
  if (!list || !file || PyList_Append(list.get(), file.get()) != 0) return Ref();
  for (const std::string& text : job.argv) {
    const Ref argument = path_object(text);
    if (!argument || PyList_Append(list.get(), argument.get()) != 0) return Ref();
  }
  return list;
}

// sys.argv and the front of sys.path for a scope.
class ScriptSys {
 public:
  bool enter(const RunJob& job) REQUIRES(attached) {
    argv_before_ = Ref::borrow(PySys_GetObject("argv"));
    folder_ = path_object(folder_of(job.file));
    const Ref argv = argv_list(job);
    PyObject* const path = PySys_GetObject("path");
    return folder_ && argv && path != nullptr && PySys_SetObject("argv", argv.get()) == 0 &&
           PyList_Insert(path, 0, folder_.get()) == 0;
  }

  // REQUIRES: no exception is set.
  void leave() REQUIRES(attached) {
    if (argv_before_) PySys_SetObject("argv", argv_before_.get());
    PyObject* const path = PySys_GetObject("path");
    for (Py_ssize_t i = 0; folder_ && path != nullptr && PyList_Check(path) && i < PyList_GET_SIZE(path);
         ++i) {
      if (PyList_GET_ITEM(path, i) != folder_.get()) continue;  // the very object that was put there
      PyList_SetSlice(path, i, i + 1, nullptr);
      break;
    }
    PyErr_Clear();
  }

 private:
  Ref argv_before_;
  Ref folder_;
};

// True for the pending SystemExit that means success; it is cleared then.
bool exited_well() REQUIRES(attached) {
  if (!PyErr_ExceptionMatches(PyExc_SystemExit)) return false;
  Ref exit = Ref::steal(PyErr_GetRaisedException());
  const Ref code = Ref::steal(PyObject_GetAttrString(exit.get(), "code"));
  if (code && (code.get() == Py_None || (PyLong_Check(code.get()) && PyObject_IsTrue(code.get()) == 0)))
    return true;
  PyErr_SetRaisedException(exit.release());
  return false;
}

bool execute(const RunJob& job, PyObject* main) REQUIRES(attached) {
  const Ref name = path_object(job.file);
  const Ref code = name ? compile_file(name.get()) : Ref();
  PyObject* const globals = PyModule_GetDict(main);
  if (!code || PyDict_SetItemString(globals, "__file__", name.get()) != 0 ||
      PyDict_SetItemString(globals, "__cached__", Py_None) != 0) {
    return false;
  }
  return bool(Ref::steal(PyEval_EvalCode(code.get(), globals, globals))) || exited_well();
}

}  // namespace

bool run_script(const RunJob& job, PyObject* main) {
  ScriptSys sys;
  const bool done = sys.enter(job) && execute(job, main);
  PyObject* const raised = PyErr_GetRaisedException();
  sys.leave();
  PyErr_SetRaisedException(raised);
  return done;
}

}  // namespace pyport::python
