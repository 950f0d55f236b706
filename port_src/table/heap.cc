#include "table/heap.h"

#include <algorithm>
#include <bit>

#include "table/blob.h"
#include "table/page_word.h"
#include "table/size_class.h"

namespace pyport::table {
namespace {

constexpr std::uint32_t kGrowPages = 256;  // 1 MiB
constexpr std::uint32_t kGrowPart = 16;    // of what is there
constexpr std::size_t kBatchBytes = 8192;

std::size_t batch(std::size_t size_class) {
  return std::clamp<std::size_t>(kBatchBytes / kClassBytes[size_class], 1, kMagazineBlocks / 2);
}

void add(Word& sum, std::uint64_t more) { derive(sum, peek(sum) + more); }

}  // namespace

// The heap's lock for a scope. Not held when status() is not ok.
class Heap::Locked {
 public:
  // To take, as long as this thread has the patience; to give back in any case.
  enum class To : std::uint8_t { take, give };

  Locked(const Heap& heap, Operation& operation, To what = To::give)
      : heap_(heap),
        operation_(operation),
        status_(what == To::take ? operation.lock_for_work(heap.super().heap_lock)
                                 : operation.lock(heap.super().heap_lock)) {}
  ~Locked() {
    if (status_.ok()) operation_.unlock(heap_.super().heap_lock);
  }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;
  const Status& status() const { return status_; }

