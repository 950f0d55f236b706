// An audit of what processes hold, and of the locks.
#include "table/auditor.h"
#include "table/block_list.h"
#include "table/process_identity.h"

namespace pyport::table {

void Auditor::walk_processes() {
  check_lock(super().slots_lock, "the slots");
  check_lock(super().repair_lock, "repair");
  for (std::uint32_t slot = 0; slot < kSlots; ++slot) {
    const ProcessEntry& entry = mapping_.process(slot);
    if (peek(entry.state) != kSlotTaken) continue;
    ++report_.processes;
    const auto process = identity_of(peek(entry.pid), peek(entry.start_time));
    if (!process) damaged("slot " + std::to_string(slot) + " does not say whose it is");
    const bool dead = process && !may_be_alive(*process);
    if (dead) ++report_.dead_processes;
    for (const Lane& lane : mapping_.slot(slot).lane) {
      for (const Magazine& magazine : lane.magazine) walk_magazine(slot, magazine, dead);
      walk_hand(slot, lane.hand);
    }
    for (const Record& record : mapping_.slot(slot).record) walk_record(slot, record, dead);
  }
}

void Auditor::walk_magazine(std::uint32_t slot, const Magazine& magazine, bool dead) {
  const std::string what = "magazine of slot " + std::to_string(slot);
  const std::uint64_t count = peek(magazine.count);
  if (count > kMagazineBlocks) return damaged(what + " has too many blocks");
  for (std::uint64_t i = 0; i < count; ++i) claim(peek(magazine.block[i]), BlockState::held, slot, 0, what);
  // The dead one may have been about to count it.
  for (std::uint64_t i = count; dead && i < kMagazineBlocks; ++i)
    claim_if_held(peek(magazine.block[i]), slot);
}

void Auditor::walk_hand(std::uint32_t slot, const Hand& hand) {
  claim_if_held(peek(hand.moving), slot);
  for (const Word& block : hand.fresh) claim_if_held(peek(block), slot);
  for (const Word& block : hand.stale) claim_if_held(peek(block), slot);
  for (const Word* list : {&hand.fresh_list, &hand.stale_list}) {
    claim_if_held(peek(*list), slot);
    walk_block_list(slot, peek(*list));
  }
}

void Auditor::walk_block_list(std::uint32_t slot, Offset at) {
  const auto list = BlockList::open(mapping_, heap_, slot, at);
  if (!list) return;
  const auto dict = static_cast<std::uint32_t>(peek(list->block().word(0)));
  for (std::size_t i = 1; i < list->block().size() / sizeof(Word); ++i) {
    const Offset listed = peek(list->block().word(i));
    claim_if_held(listed, slot);
    Seen* const found = listed == 0 ? nullptr : seen(listed);
    if (found != nullptr && found->named == 0 && Block(mapping_, listed).is(BlockState::used, dict))
      ++found->named;
  }
}

void Auditor::walk_record(std::uint32_t slot, const Record& record, bool dead) {
  const Offset at = peek(record.block);
  if (at == 0) return;
  const std::string what = "record of slot " + std::to_string(slot);
  if (static_cast<RecordKind>(peek(record.info) >> 32) != RecordKind::pinned) {
    if (dead) return claim_if_held(at, slot);  // it may have been on its way there, or to a dict
    claim(at, BlockState::held, slot, 0, what);
    return;
  }
  const auto dict = static_cast<std::uint32_t>(peek(record.info));
  Seen* const found = seen(at);
  const bool right = found != nullptr && (Block(mapping_, at).is(BlockState::used, dict) ||
                                          Block(mapping_, at).is(BlockState::retired, dict));
  if (!right) return damaged(what + " has pinned what is no value of dict " + std::to_string(dict));
  ++found->pins;
  ++report_.pins;
  ++pins_[dict];
}

void Auditor::check_lock(const Half& lock, const std::string& whose) {
  if (peek(lock) == 0) return;
  ++report_.locks_held;
  finding("the lock of " + whose + " is held by slot " + std::to_string((peek(lock) & ~(1U << 31)) - 1));
}

}  // namespace pyport::table
