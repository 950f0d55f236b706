#include "table/index.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstring>
#include <utility>

#include "table/change_ring.h"

namespace pyport::table {
namespace {

// Handles are random.
std::uint64_t hash_of(const HandleWords& handle) { return handle[0] ^ std::rotl(handle[1], 32); }

std::uint64_t nanoseconds_since_1970() {
  using std::chrono::nanoseconds, std::chrono::system_clock;
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count());
}

std::uint32_t flags_of(const NewDict& wanted) {
  std::uint32_t flags = 0;
  if (wanted.idle) flags |= kDictIdle;
  if (wanted.is_list) flags |= kDictIsList;
  if (wanted.ttl != 0 || wanted.max_value_bytes != 0) flags |= kDictLimited;
  if (wanted.owner == DictOwner::node) flags |= kDictTracked;
  return flags;
}

constexpr std::uint64_t kFirstPlaces = 1024;
constexpr std::uint64_t kMostPlaces = 4 * kChunks * kDictsInChunk;

std::uint32_t header_check(std::uint32_t number, Offset at) {
  return mix(at ^ (std::uint64_t{number} << 40) ^ 0xd1c7) | 1;
}

}  // namespace

Handle handle_of(const DictHeader& header) {
  const HandleWords words{peek(header.handle[0]), peek(header.handle[1])};
  Handle handle;
  std::memcpy(handle.bits.data(), words.data(), sizeof words);
  return handle;
}

Offset Index::chunk(std::uint64_t number) const {
  return mapping_.at<Word>(mapping_.geometry().directory + number * sizeof(Word))
      .load(std::memory_order_acquire);
}

std::uint64_t Index::number_of_chunks() const {
  const std::uint64_t said = super().chunks.load(std::memory_order_acquire);
  if (said == 0 || (said <= kChunks && chunk(said - 1) != 0)) return said;
  // That is damaged: as many as there are.
  std::uint64_t number = 0;
  while (number < kChunks && chunk(number) != 0) ++number;
  return number;
}

std::uint32_t Index::number_of_headers() const {
  return static_cast<std::uint32_t>(number_of_chunks() * kDictsInChunk);
}

DictHeader* Index::header(std::uint32_t number) const {
  if (number >= number_of_headers()) return nullptr;
  const Offset first = chunk(number / kDictsInChunk);
  if (first < mapping_.geometry().data || first % kPageBytes != 0 ||
      first + kDictsInChunk * sizeof(DictHeader) > heap_.data_end())
    return nullptr;
  const Offset at = first + number % kDictsInChunk * sizeof(DictHeader);
  auto& header = mapping_.at<DictHeader>(at);
  return peek(header.check) == header_check(number, at) && peek(header.number) == number ? &header : nullptr;
}

std::optional<Block> Index::block(std::uint64_t& mask) const {
  const Offset at = super().index.load(std::memory_order_acquire);
  mask = peek(super().index_mask);
  const std::uint64_t said = std::exchange(mask, 0);
  if (!Block::may_be_block(mapping_, at, heap_.data_end()) || said >= kMostPlaces || (said & (said + 1)) != 0)
    return std::nullopt;
  const Block block(mapping_, at);
  if (!block.sound(heap_.data_end()) || block.size() < (said + 1) * sizeof(Half)) return std::nullopt;
  mask = said;
  return block;
}

Index::Search Index::find(const HandleWords& handle, std::uint32_t& number) const {
  const std::uint64_t changes = super().index_changes.load(std::memory_order_acquire);
  if (changes % 2 != 0) return Search::try_again;
  std::uint64_t mask = 0;
  if (const auto places = block(mask)) {
    std::uint64_t at = hash_of(handle) & mask;
    for (std::uint64_t i = 0; i <= mask; ++i, at = (at + 1) & mask) {
      const std::uint32_t place = places->half(at).load(std::memory_order_acquire);
      if (place == 0) break;
      if (place == kLeft) continue;
      const DictHeader* candidate = header(place - 1);
      if (candidate == nullptr || !has_handle(*candidate, handle)) continue;
      number = place - 1;
      return Search::found;
    }
  }
  if (mask == 0 && number_of_headers() != 0)
    return Search::try_again;  // it cannot be read: it is to be made anew
  std::atomic_thread_fence(std::memory_order_acquire);
  return super().index_changes.load(std::memory_order_relaxed) == changes ? Search::missing
                                                                          : Search::try_again;
}

