#include "python/call.h"

#include <string_view>

#include "python/pickle.h"

namespace pyport::python {
namespace {

Ref text_object(std::string_view text) REQUIRES(attached) {
  return Ref::steal(PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), nullptr));
}

// A module by its full name, also "os.path".
Ref import_module(std::string_view name) REQUIRES(attached) {
  const Ref text = text_object(name);
  if (!text) return Ref();
  // Gives the top package of a dotted name; the module itself is in sys.modules then.
  const Ref top = Ref::steal(PyImport_ImportModuleLevelObject(text.get(), nullptr, nullptr, nullptr, 0));
  if (!top) return Ref();
  Ref module = Ref::steal(PyImport_GetModule(text.get()));
  if (!module && PyErr_Occurred() == nullptr)
    PyErr_Format(PyExc_ImportError, "no module named %R", text.get());
  return module;
}

// The attribute behind a dotted name, "Path.cwd".
Ref find_attribute(Ref object, std::string_view dotted) REQUIRES(attached) {
  while (object) {
    const std::size_t dot = dotted.find('.');
    const Ref name = text_object(dotted.substr(0, dot));
    object = name ? Ref::steal(PyObject_GetAttr(object.get(), name.get())) : Ref();
    if (dot == std::string_view::npos) break;
    dotted.remove_prefix(dot + 1);
  }
  return object;
}

Ref load_arguments(const ModuleState& state, const Bytes& pickle) REQUIRES(attached) {
  const Ref list = load_bytes(state, pickle);
  return list ? Ref::steal(PySequence_Tuple(list.get())) : Ref();
}

// No dict at all when there are no keyword arguments.
bool load_keywords(const ModuleState& state, const Bytes& pickle, Ref& keywords) REQUIRES(attached) {
  if (pickle.empty()) return true;
  keywords = load_bytes(state, pickle);
  if (!keywords) return false;
  if (PyDict_Check(keywords.get())) return true;
  PyErr_SetString(PyExc_TypeError, "keyword arguments must be a dict");
  return false;
}

}  // namespace

Ref call_function(const ModuleState& state, const CallJob& job, PyObject* main) {
  Ref module = job.module == "__main__" ? Ref::borrow(main) : import_module(job.module);
  const Ref function = find_attribute(std::move(module), job.function);
  if (!function) return Ref();
  const Ref arguments = load_arguments(state, job.args);
  Ref keywords;
  if (!arguments || !load_keywords(state, job.kwargs, keywords)) return Ref();
  return Ref::steal(PyObject_Call(function.get(), arguments.get(), keywords.get()));
}

}  // namespace pyport::python
