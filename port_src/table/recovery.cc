// Places in the table: taking one, leaving one, and giving back what a dead process held.
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "table/block_list.h"
#include "table/process_identity.h"
#include "table/store.h"
#include "table/wake_word.h"

namespace pyport::table {

// ---- This process's slot

// A slot is claimed by its pid; it is taken once it is empty and says who has it.
Status Store::claim_slot() {
  constexpr std::uint32_t kOrdinary = kSlots - kSpareSlots;
  Result<bool> claimed = claim_one_of(0, kOrdinary);
  if (claimed.ok() && !*claimed) {
    // All may be of dead processes: they are swept from a spare slot.
    claimed = claim_one_of(kOrdinary, kSlots);
    if (claimed.ok() && *claimed) {
      sweep();
      leave_place();
      claimed = claim_one_of(0, kOrdinary);
    }
  }
  if (!claimed) return std::move(claimed).error();
  if (*claimed) return ok_status();
  return make_error(Errc::bad_config,
                    "table: " + std::to_string(kOrdinary) + " processes are attached already");
}

Result<bool> Store::claim_one_of(std::uint32_t first, std::uint32_t end) {
  const auto me = this_process();
  if (!me) return make_error(Errc::bad_config, "table: /proc does not tell when this process began");
  for (std::uint32_t slot = first; slot < end; ++slot) {
    ProcessEntry& entry = mapping_->process(slot);
    if (peek(entry.state) != kSlotFree) continue;
    std::uint32_t nobody = 0;
    if (!entry.pid.compare_exchange_strong(nobody, me->pid)) continue;
    crash_point("slot.claimed", true);
    table::put(entry.start_time, start_word(*me), "slot.start");
    if (!mapping_->back(mapping_->geometry().slots + slot * sizeof(Slot), sizeof(Slot))) {
      leave_entry(entry);
      return make_error(Errc::table_full, "shared memory");
    }
    Slot& mine = mapping_->slot(slot);
    for (std::size_t i = 0; i < sizeof(Slot) / sizeof(Word); ++i) draft(reinterpret_cast<Word*>(&mine)[i], 0);
    table::put(entry.state, kSlotTaken, "slot.taken");
    place_ = std::make_unique<Place>(*mapping_, slot);
    return true;
  }
  return false;
}

void Store::leave_entry(ProcessEntry& entry) {
  table::put(entry.state, kSlotFree, "slot.free");
  table::put(entry.start_time, 0, "slot.no_start");
  table::put(entry.pid, 0, "slot.no_pid");
}

void Store::leave_place() {
  bool cleared = false;
  {
    Operation operation(*mapping_, *place_, *this);
    if (operation.lock(super().slots_lock)) {
      cleared = clear_slot(operation, place_->slot_number());
      operation.unlock(super().slots_lock);
    }
  }
  // Else whoever comes when this process is no more gives it back.
  if (cleared) leave_entry(mapping_->process(place_->slot_number()));
  place_.reset();
}

Store::~Store() {
  if (place_ != nullptr) leave_place();
}

Status Store::after_fork() {
  ++generation_;
  // The parent's place, lanes that its threads had taken and all, is not ours.
  place_.reset();
  return claim_slot();
}

// ---- Repair of what an inherited lock guards

void Store::repair(Operation& operation, Offset lock) {
  super().repairs.fetch_add(1, std::memory_order_relaxed);
  const Superblock& shared = super();
  if (lock == mapping_->offset_of(shared.heap_lock)) return heap_.rebuild();
  if (lock == mapping_->offset_of(shared.slots_lock) || lock == mapping_->offset_of(shared.repair_lock))
    return;
  // One at a time: a change under two locks may be found by two processes, one at each.
  if (!operation.lock(super().repair_lock)) return;
  carry_out_under(lock);
  operation.unlock(super().repair_lock);
  // The dead one has perhaps changed something, and told nobody.
  if (DictHeader* const dict = dict_of_lock(lock)) tell_waiters(*dict, true);
}

// The caller holds the lock, so no living process is between its commit and the end of a change under it.
void Store::carry_out_under(Offset lock) {
  for (std::uint32_t slot = 0; slot < kSlots; ++slot) {
    if (peek(mapping_->process(slot).state) != kSlotTaken) continue;
    for (Lane& lane : mapping_->slot(slot).lane) {
      Hand& hand = lane.hand;
      const bool names = std::any_of(hand.lock.begin(), hand.lock.end(),
                                     [lock](const Word& word) { return peek(word) == lock; });
      if (!names || hand.phase.load(std::memory_order_acquire) != kCommitted) continue;
      carry_out(*mapping_, hand);
      table::put(hand.phase, kDone, "repair.done");
    }
  }
}

// ---- What a dead process held

bool Store::dead(std::uint32_t slot) const {
  const ProcessEntry& entry = mapping_->process(slot);
  const std::uint32_t pid = peek(entry.pid);
  if (pid == 0 || (place_ != nullptr && slot == place_->slot_number())) return false;
  const std::uint64_t start = peek(entry.start_time);
  // Killed between the claim and the word when it began: any process of that pid may be the one.
  if (start == 0)
    return peek(entry.state) == kSlotFree && kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH;
  const auto process = identity_of(pid, start);
  return process && !may_be_alive(*process);
}

std::size_t Store::sweep() {
  bool any = false;
  for (std::uint32_t slot = 0; slot < kSlots && !any; ++slot) any = dead(slot);
  if (!any) return 0;
  Operation operation(*mapping_, *place_, *this);
  if (!operation.lock(super().slots_lock)) return 0;
  std::size_t swept = 0;
  for (std::uint32_t slot = 0; slot < kSlots; ++slot) {
    if (!dead(slot)) continue;
    ProcessEntry& entry = mapping_->process(slot);
    if (peek(entry.state) == kSlotTaken) {
      if (!clear_slot(operation, slot)) continue;
      super().repairs.fetch_add(1, std::memory_order_relaxed);
    }
    leave_entry(entry);
    ++swept;
  }
  operation.unlock(super().slots_lock);
  return swept;
}

bool Store::clear_slot(Operation& operation, std::uint32_t slot) {
  const bool mine = slot == place_->slot_number();
  for (Lane& lane : mapping_->slot(slot).lane) {
    if (!mine) {
      clear_locks(operation, slot, lane.hand);
      clear_hand(operation, slot, lane.hand);
    }
    for (Magazine& magazine : lane.magazine) {
      // Those above the count too: a kill may have come between the block and the count.
      for (Word& block : magazine.block) {
        heap_.give_back_of(operation, slot, peek(block));
        table::put(block, 0, "clear.magazine");
      }
      table::put(magazine.count, 0, "clear.count");
    }
  }
  clear_records(operation, slot);
  // Last: it uses what was just given back to it, when the slot is this process's own.
  return end_dicts_of_process(operation, slot);
}

// To take a dead process's lock is to repair what it guards.
void Store::clear_locks(Operation& operation, std::uint32_t slot, const Hand& hand) {
  for (const Word& named : hand.lock) {
    Half* const lock = lock_at(peek(named));
    if (lock == nullptr || (peek(*lock) & ~(1U << 31)) != slot + 1) continue;
    if (operation.lock(*lock)) operation.unlock(*lock);
  }
}

Half* Store::lock_at(Offset at) const {
  Superblock& shared = super();
  for (Half* lock : {&shared.index_lock, &shared.heap_lock, &shared.repair_lock})
    if (mapping_->offset_of(*lock) == at) return lock;
  DictHeader* const dict = dict_of_lock(at);
  return dict == nullptr ? nullptr : &dict->lock;
}

DictHeader* Store::dict_of_lock(Offset at) const {
  if (at < mapping_->geometry().data || at >= heap_.data_end() || at % sizeof(Half) != 0) return nullptr;
  const Offset header_at = at / sizeof(DictHeader) * sizeof(DictHeader);
  auto& candidate = mapping_->at<DictHeader>(header_at);
  const bool is_header = index_.header(peek(candidate.number)) == &candidate;
  return is_header && mapping_->offset_of(candidate.lock) == at ? &candidate : nullptr;
}

void Store::clear_hand(Operation& operation, std::uint32_t slot, Hand& hand) {
  const auto give_back = [&](Word& word) {
    if (peek(word) == 0) return;
    heap_.give_back_of(operation, slot, peek(word));
    table::put(word, 0, "clear.hand");
  };
  give_back(hand.moving);
  for (Word* list : {&hand.fresh_list, &hand.stale_list})
    if (const auto blocks = BlockList::open(*mapping_, heap_, slot, peek(*list)))
      blocks->give_back(operation, heap_, slot, hand.moving);
  for (Word* list : {&hand.fresh_list, &hand.stale_list}) give_back(*list);
  for (Word& word : hand.fresh) give_back(word);
  for (Word& word : hand.stale) give_back(word);
  table::put(hand.phase, kPreparing, "clear.phase");
}

void Store::clear_records(Operation& operation, std::uint32_t slot) {
  for (Record& record : mapping_->slot(slot).record) {
    if (peek(record.block) == 0) continue;
    if (static_cast<RecordKind>(peek(record.info) >> 32) == RecordKind::pinned) {
      unpin(operation, record);
    } else {
      heap_.give_back_of(operation, slot, peek(record.block));
      table::put(record.block, 0, "clear.record");
    }
  }
}

}  // namespace pyport::table
