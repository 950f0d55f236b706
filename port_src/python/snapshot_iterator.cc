#include "python/snapshot_iterator.h"

#include <memory>
#include <new>
#include <utility>

#include "python/dict_key.h"
#include "python/letting_go.h"
#include "python/ref.h"
#include "python/shared_dict_many.h"
#include "python/shared_dict_store.h"
#include "table/snapshot.h"

namespace pyport::python {
namespace {

struct HeldSnapshot {
  explicit HeldSnapshot(table::Snapshot given) : all(std::move(given)) {}
  table::Snapshot all;
  const LettingGoOf<table::Snapshot> guard{all};  // after the snapshot, so that it goes first
};

struct SnapshotIterator {
  PyObject_HEAD PyObject* dict;
  std::unique_ptr<HeldSnapshot> held;  // null at the end
  std::size_t next;
  SnapshotKind kind;
};

SnapshotIterator& iterator(PyObject* self) { return *reinterpret_cast<SnapshotIterator*>(self); }

using Held = std::unique_ptr<HeldSnapshot>;

void dealloc(PyObject* self) REQUIRES(attached) {
  PyTypeObject* const type = Py_TYPE(self);
  iterator(self).held.~Held();
  Py_CLEAR(iterator(self).dict);
  type->tp_free(self);
  Py_DECREF(type);
}

// Loading a value may run any code, which may ask this iterator as well: `all` lives as long as `self`, and
// its place is passed before.
Ref one(PyObject* self, const table::Snapshot& all, std::size_t i) REQUIRES(attached) {
  SnapshotIterator& it = iterator(self);
  Ref value = load_stored(it.dict, all.tag(i), all.bytes(i), BufferUse::own_constant);
  if (!value || it.kind == SnapshotKind::values) return value;
  const Ref key = key_object(all.keys()[i]);
  return key ? Ref::steal(PyTuple_Pack(2, key.get(), value.get())) : Ref();
}

PyObject* next(PyObject* self) REQUIRES(attached) {
  SnapshotIterator& it = iterator(self);
  if (it.held == nullptr) return nullptr;
  const table::Snapshot& all = it.held->all;
  if (it.next < all.size()) return one(self, all, it.next++).release();
  it.held.reset();
  return nullptr;
}

PyObject* length_hint(PyObject* self, PyObject*) REQUIRES(attached) {
  const SnapshotIterator& it = iterator(self);
  return PyLong_FromSize_t(it.held == nullptr ? 0 : it.held->all.size() - it.next);
}

std::size_t next_bytes(const SnapshotIterator& it) {
  if (it.held == nullptr || it.next == it.held->all.size()) return 0;
  return it.held->all.bytes(it.next).size();
}

// For those who fetch many at a time. What was taken before an exception is in the list.
PyObject* take(PyObject* self, PyObject* args) REQUIRES(attached) {
  PyObject* list = nullptr;
  Py_ssize_t most = 0, bytes = 0;
  if (!PyArg_ParseTuple(args, "O!nn:take", &PyList_Type, &list, &most, &bytes)) return nullptr;
  while (most-- > 0 && bytes > 0) {
    bytes -= static_cast<Py_ssize_t>(next_bytes(iterator(self)));
    const Ref item = Ref::steal(next(self));
    if (!item && PyErr_Occurred() != nullptr) return nullptr;
    if (!item) break;
    if (PyList_Append(list, item.get()) != 0) return nullptr;
  }
  Py_RETURN_NONE;
}

PyMethodDef kMethods[] = {
    {"__length_hint__", length_hint, METH_NOARGS, "How many are left."},
    {"take", take, METH_VARARGS,
     "take($self, list, most, bytes, /)\n--\n\n"
     "Appends the next ones to a list: at most so many, and no more after so many bytes."},
    {nullptr, nullptr, 0, nullptr}};

PyType_Slot kSlots[] = {{Py_tp_doc, const_cast<char*>("Goes over a SharedDict as it was at one moment.")},
                        {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                        {Py_tp_iter, reinterpret_cast<void*>(PyObject_SelfIter)},
                        {Py_tp_iternext, reinterpret_cast<void*>(next)},
                        {Py_tp_methods, kMethods},
                        {0, nullptr}};

PyType_Spec kSpec = {"_erlang.SnapshotIterator", sizeof(SnapshotIterator), 0,
                     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                     kSlots};

}  // namespace

bool add_snapshot_iterator(PyObject* module, ModuleState& state) {
  state.snapshot_iterator_type =
      reinterpret_cast<PyTypeObject*>(PyType_FromModuleAndSpec(module, &kSpec, nullptr));
  return state.snapshot_iterator_type != nullptr;
}

PyObject* iterate_snapshot(PyObject* dict, SnapshotKind kind) {
  auto all =
      on_table(dict, [](table::Table& table, const table::Handle& handle) { return table.items(handle); });
  if (!all) return nullptr;
  // Whatever fails from here on, it is let go of detached.
  Held held(new (std::nothrow) HeldSnapshot(**std::move(all)));
  if (held == nullptr) return PyErr_NoMemory();
  PyTypeObject* const type = state_of(dict).snapshot_iterator_type;
  PyObject* const self = type->tp_alloc(type, 0);
  if (self == nullptr) return nullptr;
  SnapshotIterator& it = iterator(self);
  it.dict = Py_NewRef(dict);
  new (&it.held) Held(std::move(held));
  it.next = 0;
  it.kind = kind;
  return self;
}

}  // namespace pyport::python