 private:
  const Heap& heap_;
  Operation& operation_;
  const Status status_;
};

Heap::Heap(const Mapping& mapping, std::uint64_t max_bytes) : mapping_(mapping), max_bytes_(max_bytes) {}

// ---- Taking

// What a magazine names is of its class, and a block at all: a word in it may be damaged.
bool Heap::has_class(const Block& block, std::size_t size_class) const {
  const std::size_t whole = std::size_t{block.size()} + kHeaderBytes;
  return block.sound(data_end()) && whole <= kLargestClass && class_of(whole) == size_class;
}

Result<Block> Heap::take(Operation& operation, std::size_t size, Word& place) {
  if (size > kMaxBlobBytes) return make_error(Errc::table_full, "memory");
  if (size > kLargestClass - kHeaderBytes) {
    const Locked locked(*this, operation, Locked::To::take);
    if (!locked.status()) return locked.status().error();
    return take_large(operation, size, place);
  }
  const std::size_t size_class = class_of(size + kHeaderBytes);
  if (size_class >= kMagazines) {
    const Locked locked(*this, operation, Locked::To::take);
    if (!locked.status()) return locked.status().error();
    Result<Block> block = take_from_slab(operation, size_class, place);
    if (block) block->describe(static_cast<std::uint32_t>(size), 0);
    return block;
  }
  Magazine& magazine = operation.lane().magazine[size_class];
  for (;;) {
    const std::uint64_t count = peek(magazine.count);
    if (count == 0 || count > kMagazineBlocks) {
      draft(magazine.count, 0);
      const Locked locked(*this, operation, Locked::To::take);
      if (!locked.status()) return locked.status().error();
      if (Status filled = fill(operation, size_class); !filled) return std::move(filled).error();
      continue;
    }
    const Offset at = peek(magazine.block[count - 1]);
    put(place, at, "take.place");
    put(magazine.count, count - 1, "take.magazine");
    if (!Block::may_be_block(mapping_, at, data_end())) continue;
    const Block block(mapping_, at);
    if (!block.is(BlockState::held, operation.slot()) || !has_class(block, size_class)) continue;
    block.describe(static_cast<std::uint32_t>(size), 0);
    return block;
  }
}

Status Heap::fill(Operation& operation, std::size_t size_class) {
  Magazine& magazine = operation.lane().magazine[size_class];
  const std::size_t wanted = batch(size_class);
  for (std::size_t i = 0; i < wanted; ++i) {
    // The block stands in the magazine before it is held, so that it cannot be lost.
    Result<Block> block = take_from_slab(operation, size_class, magazine.block[i]);
    if (!block) return i == 0 ? Status(std::move(block).error()) : ok_status();
    put(magazine.count, i + 1, "fill.count");
  }
  return ok_status();
}

// A block is named before it is held: `fill` names it in a place above the magazine's count, which a survivor
// reads too.
Result<Block> Heap::take_from_slab(Operation& operation, std::size_t size_class, Word& place) {
  for (int tries = 0; tries < 3; ++tries) {
    const std::uint32_t first = peek(super().slabs_with_room[size_class]);
    if (first == 0) {
      if (Status made = make_slab(size_class); !made) return std::move(made).error();
      continue;
    }
    const std::uint32_t number = first - 1;
    PageDescriptor* slab = number < pages() ? &page(number) : nullptr;
    const auto what = slab != nullptr ? run_at(number) : std::nullopt;
    const std::uint32_t head = slab != nullptr ? peek(slab->free_head) : 0;
    const bool sane = what && what->kind == RunKind::slab && what->size_class == size_class && head >= 1 &&
                      head <= slab_blocks(size_class);
    const Block block(mapping_,
                      sane ? page_offset(number) + (head - 1) * std::uint64_t{kClassBytes[size_class]} : 0);
    if (!sane || !block.is(BlockState::free, 0)) {
      rebuild();
      continue;
    }
    put(place, block.offset(), "slab.place");
    put(block.header().state, block_state(BlockState::held, operation.slot()), "slab.hold");
    put(slab->free_head, peek(block.half(0)), "slab.head");
    put(slab->free_count, peek(slab->free_count) - 1, "slab.count");
    add(super().free_block_bytes, -std::uint64_t{kClassBytes[size_class]});
    if (peek(slab->free_count) == 0) unlink(number, size_class);
    return block;
  }
  return make_error(Errc::table_full, "memory");
}

Status Heap::make_slab(std::size_t size_class) {
  const std::uint32_t count = slab_pages(size_class);
  Result<std::uint32_t> found = find_pages(count);
  if (!found) return std::move(found).error();
  const std::uint32_t blocks = slab_blocks(size_class);
  const std::uint32_t size = kClassBytes[size_class];
  for (std::uint32_t i = 0; i < blocks; ++i) {
    const Block block(mapping_, page_offset(*found) + std::uint64_t{i} * size);
    block.describe(size - static_cast<std::uint32_t>(kHeaderBytes), 0);
    draft(block.half(0), i + 2 <= blocks ? i + 2 : 0);
    draft(block.header().state, block_state(BlockState::free, 0));
  }
  PageDescriptor& slab = page(*found);
  draft(slab.free_head, 1);
  draft(slab.free_count, blocks);
  write_run(*found, {RunKind::slab, static_cast<std::uint8_t>(size_class), count});
  mark(*found, count, false);
  add(super().free_block_bytes, std::uint64_t{blocks} * size);
  link(*found, size_class);
  return ok_status();
}

Result<Block> Heap::take_large(Operation& operation, std::size_t size, Word& place) {
  const std::uint64_t whole = size + kHeaderBytes;
  if (whole > std::uint64_t{mapping_.geometry().max_pages} * kPageBytes)
    return make_error(Errc::table_full, "max_table_bytes");
  const auto count = static_cast<std::uint32_t>((whole + kPageBytes - 1) / kPageBytes);
  Result<std::uint32_t> found = find_pages(count);
  if (!found) return std::move(found).error();
  const Block block(mapping_, page_offset(*found));
  put(place, block.offset(), "large.place");
  block.describe(static_cast<std::uint32_t>(size), 0);
  put(block.header().state, block_state(BlockState::held, operation.slot()), "large.hold");
  write_run(*found, {RunKind::large, 0, count});
  mark(*found, count, false);
  return block;
}

Status Heap::take_chunk(Operation& operation, Word& place) {
  const Locked locked(*this, operation);
  if (!locked.status()) return locked.status().error();
  // A chunk that a killed process had made already.
  if (is_chunk(peek(place))) return ok_status();
  constexpr auto kPages = static_cast<std::uint32_t>(kDictsInChunk * sizeof(DictHeader) / kPageBytes);
  Result<std::uint32_t> found = find_pages(kPages);
  if (!found) return std::move(found).error();
  const Offset at = page_offset(*found);
  for (std::uint64_t i = 0; i < kPages * kPageBytes; i += sizeof(Word)) draft(mapping_.at<Word>(at + i), 0);
  put(place, at, "chunk.place");
  write_run(*found, {RunKind::chunk, 0, kPages});
  mark(*found, kPages, false);
  return ok_status();
}

// ---- Giving back

void Heap::give_back(Operation& operation, Offset at, Word& place) {
  if (!Block::may_be_block(mapping_, at, data_end())) return put(place, 0, "give.nothing");
  const Block block(mapping_, at);
  const std::size_t whole = std::size_t{block.size()} + kHeaderBytes;
  const bool mine = block.sound(data_end()) && block.is(BlockState::held, operation.slot());
  if (!mine) return put(place, 0, "give.damaged");
  const std::size_t size_class = whole <= kLargestClass ? class_of(whole) : kClasses;
  if (size_class < kMagazines) {
    Magazine& magazine = operation.lane().magazine[size_class];
    std::uint64_t count = peek(magazine.count);
    if (count >= kMagazineBlocks) {
      const Locked locked(*this, operation);
      // A heap that a living process holds for seconds: the block stays held, and is lost.
      if (!locked.status()) return;
      empty(operation, size_class, kMagazineBlocks / 2);
      count = peek(magazine.count);
    }
    put(magazine.block[count], at, "give.magazine");
    put(magazine.count, count + 1, "give.count");
    return put(place, 0, "give.place");
  }
  const Locked locked(*this, operation);
  if (!locked.status()) return;
  give_to_pages(at, block_state(BlockState::held, operation.slot()));
  put(place, 0, "give.place");
}

void Heap::give_back_of(Operation& operation, std::uint32_t slot, Offset at) {
  if (!Block::may_be_block(mapping_, at, data_end())) return;
  const Locked locked(*this, operation);
  if (locked.status()) give_to_pages(at, block_state(BlockState::held, slot));
}

void Heap::empty(Operation& operation, std::size_t size_class, std::size_t keep) {
  Magazine& magazine = operation.lane().magazine[size_class];
  std::uint64_t count = std::min<std::uint64_t>(peek(magazine.count), kMagazineBlocks);
  for (; count > keep; --count) {
    give_to_pages(peek(magazine.block[count - 1]), block_state(BlockState::held, operation.slot()));
    put(magazine.count, count - 1, "empty.count");
  }
}

void Heap::give_to_pages(Offset at, std::uint32_t expected_state) {
  if (!is_block(at)) return;
  const Block block(mapping_, at);
  if (peek(block.header().state) != expected_state) return;
  const std::uint32_t here = page_of(at);
  std::uint32_t first = here;
  auto what = run_at(here);
  if (what && what->kind == RunKind::inner) {
    first = here - what->pages;
    what = run_at(first);
  }
  if (!what) return;
  if (what->kind == RunKind::slab) return give_to_slab(first, what->size_class, block);
  free_run(first, what->pages);
}

void Heap::give_to_slab(std::uint32_t first, std::size_t size_class, const Block& block) {
  PageDescriptor& slab = page(first);
  const auto index =
      static_cast<std::uint32_t>((block.offset() - page_offset(first)) / kClassBytes[size_class]);
  put(block.half(0), peek(slab.free_head), "slab.next");
  put(block.header().state, block_state(BlockState::free, 0), "slab.free");
  put(slab.free_head, index + 1, "slab.head");
  put(slab.free_count, peek(slab.free_count) + 1, "slab.count");
  add(super().free_block_bytes, kClassBytes[size_class]);
  const std::uint32_t free = peek(slab.free_count);
  if (free == 1) link(first, size_class);
  if (free < slab_blocks(size_class)) return;
  if (!is_empty(first, size_class)) return rebuild();
  // One empty slab a class is kept, so that a value which comes and goes makes no slab each time.
  if (peek(super().slabs_with_room[size_class]) == first + 1 && peek(slab.next) == 0) return;
  unlink(first, size_class);
  add(super().free_block_bytes, -std::uint64_t{free} * kClassBytes[size_class]);
  free_run(first, slab_pages(size_class));
}

bool Heap::is_empty(std::uint32_t first, std::size_t size_class) const {
  for (std::uint32_t i = 0; i < slab_blocks(size_class); ++i) {
    const Block block(mapping_, page_offset(first) + std::uint64_t{i} * kClassBytes[size_class]);
    if (!block.is(BlockState::free, 0)) return false;
  }
  return true;
}

void Heap::free_run(std::uint32_t first, std::uint32_t count) {
  for (std::uint32_t i = count; i-- > 1;) draft(page(first + i).word, 0);
  put(page(first).word, 0, "run.free");
  mark(first, count, true);
}

void Heap::settle(Operation& operation) {
  for (Word& stale : operation.hand().stale)
    if (const Offset at = peek(stale); at != 0) give_back(operation, at, stale);
  operation.finish();
}

void Heap::abandon(Operation& operation) {
  for (Word& fresh : operation.hand().fresh)
    if (const Offset at = peek(fresh); at != 0) give_back(operation, at, fresh);
  operation.forget();
}

// ---- Pages

std::optional<PageWord> Heap::run_at(std::uint32_t number) const {
  const auto what = read_page_word(number, peek(page(number).word));
  if (what && what->kind != RunKind::inner && what->pages > pages() - number) return std::nullopt;
  return what;
}

bool Heap::is_chunk(Offset at) const {
  if (at < mapping_.geometry().data || at % kPageBytes != 0 || at >= data_end()) return false;
  const auto what = run_at(page_of(at));
  return what && what->kind == RunKind::chunk;
}

bool Heap::is_block(Offset at) const {
  if (!Block::may_be_block(mapping_, at, data_end())) return false;
  const std::uint32_t here = page_of(at);
  std::uint32_t first = here;
  auto what = run_at(here);
  if (what && what->kind == RunKind::inner) {
    if (what->pages > here) return false;
    first = here - what->pages;
    what = run_at(first);
  }
  if (!what || (what->kind != RunKind::large && what->kind != RunKind::slab)) return false;
  if (what->kind == RunKind::large) return at == page_offset(first) && first + what->pages <= pages();
  const std::uint64_t inside = at - page_offset(first);
  const std::uint32_t size = kClassBytes[what->size_class];
  return inside % size == 0 && inside / size < slab_blocks(what->size_class) &&
         first + what->pages <= pages();
}

Result<std::uint32_t> Heap::find_pages(std::uint32_t count) {
  for (int tries = 0; tries < 4; ++tries) {
    if (const auto found = search(count)) {
      if (all_free(*found, count)) return *found;
      rebuild();
    } else if (Status grown = grow(count); !grown) {
      return std::move(grown).error();
    }
  }
  return make_error(Errc::table_full, "memory");
}

// The bitmap is derived, and may be damaged; the pages' words are what counts.
bool Heap::all_free(std::uint32_t first, std::uint32_t count) const {
  for (std::uint32_t i = 0; i < count; ++i)
    if (peek(page(first + i).word) != 0) return false;
  return true;
}

// First fit: the first run of free pages that is long enough.
std::optional<std::uint32_t> Heap::search(std::uint32_t count) const {
  const std::uint32_t end = pages();
  std::uint32_t at =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(peek(super().first_free), end)) / 64 * 64;
  std::uint32_t length = 0;
  bool first = true;
  while (at < end) {
    const std::uint64_t word = peek(bits(at)) >> (at % 64);
    const std::uint32_t left = 64 - at % 64;
    if ((word & 1) == 0) {
      length = 0;
      const auto skip = word == 0 ? left : static_cast<std::uint32_t>(std::countr_zero(word));
      at += std::min(skip, left);
      continue;
    }
    if (first) derive(super().first_free, at), first = false;
    const std::uint32_t run = std::min({static_cast<std::uint32_t>(std::countr_one(word)), left, end - at});
    if (length + run >= count) return at - length;
    length += run;
    at += run;
  }
  return std::nullopt;
}

