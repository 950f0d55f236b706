#include "value/etf_serializer.h"

#include <algorithm>
#include <string>

#include "etf/encode.h"
#include "etf/validate.h"
#include "value/external_term.h"
#include "value/key_step.h"
#include "value/surrogates.h"

namespace pyport::value {
namespace {

// 65535 words of 64 bits: what the integers of every supported OTP can hold.
constexpr std::size_t kMaxIntegerBytes = std::size_t{65535} * 8;
constexpr std::size_t kMaxAtomCharacters = 255;
constexpr const char* kTooLarge = "frame_too_large";

std::string_view none_text(NoneAtom none) {
  switch (none) {
    case NoneAtom::nil:
      return "nil";
    case NoneAtom::undefined:
      return "undefined";
    default:
      return "none";
  }
}

std::size_t characters(ByteSpan utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](std::uint8_t byte) { return (byte & 0xC0) != 0x80; }));
}

// Two's complement, lowest byte first -> magnitude without leading zeros.
Bytes magnitude_of(ByteSpan digits, bool negative) {
  Bytes magnitude(digits.begin(), digits.end());
  if (negative) {
    unsigned carry = 1;
    for (std::uint8_t& digit : magnitude) {
      carry += static_cast<std::uint8_t>(~digit);
      digit = static_cast<std::uint8_t>(carry);
      carry >>= 8;
    }
  }
  while (!magnitude.empty() && magnitude.back() == 0) magnitude.pop_back();
  return magnitude;
}

}  // namespace

void SerializerScratch::clear() {
  constexpr std::size_t kKept = std::size_t{16} << 10;
  open.clear();
  keys.clear();
  if (keys.capacity() > kKept) keys = {};
}

Status EtfSerializer::write(NodeId root) {
  open_.clear();
  keys_.clear();
  if (run(root)) {
    out_.flush();
    return ok_status();
  }
  Error failure = error();
  flushed_.resize(start_);
  return failure;
}

bool EtfSerializer::run(NodeId root) {
  if (!one(root) || !close_containers()) return false;
  while (!open_.empty()) {
    OpenContainer& top = open_.back();
    const NodeId child = top.children.next(tree_);
    if (top.kind == NodeKind::dict && top.done % 2 == 0) {
      top.key = child;
      top.key_begin = out_.size();
    }
    if (!one(child) || !close_containers()) return false;
  }
  return true;
}

// Writes a leaf or an empty container whole, or the header of a container, which it opens.
bool EtfSerializer::one(NodeId id) {
  const Node& node = tree_[id];
  switch (node.kind) {
    case NodeKind::none:
      return known_atom(none_text(options_.none));
    case NodeKind::boolean:
      return known_atom(node.integer != 0 ? "true" : "false");
    case NodeKind::integer:
      return integer(node.integer);
    case NodeKind::big:
      return big(node.bytes());
    case NodeKind::floating:
      return floating(node.data);
    case NodeKind::surrogate_text:
      if (!for_path_) return fail("surrogate");
      return binary(as_bytes(escape_surrogates(node.bytes())));
    case NodeKind::text:
    case NodeKind::bytes:
      return binary(node.bytes());
    case NodeKind::external:
      return external(node);
    case NodeKind::atom:
      return atom(tree_[node.links.first]);
    case NodeKind::object:
      return object(node);
    default:
      return open(id, node);
  }
}

bool EtfSerializer::open(NodeId id, const Node& node) {
  const bool is_dict = node.kind == NodeKind::dict;
  if (is_dict) {
    counted(etf::kMap, node.size / 2);
  } else if (node.kind == NodeKind::tuple) {
    out_.wrote(etf::encode_tuple(node.size, out_.room()));
  } else if (node.size == 0) {
    out_.byte(etf::kNil);
  } else {
    counted(etf::kList, node.size);
  }
  if (node.size == 0) return true;
  if (open_.size() == etf::kMaxDepth) return fail("depth");
  const bool compare = is_dict && tree_.keys_may_collide(id);
  const bool sort = is_dict && node.which == kFrozen;
  open_.push_back({node.kind, compare, sort, 0, 0, 0, keys_.size(), ChildCursor(tree_, id)});
  opened_ = true;
  return true;
}

