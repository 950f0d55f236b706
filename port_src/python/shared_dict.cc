#include "python/shared_dict.h"

#include <new>
#include <optional>
#include <utility>

#include "python/async_method.h"
#include "python/context.h"
#include "python/delegate.h"
#include "python/dict_name.h"
#include "python/handle_term.h"
#include "python/method.h"
#include "python/named_dicts.h"
#include "python/nesting.h"
#include "python/pickle.h"
#include "python/raise.h"
#include "python/shared_cell.h"
#include "python/shared_dict_large.h"
#include "python/shared_dict_list.h"
#include "python/shared_dict_many.h"
#include "python/shared_dict_numbers.h"
#include "python/shared_dict_object.h"
#include "python/shared_dict_wait.h"
#include "python/shared_dict_watch.h"
#include "python/snapshot_iterator.h"
#include "python/table_scope.h"
#include "python/table_type.h"
#include "python/table_use.h"

namespace pyport::python {
namespace {

// `etf` may be null.
PyObject* make(PyTypeObject* type, Ref etf, const table::Handle& handle, SharedUse use) REQUIRES(attached) {
  PyObject* const self = type->tp_alloc(type, 0);
  if (self == nullptr) return nullptr;
  shared_dict(self).etf = etf.release();
  new (&shared_dict(self).handle) table::Handle(handle);
  new (&shared_dict(self).use) SharedUse(std::move(use));
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
  return make(type, Ref::borrow(shared_dict(given).etf), shared_dict(given).handle, shared_dict(given).use);
}

void dealloc(PyObject* self) REQUIRES(attached) {
  PyTypeObject* const type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  Py_CLEAR(shared_dict(self).etf);
  shared_dict(self).use.~SharedUse();
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
  if (count == 1 && names == nullptr) return dict_get(self, args[0], Py_None);
  PyObject* fallback = count == 2 ? args[1] : nullptr;
  PyObject* copied = Py_False;
  bool good = count == 1 || count == 2;
  for (Py_ssize_t i = 0; good && names != nullptr && i < PyTuple_GET_SIZE(names); ++i) {
    PyObject* const name = PyTuple_GET_ITEM(names, i);
    if (PyUnicode_CompareWithASCIIString(name, "copy") == 0) {
      copied = args[count + i];
    } else {
      good = fallback == nullptr && PyUnicode_CompareWithASCIIString(name, "default") == 0;
      fallback = args[count + i];
    }
  }
  if (!good) {
    PyErr_SetString(PyExc_TypeError, "get() takes a key, at most one default, and copy=True or False");
    return nullptr;
  }
  const int own = PyObject_IsTrue(copied);
  return own < 0 ? nullptr : dict_get(self, args[0], fallback == nullptr ? Py_None : fallback, own == 1);
}

PyObject* view(PyObject* self, PyObject* key) REQUIRES(attached) { return dict_view(self, key); }

PyObject* iterate(PyObject* self) REQUIRES(attached) {
  const Ref list = dict_keys(self);
  return list ? PyObject_GetIter(list.get()) : nullptr;
}

PyObject* reversed(PyObject* self, PyObject*) REQUIRES(attached) {
  const Ref list = dict_keys(self);
  if (!list || PyList_Reverse(list.get()) != 0) return nullptr;
  return PyObject_GetIter(list.get());
}

// An attribute of a module of ours, which `known` remembers. Null with an exception set.
PyObject* attribute(PyObject*& known, const char* module, const char* name) REQUIRES(attached) {
  if (known == nullptr) {
    const Ref found = Ref::steal(PyImport_ImportModule(module));
    if (!found) return nullptr;
    known = PyObject_GetAttrString(found.get(), name);
  }
  return known;
}

PyObject* make_view(PyObject* self, PyObject*& known, const char* name) REQUIRES(attached) {
  PyObject* const view = attribute(known, "erlang._views", name);
  return view == nullptr ? nullptr : PyObject_CallOneArg(view, self);
}

// A function of erlang._transaction, with the dict before its arguments.
PyObject* call_transaction(PyObject* self, PyObject*& known, const char* name, PyObject* args,
                           PyObject* names) REQUIRES(attached) {
  PyObject* const function = attribute(known, "erlang._transaction", name);
  const Ref first = function != nullptr ? Ref::steal(PyTuple_Pack(1, self)) : Ref();
  const Ref all = first ? Ref::steal(PySequence_Concat(first.get(), args)) : Ref();
  return all ? PyObject_Call(function, all.get(), names) : nullptr;
}

PyObject* transaction(PyObject* self, PyObject*) REQUIRES(attached) {
  PyObject* const type = attribute(state_of(self).transaction, "erlang._transaction", "Transaction");
  return type == nullptr ? nullptr : PyObject_CallOneArg(type, self);
}

PyObject* transactions(PyObject* self, PyObject* args, PyObject* names) REQUIRES(attached) {
  return call_transaction(self, state_of(self).transactions, "transactions", args, names);
}

PyObject* transact(PyObject* self, PyObject* args, PyObject* names) REQUIRES(attached) {
  return call_transaction(self, state_of(self).transact, "transact", args, names);
}

PyObject* keys(PyObject* self, PyObject*) REQUIRES(attached) {
  return make_view(self, state_of(self).keys_view, "SharedDictKeys");
}

PyObject* values(PyObject* self, PyObject*) REQUIRES(attached) {
  return make_view(self, state_of(self).values_view, "SharedDictValues");
}

PyObject* items(PyObject* self, PyObject*) REQUIRES(attached) {
  return make_view(self, state_of(self).items_view, "SharedDictItems");
}

PyObject* iterate_values(PyObject* self, PyObject*) REQUIRES(attached) {
  return iterate_snapshot(self, SnapshotKind::values);
}

PyObject* iterate_items(PyObject* self, PyObject*) REQUIRES(attached) {
  return iterate_snapshot(self, SnapshotKind::items);
}

PyObject* to_dict(PyObject* self, PyObject*) REQUIRES(attached) { return dict_to_dict(self).release(); }

PyObject* contains(PyObject* self, PyObject* key) REQUIRES(attached) {
  const int contained = dict_contains(self, key);
  return contained < 0 ? nullptr : PyBool_FromLong(contained);
}

// A key, and perhaps a default.
bool takes(const char* function, Py_ssize_t count) REQUIRES(attached) {
  if (count == 1 || count == 2) return true;
  PyErr_Format(PyExc_TypeError, "%s() takes a key and at most one default, not %zd arguments", function,
               count);
  return false;
}

// The default may be given by its name, as code that was written for other dictionaries does.
PyObject* pop(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names) REQUIRES(attached) {
  const bool named = names != nullptr && PyTuple_GET_SIZE(names) != 0;
  if (!takes("pop", named ? count + PyTuple_GET_SIZE(names) : count)) return nullptr;
  if (named && (count == 0 || PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, 0), "default") != 0)) {
    PyErr_SetString(PyExc_TypeError, "pop() takes a key and at most one default");
    return nullptr;
  }
  return dict_pop(self, args[0], named || count == 2 ? args[1] : nullptr);
}