Status Heap::grow(std::uint32_t count) {
  const std::uint32_t have = pages();
  const Geometry& geometry = mapping_.geometry();
  const std::uint64_t fixed =
      mapping_.backed_bytes() - std::min(mapping_.backed_bytes(), std::uint64_t{have} * kPageBytes);
  // Each page of data takes its descriptor and its bit, too.
  const std::uint64_t to_come =
      std::uint64_t{geometry.max_pages - have} * (sizeof(PageDescriptor) + 1) + 2 * kPageBytes;
  const std::uint64_t most_bytes = max_bytes_ > fixed + to_come ? max_bytes_ - fixed - to_come : 0;
  const auto most =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(most_bytes / kPageBytes, geometry.max_pages));
  // Free pages at the end of the file are part of the run.
  std::uint32_t tail = 0;
  while (tail < have && tail < count && (peek(bits(have - 1 - tail)) >> ((have - 1 - tail) % 64) & 1) != 0)
    ++tail;
  const std::uint32_t need = count - tail;
  if (have >= most || need > most - have) return make_error(Errc::table_full, "max_table_bytes");
  const std::uint32_t wish = std::min(std::max({need, kGrowPages, have / kGrowPart}), most - have);
  for (const std::uint32_t more : {wish, need}) {
    const bool backed =
        mapping_.back(geometry.bitmap + have / 64 * sizeof(Word), more / 8 + 2 * sizeof(Word)) &&
        mapping_.back(geometry.descriptors + std::uint64_t{have} * sizeof(PageDescriptor),
                      std::uint64_t{more} * sizeof(PageDescriptor)) &&
        mapping_.back(page_offset(have), std::uint64_t{more} * kPageBytes);
    if (!backed) continue;
    put(super().pages, std::uint64_t{have} + more, "grow.pages");
    mark(have, more, true);
    return ok_status();
  }
  return make_error(Errc::table_full, "shared memory");
}

