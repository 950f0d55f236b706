#include "value/pickle_tree.h"

namespace pyport::value {
namespace {

constexpr std::size_t kShared = 4 + 256 + 1;  // nodes that are there once for all

Node constant(NodeKind kind, std::int64_t value, std::uint16_t key_kinds) {
  Node node;
  node.kind = kind;
  node.key_kinds = key_kinds;
  node.integer = value;
  return node;
}

template <class Vector>
void empty(Vector& vector, std::size_t kept_size = 0) {
  constexpr std::size_t kKeptCapacity = std::size_t{64} << 10;
  if (vector.capacity() > kKeptCapacity) {
    Vector small(vector.begin(), vector.begin() + static_cast<std::ptrdiff_t>(kept_size));
    vector.swap(small);
  }
  vector.resize(kept_size);
}

}  // namespace

PickleTree::PickleTree() {
  nodes.reserve(2 * kShared);
  nodes.push_back(constant(NodeKind::none, 0, kConstantKey));
  nodes.push_back(constant(NodeKind::boolean, 1, kConstantKey));
  nodes.push_back(constant(NodeKind::boolean, 0, kConstantKey));
  nodes.push_back(constant(NodeKind::tuple, 0, 0));
  for (std::int64_t i = 0; i < 256; ++i) nodes.push_back(constant(NodeKind::integer, i, 0));
  nodes.push_back(constant(NodeKind::list, 0, 0));
}

void PickleTree::clear() {
  empty(nodes, kShared);
  empty(children);
  empty(segments);
}

std::uint16_t PickleTree::key_kinds(NodeId id) const {
  const Node& node = nodes[id];
  if (node.kind == NodeKind::dict && node.which == kFrozen) return kConvertedKey;
  return node.kind == NodeKind::list || node.kind == NodeKind::dict ? std::uint16_t{kUnhashable}
                                                                    : node.key_kinds;
}

bool PickleTree::keys_may_collide(NodeId dict) const {
  const std::uint16_t seen = nodes[dict].key_kinds;
  const auto has = [seen](unsigned kinds) { return (seen & kinds) != 0; };
  return (has(kTextKey) && has(kBytesKey)) || (has(kAtomKey) && has(kConstantKey | kNotFiniteKey)) ||
         has(kNotFiniteTwice | kConvertedKey);
}

void PickleTree::extend(NodeId container, const NodeId* items, std::size_t count) {
  if (count == 0) return;
  const auto segment = static_cast<std::uint32_t>(segments.size());
  const auto wide = static_cast<std::uint32_t>(count);
  segments.push_back({static_cast<std::uint32_t>(children.size()), wide, kNoSegment});
  children.insert(children.end(), items, items + count);
  Node& node = nodes[container];
  if (node.size == 0) {
    node.links.first = segment;
  } else {
    segments[node.links.last].next = segment;
  }
  node.links.last = segment;
  node.size += wide;
  if (node.kind != NodeKind::dict) return;
  for (std::size_t i = 0; i < count; i += 2) {
    const std::uint16_t kinds = key_kinds(items[i]);
    const bool twice = (kinds & node.key_kinds & kNotFiniteKey) != 0;
    node.key_kinds = static_cast<std::uint16_t>(node.key_kinds | kinds | (twice ? kNotFiniteTwice : 0));
  }
}

NodeId PickleTree::make_tuple(const NodeId* items, std::size_t count) {
  if (count == 0) return empty_tuple();
  Node node;
  node.kind = NodeKind::tuple;
  node.size = static_cast<std::uint32_t>(count);
  node.links.first = static_cast<std::uint32_t>(children.size());
  for (std::size_t i = 0; i < count; ++i) {
    node.key_kinds = static_cast<std::uint16_t>(node.key_kinds | key_kinds(items[i]));
  }
  children.insert(children.end(), items, items + count);
  return add(node);
}

ChildCursor::ChildCursor(const PickleTree& tree, NodeId parent) {
  const Node& node = tree[parent];
  if (node.size == 0) return;
  if (node.kind == NodeKind::tuple) {
    at_ = node.links.first;
    left_ = node.size;
  } else if (node.kind == NodeKind::list || node.kind == NodeKind::dict) {
    enter(tree, node.links.first);
  }
}

void ChildCursor::enter(const PickleTree& tree, std::uint32_t segment) {
  at_ = tree.segments[segment].begin;
  left_ = tree.segments[segment].count;
  segment_ = tree.segments[segment].next;
}

NodeId ChildCursor::next(const PickleTree& tree) {
  if (left_ == 0) enter(tree, segment_);
  --left_;
  return tree.children[at_++];
}

// Depth-first over every node once; a cycle is an edge to a node that is still open.
bool PickleTree::has_cycle(NodeId root) const {
  enum Colour : std::uint8_t { unseen, open, finished };
  struct Visit {
    NodeId id;
    ChildCursor children;
  };
  std::vector<std::uint8_t> colours(nodes.size(), unseen);
  std::vector<Visit> path{{root, ChildCursor(*this, root)}};
  colours[root] = open;
  while (!path.empty()) {
    Visit& top = path.back();
    if (top.children.at_end()) {
      colours[top.id] = finished;
      path.pop_back();
      continue;
    }
    const NodeId child = top.children.next(*this);
    if (colours[child] == open) return true;
    if (colours[child] == unseen) {
      colours[child] = open;
      path.push_back({child, ChildCursor(*this, child)});
    }
  }
  return false;
}

}  // namespace pyport::value
