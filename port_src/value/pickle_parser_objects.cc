// The objects that conversions turn into plain nodes: what CPython and numpy write for them, and nothing
// else. A subclass names another type, so it is never taken for one of them.
#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include "value/calendar.h"
#include "value/numpy_scalar.h"
#include "value/pickle_op.h"
#include "value/pickle_parser.h"
#include "value/uuid_text.h"

namespace pyport::value {
namespace {

constexpr std::uint8_t kTimedelta = 1;  // `which` of an integer that was a timedelta

bool is_integer(const Node& node, std::int64_t value) {
  return node.kind == NodeKind::integer && node.integer == value;
}

bool is_part(const Node& node, Part part) {
  return node.kind == NodeKind::part && node.which == static_cast<std::uint8_t>(part);
}

bool is_callable(const Node& node, Convertible type) {
  return node.kind == NodeKind::callable && node.which == kFirstConvertible + static_cast<std::uint8_t>(type);
}

bool is_dict(const Node& node) { return node.kind == NodeKind::dict && node.which == kDict; }

bool is_text(const Node& node, std::string_view text) {
  return node.kind == NodeKind::text && as_text(node.bytes()) == text;
}

// The UUID that an integer's node is the number of; empty when it is none.
std::string number_text(const Node& node) {
  if (node.kind == NodeKind::big) return uuid_text(node.bytes());
  if (node.kind != NodeKind::integer) return {};
  std::array<std::uint8_t, sizeof node.integer> digits;
  std::memcpy(digits.data(), &node.integer, digits.size());
  return uuid_text(digits);
}

// A tuple that is no tuple in Python.
NodeId made_tuple(std::initializer_list<NodeId> items, PickleTree& tree) {
  const NodeId made = tree.make_tuple(items.begin(), items.size());
  tree.nodes[made].key_kinds |= kConvertedKey;
  return made;
}

NodeId integer(int value, PickleTree& tree) {
  if (value >= 0 && value < 256) return PickleTree::small_integer(static_cast<std::uint8_t>(value));
  Node node;
  node.kind = NodeKind::integer;
  node.integer = value;
  return tree.add(node);
}

NodeId tuple_of(const Date& date, PickleTree& tree) {
  return made_tuple({integer(date.year, tree), integer(date.month, tree), integer(date.day, tree)}, tree);
}

NodeId tuple_of(const Time& time, PickleTree& tree) {
  const NodeId hour = integer(time.hour, tree);
  const NodeId minute = integer(time.minute, tree);
  const NodeId second = integer(time.second, tree);
  if (time.microsecond == 0) return made_tuple({hour, minute, second}, tree);
  return made_tuple({hour, minute, second, integer(time.microsecond, tree)}, tree);
}

}  // namespace

// The opcodes that plain data does not use.
bool PickleParser::object(std::uint8_t op, PickleTree& tree) {
  const bool sets = (convert_ & kConvertSets) != 0;
  std::size_t base = 0;
  switch (op) {
    case kEmptySet:
      return sets && push_set(kSet, tree);
    case kAddItems:
      return sets && pop_mark(base) && base != fence() && tree[stack_[base - 1]].which == kSet &&
             add_items(base, tree);
    case kFrozenSet:
      return sets && pop_mark(base) && frozen_set(base, tree);
    case kNewObj:
      return new_object(tree);
    case kBuild:
      return build(tree);
    default:
      return false;
  }
}

// A time zone and a dtype are arguments, if no values: they make the tuple one that only a call takes.
bool PickleParser::may_be_arguments(std::size_t base, const PickleTree& tree) const {
  if (!callables_) return true;
  return std::all_of(stack_.begin() + static_cast<std::ptrdiff_t>(base), stack_.end(), [&tree](NodeId id) {
    const Node& node = tree[id];
    return (node.key_kinds & kNoValue) == 0 || is_part(node, Part::timezone) || is_part(node, Part::dtype);
  });
}

bool PickleParser::push_part(Part part, std::int64_t content, PickleTree& tree) {
  Node node;
  node.kind = NodeKind::part;
  node.which = static_cast<std::uint8_t>(part);
  node.key_kinds = kNoValue;
  node.integer = content;
  return push(tree.add(node));
}

// --- sets ------------------------------------------------------------------------------------------

// The keys of a frozenset are always compared: then they are sorted, too.
bool PickleParser::push_set(DictForm form, PickleTree& tree) {
  Node node;
  node.kind = NodeKind::dict;
  node.which = form;
  node.key_kinds = form == kFrozen ? kConvertedKey : 0;
  return push(tree.add(node));
}

// The items from `base` on become elements of the set below them. REQUIRES: base > fence().
bool PickleParser::add_items(std::size_t base, PickleTree& tree) {
  if (!values_only(base, tree) || !hashable(base, 1, tree)) return false;
  const NodeId set = stack_[base - 1];
  if (tree[set].kind != NodeKind::dict || tree[set].which == kDict) return false;
  std::vector<NodeId> pairs;
  pairs.reserve(2 * (stack_.size() - base));
  for (std::size_t i = base; i < stack_.size(); ++i) {
    pairs.push_back(stack_[i]);
    pairs.push_back(PickleTree::empty_list());
  }
  tree.extend(set, pairs.data(), pairs.size());
  stack_.resize(base);
  return true;
}

bool PickleParser::frozen_set(std::size_t base, PickleTree& tree) {
  const std::size_t count = stack_.size() - base;
  push_set(kFrozen, tree);
  std::rotate(stack_.begin() + static_cast<std::ptrdiff_t>(base), stack_.end() - 1, stack_.end());
  return count == 0 || add_items(base + 1, tree);
}

// Protocols 2 and 3 call set(list). Each list is written for its set, so that more elements than the pickle
// has bytes are forged.
bool PickleParser::set_of_list(DictForm form, NodeId list, PickleTree& tree) {
  if (tree[list].kind != NodeKind::list) return false;
  copied_ += tree[list].size;
  if (copied_ > size_) return false;
  push_set(form, tree);
  tree.nodes[stack_.back()].key_kinds |=
      kConvertedKey;  // equal elements, which Python would drop, are an error
  const std::size_t base = stack_.size();
  for (ChildCursor elements(tree, list); !elements.at_end();) push(elements.next(tree));
  return base == stack_.size() || add_items(base, tree);
}

// --- objects with a state --------------------------------------------------------------------------

bool PickleParser::build(PickleTree& tree) {
  if (!has(2)) return false;
  const NodeId state = stack_.back();
  const NodeId target = stack_[stack_.size() - 2];
  stack_.pop_back();
  if (is_part(tree[target], Part::bare_uuid)) return build_uuid(target, state, tree);
  return is_part(tree[target], Part::bare_dtype) && build_dtype(target, state, tree);
}

// {'int': number}, and 'is_safe' where the system told it. The memo may know the object already, so its node
// is changed.
bool PickleParser::build_uuid(NodeId target, NodeId state, PickleTree& tree) {
  if (!is_dict(tree[state]) || tree[state].size > 4) return false;
  std::string text;
  for (ChildCursor pairs(tree, state); !pairs.at_end();) {
    const Node& key = tree[pairs.next(tree)];
    const Node& value = tree[pairs.next(tree)];
    if (is_text(key, "int")) {
      text = number_text(value);
    } else if (!is_text(key, "is_safe") || !(is_integer(value, 0) || is_integer(value, -1))) {
      return false;
    }
  }
  if (text.empty()) return false;
  const ByteSpan bytes = as_bytes(text);
  kept_.emplace_back(bytes.begin(), bytes.end());
  Node& node = tree.nodes[target];
  node.kind = NodeKind::text;
  node.key_kinds = kTextKey | kConvertedKey;
  node.size = static_cast<std::uint32_t>(kept_.back().size());
  node.data = kept_.back().data();
  return true;
}

// (3, '<', None, None, None, -1, -1, 0): the byte order, and that it is nothing but a number.
bool PickleParser::build_dtype(NodeId target, NodeId state_id, PickleTree& tree) {
  const Node state = tree[state_id];
  if (state.kind != NodeKind::tuple || state.size != 8) return false;
  std::array<Node, 8> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) parts[i] = tree[tree.children[state.links.first + i]];
  const bool none = std::all_of(parts.begin() + 2, parts.begin() + 5,
                                [](const Node& node) { return node.kind == NodeKind::none; });
  if (!none || !is_integer(parts[0], 3) || !is_integer(parts[5], -1) || !is_integer(parts[6], -1) ||
      !is_integer(parts[7], 0) || parts[1].kind != NodeKind::text || parts[1].size != 1)
    return false;
  Node& dtype = tree.nodes[target];
  NumpyType type = unpack(dtype.integer);
  if (!set_byte_order(static_cast<char>(*parts[1].data), type)) return false;
  dtype.which = static_cast<std::uint8_t>(Part::dtype);
  dtype.integer = pack(type);
  return true;
}

