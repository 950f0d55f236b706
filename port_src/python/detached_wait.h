// A wait of the table that Python code is in: with the GIL let go, and to be ended by an interrupt, a signal,
// a WaitStop, and the end of the use of the table.
//
// Thread safety: REQUIRES an attached thread state.
#pragma once

#include <optional>
#include <type_traits>
#include <utility>

#include "python/module.h"
#include "python/shared_dict_object.h"
#include "python/table_use.h"
#include "python/wait_stop.h"

namespace pyport::python {

// Of a number of seconds or None. Nothing, with an exception set, when it is neither.
std::optional<table::WaitLimit> wait_limit(PyObject* seconds) REQUIRES(attached);

// Calls wait(Table&, const Handle&, const WaitLimit&), whose Result has a WaitEnd in `end`, detached.
// Nothing, with an exception set, when it fails, or when the handler of a signal raises.
template <class Wait>
auto detached_wait(PyObject* self, PyObject* seconds, PyObject* stop, const Wait& wait) REQUIRES(attached) {
  using Waited = std::invoke_result_t<Wait, table::Table&, const table::Handle&, const table::WaitLimit&>;
  using Outcome = std::optional<Waited>;
  const SharedDictObject& dict = shared_dict(self);
  auto limit = wait_limit(seconds);
  if (!limit) return Outcome();
  table::WaitStop own;
  limit->stop = stop == Py_None ? &own : wait_stop_of(state_of(self), stop);
  table::Table* const table = limit->stop != nullptr ? table_of(dict.use) : nullptr;
  if (table == nullptr) return Outcome();
  Waited waited = [&]() REQUIRES(attached) {
    const Waits::Noted noted(state_of(self).waits, *dict.use, *limit->stop);
    const Detached scope;
    return wait(*table, dict.handle, *limit);
  }();
  if (!waited) raise_for(self, waited.error());
  const bool good = waited.ok() && (waited->end != table::WaitEnd::signalled || PyErr_CheckSignals() == 0);
  return good ? Outcome(std::move(waited)) : Outcome();
}

}  // namespace pyport::python
