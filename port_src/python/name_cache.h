// The short strings that were keys of dicts lately: records of one kind have the same keys over and over, and
// to find one again costs less than to make it.
//
// Thread safety: REQUIRES an attached thread state of the interpreter that it belongs to.
#pragma once

#include <array>
#include <cstddef>

#include "base/bytes.h"
#include "python/gil.h"

namespace pyport::python {

// All zero is an empty one: it is part of ModuleState.
class NameCache {
 public:
  static constexpr std::size_t kLongest = 32;

  // The string with these UTF-8 bytes, a new reference; one that it has, or one that is made and kept in
  // place of another. Null with an exception set. REQUIRES: utf8.size() <= kLongest.
  PyObject* string(ByteSpan utf8) REQUIRES(attached);
  // Lets go of all.
  void clear() REQUIRES(attached);

 private:
  static constexpr std::size_t kPlaces = 256;
  std::array<PyObject*, kPlaces> places_;
};

// The string that UTF-8 with lone surrogates stands for, as pickles have it. Null with an exception set.
PyObject* string_of_utf8(ByteSpan utf8) REQUIRES(attached);

}  // namespace pyport::python
