#include "python/async_method.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>
#include <vector>

#include "python/at_once.h"
#include "python/method.h"
#include "python/ref.h"
#include "table/patience.h"

namespace pyport::python {
namespace {

// How its C function is called.
enum class Convention : std::uint8_t { no_arguments, one_argument, fast, fast_with_names, other };

struct AsyncMethod {
  PyObject_HEAD vectorcallfunc call;
  vectorcallfunc call_of_bound;
  PyObject* builtin;  // the method descriptor, which says what is wrong with arguments; or a Python function
  PyTypeObject*
      owner;  // whose method it is; borrowed from `builtin`; null: a class that is written in Python
  PyCFunction function;    // of `builtin`
  PyObject* aio;           // what erlang._aio made for it; null until it is asked for
  PyObject* does_at_once;  // of a Python function: another, that does the same at once; or null
  AtOnce at_once;
};

struct BoundMethod {
  PyObject_HEAD vectorcallfunc call;
  PyObject* weak_references;
  PyObject* method;  // an AsyncMethod
  PyObject* self;
};

AsyncMethod& async_method(PyObject* object) { return *reinterpret_cast<AsyncMethod*>(object); }
BoundMethod& bound_method(PyObject* object) { return *reinterpret_cast<BoundMethod*>(object); }

// ---- Calling

PyObject* call_by_builtin(AsyncMethod& method, PyObject* self, PyObject* const* args, Py_ssize_t count,
                          PyObject* names) REQUIRES(attached) {
  const auto all = static_cast<std::size_t>(count + (names == nullptr ? 0 : PyTuple_GET_SIZE(names)));
  try {
    std::vector<PyObject*> with_self(all + 1, self);
    std::copy_n(args, all, with_self.begin() + 1);
    return PyObject_Vectorcall(method.builtin, with_self.data(), static_cast<std::size_t>(count) + 1, names);
  } catch (const std::bad_alloc&) {
    return PyErr_NoMemory();
  }
}

template <class Function>
Function as(PyCFunction function) {
  return reinterpret_cast<Function>(reinterpret_cast<void (*)()>(function));
}

// REQUIRES: `self` is of the method's type.
template <Convention kConvention>
[[gnu::always_inline]] inline PyObject* call(AsyncMethod& method, PyObject* self, PyObject* const* args,
                                             Py_ssize_t count, PyObject* names) REQUIRES(attached) {
  using Fast = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t);
  using FastWithNames = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t, PyObject*);
  if constexpr (kConvention == Convention::fast_with_names)
    return as<FastWithNames>(method.function)(self, args, count, names);
  if (names == nullptr) {
    if constexpr (kConvention == Convention::fast) return as<Fast>(method.function)(self, args, count);
    if (kConvention == Convention::one_argument && count == 1) return method.function(self, args[0]);
    if (kConvention == Convention::no_arguments && count == 0) return method.function(self, nullptr);
  }
  return call_by_builtin(method, self, args, count, names);
}

template <Convention kConvention>
PyObject* call_unbound(PyObject* callable, PyObject* const* args, std::size_t flags, PyObject* names)
    REQUIRES(attached) {
  AsyncMethod& method = async_method(callable);
  const Py_ssize_t count = PyVectorcall_NARGS(flags);
  if (count != 0 && Py_IS_TYPE(args[0], method.owner)) [[likely]]
    return call<kConvention>(method, args[0], args + 1, count - 1, names);
  return PyObject_Vectorcall(method.builtin, args, flags & ~PY_VECTORCALL_ARGUMENTS_OFFSET, names);
}

template <Convention kConvention>
PyObject* call_bound(PyObject* callable, PyObject* const* args, std::size_t flags, PyObject* names)
    REQUIRES(attached) {
  const BoundMethod& bound = bound_method(callable);
  return call<kConvention>(async_method(bound.method), bound.self, args, PyVectorcall_NARGS(flags), names);
}

