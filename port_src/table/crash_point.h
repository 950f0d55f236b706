// Stores into the table's file, each a named point at which a test can kill the process: before and after.
//
// All stores into the file are made by one of put, draft and derive; a check in test/unit/table sees to it.
//
// In ordinary builds a put is a release store and nothing else. A release store is not moved before stores
// that precede it, by the compiler or the processor, so a process that is killed has made exactly the puts up
// to some point of its program.
//
// Thread safety: as std::atomic.
#pragma once

#include <atomic>

namespace pyport::table {

#ifdef PYPORT_CRASH_POINTS
// Called before (false) and after (true) each put; null in between tests.
using CrashHook = void (*)(const char* point, bool after);
inline std::atomic<CrashHook> crash_hook{nullptr};
inline void crash_point(const char* point, bool after) {
  if (const CrashHook hook = crash_hook.load(std::memory_order_relaxed)) hook(point, after);
}
#else
constexpr void crash_point(const char*, bool) {}
#endif

template <class T, class V>
inline void put(std::atomic<T>& word, V value, const char* point) {
  crash_point(point, false);
  word.store(static_cast<T>(value), std::memory_order_release);
  crash_point(point, true);
}

// Into memory that no other process looks at before a put shows it, or that it gives back unread.
template <class T, class V>
inline void draft(std::atomic<T>& word, V value) {
  word.store(static_cast<T>(value), std::memory_order_relaxed);
}

// Into a word that Heap::rebuild finds out anew after a kill.
template <class T, class V>
inline void derive(std::atomic<T>& word, V value) {
  word.store(static_cast<T>(value), std::memory_order_relaxed);
}

template <class T>
inline T peek(const std::atomic<T>& word) {
  return word.load(std::memory_order_relaxed);
}

}  // namespace pyport::table
