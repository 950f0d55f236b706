// The mapped table of one process, and its place in it: what Table's functions are made of.
//
// Thread safety: all of it, but after_fork.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "table/blob.h"
#include "table/dict.h"
#include "table/heap.h"
#include "table/index.h"
#include "table/key.h"
#include "table/limits.h"
#include "table/mapping.h"
#include "table/operation.h"
#include "table/place.h"
#include "table/sighting.h"
#include "table/snapshot.h"
#include "table/table.h"
#include "table/wait.h"
#include "table/wake_word.h"
#include "table/watch.h"

namespace pyport::table {

class FrozenCells;

// Of the words of the superblock that never change.
std::uint64_t constants_check(const Superblock& super);

class Store final : public Repairer {
 public:
  static Result<std::unique_ptr<Store>> make(std::unique_ptr<Mapping> mapping, const Limits& limits);
  static Result<std::unique_ptr<Store>> attach(std::unique_ptr<Mapping> mapping);
  ~Store() override;

  Status after_fork();

  Status create(const Handle& handle, const NewDict& wanted);
  bool destroy(const Handle& handle);
  Status make_last(const Handle& handle);
  Result<BlobWriter> allocate(std::size_t size);
  Result<Blob> get(const Handle& handle, const KeyView& key);
  std::optional<Sighting> get_at_once(const Handle& handle, const KeyView& key, Blob& blob) const;
  bool is_still_so(const Handle& handle, const Sighting& sighting) const;
  std::optional<bool> contains_at_once(const Handle& handle, const KeyView& key) const;
  std::optional<std::uint64_t> size_at_once(const Handle& handle) const;
  std::optional<Glimpse> glimpse(const Handle& handle, std::size_t most) const;
  Status put(const Handle& handle, const KeyView& key, NewBlob blob, const NumberForm* numbers);
  Result<bool> erase(const Handle& handle, const KeyView& key);
  Result<Stamped> get_stamped(const Handle& handle, const KeyView& key);
  Result<Stamp> stamp(const Handle& handle, const KeyView& key);
  Result<bool> put_if(const Handle& handle, const KeyView& key, NewBlob blob, const Expect& expect,
                      Stamped* present, const NumberForm* numbers);
  Result<bool> erase_if(const Handle& handle, const KeyView& key, const Expect& expect);
  Result<TakenOut> take(const Handle& handle, const KeyView& key, const Expect& expect);
  Result<TakenOut> take_last(const Handle& handle, Key& key, const Expect& expect);
  Result<std::uint64_t> clear(const Handle& handle);
  std::optional<CellOutcome> change_cell_at_once(const Handle& handle, const KeyView& key,
                                                 const CellChange& change) const;
  Result<CellOutcome> change_cell(const Handle& handle, const KeyView& key, const CellChange& change,
                                  const NumberForm& form);
  Result<HeldCell> hold_cell(const Handle& handle, const KeyView& key);
  Result<std::optional<CellOutcome>> change_held(const Handle& handle, const KeyView& key,
                                                 const HeldCell& held, const CellChange& change);
  Result<bool> is_held(const Handle& handle, const KeyView& key, const HeldCell& held);
  Result<Committed> commit(const Handle& handle, const ReadSet& read, std::span<KeyChange> wanted,
                           const NumberForm* numbers);
  Result<Snapshot> get_many(const Handle& handle, std::span<const KeyView> keys);
  Result<Snapshot> items(const Handle& handle);
  Result<std::uint64_t> append(const Handle& handle, std::span<NewBlob> blobs, const NumberForm* numbers);
  Result<bool> insert_at(const Handle& handle, std::int64_t at, NewBlob blob, const NumberForm* numbers);
  Result<bool> put_at(const Handle& handle, std::int64_t at, NewBlob blob, const NumberForm* numbers);
  Result<Blob> get_at(const Handle& handle, std::int64_t at);
  Result<TakenOut> take_at(const Handle& handle, std::int64_t at, const Expect& expect);
  Result<bool> erase_at(const Handle& handle, std::int64_t at, const Expect& expect);
  Result<Snapshot> get_slice(const Handle& handle, const ListSlice& slice);
  Result<SlicePut> put_slice(const Handle& handle, const ListSlice& slice, std::span<NewBlob> blobs,
                             const NumberForm* numbers);
  Result<std::uint64_t> erase_slice(const Handle& handle, const ListSlice& slice);
  Status reverse(const Handle& handle);
  Result<Waited> wait_change(const Handle& handle, const KeyView& key, Stamp seen, const WaitLimit& limit);
  Result<WatchedChanges> wait_changes(const Handle& handle, WatchPosition& position, const WaitLimit& limit);
  bool may_have_changes(const Handle& handle, const WatchPosition& position) const;
  std::uint32_t mark_any_change();
  void stir_any_change();
  WaitEnd sleep_until_any_change(std::uint32_t marked, const WaitLimit& limit);
  Result<bool> contains(const Handle& handle, const KeyView& key);
  Result<std::vector<Key>> keys(const Handle& handle, Stamp* stamp);
  Result<DictStats> stats(const Handle& handle);
  std::vector<Handle> handles(std::optional<DictOwner> owner) const;
  Result<Adoption> adopt(const Handle& child, const Handle& parent);
  Result<bool> disown(const Handle& child, const Handle& parent);
  TableStats stats() const;
  std::size_t sweep();
  bool reclaim(std::size_t most);
  std::uint64_t expire();
  void wait_for_what_expires(std::uint64_t most);