PyObject* popitem(PyObject* self, PyObject*) REQUIRES(attached) { return dict_popitem(self); }

PyObject* setdefault(PyObject* self, PyObject* const* args, Py_ssize_t count) REQUIRES(attached) {
  if (!takes("setdefault", count)) return nullptr;
  return dict_setdefault(self, args[0], count == 2 ? args[1] : Py_None);
}

bool is_name(PyObject* name, const char* wanted) REQUIRES(attached) {
  return PyUnicode_CompareWithASCIIString(name, wanted) == 0;
}

PyObject* put(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names) REQUIRES(attached) {
  const Py_ssize_t named = names == nullptr ? 0 : PyTuple_GET_SIZE(names);
  bool good = count == 2;
  int skip = 0;
  std::optional<std::uint64_t> ttl;
  for (Py_ssize_t i = 0; good && i < named; ++i) {
    PyObject* const name = PyTuple_GET_ITEM(names, i);
    PyObject* const value = args[count + i];
    if (is_name(name, "ttl")) {
      if (value != Py_None && !is_lifetime(value, "ttl", ttl.emplace())) return nullptr;
    } else {
      good = is_name(name, "skip_if_exists");
      skip = good ? PyObject_IsTrue(value) : 0;
      if (skip < 0) return nullptr;
    }
  }
  if (!good) {
    PyErr_SetString(PyExc_TypeError,
                    "put() takes a key, a value, skip_if_exists=True or False, and ttl=seconds");
    return nullptr;
  }
  if (skip == 0) return dict_set(self, args[0], args[1], ttl) == 0 ? Py_NewRef(Py_True) : nullptr;
  const int stored = dict_put_new(self, args[0], args[1], ttl);
  return stored < 0 ? nullptr : PyBool_FromLong(stored);
}

// What an operation on the dict gives: the number after it, but for swap.
template <table::CellOp kOp>
PyObject* number_operation(PyObject* self, PyObject* const* args, Py_ssize_t count) REQUIRES(attached) {
  if (count != 2) {
    PyErr_Format(PyExc_TypeError, "a key and an int are needed, not %zd arguments", count);
    return nullptr;
  }
  std::int64_t operand = 0;
  if (!is_number_argument(args[1], operand)) return nullptr;
  const auto outcome = dict_change_number(self, args[0], {kOp, operand, 0});
  if (!outcome) return nullptr;
  return PyLong_FromLongLong(kOp == table::CellOp::swap ? outcome->before : outcome->after);
}

