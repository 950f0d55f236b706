#include "value/pickle_writer.h"

#include <algorithm>
#include <bit>

namespace pyport::value {
namespace {

static_assert(std::endian::native == std::endian::little,
              "pickle's little-endian integers are copied as they are");

constexpr std::uint8_t kProtocol = 5;

}  // namespace

void PickleWriter::ops(Op first, Op second) {
  std::uint8_t* const to = out_.room();
  to[0] = first;
  to[1] = second;
  out_.wrote(2);
}

void PickleWriter::proto() {
  std::uint8_t* const to = out_.room();
  to[0] = kProto;
  to[1] = kProtocol;
  out_.wrote(2);
}

void PickleWriter::integer(std::int64_t value) {
  std::uint8_t* const to = out_.room();
  std::size_t size = 0;
  if (value >= 0 && value <= 0xFF) {
    to[0] = kBinInt1;
    size = 1;
  } else if (value >= 0 && value <= 0xFFFF) {
    to[0] = kBinInt2;
    size = 2;
  } else if (value >= INT32_MIN && value <= INT32_MAX) {
    to[0] = kBinInt;
    size = 4;
  } else {
    // Two's complement in as few bytes as keep the sign.
    const auto bits = static_cast<std::uint64_t>(value < 0 ? ~value : value);
    size = static_cast<std::size_t>(std::bit_width(bits)) / 8 + 1;
    to[0] = kLong1;
    to[1] = static_cast<std::uint8_t>(size);
    std::memcpy(to + 2, &value, 8);
    return out_.wrote(2 + size);
  }
  std::memcpy(to + 1, &value, 8);
  out_.wrote(1 + size);
}

void PickleWriter::integer(ByteSpan magnitude, bool negative) {
  while (!magnitude.empty() && magnitude.back() == 0) magnitude = magnitude.first(magnitude.size() - 1);
  if (magnitude.size() <= 8) {
    std::uint64_t value = 0;
    if (!magnitude.empty()) std::memcpy(&value, magnitude.data(), magnitude.size());
    constexpr auto kMin = std::uint64_t{1} << 63;
    if (value < kMin || (negative && value == kMin)) {
      return integer(static_cast<std::int64_t>(negative ? 0 - value : value));
    }
  }
  // Two's complement; one byte more when the top bit would say the wrong sign.
  Bytes digits(magnitude.begin(), magnitude.end());
  if (negative) {
    unsigned carry = 1;
    for (std::uint8_t& digit : digits) {
      carry += static_cast<std::uint8_t>(~digit);
      digit = static_cast<std::uint8_t>(carry);
      carry >>= 8;
    }
  }
  const bool top_bit = (digits.back() & 0x80) != 0;
  if (top_bit != negative) digits.push_back(negative ? 0xFF : 0);
  integer(digits);
}

void PickleWriter::integer(ByteSpan digits) {
  // A last digit that only repeats the sign before it is left out.
  while (digits.size() > 1) {
    const bool negative = (digits[digits.size() - 2] & 0x80) != 0;
    if (digits.back() != (negative ? 0xFF : 0)) break;
    digits = digits.first(digits.size() - 1);
  }
  sized(kLong1, kLong4, digits);
}

void PickleWriter::number(const std::uint8_t* ieee754) {
  std::uint8_t* const to = out_.room();
  to[0] = kBinFloat;
  std::memcpy(to + 1, ieee754, 8);
  out_.wrote(9);
}

void PickleWriter::sized(Op small, Op large, ByteSpan data) {
  std::uint8_t* const to = out_.room();
  if (data.size() < 256) {
    to[0] = small;
    to[1] = static_cast<std::uint8_t>(data.size());
    out_.wrote(2);
  } else {
    const auto size = static_cast<std::uint32_t>(data.size());
    to[0] = large;
    std::memcpy(to + 1, &size, 4);
    out_.wrote(5);
  }
  out_.bytes(data);
}

void PickleWriter::text(ByteSpan utf8) { sized(kShortBinUnicode, kBinUnicode, utf8); }

void PickleWriter::bytes(ByteSpan data) { sized(kShortBinBytes, kBinBytes, data); }

void PickleWriter::close_tuple(std::size_t arity) {
  constexpr Op kClose[] = {kEmptyTuple, kTuple1, kTuple2, kTuple3, kTuple};
  op(kClose[std::min<std::size_t>(arity, 4)]);
}

void PickleWriter::builtin(Builtin which) {
  const auto i = static_cast<std::size_t>(which);
  if (memo_index_[i] != 0) {
    op(kBinGet);
    return out_.byte(static_cast<std::uint8_t>(memo_index_[i] - 1));
  }
  memo_index_[i] = ++memo_size_;
  text(as_bytes(kBuiltinModule));
  text(as_bytes(kBuiltinNames[i]));
  ops(kStackGlobal, kMemoize);
}

}  // namespace pyport::value