  // Under ThreadSanitizer: a writer's bytes are put into its block.
  void publish(BlobBytes& bytes) const;
  // Lets go of a block that a Blob, a BlobWriter or a NewBlob has in its hand.
  void release(BlobBytes& bytes) noexcept;
  std::uint32_t generation() const { return generation_; }

  void repair(Operation& operation, Offset lock) override;

  const Mapping& mapping() const { return *mapping_; }
  const Heap& heap() const { return heap_; }
  const Index& index() const { return index_; }

 private:
  Store(std::unique_ptr<Mapping> mapping, const Limits& limits, const SipKey& seed);

  // Finds the dict, takes its lock, calls `work(dict, header)`, lets go; settles the change, or abandons
  // it and sets a damaged dict aside.
  template <class Work>
  auto with_dict(Operation& operation, const Handle& handle, Work work)
      -> decltype(work(std::declval<Dict&>(), std::declval<DictHeader&>()));
  static void note_use(DictHeader& header);
  DictHeader* lock_recent(Operation& operation, const HandleWords& words) const;
  Result<DictHeader*> lock_dict(Operation& operation, const HandleWords& words);
  Result<std::uint32_t> find(Operation& operation, const HandleWords& handle);
  // Errc::table_full when the key is too long.
  Status check_key(const KeyView& key) const;
  Result<std::uint64_t> renew(Operation& operation, const HandleWords& words, DictHeader*& left);
  // After a change, the lock let go of.
  void tell_waiters(DictHeader& header, bool watched) const {
    WakeWord(header.wake).changed();
    if (watched) WakeWord(super().watch_wake).changed_unseen();
  }
  Status check_alive(const DictHeader& header, const HandleWords& handle) const;

  // What ends with what (store_owners.cc).
  DictHeader* find_live(const HandleWords& words) const;
  bool end(Operation& operation, DictHeader& header, Half& place);
  enum class Progress : std::uint8_t { done, more, stuck };
  bool end_children(Operation& operation, DictHeader& root);
  Progress end_some_children(Operation& operation, DictHeader& root);
  bool end_child(Operation& operation, DictHeader& child);
  // Children of the dict that the change about to be made may leave without a value. REQUIRES: its lock.
  static void listen(Dict& dict, const DictHeader& header, ChildList& lost, std::size_t most = 1);
  // Ends those of them that end with the dict, but not `kept`.
  void end_lost(Operation& operation, const Handle& dict, const ChildList& lost,
                const std::optional<Handle>& kept = {});
  bool end_dicts_of_process(Operation& operation, std::uint32_t slot);
  void end_left_children(Operation& operation);

