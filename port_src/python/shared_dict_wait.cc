#include "python/shared_dict_wait.h"

#include "python/detached_wait.h"
#include "python/dict_key.h"
#include "python/letting_go.h"
#include "python/shared_dict_many.h"
#include "python/shared_dict_object.h"
#include "python/shared_dict_store.h"

namespace pyport::python {
namespace {

using table::Handle;
using table::Table;
using table::WaitEnd;
using table::WaitLimit;

}  // namespace

PyObject* dict_version(PyObject* self, PyObject* key) {
  const auto view = key_view(key);
  if (!view) return nullptr;
  const auto stamp =
      on_table(self, [&](Table& table, const Handle& handle) { return table.stamp(handle, *view); });
  return stamp ? PyLong_FromUnsignedLongLong(**stamp) : nullptr;
}

PyObject* dict_versioned(PyObject* self, PyObject* key) {
  const auto view = key_view(key);
  if (!view) return nullptr;
  auto found =
      on_table(self, [&](Table& table, const Handle& handle) { return table.get_stamped(handle, *view); });
  if (!found) return nullptr;
  const LettingGo guard((*found)->blob);
  if (!(*found)->blob) Py_RETURN_NONE;
  const Ref value = load_blob(self, (*found)->blob);
  const Ref version = value ? Ref::steal(PyLong_FromUnsignedLongLong((*found)->stamp)) : Ref();
  return version ? PyTuple_Pack(2, version.get(), value.get()) : nullptr;
}

PyObject* dict_wait_change(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  if (count != 4) {
    PyErr_Format(PyExc_TypeError, "a key, a version, seconds and a stop are needed, not %zd arguments",
                 count);
    return nullptr;
  }
  const auto key = key_view(args[0]);
  if (!key) return nullptr;
  const table::Stamp seen = PyLong_AsUnsignedLongLong(args[1]);
  if (seen == static_cast<table::Stamp>(-1) && PyErr_Occurred() != nullptr) return nullptr;
  const auto waited =
      detached_wait(self, args[2], args[3], [&](Table& table, const Handle& handle, const WaitLimit& limit) {
        return table.wait_change(handle, *key, seen, limit);
      });
  if (!waited) return nullptr;
  if ((*waited)->end == WaitEnd::changed) return PyLong_FromUnsignedLongLong((*waited)->stamp);
  Py_RETURN_NONE;
}

}  // namespace pyport::python