// After each value: unless it opened a container, it counts as a child of the innermost one, and each
// container that is complete counts in turn.
bool EtfSerializer::close_containers() {
  if (!fits(0)) return fail(kTooLarge);
  if (opened_) {
    opened_ = false;
    return true;
  }
  while (!open_.empty()) {
    OpenContainer& top = open_.back();
    if (top.compare_keys && top.done % 2 == 0) keys_.push_back({top.key_begin, out_.size(), top.key});
    ++top.done;
    if (!top.children.at_end()) return true;
    if (top.kind == NodeKind::list) out_.byte(etf::kNil);
    if (top.compare_keys && !keys_differ(top)) return false;
    keys_.resize(top.first_key);
    open_.pop_back();
  }
  return fits(0) || fail(kTooLarge);
}

void EtfSerializer::counted(etf::Tag tag, std::size_t count) {
  out_.wrote(etf::encode_counted(tag, count, out_.room()));
}

bool EtfSerializer::known_atom(std::string_view text) {
  out_.wrote(etf::encode_atom_header(text.size(), out_.room()));
  out_.bytes(as_bytes(text));
  return true;
}

bool EtfSerializer::binary(ByteSpan bytes) {
  if (!fits(bytes.size())) return fail(kTooLarge);
  counted(etf::kBinary, bytes.size());
  out_.bytes(bytes);
  return true;
}

bool EtfSerializer::integer(std::int64_t value) {
  out_.wrote(etf::encode_integer(value, out_.room()));
  return true;
}

bool EtfSerializer::big(ByteSpan digits) {
  if (digits.size() > kMaxIntegerBytes) {
    return for_path_ ? binary(as_bytes("large integer")) : fail("too_large");
  }
  if (!fits(digits.size())) return fail(kTooLarge);
  const bool negative = (digits.back() & 0x80) != 0;
  const Bytes magnitude = magnitude_of(digits, negative);
  if (magnitude.size() <= 8) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < magnitude.size(); ++i) value |= std::uint64_t{magnitude[i]} << (8 * i);
    if (value <= INT64_MAX)
      return integer(negative ? -static_cast<std::int64_t>(value) : static_cast<std::int64_t>(value));
  }
  if (magnitude.size() > 255) {
    counted(etf::kLargeBig, magnitude.size());
  } else {
    out_.byte(etf::kSmallBig);
    out_.byte(static_cast<std::uint8_t>(magnitude.size()));
  }
  out_.byte(negative ? 1 : 0);
  out_.bytes(magnitude);
  return true;
}

bool EtfSerializer::floating(const std::uint8_t* ieee754) {
  const unsigned top = load_u16(ieee754);
  if ((top & 0x7FF0) != 0x7FF0) {
    std::uint8_t* const to = out_.room();
    to[0] = etf::kNewFloat;
    std::memcpy(to + 1, ieee754, 8);
    out_.wrote(9);
    return true;
  }
  const bool mantissa =
      (top & 0xF) != 0 || std::any_of(ieee754 + 2, ieee754 + 8, [](std::uint8_t byte) { return byte != 0; });
  if (mantissa) return known_atom("nan");
  return known_atom((top & 0x8000) != 0 ? "neg_infinity" : "infinity");
}

bool EtfSerializer::atom(const Node& text) {
  if (for_path_) return binary(as_bytes(escape_surrogates(text.bytes())));
  if (text.kind != NodeKind::text) return fail("surrogate");
  if (text.size > kMaxAtomCharacters && characters(text.bytes()) > kMaxAtomCharacters)
    return fail("too_large");
  return known_atom(as_text(text.bytes()));
}

