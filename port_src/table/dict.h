// One dict: a hash map of key -> value that remembers the order of insertion, in blocks of the table's file.
//
//   slots     | entry no. | empty | entry no. | ...             open addressing, linear probing
//   segments  | entry | entry | dead | ...  | entry | ...       in insertion order; 8, 8, 16, ... 512, 1024,
//   1024, ...
//
// An entry that loses its value is dead: its slot marks that a search goes on, until a new key takes it. When
// more entries are dead than live, the live ones are copied into new segments, which take the old ones' place
// in one change.
//
// What it consists of changes by the redo list of an operation alone; meanwhile the dict's version is odd, so
// that readers without the lock see it (dict_reader.h). Only a value that is one word, as the one before it,
// is replaced by a store of its own; the number of the change stands there before it.
//
// Thread safety: none by itself. REQUIRES: the dict's lock is held by `operation`.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/result.h"
#include "table/blob.h"
#include "table/box.h"
#include "table/change_ring.h"
#include "table/checked.h"
#include "table/child_value.h"
#include "table/dict_reader.h"
#include "table/heap.h"
#include "table/key.h"
#include "table/layout.h"
#include "table/limits.h"
#include "table/list_slice.h"
#include "table/operation.h"
#include "table/value_word.h"

namespace pyport::table {

// A value on its way into a dict.
struct NewValue {
  ByteSpan bytes;
  std::uint32_t tag = 0;
  Offset block = 0;        // has the bytes already; 0: they are to be copied
  Word* record = nullptr;  // names that block
  const NumberForm* numbers =
      nullptr;                       // by which a cell sees that it is given a number; null: it is replaced
  std::uint64_t cell_owner = 0;      // not 0: it becomes a cell, whose bytes are as many as `bytes`
  std::int64_t number = 0;           // of the cell
  std::optional<std::uint64_t> ttl;  // nanoseconds; 0: for ever; without one as the dict says
  std::uint64_t deadline = 0;        // not 0: when it expires, whatever `ttl` is
};

// One key of many that are changed at once.
struct Change {
  HashedKey key;
  NewValue value{};
  bool erase = false;
};

// Into a new entry; `block` has the bytes of a long key, else 0.
void draft_key(Entry& entry, const HashedKey& key, Offset block);

class Dict : public DictReader {
 public:
  Dict(Operation& operation, Heap& heap, const Limits& limits, DictHeader& header)
      : DictReader(operation.mapping(), header), operation_(operation), heap_(heap), limits_(limits) {}

  // From now on the children are told that are named by values which lose their places. `children` outlives
  // it and has room.
  void tell_children(ChildList& children) { lost_ = &children; }
  // Those of keys that had expired and were erased here.
  const ChildList& expired_children() const { return expired_; }

  // Commits; the caller settles after the lock is let go.
  Status put(const HashedKey& key, const NewValue& value);
  // REQUIRES: it is an entry of this dict and has a value. Commits.
  Status erase(Entry& entry, ChangeKind why = ChangeKind::erased);
  // As find(). A key that has expired is erased; that is a change of its own, settled.
  Result<Found> find_alive(const HashedKey& key);
  // As find_now(), and the key was used.
  Checked<Found> find_used(const HashedKey& key);
  // A use of a key puts its deadline off where the dict says so.
  void touch(const Entry& entry);
  // Erases keys that have expired among at most `most` entries; true when it came to the end of all. Changes
  // of their own, settled.
  bool purge(Purge& purge, std::uint64_t most);
  void purge_if_due();
  void purge_if_worthwhile();
  // Its keys expire if nobody says otherwise.
  bool keys_expire() const;
  // REQUIRES: the entry is a cell. May commit.
  Result<CellOutcome> change_cell(Entry& entry, const CellChange& change);
  // The entry that was inserted last; null: the dict is empty.
  Checked<Found> last();

  // Makes all of the changes or none; gives how many keys were erased. Commits and settles. REQUIRES: the
  // keys differ from one another; `scratch` is zero and more than twice as long.
  Result<std::uint64_t> change_all(std::span<const Change> changes, std::span<std::uint64_t> scratch);

  // Of a list, whose keys are 0, 1, 2, ...: puts a value between others, and takes one out. The values behind
  // it move. Commits and settles. REQUIRES: `at` is below the size.
  Status insert_at(const SipKey& seed, std::uint64_t at, const NewValue& value);
  Status erase_at(const SipKey& seed, std::uint64_t at);
  // Of a list: values in place of those elements, behind them or moved up; of a step other than 1, no values.
  // Commits and settles. REQUIRES: the step is positive; `scratch` as for change_all, of the values.
  Status splice(const SipKey& seed, const ListRange& gone, std::span<const Change> values,
                std::span<std::uint64_t> scratch);
  // Of a list: the last first. Commits and settles.
  Status reverse(const SipKey& seed);
  // How many elements a list has, if that can be: what is made of it is kept in bounds by that.
  Checked<std::uint64_t> list_size() const;
  bool is_list() const { return (peek(header().flags) & kDictIsList) != 0; }

