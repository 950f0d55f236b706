#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "python/at_once.h"
#include "python/context.h"
#include "python/dict_key.h"
#include "python/dict_name.h"
#include "python/handle_term.h"
#include "python/letting_go.h"
#include "python/pickle.h"
#include "python/raise.h"
#include "python/scalar_reader.h"
#include "python/shared_dict_large.h"
#include "python/shared_dict_many.h"
#include "python/shared_dict_object.h"
#include "python/shared_dict_store.h"
#include "python/table_use.h"
#include "value/numbers.h"
#include "value/stored.h"

namespace pyport::python {
namespace {

using table::Handle;
using table::Table;

Ref load_pickle(PyObject* self, ByteSpan pickle) REQUIRES(attached) {
  if (auto scalar = load_scalar(pickle)) return std::move(*scalar);
  return load_bytes(state_of(self), pickle, shared_dict(self).use);
}

}  // namespace

Ref load_stored(PyObject* self, std::uint32_t tag, ByteSpan bytes, BufferUse use) {
  if (tag == table::kChildTag) return load_child(self, bytes);
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

Ref load_blob(PyObject* self, table::Blob& blob) {
  if (blob.tag() == value::kBuffers) return load_in_place(self, blob);
  return load_stored(self, blob.tag(), blob.bytes(), BufferUse::own);
}

namespace {

bool set_count(PyObject* counts, const char* name, std::uint64_t count) REQUIRES(attached) {
  const Ref number = Ref::steal(PyLong_FromUnsignedLongLong(count));
  return number && PyDict_SetItemString(counts, name, number.get()) == 0;
}

bool set_text(PyObject* told, const char* name, std::string_view text) REQUIRES(attached) {
  const Ref value =
      Ref::steal(PyUnicode_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size())));
  return value && PyDict_SetItemString(told, name, value.get()) == 0;
}

// Nothing is said of 0.
bool set_seconds(PyObject* told, const char* name, std::uint64_t nanoseconds) REQUIRES(attached) {
  if (nanoseconds == 0) return true;
  const Ref seconds = Ref::steal(PyFloat_FromDouble(static_cast<double>(nanoseconds) / 1e9));
  return seconds && PyDict_SetItemString(told, name, seconds.get()) == 0;
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
  if (is_at_once() && (!seen || (blob && !is_plain(blob.tag())))) return refuse();
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

int dict_set(PyObject* self, PyObject* key, PyObject* value, const std::optional<std::uint64_t>& ttl) {
  const auto view = key_view(key);
  if (!view) return -1;
  const auto put = [&](const auto& make) REQUIRES(attached) {
    return store(self, make,
                 [&](Table& table, const Handle& handle, table::NewBlob blob) {
                   if (ttl) blob.live_for(*ttl);
                   return table.put(handle, *view, std::move(blob), &value::kNumbers);
                 })
        .has_value();
  };
  const bool stored = with_blobs(self, value, put, {{&*view, {}}, nullptr});
  return stored ? 0 : -1;
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
  const Table* const table = table_of(shared_dict(self).use);
  if (table == nullptr) return -1;
  if (const auto seen = table->size_at_once(shared_dict(self).handle)) return static_cast<Py_ssize_t>(*seen);
  const auto size = on_table(self, [](Table& it, const Handle& handle) { return it.size(handle); });
  return size ? static_cast<Py_ssize_t>(**size) : -1;
}

Ref dict_keys(PyObject* self, table::Stamp* stamp) {
  const auto keys =
      on_table(self, [&](Table& table, const Handle& handle) { return table.keys(handle, stamp); });
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
  const table::DictStats& found = **stats;
  Ref told = Ref::steal(PyDict_New());
  const bool made =
      told && set_count(told.get(), "keys", found.keys) && set_count(told.get(), "bytes", found.bytes) &&
      set_count(told.get(), "pinned", found.pinned) && set_seconds(told.get(), "created", found.created) &&
      set_text(told.get(), "owner", name_of(found.owner)) &&
      set_seconds(told.get(), "last_use", found.last_use) &&
      set_seconds(told.get(), found.idle ? "idle" : "ttl", found.ttl) &&
      (found.max_value_bytes == 0 || set_count(told.get(), "max_value_bytes", found.max_value_bytes)) &&
      (found.name.empty() || set_text(told.get(), "name", found.name));
  return made ? told.release() : nullptr;
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

}  // namespace pyport::python
