// Bytes from readable text, for tests: hex("83 6d 00000001 61") or hex("83 6d 00000001 'a'").
#pragma once

#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace pyport::test {

inline int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  throw std::invalid_argument("no hex digit: " + std::string(1, c));
}

// Pairs of hex digits; blanks are ignored; text between single quotes stands for itself.
inline Bytes hex(std::string_view text) {
  Bytes out;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == ' ') {
      ++i;
    } else if (text[i] == '\'') {
      const std::size_t end = text.find('\'', i + 1);
      append(out, as_bytes(text.substr(i + 1, end - i - 1)));
      i = end + 1;
    } else {
      out.push_back(static_cast<std::uint8_t>(hex_digit(text[i]) * 16 + hex_digit(text.at(i + 1))));
      i += 2;
    }
  }
  return out;
}

inline std::string to_hex(ByteSpan bytes) {
  std::string out;
  char pair[3];
  for (const std::uint8_t byte : bytes) {
    std::snprintf(pair, sizeof pair, "%02x", byte);
    out += pair;
  }
  return out;
}

}  // namespace pyport::test
