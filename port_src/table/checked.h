// A value read from the table's file, or what was found damaged on the way to it. Lighter than a Result: many
// are made in each operation.
//
// Thread safety: values.
#pragma once

#include <type_traits>
#include <utility>

#include "base/result.h"

namespace pyport::table {

// What is damaged, in words.
struct Damage {
  const char* what;
};

template <class T>
class [[nodiscard]] Checked {
 public:
  static_assert(std::is_trivially_destructible_v<T>);
  // NOLINTBEGIN(google-explicit-constructor): functions return the one or the other as it is.
  Checked(T value) : value_(std::move(value)) {}
  Checked(Damage damage) : damage_(damage.what) {}
  // NOLINTEND(google-explicit-constructor)

  bool ok() const { return damage_ == nullptr; }
  explicit operator bool() const { return ok(); }
  // REQUIRES: ok()
  T& operator*() { return value_; }
  const T& operator*() const { return value_; }
  T* operator->() { return &value_; }
  const T* operator->() const { return &value_; }

  // REQUIRES: !ok()
  Damage damage() const { return {damage_}; }
  Error error() const { return make_error(Errc::corrupt, damage_); }

 private:
  union {
    T value_;
    char nothing_ = 0;
  };
  const char* damage_ = nullptr;
};

}  // namespace pyport::table
