#include "etf/writer.h"

#include <bit>

#include "etf/encode.h"

namespace pyport::etf {

Writer& Writer::version() {
  out_.push_back(kVersion);
  return *this;
}

Writer& Writer::tuple(std::size_t arity) {
  std::uint8_t head[kMaxEncoded];
  return put(head, encode_tuple(arity, head));
}

Writer& Writer::list(std::size_t count) {
  if (count == 0) return *this;
  std::uint8_t head[kMaxEncoded];
  return put(head, encode_counted(kList, count, head));
}

Writer& Writer::nil() {
  out_.push_back(kNil);
  return *this;
}

Writer& Writer::map(std::size_t pairs) {
  std::uint8_t head[kMaxEncoded];
  return put(head, encode_counted(kMap, pairs, head));
}

Writer& Writer::atom(std::string_view text) {
  std::uint8_t head[kMaxEncoded];
  return put(head, encode_atom_header(text.size(), head)).raw(as_bytes(text));
}

Writer& Writer::boolean(bool value) { return atom(value ? "true" : "false"); }

Writer& Writer::binary_header(std::size_t size) {
  std::uint8_t head[kMaxEncoded];
  return put(head, encode_counted(kBinary, size, head));
}

Writer& Writer::binary(ByteSpan bytes) { return binary_header(bytes.size()).raw(bytes); }

Writer& Writer::integer(std::int64_t value) {
  std::uint8_t term[kMaxEncoded];
  return put(term, encode_integer(value, term));
}

Writer& Writer::unsigned_integer(std::uint64_t value) {
  if (value <= INT64_MAX) return integer(static_cast<std::int64_t>(value));
  std::uint8_t term[kMaxEncoded];
  return put(term, encode_small_big(value, false, term));
}

Writer& Writer::number(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  std::uint8_t term[9] = {kNewFloat};
  store_u32(term + 1, static_cast<std::uint32_t>(bits >> 32));
  store_u32(term + 5, static_cast<std::uint32_t>(bits));
  return put(term, sizeof term);
}

Writer& Writer::raw(ByteSpan term) {
  append(out_, term);
  return *this;
}

Writer& Writer::put(const std::uint8_t* bytes, std::size_t size) { return raw({bytes, size}); }

}  // namespace pyport::etf
