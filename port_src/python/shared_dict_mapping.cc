// What SharedDict has because it is a mapping. Each change is one for everybody: no two processes pop the
// same value, or both store a default.
#include <string>
#include <utility>

#include "python/at_once.h"
#include "python/dict_key.h"
#include "python/letting_go.h"
#include "python/shared_dict_many.h"
#include "python/shared_dict_object.h"
#include "python/shared_dict_store.h"
#include "value/numbers.h"

namespace pyport::python {
namespace {

using table::Expect;
using table::Handle;
using table::Stamp;
using table::Table;
using table::TakenOut;

// Such values are surely loaded once they have been taken. Others are loaded first, and then taken if they
// are still the same: a value whose unpickling raises is not lost.
Expect loads_surely() {
  return Expect::tagged(value::kPlain, table::kCopiedBytes).or_tagged(table::kChildTag);
}

// Erases what was loaded. 1, 0 when it was changed meanwhile, -1 with an exception set.
int take_loaded(PyObject* self, const table::KeyView& key, Stamp stamp) REQUIRES(attached) {
  const auto erased = on_table(self, [&](Table& table, const Handle& handle) {
    return table.erase_if(handle, key, Expect::stamped(stamp));
  });
  return erased ? (**erased ? 1 : 0) : -1;
}

// The value that was taken. Null: nothing was, without an exception when another came first.
Ref taken_value(PyObject* self, const table::KeyView& key, TakenOut& taken) REQUIRES(attached) {
  const auto child = table::child_in(taken.value.blob.tag(), taken.value.blob.bytes());
  Ref value = load_blob(self, taken.value.blob);
  if (child && taken.erased) take_child(self, *child);
  if (!value || taken.erased) return value;
  return take_loaded(self, key, taken.value.stamp) == 1 ? std::move(value) : Ref();
}

PyObject* missing_key(PyObject* key) REQUIRES(attached) {
  PyErr_SetObject(PyExc_KeyError, key);
  return nullptr;
}

// What is there now, if anything, is small and plain.
bool surely_small(PyObject* self, const table::KeyView& key) REQUIRES(attached) {
  const Table* const table = table_of(shared_dict(self).use);
  table::Blob blob;
  return table != nullptr && table->get_at_once(shared_dict(self).handle, key, blob) &&
         (!blob || is_plain(blob.tag()));
}

// Stores what is not there, and else gives what is: true in `stored`, or a blob in `present`.
bool put_new(PyObject* self, const table::KeyView& key, PyObject* value, bool& stored,
             table::Stamped* present, const std::optional<std::uint64_t>& ttl = {},
             const Expect& expect = Expect::absent()) REQUIRES(attached) {
  const auto put = [&](const auto& make) REQUIRES(attached) {
    const auto done = store(self, make, [&](Table& table, const Handle& handle, table::NewBlob blob) {
      if (ttl) blob.live_for(*ttl);
      return table.put_if(handle, key, std::move(blob), expect, present, &value::kNumbers);
    });
    if (!done) return false;
    stored = **done;
    return true;
  };
  return with_blobs(self, value, put, {{}, &stored});
}

bool is_mapping(PyObject* object) REQUIRES(attached) {
  return PyType_HasFeature(Py_TYPE(object), Py_TPFLAGS_MAPPING) != 0;
}

// What stands on a side of `==` or `|` as a plain dict. Null with an exception set.
Ref plain_dict(PyObject* object, PyTypeObject* type) REQUIRES(attached) {
  if (Py_IS_TYPE(object, type)) return dict_to_dict(object);
  if (PyDict_Check(object)) return Ref::borrow(object);
  return Ref::steal(PyObject_CallOneArg(reinterpret_cast<PyObject*>(&PyDict_Type), object));
}

}  // namespace

PyObject* dict_pop(PyObject* self, PyObject* key, PyObject* fallback) {
  const auto view = key_view(key);
  if (!view) return nullptr;
  if (is_at_once() && !surely_small(self, *view)) return refuse();
  for (;;) {
    auto taken = on_table(
        self, [&](Table& table, const Handle& handle) { return table.take(handle, *view, loads_surely()); });
    if (!taken) return nullptr;
    const LettingGo guard((*taken)->value.blob);
    if (!(*taken)->value.blob) return fallback != nullptr ? Py_NewRef(fallback) : missing_key(key);
    Ref value = taken_value(self, *view, **taken);
    if (value || PyErr_Occurred() != nullptr) return value.release();
  }
}

PyObject* dict_popitem(PyObject* self) {
  for (;;) {
    table::Key key;
    auto taken = on_table(self, [&](Table& table, const Handle& handle) {
      return table.take_last(handle, key, loads_surely());
    });
    if (!taken) return nullptr;
    const LettingGo guard((*taken)->value.blob);
    if (!(*taken)->value.blob) {
      PyErr_SetString(PyExc_KeyError, "popitem(): SharedDict is empty");
      return nullptr;
    }
    const Ref name = key_object(key);
    if (!name) return nullptr;
    const Ref value = taken_value(self, table::view_of(key), **taken);
    if (value) return PyTuple_Pack(2, name.get(), value.get());
    if (PyErr_Occurred() != nullptr) return nullptr;
  }
}

int dict_put_new(PyObject* self, PyObject* key, PyObject* value, const std::optional<std::uint64_t>& ttl) {
  const auto view = key_view(key);
  bool stored = false;
  if (!view || !put_new(self, *view, value, stored, nullptr, ttl)) return -1;
  return stored ? 1 : 0;
}

int dict_put_if(PyObject* self, PyObject* key, PyObject* value, table::Stamp version,
                const std::optional<std::uint64_t>& ttl) {
  const auto view = key_view(key);
  bool stored = false;
  if (!view || !put_new(self, *view, value, stored, nullptr, ttl, Expect::stamped(version))) return -1;
  return stored ? 1 : 0;
}

int dict_delete_if(PyObject* self, PyObject* key, table::Stamp version) {
  const auto view = key_view(key);
  if (!view) return -1;
  const auto erased = on_table(self, [&](Table& table, const Handle& handle) {
    return table.erase_if(handle, *view, Expect::stamped(version));
  });
  if (!erased) return -1;
  return **erased ? 1 : 0;
}

bool dict_sweep(PyObject* self) {
  return on_table(self,
                  [](Table& table, const Handle&) -> Result<bool> {
                    table.sweep();
                    return true;
                  })
      .has_value();
}

PyObject* dict_setdefault(PyObject* self, PyObject* key, PyObject* value) {
  const auto view = key_view(key);
  if (!view) return nullptr;
  // A value that is there costs no pickling.
  PyObject* const missing = reinterpret_cast<PyObject*>(Py_TYPE(self));
  const Ref found = Ref::steal(dict_get(self, key, missing));
  if (!found || found.get() != missing) return found ? Py_NewRef(found.get()) : nullptr;
  bool stored = false;
  table::Stamped present;
  if (!put_new(self, *view, value, stored, &present)) return nullptr;
  if (stored) return Py_NewRef(value);
  const LettingGo guard(present.blob);
  return load_blob(self, present.blob).release();
}

bool dict_clear(PyObject* self) {
  constexpr std::uint64_t kPiece = 4096;
  const auto cleared = on_table(self, [](Table& table, const Handle& handle) {
    Result<std::uint64_t> keys = table.clear(handle);
    // Where there is no Erlang node nobody else gives the memory back.
    for (std::uint64_t done = 0; keys && done <= *keys && table.reclaim(kPiece); done += kPiece) {
    }
    return keys;
  });
  return cleared.has_value();
}

PyObject* dict_compare(PyObject* self, PyObject* other, int operation) {
  if ((operation != Py_EQ && operation != Py_NE) || !is_mapping(other)) Py_RETURN_NOTIMPLEMENTED;
  PyTypeObject* const type = Py_TYPE(self);
  if (Py_IS_TYPE(other, type) && shared_dict(self).handle == shared_dict(other).handle)
    return PyBool_FromLong(operation == Py_EQ);
  const Ref ours = plain_dict(self, type);
  const Ref theirs = ours ? plain_dict(other, type) : Ref();
  return theirs ? PyObject_RichCompare(ours.get(), theirs.get(), operation) : nullptr;
}

PyObject* dict_or(PyObject* left, PyObject* right) {
  if (!is_mapping(left) || !is_mapping(right)) Py_RETURN_NOTIMPLEMENTED;
  // One of them is of our type, the only one that has this function.
  const PyNumberMethods* const numbers = Py_TYPE(left)->tp_as_number;
  PyTypeObject* const ours = numbers != nullptr && numbers->nb_or == dict_or ? Py_TYPE(left) : Py_TYPE(right);
  const Ref first = plain_dict(left, ours);
  const Ref second = first ? plain_dict(right, ours) : Ref();
  Ref all = second ? Ref::steal(PyDict_Copy(first.get())) : Ref();
  return all && PyDict_Update(all.get(), second.get()) == 0 ? all.release() : nullptr;
}

}  // namespace pyport::python
