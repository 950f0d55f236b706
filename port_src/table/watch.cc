// Telling those who watch a dict what becomes of it.
//
// A dict is watched as long as somebody has asked for its changes within a minute. So one who was killed
// costs a minute, and nothing counts those who watch. Whoever changes the dict after that time gives the ring
// back first; the positions in it go on, and one who comes again sees by them that he has missed something.
#include <algorithm>

#include "table/clock.h"
#include "table/dict.h"
#include "table/value_word.h"

namespace pyport::table {
namespace {

constexpr std::uint64_t kSecond = 1000000000;
constexpr std::uint64_t kLease = 60 * kSecond;
constexpr std::uint64_t kRenewed = 45 * kSecond;  // so much of it is left when it is put off

}  // namespace

Checked<ChangeRing> Dict::ring() const {
  const Checked<Block> block = own_block(peek(header().ring), ChangeRing::kBytes, "ring");
  if (!block) return block.damage();
  return ChangeRing(*block, header());
}

void Dict::mind_watch() {
  if (is_watched() && coarse_nanoseconds() > peek(header().watched_until)) end_watch();
}

void Dict::end_watch() {
  const Guard guard(operation_, header().version);
  operation_.set(header().flags, peek(header().flags) & ~std::uint32_t{kDictWatched});
  const Checked<Block> block = own_block(peek(header().ring), 0, "ring");
  if (block) operation_.drop(*block);
  operation_.set(header().ring, 0);
  operation_.commit();
  heap_.settle(operation_);
}

void Dict::renew_watch() {
  const std::uint64_t now = coarse_nanoseconds();
  if (peek(header().watched_until) < now + kRenewed)
    table::put(header().watched_until, now + kLease, "watch.renew");
}

// Those who change a cell without the lock have to be kept from it before anybody relies on being told.
Status Dict::guard_cells() {
  if (peek(header().cells) == 0) return ok_status();
  for (std::uint64_t i = 0; i < peek(header().used); ++i) {
    const Checked<Entry*> at = entry(i);
    if (!at) return at.error();
    const std::uint64_t word = peek((*at)->value);
    if (!is_cell_word(word)) continue;
    const Checked<Cell*> known = cell(word);
    if (!known) return known.error();
    (*known)->guard();
  }
  return ok_status();
}

Status Dict::begin_watching() {
  const Guard guard(operation_, header().version);
  if (Status guarded = guard_cells(); !guarded) return guarded;
  if (!ring()) {
    Result<Block> block = heap_.take(operation_, ChangeRing::kBytes, operation_.fresh());
    if (!block) return std::move(block).error();
    operation_.give(*block, number());
    operation_.set(header().ring, block->offset());
  }
  const std::uint64_t begin = peek(header().ring_end) + ChangeRing::kGap;
  operation_.set(header().ring_begin, begin);
  operation_.set(header().ring_end, begin);
  operation_.set(header().flags, peek(header().flags) | kDictWatched);
  operation_.commit();
  heap_.settle(operation_);
  return ok_status();
}

bool Dict::can_tell() {
  if (!is_watched()) return false;
  if (ring_) return true;
  Checked<ChangeRing> mine = ring();
  if (mine) ring_.emplace(*mine);
  return mine.ok();  // a damaged one is found by those who watch
}

void Dict::tell(ChangeKind kind, Stamp stamp, const KeyView& key) {
  if (can_tell()) ring_->write(kind, stamp, key);
}

void Dict::tell_loss() {
  if (can_tell()) ring_->lose();
}

void Dict::tell_of(ChangeKind kind, Stamp stamp, const Entry& entry) {
  const Checked<KeyView> key = key_view(entry);
  if (key) tell(kind, stamp, *key);
}

void Dict::store_told() {
  operation_.set(header().ring_begin, ring_->begin());
  operation_.set(header().ring_end, ring_->end());
  ring_.reset();
}

}  // namespace pyport::table
