// Looking a key up in a dict, and its keys in order (dict.h has the picture).
//
// Everything read from the file is checked before it is followed: Errc::corrupt says what was found. So a
// dict may also be looked at without its lock, while others change it. What is found then is to be believed
// only if the dict's version has not changed meanwhile; damage, too, may be no more than a change under way.
//
// Thread safety: one object belongs to one thread. REQUIRES: the dict's lock is held, or the version is
// looked at before and after.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/result.h"
#include "table/block.h"
#include "table/box.h"
#include "table/cell.h"
#include "table/checked.h"
#include "table/key.h"
#include "table/layout.h"
#include "table/mapping.h"

namespace pyport::table {

inline std::uint32_t key_kind(const Entry& entry) { return peek(entry.key_info) >> 16; }

// The bytes of a short key, as an entry has them.
inline std::array<std::uint64_t, 2> key_words(ByteSpan bytes) {
  std::array<std::uint64_t, 2> words{};
  if (!bytes.empty()) std::memcpy(words.data(), bytes.data(), bytes.size());
  return words;
}

class DictReader {
 public:
  DictReader(const Mapping& mapping, DictHeader& header) : mapping_(mapping), header_(header) {}

  struct Found {
    Entry* entry = nullptr;  // null: not there
  };
  Checked<Found> find(const HashedKey& key) const;
  // In the order of insertion. REQUIRES: the lock.
  Result<std::vector<Key>> keys() const;
  // Calls do_it(const Entry&, Key&&) -> Status with each entry, in order. Throws what that throws, and
  // std::bad_alloc. REQUIRES: the lock.
  template <class Do>
  Status each(Do do_it) const {
    const std::uint64_t used = peek(header_.used);
    for (std::uint64_t i = 0; i < used; ++i) {
      Checked<Entry*> at = entry(i);
      if (!at) return at.error();
      if (peek((*at)->value) == 0 || has_expired(peek((*at)->value))) continue;
      Result<Key> key = key_of(**at);
      if (!key) return std::move(key).error();
      if (Status done = do_it(**at, *std::move(key)); !done) return done;
    }
    return ok_status();
  }
  // The key of an entry that has a value. Throws std::bad_alloc.
  Result<Key> key_of(const Entry& entry) const;
  // The same where it lies, as long as the lock is held and the entry has its value.
  Checked<KeyView> key_view(const Entry& entry) const;
  // The number of an entry's place in the order; REQUIRES: below `used`.
  Checked<Entry*> entry(std::uint64_t number) const;
  // What a value is, by its word.
  struct Outline {
    std::uint32_t tag;
    std::size_t size;
  };
  Checked<Outline> outline(std::uint64_t word) const;
  // The box of a box's word.
  Checked<Box*> box(std::uint64_t word) const;
  // The word of what is in it, when it is one.
  Checked<std::uint64_t> unboxed(std::uint64_t word) const;
  // A value that nobody is to see any more. Damage is none.
  bool has_expired(std::uint64_t word) const;
  // As find(), but what has expired is not there.
  Checked<Found> find_now(const HashedKey& key) const;
  // The cell of a cell's word.
  Checked<Cell*> cell(std::uint64_t word) const;
  // The block of a value word.
  Checked<Block> value_block(std::uint64_t word) const;
  // So many bytes of its payload may be read; its size may be another one than before.
  bool reaches(const Block& block, std::size_t size) const {
    return block.offset() + kHeaderBytes + size <= end_;
  }

 protected:
  // Those of look_at are part of their callers: of what is done in each operation.
  Checked<Block> look_at_block(Offset at, std::size_t size, const char* what) const;
  Checked<Entry*> look_at_entry(std::uint64_t number) const;
  // A block of this dict, with at least `size` bytes of payload.
  Checked<Block> own_block(Offset at, std::size_t size, const char* what) const;
  Checked<Word*> segment_word(std::size_t segment) const;
  Checked<std::size_t> key_size(const Entry& entry) const;
  Checked<std::size_t> value_size(std::uint64_t word) const;
  std::uint32_t number() const { return peek(header_.number); }
  // By find: where in the hash table a missing key would go, an empty place or a dead one's.
  std::uint64_t slot_found() const { return slot_found_; }
  DictHeader& header() const { return header_; }

 private:
  Checked<bool> same(const Entry& entry, const HashedKey& key) const;

  const Mapping& mapping_;
  DictHeader& header_;
  mutable Offset end_ = 0;  // of the data, as far as it is known
  mutable std::uint64_t slot_found_ = 0;
};

}  // namespace pyport::table
