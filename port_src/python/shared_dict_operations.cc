#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "python/context.h"
#include "python/dict_key.h"
#include "python/dict_name.h"
#include "python/handle_term.h"
#include "python/letting_go.h"
#include "python/pickle.h"
#include "python/pickle_parts.h"
#include "python/pickle_place.h"
#include "python/plain_writer.h"
#include "python/raise.h"
#include "python/scalar_pickle.h"
#include "python/scalar_reader.h"
#include "python/shared_dict_large.h"
#include "python/shared_dict_many.h"
#include "python/shared_dict_object.h"
#include "python/table_use.h"
#include "python/type_name.h"
#include "value/stored.h"

namespace pyport::python {
namespace {

using table::Handle;
using table::Table;

template <class Operation>
using ResultOf = std::invoke_result_t<Operation, Table&, const Handle&>;

// One table operation with the GIL let go. Nothing, with an exception set, when the table is not to be had or
// the operation fails.
template <class Operation>
std::optional<ResultOf<Operation>> on_table(PyObject* self, const Operation& operation) REQUIRES(attached) {
  const SharedDictObject& dict = shared_dict(self);
  Table* const table = table_of(dict.use);
  if (table == nullptr) return std::nullopt;
  auto result = [&]() REQUIRES(attached) {
    const Detached scope;
    return operation(*table, dict.handle);
  }();
  if (result.ok()) return {std::move(result)};
  raise_for(self, result.error());
  return std::nullopt;
}

// Puts the blob that `make(Table&) -> Result<NewBlob>` makes. What it makes it of is ours, and so is the key
// as long as the caller holds it.
template <class Make>
int store(PyObject* self, const table::KeyView& key, const Make& make) REQUIRES(attached) {
  const auto stored = on_table(self, [&](Table& table, const Handle& handle) {
    return with_room(table, [&]() -> Status {
      Result<table::NewBlob> blob = make(table);
      if (!blob) return blob.error();
      return table.put(handle, key, std::move(*blob));
    });
  });
  return stored ? 0 : -1;
}

Result<table::NewBlob> blob_of(Table& table, const ScalarPickle& pickle) {
  Result<table::BlobWriter> writer = table.allocate(pickle.size());
  if (!writer) return writer.error();
  pickle.write(writer->bytes());
  return std::move(*writer).finish(value::kPlain);
}

Ref load_pickle(PyObject* self, ByteSpan pickle) REQUIRES(attached) {
  if (auto scalar = load_scalar(pickle)) return std::move(*scalar);
  return load_bytes(state_of(self), pickle, shared_dict(self).use);
}

}  // namespace

Ref load_stored(PyObject* self, std::uint32_t tag, ByteSpan bytes, BufferUse use) {
  const value::StoredView stored = value::view(tag, bytes);
  if (!stored.parts.empty()) return load_copied(self, stored, use);
  if (!stored.plain || !ValueCache::may_have(stored.pickle)) return load_pickle(self, stored.pickle);
  ValueCache& known = state_of(self).values;
  const std::uint64_t hash = ValueCache::hash_of(stored.pickle);
  if (PyObject* const value = known.find(stored.pickle, hash)) return Ref::steal(value);
  Ref value = load_pickle(self, stored.pickle);
  if (value) known.met(stored.pickle, hash, value.get());
  return value;
}

namespace {

bool set_count(PyObject* counts, const char* name, std::uint64_t count) REQUIRES(attached) {
  const Ref number = Ref::steal(PyLong_FromUnsignedLongLong(count));
  return number && PyDict_SetItemString(counts, name, number.get()) == 0;
}

}  // namespace

std::string node_of(PyObject* self) {
  PyObject* const etf = shared_dict(self).etf;
  if (etf == nullptr) return {};
  const Result<HandleTerm> parsed = parse_handle(bytes_view(etf));
  return parsed.ok() ? parsed->node : std::string();
}

PyObject* raise_for(PyObject* self, const Error& error) {
  const SharedUse& port = context().use;
  const bool asked =
      error.code == Errc::gone && port && port->attachment == shared_dict(self).use->attachment;
  const std::string node = asked ? node_of(self) : std::string();
  if (node.empty() || node == context().node) return raise(error);
  PyErr_Format(PyExc_RuntimeError, "SharedDict belongs to node %s, not to this one (%s)", node.c_str(),
               context().node.c_str());
  return nullptr;
}

// Written out, as it is what is done most often: the value is moved nowhere.
PyObject* dict_get(PyObject* self, PyObject* key, PyObject* missing, bool own) {
  const Handle& handle = shared_dict(self).handle;
  const Table* const table = table_of(shared_dict(self).use);
  if (table == nullptr) return nullptr;
  KnownValues& known = state_of(self).known;
  const KnownValues::Place* const place = known.find(handle, key);
  if (place != nullptr && table->is_still_so(handle, place->seen)) return Py_NewRef(place->value);
  const auto view = key_view(key);
  if (!view) return nullptr;
  table::Blob blob;
  const auto seen = table->get_at_once(handle, *view, blob);
  if (!seen) {
    Result<table::Blob> found = [&]() REQUIRES(attached) {
      const Detached scope;
      return table->get(handle, *view);
    }();
    if (!found) return raise_for(self, found.error());
    blob = *std::move(found);
  }
  const LettingGo guard(blob);
  if (blob) {
    if (blob.tag() == value::kBuffers && !own) return load_in_place(self, blob).release();
    Ref value = load_stored(self, blob.tag(), blob.bytes(), BufferUse::own);
    if (seen && value && blob.tag() == value::kPlain) known.met(handle, key, *seen, value.get());
    return value.release();
  }
  if (missing != nullptr) return Py_NewRef(missing);
  PyErr_SetObject(PyExc_KeyError, key);
  return nullptr;
}

// Pickles first: that may run code which uses the same dict.
int dict_set(PyObject* self, PyObject* key, PyObject* value) {
  const auto view = key_view(key);
  if (!view) return -1;
  if (const auto scalar = ScalarPickle::of(value))
    return store(self, *view, [&](Table& table) { return blob_of(table, *scalar); });
  if (const auto plain = dump_plain(value))
    return store(self, *view, [&](Table& table) { return value::store_plain(table, *plain); });
  const auto parts = PickleParts::of(state_of(self), value, shared_dict(self).use);
  if (!parts) {
    tell_place(state_of(self), value);
    return -1;
  }
  const std::string type = type_name(Py_TYPE(value));
  return store(self, *view, [&](Table& table) { return parts->store(table, type); });
}

int dict_delete(PyObject* self, PyObject* key) {
  const auto view = key_view(key);
  if (!view) return -1;
  const auto erased =
      on_table(self, [&](Table& table, const Handle& handle) { return table.erase(handle, *view); });
  if (!erased) return -1;
  if (**erased) return 0;
  PyErr_SetObject(PyExc_KeyError, key);
  return -1;
}

int dict_contains(PyObject* self, PyObject* key) {
  const auto view = key_view(key);
  if (!view) return -1;
  const Table* const table = table_of(shared_dict(self).use);
  if (table == nullptr) return -1;
  if (const auto contained = table->contains_at_once(shared_dict(self).handle, *view))
    return *contained ? 1 : 0;
  const auto contained =
      on_table(self, [&](Table& it, const Handle& handle) { return it.contains(handle, *view); });
  if (!contained) return -1;
  return **contained ? 1 : 0;
}

Py_ssize_t dict_length(PyObject* self) {
  const auto size = on_table(self, [](Table& table, const Handle& handle) { return table.size(handle); });
  return size ? static_cast<Py_ssize_t>(**size) : -1;
}

Ref dict_keys(PyObject* self) {
  const auto keys = on_table(self, [](Table& table, const Handle& handle) { return table.keys(handle); });
  if (!keys) return Ref();
  Ref list = Ref::steal(PyList_New(static_cast<Py_ssize_t>((*keys)->size())));
  if (!list) return list;
  Py_ssize_t place = 0;
  for (const table::Key& key : **keys) {
    Ref object = key_object(key);
    if (!object) return Ref();
    PyList_SET_ITEM(list.get(), place++, object.release());
  }
  return list;
}

PyObject* dict_info(PyObject* self) {
  const auto stats = on_table(self, [](Table& table, const Handle& handle) { return table.stats(handle); });
  if (!stats) return nullptr;
  Ref counts = Ref::steal(PyDict_New());
  const bool made = counts && set_count(counts.get(), "keys", (*stats)->keys) &&
                    set_count(counts.get(), "bytes", (*stats)->bytes) &&
                    set_count(counts.get(), "pinned", (*stats)->pinned);
  return made ? counts.release() : nullptr;
}

PyObject* dict_destroy(PyObject* self) {
  const auto destroyed = on_table(self, [](Table& table, const Handle& handle) -> Result<bool> {
    const bool ours = table.destroy({&handle, 1}) == 1;
    Sink* const sink = context().sink;
    if (sink == nullptr) {
      tidy(table);
    } else if (ours && &table == context().table) {
      sink->destroyed(handle);  // only who really ended it tells: Erlang may have been first
    }
    return ours;
  });
  if (!destroyed) return nullptr;
  Py_RETURN_NONE;
}

PyObject* dict_repr(PyObject* self) {
  std::string from = node_of(self);
  if (from.empty()) from = shared_dict(self).use->attachment->path();
  const std::string digits = hex_of(shared_dict(self).handle).substr(0, 8);
  const std::string text = "<SharedDict " + digits + "\u2026 of '" + from + "'>";
  return PyUnicode_DecodeFSDefaultAndSize(text.data(), static_cast<Py_ssize_t>(text.size()));
}

}  // namespace pyport::python
