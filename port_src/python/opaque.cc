#include "python/opaque.h"

#include "etf/validate.h"
#include "python/external_text.h"
#include "python/pickle.h"
#include "python/raise.h"

namespace pyport::python {
namespace {

struct OpaqueObject {
  PyObject_HEAD PyObject* etf;  // bytes: the term without the version byte
};

PyObject*& etf_of(PyObject* self) { return reinterpret_cast<OpaqueObject*>(self)->etf; }

void dealloc(PyObject* self) REQUIRES(attached) {
  PyTypeObject* const type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  Py_CLEAR(etf_of(self));
  type->tp_free(self);
  Py_DECREF(type);
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  return 0;  // bytes cannot be part of a cycle
}

Py_hash_t hash(PyObject* self) REQUIRES(attached) { return PyObject_Hash(etf_of(self)); }

PyObject* compare(PyObject* self, PyObject* other, int operation) REQUIRES(attached) {
  if (!Py_IS_TYPE(other, Py_TYPE(self)) || (operation != Py_EQ && operation != Py_NE))
    Py_RETURN_NOTIMPLEMENTED;
  return PyObject_RichCompare(etf_of(self), etf_of(other), operation);
}

template <std::string (*Text)(ByteSpan)>
PyObject* repr(PyObject* self) REQUIRES(attached) {
  const std::string text = Text(bytes_view(etf_of(self)));
  return PyUnicode_FromFormat("<%s %s>", Py_TYPE(self)->tp_name, text.c_str());
}

template <PyObject* ModuleState::*Function>
PyObject* reduce(PyObject* self, PyObject*) REQUIRES(attached) {
  return Py_BuildValue("O(O)", state_of(self).*Function, etf_of(self));
}

template <std::string (*Text)(ByteSpan), PyObject* ModuleState::*Function>
PyTypeObject* make_type(PyObject* module, const char* name, const char* doc) REQUIRES(attached) {
  static PyMethodDef methods[] = {{"__reduce__", reduce<Function>, METH_NOARGS, "Pickles as the same term."},
                                  {nullptr, nullptr, 0, nullptr}};
  PyType_Slot slots[] = {{Py_tp_doc, const_cast<char*>(doc)},
                         {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                         {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                         {Py_tp_methods, methods},
                         {Py_tp_repr, reinterpret_cast<void*>(repr<Text>)},
                         {Py_tp_hash, reinterpret_cast<void*>(hash)},
                         {Py_tp_richcompare, reinterpret_cast<void*>(compare)},
                         {0, nullptr}};
  PyType_Spec spec = {
      name, sizeof(OpaqueObject), 0,
      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
      slots};
  auto* const type = reinterpret_cast<PyTypeObject*>(PyType_FromModuleAndSpec(module, &spec, nullptr));
  if (type != nullptr) PyModule_AddType(module, type);
  return type;
}

PyObject* make(PyTypeObject* type, PyObject* etf, bool (*is_such)(ByteSpan)) REQUIRES(attached) {
  if (!PyBytes_CheckExact(etf)) {
    PyErr_Format(PyExc_TypeError, "%s is made of bytes, not %T", type->tp_name, etf);
    return nullptr;
  }
  if (const Status valid = etf::validate_term(bytes_view(etf)); !valid) return raise(valid.error());
  if (is_such != nullptr && !is_such(bytes_view(etf))) {
    PyErr_Format(PyExc_ValueError, "the term is no %s", type->tp_name);
    return nullptr;
  }
  PyObject* const self = type->tp_alloc(type, 0);
  if (self != nullptr) etf_of(self) = Py_NewRef(etf);
  return self;
}

}  // namespace

bool add_opaque_types(PyObject* module, ModuleState& state) {
  state.pid_type = make_type<pid_text, &ModuleState::pid_function>(
      module, "erlang.Pid",
      "An Erlang process id. Equal and hashed by the process it names; comes from Erlang only.");
  state.reference_type = make_type<reference_text, &ModuleState::reference_function>(
      module, "erlang.Reference", "An Erlang reference. Comes from Erlang only.");
  state.term_type = make_type<term_text, &ModuleState::term_function>(
      module, "erlang.Term",
      "An Erlang term without a Python form: a port, fun, bitstring or improper list. Comes from Erlang "
      "only.");
  return state.pid_type != nullptr && state.reference_type != nullptr && state.term_type != nullptr &&
         PyErr_Occurred() == nullptr;
}

PyObject* pid_function(PyObject* module, PyObject* etf) {
  return make(module_state(module).pid_type, etf, is_pid_term);
}

PyObject* reference_function(PyObject* module, PyObject* etf) {
  return make(module_state(module).reference_type, etf, is_reference_term);
}

PyObject* term_function(PyObject* module, PyObject* etf) {
  return make(module_state(module).term_type, etf, nullptr);
}

}  // namespace pyport::python
