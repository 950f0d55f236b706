#include "python/namespaces.h"

namespace pyport::python {

bool Namespaces::init() {
  builtins_ = Ref::steal(PyImport_ImportModule("builtins"));
  own_main_ = Ref::steal(PyImport_ImportModule("__main__"));
  return builtins_ && own_main_;
}

Ref Namespaces::throwaway() {
  Ref module = Ref::steal(PyModule_New("__main__"));
  if (!module) return module;
  PyObject* const globals = PyModule_GetDict(module.get());
  if (PyDict_SetItemString(globals, "__builtins__", builtins_.get()) != 0) return Ref();
  return module;
}

Ref Namespaces::module(NamespaceId ns) {
  const auto found = modules_.find(ns);
  if (found != modules_.end()) return Ref::borrow(found->second.get());
  Ref made = throwaway();
  if (made) modules_.emplace(ns, Ref::borrow(made.get()));
  return made;
}

void Namespaces::drop(NamespaceId ns) {
  const auto found = modules_.find(ns);
  if (found == modules_.end()) return;
  // Out of the map first: releasing runs __del__ methods.
  const Ref module = std::move(found->second);
  modules_.erase(found);
}

bool Namespaces::set_main(PyObject* module) {
  PyObject* const modules = PyImport_GetModuleDict();
  return PyDict_SetItemString(modules, "__main__", module != nullptr ? module : own_main_.get()) == 0;
}

}  // namespace pyport::python
