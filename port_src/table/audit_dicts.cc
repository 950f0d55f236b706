// An audit of dicts and of the index.
#include <cstdio>

#include "table/auditor.h"
#include "table/box.h"
#include "table/cell.h"
#include "table/change_ring.h"
#include "table/segments.h"
#include "table/value_word.h"

namespace pyport::table {
namespace {

constexpr std::uint32_t kLeft = ~std::uint32_t{0};

std::string name_of(const DictHeader& header) {
  std::string name = "dict " + std::to_string(peek(header.number)) + " (";
  for (const std::uint8_t byte : handle_of(header).bits) {
    char text[3];
    std::snprintf(text, sizeof text, "%02x", byte);
    name += text;
  }
  return name + ")";
}

std::uint32_t kind_of(const Entry& entry) { return peek(entry.key_info) >> 16; }

}  // namespace

std::uint32_t Auditor::state_of_dict(std::uint32_t number) const {
  const DictHeader* header = index_.header(number);
  return header == nullptr ? kDictFree : peek(header->state);
}

void Auditor::walk_dicts() {
  const std::uint32_t end = index_.number_of_headers();
  for (std::uint32_t number = 0; number < end; ++number) {
    const DictHeader* header = index_.header(number);
    if (header == nullptr) {
      damaged("dict " + std::to_string(number) + ": its header is damaged");
      continue;
    }
    check_lock(header->lock, name_of(*header));
    switch (peek(header->state)) {
      case kDictFree:
        break;
      case kDictLive:
        ++report_.dicts;
        walk_dict(*header);
        break;
      case kDictDead:
        ++report_.dead_dicts;
        walk_dict(*header);
        break;
      case kDictCorrupt:
        ++report_.set_aside;
        break;
      default:
        damaged(name_of(*header) + " has no state");
    }
  }
  check_list(mapping_.superblock().free_dict, kDictFree, "free dicts");
  check_list(mapping_.superblock().dead_dict, kDictDead, "dead dicts");
}

// Exactly the dicts of that state are in the list.
void Auditor::check_list(Half& head, std::uint32_t state, const char* what) {
  std::vector<bool> listed(index_.number_of_headers());
  for (std::uint32_t next = peek(head); next != 0;) {
    const DictHeader* header = index_.header(next - 1);
    if (header == nullptr || listed[next - 1] || peek(header->state) != state) {
      damaged(std::string("list of ") + what + ": dict " + std::to_string(next - 1) +
              " does not belong there");
      break;
    }
    listed[next - 1] = true;
    next = peek(header->next);
  }
  for (std::uint32_t number = 0; number < listed.size(); ++number)
    if (state_of_dict(number) == state && !listed[number] && index_.header(number) != nullptr)
      damaged(std::string("list of ") + what + ": dict " + std::to_string(number) + " is missing");
}

void Auditor::walk_dict(const DictHeader& header) {
  const auto segments = walk_segments(header);
  if (segments) {
    walk_entries(header, *segments);
    walk_hash_table(header, *segments);
  }
  if (const Offset ring = peek(header.ring); ring != 0)
    (void)claim(ring, BlockState::used, peek(header.number), ChangeRing::kBytes, name_of(header) + ", ring");
  const auto pins = pins_.find(peek(header.number));
  expect(pins == pins_.end() ? 0 : pins->second, peek(header.pinned), name_of(header) + ", pins");
}

std::optional<std::vector<Offset>> Auditor::walk_segments(const DictHeader& header) {
  const std::string name = name_of(header);
  const std::uint32_t number = peek(header.number);
  std::vector<Offset> segments;
  for (const Word& segment : header.segment) segments.push_back(peek(segment));
  const std::uint64_t capacity = peek(header.directory_capacity);
  if (const Offset at = peek(header.directory); at != 0) {
    if (capacity > kMostEntries / kFullSegment) {
      damaged(name + ": size of its directory");
      return std::nullopt;
    }
    const auto directory = claim(at, BlockState::used, number, capacity * sizeof(Word), name + ", directory");
    if (!directory) return std::nullopt;
    for (std::size_t i = 0; i < capacity; ++i) segments.push_back(peek(directory->word(i)));
  }
  for (std::size_t i = 0; i < segments.size(); ++i)
    if (segments[i] != 0 &&
        !claim(segments[i], BlockState::used, number, segment_bytes(i), name + ", segment"))
      segments[i] = 0;
  return segments;
}

const Entry* Auditor::entry_of(const std::vector<Offset>& segments, std::uint64_t number) const {
  const EntryPlace place = place_of(number);
  if (place.segment >= segments.size() || segments[place.segment] == 0) return nullptr;
  return reinterpret_cast<const Entry*>(Block(mapping_, segments[place.segment]).payload()) + place.index;
}

void Auditor::walk_entries(const DictHeader& header, const std::vector<Offset>& segments) {
  const bool dead = peek(header.state) == kDictDead;
  const std::uint64_t used = peek(header.used);
  std::uint64_t live = 0;
  std::uint64_t bytes = 0;
  for (std::uint64_t i = 0; i < used && i < kMostEntries; ++i) {
    const Entry* entry = entry_of(segments, i);
    if (entry == nullptr) {
      // Of a dead dict the segments may be gone already.
      if (!dead || i >= peek(header.reclaimed))
        damaged(name_of(header) + ": entry " + std::to_string(i) + " has no segment");
      if (i + kFullSegment > used || !dead) break;
      continue;
    }
    if (peek(entry->value) == 0) continue;
    if (dead && i < peek(header.reclaimed))
      damaged(name_of(header) + ": an entry that was given back has a value");
    const auto key = walk_key(header, *entry);
    const auto value = walk_value(header, *entry);
    ++live;
    bytes += key.value_or(0) + value.value_or(0);
  }
  if (dead) return;
  report_.keys += live;
  expect(live, peek(header.live), name_of(header) + ", keys");
  expect(bytes, peek(header.bytes), name_of(header) + ", bytes");
}

std::optional<std::uint64_t> Auditor::walk_key(const DictHeader& header, const Entry& entry) {
  switch (kind_of(entry)) {
    case kKeyInteger:
      return sizeof(std::int64_t);
    case kKeyShort:
      return peek(entry.key_info) & 0xffff;
    case kKeyBlock: {
      const auto block =
          claim(peek(entry.key[0]), BlockState::used, peek(header.number), 0, name_of(header) + ", key");
      if (!block) return std::nullopt;
      return block->size();
    }
    default:
      damaged(name_of(header) + ": a key of no kind");
      return std::nullopt;
  }
}

std::optional<std::uint64_t> Auditor::walk_value(const DictHeader& header, const Entry& entry) {
  return walk_word(header, peek(entry.value));
}

std::optional<std::uint64_t> Auditor::walk_word(const DictHeader& header, std::uint64_t word) {
  if (is_inline_word(word)) return inline_size(word);
  if (is_box_word(word)) {
    const auto block =
        claim(block_of(word), BlockState::used, peek(header.number), sizeof(Box), name_of(header) + ", box");
    if (!block) return std::nullopt;
    const std::uint64_t inside = peek(reinterpret_cast<const Box*>(block->payload())->value);
    if (is_inline_word(inside) || is_block_word(inside)) return walk_word(header, inside);
    damaged(name_of(header) + ": what is in a box");
    return std::nullopt;
  }
  if (!has_block(word)) {
    damaged(name_of(header) + ": a value of no kind");
    return std::nullopt;
  }
  const std::size_t least = is_cell_word(word) ? sizeof(Cell) : 0;
  const auto block =
      claim(block_of(word), BlockState::used, peek(header.number), least, name_of(header) + ", value");
  if (!block) return std::nullopt;
  if (is_cell_word(word)) return reinterpret_cast<const Cell*>(block->payload())->text_size();
  return block->size();
}

// Every live entry is found by a search.
void Auditor::walk_hash_table(const DictHeader& header, const std::vector<Offset>& segments) {
  const std::string name = name_of(header);
  const std::uint64_t mask = peek(header.slots_mask);
  if (peek(header.slots) == 0) {
    if (peek(header.state) == kDictLive)
      expect(0, peek(header.used), name + ", entries without a hash table");
    return;
  }
  if (mask > kMostEntries || (mask & (mask + 1)) != 0) return damaged(name + ": size of its hash table");
  const auto slots = claim(peek(header.slots), BlockState::used, peek(header.number),
                           (mask + 1) * sizeof(Half), name + ", hash table");
  if (!slots || peek(header.state) == kDictDead) return;
  std::uint64_t empty = 0;
  for (std::uint64_t at = 0; at <= mask; ++at) empty += peek(slots->half(at)) == 0 ? 1 : 0;
  if (empty == 0) return damaged(name + ": its hash table is full");
  for (std::uint64_t i = 0; i < peek(header.used) && i < kMostEntries; ++i) {
    const Entry* entry = entry_of(segments, i);
    if (entry == nullptr || peek(entry->value) == 0) continue;
    std::uint64_t at = peek(entry->hash) & mask;
    while (peek(slots->half(at)) != i + 1 && peek(slots->half(at)) != 0) at = (at + 1) & mask;
    if (peek(slots->half(at)) == 0) damaged(name + ": entry " + std::to_string(i) + " cannot be found");
  }
}

void Auditor::walk_index() {
  check_lock(super().index_lock, "the index");
  for (std::uint64_t i = 0; i < kChunks && i <= peek(super().chunks); ++i) {
    const Offset at = mapping_.geometry().directory + i * sizeof(Word);
    if (!mapping_.reaches(at + sizeof(Word))) break;
    const auto found = chunks_.find(peek(mapping_.at<Word>(at)));
    if (found != chunks_.end()) found->second = true;
    // One more may be there: a process was killed while it added it.
    if (found == chunks_.end() && i < peek(super().chunks))
      damaged("chunk " + std::to_string(i) + " of dicts is not there");
  }
  for (const auto& [at, named] : chunks_)
    if (!named) damaged("a chunk of dicts at " + std::to_string(at) + " is nobody's");
  const std::uint64_t mask = peek(super().index_mask);
  std::uint64_t used = 0;
  std::uint64_t dicts = 0;
  std::vector<bool> named(index_.number_of_headers());
  if (const Offset at = peek(super().index); at != 0) {
    if ((mask & (mask + 1)) != 0 || mask >= 4 * kChunks * kDictsInChunk) return damaged("size of the index");
    const auto block = claim(at, BlockState::used, 0, (mask + 1) * sizeof(Half), "the index");
    if (!block) return;
    for (std::uint64_t i = 0; i <= mask; ++i) {
      const std::uint32_t place = peek(block->half(i));
      used += place != 0 ? 1 : 0;
      if (place == 0 || place == kLeft) continue;
      ++dicts;
      const DictHeader* header = index_.header(place - 1);
      const std::uint32_t state = header == nullptr ? kDictFree : peek(header->state);
      std::uint32_t found = 0;
      if ((state != kDictLive && state != kDictCorrupt) || named[place - 1]) {
        damaged("index: dict " + std::to_string(place - 1) + " does not belong there, or is there twice");
        continue;
      }
      named[place - 1] = true;
      const HandleWords handle{peek(header->handle[0]), peek(header->handle[1])};
      if (index_.find_place(handle, found) == nullptr || found != place - 1)
        damaged("index: " + name_of(*header) + " cannot be found");
    }
  }
  for (std::uint32_t number = 0; number < named.size(); ++number) {
    const std::uint32_t state = state_of_dict(number);
    if (!named[number] && (state == kDictLive || state == kDictCorrupt))
      damaged("index: dict " + std::to_string(number) + " is missing");
  }
  expect(used, peek(super().index_used), "places used in the index");
  expect(dicts, peek(super().dicts), "dicts");
}

}  // namespace pyport::table
