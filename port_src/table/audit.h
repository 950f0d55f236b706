// An audit: the whole table walked, and every block accounted for.
//
//   used     reachable from the dict that it names (the index's from the superblock), exactly once
//   held     stands in a magazine, a hand or a record of a process that has a slot
//   retired  some reader's record has it pinned
//   free     in its slab's list of free blocks
//
// What is none of these is leaked; what contradicts itself is damaged. The pages' bitmap, the lists and all
// sums are compared with what is there.
//
// Thread safety: reads only, takes no lock. Exact when nobody else works on the table; else it may find what
// is merely under way.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pyport::table {

struct AuditReport {
  std::uint64_t dicts = 0;       // live
  std::uint64_t dead_dicts = 0;  // destroyed, not yet given back
  std::uint64_t set_aside = 0;   // damaged dicts
  std::uint64_t keys = 0;        // in live dicts, counted
  std::uint64_t processes = 0;   // slots taken
  std::uint64_t dead_processes = 0;

  std::uint64_t blocks = 0;  // all of the following
  std::uint64_t used_blocks = 0;
  std::uint64_t held_blocks = 0;
  std::uint64_t retired_blocks = 0;
  std::uint64_t free_blocks = 0;
  std::uint64_t set_aside_blocks = 0;  // of damaged dicts
  std::uint64_t leaked_blocks = 0;

  std::uint64_t used_bytes = 0;  // of blocks, rounding included
  std::uint64_t held_bytes = 0;
  std::uint64_t free_bytes = 0;  // of free blocks and free pages
  std::uint64_t leaked_bytes = 0;
  std::uint64_t page_bytes = 0;  // of all pages

  std::uint64_t pins = 0;
  std::uint64_t locks_held = 0;
  std::uint64_t damaged = 0;          // contradictions
  std::vector<std::string> findings;  // what leaked, is damaged or locked: the first kMostFindings

  static constexpr std::size_t kMostFindings = 100;
  bool clean() const { return leaked_blocks == 0 && damaged == 0 && locks_held == 0; }
};

// For people: a line for each number and finding.
std::string audit_text(const AuditReport& report);

}  // namespace pyport::table
