// Integers of a SharedDict that any number of processes change at once.
//
// Thread safety: REQUIRES an attached thread state.
#pragma once

#include <optional>

#include "python/gil.h"
#include "python/python_api.h"
#include "table/cell.h"

namespace pyport::python {

std::optional<std::int64_t> large_number_argument(PyObject* object) REQUIRES(attached);
// The number that most arguments are, without a call. False tells nothing.
[[gnu::always_inline]] inline bool is_small_number(PyObject* object, std::int64_t& number)
    REQUIRES(attached) {
  if (!PyLong_CheckExact(object)) return false;
  const auto* const compact = reinterpret_cast<const PyLongObject*>(object);
  if (!PyUnstable_Long_IsCompact(compact)) return false;
  number = PyUnstable_Long_CompactValue(compact);
  return true;
}
// The number that an argument is. False with an exception set: TypeError, or OverflowError beyond 64 bits.
inline bool is_number_argument(PyObject* object, std::int64_t& number) REQUIRES(attached) {
  if (is_small_number(object, number)) return true;
  const auto large = large_number_argument(object);
  number = large.value_or(0);
  return large.has_value();
}
inline std::optional<std::int64_t> number_argument(PyObject* object) REQUIRES(attached) {
  std::int64_t number = 0;
  return is_number_argument(object, number) ? std::optional(number) : std::nullopt;
}

// Changes the number of a key, which is 0 where there is none. Nothing, with an exception set: also TypeError
// when the value is no integer, and OverflowError when the number would not fit.
std::optional<table::CellOutcome> dict_change_number(PyObject* self, PyObject* key,
                                                     const table::CellChange& change) REQUIRES(attached);

// Sets the exception that such an outcome means. Null.
std::nullptr_t raise_for_outcome(const table::CellOutcome& outcome, PyObject* key) REQUIRES(attached);

// SharedDict.cas: 1 when the value was the expected one and has been replaced, else 0, or -1.
int dict_compare_and_swap(PyObject* self, PyObject* key, PyObject* expected, PyObject* value)
    REQUIRES(attached);

}  // namespace pyport::python
