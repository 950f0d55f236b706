#include "etf/validate.h"

#include <array>
#include <string>

#include "base/utf8.h"
#include "etf/bounds.h"
#include "etf/tags.h"

namespace pyport::etf {
namespace {

constexpr std::size_t kMaxAtomCharacters = 255;
constexpr std::size_t kMaxReferenceWords = 5;  // OTP 24 and later

class Validator {
 public:
  explicit Validator(ByteSpan bytes) : begin_(bytes.data()), at_(begin_), end_(begin_ + bytes.size()) {}

  // Exactly one term up to the end. False with why() otherwise.
  bool run();
  bool version();
  std::size_t deepest() const { return deepest_; }
  Error error() const;

 private:
  struct Container {
    std::uint64_t left;            // terms still to come
    const std::uint8_t* must_end;  // a fun says where it ends; null for the others
  };

  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  bool fail(const char* why) {
    why_ = why;
    return false;
  }
  bool need(std::uint64_t bytes, const char* why) { return fits(left(), bytes) || fail(why); }
  // Skips `bytes` after checking that they are there.
  bool take(std::uint64_t bytes, const char* why) {
    if (!need(bytes, why)) return false;
    at_ += bytes;
    return true;
  }
  bool take_u8(std::size_t& value, const char* why);
  bool take_u16(std::size_t& value, const char* why);
  bool take_u32(std::size_t& value, const char* why);

  bool one_term();
  bool close_containers();
  bool open(std::uint64_t terms, const char* why, const std::uint8_t* must_end = nullptr);
  bool scalar(std::uint8_t tag);

  bool finite_float();
  bool big(std::size_t digits);
  bool bitstring();
  bool latin1_atom(std::size_t size);
  bool utf8_atom(std::size_t size);
  bool sized_u8(bool (Validator::*body)(std::size_t), const char* why);
  bool sized_u16(bool (Validator::*body)(std::size_t), const char* why);
  bool sized_u32(bool (Validator::*body)(std::size_t), const char* why);
  bool payload(std::size_t size) { return take(size, "truncated binary"); }
  bool string_payload(std::size_t size) { return take(size, "truncated string"); }

  bool tagged_atom(const char* why);
  bool tagged_small_integer(const char* why);
  bool tagged_integer(const char* why);
  bool tagged_pid();
  bool node_and(std::size_t bytes, const char* why);
  bool reference(std::size_t fixed);
  bool fun();
  bool export_fun();