  // Whether it says of its keys how long they live, or of its values how large they may be.
  bool is_limited() const { return (peek(header().flags) & kDictLimited) != 0; }

  // ---- Being watched (watch.cc)

  bool is_watched() const { return (peek(header().flags) & kDictWatched) != 0; }
  // From now on changes are told, until a minute after renew_watch(), which is to be called next, was last
  // called. Commits and settles. Errc::table_full.
  Status begin_watching();
  void renew_watch();
  Checked<ChangeRing> ring() const;

  // Moves the live entries together when more are dead. What cannot be done for want of memory is left.
  Status compact_if_worthwhile();

  // Of a dead dict: gives back at most `most` entries and, after the last one, all the rest. True when all is
  // done. Commits and settles.
  bool reclaim(std::size_t most);

 private:
  Result<std::uint64_t> prepare_value(const NewValue& value);
  Result<std::uint64_t> prepare_unboxed(const NewValue& value);
  Result<std::uint64_t> prepare_box(std::uint64_t word, const Expiry& expiry);
  Expiry expiry_of(const NewValue& value) const;
  void note_expiry_of(std::uint64_t word) {
    if (is_box_word(word)) note_expiry_of_box(word);
  }
  void note_expiry_of_box(std::uint64_t word);
  void note_deadline(std::uint64_t deadline, std::uint64_t puts);
  void announce_expiry_of(std::uint64_t word) {
    if (is_box_word(word)) announce_expiry();
  }
  void announce_expiry();
  Status bury(Entry& entry);
  bool is_purge_due() const;
  Status check_value(const NewValue& value) const;
  Status make_ready(const Change& change);
  Status prepare_key(Entry& entry, const HashedKey& key);
  Status replace(Entry& entry, const NewValue& value);
  // The number that goes into the cell of that word, instead of replacing it.
  std::optional<std::int64_t> number_for_cell(std::uint64_t word, const NewValue& value) const;
  Status set_cell(Entry& entry, std::int64_t number);
  Result<CellOutcome> change_guarded(Entry& entry, Cell& known, const CellChange& change);
  Result<std::uint64_t> prepare_cell(const NewValue& value);
  Status insert(const HashedKey& key, const NewValue& value);
  // Of a key that gets this value by this change.
  static Stamp stamp_of(const NewValue& value, std::uint64_t change) {
    return value.cell_owner != 0 ? cell_stamp(change, value.number) : change;
  }
  static void tell_dead(Entry& last_dead, std::uint64_t first_dead);
  std::uint64_t next_change() const { return peek(header().changes) + 1; }
  // Before a change: nobody who watches may be left. May commit.
  void mind_watch();
  void end_watch();
  bool can_tell();
  // One of the changes that are about to be committed is told, if somebody watches.
  void tell(ChangeKind kind, Stamp stamp, const KeyView& key);
  void tell(ChangeKind kind, Stamp stamp, const Entry& entry) {
    if (is_watched()) tell_of(kind, stamp, entry);
  }
  void tell_of(ChangeKind kind, Stamp stamp, const Entry& entry);
  // Too much is changed to be told: whoever watches is to look at the dict.
  void tell_loss();
  // What was told is part of the change. REQUIRES: nothing more is told before it is committed.
  void told() {
    if (ring_) store_told();
  }
  void store_told();
  Status guard_cells();
  void give_value(const NewValue& value, std::uint64_t word);
  Status drop_value(std::uint64_t word);
  Status drop_key(const Entry& entry);
  void tell_child(const Block& block) const;
  // Of a list: a new key is the next one, and the last one alone goes.
  Status check_new_key(const HashedKey& key, std::uint64_t live) const;
  Status check_old_key(const Entry& entry) const;
  Result<Word*> make_redo(std::uint64_t elements);
  void commit_with(Word& redo);
  Checked<Entry*> element(const SipKey& seed, std::uint64_t at) const;
  Status set_element(const SipKey& seed, std::uint64_t at, std::uint64_t word);
  Status check_bytes(std::uint64_t bytes) const;

  // Room for so many more entries. Each step is a change of its own.
  Status make_room(std::uint64_t entries);
  Status room_behind_the_last(std::uint64_t entries);
  Status room_in_segment(std::size_t segment);
  Status add_segment(std::size_t segment);
  Status grow_directory(std::size_t segments);
  Status grow_slots(std::uint64_t entries);
  Status fill_slots(const Block& slots, std::uint64_t mask, std::uint64_t used) const;
  Status compact();
  std::uint64_t directory_capacity() const;
  void drop_entry(std::uint64_t at);
  void drop_block(Word& word);
  bool worth_compacting(std::uint64_t least) const;

  Operation& operation_;
  Heap& heap_;
  const Limits& limits_;
  ChildList* lost_ = nullptr;
  ChildList expired_;
  std::optional<ChangeRing> ring_;  // of the change that is being made
  friend class Batch;
  friend class BulkChange;
  friend class Compaction;
  friend class ListSplice;
};

}  // namespace pyport::table
