// Appends pickle protocol 5 opcodes, each value in the form that CPython's pickler
// chooses, without memo entries but for the callables of `_erlang`.
//
// Thread safety: values; the appender must outlive the writer.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "value/appender.h"
#include "value/pickle_op.h"

namespace pyport::value {

// The callables of the built-in Python module `_erlang` that a pickle may name.
enum class Builtin : std::uint8_t { dict, pid, reference, term, object, atom };
inline constexpr std::size_t kBuiltins = 6;
inline constexpr std::string_view kBuiltinModule = "_erlang";
inline constexpr std::array<std::string_view, kBuiltins> kBuiltinNames = {"dict", "pid",    "reference",
                                                                          "term", "object", "atom"};

class PickleWriter {
 public:
  explicit PickleWriter(Appender& out) : out_(out) {}

  void op(Op code) { out_.byte(code); }
  void ops(Op first, Op second);
  void proto();  // protocol 5

  void integer(std::int64_t value);
  // Magnitude to base 256, lowest digit first.
  void integer(ByteSpan magnitude, bool negative);
  // Two's complement to base 256, lowest digit first, of at least one digit.
  void integer(ByteSpan digits);
  // Eight bytes, big-endian.
  void number(const std::uint8_t* ieee754);
  // REQUIRES: valid UTF-8.
  void text(ByteSpan utf8);
  void bytes(ByteSpan data);
  // The elements of a tuple are on the pickle's stack, above a MARK when mark_needed(arity).
  void close_tuple(std::size_t arity);
  static bool mark_needed(std::size_t arity) { return arity > 3; }

  // Pushes the callable; the next uses of it take it from the memo.
  void builtin(Builtin which);

 private:
  void sized(Op small, Op large, ByteSpan data);

  Appender& out_;
  std::array<std::uint8_t, kBuiltins> memo_index_{};  // plus one; 0: not in the memo
  std::uint8_t memo_size_ = 0;
};

}  // namespace pyport::value