// Of a Python function.
PyObject* call_function(PyObject* callable, PyObject* const* args, std::size_t flags, PyObject* names)
    REQUIRES(attached) {
  return PyObject_Vectorcall(async_method(callable).builtin, args, flags, names);
}

PyObject* call_bound_function(PyObject* callable, PyObject* const* args, std::size_t flags, PyObject* names)
    REQUIRES(attached) {
  const BoundMethod& bound = bound_method(callable);
  return call_by_builtin(async_method(bound.method), bound.self, args, PyVectorcall_NARGS(flags), names);
}

struct Calls {
  vectorcallfunc unbound;
  vectorcallfunc bound;
};

template <Convention kConvention>
constexpr Calls kCalls = {call_unbound<kConvention>, call_bound<kConvention>};

// For the flags of a PyMethodDef.
Calls calls_of(int flags) {
  switch (flags) {
    case METH_NOARGS:
      return kCalls<Convention::no_arguments>;
    case METH_O:
      return kCalls<Convention::one_argument>;
    case METH_FASTCALL:
      return kCalls<Convention::fast>;
    case METH_FASTCALL | METH_KEYWORDS:
      return kCalls<Convention::fast_with_names>;
    default:
      return kCalls<Convention::other>;
  }
}

// ---- At once

bool may_be_done_at_once(const AsyncMethod& method, PyObject* const* args, Py_ssize_t count, PyObject* names)
    REQUIRES(attached) {
  if (method.at_once == AtOnce::never) return false;
  if (method.at_once == AtOnce::by_key) return count == 0 || is_small(args[0]);
  const Py_ssize_t all = count + (names == nullptr ? 0 : PyTuple_GET_SIZE(names));
  for (Py_ssize_t i = 0; i < all; ++i)
    if (!is_small(args[i])) return false;
  return true;
}

PyObject* at_once(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names)
    REQUIRES(attached) {
  AsyncMethod& method = async_method(self);
  if (method.does_at_once != nullptr)
    return PyObject_Vectorcall(method.does_at_once, args, static_cast<std::size_t>(count), names);
  if (method.owner == nullptr) Py_RETURN_NOTIMPLEMENTED;
  if (count == 0 || !Py_IS_TYPE(args[0], method.owner)) {
    PyErr_Format(PyExc_TypeError, "at_once() takes an object of %N", method.owner);
    return nullptr;
  }
  if (is_at_once() || !may_be_done_at_once(method, args + 1, count - 1, names)) Py_RETURN_NOTIMPLEMENTED;
  PyObject* done = nullptr;
  {
    const table::Impatient scope;
    done = method.call(self, args, static_cast<std::size_t>(count), names);
  }
  if (done != nullptr || PyErr_ExceptionMatches(PyExc_TimeoutError) == 0) return done;
  PyErr_Clear();
  Py_RETURN_NOTIMPLEMENTED;
}

PyObject* may_be_at_once(PyObject* self, void*) REQUIRES(attached) {
  const AsyncMethod& method = async_method(self);
  return PyBool_FromLong(method.at_once != AtOnce::never || method.does_at_once != nullptr ? 1 : 0);
}

// ---- What they are like

// The function of erlang._aio that is the method for code of asyncio. Borrowed; null with an exception set.
PyObject* aio_of(PyObject* method) REQUIRES(attached) {
  PyObject*& known = async_method(method).aio;
  if (known != nullptr) return known;
  const Ref module = Ref::steal(PyImport_ImportModule("erlang._aio"));
  Ref made = module ? Ref::steal(PyObject_CallMethod(module.get(), "function_of", "O", method)) : Ref();
  if (made && known == nullptr) known = made.release();  // Python code was run: another may have come first
  return known;
}

PyObject* unbound_aio(PyObject* self, void*) REQUIRES(attached) { return Py_XNewRef(aio_of(self)); }

PyObject* bound_aio(PyObject* self, void*) REQUIRES(attached) {
  PyObject* const function = aio_of(bound_method(self).method);
  return function == nullptr ? nullptr : PyMethod_New(function, bound_method(self).self);
}

