// The walk of an audit (audit.h).
//
// Thread safety: one object belongs to one thread.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "table/audit.h"
#include "table/block.h"
#include "table/heap.h"
#include "table/index.h"
#include "table/layout.h"
#include "table/mapping.h"

namespace pyport::table {

class Auditor {
 public:
  Auditor(const Mapping& mapping, const Heap& heap, const Index& index)
      : mapping_(mapping), heap_(heap), index_(index) {}

  AuditReport run();

 private:
  struct Seen {
    Offset offset = 0;
    std::uint64_t bytes = 0;  // that it takes, rounding included
    bool listed = false;      // free: in its slab's list
    std::uint32_t named = 0;  // how often something names it
    std::uint32_t pins = 0;   // records that have it pinned
  };

  // audit_heap.cc: pages, runs and lists. Fills blocks_, in the order of their offsets.
  void walk_pages();
  void walk_slab(std::uint32_t first, const PageWord& what);
  void add_block(Offset at, std::uint64_t bytes);
  void check_free_list(std::uint32_t first, std::size_t size_class, std::size_t first_block);
  void check_slabs_with_room();
  void check_bit(std::uint32_t page, bool free);
  void check_heap_sums();

  // audit_dicts.cc
  void walk_dicts();
  void walk_dict(const DictHeader& header);
  std::optional<std::vector<Offset>> walk_segments(const DictHeader& header);
  void walk_entries(const DictHeader& header, const std::vector<Offset>& segments);
  std::optional<std::uint64_t> walk_key(const DictHeader& header, const Entry& entry);
  std::optional<std::uint64_t> walk_value(const DictHeader& header, const Entry& entry);
  std::optional<std::uint64_t> walk_word(const DictHeader& header, std::uint64_t word);
  void walk_hash_table(const DictHeader& header, const std::vector<Offset>& segments);
  void walk_index();
  void check_list(Half& head, std::uint32_t state, const char* what);
  const Entry* entry_of(const std::vector<Offset>& segments, std::uint64_t number) const;

  // audit_kin.cc: what ends with what
  void walk_kin();
  void walk_list(const Half& head, std::uint64_t owner, const std::string& what);

  // audit_processes.cc
  void walk_processes();
  void walk_hand(std::uint32_t slot, const Hand& hand);
  void walk_magazine(std::uint32_t slot, const Magazine& magazine, bool dead);
  void walk_record(std::uint32_t slot, const Record& record, bool dead);
  void walk_block_list(std::uint32_t slot, Offset at);
  void check_lock(const Half& lock, const std::string& whose);

  // audit.cc
  void account();
  void account_block(const Seen& seen);
  Seen* seen(Offset at);
  // The block that is named, when it is what it should be; else a finding.
  std::optional<Block> claim(Offset at, BlockState state, std::uint32_t id, std::size_t least_size,
                             const std::string& what);
  // Names it when it is held by the slot; a hand may still name what went its way.
  void claim_if_held(Offset at, std::uint32_t slot);
  void damaged(const std::string& what);
  void expect(std::uint64_t found, std::uint64_t said, const std::string& what);
  void finding(const std::string& what);
  std::uint32_t state_of_dict(std::uint32_t number) const;

  const Superblock& super() const { return mapping_.superblock(); }
  const PageDescriptor& page(std::uint32_t number) const {
    return mapping_.at<PageDescriptor>(mapping_.geometry().descriptors +
                                       std::uint64_t{number} * sizeof(PageDescriptor));
  }

  const Mapping& mapping_;
  const Heap& heap_;
  const Index& index_;
  AuditReport report_;
  std::vector<Seen> blocks_;
  std::unordered_map<Offset, bool> chunks_;  // page runs that are chunks: named by the directory?
  std::unordered_map<std::uint32_t, std::size_t>
      roomy_slabs_;  // first page -> size class, of slabs with free blocks
  std::unordered_map<std::uint32_t, std::uint64_t> pins_;  // of dicts
  std::vector<bool> kin_;                                  // dicts that stand in a list of kin
  std::uint64_t free_pages_ = 0;
  std::uint64_t free_block_bytes_ = 0;
};

}  // namespace pyport::table
