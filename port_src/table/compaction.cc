// Moving a dict's live entries into new segments, and giving a dead dict's memory back.
#include <algorithm>
#include <array>
#include <utility>

#include "table/block_list.h"
#include "table/dict.h"
#include "table/segments.h"
#include "table/value_word.h"

namespace pyport::table {

// The new form of a dict on its way: its blocks stand in a list that a survivor finds in the hand.
class Compaction {
 public:
  explicit Compaction(Dict& dict) : dict_(dict), operation_(dict.operation_), heap_(dict.heap_) {}

  Status run() {
    if (Status made = make_lists(); !made) {
      heap_.abandon(operation_);
      return made;
    }
    if (Status filled = fill(); !filled) {
      undo();
      return filled;
    }
    commit();
    return ok_status();
  }

 private:
  Hand& hand() const { return operation_.hand(); }
  DictHeader& header() const { return dict_.header(); }

  Status make_lists() {
    live_ = peek(header().live);
    segments_ = segments_for(live_);
    const std::uint64_t capacity = std::min<std::uint64_t>(peek(header().directory_capacity), kMostSegments);
    Result<BlockList> old = BlockList::make(operation_, heap_, dict_.number(), kFirstSegments + capacity + 2);
    if (!old) return std::move(old).error();
    old_ = *old;
    for (std::size_t i = 0; i < kFirstSegments + capacity; ++i) {
      Checked<Word*> word = dict_.segment_word(i);
      if (!word) return word.error();
      if (peek(**word) != 0) old_->add(peek(**word));
    }
    old_->add(peek(header().slots));
    old_->add(peek(header().directory));
    Result<BlockList> made = BlockList::make(operation_, heap_, dict_.number(), segments_ + 2);
    if (!made) return std::move(made).error();
    new_ = *made;
    put(hand().fresh_list, new_->offset(), "compact.list");
    return ok_status();
  }

  // The list names the block only when it is surely ours, and the block is the dict's only when the list
  // names it: what a survivor finds in the list as the dict's has not been given to anybody else meanwhile.
  Result<Block> take(std::size_t size) {
    Result<Block> block = heap_.take(operation_, size, hand().moving);
    if (block) {
      put(new_->next(), block->offset(), "compact.name");
      put(block->header().state, block_state(BlockState::used, dict_.number()), "compact.use");
    }
    put(hand().moving, 0, "compact.moved");
    return block;
  }

  Status fill() {
    if (segments_ > kFirstSegments)
      if (Status made = make_directory(); !made) return made;
    const std::uint64_t count = std::bit_ceil(std::max<std::uint64_t>((live_ + 1) * 2, 16));
    Result<Block> slots = take(count * sizeof(Half));
    if (!slots) return std::move(slots).error();
    slots_ = slots->offset();
    mask_ = count - 1;
    for (std::uint64_t i = 0; i < count; ++i) draft(slots->half(i), 0);
    return copy(*slots);
  }

  Status make_directory() {
    capacity_ = std::max<std::size_t>(8, segments_ - kFirstSegments);
    Result<Block> directory = take(capacity_ * sizeof(Word));
    if (!directory) return std::move(directory).error();
    for (std::size_t i = 0; i < capacity_; ++i) draft(directory->word(i), 0);
    directory_ = directory->offset();
    return ok_status();
  }

  Status copy(const Block& slots) {
    const std::uint64_t used = peek(header().used);
    Entry* segment = nullptr;
    for (std::uint64_t i = 0; i < used; ++i) {
      Checked<Entry*> from = dict_.entry(i);
      if (!from) return from.error();
      if (peek((*from)->value) == 0) continue;
      // More than `live` says: what says so is damaged.
      if (copied_ >= live_) return make_error(Errc::corrupt, "number of keys");
      const EntryPlace place = place_of(copied_);
      if (place.index == 0) {
        Result<Entry*> made = make_segment(place.segment);
        if (!made) return std::move(made).error();
        segment = *made;
      }
      copy_entry(**from, segment[place.index]);
      std::uint64_t at = peek((*from)->hash) & mask_;
      while (peek(slots.half(at)) != 0) at = (at + 1) & mask_;
      draft(slots.half(at), static_cast<std::uint32_t>(++copied_));
    }
    return copied_ == live_ ? ok_status() : make_error(Errc::corrupt, "number of keys");
  }

