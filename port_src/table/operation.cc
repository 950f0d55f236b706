#include "table/operation.h"

#include <algorithm>
#include <cassert>

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
  assert(redo_ < kRedo);
  Redo& redo = hand().redo[redo_];
  draft(redo.at, at);
  draft(redo.value, value);
  ++redo_;
}

void Operation::drop(const Block& block) {
  assert(stale_ < kHandBlocks);
  set(block.header().state, block_state(BlockState::held, slot()));
  draft(hand().stale[stale_++], block.offset());
}

void Operation::commit() {
  Hand& mine = hand();
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
  put(mine.phase, kPreparing, "hand.finish");
  fresh_ = 0;
  stale_ = 0;
  committed_ = false;
}

void Operation::forget() {
  for (std::size_t i = 0; i < stale_; ++i) draft(hand().stale[i], 0);
  redo_ = 0;
  fresh_ = 0;
  stale_ = 0;
}

void carry_out(const Mapping& mapping, Hand& hand) {
  const std::uint64_t end = mapping.data_end();
  const std::size_t count = std::min<std::size_t>(peek(hand.redo_count), kRedo);
  for (std::size_t i = 0; i < count; ++i) {
    const Offset at = peek(hand.redo[i].at);
    const std::uint64_t value = peek(hand.redo[i].value);
    const Offset place = at & ~Offset{3};
    if (place + sizeof(Word) > end) continue;
    if ((at & 1) != 0) {
      put(mapping.at<Half>(place), static_cast<std::uint32_t>(value), "redo.half");
    } else if (place % sizeof(Word) == 0) {
      put(mapping.at<Word>(place), value, "redo.word");
    }
  }
}

}  // namespace pyport::table
