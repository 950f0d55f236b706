// Blocks of memory in the table's file: given out, taken back, and found again after a crash.
//
// Small blocks come out of magazines that each lane has for itself, without a lock; a magazine is filled from
// and emptied into the slabs of its size class under the heap's lock. Larger ones are runs of pages: the
// first that are free, so that the file stays short.
//
// The truth is in the pages' words and the blocks' states; each changes by one store. The bitmap, the lists
// and the sums are made anew from them when the lock is inherited or something in them cannot be.
//
// Thread safety: all of it; the heap's lock is taken under any other.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "table/block.h"
#include "table/layout.h"
#include "table/operation.h"
#include "table/page_word.h"

namespace pyport::table {

class Heap {
 public:
  // `max_bytes` of the file, from the limits.
  Heap(const Mapping& mapping, std::uint64_t max_bytes);

  // A block for `size` bytes, held by the caller's slot. `place` names it from before it is taken on, so
  // that it cannot be lost. Errc::table_full (max_table_bytes, shared memory); Errc::busy.
  Result<Block> take(Operation& operation, std::size_t size, Word& place);
  // Takes back a block that the caller's slot holds, and empties `place`, which named it. What is damaged is
  // left alone for ever.
  void give_back(Operation& operation, Offset block, Word& place);
  // As give_back, for a block that a dead process's slot holds; nothing happens when it does not hold it.
  void give_back_of(Operation& operation, std::uint32_t slot, Offset block);

  // After a commit: gives the stale blocks back and ends the change.
  void settle(Operation& operation);
  // Instead of a commit: gives the fresh blocks back.
  void abandon(Operation& operation);

  // A run of pages for a chunk of dict headers. `place` holds its offset when the chunk is there.
  Status take_chunk(Operation& operation, Word& place);
  bool is_chunk(Offset at) const;

  // Whether a block begins here.
  bool is_block(Offset at) const;
  // As far as blocks may reach. Never beyond what has memory behind it.
  std::uint64_t data_end() const { return mapping_.data_end(); }

  // Finds out anew what is free. REQUIRES: the heap's lock is held.
  void rebuild();

  std::uint64_t used_bytes() const;
  std::uint64_t free_bytes() const;
  std::uint32_t pages() const { return mapping_.pages(); }
  // The run that begins at this page; nothing when it is damaged.
  std::optional<PageWord> run_at(std::uint32_t page) const;
  Offset page_offset(std::uint32_t page) const {
    return mapping_.geometry().data + std::uint64_t{page} * kPageBytes;
  }

 private:
  class Locked;

  Superblock& super() const { return mapping_.superblock(); }
  PageDescriptor& page(std::uint32_t page) const {
    return mapping_.at<PageDescriptor>(mapping_.geometry().descriptors +
                                       std::uint64_t{page} * sizeof(PageDescriptor));
  }
  Word& bits(std::uint32_t page) const {
    return mapping_.at<Word>(mapping_.geometry().bitmap + page / 64 * sizeof(Word));
  }
  std::uint32_t page_of(Offset at) const {
    return static_cast<std::uint32_t>((at - mapping_.geometry().data) / kPageBytes);
  }

  bool has_class(const Block& block, std::size_t size_class) const;

  // All below: REQUIRES: the heap's lock is held.
  Status fill(Operation& operation, std::size_t size_class);
  void empty(Operation& operation, std::size_t size_class, std::size_t keep);
  Result<Block> take_from_slab(Operation& operation, std::size_t size_class, Word& place);
  Result<Block> take_large(Operation& operation, std::size_t size, Word& place);
  Result<Block> take_run(std::uint32_t pages, const PageWord& what, std::uint32_t slot, Word& place);
  Status make_slab(std::size_t size_class);
  void give_to_pages(Offset block, std::uint32_t expected_state);
  void give_to_slab(std::uint32_t first_page, std::size_t size_class, const Block& block);
  void free_run(std::uint32_t first_page, std::uint32_t pages);
  Result<std::uint32_t> find_pages(std::uint32_t count);
  Status grow(std::uint32_t count);
  bool all_free(std::uint32_t first, std::uint32_t count) const;
  // No block of the slab is in use.
  bool is_empty(std::uint32_t first, std::size_t size_class) const;
  std::optional<std::uint32_t> search(std::uint32_t count) const;
  void mark(std::uint32_t first_page, std::uint32_t count, bool free);
  void write_run(std::uint32_t first_page, const PageWord& what);
  void link(std::uint32_t first_page, std::size_t size_class);
  void unlink(std::uint32_t first_page, std::size_t size_class);
  std::uint32_t rebuild_slab(std::uint32_t first_page, const PageWord& what);
  bool begun_and_left(std::uint32_t page, std::uint32_t back) const;

  const Mapping& mapping_;
  const std::uint64_t max_bytes_;
};

}  // namespace pyport::table
