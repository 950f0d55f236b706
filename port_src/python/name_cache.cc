#include "python/name_cache.h"

#include <cstring>

#include "python/large_copy.h"

namespace pyport::python {
namespace {

// Good enough to spread names over a few hundred places: its first and last bytes and its length.
std::size_t place_of(ByteSpan utf8, std::size_t places) {
  std::uint64_t first = 0, last = 0;
  const std::size_t size = utf8.size();
  if (size >= 8) {
    std::memcpy(&first, utf8.data(), 8);
    std::memcpy(&last, utf8.data() + size - 8, 8);
  } else if (size > 0) {
    std::memcpy(&first, utf8.data(), size);
  }
  std::uint64_t mixed = (first ^ size) * 0x9e3779b97f4a7c15;
  mixed = (mixed ^ mixed >> 29 ^ last) * 0xbf58476d1ce4e5b9;
  return static_cast<std::size_t>(mixed >> 32) % places;
}

// Only ASCII is kept, whose bytes are the string's own.
bool is_it(PyObject* string, ByteSpan ascii) REQUIRES(attached) {
  return string != nullptr && static_cast<std::size_t>(PyUnicode_GET_LENGTH(string)) == ascii.size() &&
         std::memcmp(PyUnicode_1BYTE_DATA(string), ascii.data(), ascii.size()) == 0;
}

}  // namespace

PyObject* NameCache::string(ByteSpan utf8) {
  PyObject*& place = places_[place_of(utf8, kPlaces)];
  if (is_it(place, utf8)) return Py_NewRef(place);
  PyObject* const made = string_of_utf8(utf8);
  if (made != nullptr && PyUnicode_IS_ASCII(made)) Py_XSETREF(place, Py_NewRef(made));
  return made;
}

void NameCache::clear() {
  for (PyObject*& place : places_) Py_CLEAR(place);
}

PyObject* string_of_utf8(ByteSpan utf8) {
  if (utf8.size() >= kLargeCopy) {
    PyObject* const large = large_ascii(utf8);
    if (large != nullptr || PyErr_Occurred() != nullptr) return large;
  }
  return PyUnicode_DecodeUTF8(as_text(utf8).data(), static_cast<Py_ssize_t>(utf8.size()), "surrogatepass");
}

}  // namespace pyport::python
