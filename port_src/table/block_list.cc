#include "table/block_list.h"

namespace pyport::table {

void give_back_lists(Operation& operation, Heap& heap) {
  for (Word& fresh : operation.hand().fresh)
    if (const Offset at = peek(fresh); at != 0) heap.give_back(operation, at, fresh);
}

Result<BlockList> BlockList::make(Operation& operation, Heap& heap, std::uint32_t dict, std::size_t count) {
  Result<Block> block = heap.take(operation, (count + 1) * sizeof(Word), operation.fresh());
  if (!block) return std::move(block).error();
  for (std::size_t i = 1; i <= count; ++i) draft(block->word(i), 0);
  draft(block->word(0), dict);
  return BlockList(*block);
}

std::optional<BlockList> BlockList::open(const Mapping& mapping, const Heap& heap, std::uint32_t slot,
                                         Offset at) {
  if (at == 0 || !heap.is_block(at)) return std::nullopt;
  const Block block(mapping, at);
  if (!block.is(BlockState::held, slot) || !block.sound(heap.data_end()) || block.size() < sizeof(Word))
    return std::nullopt;
  return BlockList(block);
}

void BlockList::give_back(Operation& operation, Heap& heap, std::uint32_t slot, Word& moving) const {
  const auto dict = static_cast<std::uint32_t>(peek(block_.word(0)));
  for (std::size_t i = 1; i < block_.size() / sizeof(Word); ++i) {
    const Offset at = peek(block_.word(i));
    if (at == 0) continue;
    if (heap.is_block(at)) {
      const Block listed(operation.mapping(), at);
      if (listed.is(BlockState::used, dict))
        put(listed.header().state, block_state(BlockState::held, slot), "list.hold");
    }
    put(moving, at, "list.moving");
    put(block_.word(i), 0, "list.leave");
    heap.give_back_of(operation, slot, at);
    put(moving, 0, "list.forget");
  }
}

}  // namespace pyport::table
