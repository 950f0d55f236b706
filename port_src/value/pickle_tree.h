// The values that a pickle of plain data makes, as nodes in flat arrays: what the pickle machine builds
// and what the serialiser walks. A node may be reached on several ways (pickle's memo), so it is a
// directed graph, without cycles once PickleParser has accepted it.
//
// Thread safety: values. Views point into the pickle, which must outlive the tree's use.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace pyport::value {

enum class NodeKind : std::uint8_t {
  none,
  boolean,         // integer
  integer,         // integer
  big,             // data: two's complement, lowest byte first
  floating,        // data: eight bytes, big-endian
  text,            // data: valid UTF-8
  surrogate_text,  // data: UTF-8 but for lone surrogates
  bytes,           // data
  list,            // first, last: segments
  dict,            // first, last: segments; keys and values in turn; which: a DictForm
  tuple,           // first: index of the first child
  external,        // data: ETF; which: the Builtin that takes it
  atom,            // first: the text's node
  object,          // first, last: nodes of type and pickle
  callable,        // which; never inside another node
  part,            // which: a Part; integer; inside the arguments of a call at most
};

// Sets are dicts from each element to the empty list, as version 2 of Erlang's module sets has them.
enum DictForm : std::uint8_t { kDict, kSet, kFrozen };

using NodeId = std::uint32_t;

// What a dict key may collide over with another one in Erlang.
enum ErlangKeyKind : std::uint16_t {
  kTextKey = 1,
  kBytesKey = 2,       // text and bytes become binaries
  kAtomKey = 4,        // _erlang.atom
  kConstantKey = 8,    // None, True, False: atoms too
  kNotFiniteKey = 16,  // inf and nan: atoms too
  kUnhashable = 32,    // lists, dicts and sets, tuples with such: no keys at all
  kNotFiniteTwice = 64,
  kConvertedKey = 128,  // may be any term's twin: a date is a tuple, a timedelta an integer
  kNoValue = 256,       // callables, parts, and tuples of arguments with such
};

struct Links {
  std::uint32_t first, last;
};

struct Node {
  NodeKind kind = NodeKind::none;
  std::uint8_t which = 0;
  // ErlangKeyKind; of a tuple, those of its leaves; of a dict, those of all its keys.
  std::uint16_t key_kinds = 0;
  std::uint32_t size = 0;  // bytes of data, or number of children
  union {
    std::int64_t integer = 0;
    const std::uint8_t* data;
    Links links;
  };

  ByteSpan bytes() const { return {data, size}; }
};

// A run of children of a list or dict: those that one APPENDS or SETITEMS added.
struct Segment {
  std::uint32_t begin;  // in PickleTree::children
  std::uint32_t count;
  std::uint32_t next;  // kNoSegment: the last one
};
inline constexpr std::uint32_t kNoSegment = UINT32_MAX;

class PickleTree {
 public:
  PickleTree();

  // Empties the tree, and gives back the memory of an unusually large one.
  void clear();

  const Node& operator[](NodeId id) const { return nodes[id]; }
  NodeId add(const Node& node) {
    nodes.push_back(node);
    return static_cast<NodeId>(nodes.size() - 1);
  }
  // Nodes that are there once for all: they cost no memory however often they occur.
  static NodeId none() { return 0; }
  static NodeId boolean(bool value) { return value ? 1 : 2; }
  static NodeId empty_tuple() { return 3; }
  static NodeId small_integer(std::uint8_t value) { return NodeId{4} + value; }
  static NodeId empty_list() { return NodeId{4} + 256; }  // nothing may be added to it

  std::uint16_t key_kinds(NodeId id) const;
  // False when no two keys of the dict can become the same Erlang term.
  bool keys_may_collide(NodeId dict) const;

  // Adds `count` children (stack items of the pickle machine) to a list or dict.
  void extend(NodeId container, const NodeId* items, std::size_t count);
  NodeId make_tuple(const NodeId* items, std::size_t count);

  bool has_cycle(NodeId root) const;

  std::vector<Node> nodes;
  std::vector<NodeId> children;
  std::vector<Segment> segments;
};

// Walks the children of a list, dict or tuple.
class ChildCursor {
 public:
  ChildCursor(const PickleTree& tree, NodeId parent);
  bool at_end() const { return left_ == 0 && segment_ == kNoSegment; }
  // REQUIRES: !at_end().
  NodeId next(const PickleTree& tree);

 private:
  void enter(const PickleTree& tree, std::uint32_t segment);

  std::uint32_t at_ = 0;  // in PickleTree::children
  std::uint32_t left_ = 0;
  std::uint32_t segment_ = kNoSegment;  // to come
};

}  // namespace pyport::value
