// One dict: a hash map of key -> value that remembers the order of insertion, in blocks of the table's file.
//
//   slots     | entry no. | empty | entry no. | ...             open addressing, linear probing
//   segments  | entry | entry | dead | ...  | entry | ...       in insertion order; 8, 8, 16, ... 512, 1024,
//   1024, ...
//
// An entry that loses its value is dead: its slot stays and marks that a search goes on. When more entries
// are dead than live, the live ones are copied into new segments, which take the old ones' place in one
// change.
//
// Everything read from the file is checked before it is followed: Errc::corrupt says what was found.
//
// Thread safety: none by itself. REQUIRES: the dict's lock is held by `operation`.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "table/blob.h"
#include "table/checked.h"
#include "table/heap.h"
#include "table/key.h"
#include "table/layout.h"
#include "table/limits.h"
#include "table/operation.h"

namespace pyport::table {

// A value on its way into a dict.
struct NewValue {
  ByteSpan bytes;
  std::uint32_t tag = 0;
  Offset block = 0;        // has the bytes already; 0: they are to be copied
  Word* record = nullptr;  // names that block
};

class Dict {
 public:
  Dict(Operation& operation, Heap& heap, const Limits& limits, DictHeader& header)
      : operation_(operation), heap_(heap), limits_(limits), header_(header) {}

  struct Found {
    Entry* entry = nullptr;  // null: not there
  };
  Checked<Found> find(const HashedKey& key) const;

  // Commits; the caller settles after the lock is let go.
  Status put(const HashedKey& key, const NewValue& value);
  // False when the key is not there. Commits.
  Result<bool> erase(const HashedKey& key);
  Result<std::vector<Key>> keys() const;

  // The block of a value word. Errc::corrupt.
  Checked<Block> value_block(std::uint64_t word) const;

  // Moves the live entries together when more are dead. What cannot be done for want of memory is left.
  Status compact_if_worthwhile();

  // Of a dead dict: gives back at most `most` entries and, after the last one, all the rest. True when all is
  // done. Commits and settles.
  bool reclaim(std::size_t most);

 private:
  // Those of look_at are part of their callers: of what is done in each operation.
  Checked<Block> look_at_block(Offset at, std::size_t size, const char* what) const;
  Checked<Entry*> look_at_entry(std::uint64_t number) const;
  Checked<Block> own_block(Offset at, std::size_t size, const char* what) const;
  Checked<Entry*> entry(std::uint64_t number) const;
  Checked<Word*> segment_word(std::size_t segment) const;
  Checked<bool> same(const Entry& entry, const HashedKey& key) const;
  Checked<std::size_t> key_size(const Entry& entry) const;
  Result<Key> key_of(const Entry& entry) const;
  Checked<std::size_t> value_size(std::uint64_t word) const;

  Result<std::uint64_t> prepare_value(const NewValue& value);
  Status prepare_key(Entry& entry, const HashedKey& key);
  Status replace(Entry& entry, const NewValue& value);
  Status insert(const HashedKey& key, const NewValue& value);
  void give_value(const NewValue& value, std::uint64_t word);
  Status drop_value(std::uint64_t word);
  Status drop_key(const Entry& entry);
  Status check_bytes(std::uint64_t bytes) const;

  Status make_room();
  Status room_behind_the_last();
  Status add_segment(std::size_t segment);
  Status grow_directory(std::size_t segments);
  Status grow_slots(std::uint64_t entries);
  Status fill_slots(const Block& slots, std::uint64_t mask, std::uint64_t used) const;
  Status compact();
  std::uint64_t directory_capacity() const;
  void drop_entry(std::uint64_t at);
  void drop_block(Word& word);
  bool worth_compacting(std::uint64_t least) const;
  std::uint32_t number() const { return peek(header_.number); }

  Operation& operation_;
  Heap& heap_;
  const Limits& limits_;
  DictHeader& header_;
  mutable Offset end_ = 0;                // of the data, as far as it is known
  mutable std::uint64_t slot_found_ = 0;  // by find: where a missing key would go
  friend class Compaction;
};

}  // namespace pyport::table
