#include "python/shared_dict_list.h"

#include <new>
#include <span>
#include <utility>
#include <vector>

#include "python/at_once.h"
#include "python/breath.h"
#include "python/letting_go.h"
#include "python/nesting.h"
#include "python/prepared.h"
#include "python/shared_dict_many.h"
#include "python/shared_dict_store.h"
#include "value/numbers.h"

namespace pyport::python {
namespace {

using table::Expect;
using table::Handle;
using table::ListSlice;
using table::Table;

// What a value counts as, when all of them are gone through.
constexpr std::size_t kObjectsOfOne = 32;

// Nothing with an exception set.
std::optional<std::int64_t> index_of(PyObject* index) REQUIRES(attached) {
  const Py_ssize_t number = PyNumber_AsSsize_t(index, PyExc_IndexError);
  if (number == -1 && PyErr_Occurred() != nullptr) return std::nullopt;
  return number;
}

PyObject* out_of_range(const char* what) REQUIRES(attached) {
  PyErr_SetString(PyExc_IndexError, what);
  return nullptr;
}

bool takes_sequence(PyObject* values) REQUIRES(attached) {
  if (PyList_CheckExact(values) || PyTuple_CheckExact(values)) return true;
  PyErr_Format(PyExc_TypeError, "a plain list or tuple is needed, not %T", values);
  return false;
}

bool takes_two(Py_ssize_t count) REQUIRES(attached) {
  if (count == 2) return true;
  PyErr_Format(PyExc_TypeError, "an index and a value are needed, not %zd arguments", count);
  return false;
}

// put(Table&, const Handle&, NewBlob) -> Result<bool>: whether there was such an index. 1, 0 or -1.
template <class Put>
int store_at(PyObject* self, PyObject* value, const Place& place, const Put& put) REQUIRES(attached) {
  bool kept = false;
  const bool good = with_blobs(self, value,
                               [&](const auto& make) REQUIRES(attached) {
                                 const auto done = store(self, make, put);
                                 kept = done && **done;
                                 return done.has_value();
                               },
                               {place, &kept});
  return good ? (kept ? 1 : 0) : -1;
}

// Calls put(Table&, const Handle&, std::span<NewBlob>) with a blob for each, detached, and once more with
// others when room was short. Throws std::bad_alloc.
template <class Put>
auto store_prepared(PyObject* self, const std::vector<Prepared>& all, const Put& put) REQUIRES(attached) {
  using Stored = decltype(put(std::declval<Table&>(), std::declval<const Handle&>(),
                              std::declval<std::span<table::NewBlob>>()));
  return on_table(self, [&](Table& table, const Handle& handle) {
    return with_room(table, [&]() -> Stored {
      std::vector<table::NewBlob> blobs;
      blobs.reserve(all.size());
      for (const Prepared& one : all) {
        Result<table::NewBlob> blob = one.blob(table);
        if (!blob) return blob.error();
        blobs.push_back(*std::move(blob));
      }
      return put(table, handle, std::span<table::NewBlob>(blobs));
    });
  });
}

// REQUIRES: takes_sequence. False with an exception set.
bool prepare_values(PyObject* values, PrepareAll& all, const Place& place = {}) REQUIRES(attached) {
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(values); ++i) {
    const Ref value = Ref::borrow(PySequence_Fast_GET_ITEM(values, i));
    if (!all.add_value(value.get(), place)) return false;
  }
  return true;
}

// Nothing with an exception set.
std::optional<ListSlice> slice_of(PyObject* slice) REQUIRES(attached) {
  Py_ssize_t start = 0, stop = 0, step = 0;
  if (!PySlice_Check(slice)) {
    PyErr_Format(PyExc_TypeError, "a slice is needed, not %T", slice);
    return std::nullopt;
  }
  if (PySlice_Unpack(slice, &start, &stop, &step) != 0) return std::nullopt;
  return ListSlice{start, stop, step};
}

// REQUIRES: takes_sequence.
bool any_nests(const ModuleState& state, PyObject* values) REQUIRES(attached) {
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(values); ++i) {
    const Ref value = Ref::borrow(PySequence_Fast_GET_ITEM(values, i));
    if (dict_under(state, value.get())) return true;
  }
  return false;
}