Half* Index::find_place(const HandleWords& handle, std::uint32_t& number) const {
  std::uint64_t mask = 0;
  const auto places = block(mask);
  if (!places) return nullptr;
  std::uint64_t at = hash_of(handle) & mask;
  for (std::uint64_t i = 0; i <= mask; ++i, at = (at + 1) & mask) {
    const std::uint32_t place = peek(places->half(at));
    if (place == 0) return nullptr;
    if (place == kLeft) continue;
    const DictHeader* candidate = header(place - 1);
    if (candidate == nullptr || !has_handle(*candidate, handle)) continue;
    number = place - 1;
    return &places->half(at);
  }
  return nullptr;
}

bool Index::is_named(std::uint32_t number) const {
  const DictHeader* dict = header(number);
  if (dict == nullptr) return false;
  const std::uint32_t state = peek(dict->state);
  return state == kDictLive || state == kDictCorrupt;
}

Status Index::make_readable(Operation& operation) {
  std::uint64_t mask = 0;
  return block(mask) || number_of_headers() == 0 ? ok_status() : grow(operation);
}

bool Index::is_free(std::uint32_t place) const {
  const DictHeader* dict = place == 0 ? nullptr : header(place - 1);
  return dict != nullptr && peek(dict->state) == kDictFree;
}

Status Index::make_room(Operation& operation) {
  std::uint64_t mask = 0;
  const bool there = block(mask).has_value();
  if (!there || (peek(super().index_used) + 1) * 2 > mask + 1)
    if (Status grown = grow(operation); !grown) return grown;
  return is_free(peek(super().free_dict)) ? ok_status() : add_chunk(operation);
}

// Also how the places that were left are swept up. The headers are the truth; what the old index says does
// not matter.
Status Index::grow(Operation& operation) {
  const std::uint64_t most = number_of_headers();
  std::uint64_t dicts = 0;
  for (std::uint32_t number = 0; number < most; ++number) dicts += is_named(number) ? 1 : 0;
  // As large as it once was good for: else headers that are free would be looked at for nothing, over and
  // over.
  const std::uint64_t count = std::max({kFirstPlaces, std::bit_ceil((dicts + 1) * 4), std::bit_ceil(most)});
  if (count > kMostPlaces) return make_error(Errc::table_full, "max_dicts");
  Result<Block> made = heap_.take(operation, count * sizeof(Half), operation.fresh());
  if (!made) return std::move(made).error();
  for (std::uint64_t i = 0; i < count; ++i) draft(made->half(i), 0);
  for (std::uint32_t number = 0; number < most && dicts != 0; ++number) {
    const DictHeader* const dict = is_named(number) ? header(number) : nullptr;
    if (dict == nullptr) continue;
    std::uint64_t at = hash_of({peek(dict->handle[0]), peek(dict->handle[1])}) & (count - 1);
    while (peek(made->half(at)) != 0) at = (at + 1) & (count - 1);
    draft(made->half(at), number + 1);
  }
  std::uint64_t old_mask = 0;
  const auto old = block(old_mask);
  if (old && old->is(BlockState::used, 0)) operation.drop(*old);
  const std::uint64_t changes = peek(super().index_changes) / 2 * 2;
  operation.give(*made, 0);
  operation.set(super().index_changes, changes + 1);
  operation.set(super().index, made->offset());
  operation.set(super().index_mask, count - 1);
  operation.set(super().index_used, dicts);
  operation.set(super().index_changes, changes + 2);
  operation.commit();
  heap_.settle(operation);
  return ok_status();
}

// The chunk is in use, though the number of chunks, which is damaged then, says that it is not.
bool Index::has_dicts(Offset chunk, std::uint32_t first) const {
  for (std::uint32_t i = 0; i < kDictsInChunk; ++i) {
    const Offset at = chunk + i * sizeof(DictHeader);
    const auto& dict = mapping_.at<DictHeader>(at);
    if (peek(dict.check) == header_check(first + i, at) && peek(dict.state) != kDictFree) return true;
  }
  return false;
}