// --- calls -----------------------------------------------------------------------------------------

bool PickleParser::convert(Convertible type, const Node& arguments, PickleTree& tree) {
  std::array<NodeId, 3> ids{};
  std::array<Node, 3> given;
  if (arguments.size == 0 || arguments.size > ids.size()) return false;
  for (std::size_t i = 0; i < arguments.size; ++i) {
    ids[i] = tree.children[arguments.links.first + i];
    given[i] = tree[ids[i]];
  }
  const auto count = [&arguments](std::size_t wanted) { return arguments.size == wanted; };
  switch (type) {
    case Convertible::set:
      return count(1) && set_of_list(kSet, ids[0], tree);
    case Convertible::frozenset:
      return count(1) && set_of_list(kFrozen, ids[0], tree);
    case Convertible::date:
      return count(1) && date(given[0], tree);
    case Convertible::time:
      return count(1) && time(given[0], tree);
    case Convertible::datetime:
      return !count(3) && datetime(given[0], count(2) ? &given[1] : nullptr, tree);
    case Convertible::timedelta:
      return count(3) && timedelta(given[0], given[1], given[2], tree);
    case Convertible::timezone:
      return count(1) && timezone(given[0], tree);
    case Convertible::decimal:
      return count(1) && decimal(given[0], tree);
    case Convertible::numpy_dtype:
      return count(3) && ids[1] == PickleTree::boolean(false) && ids[2] == PickleTree::boolean(true) &&
             numpy_dtype(given[0], tree);
    case Convertible::numpy_scalar:
      return count(2) && numpy_scalar(given[0], given[1], tree);
    case Convertible::uuid:  // has NEWOBJ
      break;
  }
  return false;
}