template <table::CellOp kOp>
PyObject* step_operation(PyObject* self, PyObject* key) REQUIRES(attached) {
  const auto outcome = dict_change_number(self, key, {kOp, 1, 0});
  return outcome ? PyLong_FromLongLong(outcome->after) : nullptr;
}

PyObject* compare_and_swap(PyObject* self, PyObject* const* args, Py_ssize_t count) REQUIRES(attached) {
  if (count != 3) {
    PyErr_Format(PyExc_TypeError, "cas() takes a key, an expected and a new value, not %zd arguments", count);
    return nullptr;
  }
  const int swapped = dict_compare_and_swap(self, args[0], args[1], args[2]);
  return swapped < 0 ? nullptr : PyBool_FromLong(swapped);
}

PyObject* cell(PyObject* self, PyObject* key) REQUIRES(attached) { return dict_cell(self, key); }

PyObject* version(PyObject* self, PyObject* key) REQUIRES(attached) { return dict_version(self, key); }

PyObject* versioned(PyObject* self, PyObject* key) REQUIRES(attached) { return dict_versioned(self, key); }

PyObject* wait(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names) REQUIRES(attached) {
  PyObject*& known = state_of(self).wait_function;
  return call_python_method(known, "erlang._wait", "wait", self, args, count, names);
}

PyObject* wait_change(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names)
    REQUIRES(attached) {
  PyObject*& known = state_of(self).wait_change_function;
  return call_python_method(known, "erlang._wait", "wait_change", self, args, count, names);
}

PyObject* lock(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names) REQUIRES(attached) {
  PyObject*& known = state_of(self).lock_class;
  return call_python_method(known, "erlang._lease", "Lock", self, args, count, names);
}

// (key, value, version, ttl or None): whether it was stored, since the key had that version.
PyObject* put_if(PyObject* self, PyObject* const* args, Py_ssize_t count) REQUIRES(attached) {
  if (count != 4) return PyErr_SetString(PyExc_TypeError, "a key, a value, a version and a ttl"), nullptr;
  const unsigned long long version = PyLong_AsUnsignedLongLong(args[2]);
  if (version == static_cast<unsigned long long>(-1) && PyErr_Occurred() != nullptr) return nullptr;
  std::optional<std::uint64_t> ttl;
  if (args[3] != Py_None && !is_lifetime(args[3], "ttl", ttl.emplace())) return nullptr;
  const int stored = dict_put_if(self, args[0], args[1], version, ttl);
  return stored < 0 ? nullptr : PyBool_FromLong(stored);
}

// (key, version): whether it was deleted, since it had that version.
PyObject* delete_if(PyObject* self, PyObject* const* args, Py_ssize_t count) REQUIRES(attached) {
  if (count != 2) return PyErr_SetString(PyExc_TypeError, "a key and a version"), nullptr;
  const unsigned long long version = PyLong_AsUnsignedLongLong(args[1]);
  if (version == static_cast<unsigned long long>(-1) && PyErr_Occurred() != nullptr) return nullptr;
  const int deleted = dict_delete_if(self, args[0], version);
  return deleted < 0 ? nullptr : PyBool_FromLong(deleted);
}

PyObject* sweep(PyObject* self, PyObject*) REQUIRES(attached) {
  if (!dict_sweep(self)) return nullptr;
  Py_RETURN_NONE;
}

PyObject* sleep_until_changed(PyObject* self, PyObject* const* args, Py_ssize_t count) REQUIRES(attached) {
  return dict_wait_change(self, args, count);
}

PyObject* watch(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names) REQUIRES(attached) {
  PyObject*& known = state_of(self).watch_function;
  return call_python_method(known, "erlang._watch", "watch", self, args, count, names);
}

PyObject* changes(PyObject* self, PyObject* const* args, Py_ssize_t count) REQUIRES(attached) {
  return dict_changes(self, args, count);
}

PyObject* clear(PyObject* self, PyObject*) REQUIRES(attached) {
  if (!dict_clear(self)) return nullptr;
  Py_RETURN_NONE;
}

PyObject* update_by(PyObject* self, PyObject* other) REQUIRES(attached) {
  return dict_update(self, other, nullptr) ? Py_NewRef(self) : nullptr;
}

PyObject* generic(PyObject* type, PyObject* parameters) REQUIRES(attached) {
  return Py_GenericAlias(type, parameters);
}

PyObject* get_many(PyObject* self, PyObject* keys) REQUIRES(attached) { return dict_get_many(self, keys); }

PyObject* update(PyObject* self, PyObject* args, PyObject* names) REQUIRES(attached) {
  PyObject* other = nullptr;
  if (!PyArg_UnpackTuple(args, "update", 0, 1, &other) || !dict_update(self, other, names)) return nullptr;
  Py_RETURN_NONE;
}

