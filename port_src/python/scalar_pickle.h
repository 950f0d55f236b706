// Pickles of single values of exact builtin types, made without the pickle module: None, bool,
// int of 64 bits, float, and str and bytes below 64 KiB. The same bytes that pickle.dumps makes.
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

namespace pyport::python {

// A pickle in three pieces: | head | payload | tail |. The payload is the value's own memory.
class ScalarPickle {
 public:
  // Nothing when the value is anything else; no exception is set then.
  static std::optional<ScalarPickle> of(PyObject* value) REQUIRES(attached);

  std::size_t size() const { return head_size_ + payload_.size() + tail_size_; }
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
  bool sized(std::uint8_t short_op, std::uint8_t long_op, ByteSpan payload);
  bool fill(PyObject* value) REQUIRES(attached);
  void finish();

  // Protocol and frame, 11 bytes, are put in front when all else is known.
  std::array<std::uint8_t, 24> head_{};
  std::size_t head_size_ = 0;
  ByteSpan payload_;
  std::array<std::uint8_t, 2> tail_{};
  std::size_t tail_size_ = 0;
};

}  // namespace pyport::python
