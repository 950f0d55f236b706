#include <optional>
#include <string>

#include "python/context.h"
#include "python/dict_key.h"
#include "python/handle_term.h"
#include "python/pickle.h"
#include "python/raise.h"
#include "python/scalar_pickle.h"
#include "python/scalar_reader.h"
#include "python/shared_dict_object.h"
#include "python/type_name.h"
#include "value/stored.h"

namespace pyport::python {
namespace {

std::string node_of(PyObject* self) REQUIRES(attached) {
  const Result<HandleTerm> parsed = parse_handle(bytes_view(shared_dict(self).etf));
  return parsed.ok() ? parsed->node : std::string();
}

// Stores with the GIL let go: the pickle is ours, and so is the key as long as the caller holds it.
Status store(const table::Handle& handle, const table::KeyView& key, ByteSpan pickle, const std::string& type)
    REQUIRES(attached) {
  const Detached scope;
  Result<table::Blob> blob = value::store(*context().table, pickle, type);
  if (!blob) return blob.error();
  return context().table->put(handle, key, std::move(*blob));
}

Status store(const table::Handle& handle, const table::KeyView& key, const ScalarPickle& pickle)
    REQUIRES(attached) {
  const Detached scope;
  Result<table::BlobWriter> writer = context().table->allocate(pickle.size());
  if (!writer) return writer.error();
  pickle.write(writer->bytes());
  return context().table->put(handle, key, std::move(*writer).finish(value::kPlain));
}

// Pickles first: that may run code which uses the same dict. Nothing when it failed, an exception is set.
std::optional<Status> store_object(PyObject* self, const table::KeyView& key, PyObject* value)
    REQUIRES(attached) {
  const table::Handle& handle = shared_dict(self).handle;
  if (const auto scalar = ScalarPickle::of(value)) return store(handle, key, *scalar);
  const Ref pickle = dump_object(state_of(self), value);
  if (!pickle) return std::nullopt;
  return store(handle, key, bytes_view(pickle.get()), type_name(Py_TYPE(value)));
}

Ref load_value(PyObject* self, const table::Blob& blob) REQUIRES(attached) {
  const ByteSpan pickle = value::view(blob).pickle;
  if (auto scalar = load_scalar(pickle)) return std::move(*scalar);
  return load_bytes(state_of(self), pickle);
}

}  // namespace

PyObject* raise_for(PyObject* self, const Error& error) {
  const std::string node = error.code == Errc::gone ? node_of(self) : std::string();
  if (error.code != Errc::gone || node == context().node) return raise(error);
  PyErr_Format(PyExc_RuntimeError, "SharedDict belongs to node %s, not to this one (%s)", node.c_str(),
               context().node.c_str());
  return nullptr;
}

PyObject* dict_get(PyObject* self, PyObject* key, PyObject* missing) {
  const auto view = key_view(key);
  if (!view) return nullptr;
  const Result<table::Blob> found = [&]() REQUIRES(attached) {
    const Detached scope;
    return context().table->get(shared_dict(self).handle, *view);
  }();
  if (!found) return raise_for(self, found.error());
  if (*found) return load_value(self, *found).release();
  if (missing != nullptr) return Py_NewRef(missing);
  PyErr_SetObject(PyExc_KeyError, key);
  return nullptr;
}

int dict_set(PyObject* self, PyObject* key, PyObject* value) {
  const auto view = key_view(key);
  if (!view) return -1;
  const std::optional<Status> stored = store_object(self, *view, value);
  if (!stored) return -1;
  if (stored->ok()) return 0;
  raise_for(self, stored->error());
  return -1;
}

int dict_delete(PyObject* self, PyObject* key) {
  const auto view = key_view(key);
  if (!view) return -1;
  const Result<bool> erased = [&]() REQUIRES(attached) {
    const Detached scope;
    return context().table->erase(shared_dict(self).handle, *view);
  }();
  if (erased.ok() && *erased) return 0;
  if (erased.ok()) {
    PyErr_SetObject(PyExc_KeyError, key);
  } else {
    raise_for(self, erased.error());
  }
  return -1;
}

int dict_contains(PyObject* self, PyObject* key) {
  const auto view = key_view(key);
  if (!view) return -1;
  const Result<bool> contained = [&]() REQUIRES(attached) {
    const Detached scope;
    return context().table->contains(shared_dict(self).handle, *view);
  }();
  if (contained.ok()) return *contained ? 1 : 0;
  raise_for(self, contained.error());
  return -1;
}

Py_ssize_t dict_length(PyObject* self) {
  const Result<std::uint64_t> size = [&]() REQUIRES(attached) {
    const Detached scope;
    return context().table->size(shared_dict(self).handle);
  }();
  if (size.ok()) return static_cast<Py_ssize_t>(*size);
  raise_for(self, size.error());
  return -1;
}

Ref dict_keys(PyObject* self) {
  const Result<std::vector<table::Key>> keys = [&]() REQUIRES(attached) {
    const Detached scope;
    return context().table->keys(shared_dict(self).handle);
  }();
  if (!keys) return Ref::steal(raise_for(self, keys.error()));
  Ref list = Ref::steal(PyList_New(static_cast<Py_ssize_t>(keys->size())));
  if (!list) return list;
  Py_ssize_t place = 0;
  for (const table::Key& key : *keys) {
    Ref object = key_object(key);
    if (!object) return Ref();
    PyList_SET_ITEM(list.get(), place++, object.release());
  }
  return list;
}

PyObject* dict_destroy(PyObject* self) {
  const table::Handle& handle = shared_dict(self).handle;
  {
    const Detached scope;
    // Only who really ended it tells: Erlang may have been first.
    if (context().table->destroy({&handle, 1}) == 1) context().sink->destroyed(handle);
  }
  Py_RETURN_NONE;
}

PyObject* dict_repr(PyObject* self) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string text = "<SharedDict ";
  for (std::size_t i = 0; i < 4; ++i) {
    const std::uint8_t byte = shared_dict(self).handle.bits[i];
    text += {kHex[byte >> 4], kHex[byte & 15]};
  }
  text += "\u2026 of '" + node_of(self) + "'>";
  return PyUnicode_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size()));
}

}  // namespace pyport::python
