// The opaque name of a dict.
//
// Thread safety: values; no shared state.
#pragma once

#include <array>
#include <compare>
#include <cstdint>

namespace pyport::table {

// Opaque name of a dict: 128 random bits, chosen by the Erlang side.
struct Handle {
  std::array<std::uint8_t, 16> bits{};
  auto operator<=>(const Handle&) const = default;
};

}  // namespace pyport::table
