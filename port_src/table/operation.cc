#include "table/operation.h"

#include <algorithm>
#include <cassert>
#include <span>

namespace pyport::table {

Status Operation::lock_after_trouble(Half& word, Taken taken) {
  if (taken == Taken::refused) {
    put(hand().lock[locks_], 0, "lock.refused");
    return make_error(Errc::busy);
  }
  crash_point("lock.taken", true);
  ++locks_;
  repairer_.repair(*this, mapping_.offset_of(word));
  return ok_status();
}

void Operation::add(Offset at, std::uint64_t value) {
  if (redo_ == 0 && version_ != nullptr) append(mapping_.offset_of(*version_), peek(*version_) | 1);
  append(at, value);
}

void Operation::append(Offset at, std::uint64_t value) {
  assert(redo_ < kRedo + most_more_);
  Redo& redo = redo_ < kRedo ? hand().redo[redo_] : more_[redo_ - kRedo];
  draft(redo.at, at);
  draft(redo.value, value);
  ++redo_;
}

void Operation::more_redo(const Block& block) {
  more_ = reinterpret_cast<Redo*>(block.payload());
  most_more_ = block.size() / sizeof(Redo);
  put(hand().redo_more, block.offset(), "redo.more");
}

void Operation::drop(const Block& block) {
  assert(stale_ < kHandBlocks);
  set(block.header().state, block_state(BlockState::held, slot()));
  draft(hand().stale[stale_++], block.offset());
}

void Operation::commit() {
  Hand& mine = hand();
  if (version_ != nullptr) append(mapping_.offset_of(*version_), (peek(*version_) | 1) + 1);
  draft(mine.redo_count, redo_);
  put(mine.phase, kCommitted, "hand.commit");
  carry_out(mapping_, mine);
  put(mine.phase, kDone, "hand.done");
  redo_ = 0;
  committed_ = true;
}

void Operation::finish() {
  Hand& mine = hand();
  if (!committed_) return;
  for (std::size_t i = 0; i < fresh_; ++i) put(mine.fresh[i], 0, "hand.fresh.forget");
  for (std::size_t i = 0; i < stale_; ++i) put(mine.stale[i], 0, "hand.stale.forget");
  if (most_more_ != 0) put(mine.redo_more, 0, "redo.no_more");
  put(mine.phase, kPreparing, "hand.finish");
  most_more_ = 0;
  fresh_ = 0;
  stale_ = 0;
  committed_ = false;
}

void Operation::forget() {
  for (std::size_t i = 0; i < stale_; ++i) draft(hand().stale[i], 0);
  if (most_more_ != 0) draft(hand().redo_more, 0);
  most_more_ = 0;
  redo_ = 0;
  fresh_ = 0;
  stale_ = 0;
}

namespace {

void carry_out(const Mapping& mapping, std::uint64_t end, const Redo& redo) {
  const Offset at = peek(redo.at);
  const std::uint64_t value = peek(redo.value);
  const Offset place = at & ~Offset{3};
  if (place + sizeof(Word) > end) return;
  if ((at & 1) != 0) {
    put(mapping.at<Half>(place), static_cast<std::uint32_t>(value), "redo.half");
  } else if (place % sizeof(Word) == 0) {
    put(mapping.at<Word>(place), value, "redo.word");
  }
}

// The entries that the hand has no room for.
std::span<const Redo> more_of(const Mapping& mapping, std::uint64_t end, const Hand& hand) {
  const Offset at = peek(hand.redo_more);
  if (!Block::may_be_block(mapping, at, end)) return {};
  const Block block(mapping, at);
  const std::size_t size = block.size();
  if (!block.sound(end) || at + kHeaderBytes + size > end) return {};
  return {reinterpret_cast<const Redo*>(block.payload()), size / sizeof(Redo)};
}

}  // namespace

void carry_out(const Mapping& mapping, Hand& hand) {
  const std::uint64_t end = mapping.data_end();
  const std::size_t count = peek(hand.redo_count);
  for (std::size_t i = 0; i < std::min(count, kRedo); ++i) carry_out(mapping, end, hand.redo[i]);
  if (count <= kRedo) return;
  const std::span<const Redo> more = more_of(mapping, end, hand);
  for (std::size_t i = 0; i < std::min(count - kRedo, more.size()); ++i) carry_out(mapping, end, more[i]);
}

}  // namespace pyport::table
