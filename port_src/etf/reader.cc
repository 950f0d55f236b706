#include "etf/reader.h"

#include <ei.h>

#include <array>

#include "base/utf8.h"
#include "etf/latin1.h"
#include "etf/tags.h"

namespace pyport::etf {
namespace {

constexpr std::array<std::uint8_t, 512> make_small_integers() {
  std::array<std::uint8_t, 512> terms{};
  for (std::size_t i = 0; i < 256; ++i) {
    terms[2 * i] = kSmallInteger;
    terms[2 * i + 1] = static_cast<std::uint8_t>(i);
  }
  return terms;
}

constexpr std::array<std::uint8_t, 512> kSmallIntegers = make_small_integers();

}  // namespace

Reader::Reader(ByteSpan bytes) : bytes_(bytes) {
  if (!bytes_.empty() && bytes_[0] == kVersion) position_ = 1;
}

ByteSpan Reader::small_integer(std::uint8_t value) {
  return ByteSpan(kSmallIntegers).subspan(std::size_t{2} * value, 2);
}

Type Reader::type() const {
  if (at_end()) return Type::none;
  switch (tag()) {
    case kSmallInteger:
    case kInteger:
    case kSmallBig:
    case kLargeBig:
      return Type::integer;
    case kNewFloat:
      return Type::floating;
    case kSmallAtomUtf8:
    case kAtomUtf8:
    case kSmallAtomLatin1:
    case kAtomLatin1:
      return Type::atom;
    case kBinary:
      return Type::binary;
    case kBitBinary:
      return Type::bitstring;
    case kSmallTuple:
    case kLargeTuple:
      return Type::tuple;
    case kNil:
    case kString:
    case kList:
      return Type::list;
    case kMap:
      return Type::map;
    case kPid:
    case kNewPid:
      return Type::pid;
    case kPort:
    case kNewPort:
    case kV4Port:
      return Type::port;
    case kReference:
    case kNewReference:
    case kNewerReference:
      return Type::reference;
    default:
      return Type::fun;
  }
}

bool Reader::tuple(std::size_t& arity) {
  if (type() != Type::tuple) return false;
  int at = index();
  int count = 0;
  if (ei_decode_tuple_header(data(), &at, &count) != 0) return false;
  arity = static_cast<std::size_t>(count);
  position_ = static_cast<std::size_t>(at);
  return true;
}

bool Reader::tuple_of(std::size_t arity) {
  const std::size_t start = position_;
  std::size_t count = 0;
  if (tuple(count) && count == arity) return true;
  position_ = start;
  return false;
}

bool Reader::map(std::size_t& pairs) {
  if (type() != Type::map) return false;
  int at = index();
  int count = 0;
  if (ei_decode_map_header(data(), &at, &count) != 0) return false;
  pairs = static_cast<std::size_t>(count);
  position_ = static_cast<std::size_t>(at);
  return true;
}

bool Reader::list_header(std::size_t& count, bool& is_string, bool& has_tail) {
  if (type() != Type::list) return false;
  is_string = tag() == kString;
  has_tail = tag() == kList;
  if (is_string) {
    count = load_u16(&bytes_[position_ + 1]);
    position_ += 3;
    return true;
  }
  int at = index();
  int elements = 0;
  if (ei_decode_list_header(data(), &at, &elements) != 0) return false;
  count = static_cast<std::size_t>(elements);
  position_ = static_cast<std::size_t>(at);
  return true;
}

bool Reader::nil() {
  if (at_end() || tag() != kNil) return false;
  ++position_;
  return true;
}

bool Reader::list_size(std::size_t& count) const {
  Reader probe = *this;
  std::size_t elements = 0;
  if (!probe.list([&elements](Reader& element) {
        ++elements;
        return element.skip();
      })) {
    return false;
  }
  count = elements;
  return true;
}

bool Reader::binary(ByteSpan& bytes) {
  if (type() != Type::binary) return false;
  const std::size_t size = load_u32(&bytes_[position_ + 1]);
  bytes = bytes_.subspan(position_ + 5, size);
  position_ += 5 + size;
  return true;
}

bool Reader::text(std::string_view& text) {
  const std::size_t start = position_;
  ByteSpan bytes;
  if (!binary(bytes) || !is_utf8(bytes)) {
    position_ = start;
    return false;
  }
  text = as_text(bytes);
  return true;
}

// By hand, not by ei_decode_atom_as: that gives a C string, and an atom may contain the character 0.
bool Reader::atom(std::string& text) {
  if (type() != Type::atom) return false;
  const bool small = tag() == kSmallAtomUtf8 || tag() == kSmallAtomLatin1;
  const std::size_t header = small ? 2 : 3;
  const std::size_t size = small ? bytes_[position_ + 1] : load_u16(&bytes_[position_ + 1]);
  const ByteSpan name = bytes_.subspan(position_ + header, size);
  text.clear();
  if (tag() == kSmallAtomUtf8 || tag() == kAtomUtf8) {
    text.assign(as_text(name));
  } else {
    append_latin1(name, text);
  }
  position_ += header + size;
  return true;
}

bool Reader::atom_is(std::string_view text) {
  const std::size_t start = position_;
  std::string name;
  if (atom(name) && name == text) return true;
  position_ = start;
  return false;
}

bool Reader::boolean(bool& value) {
  if (atom_is("true")) {
    value = true;
  } else if (atom_is("false")) {
    value = false;
  } else {
    return false;
  }
  return true;
}

bool Reader::int64(std::int64_t& value) {
  if (type() != Type::integer) return false;
  int at = index();
  EI_LONGLONG number = 0;
  if (ei_decode_longlong(data(), &at, &number) != 0) return false;
  value = number;
  position_ = static_cast<std::size_t>(at);
  return true;
}

bool Reader::uint64(std::uint64_t& value) {
  if (type() != Type::integer) return false;
  int at = index();
  EI_ULONGLONG number = 0;
  if (ei_decode_ulonglong(data(), &at, &number) != 0) return false;
  value = number;
  position_ = static_cast<std::size_t>(at);
  return true;
}

bool Reader::number(double& value) {
  if (type() != Type::floating) return false;
  int at = index();
  if (ei_decode_double(data(), &at, &value) != 0) return false;
  position_ = static_cast<std::size_t>(at);
  return true;
}

bool Reader::term(ByteSpan& bytes) {
  if (at_end()) return false;
  const std::size_t size = term_size(bytes_.subspan(position_));
  bytes = bytes_.subspan(position_, size);
  position_ += size;
  return true;
}

bool Reader::skip() {
  ByteSpan ignored;
  return term(ignored);
}

}  // namespace pyport::etf