PyObject* attribute_of_builtin(PyObject* self, void* name) REQUIRES(attached) {
  return PyObject_GetAttrString(async_method(self).builtin, static_cast<const char*>(name));
}

// The bound builtin method that would be there without us.
Ref bound_builtin(PyObject* self) REQUIRES(attached) {
  PyObject* const builtin = async_method(bound_method(self).method).builtin;
  PyObject* const object = bound_method(self).self;
  const bool is_class_method = Py_IS_TYPE(builtin, &PyClassMethodDescr_Type);
  return Ref::steal(Py_TYPE(builtin)->tp_descr_get(builtin, is_class_method ? nullptr : object,
                                                   is_class_method ? object : nullptr));
}

PyObject* attribute_of_bound(PyObject* self, void* name) REQUIRES(attached) {
  const Ref bound = bound_builtin(self);
  return bound ? PyObject_GetAttrString(bound.get(), static_cast<const char*>(name)) : nullptr;
}

// Of Python functions alone: by these the module inspect tells the signature.
PyObject* wrapped(PyObject* self, void*) REQUIRES(attached) {
  if (async_method(self).owner == nullptr) return Py_NewRef(async_method(self).builtin);
  PyErr_SetString(PyExc_AttributeError, "__wrapped__");
  return nullptr;
}

PyObject* wrapped_of_bound(PyObject* self, void*) REQUIRES(attached) {
  if (async_method(bound_method(self).method).owner == nullptr) return bound_builtin(self).release();
  PyErr_SetString(PyExc_AttributeError, "__wrapped__");
  return nullptr;
}

PyObject* self_of(PyObject* self, void*) REQUIRES(attached) { return Py_NewRef(bound_method(self).self); }

PyObject* unbound_repr(PyObject* self) REQUIRES(attached) {
  return PyObject_Repr(async_method(self).builtin);
}

PyObject* bound_repr(PyObject* self) REQUIRES(attached) {
  const Ref name = Ref::steal(attribute_of_bound(self, const_cast<char*>("__qualname__")));
  return name ? PyUnicode_FromFormat("<bound method %U of %R>", name.get(), bound_method(self).self)
              : nullptr;
}

PyObject* unbound_reduce(PyObject* self, PyObject*) REQUIRES(attached) {
  return PyObject_CallMethod(async_method(self).builtin, "__reduce__", nullptr);
}

PyObject* bound_reduce(PyObject* self, PyObject*) REQUIRES(attached) {
  const Ref bound = bound_builtin(self);
  return bound ? PyObject_CallMethod(bound.get(), "__reduce__", nullptr) : nullptr;
}

// The same method of the same object, as with builtin methods: what is equal to the object is not it.
PyObject* bound_compare(PyObject* self, PyObject* other, int operation) REQUIRES(attached) {
  if ((operation != Py_EQ && operation != Py_NE) || !Py_IS_TYPE(other, Py_TYPE(self)))
    Py_RETURN_NOTIMPLEMENTED;
  const bool same = bound_method(self).method == bound_method(other).method &&
                    bound_method(self).self == bound_method(other).self;
  return PyBool_FromLong(same == (operation == Py_EQ) ? 1 : 0);
}

Py_hash_t bound_hash(PyObject* self) REQUIRES(attached) {
  const auto mixed = reinterpret_cast<std::uintptr_t>(bound_method(self).method) ^
                     reinterpret_cast<std::uintptr_t>(bound_method(self).self) >> 4;
  const auto hash = static_cast<Py_hash_t>(mixed);
  return hash == -1 ? -2 : hash;
}

// ---- Descriptors

PyObject* make_bound(PyObject* self, PyObject* object) REQUIRES(attached) {
  PyTypeObject* const type = state_of(self).bound_method_type;
  PyObject* const bound = type->tp_alloc(type, 0);
  if (bound == nullptr) return nullptr;
  bound_method(bound).call = async_method(self).call_of_bound;
  bound_method(bound).method = Py_NewRef(self);
  bound_method(bound).self = Py_NewRef(object);
  return bound;
}

