// Immutable values of keys that were read lately: as long as nothing changes, reading one again takes one
// look at that.
//
// Thread safety: REQUIRES an attached thread state of the interpreter that it belongs to.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "python/gil.h"
#include "python/python_api.h"
#include "table/handle.h"
#include "table/sighting.h"

namespace pyport::python {

// All zero is an empty one: it is part of ModuleState.
class KnownValues {
 public:
  struct Place {
    table::Handle handle;
    table::Sighting seen;
    PyObject* key;  // with a value its reference is ours; without, nobody's, and only compared
    PyObject* value;
  };

  // The place of this very key object, with a value, which is the key's if what was seen is still so. Null
  // when there is none.
  const Place* find(const table::Handle& handle, PyObject* key) const {
    const Place& place = places_[index(handle, key)];
    return place.key == key && place.value != nullptr && place.handle == handle ? &place : nullptr;
  }
  // The plain value was read. It is kept when it is immutable and is met for the second time without a change
  // in between: what changes all the time costs no more than a comparison.
  void met(const table::Handle& handle, PyObject* key, const table::Sighting& seen, PyObject* value)
      REQUIRES(attached);
  // Lets go of all.
  void clear() REQUIRES(attached);

 private:
  static constexpr std::size_t kPlaces = 64;
  static std::size_t index(const table::Handle& handle, PyObject* key) {
    return (reinterpret_cast<std::uintptr_t>(key) / 16 + handle.bits[0]) % kPlaces;
  }

  std::array<Place, kPlaces> places_;
};

}  // namespace pyport::python
