#include "python/stored_buffer.h"

#include <new>

namespace pyport::python {
namespace {

struct StoredBuffer {
  PyObject_HEAD SharedHeldValue held;
  ByteSpan bytes;
};

StoredBuffer& stored_buffer(PyObject* self) { return *reinterpret_cast<StoredBuffer*>(self); }

void dealloc(PyObject* self) REQUIRES(attached) {
  PyTypeObject* const type = Py_TYPE(self);
  stored_buffer(self).held.~SharedHeldValue();
  type->tp_free(self);
  Py_DECREF(type);
}

int get_buffer(PyObject* self, Py_buffer* buffer, int flags) REQUIRES(attached) {
  const ByteSpan bytes = stored_buffer(self).bytes;
  constexpr int kReadOnly = 1;
  return PyBuffer_FillInfo(buffer, self, const_cast<std::uint8_t*>(bytes.data()),
                           static_cast<Py_ssize_t>(bytes.size()), kReadOnly, flags);
}

PyType_Slot kSlots[] = {{Py_tp_doc, const_cast<char*>("Bytes of a value where they lie in a table.")},
                        {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                        {Py_bf_getbuffer, reinterpret_cast<void*>(get_buffer)},
                        {0, nullptr}};

PyType_Spec kSpec = {"_erlang.StoredBuffer", sizeof(StoredBuffer), 0,
                     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                     kSlots};

}  // namespace

bool add_stored_buffer(PyObject* module, ModuleState& state) {
  state.stored_buffer_type =
      reinterpret_cast<PyTypeObject*>(PyType_FromModuleAndSpec(module, &kSpec, nullptr));
  return state.stored_buffer_type != nullptr;
}

Ref view_of(const ModuleState& state, SharedHeldValue held, ByteSpan bytes) {
  const Ref buffer = Ref::steal(state.stored_buffer_type->tp_alloc(state.stored_buffer_type, 0));
  if (!buffer) return Ref();
  new (&stored_buffer(buffer.get()).held) SharedHeldValue(std::move(held));
  stored_buffer(buffer.get()).bytes = bytes;
  return Ref::steal(PyMemoryView_FromObject(buffer.get()));
}

}  // namespace pyport::python