// The children that a slice has, as they may be put there again. False with an exception set.
bool find_children(PyObject* self, const ListSlice& slice, table::ChildList& children) REQUIRES(attached) {
  auto there =
      on_table(self, [&](Table& table, const Handle& handle) { return table.get_slice(handle, slice); });
  if (!there) return false;
  const LettingGoOf<table::Snapshot> guard(**there);
  for (std::size_t i = 0; i < (*there)->size(); ++i)
    if (const auto child = table::child_in((*there)->tag(i), (*there)->bytes(i))) children.push_back(*child);
  return true;
}

}  // namespace

PyObject* list_append(PyObject* self, PyObject* values) {
  if (!takes_sequence(values)) return nullptr;
  try {
    std::vector<Prepared> all;
    PrepareAll prepare(self, all);
    if (!prepare_values(values, prepare)) return nullptr;
    const auto first =
        store_prepared(self, all, [](Table& table, const Handle& handle, std::span<table::NewBlob> blobs) {
          return table.append(handle, blobs, &value::kNumbers);
        });
    if (!first) return nullptr;
    prepare.stored();
    return PyLong_FromUnsignedLongLong(**first);
  } catch (const std::bad_alloc&) {
    return PyErr_NoMemory();
  }
}

PyObject* list_get(PyObject* self, PyObject* index) {
  const auto at = index_of(index);
  Table* const table = at ? table_of(shared_dict(self).use) : nullptr;
  if (table == nullptr) return nullptr;
  table::Blob blob;
  if (*at < 0 || !table->get_at_once(shared_dict(self).handle, *at, blob)) {
    auto found = on_table(self, [&](Table& it, const Handle& handle) { return it.get_at(handle, *at); });
    if (!found) return nullptr;
    blob = **std::move(found);
  }
  const LettingGo guard(blob);
  return blob ? load_blob(self, blob).release() : out_of_range("SharedList index out of range");
}

PyObject* list_set(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  const auto at = takes_two(count) ? index_of(args[0]) : std::nullopt;
  if (!at) return nullptr;
  const int stored =
      store_at(self, args[1], {nullptr, at}, [&](Table& table, const Handle& handle, table::NewBlob blob) {
        return table.put_at(handle, *at, std::move(blob), &value::kNumbers);
      });
  if (stored == 1) Py_RETURN_NONE;
  return stored < 0 ? nullptr : out_of_range("SharedList assignment index out of range");
}

PyObject* list_insert(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  const auto at = takes_two(count) ? index_of(args[0]) : std::nullopt;
  if (!at) return nullptr;
  const int stored =
      store_at(self, args[1], {}, [&](Table& table, const Handle& handle, table::NewBlob blob) {
        return table.insert_at(handle, *at, std::move(blob), &value::kNumbers);
      });
  if (stored < 0) return nullptr;
  Py_RETURN_NONE;
}

// As dict_pop: what may not be unpickled is unpickled first.
PyObject* list_pop(PyObject* self, PyObject* index) {
  const auto at = index_of(index);
  if (!at) return nullptr;
  const Expect surely = Expect::tagged(value::kPlain, table::kCopiedBytes).or_tagged(table::kChildTag);
  for (;;) {
    auto taken = on_table(
        self, [&](Table& table, const Handle& handle) { return table.take_at(handle, *at, surely); });
    if (!taken) return nullptr;
    table::Blob& blob = (*taken)->value.blob;
    const LettingGo guard(blob);
    if (!blob) return out_of_range("pop index out of range");
    if (is_at_once() && !(*taken)->erased) return refuse();
    const auto child = table::child_in(blob.tag(), blob.bytes());
    Ref value = load_blob(self, blob);
    if (child && (*taken)->erased) take_child(self, *child);
    if (!value || (*taken)->erased) return value.release();
    const auto erased = on_table(self, [&](Table& table, const Handle& handle) {
      return table.erase_at(handle, *at, Expect::stamped((*taken)->value.stamp));
    });
    if (!erased) return nullptr;
    if (**erased) return value.release();
  }
}

