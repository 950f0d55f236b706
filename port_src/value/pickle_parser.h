// A pickle stack machine for plain data: protocols 2 to 5, and of the opcodes those that CPython's
// picklers write for None, bool, int, float, str, bytes, list, tuple and dict, for the memo, and for
// calls of the functions of `_erlang`. With conversions also what they write for sets, dates and times,
// Decimal, UUID and numpy's scalars, which become nodes of plain data. Anything else is refused, so nothing
// can be executed.
//
// Bounded: every length is checked against the bytes that are left, memo indices against the size of the
// pickle; each opcode adds at most a handful of nodes, and nothing recurses.
//
// Thread safety: values.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "value/conversions.h"
#include "value/convertible.h"
#include "value/pickle_tree.h"

namespace pyport::value {

class PickleParser {
 public:
  enum class Outcome : std::uint8_t { plain, not_plain, cycle };

  // Reads the whole pickle, which must end with its STOP. Outcome::plain: root() is its value, whose data
  // points into `pickle` and into this parser.
  Outcome parse(ByteSpan pickle, PickleTree& tree, Conversions convert = kConvertNothing);
  NodeId root() const { return root_; }
  // Forgets everything but a moderate amount of memory.
  void clear();

 private:
  bool step(PickleTree& tree, bool& stopped);
  bool scalar(std::uint8_t op, PickleTree& tree);
  bool sized(std::uint8_t op, PickleTree& tree);
  bool container(std::uint8_t op, PickleTree& tree);
  bool memo(std::uint8_t op, PickleTree& tree);

  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  // Little-endian integer of `width` bytes.
  bool take(std::size_t width, std::uint64_t& value);
  bool take_bytes(std::uint64_t size, ByteSpan& bytes);
  bool take_line(std::string_view& line);

  bool push(NodeId id) {
    stack_.push_back(id);
    return true;
  }
  bool push_data(NodeKind kind, ByteSpan data, std::uint16_t key_kinds, PickleTree& tree);
  // Data that is kept in this parser.
  bool push_kept(NodeKind kind, Bytes data, std::uint16_t key_kinds, PickleTree& tree);
  bool push_double(ByteSpan ieee754, PickleTree& tree);
  bool push_integer(std::int64_t value, PickleTree& tree);
  bool push_long(ByteSpan digits, PickleTree& tree);
  bool push_text(ByteSpan text, PickleTree& tree);
  bool push_container(NodeKind kind, PickleTree& tree);

  // Items above the topmost MARK; those below it are out of reach.
  std::size_t fence() const { return marks_.empty() ? 0 : marks_.back(); }
  bool has(std::size_t items) const { return stack_.size() >= fence() + items; }
  bool pop();
  bool pop_mark(std::size_t& base);
  bool values_only(std::size_t base, const PickleTree& tree) const;
  bool hashable(std::size_t base, std::size_t every, const PickleTree& tree) const;
  bool tuple(std::size_t arity, PickleTree& tree);
  bool append(std::size_t base, PickleTree& tree);
  bool set_items(std::size_t base, PickleTree& tree);

  bool get(std::uint64_t index, PickleTree& tree);
  bool put(std::uint64_t index);

  bool global(std::string_view module, std::string_view name, PickleTree& tree);
  bool stack_global(PickleTree& tree);
  bool reduce(PickleTree& tree);
  bool call(std::uint8_t which, const Node& arguments, PickleTree& tree);
  bool encode_latin1(const Node& arguments, PickleTree& tree);

  // pickle_parser_objects.cc
  bool object(std::uint8_t op, PickleTree& tree);
  bool may_be_arguments(std::size_t base, const PickleTree& tree) const;
  bool push_set(DictForm form, PickleTree& tree);
  bool add_items(std::size_t base, PickleTree& tree);
  bool frozen_set(std::size_t base, PickleTree& tree);
  bool set_of_list(DictForm form, NodeId list, PickleTree& tree);
  bool new_object(PickleTree& tree);
  bool build(PickleTree& tree);
  bool build_uuid(NodeId target, NodeId state, PickleTree& tree);
  bool build_dtype(NodeId target, NodeId state, PickleTree& tree);
  bool push_part(Part part, std::int64_t content, PickleTree& tree);
  bool convert(Convertible type, const Node& arguments, PickleTree& tree);
  bool date(const Node& bytes, PickleTree& tree);
  bool time(const Node& bytes, PickleTree& tree);
  bool datetime(const Node& bytes, const Node* zone, PickleTree& tree);
  bool timedelta(const Node& days, const Node& seconds, const Node& rest, PickleTree& tree);
  bool timezone(const Node& offset, PickleTree& tree);
  bool decimal(const Node& text, PickleTree& tree);
  bool numpy_dtype(const Node& name, PickleTree& tree);
  bool numpy_scalar(const Node& dtype, const Node& data, PickleTree& tree);

  const std::uint8_t* at_ = nullptr;
  const std::uint8_t* end_ = nullptr;
  std::size_t size_ = 0;
  NodeId root_ = 0;
  bool shared_containers_ = false;  // a container was taken from the memo: there may be a cycle
  bool callables_ = false;
  Conversions convert_ = kConvertNothing;
  std::size_t copied_ = 0;  // elements of lists that became sets
  std::uint64_t memo_entries_ = 0;
  std::vector<NodeId> stack_;
  std::vector<std::size_t> marks_;
  std::vector<NodeId> memo_;
  std::vector<Bytes> kept_;  // what lies in the pickle in another form
};

}  // namespace pyport::value
