#include "python/shared_dict_numbers.h"

#include "python/at_once.h"
#include "python/dict_key.h"
#include "python/letting_go.h"
#include "python/shared_dict_many.h"
#include "python/shared_dict_store.h"
#include "value/numbers.h"

namespace pyport::python {
namespace {

using table::CellChange;
using table::CellOp;
using table::CellOutcome;
using table::CellResult;
using table::Expect;
using table::Handle;
using table::Table;

bool is_number(PyObject* object) REQUIRES(attached) {
  int overflow = 0;
  if (!PyLong_CheckExact(object)) return false;
  (void)PyLong_AsLongLongAndOverflow(object, &overflow);
  return overflow == 0;
}

// Not nothing: the value was there as expected, and was replaced if it could be.
std::optional<bool> swap_if_equal(PyObject* self, const table::KeyView& key, PyObject* expected,
                                  PyObject* value) REQUIRES(attached) {
  auto found =
      on_table(self, [&](Table& table, const Handle& handle) { return table.get_stamped(handle, key); });
  if (!found) return std::nullopt;
  const LettingGo guard((*found)->blob);
  if (!(*found)->blob) return false;
  const table::Stamp stamp = (*found)->stamp;
  const Ref known = load_blob(self, (*found)->blob);
  if (!known) return std::nullopt;
  if (!Py_IS_TYPE(known.get(), Py_TYPE(expected))) return false;
  const int equal = PyObject_RichCompareBool(known.get(), expected, Py_EQ);
  if (equal <= 0) return equal < 0 ? std::nullopt : std::optional(false);
  bool done = false;
  const auto put = [&](const auto& make) REQUIRES(attached) {
    const auto stored = store(self, make, [&](Table& table, const Handle& handle, table::NewBlob blob) {
      return table.put_if(handle, key, std::move(blob), Expect::stamped(stamp), nullptr, &value::kNumbers);
    });
    done = stored && **stored;
    return stored.has_value();
  };
  const bool good = with_blobs(self, value, put, {{&key, {}}, &done});
  if (!good) return std::nullopt;
  return done ? std::optional(true) : swap_if_equal(self, key, expected, value);
}

}  // namespace

std::optional<std::int64_t> large_number_argument(PyObject* object) {
  if (!PyLong_Check(object) || PyBool_Check(object)) {
    PyErr_Format(PyExc_TypeError, "an int is needed, not %T", object);
    return std::nullopt;
  }
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(object, &overflow);
  if (overflow != 0) {
    PyErr_SetString(PyExc_OverflowError, "the int does not fit 64 bits");
    return std::nullopt;
  }
  if (number == -1 && PyErr_Occurred() != nullptr) return std::nullopt;
  return number;
}

std::nullptr_t raise_for_outcome(const CellOutcome& outcome, PyObject* key) {
  if (outcome.result == CellResult::overflow) {
    PyErr_Format(PyExc_OverflowError, "the number of key %R would not fit 64 bits", key);
  } else {
    PyErr_Format(PyExc_TypeError, "the value of key %R is no int of 64 bits", key);
  }
  return nullptr;
}

std::optional<CellOutcome> dict_change_number(PyObject* self, PyObject* key, const CellChange& change) {
  const auto view = key_view(key);
  const Table* const table = view ? table_of(shared_dict(self).use) : nullptr;
  // One object from where it is made to the caller: to copy it would cost more than the change itself.
  auto outcome =
      table != nullptr ? table->change_cell_at_once(shared_dict(self).handle, *view, change) : std::nullopt;
  if (outcome.has_value() && outcome->result == CellResult::done) return outcome;
  if (table != nullptr && !outcome.has_value()) {
    const auto done = on_table(self, [&](Table& it, const Handle& handle) {
      return with_room(it, [&] { return it.change_cell(handle, *view, change, value::kNumbers); });
    });
    if (done) outcome = **done;
  }
  if (outcome.has_value() && outcome->result != CellResult::done) {
    raise_for_outcome(*outcome, key);
    outcome.reset();
  }
  return outcome;
}

int dict_compare_and_swap(PyObject* self, PyObject* key, PyObject* expected, PyObject* value) {
  const auto view = key_view(key);
  if (!view) return -1;
  if (is_number(expected) && is_number(value)) {
    const CellChange change{CellOp::compare_and_swap, PyLong_AsLongLong(value), PyLong_AsLongLong(expected)};
    const auto done = on_table(self, [&](Table& table, const Handle& handle) {
      return with_room(table, [&] { return table.change_cell(handle, *view, change, value::kNumbers); });
    });
    if (!done) return -1;
    return (*done)->result == CellResult::done && (*done)->before == change.expected ? 1 : 0;
  }
  if (is_at_once()) return refuse(), -1;
  const auto swapped = swap_if_equal(self, *view, expected, value);
  return swapped ? (*swapped ? 1 : 0) : -1;
}

}  // namespace pyport::python