Status Index::add_chunk(Operation& operation) {
  const std::uint64_t chunks = number_of_chunks();
  if (chunks >= kChunks) return make_error(Errc::table_full, "max_dicts");
  const Offset word_at = mapping_.geometry().directory + chunks * sizeof(Word);
  if (!mapping_.back(word_at, sizeof(Word))) return make_error(Errc::table_full, "shared memory");
  auto& word = mapping_.at<Word>(word_at);
  if (Status taken = heap_.take_chunk(operation, word); !taken) return taken;
  const auto first = static_cast<std::uint32_t>(chunks * kDictsInChunk);
  if (has_dicts(peek(word), first)) {
    operation.set(super().chunks, chunks + 1);
    operation.commit();
    heap_.settle(operation);
    return is_free(peek(super().free_dict)) ? ok_status() : make_error(Errc::corrupt, "number of dicts");
  }
  for (std::uint32_t i = 0; i < kDictsInChunk; ++i) {
    const Offset at = peek(word) + i * sizeof(DictHeader);
    auto& header = mapping_.at<DictHeader>(at);
    draft(header.number, first + i);
    draft(header.state, kDictFree);
    draft(header.version, 0);
    draft(header.changes, 0);
    draft(header.next, i + 1 < kDictsInChunk ? first + i + 2 : 0);
    draft(header.check, header_check(first + i, at));
  }
  operation.set(super().chunks, chunks + 1);
  operation.set(super().free_dict, first + 1);
  operation.commit();
  heap_.settle(operation);
  return ok_status();
}

Status Index::add(Operation& operation, const HandleWords& handle, const NewDict& wanted) {
  std::uint64_t mask = 0;
  const auto places = block(mask);
  DictHeader* const free = free_header();
  if (!places || free == nullptr) return make_error(Errc::corrupt, "index");
  std::uint64_t at = hash_of(handle) & mask;
  for (std::uint64_t i = 0; peek(places->half(at)) != 0 && peek(places->half(at)) != kLeft;
       at = (at + 1) & mask)
    if (i++ > mask) return make_error(Errc::corrupt, "index without an end");
  DictHeader& dict = *free;
  take_header(operation, dict, handle);
  describe(dict, wanted);
  if (Status linked = link_new(operation, dict, wanted); !linked) return linked;
  if (peek(places->half(at)) == 0) operation.set(super().index_used, peek(super().index_used) + 1);
  operation.set(super().dicts, peek(super().dicts) + 1);
  operation.set(places->half(at), peek(dict.number) + 1);
  return ok_status();
}

DictHeader* Index::free_header() const {
  const std::uint32_t place = peek(super().free_dict);
  DictHeader* const dict = place == 0 ? nullptr : header(place - 1);
  return dict != nullptr && peek(dict->state) == kDictFree ? dict : nullptr;
}

void Index::take_header(Operation& operation, DictHeader& dict, const HandleWords& handle) {
  for (Word* word : {&dict.live, &dict.bytes, &dict.used, &dict.pinned, &dict.slots, &dict.slots_mask,
                     &dict.directory, &dict.directory_capacity, &dict.reclaimed, &dict.cells})
    draft(*word, 0);
  for (Word& segment : dict.segment) draft(segment, 0);
  for (Word* word : {&dict.first_deadline, &dict.next_deadline, &dict.timed_puts, &dict.ring,
                     &dict.ring_begin, &dict.ring_end, &dict.watched_until})
    draft(*word, 0);
  for (Half* link : {&dict.first_child, &dict.next_sibling, &dict.previous_sibling}) draft(*link, 0);
  draft(dict.handle[0], handle[0]);
  draft(dict.handle[1], handle[1]);
  operation.set(dict.state, kDictLive);
  operation.set(super().free_dict, peek(dict.next));
}

void Index::describe(DictHeader& dict, const NewDict& wanted) {
  const HandleWords parent = words_of(wanted.parent);
  draft(dict.flags, flags_of(wanted));
  draft(dict.created, nanoseconds_since_1970());
  draft(dict.last_use, 0);
  draft(dict.owner, static_cast<std::uint64_t>(wanted.owner));
  for (std::size_t i = 0; i < parent.size(); ++i) draft(dict.parent[i], parent[i]);
  draft(dict.ttl, wanted.ttl);
  draft(dict.max_value_bytes, wanted.max_value_bytes);
  std::array<std::uint64_t, kDictName / 8> name{};
  const std::size_t length = std::min(wanted.name.size(), kDictName);
  if (length != 0) std::memcpy(name.data(), wanted.name.data(), length);
  draft(dict.name_length, length);
  for (std::size_t i = 0; i < name.size(); ++i) draft(dict.name[i], name[i]);
}

