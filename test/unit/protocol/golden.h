// Reads test/golden/frames.txt: lines `name hex`, comments begin with #.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "base/bytes.h"

namespace pyport::test {

inline Bytes from_hex(const std::string& hex) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

inline std::string to_hex(ByteSpan bytes) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string hex;
  for (const std::uint8_t byte : bytes) {
    hex.push_back(kDigits[byte >> 4]);
    hex.push_back(kDigits[byte & 15]);
  }
  return hex;
}

// All golden frames by name, without their length bytes.
inline const std::map<std::string, Bytes>& golden_frames() {
  static const std::map<std::string, Bytes> frames = [] {
    std::map<std::string, Bytes> all;
    std::ifstream file(PYPORT_GOLDEN_DIR "/frames.txt");
    std::string line;
    while (std::getline(file, line)) {
      if (line.empty() || line[0] == '#') continue;
      std::istringstream words(line);
      std::string name, hex;
      words >> name >> hex;
      all[name] = from_hex(hex);
    }
    return all;
  }();
  return frames;
}

inline Bytes golden(const std::string& name) {
  const auto found = golden_frames().find(name);
  if (found == golden_frames().end()) {
    ADD_FAILURE() << "no golden frame " << name;
    return {};
  }
  return found->second;
}

}  // namespace pyport::test
