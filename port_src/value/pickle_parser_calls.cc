// The calls that plain data may make: the functions of `_erlang`, and what protocol 2 does for bytes.
#include <algorithm>
#include <utility>

#include "value/pickle_parser.h"
#include "value/pickle_writer.h"

namespace pyport::value {
namespace {

// Callables besides those of `_erlang`, which protocol 2 needs for bytes.
constexpr std::uint8_t kCodecsEncode = 100;
constexpr std::uint8_t kBytesType = 101;

}  // namespace

bool PickleParser::global(std::string_view module, std::string_view name, PickleTree& tree) {
  Node node;
  node.kind = NodeKind::callable;
  node.key_kinds = kNoValue;
  if (module == kBuiltinModule) {
    const auto* const found = std::find(kBuiltinNames.begin(), kBuiltinNames.end(), name);
    if (found == kBuiltinNames.end()) return false;
    node.which = static_cast<std::uint8_t>(found - kBuiltinNames.begin());
  } else if (module == "_codecs" && name == "encode") {
    node.which = kCodecsEncode;
  } else if ((module == "__builtin__" || module == "builtins") && name == "bytes") {
    node.which = kBytesType;
  } else if (const auto found = find_convertible(module, name, convert_)) {
    node.which = static_cast<std::uint8_t>(kFirstConvertible + static_cast<std::uint8_t>(*found));
  } else {
    return false;
  }
  callables_ = true;
  return push(tree.add(node));
}

bool PickleParser::stack_global(PickleTree& tree) {
  if (!has(2)) return false;
  const Node name = tree[stack_.back()];
  const Node module = tree[stack_[stack_.size() - 2]];
  if (name.kind != NodeKind::text || module.kind != NodeKind::text) return false;
  stack_.resize(stack_.size() - 2);
  return global(as_text(module.bytes()), as_text(name.bytes()), tree);
}

bool PickleParser::reduce(PickleTree& tree) {
  if (!has(2)) return false;
  const Node arguments = tree[stack_.back()];
  const Node callable = tree[stack_[stack_.size() - 2]];
  if (callable.kind != NodeKind::callable || arguments.kind != NodeKind::tuple) return false;
  stack_.resize(stack_.size() - 2);
  return call(callable.which, arguments, tree);
}

bool PickleParser::call(std::uint8_t which, const Node& arguments, PickleTree& tree) {
  if (which == kCodecsEncode) return encode_latin1(arguments, tree);
  if (which >= kFirstConvertible)
    return convert(static_cast<Convertible>(which - kFirstConvertible), arguments, tree);
  if (which == kBytesType) return arguments.size == 0 && push_data(NodeKind::bytes, {}, kBytesKey, tree);
  const auto builtin = static_cast<Builtin>(which);
  if (arguments.size != (builtin == Builtin::object ? 2U : 1U)) return false;
  const NodeId first_id = tree.children[arguments.links.first];
  const Node first = tree[first_id];
  const bool is_text = first.kind == NodeKind::text || first.kind == NodeKind::surrogate_text;
  Node made;
  if (builtin == Builtin::atom) {
    if (!is_text) return false;
    made.kind = NodeKind::atom;
    made.key_kinds = kAtomKey;
    made.links.first = first_id;
  } else if (builtin == Builtin::object) {
    const NodeId second_id = tree.children[arguments.links.first + 1];
    if (!is_text || tree[second_id].kind != NodeKind::bytes) return false;
    made.kind = NodeKind::object;
    made.links.first = first_id;
    made.links.last = second_id;
  } else {
    if (first.kind != NodeKind::bytes) return false;
    made.kind = NodeKind::external;
    made.which = which;
    made.size = first.size;
    made.data = first.data;
  }
  return push(tree.add(made));
}

// Protocol 2 has no bytes: CPython writes _codecs.encode(text of the same code points, 'latin1').
bool PickleParser::encode_latin1(const Node& arguments, PickleTree& tree) {
  if (arguments.size != 2) return false;
  const Node text = tree[tree.children[arguments.links.first]];
  const Node codec = tree[tree.children[arguments.links.first + 1]];
  if (text.kind != NodeKind::text || codec.kind != NodeKind::text) return false;
  if (as_text(codec.bytes()) != "latin1") return false;
  Bytes decoded;
  decoded.reserve(text.size);
  const ByteSpan utf8 = text.bytes();
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    unsigned code_point = utf8[i];
    if (code_point >= 0x80) {
      if (code_point > 0xC3) return false;  // above U+00FF
      code_point = ((code_point & 0x03) << 6) | (utf8[++i] & 0x3FU);
    }
    decoded.push_back(static_cast<std::uint8_t>(code_point));
  }
  return push_kept(NodeKind::bytes, std::move(decoded), kBytesKey, tree);
}

}  // namespace pyport::value
