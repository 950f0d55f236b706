#include "table/bulk_change.h"

#include <algorithm>

#include "table/shared_copy.h"
#include "table/value_word.h"

namespace pyport::table {

Status BulkChange::begin(std::size_t blocks, std::size_t words) {
  Status made = make_lists(blocks, words);
  if (!made) heap_.abandon(operation_);
  return made;
}

Status BulkChange::make_lists(std::size_t blocks, std::size_t words) {
  Result<BlockList> old = BlockList::make(operation_, heap_, dict_.number(), blocks);
  if (!old) return std::move(old).error();
  old_ = *old;
  Result<BlockList> made = BlockList::make(operation_, heap_, dict_.number(), blocks);
  if (!made) return std::move(made).error();
  new_ = *made;
  Result<Block> redo = heap_.take(operation_, words * sizeof(Redo), operation_.fresh());
  if (!redo) return std::move(redo).error();
  operation_.more_redo(*redo);
  put(hand().fresh_list, new_->offset(), "batch.list");
  return ok_status();
}

std::uint64_t BulkChange::free_slot(std::uint64_t at) {
  if (promise(at)) return at;
  const std::uint64_t mask = peek(header().slots_mask);
  const Block slots(operation_.mapping(), peek(header().slots));
  do {
    at = (at + 1) & mask;
  } while (peek(slots.half(at)) != 0 || !promise(at));
  return at;
}

// False when that place of the hash table was promised before.
bool BulkChange::promise(std::uint64_t place) {
  std::uint64_t at = place * 0x9e3779b97f4a7c15 >> 32;
  for (;; ++at) {
    std::uint64_t& promised = promised_[at % promised_.size()];
    if (promised == place + 1) return false;
    if (promised == 0) return promised = place + 1, true;
  }
}

Result<Offset> BulkChange::make_block(ByteSpan bytes, std::uint32_t tag) {
  Result<Block> block = heap_.take(operation_, bytes.size(), hand().moving);
  if (!block) {
    put(hand().moving, 0, "batch.none");
    return std::move(block).error();
  }
  copy_to_shared(block->payload(), bytes);
  block->describe(static_cast<std::uint32_t>(bytes.size()), tag);
  put(new_->next(), block->offset(), "batch.name");
  put(block->header().state, block_state(BlockState::used, dict_.number()), "batch.use");
  put(hand().moving, 0, "batch.moved");
  return block->offset();
}

Result<std::uint64_t> BulkChange::prepare_value(const NewValue& value) {
  const Expiry expiry = dict_.expiry_of(value);
  Result<std::uint64_t> word = prepare_unboxed(value);
  if (!word || expiry.deadline == 0) return word;
  first_deadline_ = std::min(first_deadline_, expiry.deadline);
  ++timed_puts_;
  Box box;
  draft_box(box, *word, expiry);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&box);
  Result<Offset> block = make_block(ByteSpan(bytes, sizeof box), 0);
  if (!block) return std::move(block).error();
  return last_box_ = box_word(*block);
}

Result<std::uint64_t> BulkChange::prepare_unboxed(const NewValue& value) {
  if (value.record != nullptr) {
    operation_.give(Block(operation_.mapping(), value.block), dict_.number());
    operation_.set(*value.record, 0);
    return block_word(value.block);
  }
  if (fits_word(value.bytes, value.tag)) return inline_word(value.bytes, value.tag);
  Result<Offset> block = make_block(value.bytes, value.tag);
  if (!block) return std::move(block).error();
  return block_word(*block);
}

Status BulkChange::drop(std::uint64_t word) {
  if (is_box_word(word)) {
    const Checked<std::uint64_t> inside = dict_.unboxed(word);
    if (!inside) return inside.error();
    drop_block(block_of(word));
    return drop(*inside);
  }
  if (!has_block(word)) return ok_status();
  Checked<Block> block = dict_.value_block(word);
  if (!block) return block.error();
  if (is_cell_word(word)) {
    const Checked<Cell*> cell = dict_.cell(word);
    if (!cell) return cell.error();
    (*cell)->freeze();
  }
  dict_.tell_child(*block);
  if (block->pins() == 0) {
    drop_block(block->offset());
  } else {
    operation_.set(block->header().state, block_state(BlockState::retired, dict_.number()));
  }
  return ok_status();
}

void BulkChange::commit(std::uint64_t used, std::uint64_t live, std::uint64_t bytes) {
  operation_.set(header().changes, dict_.next_change());
  operation_.set(header().used, used);
  operation_.set(header().live, live);
  operation_.set(header().bytes, bytes);
  if (timed_puts_ != 0) dict_.note_deadline(first_deadline_, timed_puts_);
  operation_.set(hand().fresh_list, 0);
  operation_.set(hand().stale_list, old_->offset());
  dict_.told();
  operation_.commit();
  dict_.announce_expiry_of(last_box_);
  old_->give_back(operation_, heap_, operation_.slot(), hand().moving);
  put(hand().stale_list, 0, "batch.done");
  give_back_lists(operation_, heap_);
  operation_.finish();
}

void BulkChange::undo() {
  new_->give_back(operation_, heap_, operation_.slot(), hand().moving);
  put(hand().fresh_list, 0, "batch.undo");
  heap_.abandon(operation_);
}

}  // namespace pyport::table
