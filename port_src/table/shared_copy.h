// Bytes of a block's payload, into it and out of it, while others may be doing the same.
//
// Who reads without a lock may meet bytes that another process is just writing, since the block has been
// given back and taken again. He throws away what he got, when the dict's version shows that; until then the
// bytes are only copied or compared. ThreadSanitizer is shown word by word what is otherwise left to memcpy.
//
// Thread safety: all of it, in the sense of the above.
#pragma once

#include <atomic>
#include <cstring>

#include "base/bytes.h"

#if defined(__SANITIZE_THREAD__)
#define PYPORT_SANITIZE_THREAD 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PYPORT_SANITIZE_THREAD 1
#endif
#endif

namespace pyport::table {

#ifdef PYPORT_SANITIZE_THREAD

// Calls `word(at)` for each whole word of a shared range and `byte(at)` for the bytes around them; words,
// since byte by byte takes minutes in tests of many megabytes.
template <class Word, class Byte>
void each_part(const std::uint8_t* shared, std::size_t size, const Word& word, const Byte& byte) {
  std::size_t at = 0;
  const std::size_t odd = reinterpret_cast<std::uintptr_t>(shared) % sizeof(std::uint64_t);
  for (; odd != 0 && at < size && at < sizeof(std::uint64_t) - odd; ++at) byte(at);
  for (; size - at >= sizeof(std::uint64_t); at += sizeof(std::uint64_t)) word(at);
  for (; at < size; ++at) byte(at);
}

inline const std::uint64_t* word_at(const std::uint8_t* at) {
  return reinterpret_cast<const std::uint64_t*>(at);
}

inline void copy_from_shared(std::uint8_t* to, const std::uint8_t* from, std::size_t size) {
  const auto word = [&](std::size_t at) {
    const std::uint64_t bytes = __atomic_load_n(word_at(from + at), __ATOMIC_RELAXED);
    std::memcpy(to + at, &bytes, sizeof bytes);
  };
  each_part(from, size, word, [&](std::size_t at) { to[at] = __atomic_load_n(from + at, __ATOMIC_RELAXED); });
}

inline void copy_to_shared(std::uint8_t* to, ByteSpan from) {
  const auto word = [&](std::size_t at) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, from.data() + at, sizeof bytes);
    __atomic_store_n(reinterpret_cast<std::uint64_t*>(to + at), bytes, __ATOMIC_RELAXED);
  };
  each_part(to, from.size(), word,
            [&](std::size_t at) { __atomic_store_n(to + at, from[at], __ATOMIC_RELAXED); });
}

inline bool equal_shared(const std::uint8_t* shared, ByteSpan bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i)
    if (__atomic_load_n(shared + i, __ATOMIC_RELAXED) != bytes[i]) return false;
  return true;
}

// What was read before stays before what is read after. (ThreadSanitizer knows no fences; all that is read
// around this one is atomic.)
inline void reads_done() {}

#else

inline void copy_from_shared(std::uint8_t* to, const std::uint8_t* from, std::size_t size) {
  std::memcpy(to, from, size);
}
inline void copy_to_shared(std::uint8_t* to, ByteSpan from) {
  if (!from.empty()) std::memcpy(to, from.data(), from.size());
}
inline bool equal_shared(const std::uint8_t* shared, ByteSpan bytes) {
  return std::memcmp(shared, bytes.data(), bytes.size()) == 0;
}
inline void reads_done() { std::atomic_thread_fence(std::memory_order_acquire); }

#endif

}  // namespace pyport::table