void Heap::mark(std::uint32_t first, std::uint32_t count, bool free) {
  for (std::uint32_t at = first, end = first + count; at < end;) {
    const std::uint32_t here = std::min(64 - at % 64, end - at);
    const std::uint64_t mask = (here == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << here) - 1) << (at % 64);
    Word& word = bits(at);
    put(word, free ? peek(word) | mask : peek(word) & ~mask, "bitmap");
    at += here;
  }
  add(super().free_pages, free ? count : -std::uint64_t{count});
  if (free && first < peek(super().first_free)) derive(super().first_free, first);
}

// The first page's word makes the run; until then its other pages are nothing.
void Heap::write_run(std::uint32_t first, const PageWord& what) {
  for (std::uint32_t i = 1; i < what.pages; ++i)
    draft(page(first + i).word, page_word(first + i, {RunKind::inner, 0, i}));
  put(page(first).word, page_word(first, what), "run.take");
}

void Heap::link(std::uint32_t first, std::size_t size_class) {
  Half& head = super().slabs_with_room[size_class];
  const std::uint32_t next = peek(head);
  derive(page(first).prev, 0);
  derive(page(first).next, next);
  if (next != 0 && next <= pages()) derive(page(next - 1).prev, first + 1);
  put(head, first + 1, "slabs.link");
}