  Result<Entry*> make_segment(std::size_t segment) {
    Result<Block> block = take(segment_bytes(segment));
    if (!block) return std::move(block).error();
    if (segment < kFirstSegments) {
      first_[segment] = block->offset();
    } else {
      draft(Block(operation_.mapping(), directory_).word(segment - kFirstSegments), block->offset());
    }
    return reinterpret_cast<Entry*>(block->payload());
  }

  static void copy_entry(const Entry& from, Entry& to) {
    draft(to.value, peek(from.value));
    draft(to.hash, peek(from.hash));
    draft(to.key_info, peek(from.key_info));
    draft(to.key[0], peek(from.key[0]));
    draft(to.key[1], peek(from.key[1]));
    draft(to.stamp, peek(from.stamp));
  }

  void commit() {
    operation_.set(header().slots, slots_);
    operation_.set(header().slots_mask, mask_);
    operation_.set(header().directory, directory_);
    operation_.set(header().directory_capacity, capacity_);
    for (std::size_t i = 0; i < kFirstSegments; ++i) operation_.set(header().segment[i], first_[i]);
    operation_.set(header().used, live_);
    operation_.set(hand().fresh_list, 0);
    operation_.set(hand().stale_list, old_->offset());
    operation_.commit();
    old_->give_back(operation_, heap_, operation_.slot(), hand().moving);
    put(hand().stale_list, 0, "compact.done");
    // Both lists are in the hand as fresh blocks still.
    give_back_lists(operation_, heap_);
    operation_.finish();
  }

  void undo() {
    new_->give_back(operation_, heap_, operation_.slot(), hand().moving);
    put(hand().fresh_list, 0, "compact.undo");
    heap_.abandon(operation_);
  }

  static constexpr std::uint64_t kMostSegments = std::uint64_t{1} << 23;

  Dict& dict_;
  Operation& operation_;
  Heap& heap_;
  std::optional<BlockList> old_;
  std::optional<BlockList> new_;
  std::uint64_t live_ = 0;
  std::uint64_t copied_ = 0;
  std::size_t segments_ = 0;
  std::array<Offset, kFirstSegments> first_{};
  Offset directory_ = 0;
  std::uint64_t capacity_ = 0;
  Offset slots_ = 0;
  std::uint64_t mask_ = 0;
};

Status Dict::compact() { return Compaction(*this).run(); }

// ---- The end of a dict

// As far as it can be believed.
std::uint64_t Dict::directory_capacity() const {
  const std::uint64_t capacity = peek(header().directory_capacity);
  if (capacity > kMostEntries / kFullSegment) return 0;
  return own_block(peek(header().directory), capacity * sizeof(Word), "directory").ok() ? capacity : 0;
}

void Dict::drop_entry(std::uint64_t at) {
  Checked<Entry*> found = entry(at);
  // What is damaged is left alone for ever.
  if (!found || peek((*found)->value) == 0) {
    table::put(header().reclaimed, at + 1, "reclaim.skip");
    return;
  }
  (void)drop_value(peek((*found)->value));
  (void)drop_key(**found);
  operation_.set((*found)->value, 0);
  operation_.set(header().reclaimed, at + 1);
  operation_.commit();
  heap_.settle(operation_);
}

void Dict::drop_block(Word& word) {
  const Offset at = peek(word);
  if (at == 0) return;
  const Checked<Block> block = own_block(at, 0, "block");
  if (block) operation_.drop(*block);
  operation_.set(word, 0);
  operation_.commit();
  heap_.settle(operation_);
}

bool Dict::reclaim(std::size_t most) {
  const Guard guard(operation_, header().version);
  const std::uint64_t capacity = directory_capacity();
  const std::uint64_t used = std::min(peek(header().used), kFullSegment * (1 + capacity));
  std::uint64_t at = peek(header().reclaimed);
  for (; at < used && most > 0; ++at, --most) drop_entry(at);
  if (at < used) return false;
  if (capacity != 0) {
    const Block directory(operation_.mapping(), peek(header().directory));
    for (std::size_t i = 0; i < capacity; ++i) drop_block(directory.word(i));
  }
  for (Word& segment : header().segment) drop_block(segment);
  drop_block(header().slots);
  drop_block(header().directory);
  drop_block(header().ring);
  return true;
}

}  // namespace pyport::table
