// The keys of HELLO: how each is read, and which role has it.
//
// Thread safety: constants and pure functions.
#pragma once

#include <span>
#include <string_view>

#include "etf/reader.h"
#include "protocol/hello.h"
#include "protocol/map_keys.h"

namespace pyport::protocol {

// Which roles have a key.
inline constexpr std::uint8_t kOfTable = 1;
inline constexpr std::uint8_t kOfPython = 2;
inline constexpr std::uint8_t kOfBoth = kOfTable | kOfPython;

struct HelloKey {
  std::string_view name;
  std::uint8_t roles;
  // Reads the value. A failure that it does not set itself is told with `expected`.
  bool (*read)(etf::Reader& reader, Hello& hello, KeyFailure& failure);
  std::string_view expected;  // completes "name: not ..."
};

std::span<const HelloKey> hello_keys();

// The value of `role`. False when it is none.
bool read_role(etf::Reader& reader, Role& role);

}  // namespace pyport::protocol
