// The contents of one dict: a hash map of key -> blob that remembers the order of insertion.
//
//   slots   | hash, entry no. | empty | hash, entry no. | ...   open addressing, linear probing
//   entries | key, blob | dead | key, blob | ...                in insertion order
//
// put, find and erase are O(1) (amortised). An erased entry stays as a dead one until there are more dead
// entries than live ones; then the live ones are moved together.
//
// Thread safety: none; Dict guards it.
// Invariants: each live entry has exactly one slot; slots_ is empty or a power of two at most 2/3 full; the
// last entry is live.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "table/blob.h"
#include "table/key.h"

namespace pyport::table {

class OrderedMap {
 public:
  struct Entry {
    Key key;
    Blob blob;  // empty: a dead entry
    std::uint32_t hash = 0;
  };

  // The blob of the key, or null. Valid until the map is changed.
  const Blob* find(const HashedKey& key) const;

  // Stores the blob; a known key keeps its place. Returns the blob that was replaced, or an empty one when
  // the key is new: the caller lets go of it when no lock is held. Throws std::bad_alloc; the map is then
  // as it was. REQUIRES: blob is not empty.
  Blob put(const HashedKey& key, Blob blob);

  // Takes the entry out; empty when the key is not there. Never throws.
  std::optional<Entry> erase(const HashedKey& key) noexcept;

  std::size_t size() const { return live_; }
  // Key bytes and blob bytes.
  std::uint64_t bytes() const { return bytes_; }
  // In order of insertion. Throws std::bad_alloc.
  std::vector<Key> keys() const;

  // Entries kept, dead ones included.
  std::size_t entries_kept() const { return entries_.size(); }

 private:
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t entry = kNoEntry;
  };
  static constexpr std::uint32_t kNoEntry = UINT32_MAX;
  static constexpr std::size_t kNotFound = SIZE_MAX;

  std::size_t slot_of(const HashedKey& key) const;
  void insert_slot(std::vector<Slot>& slots, std::uint32_t hash, std::uint32_t entry) const;
  void remove_slot(std::size_t at) noexcept;
  void make_room();
  void insert(const HashedKey& key, Blob blob);
  void compact() noexcept;
  void refill_slots() noexcept;
  void shrink() noexcept;

  std::vector<Slot> slots_;
  std::vector<Entry> entries_;
  std::size_t live_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace pyport::table
