#include "python/prepared_value.h"

#include <new>
#include <utility>

#include "python/shared_dict_many.h"
#include "python/shared_dict_object.h"
#include "python/shared_dict_store.h"

namespace pyport::python {
namespace {

using table::Handle;
using table::NewBlob;
using table::Table;

struct PreparedValue {
  PyObject_HEAD SharedUse use;  // as the blob lives, so does the mapping
  NewBlob blob;                 // empty when it was taken out
  unsigned forks;               // at which it was made: it is not a child's
};

PreparedValue& prepared_value(PyObject* self) { return *reinterpret_cast<PreparedValue*>(self); }

// To let go of one takes a lock of the table. What a parent has is not the child's to let go of.
void let_go(NewBlob blob, unsigned forks) REQUIRES(attached) {
  if (!blob.holds_block()) return;
  if (forks != Attachment::forks()) {
    (void)new NewBlob(std::move(blob));
    return;
  }
  const Detached scope;
  const NewBlob gone(std::move(blob));
}

void dealloc(PyObject* self) REQUIRES(attached) {
  PyTypeObject* const type = Py_TYPE(self);
  PreparedValue& value = prepared_value(self);
  let_go(std::move(value.blob), value.forks);
  value.blob.~NewBlob();
  value.use.~SharedUse();
  type->tp_free(self);
  Py_DECREF(type);
}

PyType_Slot kSlots[] = {{Py_tp_doc, const_cast<char*>("A value on its way into a SharedDict.")},
                        {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                        {0, nullptr}};

PyType_Spec kSpec = {"_erlang.PreparedValue", sizeof(PreparedValue), 0,
                     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                     kSlots};

// One that can be used: null with an exception set.
PreparedValue* usable(const ModuleState& state, PyObject* object) REQUIRES(attached) {
  if (!Py_IS_TYPE(object, state.prepared_value_type)) {
    PyErr_Format(PyExc_TypeError, "a value of a transaction is needed, not %T", object);
    return nullptr;
  }
  PreparedValue& value = prepared_value(object);
  if (value.blob && value.forks == Attachment::forks()) return &value;
  PyErr_SetString(PyExc_RuntimeError,
                  value.blob ? "a transaction cannot be carried over fork()" : "the transaction is over");
  return nullptr;
}

PyObject* made(PyObject* dict, NewBlob blob) REQUIRES(attached) {
  PyTypeObject* const type = state_of(dict).prepared_value_type;
  PyObject* const self = type->tp_alloc(type, 0);
  if (self == nullptr) {
    let_go(std::move(blob), Attachment::forks());
    return nullptr;
  }
  new (&prepared_value(self).use) SharedUse(shared_dict(dict).use);
  new (&prepared_value(self).blob) NewBlob(std::move(blob));
  prepared_value(self).forks = Attachment::forks();
  return self;
}

}  // namespace

bool add_prepared_value(PyObject* module, ModuleState& state) {
  state.prepared_value_type =
      reinterpret_cast<PyTypeObject*>(PyType_FromModuleAndSpec(module, &kSpec, nullptr));
  return state.prepared_value_type != nullptr;
}

PyObject* prepare_value(PyObject* dict, PyObject* value) {
  PyObject* prepared = nullptr;
  (void)with_blobs(dict, value,
                   [&](const auto& make) REQUIRES(attached) {
                     auto blob = on_table(dict, [&](Table& table, const Handle&) {
                       return with_room(table, [&]() -> Result<NewBlob> { return make(table); });
                     });
                     if (blob) prepared = made(dict, **std::move(blob));
                     return prepared != nullptr;
                   },
                   {.by_reference = true});  // whether it is stored will be known later
  return prepared;
}

PyObject* load_prepared(PyObject* dict, PyObject* prepared) {
  const PreparedValue* const value = usable(state_of(dict), prepared);
  if (value == nullptr) return nullptr;
  // A copy: while it is loaded the transaction may be committed.
  const ByteSpan bytes = value->blob.bytes();
  const Bytes own(bytes.begin(), bytes.end());
  return load_stored(dict, value->blob.tag(), own, BufferUse::own).release();
}

std::optional<NewBlob> take_prepared(const ModuleState& state, PyObject* prepared) {
  PreparedValue* const value = usable(state, prepared);
  if (value == nullptr) return std::nullopt;
  return std::move(value->blob);
}

}  // namespace pyport::python
