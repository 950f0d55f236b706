#include "value/uuid_text.h"

#include <algorithm>

namespace pyport::value {

std::string uuid_text(ByteSpan digits) {
  constexpr std::size_t kBytes = 16;
  constexpr const char* kHex = "0123456789abcdef";
  if (!digits.empty() && (digits.back() & 0x80) != 0) return {};
  const auto more = digits.subspan(std::min(digits.size(), kBytes));
  if (std::any_of(more.begin(), more.end(), [](std::uint8_t digit) { return digit != 0; })) return {};
  std::string text;
  for (std::size_t i = kBytes; i-- > 0;) {
    const std::uint8_t digit = i < digits.size() ? digits[i] : 0;
    text += kHex[digit >> 4];
    text += kHex[digit & 0xF];
    if (i == 12 || i == 10 || i == 8 || i == 6) text += '-';
  }
  return text;
}

}  // namespace pyport::value
