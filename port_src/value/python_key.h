// Which map keys become equal in Python: 1, 1.0 and true; an atom and the binary of its name; the atoms
// that are None; `{bytes, B}` and the binary B that is no text; and tuples of such.
//
// Thread safety: values and pure functions.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"

namespace pyport::value {

// What a key may collide over, collected while the keys are converted, so that the maps that people
// write (all binaries, all atoms, all integers) cost nothing.
class KeyKinds {
 public:
  enum Kind : std::uint16_t {
    other = 0,        // collides with nothing
    text = 1,         // binary that is UTF-8
    atom_text = 2,    // atom that becomes str
    raw = 4,          // binary that is not UTF-8
    bytes_tuple = 8,  // {bytes, B}
    integer = 16,
    whole_float = 32,  // a float that equals an integer
    boolean = 64,
    none = 128,
    zero_float = 256,  // 0.0 and -0.0 are two keys in Erlang from OTP 27
  };

  // One more key; `kinds` are those of the key, of all its leaves when it is a tuple.
  void add(std::uint16_t kinds) {
    twice_ = static_cast<std::uint16_t>(twice_ | (seen_ & kinds));
    seen_ = static_cast<std::uint16_t>(seen_ | kinds);
  }

  // False: no two keys are equal in Python. True: they have to be compared.
  bool may_collide() const {
    return (has(text) && has(atom_text)) || (has(raw) && has(bytes_tuple)) ||
           (twice_ & (none | zero_float)) != 0 ||
           std::popcount(static_cast<unsigned>(seen_ & (integer | whole_float | boolean))) > 1;
  }

 private:
  bool has(Kind kind) const { return (seen_ & kind) != 0; }

  std::uint16_t seen_ = 0;
  std::uint16_t twice_ = 0;
};

// The kinds of a float key given as its eight big-endian bytes.
std::uint16_t float_kinds(const std::uint8_t* ieee754);

// Appends bytes that are the same for two keys exactly when the keys are equal in Python.
// `key` is the ETF of a hashable key. REQUIRES: validated.
void append_python_key(ByteSpan key, Bytes& out);

// Of the keys at these offsets of `term`: the offset of one that equals an earlier one, if any does.
// Overwrites `scratch`.
std::optional<std::uint32_t> duplicate_python_key(ByteSpan term, std::span<const std::uint32_t> keys,
                                                  Bytes& scratch);

}  // namespace pyport::value
