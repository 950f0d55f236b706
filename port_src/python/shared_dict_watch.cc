#include "python/shared_dict_watch.h"

#include "python/detached_wait.h"
#include "python/dict_key.h"

namespace pyport::python {
namespace {

using table::ChangeKind;
using table::DictChange;
using table::Handle;
using table::Table;
using table::WaitLimit;
using table::WatchPosition;

const char* name_of(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::put:
      return "put";
    case ChangeKind::erased:
      return "delete";
    case ChangeKind::expired:
      return "expired";
    case ChangeKind::cleared:
      return "clear";
    case ChangeKind::overflow:
      break;
  }
  return "overflow";
}

bool has_key(ChangeKind kind) { return kind != ChangeKind::cleared && kind != ChangeKind::overflow; }

Ref tuple_of(const DictChange& change) REQUIRES(attached) {
  Ref key = has_key(change.kind) ? key_object(change.key) : Ref::borrow(Py_None);
  if (!key) return key;
  return Ref::steal(
      Py_BuildValue("sOK", name_of(change.kind), key.get(), static_cast<unsigned long long>(change.stamp)));
}

Ref list_of(const std::vector<DictChange>& changes) REQUIRES(attached) {
  Ref list = Ref::steal(PyList_New(static_cast<Py_ssize_t>(changes.size())));
  Py_ssize_t place = 0;
  for (const DictChange& change : changes) {
    if (!list) break;
    Ref tuple = tuple_of(change);
    if (!tuple) return tuple;
    PyList_SET_ITEM(list.get(), place++, tuple.release());
  }
  return list;
}

}  // namespace

PyObject* dict_changes(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  if (count != 4) {
    PyErr_Format(PyExc_TypeError, "a position of two ints, seconds and a stop are needed, not %zd arguments",
                 count);
    return nullptr;
  }
  WatchPosition position{PyLong_AsUnsignedLongLong(args[0]), 0};
  if (PyErr_Occurred() == nullptr) position.made = PyLong_AsUnsignedLongLong(args[1]);
  if (PyErr_Occurred() != nullptr) return nullptr;
  const auto waited =
      detached_wait(self, args[2], args[3], [&](Table& table, const Handle& handle, const WaitLimit& limit) {
        return with_room(table, [&] { return table.wait_changes(handle, position, limit); });
      });
  if (!waited) return nullptr;
  const Ref changes = list_of((*waited)->changes);
  if (!changes) return nullptr;
  return Py_BuildValue("KKO", static_cast<unsigned long long>(position.at),
                       static_cast<unsigned long long>(position.made), changes.get());
}

}  // namespace pyport::python
