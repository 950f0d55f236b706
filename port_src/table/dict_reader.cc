#include "table/dict_reader.h"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "table/segments.h"
#include "table/shared_copy.h"
#include "table/value_word.h"

namespace pyport::table {
namespace {

Damage damage(const char* what) { return {what}; }

constexpr std::uint64_t kBelieved = 1 << 16;  // keys that memory is got for before they are seen

std::size_t short_length(const Entry& entry) { return peek(entry.key_info) & 0xffff; }

}  // namespace

[[gnu::always_inline]] inline Checked<Block> DictReader::look_at_block(Offset at, std::size_t size,
                                                                       const char* what) const {
  // The data may have grown since this was looked at last.
  if (at + kHeaderBytes > end_) end_ = mapping_.data_end();
  if (!Block::may_be_block(mapping_, at, end_)) return damage(what);
  const Block block(mapping_, at);
  const std::uint32_t bytes = block.size();
  if (!block.is(BlockState::used, number()) || bytes < size) return damage(what);
  if (at + kHeaderBytes + bytes > end_) end_ = mapping_.data_end();
  // The size is read twice: where it changes in between, the one that was asked for counts.
  if (!block.sound(end_) || !reaches(block, size)) return damage(what);
  return block;
}

Checked<Block> DictReader::own_block(Offset at, std::size_t size, const char* what) const {
  return look_at_block(at, size, what);
}

Checked<Word*> DictReader::segment_word(std::size_t segment) const {
  if (segment < kFirstSegments) return &header_.segment[segment];
  const std::size_t index = segment - kFirstSegments;
  if (index >= peek(header_.directory_capacity)) return damage("directory of segments");
  Checked<Block> directory =
      own_block(peek(header_.directory), (index + 1) * sizeof(Word), "directory of segments");
  if (!directory) return directory.damage();
  return &directory->word(index);
}

[[gnu::always_inline]] inline Checked<Entry*> DictReader::look_at_entry(std::uint64_t number) const {
  const EntryPlace place = place_of(number);
  Checked<Word*> word = segment_word(place.segment);
  if (!word) return word.damage();
  Checked<Block> block = look_at_block(peek(**word), segment_bytes(place.segment), "segment");
  if (!block) return block.damage();
  return reinterpret_cast<Entry*>(block->payload()) + place.index;
}

Checked<Entry*> DictReader::entry(std::uint64_t number) const { return look_at_entry(number); }

inline Checked<bool> DictReader::same(const Entry& entry, const HashedKey& key) const {
  if (peek(entry.hash) != key.hash) return false;
  const std::uint32_t kind = key_kind(entry);
  if (const auto* number = std::get_if<std::int64_t>(&key.key))
    return kind == kKeyInteger && peek(entry.key[0]) == static_cast<std::uint64_t>(*number);
  const ByteSpan bytes = *std::get_if<ByteSpan>(&key.key);
  if (kind == kKeyShort) {
    if (short_length(entry) != bytes.size()) return false;
    const auto words = key_words(bytes);
    return peek(entry.key[0]) == words[0] && peek(entry.key[1]) == words[1];
  }
  if (kind == kKeyInteger) return false;
  if (kind != kKeyBlock) return damage("kind of a key");
  if (bytes.size() <= kShortKey) return false;
  Checked<Block> block = own_block(peek(entry.key[0]), 0, "key");
  if (!block) return block.damage();
  if (block->size() != bytes.size() || !reaches(*block, bytes.size())) return false;
  return equal_shared(block->payload(), bytes);
}

Checked<DictReader::Found> DictReader::find(const HashedKey& key) const {
  if (peek(header_.slots) == 0) return Found{};
  const std::uint64_t mask = peek(header_.slots_mask);
  if (mask > kMostEntries || (mask & (mask + 1)) != 0) return damage("size of the hash table");
  Checked<Block> slots = look_at_block(peek(header_.slots), (mask + 1) * sizeof(Half), "hash table");
  if (!slots) return slots.damage();
  const std::uint64_t used = peek(header_.used);
  // A missing key may go where a dead one was. So one that comes and goes leaves no trail to be searched.
  bool is_vacant_known = false;
  for (std::uint64_t i = 0; i <= mask; ++i) {
    const std::uint64_t at = (key.hash + i) & mask;
    const std::uint32_t slot = peek(slots->half(at));
    if (!is_vacant_known) slot_found_ = at;
    if (slot == 0) return Found{};
    if (slot > used) return damage("place in the hash table");
    Checked<Entry*> candidate = look_at_entry(slot - 1);
    if (!candidate) return candidate.damage();
    if (peek((*candidate)->value) == 0) {
      is_vacant_known = true;
      continue;
    }
    Checked<bool> is_it = same(**candidate, key);
    if (!is_it) return is_it.damage();
    if (*is_it) return Found{*candidate};
  }
  return damage("hash table without an end");
}

Checked<Block> DictReader::value_block(std::uint64_t word) const {
  return own_block(block_of(word), 0, "value");
}

Checked<Box*> DictReader::box(std::uint64_t word) const {
  Checked<Block> block = own_block(block_of(word), sizeof(Box), "box");
  if (!block) return block.damage();
  return reinterpret_cast<Box*>(block->payload());
}

Checked<std::uint64_t> DictReader::unboxed(std::uint64_t word) const {
  if (!is_box_word(word)) return word;
  const Checked<Box*> it = box(word);
  if (!it) return it.damage();
  const std::uint64_t inside = peek((*it)->value);
  if (!is_inline_word(inside) && !is_block_word(inside)) return damage("what is in a box");
  return inside;
}

bool DictReader::has_expired(std::uint64_t word) const {
  if (!is_box_word(word)) return false;
  const Checked<Box*> it = box(word);
  return it && peek((*it)->deadline) <= now();
}

Checked<DictReader::Found> DictReader::find_now(const HashedKey& key) const {
  Checked<Found> found = find(key);
  if (found && found->entry != nullptr && has_expired(peek(found->entry->value))) return Found{};
  return found;
}

Checked<Cell*> DictReader::cell(std::uint64_t word) const {
  Checked<Block> block = own_block(block_of(word), sizeof(Cell), "cell");
  if (!block) return block.damage();
  return reinterpret_cast<Cell*>(block->payload());
}

Checked<std::size_t> DictReader::value_size(std::uint64_t word) const {
  if (is_inline_word(word)) return std::size_t{inline_size(word)};
  if (is_block_word(word)) {
    const Checked<Block> block = value_block(word);
    if (!block) return block.damage();
    return std::size_t{block->size()};
  }
  Checked<Outline> value = outline(word);
  if (!value) return value.damage();
  return value->size;
}

Checked<DictReader::Outline> DictReader::outline(std::uint64_t word) const {
  if (is_inline_word(word)) return Outline{inline_tag(word), inline_size(word)};
  if (is_box_word(word)) {
    const Checked<std::uint64_t> inside = unboxed(word);
    if (!inside) return inside.damage();
    return outline(*inside);
  }
  if (is_cell_word(word)) {
    const Checked<Cell*> it = cell(word);
    if (!it) return it.damage();
    return Outline{kCellTag, (*it)->text_size()};
  }
  if (!is_block_word(word)) return damage("value");
  Checked<Block> block = value_block(word);
  if (!block) return block.damage();
  return Outline{block->tag(), block->size()};
}

Checked<std::size_t> DictReader::key_size(const Entry& entry) const {
  switch (key_kind(entry)) {
    case kKeyInteger:
      return sizeof(std::int64_t);
    case kKeyShort:
      return std::min(short_length(entry), kShortKey);
    case kKeyBlock: {
      Checked<Block> block = own_block(peek(entry.key[0]), 0, "key");
      if (!block) return block.damage();
      return std::size_t{block->size()};
    }
    default:
      return damage("kind of a key");
  }
}

Result<Key> DictReader::key_of(const Entry& entry) const {
  if (key_kind(entry) == kKeyInteger) return Key(static_cast<std::int64_t>(peek(entry.key[0])));
  Checked<std::size_t> size = key_size(entry);
  if (!size) return size.error();
  if (key_kind(entry) == kKeyBlock) {
    Checked<Block> block = own_block(peek(entry.key[0]), *size, "key");
    if (!block) return block.error();
    std::string text(*size, '\0');
    copy_from_shared(reinterpret_cast<std::uint8_t*>(text.data()), block->payload(), *size);
    return Key(std::move(text));
  }
  const std::uint64_t words[2] = {peek(entry.key[0]), peek(entry.key[1])};
  return Key(std::string(reinterpret_cast<const char*>(words), *size));
}

Checked<KeyView> DictReader::key_view(const Entry& entry) const {
  if (key_kind(entry) == kKeyInteger) return KeyView(static_cast<std::int64_t>(peek(entry.key[0])));
  const Checked<std::size_t> size = key_size(entry);
  if (!size) return size.damage();
  if (key_kind(entry) == kKeyShort)
    return KeyView(ByteSpan(reinterpret_cast<const std::uint8_t*>(entry.key.data()), *size));
  const Checked<Block> block = own_block(peek(entry.key[0]), *size, "key");
  if (!block) return block.damage();
  return KeyView(ByteSpan(block->payload(), *size));
}

Result<std::vector<Key>> DictReader::keys() const {
  std::vector<Key> keys;
  try {
    keys.reserve(std::min({peek(header_.live), peek(header_.used), kBelieved}));
    Status all = each([&](const Entry&, Key&& key) {
      keys.push_back(std::move(key));
      return ok_status();
    });
    if (!all) return std::move(all).error();
  } catch (const std::bad_alloc&) {
    return make_error(Errc::table_full, "memory");
  }
  return keys;
}

}  // namespace pyport::table