PyObject* info(PyObject* self, PyObject*) REQUIRES(attached) { return dict_info(self); }

PyObject* destroy(PyObject* self, PyObject*) REQUIRES(attached) { return dict_destroy(self); }

PyObject* handle_text(PyObject* self, void*) REQUIRES(attached) {
  const SharedDictObject& dict = shared_dict(self);
  if (dict.use->attachment->path().empty()) {
    PyErr_SetString(PyExc_RuntimeError, "the table of this SharedDict has no file");
    return nullptr;
  }
  const std::string text = dict_name({dict.use->attachment->path(), dict.handle, node_of(self)});
  return PyUnicode_DecodeFSDefaultAndSize(text.data(), static_cast<Py_ssize_t>(text.size()));
}

// By its handle alone where the reader knows the table, else by its name.
PyObject* reduce(PyObject* self, PyObject*) REQUIRES(attached) {
  const SharedDictObject& dict = shared_dict(self);
  const SharedUse& scope = TableScope::current();
  const bool known = scope && scope->attachment == dict.use->attachment;
  if (dict.etf != nullptr && (known || dict.use->attachment->path().empty()))
    return Py_BuildValue("O(O)", state_of(self).dict_function, dict.etf);
  const Ref function =
      Ref::steal(PyObject_GetAttrString(reinterpret_cast<PyObject*>(Py_TYPE(self)), "_named"));
  const Ref name = Ref::steal(handle_text(self, nullptr));
  return function && name ? Py_BuildValue("O(O)", function.get(), name.get()) : nullptr;
}

PyObject* copy(PyObject* self, PyObject*) REQUIRES(attached) { return Py_NewRef(self); }

Py_hash_t hash(PyObject* self) REQUIRES(attached) {
  Py_hash_t value;
  std::memcpy(&value, shared_dict(self).handle.bits.data(), sizeof value);
  return value == -1 ? -2 : value;
}

// Nothing, with an exception set, when the text is no name.
std::optional<DictName> dict_name_of(PyObject* text) REQUIRES(attached) {
  if (!PyUnicode_Check(text)) {
    PyErr_Format(PyExc_TypeError, "the name of a SharedDict is a str, not %T", text);
    return std::nullopt;
  }
  const Ref bytes = Ref::steal(PyUnicode_EncodeFSDefault(text));
  if (!bytes) return std::nullopt;
  Result<DictName> name = parse_dict_name(as_text(bytes_view(bytes.get())));
  if (name.ok()) return *std::move(name);
  raise(name.error());
  return std::nullopt;
}

PyObject* named(PyObject* type, PyObject* text) REQUIRES(attached) {
  const auto name = dict_name_of(text);
  if (!name) return nullptr;
  const SharedUse use = attach_table(name->path);
  if (!use) return nullptr;
  return make_shared_dict(reinterpret_cast<PyTypeObject*>(type), use, name->handle, name->node);
}

const ModuleState& state_of_type(PyObject* type) REQUIRES(attached) {
  return *static_cast<const ModuleState*>(PyType_GetModuleState(reinterpret_cast<PyTypeObject*>(type)));
}

PyObject* named_as_seen(PyObject* type, PyObject* text) REQUIRES(attached) {
  return as_user_sees(state_of_type(type), Ref::steal(named(type, text))).release();
}

// new(table=None), and what makes the dict of a list in the same way.
template <bool kIsList>
PyObject* make_new(PyObject* type, PyObject* args, PyObject* names) REQUIRES(attached) {
  static const char* const kNames[] = {"table", nullptr};
  PyObject* table = nullptr;
  if (!PyArg_ParseTupleAndKeywords(args, names, "|O:new", const_cast<char**>(kNames), &table)) return nullptr;
  return new_dict(state_of_type(type), table, kIsList).release();
}

PyObject* ephemeral(PyObject*, PyObject* args, PyObject* names) REQUIRES(attached) {
  const Ref module = Ref::steal(PyImport_ImportModule("erlang._ephemeral"));
  const Ref made = module ? Ref::steal(PyObject_GetAttrString(module.get(), "Ephemeral")) : Ref();
  return made ? PyObject_Call(made.get(), args, names) : nullptr;
}

template <bool kIsList>
PyObject* nested(PyObject* self, PyObject* key) REQUIRES(attached) {
  return dict_nest(self, key, kIsList);
}

PyCFunction with_names(PyObject* (*function)(PyObject*, PyObject*, PyObject*)) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

