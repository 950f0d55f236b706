// Immutable values that were read lately, by their pickles: to find one again costs less than to make it
// anew.
//
// What is compared is the stored bytes themselves, so a value that was replaced in between is never given.
//
// Thread safety: REQUIRES an attached thread state of the interpreter that it belongs to.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "python/gil.h"

namespace pyport::python {

// All zero is an empty one: it is part of ModuleState.
class ValueCache {
 public:
  // Pickles of these sizes; what is shorter is made as fast as it is found.
  static constexpr std::size_t kShortest = 12;
  static constexpr std::size_t kLongest = 128;
  static bool may_have(ByteSpan pickle) { return pickle.size() >= kShortest && pickle.size() <= kLongest; }

  // Of a pickle that it may have.
  static std::uint64_t hash_of(ByteSpan pickle);

  // The value of the pickle with this hash, a new reference; null, and no exception, when it is not here.
  PyObject* find(ByteSpan pickle, std::uint64_t hash) const REQUIRES(attached);
  // It was not here, and is this value's. It is kept when it is immutable through and through and is met for
  // the second time: what comes only once costs no more than its hash.
  void met(ByteSpan pickle, std::uint64_t hash, PyObject* value) REQUIRES(attached);
  // Lets go of all.
  void clear() REQUIRES(attached);

 private:
  struct Place {
    std::uint64_t hash;
    PyObject* value;
    std::size_t size;
    std::array<std::uint8_t, kLongest> pickle;
  };
  static constexpr std::size_t kPlaces = 64;

  std::array<Place, kPlaces> places_;
};

}  // namespace pyport::python