bool EtfSerializer::external(const Node& node) {
  if (!fits(node.size)) return fail(kTooLarge);
  std::size_t depth = 0;
  if (!is_external(static_cast<Builtin>(node.which), node.bytes(), depth)) {
    return for_path_ ? binary(as_bytes("opaque term")) : fail("bad_external");
  }
  if (depth + open_.size() > etf::kMaxDepth) return fail("depth");
  out_.bytes(node.bytes());
  return true;
}

bool EtfSerializer::object(const Node& node) {
  const Node& type = tree_[node.links.first];
  const Node& pickle = tree_[node.links.last];
  if (type.kind != NodeKind::text && !for_path_) return fail("surrogate");
  if (open_.size() == etf::kMaxDepth) return fail("depth");
  out_.wrote(etf::encode_tuple(3, out_.room()));
  return known_atom("py_object") && binary(as_bytes(escape_surrogates(type.bytes()))) &&
         binary(pickle.bytes());
}

// Equal terms have equal bytes here, so the finished keys are compared as they lie in the output.
bool EtfSerializer::keys_differ(OpenContainer& dict) {
  out_.flush();
  const auto first = keys_.begin() + static_cast<std::ptrdiff_t>(dict.first_key);
  const auto text = [this](const KeyRange& key) {
    return as_text(ByteSpan(flushed_).subspan(key.begin, key.end - key.begin));
  };
  std::sort(first, keys_.end(), [&text](const KeyRange& a, const KeyRange& b) {
    const int order = text(a).compare(text(b));
    return order != 0 ? order < 0 : a.begin < b.begin;
  });
  const auto twin = std::adjacent_find(
      first, keys_.end(), [&text](const KeyRange& a, const KeyRange& b) { return text(a) == text(b); });
  if (twin == keys_.end() || for_path_) {
    if (dict.sort_keys) sort_elements(dict);
    return true;
  }
  dict.key = (twin + 1)->key;
  dict.done = 0;  // the key itself is at fault
  return fail("duplicate_key");
}

// Two frozensets that become the same map have to have the same bytes. REQUIRES: the output is flushed and
// ends with the set's elements, each followed by the empty list.
void EtfSerializer::sort_elements(const OpenContainer& set) {
  const auto first = keys_.begin() + static_cast<std::ptrdiff_t>(set.first_key);
  const auto before = [](const KeyRange& a, const KeyRange& b) { return a.begin < b.begin; };
  if (std::is_sorted(first, keys_.end(), before)) return;
  Bytes sorted;
  for (auto key = first; key != keys_.end(); ++key) {
    append(sorted, ByteSpan(flushed_).subspan(key->begin, key->end - key->begin));
    sorted.push_back(etf::kNil);
  }
  std::copy(sorted.begin(), sorted.end(), flushed_.end() - static_cast<std::ptrdiff_t>(sorted.size()));
}

// The way to the value that failed; it ends in a key that is itself at fault.
Error EtfSerializer::error() {
  if (why_ == kTooLarge) {
    Error failure = make_error(Errc::frame_too_large, "value");
    failure.n = std::max<std::uint64_t>(out_.size() - start_, options_.max_bytes + 1);
    failure.max = options_.max_bytes;
    return failure;
  }
  Error failure = make_error(Errc::bad_term, why_);
  for (const OpenContainer& container : open_) {
    if (container.kind == NodeKind::dict) {
      failure.path.push_back(key_in_path(container.key));
      if (container.done % 2 == 0) break;
    } else {
      failure.path.emplace_back(static_cast<std::int64_t>(container.done + 1));
    }
  }
  return failure;
}

PathStep EtfSerializer::key_in_path(NodeId key) const {
  const ToEtfOptions small{options_.none, std::size_t{64} << 10};
  Bytes term;
  SerializerScratch scratch;
  EtfSerializer printer(tree_, small, scratch, term);
  printer.for_path_ = true;
  if (!printer.write(key).ok()) return std::string("large key");
  return key_step(term);
}

}  // namespace pyport::value
