#include "python/atom.h"

#include "python/ref.h"

namespace pyport::python {
namespace {

constexpr Py_ssize_t kMaxCharacters = 255;  // of an Erlang atom

bool is_atom_text(PyObject* text) REQUIRES(attached) {
  if (!PyUnicode_Check(text)) {
    PyErr_Format(PyExc_TypeError, "Atom takes a str, not %T", text);
    return false;
  }
  if (PyUnicode_GET_LENGTH(text) > kMaxCharacters) {
    PyErr_Format(PyExc_ValueError, "an atom has at most %zd characters", kMaxCharacters);
    return false;
  }
  return PyUnicode_AsUTF8AndSize(text, nullptr) != nullptr;  // UnicodeEncodeError is a ValueError
}

PyObject* create(PyTypeObject* type, PyObject* args, PyObject* kwargs) REQUIRES(attached) {
  static const char* const kNames[] = {"text", nullptr};
  PyObject* text = nullptr;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:Atom", const_cast<char**>(kNames), &text)) return nullptr;
  if (!is_atom_text(text)) return nullptr;
  const Ref str_args = Ref::steal(PyTuple_Pack(1, text));
  return str_args ? PyUnicode_Type.tp_new(type, str_args.get(), nullptr) : nullptr;
}

// The str that it is, without the type.
Ref plain_text(PyObject* self) REQUIRES(attached) { return Ref::steal(PyUnicode_FromObject(self)); }

PyObject* repr(PyObject* self) REQUIRES(attached) {
  const Ref text = plain_text(self);
  return text ? PyUnicode_FromFormat("Atom(%R)", text.get()) : nullptr;
}

PyObject* reduce(PyObject* self, PyObject*) REQUIRES(attached) {
  const Ref text = plain_text(self);
  return text ? Py_BuildValue("O(O)", state_of(self).atom_function, text.get()) : nullptr;
}

constexpr char kDoc[] =
    "Atom(text)\n--\n\n"
    "A str that becomes an atom in Erlang, where a plain str becomes a binary.\n\n"
    "The node never makes a new atom from Python's data: the atom must exist there. Raises TypeError\n"
    "when text is no str, ValueError when it has more than 255 characters or lone surrogates.";

PyMethodDef kMethods[] = {{"__reduce__", reduce, METH_NOARGS, "Pickles as an atom of the same text."},
                          {nullptr, nullptr, 0, nullptr}};

PyType_Slot kSlots[] = {{Py_tp_doc, const_cast<char*>(kDoc)},
                        {Py_tp_new, reinterpret_cast<void*>(create)},
                        {Py_tp_methods, kMethods},
                        {Py_tp_repr, reinterpret_cast<void*>(repr)},
                        {0, nullptr}};

PyType_Spec kSpec = {"erlang.Atom", 0, 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, kSlots};

}  // namespace

bool add_atom(PyObject* module, ModuleState& state) {
  PyObject* const base = reinterpret_cast<PyObject*>(&PyUnicode_Type);
  state.atom_type = reinterpret_cast<PyTypeObject*>(PyType_FromModuleAndSpec(module, &kSpec, base));
  return state.atom_type != nullptr && PyModule_AddType(module, state.atom_type) == 0;
}

PyObject* atom_function(PyObject* module, PyObject* text) {
  PyObject* const args[] = {text};
  return PyObject_Vectorcall(reinterpret_cast<PyObject*>(module_state(module).atom_type), args, 1, nullptr);
}

}  // namespace pyport::python
