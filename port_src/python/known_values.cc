#include "python/known_values.h"

#include "python/immutable.h"

namespace pyport::python {
namespace {

// Longer keys take more memory than they save time.
constexpr Py_ssize_t kLongestKey = 128;

bool may_be_kept(PyObject* key) REQUIRES(attached) {
  if (PyUnicode_CheckExact(key)) return PyUnicode_GET_LENGTH(key) <= kLongestKey;
  if (PyBytes_CheckExact(key)) return PyBytes_GET_SIZE(key) <= kLongestKey;
  return PyLong_CheckExact(key);
}

}  // namespace

void KnownValues::met(const table::Handle& handle, PyObject* key, const table::Sighting& seen,
                      PyObject* value) {
  Place& place = places_[index(handle, key)];
  const bool again = place.key == key && place.handle == handle && place.seen.version == seen.version &&
                     place.seen.word == seen.word;
  const Place old = place;
  const bool keep = again && may_be_kept(key) && is_immutable(value);
  place = {handle, seen, keep ? Py_NewRef(key) : key, keep ? Py_NewRef(value) : nullptr};
  if (old.value == nullptr) return;
  Py_DECREF(old.key);
  Py_DECREF(old.value);
}

void KnownValues::clear() {
  for (Place& place : places_) {
    if (place.value != nullptr) Py_DECREF(place.key);
    Py_CLEAR(place.value);
    place.key = nullptr;
  }
}

}  // namespace pyport::python
