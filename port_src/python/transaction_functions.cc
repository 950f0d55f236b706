#include "python/transaction_functions.h"

#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "python/dict_key.h"
#include "python/letting_go.h"
#include "python/method.h"
#include "python/prepared_value.h"
#include "python/shared_dict_many.h"
#include "python/shared_dict_store.h"
#include "value/numbers.h"

namespace pyport::python {
namespace {

using table::Handle;
using table::KeyChange;
using table::KeyRead;
using table::Snapshot;
using table::Stamp;
using table::Table;

// Whether the first argument is a SharedDict and there are so many. False with an exception set.
bool takes(PyObject* module, const char* name, PyObject* const* args, Py_ssize_t count, Py_ssize_t wanted)
    REQUIRES(attached) {
  if (count == wanted && Py_IS_TYPE(args[0], module_state(module).shared_dict_type)) return true;
  PyErr_Format(PyExc_TypeError, "%s() takes a SharedDict and %zd more", name, wanted - 1);
  return false;
}

PyObject* pair_of(Stamp stamp, Ref value) REQUIRES(attached) {
  const Ref number = value ? Ref::steal(PyLong_FromUnsignedLongLong(stamp)) : Ref();
  return number ? PyTuple_Pack(2, number.get(), value.get()) : nullptr;
}

// The key as the dict gives it: of equal keys the same.
PyObject* same_key(PyObject*, PyObject* key) REQUIRES(attached) {
  const auto view = key_view(key);
  if (!view) return nullptr;
  try {
    return key_object(table::copy_key(*view)).release();
  } catch (const std::bad_alloc&) {
    return PyErr_NoMemory();
  }
}

PyObject* read_stamped(PyObject* module, PyObject* const* args, Py_ssize_t count) REQUIRES(attached) {
  const auto view = takes(module, "read_stamped", args, count, 2) ? key_view(args[1]) : std::nullopt;
  if (!view) return nullptr;
  auto found =
      on_table(args[0], [&](Table& table, const Handle& handle) { return table.get_stamped(handle, *view); });
  if (!found) return nullptr;
  const LettingGo guard((*found)->blob);
  if (!(*found)->blob) Py_RETURN_NONE;
  const Stamp stamp = (*found)->stamp;
  return pair_of(stamp, load_blob(args[0], (*found)->blob));
}

PyObject* stamp_of(PyObject* module, PyObject* const* args, Py_ssize_t count) REQUIRES(attached) {
  const auto view = takes(module, "stamp_of", args, count, 2) ? key_view(args[1]) : std::nullopt;
  if (!view) return nullptr;
  const auto stamp = on_table(args[0], [&](Table& table, const Handle& handle) -> Result<Stamp> {
    const Result<table::Stamped> found = table.get_stamped(handle, *view);
    if (!found) return found.error();
    return found->blob ? found->stamp : Stamp{0};
  });
  return stamp ? PyLong_FromUnsignedLongLong(**stamp) : nullptr;
}

// Keys and what they are in the table's words, as long as this lives.
struct Keys {
  std::vector<Ref> objects;
  std::vector<table::KeyView> views;

  bool add(PyObject* key) REQUIRES(attached) {
    const auto view = key_view(key);
    if (!view) return false;
    objects.push_back(Ref::borrow(key));
    views.push_back(*view);
    return true;
  }
};

PyObject* pairs_of(PyObject* dict, const Snapshot& all) REQUIRES(attached) {
  Ref list = Ref::steal(PyList_New(static_cast<Py_ssize_t>(all.size())));
  for (std::size_t i = 0; list && i < all.size(); ++i) {
    PyObject* const pair =
        all.has(i)
            ? pair_of(all.stamp(i), load_stored(dict, all.tag(i), all.bytes(i), BufferUse::own_constant))
            : Py_NewRef(Py_None);
    if (pair == nullptr) return nullptr;
    PyList_SET_ITEM(list.get(), static_cast<Py_ssize_t>(i), pair);
  }
  return list.release();
}

PyObject* read_many_stamped(PyObject* module, PyObject* const* args, Py_ssize_t count) REQUIRES(attached) {
  if (!takes(module, "read_many_stamped", args, count, 2)) return nullptr;
  const Ref sequence = Ref::steal(PySequence_Tuple(args[1]));
  Keys keys;
  for (Py_ssize_t i = 0; sequence && i < PyTuple_GET_SIZE(sequence.get()); ++i)
    if (!keys.add(PyTuple_GET_ITEM(sequence.get(), i))) return nullptr;
  if (!sequence) return nullptr;
  auto all = on_table(args[0],
                      [&](Table& table, const Handle& handle) { return table.get_many(handle, keys.views); });
  if (!all) return nullptr;
  const LettingGoOf<Snapshot> guard(**all);
  return pairs_of(args[0], **all);
}

PyObject* keys_stamped(PyObject* module, PyObject* const* args, Py_ssize_t count) REQUIRES(attached) {
  if (!takes(module, "keys_stamped", args, count, 1)) return nullptr;
  Stamp stamp = 0;
  Ref keys = dict_keys(args[0], &stamp);
  return pair_of(stamp, std::move(keys));
}

PyObject* items_stamped(PyObject* module, PyObject* const* args, Py_ssize_t count) REQUIRES(attached) {
  if (!takes(module, "items_stamped", args, count, 1)) return nullptr;
  Stamp stamp = 0;
  Ref items = dict_to_dict(args[0], &stamp);
  return pair_of(stamp, std::move(items));
}

PyObject* size_stamped(PyObject* module, PyObject* const* args, Py_ssize_t count) REQUIRES(attached) {
  if (!takes(module, "size_stamped", args, count, 1)) return nullptr;
  const auto stats =
      on_table(args[0], [](Table& table, const Handle& handle) { return table.stats(handle); });
  return stats ? pair_of((*stats)->stamp, Ref::steal(PyLong_FromUnsignedLongLong((*stats)->keys))) : nullptr;
}

PyObject* prepare(PyObject* module, PyObject* const* args, Py_ssize_t count) REQUIRES(attached) {
  return takes(module, "prepare", args, count, 2) ? prepare_value(args[0], args[1]) : nullptr;
}

PyObject* load_function(PyObject* module, PyObject* const* args, Py_ssize_t count) REQUIRES(attached) {
  return takes(module, "load_prepared", args, count, 2) ? load_prepared(args[0], args[1]) : nullptr;
}

// What is to be committed. To let go of the values takes locks of the table.
struct Commit {
  Commit() = default;
  ~Commit() REQUIRES(attached) {
    if (changes.empty()) return;
    const Detached scope;
    changes.clear();
  }
  Commit(const Commit&) = delete;
  Commit& operator=(const Commit&) = delete;

