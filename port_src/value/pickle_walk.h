// A pickle of any protocol as a row of opcodes, without looking into what they do.
//
// The pickle may come from anywhere: nothing outside of it is read.
//
// Thread safety: one object belongs to one thread.
#pragma once

#include <optional>

#include "base/bytes.h"

namespace pyport::value {

class PickleWalk {
 public:
  explicit PickleWalk(ByteSpan pickle) : pickle_(pickle) {}

  bool at_end() const { return at_ == pickle_.size(); }
  // The next opcode with its argument; nothing when it is unknown or does not end within the pickle.
  // REQUIRES: !at_end()
  std::optional<ByteSpan> next();

 private:
  bool skip_bytes(std::uint64_t count);
  bool skip_counted(std::size_t width);
  bool skip_line();

  const ByteSpan pickle_;
  std::size_t at_ = 0;
};

}  // namespace pyport::value
