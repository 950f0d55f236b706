// Appends ETF to a byte vector, term by term in the order of the format: a tuple header announces that
// so many terms follow, and so on. Nothing is checked: the caller writes what it announced.
//
//   etf::Writer writer(out);
//   writer.version().tuple(2).atom("ok").integer(42);
//
// A proper list of n > 0 elements is list(n), the elements, nil().
//
// Thread safety: values; `out` must outlive the writer.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace pyport::etf {

class Writer {
 public:
  explicit Writer(Bytes& out) : out_(out) {}

  // The byte 131 that starts a frame's body.
  Writer& version();

  Writer& tuple(std::size_t arity);
  // Header of a list; writes nothing when count is 0, so that nil() alone makes the empty list.
  Writer& list(std::size_t count);
  Writer& nil();
  Writer& map(std::size_t pairs);

  // REQUIRES: valid UTF-8, at most 255 characters.
  Writer& atom(std::string_view text);
  Writer& boolean(bool value);
  // REQUIRES: less than 4 GiB.
  Writer& binary(ByteSpan bytes);
  Writer& text(std::string_view text) { return binary(as_bytes(text)); }
  // The header of a binary whose `size` bytes the caller appends itself.
  Writer& binary_header(std::size_t size);
  Writer& integer(std::int64_t value);
  Writer& unsigned_integer(std::uint64_t value);
  // REQUIRES: finite.
  Writer& number(double value);

  // A term that is ETF already (no version byte).
  Writer& raw(ByteSpan term);

 private:
  Writer& put(const std::uint8_t* bytes, std::size_t size);

  Bytes& out_;
};

}  // namespace pyport::etf
