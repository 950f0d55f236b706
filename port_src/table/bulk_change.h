// A change of one dict that touches more blocks than a hand has room for: what Batch and ListSplice are made
// of.
//
// The new blocks stand in a list that a survivor finds in the hand, and so do those that have lost their
// place when the change is committed; the redo list has a block of its own.
//
//   begin()   the lists; nothing of the dict has changed
//   ...       blocks are made, values dropped, words set
//   commit()  all of it becomes visible by one store; or undo(): nothing does
//
// Thread safety: as the dict.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>

#include "table/block_list.h"
#include "table/dict.h"

namespace pyport::table {

class BulkChange {
 public:
  BulkChange(const BulkChange&) = delete;
  BulkChange& operator=(const BulkChange&) = delete;

 protected:
  // `scratch` is zero and more than twice as long as there will be new keys.
  BulkChange(Dict& dict, std::span<std::uint64_t> scratch)
      : dict_(dict), operation_(dict.operation_), heap_(dict.heap_), promised_(scratch) {}
  ~BulkChange() = default;

  Hand& hand() const { return operation_.hand(); }
  DictHeader& header() const { return dict_.header(); }

  // Room for so many blocks that are made, as many that lose their place, and so many words that change.
  Status begin(std::size_t blocks, std::size_t words);
  // A new block with these bytes: it is the dict's when the list names it, as far as a survivor is concerned.
  Result<Offset> make_block(ByteSpan bytes, std::uint32_t tag);
  // The word that will make the value visible.
  Result<std::uint64_t> prepare_value(const NewValue& value);
  // The value of that word, or the block, loses its place.
  Status drop(std::uint64_t word);
  void drop_block(Offset block) { old_->add(block); }
  // For a new key, after Dict::find(): the place in the hash table that was found, unless another new key is
  // on its way there; then the next that is empty.
  std::uint64_t free_slot(std::uint64_t at);
  // The dict will have so many entries, keys and bytes.
  void commit(std::uint64_t used, std::uint64_t live, std::uint64_t bytes);
  void undo();

  Dict& dict_;
  Operation& operation_;
  Heap& heap_;

 private:
  Status make_lists(std::size_t blocks, std::size_t words);
  Result<std::uint64_t> prepare_unboxed(const NewValue& value);
  bool promise(std::uint64_t place);

  std::optional<BlockList> old_;
  std::optional<BlockList> new_;
  const std::span<std::uint64_t> promised_;  // places in the hash table, plus one; a hash table itself
  std::uint64_t first_deadline_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t timed_puts_ = 0;
  std::uint64_t last_box_ = 0;
};

}  // namespace pyport::table