  const std::uint8_t* begin_;
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  const std::uint8_t* term_ = nullptr;  // tag of the term being looked at
  const char* why_ = "";
  std::size_t depth_ = 0;
  std::size_t deepest_ = 0;
  std::array<Container, kMaxDepth> open_;  // [0, depth_) are set
};

bool Validator::take_u8(std::size_t& value, const char* why) {
  if (!need(1, why)) return false;
  value = *at_++;
  return true;
}

bool Validator::take_u16(std::size_t& value, const char* why) {
  if (!need(2, why)) return false;
  value = load_u16(at_);
  at_ += 2;
  return true;
}

bool Validator::take_u32(std::size_t& value, const char* why) {
  if (!need(4, why)) return false;
  value = load_u32(at_);
  at_ += 4;
  return true;
}

bool Validator::run() {
  do {
    if (!one_term() || !close_containers()) return false;
  } while (depth_ > 0);
  term_ = at_;
  return at_ == end_ || fail("bytes after the term");
}

bool Validator::version() {
  term_ = at_;
  if (!need(1, "empty body")) return false;
  if (*at_ != kVersion) return fail("no version byte");
  ++at_;
  return true;
}

// One term is done: so is each container whose last term it was.
bool Validator::close_containers() {
  while (depth_ > 0) {
    Container& top = open_[depth_ - 1];
    if (top.left > 0) {
      --top.left;
      return true;
    }
    if (top.must_end != nullptr && top.must_end != at_) return fail("wrong size of fun");
    --depth_;
  }
  return true;
}

bool Validator::open(std::uint64_t terms, const char* why, const std::uint8_t* must_end) {
  if (!need(terms, why)) return false;
  if (terms == 0) return must_end == nullptr || must_end == at_ || fail("wrong size of fun");
  if (depth_ == kMaxDepth) return fail("depth over 512");
  open_[depth_++] = {terms, must_end};
  if (depth_ > deepest_) deepest_ = depth_;
  return true;
}

bool Validator::one_term() {
  term_ = at_;
  if (!need(1, "truncated term")) return false;
  const std::uint8_t tag = *at_++;
  std::size_t count = 0;
  switch (tag) {
    case kSmallTuple:
      return take_u8(count, "truncated tuple") && open(count, "tuple arity over the bytes left");
    case kLargeTuple:
      return take_u32(count, "truncated tuple") && open(count, "tuple arity over the bytes left");
    case kList:
      if (!take_u32(count, "truncated list")) return false;
      if (count == 0) return fail("list without elements");
      return open(std::uint64_t{count} + 1, "list length over the bytes left");
    case kMap:
      return take_u32(count, "truncated map") &&
             open(std::uint64_t{count} * 2, "map size over the bytes left");
    case kNewFun:
      return fun();
    default:
      return scalar(tag);
  }
}

bool Validator::scalar(std::uint8_t tag) {
  switch (tag) {
    case kSmallInteger:
      return take(1, "truncated integer");
    case kInteger:
      return take(4, "truncated integer");
    case kNewFloat:
      return finite_float();
    case kNil:
      return true;
    case kSmallAtomUtf8:
      return sized_u8(&Validator::utf8_atom, "truncated atom");
    case kAtomUtf8:
      return sized_u16(&Validator::utf8_atom, "truncated atom");
    case kSmallAtomLatin1:
      return sized_u8(&Validator::latin1_atom, "truncated atom");
    case kAtomLatin1:
      return sized_u16(&Validator::latin1_atom, "truncated atom");
    case kBinary:
      return sized_u32(&Validator::payload, "truncated binary");
    case kString:
      return sized_u16(&Validator::string_payload, "truncated string");
    case kBitBinary:
      return bitstring();
    case kSmallBig:
      return sized_u8(&Validator::big, "truncated integer");
    case kLargeBig:
      return sized_u32(&Validator::big, "truncated integer");
    case kPid:
      return node_and(9, "truncated pid");
    case kNewPid:
      return node_and(12, "truncated pid");
    case kPort:
      return node_and(5, "truncated port");
    case kNewPort:
      return node_and(8, "truncated port");
    case kV4Port:
      return node_and(12, "truncated port");
    case kReference:
      return node_and(5, "truncated reference");
    case kNewReference:
      return reference(1);
    case kNewerReference:
      return reference(4);
    case kExport:
      return export_fun();
    default:
      return fail("unknown tag");
  }
}

bool Validator::sized_u8(bool (Validator::*body)(std::size_t), const char* why) {
  std::size_t size = 0;
  return take_u8(size, why) && (this->*body)(size);
}

bool Validator::sized_u16(bool (Validator::*body)(std::size_t), const char* why) {
  std::size_t size = 0;
  return take_u16(size, why) && (this->*body)(size);
}

bool Validator::sized_u32(bool (Validator::*body)(std::size_t), const char* why) {
  std::size_t size = 0;
  return take_u32(size, why) && (this->*body)(size);
}

bool Validator::finite_float() {
  if (!need(8, "truncated float")) return false;
  const bool finite = (load_u16(at_) & 0x7FF0) != 0x7FF0;
  at_ += 8;
  return finite || fail("float is not finite");
}

bool Validator::big(std::size_t digits) {
  if (!need(std::uint64_t{digits} + 1, "truncated integer")) return false;
  if (*at_ > 1) return fail("bad sign of integer");
  at_ += digits + 1;
  return true;
}

bool Validator::bitstring() {
  std::size_t size = 0;
  std::size_t bits = 0;
  if (!take_u32(size, "truncated bitstring") || !take_u8(bits, "truncated bitstring")) return false;
  // Bits used of the last byte: 1 to 8, and 0 exactly when there is no byte.
  if (bits > 8 || (bits == 0) != (size == 0)) return fail("bad bit count of bitstring");
  return take(size, "truncated bitstring");
}

bool Validator::latin1_atom(std::size_t size) {
  return take(size, "truncated atom") && (size <= kMaxAtomCharacters || fail("atom over 255 characters"));
}

bool Validator::utf8_atom(std::size_t size) {
  if (!need(size, "truncated atom")) return false;
  const ByteSpan text(at_, size);
  if (!is_utf8(text)) return fail("atom is not UTF-8");
  std::size_t characters = 0;
  if (size > kMaxAtomCharacters) {
    for (const std::uint8_t byte : text) characters += (byte & 0xC0) != 0x80;
  }
  at_ += size;
  return characters <= kMaxAtomCharacters || fail("atom over 255 characters");
}

// An atom with its tag, as it stands inside pids, ports, references and funs.
bool Validator::tagged_atom(const char* why) {
  if (!need(1, why)) return false;
  switch (*at_) {
    case kSmallAtomUtf8:
    case kAtomUtf8:
    case kSmallAtomLatin1:
    case kAtomLatin1:
      return scalar(*at_++);
    default:
      return fail("atom expected");
  }
}

bool Validator::tagged_small_integer(const char* why) {
  if (!need(2, why)) return false;
  if (*at_ != kSmallInteger) return fail("integer expected");
  at_ += 2;
  return true;
}

bool Validator::tagged_integer(const char* why) {
  if (!need(1, why)) return false;
  if (*at_ != kInteger) return tagged_small_integer(why);
  ++at_;
  return take(4, why);
}

bool Validator::tagged_pid() {
  if (!need(1, "truncated fun")) return false;
  if (*at_ != kPid && *at_ != kNewPid) return fail("pid expected");
  return scalar(*at_++);
}

// Pids, ports and old references: the node's name and fixed fields.
bool Validator::node_and(std::size_t bytes, const char* why) { return tagged_atom(why) && take(bytes, why); }

// `fixed` bytes of creation, then the announced number of 32-bit words.
bool Validator::reference(std::size_t fixed) {
  std::size_t words = 0;
  if (!take_u16(words, "truncated reference")) return false;
  if (words == 0 || words > kMaxReferenceWords) return fail("bad length of reference");
  return node_and(fixed + 4 * words, "truncated reference");
}

// Source: ERTS User's Guide, "External Term Format", NEW_FUN_EXT: size (itself included), arity,
// 16 bytes of MD5, index, number of free variables, module, old index, old uniq, pid, free variables.
bool Validator::fun() {
  constexpr std::uint64_t kFixed = 4 + 1 + 16 + 4 + 4;
  if (!need(kFixed, "truncated fun")) return false;
  const std::uint64_t size = load_u32(at_);
  if (size < kFixed) return fail("wrong size of fun");
  if (!need(size, "truncated fun")) return false;
  const std::uint8_t* const must_end = at_ + size;
  const std::uint32_t free_variables = load_u32(at_ + kFixed - 4);
  at_ += kFixed;
  return tagged_atom("truncated fun") && tagged_integer("truncated fun") && tagged_integer("truncated fun") &&
         tagged_pid() && open(free_variables, "fun variables over the bytes left", must_end);
}

bool Validator::export_fun() {
  return tagged_atom("truncated fun") && tagged_atom("truncated fun") &&
         tagged_small_integer("truncated fun");
}

Error Validator::error() const {
  return make_error(Errc::bad_etf, std::string(why_) + " at byte " + std::to_string(term_ - begin_));
}

}  // namespace

Status validate(ByteSpan bytes) {
  Validator validator(bytes);
  if (!validator.version() || !validator.run()) return validator.error();
  return ok_status();
}

Status validate_term(ByteSpan bytes) {
  Validator validator(bytes);
  if (!validator.run()) return validator.error();
  return ok_status();
}

Result<std::size_t> validated_depth(ByteSpan bytes) {
  Validator validator(bytes);
  if (!validator.run()) return validator.error();
  return validator.deepest();
}

}  // namespace pyport::etf
