// A block that lists other blocks of one dict, for changes that touch more of them than a hand has room for:
// word 0 is the number of the dict, the others are blocks.
//
// A listed block is given back in steps, each of which leaves it findable: it becomes `held`, gets a place in
// the hand, leaves the list, is given back.
//
// Thread safety: as the operation whose hand it stands in.
#pragma once

#include "table/heap.h"

namespace pyport::table {

// After a commit: the fresh blocks of the hand, which had no place to get, are given back.
void give_back_lists(Operation& operation, Heap& heap);

class BlockList {
 public:
  // A list with room for `count` blocks, empty, in a fresh block of the operation.
  static Result<BlockList> make(Operation& operation, Heap& heap, std::uint32_t dict, std::size_t count);
  // One that stands in a hand; nothing when the block is damaged or not of this slot.
  static std::optional<BlockList> open(const Mapping& mapping, const Heap& heap, std::uint32_t slot,
                                       Offset at);

  Offset offset() const { return block_.offset(); }
  const Block& block() const { return block_; }
  // A word for the next block.
  Word& next() { return block_.word(++count_); }
  void add(Offset block) { draft(next(), block); }

  // Gives all listed blocks back that belong to the dict or to `slot`. `moving` is of that slot's hand.
  void give_back(Operation& operation, Heap& heap, std::uint32_t slot, Word& moving) const;

 private:
  explicit BlockList(const Block& block) : block_(block) {}

  Block block_;
  std::size_t count_ = 0;
};

}  // namespace pyport::table
