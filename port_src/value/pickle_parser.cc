#include "value/pickle_parser.h"

#include <algorithm>
#include <utility>

#include "value/pickle_op.h"
#include "value/surrogates.h"
#include "value/text.h"

namespace pyport::value {
namespace {

constexpr NodeId kUnset = UINT32_MAX;
constexpr std::size_t kMaxPickle = std::size_t{1} << 31;  // node and child indices are 32 bits wide

template <class Vector>
void empty(Vector& vector) {
  constexpr std::size_t kKeptCapacity = std::size_t{64} << 10;
  if (vector.capacity() > kKeptCapacity) {
    vector = Vector();
  } else {
    vector.clear();
  }
}

}  // namespace

void PickleParser::clear() {
  empty(stack_);
  empty(marks_);
  empty(memo_);
  empty(kept_);
}

PickleParser::Outcome PickleParser::parse(ByteSpan pickle, PickleTree& tree, Conversions convert) {
  clear();
  at_ = pickle.data();
  end_ = at_ + pickle.size();
  size_ = pickle.size();
  memo_entries_ = 0;
  shared_containers_ = false;
  callables_ = false;
  convert_ = convert;
  copied_ = 0;
  std::uint64_t protocol = 0;
  if (size_ > kMaxPickle || left() < 2 || *at_++ != kProto || !take(1, protocol)) return Outcome::not_plain;
  if (protocol < 2 || protocol > 5) return Outcome::not_plain;
  bool stopped = false;
  while (!stopped) {
    if (!step(tree, stopped)) return Outcome::not_plain;
  }
  if (left() > 0 || !marks_.empty() || stack_.size() != 1 || !values_only(0, tree)) return Outcome::not_plain;
  root_ = stack_[0];
  return shared_containers_ && tree.has_cycle(root_) ? Outcome::cycle : Outcome::plain;
}

bool PickleParser::step(PickleTree& tree, bool& stopped) {
  if (left() == 0) return false;
  const std::uint8_t op = *at_++;
  switch (op) {
    case kStop:
      stopped = true;
      return true;
    case kNone:
    case kNewTrue:
    case kNewFalse:
    case kBinInt:
    case kBinInt1:
    case kBinInt2:
    case kBinFloat:
      return scalar(op, tree);
    case kLong1:
    case kLong4:
    case kShortBinUnicode:
    case kBinUnicode:
    case kBinUnicode8:
    case kShortBinBytes:
    case kBinBytes:
    case kBinBytes8:
      return sized(op, tree);
    case kFrame:
    case kBinPut:
    case kLongBinPut:
    case kMemoize:
    case kBinGet:
    case kLongBinGet:
      return memo(op, tree);
    default:
      return container(op, tree);
  }
}

bool PickleParser::take(std::size_t width, std::uint64_t& value) {
  if (left() < width) return false;
  value = 0;
  std::memcpy(&value, at_, width);
  at_ += width;
  return true;
}

bool PickleParser::take_bytes(std::uint64_t size, ByteSpan& bytes) {
  if (left() < size) return false;
  bytes = {at_, static_cast<std::size_t>(size)};
  at_ += size;
  return true;
}

bool PickleParser::take_line(std::string_view& line) {
  const std::uint8_t* const end = std::find(at_, end_, '\n');
  if (end == end_) return false;
  line = as_text({at_, static_cast<std::size_t>(end - at_)});
  at_ = end + 1;
  return true;
}

bool PickleParser::scalar(std::uint8_t op, PickleTree& tree) {
  std::uint64_t value = 0;
  switch (op) {
    case kNone:
      return push(PickleTree::none());
    case kNewTrue:
    case kNewFalse:
      return push(PickleTree::boolean(op == kNewTrue));
    case kBinInt1:
      return take(1, value) && push(PickleTree::small_integer(static_cast<std::uint8_t>(value)));
    case kBinInt2:
      return take(2, value) && push_integer(static_cast<std::int64_t>(value), tree);
    case kBinInt:
      return take(4, value) && push_integer(static_cast<std::int32_t>(value), tree);
    default: {
      ByteSpan ieee754;
      if (!take_bytes(8, ieee754)) return false;
      return push_double(ieee754, tree);
    }
  }
}

// Opcodes with a length and so many bytes.
bool PickleParser::sized(std::uint8_t op, PickleTree& tree) {
  std::size_t width = 4;
  if (op == kLong1 || op == kShortBinUnicode || op == kShortBinBytes) width = 1;
  if (op == kBinUnicode8 || op == kBinBytes8) width = 8;
  std::uint64_t size = 0;
  ByteSpan data;
  if (!take(width, size) || !take_bytes(size, data)) return false;
  switch (op) {
    case kLong1:
    case kLong4:
      return push_long(data, tree);
    case kShortBinUnicode:
    case kBinUnicode:
    case kBinUnicode8:
      return push_text(data, tree);
    default:
      return push_data(NodeKind::bytes, data, kBytesKey, tree);
  }
}

bool PickleParser::push_data(NodeKind kind, ByteSpan data, std::uint16_t key_kinds, PickleTree& tree) {
  Node node;
  node.kind = kind;
  node.key_kinds = key_kinds;
  node.size = static_cast<std::uint32_t>(data.size());
  node.data = data.data();
  return push(tree.add(node));
}

bool PickleParser::push_kept(NodeKind kind, Bytes data, std::uint16_t key_kinds, PickleTree& tree) {
  kept_.push_back(std::move(data));
  return push_data(kind, kept_.back(), key_kinds, tree);
}

bool PickleParser::push_double(ByteSpan ieee754, PickleTree& tree) {
  const bool finite = (load_u16(ieee754.data()) & 0x7FF0) != 0x7FF0;
  return push_data(NodeKind::floating, ieee754, finite ? 0 : kNotFiniteKey, tree);
}

bool PickleParser::push_integer(std::int64_t value, PickleTree& tree) {
  Node node;
  node.kind = NodeKind::integer;
  node.integer = value;
  return push(tree.add(node));
}

bool PickleParser::push_long(ByteSpan digits, PickleTree& tree) {
  if (digits.size() > 8) return push_data(NodeKind::big, digits, 0, tree);
  const bool negative = !digits.empty() && (digits.back() & 0x80) != 0;
  std::int64_t value = negative ? -1 : 0;
  if (!digits.empty()) std::memcpy(&value, digits.data(), digits.size());
  return push_integer(value, tree);
}

bool PickleParser::push_text(ByteSpan text, PickleTree& tree) {
  if (is_text(text)) return push_data(NodeKind::text, text, kTextKey, tree);
  if (!is_utf8_with_surrogates(text)) return false;
  return push_data(NodeKind::surrogate_text, text, kTextKey, tree);
}

bool PickleParser::push_container(NodeKind kind, PickleTree& tree) {
  Node node;
  node.kind = kind;
  return push(tree.add(node));
}

bool PickleParser::container(std::uint8_t op, PickleTree& tree) {
  std::size_t base = 0;
  std::string_view module;
  std::string_view name;
  switch (op) {
    case kEmptyList:
      return push_container(NodeKind::list, tree);
    case kEmptyDict:
      return push_container(NodeKind::dict, tree);
    case kEmptyTuple:
      return push(PickleTree::empty_tuple());
    case kMark:
      marks_.push_back(stack_.size());
      return true;
    case kTuple1:
    case kTuple2:
    case kTuple3:
      return tuple(std::size_t{op} - kTuple1 + 1, tree);
    case kTuple:
      return pop_mark(base) && tuple(stack_.size() - base, tree);
    case kAppend:
      return has(2) && append(stack_.size() - 1, tree);
    case kAppends:
      return pop_mark(base) && append(base, tree);
    case kSetItem:
      return has(3) && set_items(stack_.size() - 2, tree);
    case kSetItems:
      return pop_mark(base) && set_items(base, tree);
    case kPop:
      return pop();
    case kPopMark:
      if (!pop_mark(base)) return false;
      stack_.resize(base);
      return true;
    case kGlobal:
      return take_line(module) && take_line(name) && global(module, name, tree);
    case kStackGlobal:
      return stack_global(tree);
    case kReduce:
      return reduce(tree);
    default:
      return convert_ != kConvertNothing && object(op, tree);
  }
}

// POP also takes away a MARK that is on top.
bool PickleParser::pop() {
  if (!marks_.empty() && marks_.back() == stack_.size()) {
    marks_.pop_back();
    return true;
  }
  if (!has(1)) return false;
  stack_.pop_back();
  return true;
}

bool PickleParser::pop_mark(std::size_t& base) {
  if (marks_.empty()) return false;
  base = marks_.back();
  marks_.pop_back();
  return true;
}

// Callables and parts are no data: true when there is none from `base` on.
bool PickleParser::values_only(std::size_t base, const PickleTree& tree) const {
  if (!callables_) return true;
  return std::none_of(stack_.begin() + static_cast<std::ptrdiff_t>(base), stack_.end(),
                      [&tree](NodeId id) { return (tree[id].key_kinds & kNoValue) != 0; });
}

bool PickleParser::tuple(std::size_t arity, PickleTree& tree) {
  if (!has(arity)) return false;
  const std::size_t base = stack_.size() - arity;
  if (!may_be_arguments(base, tree)) return false;
  const NodeId made = tree.make_tuple(stack_.data() + base, arity);
  stack_.resize(base);
  return push(made);
}

bool PickleParser::append(std::size_t base, PickleTree& tree) {
  if (base == fence() || tree[stack_[base - 1]].kind != NodeKind::list || !values_only(base, tree))
    return false;
  tree.extend(stack_[base - 1], stack_.data() + base, stack_.size() - base);
  stack_.resize(base);
  return true;
}

bool PickleParser::set_items(std::size_t base, PickleTree& tree) {
  if (base == fence() || !values_only(base, tree)) return false;
  const Node& dict = tree[stack_[base - 1]];
  if (dict.kind != NodeKind::dict || dict.which != kDict) return false;
  if ((stack_.size() - base) % 2 != 0 || !hashable(base, 2, tree)) return false;
  tree.extend(stack_[base - 1], stack_.data() + base, stack_.size() - base);
  stack_.resize(base);
  return true;
}

// Whether each `every`th item from `base` on may be a key.
bool PickleParser::hashable(std::size_t base, std::size_t every, const PickleTree& tree) const {
  for (std::size_t i = base; i < stack_.size(); i += every) {
    if ((tree.key_kinds(stack_[i]) & kUnhashable) != 0) return false;
  }
  return true;
}

bool PickleParser::memo(std::uint8_t op, PickleTree& tree) {
  std::uint64_t value = 0;
  switch (op) {
    case kFrame:  // only says how much to read ahead
      return take(8, value) && value <= left();
    case kMemoize:
      return put(memo_entries_);
    case kBinPut:
      return take(1, value) && put(value);
    case kLongBinPut:
      return take(4, value) && put(value);
    case kBinGet:
      return take(1, value) && get(value, tree);
    default:
      return take(4, value) && get(value, tree);
  }
}

bool PickleParser::put(std::uint64_t index) {
  // CPython numbers its entries one by one, so that an index over the pickle's size is forged.
  if (!has(1) || index > size_) return false;
  if (index >= memo_.size()) memo_.resize(static_cast<std::size_t>(index) + 1, kUnset);
  if (memo_[index] == kUnset) ++memo_entries_;
  memo_[index] = stack_.back();
  return true;
}

bool PickleParser::get(std::uint64_t index, PickleTree& tree) {
  if (index >= memo_.size() || memo_[index] == kUnset) return false;
  const NodeKind kind = tree[memo_[index]].kind;
  if (kind == NodeKind::list || kind == NodeKind::dict || kind == NodeKind::tuple) shared_containers_ = true;
  return push(memo_[index]);
}

}  // namespace pyport::value