PyObject* open(PyObject* type, PyObject* text) REQUIRES(attached) {
  Ref dict = Ref::steal(named(type, text));
  if (!dict) return nullptr;
  table::Table* const table = table_of(shared_dict(dict.get()).use);
  if (table == nullptr) return nullptr;
  const bool alive = [&]() REQUIRES(attached) {
    const Detached scope;
    return table->alive(shared_dict(dict.get()).handle);
  }();
  if (alive) return as_user_sees(state_of_type(type), std::move(dict)).release();
  PyErr_Format(PyExc_RuntimeError, "no such SharedDict: %U has been destroyed, or was never there", text);
  return nullptr;
}

constexpr char kDoc[] =
    "SharedDict(handle)\n--\n\n"
    "A dictionary that Erlang and all Python interpreters and processes share.\n\n"
    "handle: a dict handle that came from Erlang, as an argument, a variable or a value; or a SharedDict.\n"
    "Others come from Table.dict() and SharedDict.open(), or as arguments of a multiprocessing.Process.\n"
    "Values are copies: what is stored is a pickle, and each read unpickles it anew.\n\n"
    "Raises TypeError when handle is anything else. Every operation raises RuntimeError once the dict\n"
    "has been destroyed.";

PyMethodDef kMethods[] = {
    {"get", keyword_method<get>(), METH_FASTCALL | METH_KEYWORDS,
     "get($self, key, /, default=None, *, copy=False)\n--\n\n"
     "The value of key, or default when there is no such key. Arrays are read-only and lie in shared "
     "memory;\n"
     "with copy they are the reader's own."},
    {"view", view, METH_O,
     "view($self, key, /)\n--\n\n"
     "A read-only memoryview of the bytes, bytearray, str (its UTF-8) or array that is the value of key: "
     "large\n"
     "ones are not copied. It stays as it is, whatever becomes of the key and of the dict.\n\n"
     "Raises KeyError when there is no such key, and TypeError for a value of another kind."},
    {"keys", keys, METH_NOARGS,
     "keys($self, /)\n--\n\nA view of the keys in insertion order: str, int, or bytes that are no UTF-8. "
     "Whoever goes over it\n"
     "sees them as they were when he began."},
    {"values", values, METH_NOARGS,
     "values($self, /)\n--\n\nA view of the values, in the order of the keys. Whoever goes over it sees them "
     "as they were when he\n"
     "began."},
    {"items", items, METH_NOARGS,
     "items($self, /)\n--\n\nA view of the pairs of key and value. Whoever goes over it sees them as they "
     "were when he began."},
    {"copy", to_dict, METH_NOARGS, "copy($self, /)\n--\n\nA plain dict of all, as it was at one moment."},
    {"to_dict", to_dict, METH_NOARGS,
     "to_dict($self, /)\n--\n\nA plain dict of all, as it was at one moment."},
    {"contains", contains, METH_O, "contains($self, key, /)\n--\n\nThe same as key in self."},
    {"pop", keyword_method<pop>(), METH_FASTCALL | METH_KEYWORDS,
     "pop($self, key, /, default=<unrepresentable>)\n--\n\n"
     "Removes the key and gives its value, or default when there is no such key, or raises KeyError. Of all "
     "that\n"
     "pop it one gets the value. A value that cannot be unpickled stays."},
    {"popitem", popitem, METH_NOARGS,
     "popitem($self, /)\n--\n\n"
     "Removes the key that was inserted last and gives it with its value. Raises KeyError when the dict is "
     "empty."},
    {"setdefault", fast_method<setdefault>(), METH_FASTCALL,
     "setdefault($self, key, default=None, /)\n--\n\n"
     "The value of key; when there is none, default is stored and given."},
    {"put", keyword_method<put>(), METH_FASTCALL | METH_KEYWORDS,
     "put($self, key, value, /, *, skip_if_exists=False, ttl=None)\n--\n\n"
     "Stores the value, with skip_if_exists only when there is no such key. Gives whether it was stored.\n"
     "With ttl the key is gone after so many seconds."},
    {"add", fast_method<number_operation<table::CellOp::add>>(), METH_FASTCALL,
     "add($self, key, n, /)\n--\n\n"
     "Adds n to the integer of key, which is 0 when there is none, and gives the sum; without any lock.\n\n"
     "Raises TypeError when the value is no integer of 64 bits, OverflowError when the sum would not be."},
    {"sub", fast_method<number_operation<table::CellOp::sub>>(), METH_FASTCALL,
     "sub($self, key, n, /)\n--\n\nSubtracts; as add."},
    {"bor", fast_method<number_operation<table::CellOp::bor>>(), METH_FASTCALL,
     "bor($self, key, n, /)\n--\n\nBitwise or; as add."},
    {"bxor", fast_method<number_operation<table::CellOp::bxor>>(), METH_FASTCALL,
     "bxor($self, key, n, /)\n--\n\nBitwise exclusive or; as add."},
    {"band", fast_method<number_operation<table::CellOp::band>>(), METH_FASTCALL,
     "band($self, key, n, /)\n--\n\nBitwise and; as add."},
    {"inc", step_operation<table::CellOp::add>, METH_O, "inc($self, key, /)\n--\n\nAdds 1; as add."},
    {"dec", step_operation<table::CellOp::sub>, METH_O, "dec($self, key, /)\n--\n\nSubtracts 1; as add."},
    {"swap", fast_method<number_operation<table::CellOp::swap>>(), METH_FASTCALL,
     "swap($self, key, n, /)\n--\n\nStores an integer in place of another, and gives that; as add."},
    {"cas", fast_method<compare_and_swap>(), METH_FASTCALL,
     "cas($self, key, expected, new, /)\n--\n\n"
     "Stores new if the value of key is of the type of expected and equal to it. Gives whether it was."},
    {"cell", cell, METH_O,
     "cell($self, key, /)\n--\n\nThe integer of key, which is 0 when there is none, to be held: a "
     "SharedCell."},
    {"version", version, METH_O,
     "version($self, key, /)\n--\n\nAn int that is another one after each change of the key; 0 when there "
     "is no such key."},
    {"wait", keyword_method<wait>(), METH_FASTCALL | METH_KEYWORDS,
     "wait($self, key, /, until=..., timeout=None)\n--\n\n"
     "Sleeps until the key is there, or its value is equal to until, or until, a function, is true of its "
     "value;\n"
     "gives the value. A function is called with each new value, but not while there is none.\n\n"
     "Raises TimeoutError after timeout seconds, and RuntimeError when the dict is destroyed."},
    {"wait_change", keyword_method<wait_change>(), METH_FASTCALL | METH_KEYWORDS,
     "wait_change($self, key, version, /, timeout=None)\n--\n\n"
     "Sleeps until the key has another version than this one, and gives that: 0 when the key is gone.\n\n"
     "Raises TimeoutError after timeout seconds, and RuntimeError when the dict is destroyed."},
    {"watch", keyword_method<watch>(), METH_FASTCALL | METH_KEYWORDS,
     "watch($self, /, key=None, *, prefix=None, timeout=None)\n--\n\n"
     "An iterator over the changes from now on, of all keys, of one, or of those that begin with prefix; "
     "also "
     "for\n"
     "async for. It waits for the next change, at most timeout seconds, and then ends.\n\n"
     "Each is a Change: kind ('put', 'delete', 'expired', 'clear', 'overflow' or 'destroyed'), key and "
     "version."},
    {"_changes", fast_method<changes>(), METH_FASTCALL, "What erlang._watch is made of."},
    {"lock", keyword_method<lock>(), METH_FASTCALL | METH_KEYWORDS,
     "lock($self, key, /, ttl=None, *, timeout=None)\n--\n\n"
     "The key as a lock, for with: one holder has it at a time, in whichever process and language. It ends "
     "with the\n"
     "block, with the holder's process, and after ttl seconds.\n\n"
     "At the block's begin TimeoutError after timeout seconds; at its end RuntimeError when it was lost."},
    {"_put_if", fast_method<put_if>(), METH_FASTCALL, "(key, value, version, ttl): whether it was stored."},
    {"_delete_if", fast_method<delete_if>(), METH_FASTCALL, "(key, version): whether it was deleted."},
    {"_sweep", sweep, METH_NOARGS, "Gives back what dead processes left."},
    {"_versioned", versioned, METH_O, "(version, value) of a key, or None when it is not there."},
    {"_wait_change", fast_method<sleep_until_changed>(), METH_FASTCALL, "What erlang._wait is made of."},
    {"clear", clear, METH_NOARGS, "clear($self, /)\n--\n\nRemoves all keys, at one moment."},
    {"_values", iterate_values, METH_NOARGS, "What the view of the values goes over."},
    {"_items", iterate_items, METH_NOARGS, "What the view of the items goes over."},
    {"__reversed__", reversed, METH_NOARGS, "The keys that are there now, the last one first."},
    {"__class_getitem__", generic, METH_O | METH_CLASS, "SharedDict[K, V], for type checkers."},
    {"get_many", get_many, METH_O,
     "get_many($self, keys, /)\n--\n\nA dict of those of the keys that are there, all as they were at one "
     "moment."},
    {"update", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(update)),
     METH_VARARGS | METH_KEYWORDS,
     "update($self, other=(), /, **names)\n--\n\n"
     "Stores what a mapping or an iterable of pairs has, and the names. All of it at once: nobody sees a "
     "part of\n"
     "it, and after an error nothing is stored."},
    {"transaction", transaction, METH_NOARGS,
     "transaction($self, /)\n--\n\n"
     "A context manager that gives a mapping: all that is read from it was so, and all that is written to it "
     "becomes\n"
     "so, at one moment, the block's end; or nothing does. Raises erlang.TransactionConflict there when what "
     "was\n"
     "read was changed meanwhile."},
    {"transactions", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(transactions)),
     METH_VARARGS | METH_KEYWORDS,
     "transactions($self, /, *, retries=None)\n--\n\n"
     "for t in sd.transactions(): with t: ... does the block again until it was done without a conflict."},
    {"transact", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(transact)),
     METH_VARARGS | METH_KEYWORDS,
     "transact($self, function, /, *, retries=None)\n--\n\n"
     "Calls function(t) in a transaction, again until it was done without a conflict; gives its result."},
    {"info", info, METH_NOARGS,
     "info($self, /)\n--\n\n"
     "How many keys and bytes are in it, how many values readers hold in place, when it was made, and what\n"
     "ends it; and its name, limits and last use, where it has them."},
    {"destroy", destroy, METH_NOARGS,
     "destroy($self, /)\n--\n\nEnds the dict for everybody. Doing so again changes nothing."},
    {"open", open, METH_O | METH_CLASS,
     "open($type, name, /)\n--\n\nThe dict of this name, which the attribute handle of a SharedDict "
     "gives.\n\n"
     "Raises ValueError when it is no such name, OSError when its table cannot be attached to, and\n"
     "RuntimeError when there is no such dict."},
    {"from_name", with_names(dict_from_name), METH_VARARGS | METH_KEYWORDS | METH_CLASS,
     "from_name($type, name, /, create_if_missing=False, *, ttl=None, idle=None, max_value_bytes=None,\n"
     "          table=None)\n--\n\n"
     "The dict of that name: one for all processes that use the table, of both languages. It lasts until it "
     "is\n"
     "deleted, or the table ends. The rest says how it is made, where there is none: its keys live ttl "
     "seconds\n"
     "after they were set, or idle seconds after their last use; larger values are refused.\n\n"
     "Raises KeyError when there is none."},
    {"names", with_names(dict_names), METH_VARARGS | METH_KEYWORDS | METH_CLASS,
     "names($type, /, *, table=None)\n--\n\nThe names of dicts, in the order in which they were made."},
    {"delete", with_names(dict_delete_name), METH_VARARGS | METH_KEYWORDS | METH_CLASS,
     "delete($type, name, /, *, allow_missing=False, table=None)\n--\n\n"
     "Destroys the dict of that name. Raises KeyError when there is none, unless that is allowed."},
    {"new", with_names(make_new<false>), METH_VARARGS | METH_KEYWORDS | METH_CLASS,
     "new($type, /, table=None)\n--\n\n"
     "A new, empty dict in the node's table, or in the only one that this process has attached to, or in the "
     "one\n"
     "that is given. It ends with this process; stored as a value of another dict it ends with that one.\n\n"
     "Raises RuntimeError when it cannot be told which table is meant."},
    {"ephemeral", with_names(ephemeral), METH_VARARGS | METH_KEYWORDS | METH_CLASS,
     "ephemeral($type, /, table=None)\n--\n\n"
     "For with: a new dict, as of new(), that is destroyed at the end of the block, or with this process."},
    {"nest", nested<false>, METH_O,
     "nest($self, key, /)\n--\n\n"
     "The SharedDict that is the value of key, made when it is not there: all who ask at once get the same "
     "one.\n"
     "It ends with this one, and when the key is deleted or gets another value.\n\n"
     "Raises TypeError when the key has a value of another kind."},
    {"nest_list", nested<true>, METH_O, "nest_list($self, key, /)\n--\n\nThe same with a SharedList."},
    {"_new_list", with_names(make_new<true>), METH_VARARGS | METH_KEYWORDS | METH_CLASS,
     "What SharedList.new is made of."},
    {"_append", list_append, METH_O, "Of a list: appends what a list or tuple has."},
    {"_insert_at", fast_method<list_insert>(), METH_FASTCALL, "Of a list: (index, value)"},
    {"_get_at", list_get, METH_O, "Of a list."},
    {"_set_at", fast_method<list_set>(), METH_FASTCALL, "Of a list: (index, value)"},
    {"_pop_at", list_pop, METH_O, "Of a list."},
    {"_delete_at", list_delete, METH_O, "Of a list."},
    {"_delete_equal", fast_method<list_delete_equal>(), METH_FASTCALL, "Of a list: (index, value)"},
    {"_get_slice", list_get_slice, METH_O, "Of a list: a plain list."},
    {"_set_slice", fast_method<list_set_slice>(), METH_FASTCALL,
     "Of a list: (slice, a plain list or tuple of values)"},
    {"_delete_slice", list_delete_slice, METH_O, "Of a list."},
    {"_reverse", list_reverse, METH_NOARGS, "Of a list."},
    {"_named", named_as_seen, METH_O | METH_CLASS, "As open, whether the dict is there or not: for pickles."},
    {"__reduce__", reduce, METH_NOARGS, "Pickles as the handle: the copy names the same dict."},
    {"__copy__", copy, METH_NOARGS, "The SharedDict itself, which is constant."},
    {"__deepcopy__", copy, METH_O, "The SharedDict itself, which is constant."},
    {nullptr, nullptr, 0, nullptr}};

