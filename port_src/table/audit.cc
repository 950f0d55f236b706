#include "table/audit.h"

#include <algorithm>

#include "table/auditor.h"

namespace pyport::table {

AuditReport Auditor::run() {
  walk_pages();
  walk_index();
  walk_processes();
  walk_dicts();
  walk_kin();
  account();
  check_heap_sums();
  return std::move(report_);
}

// ---- What the walks have in common

void Auditor::finding(const std::string& what) {
  if (report_.findings.size() < AuditReport::kMostFindings) report_.findings.push_back(what);
}

void Auditor::damaged(const std::string& what) {
  ++report_.damaged;
  finding(what);
}

void Auditor::expect(std::uint64_t found, std::uint64_t said, const std::string& what) {
  if (found != said) damaged(what + ": said to be " + std::to_string(said) + ", is " + std::to_string(found));
}

Auditor::Seen* Auditor::seen(Offset at) {
  const auto found = std::lower_bound(blocks_.begin(), blocks_.end(), at,
                                      [](const Seen& block, Offset offset) { return block.offset < offset; });
  return found == blocks_.end() || found->offset != at ? nullptr : &*found;
}

std::optional<Block> Auditor::claim(Offset at, BlockState state, std::uint32_t id, std::size_t least_size,
                                    const std::string& what) {
  Seen* const found = seen(at);
  if (found == nullptr) {
    damaged(what + ": no block at " + std::to_string(at));
    return std::nullopt;
  }
  const Block block(mapping_, at);
  if (++found->named > 1) damaged(what + ": block " + std::to_string(at) + " is named twice");
  if (!block.is(state, id) || !block.sound(heap_.data_end()) || block.size() < least_size) {
    damaged(what + ": block " + std::to_string(at) + " is not what it should be");
    return std::nullopt;
  }
  return block;
}

void Auditor::claim_if_held(Offset at, std::uint32_t slot) {
  Seen* const found = at == 0 ? nullptr : seen(at);
  if (found != nullptr && found->named == 0 && Block(mapping_, at).is(BlockState::held, slot)) ++found->named;
}

// ---- Every block has its place

void Auditor::account() {
  for (const Seen& block : blocks_) account_block(block);
  report_.blocks = blocks_.size();
}

void Auditor::account_block(const Seen& block) {
  const std::uint32_t word = peek(Block(mapping_, block.offset).header().state);
  const std::uint32_t id = word & kIdMask;
  const Block at(mapping_, block.offset);
  const auto name = [&] { return "block " + std::to_string(block.offset); };
  bool leaked = false;
  switch (static_cast<BlockState>(word >> kIdBits)) {
    case BlockState::free:
      ++report_.free_blocks;
      if (!block.listed) damaged(name() + " is free, but not in the list of its slab");
      return;
    case BlockState::held:
      leaked = block.named == 0;
      if (!leaked) ++report_.held_blocks, report_.held_bytes += block.bytes;
      break;
    case BlockState::used:
      if (block.named == 0 && state_of_dict(id) == kDictCorrupt) {
        ++report_.set_aside_blocks;
        return;
      }
      leaked = block.named == 0;
      if (!leaked) ++report_.used_blocks, report_.used_bytes += block.bytes;
      if (at.pins() != block.pins) expect(block.pins, at.pins(), name() + ", pins");
      break;
    case BlockState::retired:
      leaked = block.pins == 0;
      if (!leaked) ++report_.retired_blocks, report_.used_bytes += block.bytes;
      if (at.pins() != block.pins) expect(block.pins, at.pins(), name() + ", retired, pins");
      break;
    default:
      return damaged(name() + " has no state");
  }
  if (!leaked) return;
  ++report_.leaked_blocks;
  report_.leaked_bytes += block.bytes;
  finding(name() + " is leaked: state " + std::to_string(word >> kIdBits) + " of " + std::to_string(id) +
          ", " + std::to_string(at.size()) + " bytes");
}

// ---- For people

std::string audit_text(const AuditReport& report) {
  std::string text;
  const auto line = [&text](const char* name, std::uint64_t value) {
    text += std::string(name) + ' ' + std::to_string(value) + '\n';
  };
  line("dicts", report.dicts);
  line("dead_dicts", report.dead_dicts);
  line("set_aside", report.set_aside);
  line("keys", report.keys);
  line("processes", report.processes);
  line("dead_processes", report.dead_processes);
  line("blocks", report.blocks);
  line("used_blocks", report.used_blocks);
  line("held_blocks", report.held_blocks);
  line("retired_blocks", report.retired_blocks);
  line("free_blocks", report.free_blocks);
  line("set_aside_blocks", report.set_aside_blocks);
  line("leaked_blocks", report.leaked_blocks);
  line("used_bytes", report.used_bytes);
  line("held_bytes", report.held_bytes);
  line("free_bytes", report.free_bytes);
  line("leaked_bytes", report.leaked_bytes);
  line("page_bytes", report.page_bytes);
  line("pins", report.pins);
  line("locks_held", report.locks_held);
  line("damaged", report.damaged);
  for (const std::string& found : report.findings) text += "found: " + found + '\n';
  text += report.clean() ? "clean\n" : "not clean\n";
  return text;
}

}  // namespace pyport::table