bool PickleParser::date(const Node& bytes, PickleTree& tree) {
  if (bytes.kind != NodeKind::bytes) return false;
  const auto date = read_date(bytes.bytes());
  return date && push(tuple_of(*date, tree));
}

bool PickleParser::time(const Node& bytes, PickleTree& tree) {
  if (bytes.kind != NodeKind::bytes) return false;
  const auto time = read_time(bytes.bytes());
  return time && push(tuple_of(*time, tree));
}

bool PickleParser::datetime(const Node& bytes, const Node* zone, PickleTree& tree) {
  if (bytes.kind != NodeKind::bytes || bytes.size != 10) return false;
  const auto date = read_date(bytes.bytes().first(4));
  const auto time = read_time(bytes.bytes().last(6));
  if (!date || !time) return false;
  if (zone == nullptr) {
    const NodeId day = tuple_of(*date, tree);
    return push(made_tuple({day, tuple_of(*time, tree)}, tree));
  }
  if (!is_part(*zone, Part::timezone)) return false;
  const std::string text = rfc3339(*date, *time, static_cast<int>(zone->integer));
  const ByteSpan utf8 = as_bytes(text);
  return push_kept(NodeKind::text, Bytes(utf8.begin(), utf8.end()), kTextKey | kConvertedKey, tree);
}

bool PickleParser::timedelta(const Node& days, const Node& seconds, const Node& rest, PickleTree& tree) {
  for (const Node* node : {&days, &seconds, &rest}) {
    if (node->kind != NodeKind::integer) return false;
  }
  std::optional<Bytes> digits = microseconds(days.integer, seconds.integer, rest.integer);
  if (!digits) return false;
  if (digits->size() > 8) return push_kept(NodeKind::big, *std::move(digits), kConvertedKey, tree);
  if (!push_long(*digits, tree)) return false;
  Node& made = tree.nodes[stack_.back()];
  made.which = kTimedelta;
  made.key_kinds = kConvertedKey;
  return true;
}

// Of whole minutes, less than a day: what RFC 3339 can write.
bool PickleParser::timezone(const Node& offset, PickleTree& tree) {
  constexpr std::int64_t kMinute = 60'000'000;
  constexpr std::int64_t kDay = 1440;  // minutes
  if (offset.kind != NodeKind::integer || offset.which != kTimedelta || offset.integer % kMinute != 0)
    return false;
  const std::int64_t minutes = offset.integer / kMinute;
  return minutes > -kDay && minutes < kDay && push_part(Part::timezone, minutes, tree);
}

// What str() of a Decimal may have.
bool PickleParser::decimal(const Node& text, PickleTree& tree) {
  if (text.kind != NodeKind::text || text.size == 0) return false;
  if (as_text(text.bytes()).find_first_not_of("0123456789+-.eEINafinsty") != std::string_view::npos)
    return false;
  return push_data(NodeKind::text, text.bytes(), kTextKey | kConvertedKey, tree);
}

// Of the types it is UUID alone that is made without a call. NEWOBJ has no arguments then.
bool PickleParser::new_object(PickleTree& tree) {
  if (!has(2)) return false;
  const Node arguments = tree[stack_.back()];
  const Node callable = tree[stack_[stack_.size() - 2]];
  if (arguments.kind != NodeKind::tuple || arguments.size != 0 || !is_callable(callable, Convertible::uuid))
    return false;
  stack_.resize(stack_.size() - 2);
  return push_part(Part::bare_uuid, 0, tree);
}

bool PickleParser::numpy_dtype(const Node& name, PickleTree& tree) {
  if (name.kind != NodeKind::text) return false;
  const auto type = numpy_type(as_text(name.bytes()));
  return type && push_part(Part::bare_dtype, pack(*type), tree);
}

bool PickleParser::numpy_scalar(const Node& dtype, const Node& data, PickleTree& tree) {
  if (!is_part(dtype, Part::dtype) || data.kind != NodeKind::bytes) return false;
  const NumpyType type = unpack(dtype.integer);
  if (data.size != type.size) return false;
  Bytes digits = lowest_first(type, data.bytes());
  if (type.kind == 'b') return push(PickleTree::boolean(digits[0] != 0));
  if (type.kind == 'f') {
    kept_.push_back(widened(digits));
    return push_double(kept_.back(), tree);
  }
  if (type.kind == 'u') digits.push_back(0);  // no sign
  kept_.push_back(std::move(digits));
  return push_long(kept_.back(), tree);
}

}  // namespace pyport::value
