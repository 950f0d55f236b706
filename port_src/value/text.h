// Whether bytes are text, tuned for what values mostly are: ASCII.
//
// Thread safety: pure function.
#pragma once

#include "base/bytes.h"
#include "base/utf8.h"

namespace pyport::value {

// The same answer as is_utf8, which looks at eight bytes at a time.
inline bool is_text(ByteSpan bytes) {
  constexpr std::size_t kBlock = 64;
  while (bytes.size() >= kBlock) {
    std::uint64_t words[kBlock / 8];
    std::memcpy(words, bytes.data(), kBlock);
    std::uint64_t all = 0;
    for (const std::uint64_t word : words) all |= word;
    if ((all & 0x8080808080808080ULL) != 0) break;
    bytes = bytes.subspan(kBlock);
  }
  return is_utf8(bytes);
}

}  // namespace pyport::value