// Of the others nobody knows how long they take: of values whose size is not known before, or of all there
// is.
constexpr std::initializer_list<AtOnceMethod> kAtOnce = {
    {"get", AtOnce::by_key},           {"contains", AtOnce::by_key},   {"pop", AtOnce::by_key},
    {"view", AtOnce::by_key},          {"cell", AtOnce::by_key},       {"info", AtOnce::by_key},
    {"version", AtOnce::by_key},       {"put", AtOnce::by_values},     {"cas", AtOnce::by_values},
    {"setdefault", AtOnce::by_values}, {"update", AtOnce::by_values},  {"add", AtOnce::by_values},
    {"sub", AtOnce::by_values},        {"bor", AtOnce::by_values},     {"bxor", AtOnce::by_values},
    {"band", AtOnce::by_values},       {"inc", AtOnce::by_values},     {"dec", AtOnce::by_values},
    {"swap", AtOnce::by_values},       {"_append", AtOnce::by_values}, {"_pop_at", AtOnce::by_key}};

PyGetSetDef kAttributes[] = {
    {"handle", handle_text, nullptr,
     "The dict's name as text, for SharedDict.open() in any process of the same user.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyType_Slot kSlots[] = {{Py_tp_doc, const_cast<char*>(kDoc)},
                        {Py_tp_new, reinterpret_cast<void*>(create)},
                        {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                        {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                        {Py_tp_methods, kMethods},
                        {Py_tp_getset, kAttributes},
                        {Py_tp_iter, reinterpret_cast<void*>(iterate)},
                        {Py_tp_repr, reinterpret_cast<void*>(dict_repr)},
                        {Py_tp_hash, reinterpret_cast<void*>(hash)},
                        {Py_tp_richcompare, reinterpret_cast<void*>(dict_compare)},
                        {Py_nb_or, reinterpret_cast<void*>(dict_or)},
                        {Py_nb_inplace_or, reinterpret_cast<void*>(update_by)},
                        {Py_mp_subscript, reinterpret_cast<void*>(subscript)},
                        {Py_mp_ass_subscript, reinterpret_cast<void*>(assign)},
                        {Py_mp_length, reinterpret_cast<void*>(dict_length)},
                        {Py_sq_contains, reinterpret_cast<void*>(dict_contains)},
                        {0, nullptr}};

PyType_Spec kSpec = {"erlang.SharedDict", sizeof(SharedDictObject), 0,
                     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_MAPPING,
                     kSlots};

}  // namespace

bool add_shared_dict(PyObject* module, ModuleState& state) {
  state.shared_dict_type = reinterpret_cast<PyTypeObject*>(PyType_FromModuleAndSpec(module, &kSpec, nullptr));
  return state.shared_dict_type != nullptr && give_aio(state, state.shared_dict_type, kAtOnce) &&
         PyModule_AddType(module, state.shared_dict_type) == 0;
}

PyObject* make_shared_dict(PyTypeObject* type, SharedUse use, const table::Handle& handle,
                           const std::string& node) {
  Ref etf;
  if (!node.empty()) {
    const Bytes term = handle_term({handle, node});
    etf = Ref::steal(PyBytes_FromStringAndSize(as_text(term).data(), static_cast<Py_ssize_t>(term.size())));
    if (!etf) return nullptr;
  }
  return make(type, std::move(etf), handle, std::move(use));
}

PyObject* dict_function(PyObject* module, PyObject* etf) {
  if (!PyBytes_CheckExact(etf)) {
    PyErr_Format(PyExc_TypeError, "dict() takes bytes, not %T", etf);
    return nullptr;
  }
  const Result<HandleTerm> parsed = parse_handle(bytes_view(etf));
  if (!parsed) return raise(parsed.error());
  const SharedUse& scope = TableScope::current();
  const SharedUse& use = scope ? scope : context().use;
  const ModuleState& state = module_state(module);
  if (use)
    return as_user_sees(state,
                        Ref::steal(make(state.shared_dict_type, Ref::borrow(etf), parsed->handle, use)))
        .release();
  PyErr_Format(PyExc_RuntimeError,
               "this handle of node %s does not tell its table: open the dict by its name",
               parsed->node.c_str());
  return nullptr;
}

}  // namespace pyport::python
