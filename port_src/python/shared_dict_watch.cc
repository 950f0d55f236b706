#include "python/shared_dict_watch.h"

#include <string_view>

#include "python/detached_wait.h"
#include "python/dict_key.h"

namespace pyport::python {
namespace {

using table::DictChange;
using table::Handle;
using table::Table;
using table::WaitLimit;
using table::WatchPosition;

Ref tuple_of(const DictChange& change) REQUIRES(attached) {
  Ref key = has_key(change.kind) ? key_object(change.key) : Ref::borrow(Py_None);
  if (!key) return key;
  const std::string_view kind = name_of(change.kind);
  return Ref::steal(Py_BuildValue("s#OK", kind.data(), static_cast<Py_ssize_t>(kind.size()), key.get(),
                                  static_cast<unsigned long long>(change.stamp)));
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
