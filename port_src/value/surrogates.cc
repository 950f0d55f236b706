#include "value/surrogates.h"

#include "base/utf8.h"

namespace pyport::value {
namespace {

constexpr std::size_t kSurrogateBytes = 3;

// Offset of the first encoded surrogate, or text.size(). ED is a lead byte wherever it stands in UTF-8,
// so that what is before it must be whole.
std::size_t find_surrogate(ByteSpan text) {
  for (std::size_t i = 0; i + kSurrogateBytes <= text.size(); ++i) {
    if (text[i] == 0xED && text[i + 1] >= 0xA0 && text[i + 1] <= 0xBF && (text[i + 2] & 0xC0) == 0x80)
      return i;
  }
  return text.size();
}

}  // namespace

bool is_utf8_with_surrogates(ByteSpan text) {
  while (true) {
    const std::size_t at = find_surrogate(text);
    if (!is_utf8(text.first(at))) return false;
    if (at == text.size()) return true;
    text = text.subspan(at + kSurrogateBytes);
  }
}

std::string escape_surrogates(ByteSpan text) {
  constexpr const char* kHex = "0123456789abcdef";
  std::string out;
  while (true) {
    const std::size_t at = find_surrogate(text);
    out += as_text(text.first(at));
    if (at == text.size()) return out;
    out += "\\ud";
    const unsigned low = ((text[at + 1] & 0x3FU) << 6) | (text[at + 2] & 0x3FU);
    for (int shift = 8; shift >= 0; shift -= 4) out += kHex[(low >> shift) & 0xF];
    text = text.subspan(at + kSurrogateBytes);
  }
}

}  // namespace pyport::value