void Heap::unlink(std::uint32_t first, std::size_t size_class) {
  const std::uint32_t next = peek(page(first).next);
  const std::uint32_t prev = peek(page(first).prev);
  if (next != 0 && next <= pages()) derive(page(next - 1).prev, prev);
  if (prev != 0 && prev <= pages()) {
    put(page(prev - 1).next, next, "slabs.unlink");
  } else {
    put(super().slabs_with_room[size_class], next, "slabs.unlink");
  }
}

// ---- After a crash

void Heap::rebuild() {
  // Pages that a killed process had added, and not said so; or that a damaged word no longer tells of.
  if (peek(super().pages) != mapping_.pages_of_file())
    put(super().pages, mapping_.pages_of_file(), "rebuild.pages");
  const std::uint32_t end = pages();
  for (Half& head : super().slabs_with_room) derive(head, 0);
  derive(super().free_pages, 0);
  derive(super().free_block_bytes, 0);
  derive(super().first_free, 0);
  for (std::uint32_t at = 0; at < end; at += 64) derive(bits(at), 0);
  for (std::uint32_t at = 0; at < end;) {
    const auto what = run_at(at);
    if (!what || (what->kind == RunKind::inner && !begun_and_left(at, what->pages))) {
      ++at;  // damaged, or of a run whose first page is: nobody gets these pages
    } else if (what->kind == RunKind::free || what->kind == RunKind::inner) {
      derive(page(at).word, 0);
      mark(at, 1, true);
      ++at;
    } else {
      // A run may have lost the words of its other pages: it was being given back.
      write_run(at, *what);
      at += what->kind == RunKind::slab ? rebuild_slab(at, *what) : what->pages;
    }
  }
}

// An inner page of a run that was never made, or is no more: its first page is free, or begins another.
bool Heap::begun_and_left(std::uint32_t number, std::uint32_t back) const {
  if (back > number) return false;
  const auto first = run_at(number - back);
  return first && (first->kind == RunKind::free || first->kind == RunKind::inner || first->pages <= back);
}

std::uint32_t Heap::rebuild_slab(std::uint32_t first, const PageWord& what) {
  PageDescriptor& slab = page(first);
  const std::uint32_t size = kClassBytes[what.size_class];
  std::uint32_t head = 0;
  std::uint32_t count = 0;
  for (std::uint32_t i = slab_blocks(what.size_class); i-- > 0;) {
    const Block block(mapping_, page_offset(first) + std::uint64_t{i} * size);
    if (!block.is(BlockState::free, 0)) continue;
    derive(block.half(0), head);
    head = i + 1;
    ++count;
  }
  derive(slab.free_head, head);
  derive(slab.free_count, count);
  add(super().free_block_bytes, std::uint64_t{count} * size);
  if (count != 0) link(first, what.size_class);
  return slab_pages(what.size_class);
}

std::uint64_t Heap::free_bytes() const {
  return peek(super().free_pages) * kPageBytes + peek(super().free_block_bytes);
}

std::uint64_t Heap::used_bytes() const {
  const std::uint64_t all = std::uint64_t{pages()} * kPageBytes;
  return all - std::min(all, free_bytes());
}

}  // namespace pyport::table