  Keys keys;
  std::vector<KeyRead> read;
  std::vector<Stamp> all;
  std::vector<KeyChange> changes;
};

bool add_stamp(PyObject* number, std::vector<Stamp>& stamps) REQUIRES(attached) {
  stamps.push_back(PyLong_AsUnsignedLongLong(number));
  return stamps.back() != ~Stamp{0} || PyErr_Occurred() == nullptr;
}

bool add_read(PyObject* reads, Commit& commit) REQUIRES(attached) {
  PyObject* key = nullptr;
  PyObject* number = nullptr;
  std::vector<Stamp> stamps;
  for (Py_ssize_t at = 0; PyDict_Next(reads, &at, &key, &number) != 0;) {
    if (!commit.keys.add(key) || !add_stamp(number, stamps)) return false;
    commit.read.push_back({commit.keys.views.back(), stamps.back()});
  }
  return true;
}

bool add_changes(const ModuleState& state, PyObject* writes, Commit& commit) REQUIRES(attached) {
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(writes, &at, &key, &value) != 0;) {
    if (!commit.keys.add(key)) return false;
    commit.changes.push_back({commit.keys.views.back(), {}});
    if (value == Py_None) continue;
    auto blob = take_prepared(state, value);
    if (!blob) return false;
    commit.changes.back().blob = *std::move(blob);
  }
  return true;
}

bool collect(PyObject* module, PyObject* const* args, Commit& commit) REQUIRES(attached) {
  if (!PyDict_CheckExact(args[1]) || !PyList_CheckExact(args[2]) || !PyDict_CheckExact(args[3])) {
    PyErr_SetString(PyExc_TypeError, "commit() takes a SharedDict, a dict, a list and a dict");
    return false;
  }
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(args[2]); ++i)
    if (!add_stamp(PyList_GET_ITEM(args[2], i), commit.all)) return false;
  return add_read(args[1], commit) && add_changes(module_state(module), args[3], commit);
}

PyObject* commit(PyObject* module, PyObject* const* args, Py_ssize_t count) REQUIRES(attached) {
  if (!takes(module, "commit", args, count, 4)) return nullptr;
  try {
    Commit commit;
    if (!collect(module, args, commit)) return nullptr;
    const auto done = on_table(args[0], [&](Table& table, const Handle& handle) {
      return with_room(table, [&] {
        return table.commit(handle, {commit.read, commit.all}, commit.changes, &value::kNumbers);
      });
    });
    if (!done) return nullptr;
    const auto& broken = (*done)->broken;
    return PyLong_FromSsize_t(broken ? static_cast<Py_ssize_t>(*broken) : -1);
  } catch (const std::bad_alloc&) {
    return PyErr_NoMemory();
  }
}

PyMethodDef kFunctions[] = {
    {"same_key", same_key, METH_O, "same_key(key): the key as a SharedDict gives it."},
    {"read_stamped", fast_method<read_stamped>(), METH_FASTCALL,
     "read_stamped(dict, key) -> (stamp, value) or None"},
    {"stamp_of", fast_method<stamp_of>(), METH_FASTCALL,
     "stamp_of(dict, key) -> int: 0 when there is no such key."},
    {"read_many_stamped", fast_method<read_many_stamped>(), METH_FASTCALL,
     "read_many_stamped(dict, keys): for each (stamp, value) or None, at one moment."},
    {"keys_stamped", fast_method<keys_stamped>(), METH_FASTCALL, "keys_stamped(dict) -> (stamp, list)"},
    {"items_stamped", fast_method<items_stamped>(), METH_FASTCALL, "items_stamped(dict) -> (stamp, dict)"},
    {"size_stamped", fast_method<size_stamped>(), METH_FASTCALL, "size_stamped(dict) -> (stamp, int)"},
    {"prepare", fast_method<prepare>(), METH_FASTCALL,
     "prepare(dict, value) -> PreparedValue: pickled, and not stored yet."},
    {"load_prepared", fast_method<load_function>(), METH_FASTCALL,
     "load_prepared(dict, prepared): the value."},
    {"commit", fast_method<commit>(), METH_FASTCALL,
     "commit(dict, reads, stamps, writes) -> int: stores all that is written (None: the key goes) if the "
     "keys "
     "that\nwere read have these stamps still, and the dict as a whole; -1. Else the place of the first that "
     "has not,\nwhich is their number when it is the dict as a whole. The prepared values are spent."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

bool add_transaction_functions(PyObject* module) { return PyModule_AddFunctions(module, kFunctions) == 0; }

}  // namespace pyport::python
