// A path of an Errc::bad_term as one word, as test/golden/values.txt writes it: [1,name,3].
#pragma once

#include <cstdio>
#include <string>

#include "base/error.h"

namespace pyport::test {

inline std::string path_text(const Path& path) {
  std::string out = "[";
  for (const PathStep& step : path) {
    if (out.size() > 1) out += ',';
    if (const auto* number = std::get_if<std::int64_t>(&step)) {
      out += std::to_string(*number);
      continue;
    }
    for (const char c : std::get<std::string>(step)) {
      char escaped[5];
      std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned char>(c));
      out += c > ' ' && c < 0x7f ? std::string(1, c) : std::string(escaped);
    }
  }
  return out + "]";
}

}  // namespace pyport::test
