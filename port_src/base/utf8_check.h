// UTF-8 that comes in parts, which may end anywhere.
//
// Thread safety: one object belongs to one thread.
#pragma once

#include <array>

#include "base/bytes.h"

namespace pyport {

class Utf8Check {
 public:
  void feed(ByteSpan part);
  // True when all that was fed is valid UTF-8, and ends with a whole character.
  bool valid() const { return good_ && begun_ == 0; }

 private:
  ByteSpan end_character(ByteSpan part);

  bool good_ = true;
  std::size_t begun_ = 0;  // bytes of a character that the next part goes on with
  std::array<std::uint8_t, 4> character_{};
};

}  // namespace pyport
