// Latin-1 to UTF-8: old atoms, and bytes in pickles of protocol 2.
//
// Thread safety: pure function.
#pragma once

#include <string>

#include "base/bytes.h"

namespace pyport::etf {

inline void append_latin1(ByteSpan text, std::string& out) {
  for (const std::uint8_t byte : text) {
    if (byte < 0x80) {
      out.push_back(static_cast<char>(byte));
    } else {
      out.push_back(static_cast<char>(0xC0 | (byte >> 6)));
      out.push_back(static_cast<char>(0x80 | (byte & 0x3F)));
    }
  }
}

}  // namespace pyport::etf
