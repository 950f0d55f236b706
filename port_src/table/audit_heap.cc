// An audit of pages, runs of pages, slabs and their lists.
#include "table/auditor.h"
#include "table/size_class.h"

namespace pyport::table {

void Auditor::walk_pages() {
  const std::uint32_t end = heap_.pages();
  report_.page_bytes = std::uint64_t{end} * kPageBytes;
  for (std::uint32_t at = 0; at < end;) {
    const auto what = heap_.run_at(at);
    if (!what || what->kind == RunKind::inner) {
      damaged("page " + std::to_string(at) + (what ? " belongs to no run" : " has a damaged word"));
      check_bit(at++, false);
      continue;
    }
    if (what->kind == RunKind::free) {
      ++free_pages_;
      check_bit(at++, true);
      continue;
    }
    for (std::uint32_t i = 0; i < what->pages; ++i) {
      check_bit(at + i, false);
      const auto inner = heap_.run_at(at + i);
      if (i > 0 && (!inner || inner->kind != RunKind::inner || inner->pages != i))
        damaged("page " + std::to_string(at + i) + " is inside a run and does not say so");
    }
    if (what->kind == RunKind::slab) walk_slab(at, *what);
    if (what->kind == RunKind::large)
      add_block(heap_.page_offset(at), std::uint64_t{what->pages} * kPageBytes);
    if (what->kind == RunKind::chunk) chunks_[heap_.page_offset(at)] = false;
    at += what->pages;
  }
  check_slabs_with_room();
}

void Auditor::add_block(Offset at, std::uint64_t bytes) {
  Seen block;
  block.offset = at;
  block.bytes = bytes;
  blocks_.push_back(block);
  const Block there(mapping_, at);
  if (there.size() + kHeaderBytes > bytes)
    damaged("block " + std::to_string(at) + " says that it is larger than it can be");
}

void Auditor::walk_slab(std::uint32_t first, const PageWord& what) {
  const std::uint32_t count = slab_blocks(what.size_class);
  if (what.pages != slab_pages(what.size_class)) {
    damaged("slab at page " + std::to_string(first) + " has another number of pages than its class");
    return;
  }
  const std::size_t first_block = blocks_.size();
  for (std::uint32_t i = 0; i < count; ++i)
    add_block(heap_.page_offset(first) + std::uint64_t{i} * kClassBytes[what.size_class],
              kClassBytes[what.size_class]);
  check_free_list(first, what.size_class, first_block);
}

void Auditor::check_free_list(std::uint32_t first, std::size_t size_class, std::size_t first_block) {
  const std::string slab = "slab at page " + std::to_string(first);
  std::uint32_t count = 0;
  for (std::uint32_t next = peek(page(first).free_head); next != 0;) {
    if (next > slab_blocks(size_class)) return damaged(slab + ": its list of free blocks leaves it");
    Seen& block = blocks_[first_block + next - 1];
    if (block.listed) return damaged(slab + ": its list of free blocks has a loop");
    block.listed = true;
    const Block at(mapping_, block.offset);
    if (!at.is(BlockState::free, 0))
      damaged(slab + ": block " + std::to_string(block.offset) + " is listed and not free");
    ++count;
    next = peek(at.half(0));
  }
  expect(count, peek(page(first).free_count), slab + ", free blocks");
  free_block_bytes_ += std::uint64_t{count} * kClassBytes[size_class];
  if (count != 0) roomy_slabs_[first] = size_class;
}

void Auditor::check_slabs_with_room() {
  for (std::size_t size_class = 0; size_class < kClasses; ++size_class) {
    const std::string list = "slabs with room, class " + std::to_string(size_class);
    std::uint32_t before = 0;
    for (std::uint32_t next = peek(super().slabs_with_room[size_class]); next != 0;) {
      const auto found = roomy_slabs_.find(next - 1);
      if (found == roomy_slabs_.end() || found->second != size_class) {
        damaged(list + ": page " + std::to_string(next - 1) + " is none of them, or twice there");
        break;
      }
      expect(before, peek(page(next - 1).prev), list + ", what is before page " + std::to_string(next - 1));
      roomy_slabs_.erase(found);
      before = next;
      next = peek(page(next - 1).next);
    }
  }
  for (const auto& [first, size_class] : roomy_slabs_)
    damaged("slab at page " + std::to_string(first) + " has room and is not in the list of its class");
}

void Auditor::check_bit(std::uint32_t number, bool free) {
  const auto& bits = mapping_.at<Word>(mapping_.geometry().bitmap + number / 64 * sizeof(Word));
  if (((peek(bits) >> (number % 64)) & 1) != (free ? 1U : 0U))
    damaged("page " + std::to_string(number) +
            (free ? " is free, not so in the bitmap" : " is taken, but free in the bitmap"));
  if (free && number < peek(super().first_free))
    damaged("page " + std::to_string(number) + " is free, before the first free one");
}

void Auditor::check_heap_sums() {
  expect(free_pages_, peek(super().free_pages), "free pages");
  expect(free_block_bytes_, peek(super().free_block_bytes), "bytes of free blocks");
  report_.free_bytes = free_pages_ * kPageBytes + free_block_bytes_;
  check_lock(super().heap_lock, "the heap");
}

}  // namespace pyport::table
