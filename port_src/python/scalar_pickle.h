// Pickles of single values of exact builtin types, made without the pickle module: None, bool,
// int of 64 bits, float, and str and bytes below 4 GiB. What pickle.dumps makes, but for the frame that it
// announces and the memo that nothing is read from.
//
// Thread safety: REQUIRES an attached thread state, but for write.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "python/gil.h"
#include "value/pickle_op.h"

namespace pyport::python {

// A pickle in three pieces: | head | payload | STOP |. The payload is the value's own memory.
class ScalarPickle {
 public:
  // Nothing when the value is anything else; no exception is set then.
  static std::optional<ScalarPickle> of(PyObject* value) REQUIRES(attached);

  std::size_t size() const { return head_size_ + payload_.size() + 1; }
  // REQUIRES: out.size() == size(), and the value still lives.
  void write(std::span<std::uint8_t> out) const;

 private:
  void head(std::initializer_list<std::uint8_t> bytes);
  void head_number(std::uint64_t number, std::size_t bytes);
  void integer(std::int64_t number);
  void floating(double value);
  // These three: false when the value is too big to be one of ours.
  bool number(PyObject* value) REQUIRES(attached);
  bool text(PyObject* value) REQUIRES(attached);
  bool sized(value::Op short_op, value::Op long_op, ByteSpan payload);
  bool fill(PyObject* value) REQUIRES(attached);

  std::array<std::uint8_t, 12> head_{};  // PROTO 5, LONG1, its size and eight bytes
  std::size_t head_size_ = 0;
  ByteSpan payload_;
};

}  // namespace pyport::python
