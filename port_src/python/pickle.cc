#include "python/pickle.h"

#include "python/context.h"
#include "python/plain_reader.h"
#include "python/plain_writer.h"
#include "python/table_scope.h"

namespace pyport::python {
namespace {

// Up to here a pickle is copied into a bytes object, which is as cheap as a view and needs no care.
constexpr std::size_t kCopyLimit = 4096;

// Ends the view even if somebody got hold of it (gc.get_objects() shows it): its memory is ours.
void end_view(PyObject* view) REQUIRES(attached) {
  PyObject* const raised = PyErr_GetRaisedException();
  const Ref ended = Ref::steal(PyObject_CallMethod(view, "release", nullptr));
  if (!ended) PyErr_Clear();
  PyErr_SetRaisedException(raised);
}

}  // namespace

Ref dump_object(const ModuleState& state, PyObject* object, const SharedUse& use) {
  if (const auto plain = dump_plain(object))
    return Ref::steal(
        PyBytes_FromStringAndSize(as_text(*plain).data(), static_cast<Py_ssize_t>(plain->size())));
  const TableScope scope(use);
  PyObject* const args[] = {object, state.protocol};
  return Ref::steal(PyObject_Vectorcall(state.dumps, args, 2, nullptr));
}

Ref dump_object(const ModuleState& state, PyObject* object) {
  return dump_object(state, object, context().use);
}

PyObject* load_object(const ModuleState& state, PyObject* pickle) {
  PyObject* const args[] = {pickle};
  return PyObject_Vectorcall(state.loads, args, 1, nullptr);
}

Ref load_bytes(const ModuleState& state, ByteSpan pickle) {
  if (auto plain = load_plain(pickle, state.names)) return std::move(*plain);
  auto* const data = reinterpret_cast<const char*>(pickle.data());
  const auto size = static_cast<Py_ssize_t>(pickle.size());
  if (pickle.size() <= kCopyLimit) {
    const Ref copy = Ref::steal(PyBytes_FromStringAndSize(data, size));
    return copy ? Ref::steal(load_object(state, copy.get())) : Ref();
  }
  const Ref view = Ref::steal(PyMemoryView_FromMemory(const_cast<char*>(data), size, PyBUF_READ));
  if (!view) return Ref();
  Ref object = Ref::steal(load_object(state, view.get()));
  end_view(view.get());
  return object;
}

Ref load_bytes(const ModuleState& state, ByteSpan pickle, const SharedUse& use) {
  const TableScope scope(use);
  return load_bytes(state, pickle);
}

ByteSpan bytes_view(PyObject* bytes) {
  return {reinterpret_cast<const std::uint8_t*>(PyBytes_AS_STRING(bytes)),
          static_cast<std::size_t>(PyBytes_GET_SIZE(bytes))};
}

}  // namespace pyport::python
