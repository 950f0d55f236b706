#include "python/pickle_parts.h"

#include <memory>
#include <new>

#include "python/pickle.h"
#include "python/table_scope.h"
#include "value/stored.h"

namespace pyport::python {

std::optional<PickleParts> PickleParts::of(const ModuleState& state, PyObject* object, const SharedUse& use) {
  PickleParts parts;
  const Ref list = Ref::steal(PyList_New(0));
  const Ref append = list ? Ref::steal(PyObject_GetAttrString(list.get(), "append")) : Ref();
  if (!append) return std::nullopt;
  {
    const TableScope scope(use);
    PyObject* const args[] = {object, state.protocol, append.get()};
    parts.pickle_ = Ref::steal(PyObject_Vectorcall(state.dumps, args, 2, state.buffer_callback));
  }
  if (!parts.pickle_) return std::nullopt;
  parts.bytes_ = bytes_view(parts.pickle_.get());
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list.get()); ++i)
    if (!parts.add(PyList_GET_ITEM(list.get(), i))) return std::nullopt;
  return parts;
}

// As one run of bytes, in the order in which they lie there: so a Fortran array is its transpose's.
bool PickleParts::add(PyObject* buffer) {
  const Ref raw = Ref::steal(PyObject_CallMethod(buffer, "raw", nullptr));
  auto exported = raw ? std::make_unique<Py_buffer>() : nullptr;
  if (!raw || PyObject_GetBuffer(raw.get(), exported.get(), PyBUF_SIMPLE) != 0) return false;
  const auto* const bytes = static_cast<const std::uint8_t*>(exported->buf);
  buffers_.push_back({{bytes, static_cast<std::size_t>(exported->len)}, exported->readonly != 0});
  exported_.push_back(std::move(exported));
  return true;
}

PickleParts::~PickleParts() {
  for (const auto& buffer : exported_) PyBuffer_Release(buffer.get());
}

Result<table::NewBlob> PickleParts::store(table::Table& table, std::string_view type) const {
  if (buffers_.empty()) return value::store(table, bytes_, type);
  return value::store_with_buffers(table, bytes_, type, buffers_);
}

Ref load_parts(const ModuleState& state, ByteSpan pickle, PyObject* buffers, const SharedUse& use) {
  const TableScope scope(use);
  const Ref bytes =
      Ref::steal(PyBytes_FromStringAndSize(as_text(pickle).data(), static_cast<Py_ssize_t>(pickle.size())));
  if (!bytes) return Ref();
  PyObject* const args[] = {bytes.get(), buffers};
  return Ref::steal(PyObject_Vectorcall(state.loads, args, 1, state.buffers_keyword));
}

}  // namespace pyport::python
