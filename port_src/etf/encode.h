// Headers and small terms of ETF into a few bytes of memory: shared by etf::Writer and the transcoder,
// which differ in where the bytes go. Each function returns how many bytes it wrote.
//
// Thread safety: pure functions over their arguments.
#pragma once

#include <bit>
#include <cstdint>

#include "base/bytes.h"
#include "etf/tags.h"

namespace pyport::etf {

// Room that any of these may need.
inline constexpr std::size_t kMaxEncoded = 16;

inline std::size_t encode_counted(Tag tag, std::size_t count, std::uint8_t* to) {
  to[0] = tag;
  store_u32(to + 1, static_cast<std::uint32_t>(count));
  return 5;
}

inline std::size_t encode_tuple(std::size_t arity, std::uint8_t* to) {
  if (arity > 255) return encode_counted(kLargeTuple, arity, to);
  to[0] = kSmallTuple;
  to[1] = static_cast<std::uint8_t>(arity);
  return 2;
}

// Of an atom whose text of `size` UTF-8 bytes follows.
inline std::size_t encode_atom_header(std::size_t size, std::uint8_t* to) {
  if (size < 256) {
    to[0] = kSmallAtomUtf8;
    to[1] = static_cast<std::uint8_t>(size);
    return 2;
  }
  to[0] = kAtomUtf8;
  to[1] = static_cast<std::uint8_t>(size >> 8);
  to[2] = static_cast<std::uint8_t>(size);
  return 3;
}

// SMALL_BIG_EXT: number of digits, sign, digits to base 256 with the lowest first.
inline std::size_t encode_small_big(std::uint64_t magnitude, bool negative, std::uint8_t* to) {
  const auto digits = static_cast<std::size_t>(std::bit_width(magnitude) + 7) / 8;
  to[0] = kSmallBig;
  to[1] = static_cast<std::uint8_t>(digits);
  to[2] = negative ? 1 : 0;
  for (std::size_t i = 0; i < digits; ++i) to[3 + i] = static_cast<std::uint8_t>(magnitude >> (8 * i));
  return 3 + digits;
}

inline std::size_t encode_integer(std::int64_t value, std::uint8_t* to) {
  if (value >= 0 && value < 256) {
    to[0] = kSmallInteger;
    to[1] = static_cast<std::uint8_t>(value);
    return 2;
  }
  if (value >= INT32_MIN && value <= INT32_MAX) {
    to[0] = kInteger;
    store_u32(to + 1, static_cast<std::uint32_t>(value));
    return 5;
  }
  const auto bits = static_cast<std::uint64_t>(value);
  return encode_small_big(value < 0 ? 0 - bits : bits, value < 0, to);
}

}  // namespace pyport::etf
