#include "python/shared_dict_wait.h"

#include <chrono>
#include <cmath>
#include <utility>

#include "python/dict_key.h"
#include "python/letting_go.h"
#include "python/module.h"
#include "python/shared_dict_many.h"
#include "python/shared_dict_object.h"
#include "python/shared_dict_store.h"
#include "python/wait_stop.h"

namespace pyport::python {
namespace {

using table::Handle;
using table::Table;
using table::WaitClock;
using table::Waited;
using table::WaitEnd;

// Nothing, with an exception set, when it is no number.
std::optional<table::WaitLimit> limit_of(PyObject* seconds) REQUIRES(attached) {
  constexpr double kForEver = 1e9;
  table::WaitLimit limit;
  if (seconds == Py_None) return limit;
  const double count = PyFloat_AsDouble(seconds);
  if (count == -1 && PyErr_Occurred() != nullptr) return std::nullopt;
  if (count < kForEver)
    limit.until = WaitClock::now() + std::chrono::nanoseconds(std::llround(std::fmax(count, 0) * 1e9));
  return limit;
}

Result<Waited> wait_detached(PyObject* self, const table::KeyView& key, table::Stamp seen,
                             const table::WaitLimit& limit, Table& table) REQUIRES(attached) {
  const Waits::Noted noted(state_of(self).waits, *shared_dict(self).use, *limit.stop);
  const Detached scope;
  return table.wait_change(shared_dict(self).handle, key, seen, limit);
}

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
  auto limit = limit_of(args[2]);
  if (!limit) return nullptr;
  table::WaitStop own;
  limit->stop = args[3] == Py_None ? &own : wait_stop_of(state_of(self), args[3]);
  Table* const table = limit->stop != nullptr ? table_of(shared_dict(self).use) : nullptr;
  if (table == nullptr) return nullptr;
  const Result<Waited> waited = wait_detached(self, *key, seen, *limit, *table);
  if (!waited) return raise_for(self, waited.error());
  if (waited->end == WaitEnd::signalled && PyErr_CheckSignals() != 0) return nullptr;
  if (waited->end == WaitEnd::changed) return PyLong_FromUnsignedLongLong(waited->stamp);
  Py_RETURN_NONE;
}

}  // namespace pyport::python
