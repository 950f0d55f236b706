// numpy's scalars as their pickles have them: a dtype, and the bytes in its order.
//
// Thread safety: pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace pyport::value {

struct NumpyType {
  char kind = 0;  // 'b', 'i', 'u', 'f'
  std::uint8_t size = 0;
  bool big_endian = false;
};

// Of a dtype's name, as "i8"; nothing when its scalars have no usual form in Erlang.
std::optional<NumpyType> numpy_type(std::string_view name);
// '<', '>', '=', or '|' where there is no order. False when it is none of them.
bool set_byte_order(char order, NumpyType& type);

// One number for a node, and back.
std::int64_t pack(const NumpyType& type);
NumpyType unpack(std::int64_t packed);

// The scalar's bytes, lowest first. REQUIRES: bytes.size() == type.size.
Bytes lowest_first(const NumpyType& type, ByteSpan bytes);
// A float of two, four or eight bytes, lowest first, as eight bytes, highest first; no value is changed.
Bytes widened(ByteSpan bytes);

}  // namespace pyport::value
