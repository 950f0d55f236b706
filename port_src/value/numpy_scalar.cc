#include "value/numpy_scalar.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace pyport::value {
namespace {

constexpr std::array<std::string_view, 12> kTypes = {"b1", "i1", "i2", "i4", "i8", "u1",
                                                     "u2", "u4", "u8", "f2", "f4", "f8"};

// Of 16 bits: sign, five of exponent, ten of fraction.
double half(std::uint64_t bits) {
  const int exponent = static_cast<int>((bits >> 10) & 0x1F);
  const auto fraction = static_cast<double>(bits & 0x3FF);
  double size = 0;
  if (exponent == 0x1F) {
    size = fraction == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  } else {
    size = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(fraction + 1024, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -size : size;
}

}  // namespace

std::optional<NumpyType> numpy_type(std::string_view name) {
  if (std::find(kTypes.begin(), kTypes.end(), name) == kTypes.end()) return std::nullopt;
  return NumpyType{name[0], static_cast<std::uint8_t>(name[1] - '0'), false};
}

bool set_byte_order(char order, NumpyType& type) {
  type.big_endian = order == '>' || (order == '=' && std::endian::native == std::endian::big);
  return order == '<' || order == '>' || order == '=' || (order == '|' && type.size == 1);
}

std::int64_t pack(const NumpyType& type) {
  return (std::int64_t{type.kind} << 16) | (type.big_endian ? 0x100 : 0) | type.size;
}

NumpyType unpack(std::int64_t packed) {
  return {static_cast<char>(packed >> 16), static_cast<std::uint8_t>(packed), (packed & 0x100) != 0};
}

Bytes lowest_first(const NumpyType& type, ByteSpan bytes) {
  Bytes digits(bytes.begin(), bytes.end());
  if (type.big_endian) std::reverse(digits.begin(), digits.end());
  return digits;
}

Bytes widened(ByteSpan bytes) {
  const std::uint64_t bits = load_little(bytes.data(), bytes.size());
  double number = 0;
  if (bytes.size() == 2) {
    number = half(bits);
  } else if (bytes.size() == 4) {
    number = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
  } else {
    number = std::bit_cast<double>(bits);
  }
  Bytes out;
  const auto wide = std::bit_cast<std::uint64_t>(number);
  append_u32(out, static_cast<std::uint32_t>(wide >> 32));
  append_u32(out, static_cast<std::uint32_t>(wide));
  return out;
}

}  // namespace pyport::value