// REQUIRES: the lock of `from`.
void Index::copy_description(const DictHeader& from, DictHeader& to) {
  draft(to.flags, peek(from.flags) & ~std::uint32_t{kDictWatched});
  draft(to.created, peek(from.created));
  draft(to.last_use, peek(from.last_use));
  draft(to.owner, peek(from.owner));
  draft(to.parent[0], peek(from.parent[0]));
  draft(to.parent[1], peek(from.parent[1]));
  draft(to.ttl, peek(from.ttl));
  draft(to.max_value_bytes, peek(from.max_value_bytes));
  draft(to.name_length, peek(from.name_length));
  for (std::size_t i = 0; i < to.name.size(); ++i) draft(to.name[i], peek(from.name[i]));
}

// That the dict was cleared is the next change there. REQUIRES: the lock of `from`, and what is given to it.
void Index::hand_over_ring(Operation& operation, DictHeader& from, DictHeader& to) {
  // Whoever comes back after a long time must not take the other ring for the one that he knew.
  draft(to.ring_begin, peek(from.ring_end));
  draft(to.ring_end, peek(from.ring_end));
  const Offset at = peek(from.ring);
  if ((peek(from.flags) & kDictWatched) == 0 || !Block::may_be_block(mapping_, at, heap_.data_end())) return;
  const Block block(mapping_, at);
  const bool good = block.sound(heap_.data_end()) && block.size() >= ChangeRing::kBytes &&
                    block.is(BlockState::used, peek(from.number));
  if (!good) return;
  ChangeRing ring(block, from);
  ring.write(ChangeKind::cleared, peek(to.changes), std::int64_t{0});
  draft(to.ring, at);
  draft(to.ring_begin, ring.begin());
  draft(to.ring_end, ring.end());
  draft(to.watched_until, peek(from.watched_until));
  draft(to.flags, peek(to.flags) | kDictWatched);
  operation.set(from.ring, 0);
  operation.give(block, peek(to.number));
}

// What was seen of the dict before must not be taken for what is there now: versions and changes go on.
Status Index::renew(Operation& operation, Half& place, DictHeader& header) {
  DictHeader* const free = free_header();
  if (free == nullptr) return make_error(Errc::corrupt, "index");
  DictHeader& dict = *free;
  take_header(operation, dict, {peek(header.handle[0]), peek(header.handle[1])});
  const std::uint64_t version = std::max(peek(dict.version), peek(header.version));
  draft(dict.version, (version | 1) + 1);
  draft(dict.changes, std::max(peek(dict.changes), peek(header.changes)) + 1);
  copy_description(header, dict);
  replace_in_list(operation, header, dict);
  hand_over_ring(operation, header, dict);
  operation.set(place, peek(dict.number) + 1);
  leave(operation, header);
  return ok_status();
}

void Index::remove(Operation& operation, Half& place, DictHeader& header) {
  operation.set(place, kLeft);
  operation.set(super().dicts, peek(super().dicts) - 1);
  leave(operation, header);
}

void Index::leave(Operation& operation, DictHeader& header) {
  operation.set(header.state, kDictDead);
  operation.set(header.next, peek(super().dead_dict));
  operation.set(super().dead_dict, peek(header.number) + 1);
}

void Index::recycle(Operation& operation, DictHeader& dead) {
  const std::uint32_t wanted = peek(dead.number) + 1;
  Half* link = &super().dead_dict;
  for (std::uint32_t steps = number_of_headers(); peek(*link) != wanted; --steps) {
    DictHeader* next = peek(*link) == 0 || steps == 0 ? nullptr : header(peek(*link) - 1);
    if (next == nullptr) return;
    link = &next->next;
  }
  operation.set(*link, peek(dead.next));
  operation.set(dead.state, kDictFree);
  operation.set(dead.next, peek(super().free_dict));
  operation.set(super().free_dict, wanted);
  operation.commit();
  operation.finish();
}

}  // namespace pyport::table