PyObject* bind(PyObject* self, PyObject* object, PyObject*) REQUIRES(attached) {
  if (object == nullptr) return Py_NewRef(self);
  PyTypeObject* const owner = async_method(self).owner;
  if (owner != nullptr && !Py_IS_TYPE(object, owner)) {
    PyObject* const builtin = async_method(self).builtin;
    return Py_TYPE(builtin)->tp_descr_get(builtin, object, nullptr);  // which says that this cannot be
  }
  return make_bound(self, object);
}

// Of a class method: the class is what it is bound to.
PyObject* bind_class(PyObject* self, PyObject* object, PyObject* type) REQUIRES(attached) {
  PyTypeObject* const owner = async_method(self).owner;
  auto* const of = type != nullptr ? reinterpret_cast<PyTypeObject*>(type) : Py_TYPE(object);
  if (owner == nullptr || of == owner) return make_bound(self, reinterpret_cast<PyObject*>(of));
  PyObject* const builtin = async_method(self).builtin;
  return Py_TYPE(builtin)->tp_descr_get(builtin, object, type);
}

// As an attribute of another class it stays what it is, as bound builtin methods do. Having this at all is by
// what the module inspect, and with it help(), knows a routine.
PyObject* stay(PyObject* self, PyObject*, PyObject*) REQUIRES(attached) { return Py_NewRef(self); }

int traverse_unbound(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(async_method(self).builtin);
  Py_VISIT(async_method(self).aio);
  Py_VISIT(async_method(self).does_at_once);
  return 0;
}

// `builtin` stays until the end: who is called needs it, and the cycle is cut by `aio` and by the type.
int clear_unbound(PyObject* self) REQUIRES(attached) {
  Py_CLEAR(async_method(self).aio);
  Py_CLEAR(async_method(self).does_at_once);
  return 0;
}

void dealloc_unbound(PyObject* self) REQUIRES(attached) {
  PyTypeObject* const type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  Py_CLEAR(async_method(self).aio);
  Py_CLEAR(async_method(self).does_at_once);
  Py_CLEAR(async_method(self).builtin);
  type->tp_free(self);
  Py_DECREF(type);
}

int traverse_bound(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(bound_method(self).method);
  Py_VISIT(bound_method(self).self);
  return 0;
}

void dealloc_bound(PyObject* self) REQUIRES(attached) {
  PyTypeObject* const type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  if (bound_method(self).weak_references != nullptr) PyObject_ClearWeakRefs(self);
  Py_CLEAR(bound_method(self).method);
  Py_CLEAR(bound_method(self).self);
  type->tp_free(self);
  Py_DECREF(type);
}

// ---- Types

PyGetSetDef attribute(getter get, const char* name) {
  return {name, get, nullptr, nullptr, const_cast<char*>(name)};
}

PyGetSetDef kUnboundAttributes[] = {
    attribute(attribute_of_builtin, "__name__"),
    attribute(attribute_of_builtin, "__qualname__"),
    attribute(attribute_of_builtin, "__doc__"),
    attribute(attribute_of_builtin, "__text_signature__"),
    attribute(attribute_of_builtin, "__objclass__"),
    attribute(wrapped, "__wrapped__"),
    {"aio", unbound_aio, nullptr, "The same as a function that gives a coroutine.", nullptr},
    {"may_be_at_once", may_be_at_once, nullptr, "Whether at_once() ever does anything.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyGetSetDef kBoundAttributes[] = {
    attribute(attribute_of_bound, "__name__"),
    attribute(attribute_of_bound, "__qualname__"),
    attribute(attribute_of_bound, "__doc__"),
    attribute(attribute_of_bound, "__text_signature__"),
    attribute(wrapped_of_bound, "__wrapped__"),
    {"__self__", self_of, nullptr, nullptr, nullptr},
    {"aio", bound_aio, nullptr, "The same as a function that gives a coroutine.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyMethodDef kUnboundMethods[] = {
    {"at_once", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(at_once)),
     METH_FASTCALL | METH_KEYWORDS,
     "at_once($self, object, /, *args, **names)\n--\n\n"
     "What the call gives, if it takes microseconds; else NotImplemented, and nothing was done."},
    {"__reduce__", unbound_reduce, METH_NOARGS, "By its name."},
    {nullptr, nullptr, 0, nullptr}};

PyMethodDef kBoundMethods[] = {{"__reduce__", bound_reduce, METH_NOARGS, "By its object and its name."},
                               {nullptr, nullptr, 0, nullptr}};

PyMemberDef kUnboundMembers[] = {
    {"__vectorcalloffset__", Py_T_PYSSIZET, offsetof(AsyncMethod, call), Py_READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr}};

PyMemberDef kBoundMembers[] = {
    {"__vectorcalloffset__", Py_T_PYSSIZET, offsetof(BoundMethod, call), Py_READONLY, nullptr},
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(BoundMethod, weak_references), Py_READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr}};

