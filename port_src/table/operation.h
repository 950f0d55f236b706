// One operation under way: a lane, the locks that it holds, and the change that it makes.
//
// A change of one word is one store. A change of several is written into the lane's redo list first; one
// store
// (`phase`) commits it; then it is carried out. A process that is killed before the commit has changed
// nothing; after it, whoever takes over the lock carries the list out again. In the same way blocks are given
// back exactly once:
//
//   phase      kPreparing              kCommitted             kDone
//   fresh      given back after kill   have their place       have their place
//   stale      keep their place        have lost it           given back after kill
//
// A block on either list is `held` by this process's slot as long as it is to be given back: the list says
// where to look, the block's own state says whether.
//
// Thread safety: one object belongs to one thread.
#pragma once

#include <cassert>
#include <cstdint>

#include "base/result.h"
#include "table/block.h"
#include "table/crash_point.h"
#include "table/layout.h"
#include "table/mapping.h"
#include "table/patience.h"
#include "table/place.h"
#include "table/shared_lock.h"

namespace pyport::table {

// What repairs that which a lock guards, when it was inherited.
class Repairer {
 public:
  virtual ~Repairer() = default;
  virtual void repair(class Operation& operation, Offset lock) = 0;
};

class Operation {
 public:
  // Takes a lane.
  Operation(const Mapping& mapping, Place& place, Repairer& repairer)
      : mapping_(mapping),
        place_(place),
        repairer_(repairer),
        lane_number_(place.take_lane()),
        lane_(place.slot().lane[lane_number_]) {}
  ~Operation() {
    assert(locks_ == 0);
    place_.leave_lane(lane_number_);
  }
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  const Mapping& mapping() const { return mapping_; }
  std::uint32_t slot() const { return place_.slot_number(); }
  Lane& lane() const { return lane_; }
  Hand& hand() const { return lane_.hand; }

  // Errc::busy; what the lock guards is repaired when it was inherited. REQUIRES: shared_lock.h's order.
  Status lock(Half& word, Patience patience = Patience::some) {
    Word& name = hand().lock[locks_];
    put(name, mapping_.offset_of(word), "lock.name");
    const Taken taken = SharedLock(mapping_, word).take(slot(), name, patience);
    if (taken != Taken::fresh) return lock_after_trouble(word, taken);
    crash_point("lock.taken", true);
    ++locks_;
    return ok_status();
  }
  // The same, with the patience that this thread has.
  Status lock_for_work(Half& word) { return lock(word, Impatient::here() ? Patience::none : Patience::some); }
  // False, and nothing is done, when it is not free.
  bool lock_at_once(Half& word) {
    Word& name = hand().lock[locks_];
    put(name, mapping_.offset_of(word), "lock.name");
    if (!SharedLock(mapping_, word).take_at_once(slot())) {
      put(name, 0, "lock.unname");
      return false;
    }
    crash_point("lock.taken", true);
    ++locks_;
    return true;
  }
  // The lock that was taken last.
  void unlock(Half& word) {
    SharedLock(mapping_, word).leave();
    crash_point("lock.left", true);
    --locks_;
    put(hand().lock[locks_], 0, "lock.unname");
  }

  // What is changed from now on is read without a lock, by `version`: it is odd while a change is carried
  // out. Null: by nobody.
  void guard(Word* version) { version_ = version; }

  // ---- The change. REQUIRES: the lock of all that is changed.
  void set(Word& word, std::uint64_t value) { add(mapping_.offset_of(word), value); }
  void set(Half& half, std::uint32_t value) { add(mapping_.offset_of(half) | 1, value); }
  // The fresh block gets its place: it becomes `dict`'s.
  void give(const Block& block, std::uint32_t dict) {
    set(block.header().state, block_state(BlockState::used, dict));
  }
  // The block loses its place: it becomes this process's, and stale.
  void drop(const Block& block);
  // A block of its own for the entries that the hand has no room for; it is one of the fresh.
  void more_redo(const Block& block);
  // Makes it all.
  void commit();
  // Forgets what was fresh and stale; the caller has given the stale back. REQUIRES: committed.
  void finish();
  // Something is to be settled.
  bool committed() const { return committed_; }

  // Forgets a change that was not committed; the caller has given the fresh blocks back.
  void forget();

  // A word for a fresh block that is about to be taken.
  Word& fresh() {
    assert(fresh_ < kHandBlocks);
    return hand().fresh[fresh_++];
  }

 private:
  Status lock_after_trouble(Half& word, Taken taken);
  void add(Offset at, std::uint64_t value);
  void append(Offset at, std::uint64_t value);

  const Mapping& mapping_;
  Place& place_;
  Repairer& repairer_;
  const std::size_t lane_number_;
  Lane& lane_;
  std::size_t locks_ = 0;
  std::uint32_t redo_ = 0;
  std::size_t fresh_ = 0;
  std::size_t stale_ = 0;
  Redo* more_ = nullptr;
  std::size_t most_more_ = 0;
  bool committed_ = false;
  Word* version_ = nullptr;
};

// What a dict's changes are guarded by, as long as this lives.
class Guard {
 public:
  Guard(Operation& operation, Word& version) : operation_(operation) { operation.guard(&version); }
  ~Guard() { operation_.guard(nullptr); }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

 private:
  Operation& operation_;
};

// Carries a redo list out; entries that point outside the backed file are left out.
void carry_out(const Mapping& mapping, Hand& hand);

}  // namespace pyport::table
