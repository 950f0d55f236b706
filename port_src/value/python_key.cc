#include "value/python_key.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "etf/latin1.h"
#include "etf/reader.h"
#include "value/etf_atom.h"
#include "value/special_tuple.h"

namespace pyport::value {
namespace {

double load_double(const std::uint8_t* at) {
  return std::bit_cast<double>((std::uint64_t{load_u32(at)} << 32) | load_u32(at + 4));
}

// A letter for the Python type, the length, the content: no key is the beginning of another.
void append_item(char type, ByteSpan content, Bytes& out) {
  out.push_back(static_cast<std::uint8_t>(type));
  append_u32(out, static_cast<std::uint32_t>(content.size()));
  append(out, content);
}

// Sign and magnitude without leading zeros, lowest digit first.
void append_integer(ByteSpan magnitude, bool negative, Bytes& out) {
  while (!magnitude.empty() && magnitude.back() == 0) magnitude = magnitude.first(magnitude.size() - 1);
  append_item(negative ? '-' : '+', magnitude, out);
}

void append_int64(std::int64_t value, Bytes& out) {
  auto magnitude = static_cast<std::uint64_t>(value);
  if (value < 0) magnitude = 0 - magnitude;
  std::uint8_t digits[8];
  std::memcpy(digits, &magnitude, 8);
  append_integer(digits, value < 0, out);
}

void append_float(const std::uint8_t* ieee754, Bytes& out) {
  const double value = load_double(ieee754);
  if (value != std::trunc(value)) return append_item('f', {ieee754, 8}, out);
  // value = mantissa * 2^exponent with an exact 64-bit mantissa.
  int exponent = 0;
  const double fraction = std::frexp(std::fabs(value), &exponent);
  auto mantissa = static_cast<std::uint64_t>(std::ldexp(fraction, 53));
  exponent -= 53;
  if (exponent < 0) {
    mantissa = exponent > -64 ? mantissa >> -exponent : 0;
    exponent = 0;
  }
  Bytes magnitude(static_cast<std::size_t>(exponent) / 8 + 10, 0);
  std::uint8_t* const at = magnitude.data() + exponent / 8;
  const auto bits = static_cast<unsigned>(exponent) % 8;
  const std::uint64_t low = mantissa << bits;  // 53 bits and 7 more fit
  std::memcpy(at, &low, 8);
  append_integer(magnitude, value < 0, out);
}

void append_binary(ByteSpan bytes, Bytes& out) { append_item(is_utf8(bytes) ? 's' : 'b', bytes, out); }

void append_atom(const AtomView& atom, Bytes& out) {
  if (atom.name == "true") return append_int64(1, out);
  if (atom.name == "false") return append_int64(0, out);
  if (is_none(atom.name)) return append_item('n', {}, out);
  if (!atom.latin1) return append_item('s', as_bytes(atom.name), out);
  std::string utf8;
  etf::append_latin1(as_bytes(atom.name), utf8);
  append_item('s', as_bytes(utf8), out);
}

// Appends the term at the front of `key`; returns its bytes and how many terms it announces.
std::size_t append_one(ByteSpan key, std::uint64_t& announced, Bytes& out) {
  const std::uint8_t* const at = key.data();
  announced = 0;
  if (is_atom_tag(at[0])) {
    const AtomView atom = atom_at(at);
    append_atom(atom, out);
    return atom.size;
  }
  switch (at[0]) {
    case etf::kSmallInteger:
      append_int64(at[1], out);
      return 2;
    case etf::kInteger:
      append_int64(static_cast<std::int32_t>(load_u32(at + 1)), out);
      return 5;
    case etf::kSmallBig:
      append_integer(key.subspan(3, at[1]), at[2] != 0, out);
      return std::size_t{3} + at[1];
    case etf::kLargeBig:
      append_integer(key.subspan(6, load_u32(at + 1)), at[5] != 0, out);
      return std::size_t{6} + load_u32(at + 1);
    case etf::kNewFloat:
      append_float(at + 1, out);
      return 9;
    case etf::kBinary:
      append_binary(key.subspan(5, load_u32(at + 1)), out);
      return std::size_t{5} + load_u32(at + 1);
    default:
      break;
  }
  const SpecialTuple special = special_tuple(at);
  if (special.kind == SpecialTuple::Kind::bytes) {
    append_item('b', special.first, out);
    return special.size;
  }
  if (special.kind == SpecialTuple::Kind::none && (at[0] == etf::kSmallTuple || at[0] == etf::kLargeTuple)) {
    const bool small = at[0] == etf::kSmallTuple;
    announced = small ? at[1] : load_u32(at + 1);
    out.push_back('t');
    append_u32(out, static_cast<std::uint32_t>(announced));
    return small ? 2 : 5;
  }
  const std::size_t size = etf::term_size(key);
  append_item('x', key.first(size), out);
  return size;
}

}  // namespace

std::uint16_t float_kinds(const std::uint8_t* ieee754) {
  const double value = load_double(ieee754);
  if (value == 0) return KeyKinds::whole_float | KeyKinds::zero_float;
  return value == std::trunc(value) ? KeyKinds::whole_float : KeyKinds::other;
}

void append_python_key(ByteSpan key, Bytes& out) {
  for (std::uint64_t pending = 1; pending > 0; --pending) {
    std::uint64_t announced = 0;
    key = key.subspan(append_one(key, announced, out));
    pending += announced;
  }
}

std::optional<std::uint32_t> duplicate_python_key(ByteSpan term, std::span<const std::uint32_t> keys,
                                                  Bytes& scratch) {
  struct Item {
    std::size_t begin, end;  // in scratch
    std::uint32_t key;
  };
  scratch.clear();
  std::vector<Item> items;
  items.reserve(keys.size());
  for (const std::uint32_t key : keys) {
    const std::size_t begin = scratch.size();
    append_python_key(term.subspan(key), scratch);
    items.push_back({begin, scratch.size(), key});
  }
  const auto text = [&scratch](const Item& item) {
    return as_text(ByteSpan(scratch).subspan(item.begin, item.end - item.begin));
  };
  std::sort(items.begin(), items.end(), [&text](const Item& a, const Item& b) {
    const int order = text(a).compare(text(b));
    return order != 0 ? order < 0 : a.key < b.key;
  });
  const auto twin = std::adjacent_find(items.begin(), items.end(),
                                       [&text](const Item& a, const Item& b) { return text(a) == text(b); });
  if (twin == items.end()) return std::nullopt;
  return (twin + 1)->key;
}

}  // namespace pyport::value