  // What can be seen of a key without any lock.
  enum class Sight : std::uint8_t { found, missing, unsure };
  DictHeader* look_at_dict(const HandleWords& words, std::uint64_t& version) const;
  DictHeader* find_and_look(const HandleWords& words, std::uint64_t& version) const;
  // Copies a small value to `blob`, when there is one and `blob` is not null.
  Sight look(const HandleWords& words, const HashedKey& key, Blob* blob, Sighting& seen) const;
  Sight look_once(const HandleWords& words, const HashedKey& key, Blob* blob, Sighting& seen) const;
  // A value up to kCopiedBytes is copied; the block of a larger one is what it gives.
  static Checked<std::optional<Block>> copy_out(const DictReader& dict, std::uint64_t word, Blob& blob);

  // At most `most` of the first keys; false when the dict is being changed.
  static bool look_at_keys(const DictHeader& header, const DictReader& dict, std::size_t most,
                           std::vector<Key>& keys);

  // Of an entry that has a value; what it hands out goes to `out`, which outlives the lock.
  Status hand_out_stamped(Operation& operation, Dict& dict, DictHeader& header, const Entry& entry,
                          Stamped& out);
  // Of a list; commits and settles.
  Status erase_element(Operation& operation, Dict& dict, Entry& entry, std::uint64_t at);
  Checked<Dict::Found> find_element(const Dict& dict, const DictHeader& header, std::int64_t at,
                                    std::uint64_t& found_at) const;
  // What one who waits keeps in mind: where he sleeps, the word there, and the key's stamp, 0 when it is not
  // there.
  struct Marked {
    Half* wake;
    std::uint32_t word;
    Stamp stamp;
  };
  Result<Marked> mark_and_look(const Handle& handle, const HashedKey& key);
  // The same of one who watches the dict.
  struct ReadChanges {
    Half* wake = nullptr;
    std::uint32_t word = 0;
    std::vector<std::uint64_t> words;  // as ChangeRing::read gives them
    bool overflow = false;             // some were missed
  };
  static Status read_changes(Dict& dict, const DictHeader& header, WatchPosition& position,
                             ReadChanges& read);
  Result<ReadChanges> mark_and_read(const Handle& handle, WatchPosition& position);
  // Commits and settles.
  Status erase_entry(Operation& operation, Dict& dict, Entry& entry);
  struct SeenCell {
    Cell* cell = nullptr;  // null: there is none, or it cannot be told
    std::uint64_t owner = 0;
    DictHeader* dict = nullptr;
  };
  SeenCell look_for_cell(const HandleWords& words, const HashedKey& key) const;
  std::uint64_t new_owner(const DictHeader& header) const;
  static Checked<std::optional<std::int64_t>> number_of(const Dict& dict, const Entry* entry,
                                                        const NumberForm& form);
  static Checked<Stamp> stamp_of(const Dict& dict, const Entry& entry);
  // The same of a key that may not be there, and freezes its cell itself.
  static Result<Stamp> look_at_stamp(const Dict& dict, const HashedKey& key);
  static Checked<bool> is_as(const Dict& dict, const Entry* entry, const Expect& expect);
  static Checked<bool> freeze_as(const Dict& dict, const Entry& entry, const Expect& expect);
  Status hand_out_as(Operation& operation, Dict& dict, DictHeader& header, const Entry& entry,
                     const Expect& expect, TakenOut& out);
  Status take_out(Operation& operation, Dict& dict, DictHeader& header, Entry& entry, const Expect& expect,
                  TakenOut& out);
  Status hand_out(Operation& operation, Dict& dict, DictHeader& header, std::uint64_t word, Blob& blob);
  static Result<BlobWriter> copy_buffer(BlobWriter writer);
  Status add_value(Operation& operation, Dict& dict, DictHeader& header, const Entry& entry, Snapshot& all);
  // key_of(i) -> HashedKey, of so many. Throws std::bad_alloc.
  template <class KeyOf>
  Status add_values(Operation& operation, Dict& dict, DictHeader& header, std::size_t count,
                    const KeyOf& key_of, Snapshot& all);

