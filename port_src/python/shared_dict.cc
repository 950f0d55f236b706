#include "python/shared_dict.h"

#include <new>

#include "python/handle_term.h"
#include "python/method.h"
#include "python/pickle.h"
#include "python/raise.h"
#include "python/shared_dict_object.h"

namespace pyport::python {
namespace {

// Takes over `etf`.
PyObject* make(PyTypeObject* type, Ref etf, const table::Handle& handle) REQUIRES(attached) {
  PyObject* const self = type->tp_alloc(type, 0);
  if (self == nullptr) return nullptr;
  shared_dict(self).etf = etf.release();
  new (&shared_dict(self).handle) table::Handle(handle);
  return self;
}

PyObject* create(PyTypeObject* type, PyObject* args, PyObject* kwargs) REQUIRES(attached) {
  static const char* const kNames[] = {"handle", nullptr};
  PyObject* given = nullptr;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:SharedDict", const_cast<char**>(kNames), &given))
    return nullptr;
  if (!Py_IS_TYPE(given, type)) {
    PyErr_Format(PyExc_TypeError, "SharedDict takes a handle that came from Erlang, not %T", given);
    return nullptr;
  }
  return make(type, Ref::borrow(shared_dict(given).etf), shared_dict(given).handle);
}

void dealloc(PyObject* self) REQUIRES(attached) {
  PyTypeObject* const type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  Py_CLEAR(shared_dict(self).etf);
  type->tp_free(self);
  Py_DECREF(type);
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  return 0;  // bytes cannot be part of a cycle
}

PyObject* subscript(PyObject* self, PyObject* key) REQUIRES(attached) { return dict_get(self, key, nullptr); }

int assign(PyObject* self, PyObject* key, PyObject* value) REQUIRES(attached) {
  return value == nullptr ? dict_delete(self, key) : dict_set(self, key, value);
}

PyObject* get(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names) REQUIRES(attached) {
  PyObject* fallback = Py_None;
  const Py_ssize_t named = names == nullptr ? 0 : PyTuple_GET_SIZE(names);
  const bool by_name =
      named == 1 && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, 0), "default") == 0;
  if (count < 1 || count + named > 2 || (named == 1 && !by_name)) {
    PyErr_SetString(PyExc_TypeError, "get() takes a key and at most one default");
    return nullptr;
  }
  if (count + named == 2) fallback = args[1];
  return dict_get(self, args[0], fallback);
}

PyObject* keys(PyObject* self, PyObject*) REQUIRES(attached) { return dict_keys(self).release(); }

PyObject* iterate(PyObject* self) REQUIRES(attached) {
  const Ref list = dict_keys(self);
  return list ? PyObject_GetIter(list.get()) : nullptr;
}

PyObject* destroy(PyObject* self, PyObject*) REQUIRES(attached) { return dict_destroy(self); }

PyObject* reduce(PyObject* self, PyObject*) REQUIRES(attached) {
  return Py_BuildValue("O(O)", state_of(self).dict_function, shared_dict(self).etf);
}

Py_hash_t hash(PyObject* self) REQUIRES(attached) {
  Py_hash_t value;
  std::memcpy(&value, shared_dict(self).handle.bits.data(), sizeof value);
  return value == -1 ? -2 : value;
}

PyObject* compare(PyObject* self, PyObject* other, int operation) REQUIRES(attached) {
  if (!Py_IS_TYPE(other, Py_TYPE(self)) || (operation != Py_EQ && operation != Py_NE))
    Py_RETURN_NOTIMPLEMENTED;
  const bool same = shared_dict(self).handle == shared_dict(other).handle;
  return PyBool_FromLong(same == (operation == Py_EQ));
}

constexpr char kDoc[] =
    "SharedDict(handle)\n--\n\n"
    "A dictionary that Erlang and all Python interpreters share.\n\n"
    "handle: a dict handle that came from Erlang, as an argument, a variable or a value.\n"
    "Values are copies: what is stored is a pickle, and each read unpickles it anew.\n\n"
    "Raises TypeError when handle is anything else. Every operation raises RuntimeError once the dict\n"
    "has been destroyed.";

PyMethodDef kMethods[] = {
    {"get", keyword_method<get>(), METH_FASTCALL | METH_KEYWORDS,
     "get($self, key, /, default=None)\n--\n\nThe value of key, or default when there is no such key."},
    {"keys", keys, METH_NOARGS,
     "keys($self, /)\n--\n\nThe keys as a list, in insertion order: str, int, or bytes that are no UTF-8."},
    {"destroy", destroy, METH_NOARGS,
     "destroy($self, /)\n--\n\nEnds the dict for everybody. Doing so again changes nothing."},
    {"__reduce__", reduce, METH_NOARGS, "Pickles as the handle: the copy names the same dict."},
    {nullptr, nullptr, 0, nullptr}};

PyType_Slot kSlots[] = {{Py_tp_doc, const_cast<char*>(kDoc)},
                        {Py_tp_new, reinterpret_cast<void*>(create)},
                        {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                        {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                        {Py_tp_methods, kMethods},
                        {Py_tp_iter, reinterpret_cast<void*>(iterate)},
                        {Py_tp_repr, reinterpret_cast<void*>(dict_repr)},
                        {Py_tp_hash, reinterpret_cast<void*>(hash)},
                        {Py_tp_richcompare, reinterpret_cast<void*>(compare)},
                        {Py_mp_subscript, reinterpret_cast<void*>(subscript)},
                        {Py_mp_ass_subscript, reinterpret_cast<void*>(assign)},
                        {Py_mp_length, reinterpret_cast<void*>(dict_length)},
                        {Py_sq_contains, reinterpret_cast<void*>(dict_contains)},
                        {0, nullptr}};

PyType_Spec kSpec = {"erlang.SharedDict", sizeof(SharedDictObject), 0,
                     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE, kSlots};

}  // namespace

bool add_shared_dict(PyObject* module, ModuleState& state) {
  state.shared_dict_type = reinterpret_cast<PyTypeObject*>(PyType_FromModuleAndSpec(module, &kSpec, nullptr));
  return state.shared_dict_type != nullptr && PyModule_AddType(module, state.shared_dict_type) == 0;
}

PyObject* dict_function(PyObject* module, PyObject* etf) {
  if (!PyBytes_CheckExact(etf)) {
    PyErr_Format(PyExc_TypeError, "dict() takes bytes, not %T", etf);
    return nullptr;
  }
  const Result<HandleTerm> parsed = parse_handle(bytes_view(etf));
  if (!parsed) return raise(parsed.error());
  return make(module_state(module).shared_dict_type, Ref::borrow(etf), parsed->handle);
}

}  // namespace pyport::python
