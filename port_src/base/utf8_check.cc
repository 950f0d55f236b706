#include "base/utf8_check.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"

namespace pyport {
namespace {

bool goes_on(std::uint8_t byte) { return (byte & 0xC0) == 0x80; }

// Bytes of a character by its first one; 1 for what is no first byte, which is_utf8 refuses.
std::size_t length_of(std::uint8_t first) {
  if (first < 0xC0) return 1;
  if (first < 0xE0) return 2;
  return first < 0xF0 ? 3 : 4;
}

// How many bytes at the end are the beginning of a character.
std::size_t unfinished(ByteSpan part) {
  const std::size_t most = std::min<std::size_t>(part.size(), 3);
  for (std::size_t back = 1; back <= most; ++back) {
    const std::uint8_t byte = part[part.size() - back];
    if (!goes_on(byte)) return length_of(byte) > back ? back : 0;
  }
  return 0;
}

}  // namespace

// Takes what the character that was begun still needs; gives the rest.
ByteSpan Utf8Check::end_character(ByteSpan part) {
  const std::size_t wanted = length_of(character_[0]) - begun_;
  const std::size_t taken = std::min(wanted, part.size());
  std::copy_n(part.begin(), taken, character_.begin() + begun_);
  begun_ += taken;
  if (taken == wanted) good_ = is_utf8(ByteSpan(character_).first(std::exchange(begun_, 0)));
  return part.subspan(taken);
}

void Utf8Check::feed(ByteSpan part) {
  if (good_ && begun_ > 0) part = end_character(part);
  if (!good_ || begun_ > 0 || part.empty()) return;
  const std::size_t rest = unfinished(part);
  good_ = is_utf8(part.first(part.size() - rest));
  std::copy_n(part.end() - static_cast<std::ptrdiff_t>(rest), rest, character_.begin());
  begun_ = rest;
}

}  // namespace pyport
