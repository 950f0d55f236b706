#include "python/shared_dict_many.h"

#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "python/breath.h"
#include "python/dict_key.h"
#include "python/letting_go.h"
#include "python/prepared.h"
#include "python/shared_dict_object.h"
#include "python/shared_dict_store.h"
#include "python/table_use.h"
#include "value/numbers.h"
#include "value/stored.h"

namespace pyport::python {
namespace {

using table::KeyChange;
using table::Snapshot;

// What a key with its value counts as, when all of them are gone through.
constexpr std::size_t kObjectsOfOne = 32;

bool add_pair(PyObject* pair, Py_ssize_t number, PrepareAll& all) REQUIRES(attached) {
  const Ref fast = Ref::steal(PySequence_Fast(pair, ""));
  if (!fast || PySequence_Fast_GET_SIZE(fast.get()) != 2) {
    if (!fast && PyErr_ExceptionMatches(PyExc_TypeError) == 0) return false;
    PyErr_Format(fast ? PyExc_ValueError : PyExc_TypeError,
                 "update() element %zd is no pair of key and value", number);
    return false;
  }
  return all.add(PySequence_Fast_GET_ITEM(fast.get(), 0), PySequence_Fast_GET_ITEM(fast.get(), 1));
}

// What dict.update takes as the pairs of `other`.
Ref pairs_of(PyObject* other) REQUIRES(attached) {
  if (PyDict_CheckExact(other)) return Ref::steal(PyDict_Items(other));
  PyObject* keys = nullptr;
  const int is_mapping = PyObject_GetOptionalAttrString(other, "keys", &keys);
  if (is_mapping < 0) return Ref();
  if (is_mapping == 0) return Ref::borrow(other);
  Py_DECREF(keys);
  const Ref names = Ref::steal(PyMapping_Keys(other));
  Ref pairs = names ? Ref::steal(PyList_New(0)) : Ref();
  for (Py_ssize_t i = 0; pairs && i < PyList_GET_SIZE(names.get()); ++i) {
    PyObject* const name = PyList_GET_ITEM(names.get(), i);
    const Ref value = Ref::steal(PyObject_GetItem(other, name));
    const Ref pair = value ? Ref::steal(PyTuple_Pack(2, name, value.get())) : Ref();
    if (!pair || PyList_Append(pairs.get(), pair.get()) != 0) return Ref();
  }
  return pairs;
}

// Pickling may run any code, which may change what is gone through: iterators bear that.
bool add_all(PyObject* other, PrepareAll& all) REQUIRES(attached) {
  const Ref pairs = pairs_of(other);
  const Ref iterator = pairs ? Ref::steal(PyObject_GetIter(pairs.get())) : Ref();
  if (!iterator) return false;
  Breath breath;
  for (Py_ssize_t number = 0;; ++number) {
    const Ref pair = Ref::steal(PyIter_Next(iterator.get()));
    if (!pair) return PyErr_Occurred() == nullptr;
    if (!add_pair(pair.get(), number, all)) return false;
    breath.after(kObjectsOfOne);
  }
}

Status store_all(table::Table& table, const table::Handle& handle, const std::vector<Prepared>& all) {
  std::vector<KeyChange> changes;
  changes.reserve(all.size());
  for (const Prepared& one : all) {
    Result<table::NewBlob> blob = one.blob(table);
    if (!blob) return std::move(blob).error();
    changes.push_back({one.view, *std::move(blob)});
  }
  const Result<std::uint64_t> changed = table.change_all(handle, changes, &value::kNumbers);
  return changed ? ok_status() : Status(changed.error());
}

bool store_detached(PyObject* self, const std::vector<Prepared>& all) REQUIRES(attached) {
  table::Table* const table = table_of(shared_dict(self).use);
  if (table == nullptr || Errands::given_up(self)) return false;
  const Status stored = [&]() REQUIRES(attached) {
    const Detached scope;
    return with_room(*table, [&] { return store_all(*table, shared_dict(self).handle, all); });
  }();
  if (!stored) raise_for(self, stored.error());
  return stored.ok();
}

struct Keys {
  std::vector<Ref> objects;
  std::vector<table::KeyView> views;
};

bool add_keys(PyObject* keys, Keys& all) REQUIRES(attached) {
  const Ref iterator = Ref::steal(PyObject_GetIter(keys));
  if (!iterator) return false;
  while (Ref key = Ref::steal(PyIter_Next(iterator.get()))) {
    const auto view = key_view(key.get());
    if (!view) return false;
    all.views.push_back(*view);
    all.objects.push_back(std::move(key));
  }
  return PyErr_Occurred() == nullptr;
}

Ref found_of(PyObject* self, const Keys& keys, const Snapshot& all) REQUIRES(attached) {
  Ref found = Ref::steal(PyDict_New());
  Breath breath;
  for (std::size_t i = 0; found && i < all.size(); ++i) {
    if (!all.has(i)) continue;
    const Ref value = load_stored(self, all.tag(i), all.bytes(i), BufferUse::own_constant);
    if (!value || PyDict_SetItem(found.get(), keys.objects[i].get(), value.get()) != 0) return Ref();
    breath.after(kObjectsOfOne);
  }
  return found;
}

}  // namespace

Ref dict_to_dict(PyObject* self, table::Stamp* stamp) {
  auto all =
      on_table(self, [](table::Table& table, const table::Handle& handle) { return table.items(handle); });
  if (!all) return Ref();
  const LettingGoOf<Snapshot> guard(**all);
  if (stamp != nullptr) *stamp = (*all)->stamp_of_all();
  Ref items = Ref::steal(PyDict_New());
  Breath breath;
  for (std::size_t i = 0; items && i < (*all)->size(); ++i) {
    const Ref key = key_object((*all)->keys()[i]);
    const Ref value =
        key ? load_stored(self, (*all)->tag(i), (*all)->bytes(i), BufferUse::own_constant) : Ref();
    if (!value || PyDict_SetItem(items.get(), key.get(), value.get()) != 0) return Ref();
    breath.after(kObjectsOfOne);
  }
  return items;
}

PyObject* dict_get_many(PyObject* self, PyObject* keys) {
  try {
    Keys wanted;
    if (!add_keys(keys, wanted)) return nullptr;
    table::Table* const table = table_of(shared_dict(self).use);
    if (table == nullptr) return nullptr;
    Result<Snapshot> all = [&]() REQUIRES(attached) {
      const Detached scope;
      return table->get_many(shared_dict(self).handle, wanted.views);
    }();
    if (!all) return raise_for(self, all.error());
    const LettingGoOf<Snapshot> guard(*all);
    return found_of(self, wanted, *all).release();
  } catch (const std::bad_alloc&) {
    return PyErr_NoMemory();
  }
}

bool dict_update(PyObject* self, PyObject* other, PyObject* names) {
  try {
    std::vector<Prepared> all;
    PrepareAll prepare(self, all);
    if (other != nullptr && !add_all(other, prepare)) return false;
    if (names != nullptr && !add_all(names, prepare)) return false;
    if (!store_detached(self, all)) return false;
    prepare.stored();
    return true;
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
    return false;
  }
}

}  // namespace pyport::python
