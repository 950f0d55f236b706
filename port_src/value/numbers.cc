#include "value/numbers.h"

#include <array>

#include "value/pickle_op.h"
#include "value/stored.h"

namespace pyport::value {
namespace {

constexpr std::array<std::uint8_t, 4> kHead{kProto, 5, kLong1, 8};
constexpr std::array<std::uint8_t, 1> kTail{kStop};

std::uint64_t little(ByteSpan bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) number |= std::uint64_t{bytes[i]} << (8 * i);
  return number;
}

// Two's complement of that many bytes, at most eight; none is 0.
std::int64_t signed_number(ByteSpan bytes) {
  if (bytes.empty()) return 0;
  const std::size_t unused = 64 - 8 * bytes.size();
  return static_cast<std::int64_t>(little(bytes) << unused) >> unused;
}

std::optional<std::int64_t> exactly(ByteSpan bytes, std::size_t size, bool is_signed) {
  if (bytes.size() != size) return std::nullopt;
  return is_signed ? signed_number(bytes) : static_cast<std::int64_t>(little(bytes));
}

// Any pickle module's pickle of an integer; with the frame that protocols 4 and 5 may announce.
std::optional<std::int64_t> number_of(std::uint32_t tag, ByteSpan bytes) {
  if (tag != kPlain || bytes.size() < 4 || bytes[0] != kProto || bytes.back() != kStop) return std::nullopt;
  bytes = bytes.subspan(2, bytes.size() - 3);
  if (bytes[0] == kFrame && bytes.size() > 9) bytes = bytes.subspan(9);
  const ByteSpan rest = bytes.subspan(1);
  switch (bytes[0]) {
    case kBinInt1:
      return exactly(rest, 1, false);
    case kBinInt2:
      return exactly(rest, 2, false);
    case kBinInt:
      return exactly(rest, 4, true);
    case kLong1:
      if (rest.empty() || rest[0] > 8) return std::nullopt;
      return exactly(rest.subspan(1), rest[0], true);
    default:
      return std::nullopt;
  }
}

}  // namespace

const table::NumberForm kNumbers{number_of, kHead, kTail, kPlain};

}  // namespace pyport::value