PyType_Slot kUnboundSlots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(dealloc_unbound)},
                               {Py_tp_traverse, reinterpret_cast<void*>(traverse_unbound)},
                               {Py_tp_clear, reinterpret_cast<void*>(clear_unbound)},
                               {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
                               {Py_tp_descr_get, reinterpret_cast<void*>(bind)},
                               {Py_tp_repr, reinterpret_cast<void*>(unbound_repr)},
                               {Py_tp_getset, kUnboundAttributes},
                               {Py_tp_methods, kUnboundMethods},
                               {Py_tp_members, kUnboundMembers},
                               {0, nullptr}};

// Not callable itself, and no Py_TPFLAGS_METHOD_DESCRIPTOR: it wants to be asked for the class.
PyType_Slot kClassSlots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(dealloc_unbound)},
                             {Py_tp_traverse, reinterpret_cast<void*>(traverse_unbound)},
                             {Py_tp_clear, reinterpret_cast<void*>(clear_unbound)},
                             {Py_tp_descr_get, reinterpret_cast<void*>(bind_class)},
                             {Py_tp_repr, reinterpret_cast<void*>(unbound_repr)},
                             {Py_tp_getset, kUnboundAttributes},
                             {0, nullptr}};

PyType_Slot kBoundSlots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(dealloc_bound)},
                             {Py_tp_traverse, reinterpret_cast<void*>(traverse_bound)},
                             {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
                             {Py_tp_descr_get, reinterpret_cast<void*>(stay)},
                             {Py_tp_repr, reinterpret_cast<void*>(bound_repr)},
                             {Py_tp_richcompare, reinterpret_cast<void*>(bound_compare)},
                             {Py_tp_hash, reinterpret_cast<void*>(bound_hash)},
                             {Py_tp_getset, kBoundAttributes},
                             {Py_tp_methods, kBoundMethods},
                             {Py_tp_members, kBoundMembers},
                             {0, nullptr}};

constexpr unsigned kFlags =
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION;

PyType_Spec kUnboundSpec = {"_erlang.AsyncMethod", sizeof(AsyncMethod), 0,
                            kFlags | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR,
                            kUnboundSlots};
PyType_Spec kClassSpec = {"_erlang.AsyncClassMethod", sizeof(AsyncMethod), 0, kFlags, kClassSlots};
PyType_Spec kBoundSpec = {"_erlang.BoundMethod", sizeof(BoundMethod), 0, kFlags | Py_TPFLAGS_HAVE_VECTORCALL,
                          kBoundSlots};

bool make_type(PyObject* module, PyType_Spec& spec, PyTypeObject*& place) REQUIRES(attached) {
  place = reinterpret_cast<PyTypeObject*>(PyType_FromModuleAndSpec(module, &spec, nullptr));
  return place != nullptr;
}

// ---- Giving it to a type

