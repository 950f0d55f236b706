#include "base/utf8.h"

namespace pyport {
namespace {

bool is_continuation(std::uint8_t byte) { return (byte & 0xC0) == 0x80; }

// Length of the valid sequence that starts at `at`, or 0.
std::size_t sequence_length(const std::uint8_t* at, std::size_t left) {
  const std::uint8_t lead = at[0];
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return left >= 2 && is_continuation(at[1]) ? 2 : 0;
  if (lead < 0xF0) {
    if (left < 3 || !is_continuation(at[1]) || !is_continuation(at[2])) return 0;
    if (lead == 0xE0 && at[1] < 0xA0) return 0;  // overlong
    if (lead == 0xED && at[1] > 0x9F) return 0;  // surrogate
    return 3;
  }
  if (lead > 0xF4 || left < 4) return 0;
  if (!is_continuation(at[1]) || !is_continuation(at[2]) || !is_continuation(at[3])) return 0;
  if (lead == 0xF0 && at[1] < 0x90) return 0;  // overlong
  if (lead == 0xF4 && at[1] > 0x8F) return 0;  // above U+10FFFF
  return 4;
}

// Bytes at the front that are ASCII, eight at a time.
std::size_t ascii_prefix(const std::uint8_t* at, std::size_t left) {
  std::size_t done = 0;
  while (left - done >= 8) {
    std::uint64_t word;
    std::memcpy(&word, at + done, 8);
    if ((word & 0x8080808080808080ULL) != 0) break;
    done += 8;
  }
  return done;
}

}  // namespace

bool is_utf8(ByteSpan text) {
  const std::uint8_t* at = text.data();
  std::size_t left = text.size();
  while (left > 0) {
    std::size_t step = ascii_prefix(at, left);
    if (step == 0) step = sequence_length(at, left);
    if (step == 0) return false;
    at += step;
    left -= step;
  }
  return true;
}

}  // namespace pyport