PyObject* list_delete(PyObject* self, PyObject* index) {
  const auto at = index_of(index);
  if (!at) return nullptr;
  const auto erased =
      on_table(self, [&](Table& table, const Handle& handle) { return table.erase_at(handle, *at); });
  if (!erased) return nullptr;
  if (**erased) Py_RETURN_NONE;
  return out_of_range("SharedList assignment index out of range");
}

PyObject* list_delete_equal(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  const auto at = takes_two(count) ? index_of(args[0]) : std::nullopt;
  if (!at) return nullptr;
  // No element has the stamp 0: it is only looked at.
  auto seen = on_table(
      self, [&](Table& table, const Handle& handle) { return table.take_at(handle, *at, Expect::absent()); });
  if (!seen) return nullptr;
  table::Blob& blob = (*seen)->value.blob;
  const LettingGo guard(blob);
  if (!blob) Py_RETURN_FALSE;
  const Ref value = load_blob(self, blob);
  const int equal = value ? PyObject_RichCompareBool(value.get(), args[1], Py_EQ) : -1;
  if (equal <= 0) return equal < 0 ? nullptr : Py_NewRef(Py_False);
  const auto erased = on_table(self, [&](Table& table, const Handle& handle) {
    return table.erase_at(handle, *at, Expect::stamped((*seen)->value.stamp));
  });
  return erased ? PyBool_FromLong(**erased) : nullptr;
}

PyObject* list_get_slice(PyObject* self, PyObject* slice) {
  const auto part = slice_of(slice);
  if (!part) return nullptr;
  auto found =
      on_table(self, [&](Table& table, const Handle& handle) { return table.get_slice(handle, *part); });
  if (!found) return nullptr;
  const table::Snapshot& all = **found;
  const LettingGoOf<table::Snapshot> guard(**found);
  Ref list = Ref::steal(PyList_New(0));
  Breath breath;
  for (std::size_t i = 0; list && i < all.size(); ++i) {
    const Ref value = load_stored(self, all.tag(i), all.bytes(i), BufferUse::own_constant);
    if (!value || PyList_Append(list.get(), value.get()) != 0) return nullptr;
    breath.after(kObjectsOfOne);
  }
  return list.release();
}

PyObject* list_set_slice(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  const auto part = takes_two(count) && takes_sequence(args[1]) ? slice_of(args[0]) : std::nullopt;
  if (!part) return nullptr;
  try {
    table::ChildList children;
    if (any_nests(state_of(self), args[1]) && !find_children(self, *part, children)) return nullptr;
    std::vector<Prepared> all;
    PrepareAll prepare(self, all);
    if (!prepare_values(args[1], prepare, {nullptr, {}, &children})) return nullptr;
    const auto put =
        store_prepared(self, all, [&](Table& table, const Handle& handle, std::span<table::NewBlob> blobs) {
          return table.put_slice(handle, *part, blobs, &value::kNumbers);
        });
    if (!put) return nullptr;
    if (!(*put)->fits) {
      PyErr_Format(PyExc_ValueError, "attempt to assign sequence of size %zd to extended slice of size %zd",
                   static_cast<Py_ssize_t>(all.size()), static_cast<Py_ssize_t>((*put)->count));
      return nullptr;
    }
    prepare.stored();
    Py_RETURN_NONE;
  } catch (const std::bad_alloc&) {
    return PyErr_NoMemory();
  }
}

PyObject* list_delete_slice(PyObject* self, PyObject* slice) {
  const auto part = slice_of(slice);
  if (!part) return nullptr;
  const auto erased =
      on_table(self, [&](Table& table, const Handle& handle) { return table.erase_slice(handle, *part); });
  if (!erased) return nullptr;
  Py_RETURN_NONE;
}

PyObject* list_reverse(PyObject* self, PyObject*) {
  const auto done = on_table(self, [](Table& table, const Handle& handle) { return table.reverse(handle); });
  if (!done) return nullptr;
  Py_RETURN_NONE;
}

}  // namespace pyport::python