Ref wrap(const ModuleState& state, PyTypeObject* type, PyObject* builtin, AtOnce at_once) REQUIRES(attached) {
  const bool is_class_method = Py_IS_TYPE(builtin, &PyClassMethodDescr_Type);
  PyTypeObject* const wrapper = is_class_method ? state.async_class_method_type : state.async_method_type;
  Ref made = Ref::steal(wrapper->tp_alloc(wrapper, 0));
  if (!made) return made;
  const PyMethodDef& definition = *reinterpret_cast<PyMethodDescrObject*>(builtin)->d_method;
  AsyncMethod& method = async_method(made.get());
  const Calls calls = calls_of(definition.ml_flags & ~METH_CLASS);
  method.call = calls.unbound;
  method.call_of_bound = calls.bound;
  method.builtin = Py_NewRef(builtin);
  method.owner = type;
  method.function = definition.ml_meth;
  method.at_once = at_once;
  return made;
}

AtOnce at_once_of(const char* name, std::initializer_list<AtOnceMethod> listed) {
  for (const AtOnceMethod& one : listed)
    if (std::strcmp(one.name, name) == 0) return one.at_once;
  return AtOnce::never;
}

bool is_method(PyObject* attribute) REQUIRES(attached) {
  return Py_IS_TYPE(attribute, &PyMethodDescr_Type) || Py_IS_TYPE(attribute, &PyClassMethodDescr_Type);
}

// A Python function with .aio.
PyObject* with_aio(PyObject* module, PyObject* const* args, Py_ssize_t count) REQUIRES(attached) {
  if (count != 1 && count != 2) {
    PyErr_Format(PyExc_TypeError, "with_aio() takes one or two functions, not %zd", count);
    return nullptr;
  }
  const ModuleState& state = module_state(module);
  const bool is_class_method = PyObject_TypeCheck(args[0], &PyClassMethod_Type) != 0;
  Ref function =
      is_class_method ? Ref::steal(PyObject_GetAttrString(args[0], "__func__")) : Ref::borrow(args[0]);
  PyTypeObject* const wrapper = is_class_method ? state.async_class_method_type : state.async_method_type;
  PyObject* const made = function ? wrapper->tp_alloc(wrapper, 0) : nullptr;
  if (made == nullptr) return nullptr;
  AsyncMethod& method = async_method(made);
  method.call = call_function;
  method.call_of_bound = call_bound_function;
  method.builtin = function.release();
  method.does_at_once = count == 2 ? Py_NewRef(args[1]) : nullptr;
  return made;
}

PyMethodDef kFunctions[] = {
    {"with_aio", fast_method<with_aio>(), METH_FASTCALL,
     "with_aio(function, at_once): for the methods of a class that is written in Python."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

bool add_async_method(PyObject* module, ModuleState& state) {
  return make_type(module, kUnboundSpec, state.async_method_type) &&
         make_type(module, kClassSpec, state.async_class_method_type) &&
         make_type(module, kBoundSpec, state.bound_method_type) &&
         PyModule_AddFunctions(module, kFunctions) == 0;
}

bool give_aio(const ModuleState& state, PyTypeObject* type, std::initializer_list<AtOnceMethod> at_once) {
  const Ref attributes = Ref::steal(PyType_GetDict(type));
  const Ref items = attributes ? Ref::steal(PyDict_Items(attributes.get())) : Ref();
  if (!items) return false;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items.get()); ++i) {
    PyObject* const name = PyTuple_GET_ITEM(PyList_GET_ITEM(items.get(), i), 0);
    PyObject* const builtin = PyTuple_GET_ITEM(PyList_GET_ITEM(items.get(), i), 1);
    if (!is_method(builtin)) continue;
    const AtOnce how = at_once_of(PyUnicode_AsUTF8(name), at_once);
    if (PyUnicode_READ_CHAR(name, 0) == '_' && how == AtOnce::never) continue;
    const Ref method = wrap(state, type, builtin, how);
    if (!method || PyDict_SetItem(attributes.get(), name, method.get()) != 0) return false;
  }
  PyType_Modified(type);
  return true;
}

}  // namespace pyport::python