  // Changes as a dict makes them.
  struct Preparation {
    std::vector<Change> changes;
    std::vector<std::uint64_t> scratch;
    std::vector<std::pair<std::size_t, std::size_t>> left;  // of each change: its key's number, its value's
  };
  Result<Preparation> prepare(std::span<KeyChange> wanted, const NumberForm* numbers);
  // What a slice of a list is to have; no keys yet.
  struct SliceValues {
    std::vector<Change> changes;
    std::vector<std::uint64_t> scratch;
  };
  Result<SlicePut> change_slice(const Handle& handle, const ListSlice& slice, SliceValues& values,
                                bool erases);
  Status replace_range(Dict& dict, const ListRange& range, std::uint64_t live, SliceValues& values);
  static Checked<Stamp> stamp_of_all(const Dict& dict, const DictHeader& header);
  static Result<std::optional<std::size_t>> find_broken(const Dict& dict, const DictHeader& header,
                                                        const ReadSet& read, std::span<const HashedKey> keys,
                                                        FrozenCells& frozen);
  static void thaw_read(const Dict& dict, const DictHeader& header, const ReadSet& read,
                        std::span<const HashedKey> keys);
  // As the dict is told of it; `blob` outlives it.
  NewValue new_value(const NewBlob& blob, const NumberForm* numbers);
  // The dict has taken it over.
  void has_its_place(NewBlob& blob);
  // False when it cannot be pinned and has to be copied.
  bool pin(Operation& operation, const Block& block, DictHeader& header, BlobBytes& blob);
  void unpin(Operation& operation, Record& record);

  Status claim_slot();
  // False when all of these are taken.
  Result<bool> claim_one_of(std::uint32_t first, std::uint32_t end);
  void leave_place();
  static void leave_entry(ProcessEntry& entry);
  // False: not all of it could be given back.
  bool clear_slot(Operation& operation, std::uint32_t slot);
  void clear_locks(Operation& operation, std::uint32_t slot, const Hand& hand);
  void clear_hand(Operation& operation, std::uint32_t slot, Hand& hand);
  void clear_records(Operation& operation, std::uint32_t slot);
  Half* lock_at(Offset at) const;
  // The dict whose lock lies there, if there is one.
  DictHeader* dict_of_lock(Offset at) const;
  void carry_out_under(Offset lock);
  bool dead(std::uint32_t slot) const;
  std::uint64_t purge_dict(Operation& operation, DictHeader& header);
  bool reclaim(Operation& operation, std::size_t most);
  std::vector<std::uint32_t> dead_dicts(Operation& operation);
  // False when readers still hold some of its values, or dicts still end with it.
  bool recycle(Operation& operation, DictHeader& header);

  Superblock& super() const { return mapping_->superblock(); }
  Record& record(std::uint32_t number) const { return place_->slot().record[number]; }

  const std::unique_ptr<Mapping> mapping_;
  const Limits limits_;
  const SipKey seed_;
  Heap heap_;
  Index index_;
  std::unique_ptr<Place> place_;
  // Where dicts were found lately, by their handles. Headers never move; whose one is, it says itself.
  static constexpr std::size_t kRecent = 256;
  std::atomic<DictHeader*>& recent(const HandleWords& words) const {
    return recent_[(words[0] ^ words[1]) % kRecent];
  }
  mutable std::array<std::atomic<DictHeader*>, kRecent> recent_{};
  std::uint32_t generation_ = 0;  // counts forks
};

}  // namespace pyport::table
