#include "table/dict.h"

#include <algorithm>
#include <new>
#include <utility>

#include "table/segments.h"
#include "table/value_word.h"

namespace pyport::table {
namespace {

Error corrupt(const char* what) { return make_error(Errc::corrupt, what); }
Damage damage(const char* what) { return {what}; }
Error full(const char* limit) { return make_error(Errc::table_full, limit); }

constexpr std::uint64_t kLeastDead = 32;
constexpr std::uint64_t kBelieved = 1 << 16;  // keys that memory is got for before they are seen

std::uint32_t key_info(KeyKind kind, std::size_t length) {
  return (static_cast<std::uint32_t>(kind) << 16) | static_cast<std::uint32_t>(length);
}
std::uint32_t key_kind(const Entry& entry) { return peek(entry.key_info) >> 16; }
std::size_t short_length(const Entry& entry) { return peek(entry.key_info) & 0xffff; }

std::array<std::uint64_t, 2> key_words(ByteSpan bytes) {
  std::array<std::uint64_t, 2> words{};
  if (!bytes.empty()) std::memcpy(words.data(), bytes.data(), bytes.size());
  return words;
}

}  // namespace

// ---- Reading

[[gnu::always_inline]] inline Checked<Block> Dict::look_at_block(Offset at, std::size_t size,
                                                                 const char* what) const {
  const Mapping& mapping = operation_.mapping();
  // The data may have grown since this was looked at last.
  if (at + kHeaderBytes > end_) end_ = heap_.data_end();
  if (!Block::may_be_block(mapping, at, end_)) return damage(what);
  const Block block(mapping, at);
  const std::uint32_t bytes = block.size();
  if (!block.is(BlockState::used, number()) || bytes < size) return damage(what);
  if (at + kHeaderBytes + bytes > end_) end_ = heap_.data_end();
  if (!block.sound(end_)) return damage(what);
  return block;
}

Checked<Block> Dict::own_block(Offset at, std::size_t size, const char* what) const {
  return look_at_block(at, size, what);
}

Checked<Word*> Dict::segment_word(std::size_t segment) const {
  if (segment < kFirstSegments) return &header_.segment[segment];
  const std::size_t index = segment - kFirstSegments;
  if (index >= peek(header_.directory_capacity)) return damage("directory of segments");
  Checked<Block> directory =
      own_block(peek(header_.directory), (index + 1) * sizeof(Word), "directory of segments");
  if (!directory) return directory.damage();
  return &directory->word(index);
}

[[gnu::always_inline]] inline Checked<Entry*> Dict::look_at_entry(std::uint64_t number) const {
  const EntryPlace place = place_of(number);
  Checked<Word*> word = segment_word(place.segment);
  if (!word) return word.damage();
  Checked<Block> block = look_at_block(peek(**word), segment_bytes(place.segment), "segment");
  if (!block) return block.damage();
  return reinterpret_cast<Entry*>(block->payload()) + place.index;
}

Checked<Entry*> Dict::entry(std::uint64_t number) const { return look_at_entry(number); }

inline Checked<bool> Dict::same(const Entry& entry, const HashedKey& key) const {
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
  return block->size() == bytes.size() && std::memcmp(block->payload(), bytes.data(), bytes.size()) == 0;
}

Checked<Dict::Found> Dict::find(const HashedKey& key) const {
  if (peek(header_.slots) == 0) return Found{};
  const std::uint64_t mask = peek(header_.slots_mask);
  if (mask > kMostEntries || (mask & (mask + 1)) != 0) return damage("size of the hash table");
  Checked<Block> slots = look_at_block(peek(header_.slots), (mask + 1) * sizeof(Half), "hash table");
  if (!slots) return slots.damage();
  const std::uint64_t used = peek(header_.used);
  for (std::uint64_t i = 0; i <= mask; ++i) {
    const std::uint64_t at = (key.hash + i) & mask;
    const std::uint32_t slot = peek(slots->half(at));
    slot_found_ = at;
    if (slot == 0) return Found{};
    if (slot > used) return damage("place in the hash table");
    Checked<Entry*> candidate = look_at_entry(slot - 1);
    if (!candidate) return candidate.damage();
    if (peek((*candidate)->value) == 0) continue;
    Checked<bool> is_it = same(**candidate, key);
    if (!is_it) return is_it.damage();
    if (*is_it) return Found{*candidate};
  }
  return damage("hash table without an end");
}

Checked<Block> Dict::value_block(std::uint64_t word) const { return own_block(block_of(word), 0, "value"); }

Checked<std::size_t> Dict::value_size(std::uint64_t word) const {
  if (is_inline_word(word)) return inline_size(word);
  if (!is_block_word(word)) return damage("value");
  Checked<Block> block = value_block(word);
  if (!block) return block.damage();
  return std::size_t{block->size()};
}

Checked<std::size_t> Dict::key_size(const Entry& entry) const {
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

Result<Key> Dict::key_of(const Entry& entry) const {
  if (key_kind(entry) == kKeyInteger) return Key(static_cast<std::int64_t>(peek(entry.key[0])));
  Checked<std::size_t> size = key_size(entry);
  if (!size) return size.error();
  if (key_kind(entry) == kKeyBlock) {
    const Block block(operation_.mapping(), peek(entry.key[0]));
    return Key(std::string(as_text({block.payload(), *size})));
  }
  const std::uint64_t words[2] = {peek(entry.key[0]), peek(entry.key[1])};
  return Key(std::string(reinterpret_cast<const char*>(words), *size));
}

Result<std::vector<Key>> Dict::keys() const {
  const std::uint64_t used = peek(header_.used);
  std::vector<Key> keys;
  try {
    keys.reserve(std::min({peek(header_.live), used, kBelieved}));
    for (std::uint64_t i = 0; i < used; ++i) {
      Checked<Entry*> at = entry(i);
      if (!at) return at.error();
      if (peek((*at)->value) == 0) continue;
      Result<Key> key = key_of(**at);
      if (!key) return std::move(key).error();
      keys.push_back(*std::move(key));
    }
  } catch (const std::bad_alloc&) {
    return full("memory");
  }
  return keys;
}

// ---- Writing

Status Dict::check_bytes(std::uint64_t bytes) const {
  if (bytes > limits_.max_dict_bytes) return full("max_dict_bytes");
  return ok_status();
}

// The word that will make the value visible. A block for it is fresh, or a record's.
Result<std::uint64_t> Dict::prepare_value(const NewValue& value) {
  if (value.record != nullptr) return block_word(value.block);
  if (fits_word(value.bytes, value.tag)) return inline_word(value.bytes, value.tag);
  Result<Block> block = heap_.take(operation_, value.bytes.size(), operation_.fresh());
  if (!block) return std::move(block).error();
  if (!value.bytes.empty()) std::memcpy(block->payload(), value.bytes.data(), value.bytes.size());
  block->describe(static_cast<std::uint32_t>(value.bytes.size()), value.tag);
  return block_word(block->offset());
}

void Dict::give_value(const NewValue& value, std::uint64_t word) {
  if (!is_block_word(word)) return;
  operation_.give(Block(operation_.mapping(), block_of(word)), number());
  if (value.record != nullptr) operation_.set(*value.record, 0);
}

// The old value's block is stale, or retired when readers have it pinned.
Status Dict::drop_value(std::uint64_t word) {
  if (!is_block_word(word)) return ok_status();
  Checked<Block> block = value_block(word);
  if (!block) return block.error();
  if (block->pins() == 0) {
    operation_.drop(*block);
  } else {
    operation_.set(block->header().state, block_state(BlockState::retired, number()));
  }
  return ok_status();
}

Status Dict::drop_key(const Entry& entry) {
  if (key_kind(entry) != kKeyBlock) return ok_status();
  Checked<Block> block = own_block(peek(entry.key[0]), 0, "key");
  if (!block) return block.error();
  operation_.drop(*block);
  return ok_status();
}

Status Dict::put(const HashedKey& key, const NewValue& value) {
  Checked<Found> found = find(key);
  if (!found) return found.error();
  return found->entry != nullptr ? replace(*found->entry, value) : insert(key, value);
}

Status Dict::replace(Entry& entry, const NewValue& value) {
  const std::uint64_t old = peek(entry.value);
  Checked<std::size_t> size = value_size(old);
  if (!size) return size.error();
  const std::uint64_t bytes = peek(header_.bytes) - *size + value.bytes.size();
  if (value.bytes.size() > *size)
    if (Status within = check_bytes(bytes); !within) return within;
  Result<std::uint64_t> word = prepare_value(value);
  if (!word) return std::move(word).error();
  if (!is_block_word(old) && !is_block_word(*word) && *size == value.bytes.size()) {
    // One word is all that changes.
    table::put(entry.value, *word, "entry.value");
    return ok_status();
  }
  operation_.set(entry.value, *word);
  operation_.set(header_.bytes, bytes);
  give_value(value, *word);
  if (Status dropped = drop_value(old); !dropped) return dropped;
  operation_.commit();
  return ok_status();
}

Status Dict::prepare_key(Entry& entry, const HashedKey& key) {
  draft(entry.hash, key.hash);
  if (const auto* number = std::get_if<std::int64_t>(&key.key)) {
    draft(entry.key_info, key_info(kKeyInteger, 0));
    draft(entry.key[0], static_cast<std::uint64_t>(*number));
    draft(entry.key[1], 0);
    return ok_status();
  }
  const ByteSpan bytes = *std::get_if<ByteSpan>(&key.key);
  if (bytes.size() <= kShortKey) {
    const auto words = key_words(bytes);
    draft(entry.key_info, key_info(kKeyShort, bytes.size()));
    draft(entry.key[0], words[0]);
    draft(entry.key[1], words[1]);
    return ok_status();
  }
  Result<Block> block = heap_.take(operation_, bytes.size(), operation_.fresh());
  if (!block) return std::move(block).error();
  std::memcpy(block->payload(), bytes.data(), bytes.size());
  operation_.give(*block, number());
  draft(entry.key_info, key_info(kKeyBlock, 0));
  draft(entry.key[0], block->offset());
  return ok_status();
}

Status Dict::insert(const HashedKey& key, const NewValue& value) {
  const std::uint64_t live = peek(header_.live);
  if (live >= limits_.max_dict_keys) return full("max_dict_keys");
  const auto* text = std::get_if<ByteSpan>(&key.key);
  const std::uint64_t bytes =
      peek(header_.bytes) + (text != nullptr ? text->size() : sizeof(std::int64_t)) + value.bytes.size();
  if (Status within = check_bytes(bytes); !within) return within;
  if (Status room = make_room(); !room) return room;
  // Room may have been made by moving all entries: the place is looked for anew.
  Checked<Found> found = find(key);
  if (!found) return found.error();
  const std::uint64_t used = peek(header_.used);
  Checked<Entry*> at = entry(used);
  if (!at) return at.error();
  Checked<Block> slots = own_block(peek(header_.slots), (slot_found_ + 1) * sizeof(Half), "hash table");
  if (!slots) return slots.error();
  Result<std::uint64_t> word = prepare_value(value);
  if (!word) return std::move(word).error();
  if (Status stored = prepare_key(**at, key); !stored) return stored;
  give_value(value, *word);
  operation_.set((*at)->value, *word);
  operation_.set(slots->half(slot_found_), static_cast<std::uint32_t>(used + 1));
  operation_.set(header_.used, used + 1);
  operation_.set(header_.live, live + 1);
  operation_.set(header_.bytes, bytes);
  operation_.commit();
  return ok_status();
}

Result<bool> Dict::erase(const HashedKey& key) {
  Checked<Found> found = find(key);
  if (!found) return found.error();
  if (found->entry == nullptr) return false;
  Entry& entry = *found->entry;
  const std::uint64_t word = peek(entry.value);
  Checked<std::size_t> value_bytes = value_size(word);
  if (!value_bytes) return value_bytes.error();
  Checked<std::size_t> key_bytes = key_size(entry);
  if (!key_bytes) return key_bytes.error();
  if (Status dropped = drop_value(word); !dropped) return std::move(dropped).error();
  if (Status dropped = drop_key(entry); !dropped) return std::move(dropped).error();
  operation_.set(entry.value, 0);
  operation_.set(header_.live, peek(header_.live) - 1);
  operation_.set(header_.bytes, peek(header_.bytes) - *value_bytes - *key_bytes);
  operation_.commit();
  return true;
}

// ---- Growing

bool Dict::worth_compacting(std::uint64_t least) const {
  const std::uint64_t used = peek(header_.used);
  const std::uint64_t live = peek(header_.live);
  return used > live && used - live > live && used - live >= least;
}

// Room for one more entry. Each step is a change of its own.
Status Dict::make_room() {
  if (worth_compacting(kLeastDead))
    if (Status done = compact(); !done && done.error().code != Errc::table_full) return done;
  Status room = room_behind_the_last();
  if (room || room.error().code != Errc::table_full || peek(header_.live) >= peek(header_.used)) return room;
  // No memory for more: the dead ones' places are what is left.
  heap_.abandon(operation_);
  if (Status done = compact(); !done)
    return done.error().code == Errc::table_full ? std::move(room) : std::move(done);
  return room_behind_the_last();
}

Status Dict::room_behind_the_last() {
  const std::uint64_t used = peek(header_.used);
  if (used >= kMostEntries) return full("max_dict_keys");
  const std::uint64_t slots = peek(header_.slots) == 0 ? 0 : peek(header_.slots_mask) + 1;
  if (used > slots || peek(header_.live) > used) return corrupt("number of entries");
  if ((used + 1) * 3 > slots * 2)
    if (Status grown = grow_slots(used + 1); !grown) return grown;
  const std::size_t segment = place_of(used).segment;
  if (segment >= kFirstSegments + peek(header_.directory_capacity))
    if (Status grown = grow_directory(segment + 1); !grown) return grown;
  Checked<Word*> word = segment_word(segment);
  if (!word) return word.error();
  return peek(**word) != 0 ? ok_status() : add_segment(segment);
}

Status Dict::add_segment(std::size_t segment) {
  Result<Block> block = heap_.take(operation_, segment_bytes(segment), operation_.fresh());
  if (!block) return std::move(block).error();
  Checked<Word*> word = segment_word(segment);
  if (!word) return word.error();
  operation_.give(*block, number());
  operation_.set(**word, block->offset());
  operation_.commit();
  heap_.settle(operation_);
  return ok_status();
}

Status Dict::grow_directory(std::size_t segments) {
  const std::size_t old_capacity = peek(header_.directory_capacity);
  const std::size_t capacity = std::max<std::size_t>({8, old_capacity * 2, segments - kFirstSegments});
  Result<Block> block = heap_.take(operation_, capacity * sizeof(Word), operation_.fresh());
  if (!block) return std::move(block).error();
  for (std::size_t i = 0; i < capacity; ++i) draft(block->word(i), 0);
  if (old_capacity != 0) {
    Checked<Block> old =
        own_block(peek(header_.directory), old_capacity * sizeof(Word), "directory of segments");
    if (!old) return old.error();
    for (std::size_t i = 0; i < old_capacity; ++i) draft(block->word(i), peek(old->word(i)));
    operation_.drop(*old);
  }
  operation_.give(*block, number());
  operation_.set(header_.directory, block->offset());
  operation_.set(header_.directory_capacity, capacity);
  operation_.commit();
  heap_.settle(operation_);
  return ok_status();
}

Status Dict::fill_slots(const Block& slots, std::uint64_t mask, std::uint64_t used) const {
  for (std::uint64_t i = 0; i <= mask; ++i) draft(slots.half(i), 0);
  for (std::uint64_t i = 0; i < used; ++i) {
    Checked<Entry*> at = entry(i);
    if (!at) return at.error();
    if (peek((*at)->value) == 0) continue;
    std::uint64_t place = peek((*at)->hash) & mask;
    while (peek(slots.half(place)) != 0) place = (place + 1) & mask;
    draft(slots.half(place), static_cast<std::uint32_t>(i + 1));
  }
  return ok_status();
}

Status Dict::grow_slots(std::uint64_t entries) {
  const std::uint64_t count = std::bit_ceil(std::max<std::uint64_t>(entries * 2, 16));
  Result<Block> block = heap_.take(operation_, count * sizeof(Half), operation_.fresh());
  if (!block) return std::move(block).error();
  if (Status filled = fill_slots(*block, count - 1, peek(header_.used)); !filled) return filled;
  if (const Offset old = peek(header_.slots); old != 0) {
    Checked<Block> slots = own_block(old, 0, "hash table");
    if (!slots) return slots.error();
    operation_.drop(*slots);
  }
  operation_.give(*block, number());
  operation_.set(header_.slots, block->offset());
  operation_.set(header_.slots_mask, count - 1);
  operation_.commit();
  heap_.settle(operation_);
  return ok_status();
}

Status Dict::compact_if_worthwhile() {
  if (!worth_compacting(kLeastDead)) return ok_status();
  Status done = compact();
  if (!done && done.error().code == Errc::table_full) return ok_status();
  return done;
}

}  // namespace pyport::table
