#include "python/shared_dict_large.h"

#include <memory>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "python/dict_key.h"
#include "python/pickle_parts.h"
#include "python/raise.h"
#include "python/shared_dict_object.h"
#include "python/stored_buffer.h"
#include "python/table_use.h"

namespace pyport::python {
namespace {

using value::Buffer;

// The object that a pickle gets for each buffer that it asks for: make(buffer) -> Ref.
template <class Make>
Ref load_with(PyObject* self, const value::StoredView& stored, const Make& make) REQUIRES(attached) {
  const Result<std::vector<Buffer>> buffers = value::buffers_of(stored);
  if (!buffers) {
    raise_for(self, buffers.error());
    return Ref();
  }
  const Ref list = Ref::steal(PyList_New(0));
  if (!list) return Ref();
  for (const Buffer& buffer : *buffers) {
    const Ref object = make(buffer);
    if (!object || PyList_Append(list.get(), object.get()) != 0) return Ref();
  }
  return load_parts(state_of(self), stored.pickle, list.get(), shared_dict(self).use);
}

std::optional<table::Blob> find(PyObject* self, const table::KeyView& key) REQUIRES(attached) {
  const table::Table* const table = table_of(shared_dict(self).use);
  if (table == nullptr) return std::nullopt;
  Result<table::Blob> found = [&]() REQUIRES(attached) {
    const Detached scope;
    return table->get(shared_dict(self).handle, key);
  }();
  if (found) return *std::move(found);
  raise_for(self, found.error());
  return std::nullopt;
}

// What there is to see of a value: the content of bytes, a bytearray or a str, or of its only buffer.
// Nothing, with an exception set, when it has none.
std::optional<ByteSpan> content_of(PyObject* self, PyObject* key, const value::StoredView& stored)
    REQUIRES(attached) {
  if (stored.parts.empty()) {
    if (const auto content = value::content_of(stored.pickle)) return content;
    PyErr_Format(PyExc_TypeError,
                 "view() shows bytes, bytearray, str and arrays, and the value of %R is none", key);
    return std::nullopt;
  }
  const Result<std::vector<Buffer>> buffers = value::buffers_of(stored);
  if (buffers.ok() && buffers->size() == 1) return buffers->front().bytes;
  if (buffers.ok()) {
    PyErr_Format(PyExc_TypeError, "the value of %R has %zu buffers: get() gives it with all of them in place",
                 key, buffers->size());
  } else {
    raise_for(self, buffers.error());
  }
  return std::nullopt;
}

}  // namespace

Ref load_in_place(PyObject* self, table::Blob& blob) {
  try {
    const auto held = std::make_shared<const HeldValue>(std::move(blob), shared_dict(self).use);
    return load_with(self, value::view(held->blob()), [&](const Buffer& buffer) REQUIRES(attached) {
      return view_of(state_of(self), held, buffer.bytes);
    });
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
    return Ref();
  }
}

Ref load_copied(PyObject* self, const value::StoredView& stored, BufferUse use) {
  return load_with(self, stored, [&](const Buffer& buffer) REQUIRES(attached) {
    const char* const bytes = as_text(buffer.bytes).data();
    const auto size = static_cast<Py_ssize_t>(buffer.bytes.size());
    const bool constant = use == BufferUse::own_constant || buffer.read_only;
    return Ref::steal(constant ? PyBytes_FromStringAndSize(bytes, size)
                               : PyByteArray_FromStringAndSize(bytes, size));
  });
}

PyObject* dict_view(PyObject* self, PyObject* key) {
  const auto name = key_view(key);
  if (!name) return nullptr;
  try {
    std::optional<table::Blob> blob = find(self, *name);
    if (!blob) return nullptr;
    if (!*blob) {
      PyErr_SetObject(PyExc_KeyError, key);
      return nullptr;
    }
    const auto held = std::make_shared<const HeldValue>(*std::move(blob), shared_dict(self).use);
    const auto content = content_of(self, key, value::view(held->blob()));
    return content ? view_of(state_of(self), held, *content).release() : nullptr;
  } catch (const std::bad_alloc&) {
    return PyErr_NoMemory();
  }
}

}  // namespace pyport::python
