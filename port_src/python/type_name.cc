#include "python/type_name.h"

#include "python/ref.h"

namespace pyport::python {
namespace {

std::string text_of(const Ref& object) REQUIRES(attached) {
  Py_ssize_t size = 0;
  const char* text =
      object && PyUnicode_Check(object.get()) ? PyUnicode_AsUTF8AndSize(object.get(), &size) : nullptr;
  if (text != nullptr) return {text, static_cast<std::size_t>(size)};
  PyErr_Clear();
  return "?";
}

}  // namespace

std::string type_name(PyTypeObject* type) {
  // The name of a static type is its module and name already.
  if (!(PyType_GetFlags(type) & Py_TPFLAGS_HEAPTYPE)) return type->tp_name;
  const std::string name = text_of(Ref::steal(PyType_GetQualName(type)));
  const std::string module = text_of(Ref::steal(PyType_GetModuleName(type)));
  return module == "builtins" ? name : module + "." + name;
}

}  // namespace pyport::python
