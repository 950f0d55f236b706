// Collects many small writes in a fixed chunk before they go to a byte vector, whose every insert costs
// more than the few bytes of a header or a number.
//
// Invariant: what was appended is the vector's content and then the chunk's. Call flush() before looking
// at the vector, and before the end.
//
// Thread safety: values; the vector must outlive the appender.
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace pyport::value {

class Appender {
 public:
  static constexpr std::size_t kSmall = 32;

  explicit Appender(Bytes& out) : out_(out) {}

  // Bytes in the vector once flushed.
  std::size_t size() const { return out_.size() + used_; }

  void byte(std::uint8_t value) { *room() = value, ++used_; }
  // Where up to kSmall bytes may be written, to be followed by wrote().
  std::uint8_t* room() {
    if (used_ + kSmall > chunk_.size()) flush();
    return chunk_.data() + used_;
  }
  void wrote(std::size_t bytes) { used_ += bytes; }

  void bytes(ByteSpan data) {
    if (data.size() <= kSmall) {
      // Empty views may be null, which memcpy must not be given.
      if (!data.empty()) std::memcpy(room(), data.data(), data.size());
      wrote(data.size());
    } else if (data.size() <= chunk_.size() - used_) {
      std::memcpy(chunk_.data() + used_, data.data(), data.size());
      used_ += data.size();
    } else {
      flush();
      append(out_, data);
    }
  }

  void flush() {
    append(out_, {chunk_.data(), used_});
    used_ = 0;
  }
  // Forgets what has not been flushed.
  void drop() { used_ = 0; }

 private:
  Bytes& out_;
  std::size_t used_ = 0;
  std::array<std::uint8_t, 1024> chunk_;
};

}  // namespace pyport::value
