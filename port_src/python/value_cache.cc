#include "python/value_cache.h"

#include <cstring>

#include "python/immutable.h"

namespace pyport::python {
namespace {

std::uint64_t word_at(const std::uint8_t* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

}  // namespace

// All bytes count, the last ones maybe twice.
std::uint64_t ValueCache::hash_of(ByteSpan bytes) {
  std::uint64_t hash = bytes.size();
  const std::uint8_t* const end = bytes.data() + bytes.size();
  for (const std::uint8_t* at = bytes.data(); at + 8 < end; at += 8) {
    hash = (hash ^ word_at(at)) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 32;
  }
  hash = (hash ^ word_at(end - 8)) * 0xbf58476d1ce4e5b9;
  return hash ^ hash >> 32;
}

PyObject* ValueCache::find(ByteSpan pickle, std::uint64_t hash) const {
  const Place& place = places_[hash % kPlaces];
  if (place.hash != hash || place.value == nullptr || place.size != pickle.size()) return nullptr;
  if (std::memcmp(place.pickle.data(), pickle.data(), pickle.size()) != 0) return nullptr;
  return Py_NewRef(place.value);
}

void ValueCache::met(ByteSpan pickle, std::uint64_t hash, PyObject* value) {
  Place& place = places_[hash % kPlaces];
  const bool again = place.hash == hash;
  place.hash = hash;
  PyObject* const old = place.value;
  place.value = again && is_immutable(value) ? Py_NewRef(value) : nullptr;
  place.size = pickle.size();
  if (place.value != nullptr) std::memcpy(place.pickle.data(), pickle.data(), pickle.size());
  Py_XDECREF(old);
}

void ValueCache::clear() {
  for (Place& place : places_) Py_CLEAR(place.value);
}

}  // namespace pyport::python
