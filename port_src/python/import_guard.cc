#include "python/import_guard.h"

#include "python/method.h"
#include "python/module_definition.h"
#include "python/ref.h"

namespace pyport::python {
namespace {

// Where _import_guard.py puts it after "its extension module <name> ".
std::string what_is_wrong(const Declaration& found) {
  if (found.support == OwnGil::not_declared) return "does not declare it";
  return "could not be looked up: " + found.why;
}

std::string file_name(PyObject* path) REQUIRES(attached) {
  const Ref bytes = Ref::steal(PyUnicode_EncodeFSDefault(path));
  return bytes ? std::string(PyBytes_AS_STRING(bytes.get()), PyBytes_GET_SIZE(bytes.get())) : std::string();
}

PyObject* objection(PyObject*, PyObject* const* args, Py_ssize_t count) REQUIRES(attached) {
  if (count != 3 || !PyUnicode_Check(args[0]) || !PyUnicode_Check(args[1]) || !PyUnicode_Check(args[2])) {
    PyErr_SetString(PyExc_TypeError, "objection() takes three strings");
    return nullptr;
  }
  const std::string python = file_name(args[0]), file = file_name(args[1]), module = file_name(args[2]);
  if (PyErr_Occurred() != nullptr) return nullptr;
  const Declaration found = [&]() REQUIRES(attached) {
    Detached scope;
    return own_gil_declaration(python, file, module);
  }();
  if (found.support == OwnGil::declared || found.support == OwnGil::no_module) Py_RETURN_NONE;
  const std::string wrong = what_is_wrong(found);
  return PyUnicode_FromStringAndSize(wrong.data(), static_cast<Py_ssize_t>(wrong.size()));
}

PyMethodDef kObjection = {"objection", fast_method<objection>(), METH_FASTCALL,
                          "objection(python, file, module) -> what is wrong with loading it here, or None."};

Ref names_of(const std::vector<std::string>& allowed) REQUIRES(attached) {
  Ref names = Ref::steal(PyFrozenSet_New(nullptr));
  for (const std::string& name : allowed) {
    const Ref text = Ref::steal(PyUnicode_DecodeFSDefault(name.c_str()));
    if (!text || PySet_Add(names.get(), text.get()) != 0) return {};
  }
  return names;
}

}  // namespace

bool install_import_guard(const std::vector<std::string>& allowed) {
  const Ref module = Ref::steal(PyImport_ImportModule("erlang._import_guard"));
  if (!module) return false;
  const Ref function = Ref::steal(PyCFunction_New(&kObjection, nullptr));
  const Ref names = names_of(allowed);
  if (!function || !names) return false;
  const Ref done =
      Ref::steal(PyObject_CallMethod(module.get(), "install", "OO", function.get(), names.get()));
  return static_cast<bool>(done);
}

}  // namespace pyport::python
