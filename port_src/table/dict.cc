#include "table/dict.h"

#include <algorithm>
#include <new>
#include <utility>

#include "table/segments.h"
#include "table/shared_copy.h"
#include "table/value_word.h"

namespace pyport::table {
namespace {

Error corrupt(const char* what) { return make_error(Errc::corrupt, what); }
Error full(const char* limit) { return make_error(Errc::table_full, limit); }

constexpr std::uint64_t kLeastDead = 32;

std::uint32_t key_info(KeyKind kind, std::size_t length) {
  return (static_cast<std::uint32_t>(kind) << 16) | static_cast<std::uint32_t>(length);
}

}  // namespace

// ---- Writing

Status Dict::check_bytes(std::uint64_t bytes) const {
  if (bytes > limits_.max_dict_bytes) return full("max_dict_bytes");
  return ok_status();
}

// The word that will make the value visible. A block for it is fresh, or a record's.
Result<std::uint64_t> Dict::prepare_value(const NewValue& value) {
  if (!value.ttl && value.deadline == 0 && !is_limited()) return prepare_unboxed(value);
  const Expiry expiry = expiry_of(value);
  if (expiry.deadline == 0) return prepare_unboxed(value);
  Result<std::uint64_t> word = prepare_unboxed(value);
  if (!word) return word;
  return prepare_box(*word, expiry);
}

Result<std::uint64_t> Dict::prepare_unboxed(const NewValue& value) {
  if (value.record != nullptr) return block_word(value.block);
  if (value.cell_owner != 0) return prepare_cell(value);
  if (fits_word(value.bytes, value.tag)) return inline_word(value.bytes, value.tag);
  Result<Block> block = heap_.take(operation_, value.bytes.size(), operation_.fresh());
  if (!block) return std::move(block).error();
  copy_to_shared(block->payload(), value.bytes);
  block->describe(static_cast<std::uint32_t>(value.bytes.size()), value.tag);
  return block_word(block->offset());
}

Result<std::uint64_t> Dict::prepare_cell(const NewValue& value) {
  Result<Block> block = heap_.take(operation_, sizeof(Cell), operation_.fresh());
  if (!block) return std::move(block).error();
  const std::uint64_t guarded = is_watched() ? Cell::kGuarded : 0;
  reinterpret_cast<Cell*>(block->payload())->make(value.number, value.cell_owner | guarded, *value.numbers);
  block->describe(sizeof(Cell), kCellTag);
  operation_.set(header().cells, 1);
  return cell_word(block->offset());
}

void Dict::give_value(const NewValue& value, std::uint64_t word) {
  if (is_box_word(word)) {
    const Block block(operation_.mapping(), block_of(word));
    operation_.give(block, number());
    return give_value(value, peek(reinterpret_cast<const Box*>(block.payload())->value));
  }
  if (!has_block(word)) return;
  operation_.give(Block(operation_.mapping(), block_of(word)), number());
  if (value.record != nullptr) operation_.set(*value.record, 0);
}

// The old value's block is stale, or retired when readers have it pinned.
Status Dict::drop_value(std::uint64_t word) {
  if (is_box_word(word)) {
    Checked<Block> box = value_block(word);
    if (!box) return box.error();
    const Checked<std::uint64_t> inside = unboxed(word);
    if (!inside) return inside.error();
    operation_.drop(*box);
    return drop_value(*inside);
  }
  if (!has_block(word)) return ok_status();
  Checked<Block> block = value_block(word);
  if (!block) return block.error();
  if (is_cell_word(word)) {
    const Checked<Cell*> dropped = cell(word);
    if (!dropped) return dropped.error();
    (*dropped)->freeze();
  }
  tell_child(*block);
  if (block->pins() == 0) {
    operation_.drop(*block);
  } else {
    operation_.set(block->header().state, block_state(BlockState::retired, number()));
  }
  return ok_status();
}

void Dict::tell_child(const Block& block) const {
  if (lost_ == nullptr || block.tag() != kChildTag || !reaches(block, sizeof(Handle))) return;
  std::array<std::uint8_t, sizeof(Handle)> bytes;
  copy_from_shared(bytes.data(), block.payload(), bytes.size());
  if (const auto child = child_in(kChildTag, bytes)) lost_->push_back(*child);
}

Status Dict::check_new_key(const HashedKey& key, std::uint64_t live) const {
  if (!is_list()) return ok_status();
  const auto* index = std::get_if<std::int64_t>(&key.key);
  if (index != nullptr && *index == static_cast<std::int64_t>(live)) return ok_status();
  return make_error(Errc::bad_key, "a list has no such index");
}

Status Dict::check_old_key(const Entry& entry) const {
  if (!is_list() || peek(entry.key[0]) + 1 == peek(header().live)) return ok_status();
  return make_error(Errc::bad_key, "only the last of a list can be deleted");
}

Status Dict::drop_key(const Entry& entry) {
  if (key_kind(entry) != kKeyBlock) return ok_status();
  Checked<Block> block = own_block(peek(entry.key[0]), 0, "key");
  if (!block) return block.error();
  operation_.drop(*block);
  return ok_status();
}

// What most dicts have nothing to do with is asked here: a call for each would cost a tenth of the whole.
Status Dict::put(const HashedKey& key, const NewValue& value) {
  if (is_limited())
    if (Status within = check_value(value); !within) return within;
  if (is_watched()) mind_watch();
  if (peek(header().timed_puts) != 0) purge_if_worthwhile();
  Checked<Found> found = find(key);
  if (!found) return found.error();
  if (found->entry != nullptr && is_box_word(peek(found->entry->value)) &&
      has_expired(peek(found->entry->value))) {
    if (Status buried = bury(*found->entry); !buried) return buried;
    found->entry = nullptr;
  }
  const Guard guard(operation_, header().version);
  return found->entry != nullptr ? replace(*found->entry, value) : insert(key, value);
}

std::optional<std::int64_t> Dict::number_for_cell(std::uint64_t word, const NewValue& value) const {
  const bool expires = value.ttl ? *value.ttl != 0 : keys_expire();
  if (!is_cell_word(word) || expires || value.numbers == nullptr || value.cell_owner != 0)
    return std::nullopt;
  return value.numbers->number_of(value.tag, value.bytes);
}

// Those who hold the cell go on with it.
Status Dict::set_cell(Entry& entry, std::int64_t number) {
  const Checked<Cell*> known = cell(peek(entry.value));
  if (!known) return known.error();
  (*known)->freeze();
  const std::uint64_t change = next_change();
  operation_.set(header().changes, change);
  operation_.set(entry.stamp, change);
  operation_.set((*known)->number_word(), static_cast<std::uint64_t>(number));
  tell(ChangeKind::put, cell_stamp(change, number), entry);
  told();
  operation_.commit();
  (*known)->thaw();
  return ok_status();
}

// A frozen cell that is met under the lock was left by a process that was killed, or by a change of many
// keys; a guarded one that nobody watches, by those who did.
Result<CellOutcome> Dict::change_cell(Entry& entry, const CellChange& change) {
  mind_watch();
  const Guard guard(operation_, header().version);
  const Checked<Cell*> known = cell(peek(entry.value));
  if (!known) return known.error();
  if (is_watched()) return change_guarded(entry, **known, change);
  (*known)->unguard();
  const auto outcome = (*known)->change((*known)->owner(), change);
  return outcome ? Result<CellOutcome>(*outcome) : make_error(Errc::corrupt, "cell");
}

Result<CellOutcome> Dict::change_guarded(Entry& entry, Cell& known, const CellChange& change) {
  known.thaw();
  const std::int64_t before = known.number();
  const auto after = applied(change, before);
  if (!after) return CellOutcome{CellResult::overflow, before, before};
  if (*after != before)
    if (Status set = set_cell(entry, *after); !set) return std::move(set).error();
  return CellOutcome{CellResult::done, before, *after};
}

Status Dict::replace(Entry& entry, const NewValue& value) {
  const std::uint64_t old = peek(entry.value);
  if (const auto number = number_for_cell(old, value)) return set_cell(entry, *number);
  Checked<std::size_t> size = value_size(old);
  if (!size) return size.error();
  const std::uint64_t bytes = peek(header().bytes) - *size + value.bytes.size();
  if (value.bytes.size() > *size)
    if (Status within = check_bytes(bytes); !within) return within;
  Result<std::uint64_t> word = prepare_value(value);
  if (!word) return std::move(word).error();
  const std::uint64_t change = next_change();
  if (is_inline_word(old) && is_inline_word(*word) && *size == value.bytes.size() && !is_watched()) {
    // One word is all that readers without the lock see. A process that is killed before it leaves a number
    // that is too high: as if the value had been replaced by itself.
    table::put(header().changes, change, "dict.changes");
    table::put(entry.stamp, change, "entry.stamp");
    table::put(entry.value, *word, "entry.value");
    return ok_status();
  }
  operation_.set(header().changes, change);
  operation_.set(entry.stamp, change);
  operation_.set(entry.value, *word);
  operation_.set(header().bytes, bytes);
  note_expiry_of(*word);
  give_value(value, *word);
  if (Status dropped = drop_value(old); !dropped) return dropped;
  tell(ChangeKind::put, stamp_of(value, change), entry);
  told();
  operation_.commit();
  announce_expiry_of(*word);
  return ok_status();
}

void draft_key(Entry& entry, const HashedKey& key, Offset block) {
  draft(entry.hash, key.hash);
  draft(entry.key[1], 0);
  if (const auto* number = std::get_if<std::int64_t>(&key.key)) {
    draft(entry.key_info, key_info(kKeyInteger, 0));
    draft(entry.key[0], static_cast<std::uint64_t>(*number));
  } else if (block != 0) {
    draft(entry.key_info, key_info(kKeyBlock, 0));
    draft(entry.key[0], block);
  } else {
    const ByteSpan bytes = *std::get_if<ByteSpan>(&key.key);
    const auto words = key_words(bytes);
    draft(entry.key_info, key_info(kKeyShort, bytes.size()));
    draft(entry.key[0], words[0]);
    draft(entry.key[1], words[1]);
  }
}

Status Dict::prepare_key(Entry& entry, const HashedKey& key) {
  const auto* text = std::get_if<ByteSpan>(&key.key);
  if (text == nullptr || text->size() <= kShortKey) {
    draft_key(entry, key, 0);
    return ok_status();
  }
  Result<Block> block = heap_.take(operation_, text->size(), operation_.fresh());
  if (!block) return std::move(block).error();
  copy_to_shared(block->payload(), *text);
  operation_.give(*block, number());
  draft_key(entry, key, block->offset());
  return ok_status();
}

Status Dict::insert(const HashedKey& key, const NewValue& value) {
  const std::uint64_t live = peek(header().live);
  if (Status next = check_new_key(key, live); !next) return next;
  if (live >= limits_.max_dict_keys) return full("max_dict_keys");
  const auto* text = std::get_if<ByteSpan>(&key.key);
  const std::uint64_t bytes =
      peek(header().bytes) + (text != nullptr ? text->size() : sizeof(std::int64_t)) + value.bytes.size();
  if (Status within = check_bytes(bytes); !within) return within;
  if (Status room = make_room(1); !room) return room;
  // Room may have been made by moving all entries: the place is looked for anew.
  Checked<Found> found = find(key);
  if (!found) return found.error();
  const std::uint64_t used = peek(header().used);
  Checked<Entry*> at = entry(used);
  if (!at) return at.error();
  Checked<Block> slots = own_block(peek(header().slots), (slot_found() + 1) * sizeof(Half), "hash table");
  if (!slots) return slots.error();
  Result<std::uint64_t> word = prepare_value(value);
  if (!word) return std::move(word).error();
  if (Status stored = prepare_key(**at, key); !stored) return stored;
  give_value(value, *word);
  const std::uint64_t change = next_change();
  draft((*at)->stamp, change);
  operation_.set(header().changes, change);
  operation_.set((*at)->value, *word);
  operation_.set(slots->half(slot_found()), static_cast<std::uint32_t>(used + 1));
  operation_.set(header().used, used + 1);
  operation_.set(header().live, live + 1);
  operation_.set(header().bytes, bytes);
  note_expiry_of(*word);
  tell(ChangeKind::put, stamp_of(value, change), key.key);
  told();
  operation_.commit();
  announce_expiry_of(*word);
  return ok_status();
}

Status Dict::erase(Entry& entry, ChangeKind why) {
  if (Status last = check_old_key(entry); !last) return last;
  mind_watch();
  const Guard guard(operation_, header().version);
  const std::uint64_t word = peek(entry.value);
  Checked<std::size_t> value_bytes = value_size(word);
  if (!value_bytes) return value_bytes.error();
  Checked<std::size_t> key_bytes = key_size(entry);
  if (!key_bytes) return key_bytes.error();
  if (Status dropped = drop_value(word); !dropped) return dropped;
  if (Status dropped = drop_key(entry); !dropped) return dropped;
  operation_.set(header().changes, next_change());
  operation_.set(entry.value, 0);
  operation_.set(header().live, peek(header().live) - 1);
  operation_.set(header().bytes, peek(header().bytes) - *value_bytes - *key_bytes);
  tell(why, next_change(), entry);
  told();
  operation_.commit();
  return ok_status();
}

// Dead entries stay where they are, so many may lie behind the last live one: the last of them is told how
// far they go, else emptying a dict from its end would take time by the square of its size. Dead entries
// never come to life again, so what they are told stays true, and a kill between the two stores leaves the
// first unread.
Checked<DictReader::Found> Dict::last() {
  const std::uint64_t used = peek(header().used);
  Entry* told = nullptr;
  std::uint64_t steps = 0;
  for (std::uint64_t at = used; at > 0; ++steps) {
    Checked<Entry*> candidate = entry(at - 1);
    if (!candidate) return candidate.damage();
    if (peek((*candidate)->value) != 0) {
      if (steps > 1) tell_dead(*told, at);
      return Found{*candidate};
    }
    if (told == nullptr) told = *candidate;
    const bool knows = key_kind(**candidate) == kKeyNone && peek((*candidate)->key[0]) < at;
    at = knows ? peek((*candidate)->key[0]) : at - 1;
  }
  return Found{};
}

void Dict::tell_dead(Entry& last_dead, std::uint64_t first_dead) {
  table::put(last_dead.key[0], first_dead, "dead.from");
  table::put(last_dead.key_info, key_info(kKeyNone, 0), "dead.known");
}

// ---- Growing

bool Dict::worth_compacting(std::uint64_t least) const {
  const std::uint64_t used = peek(header().used);
  const std::uint64_t live = peek(header().live);
  return used > live && used - live > live && used - live >= least;
}

Status Dict::make_room(std::uint64_t entries) {
  if (worth_compacting(kLeastDead))
    if (Status done = compact(); !done && done.error().code != Errc::table_full) return done;
  Status room = room_behind_the_last(entries);
  if (room || room.error().code != Errc::table_full || peek(header().live) >= peek(header().used))
    return room;
  // No memory for more: the dead ones' places are what is left.
  heap_.abandon(operation_);
  if (Status done = compact(); !done)
    return done.error().code == Errc::table_full ? std::move(room) : std::move(done);
  return room_behind_the_last(entries);
}

Status Dict::room_behind_the_last(std::uint64_t entries) {
  const std::uint64_t used = peek(header().used);
  if (used >= kMostEntries || entries > kMostEntries - used) return full("max_dict_keys");
  const std::uint64_t slots = peek(header().slots) == 0 ? 0 : peek(header().slots_mask) + 1;
  if (used > slots || peek(header().live) > used) return corrupt("number of entries");
  if ((used + entries) * 3 > slots * 2)
    if (Status grown = grow_slots(used + entries); !grown) return grown;
  const std::size_t last = place_of(used + entries - 1).segment;
  for (std::size_t segment = place_of(used).segment; segment <= last; ++segment)
    if (Status room = room_in_segment(segment); !room) return room;
  return ok_status();
}

Status Dict::room_in_segment(std::size_t segment) {
  if (segment >= kFirstSegments + peek(header().directory_capacity))
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
  const std::size_t old_capacity = peek(header().directory_capacity);
  const std::size_t capacity = std::max<std::size_t>({8, old_capacity * 2, segments - kFirstSegments});
  Result<Block> block = heap_.take(operation_, capacity * sizeof(Word), operation_.fresh());
  if (!block) return std::move(block).error();
  for (std::size_t i = 0; i < capacity; ++i) draft(block->word(i), 0);
  if (old_capacity != 0) {
    Checked<Block> old =
        own_block(peek(header().directory), old_capacity * sizeof(Word), "directory of segments");
    if (!old) return old.error();
    for (std::size_t i = 0; i < old_capacity; ++i) draft(block->word(i), peek(old->word(i)));
    operation_.drop(*old);
  }
  operation_.give(*block, number());
  operation_.set(header().directory, block->offset());
  operation_.set(header().directory_capacity, capacity);
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
  if (Status filled = fill_slots(*block, count - 1, peek(header().used)); !filled) return filled;
  if (const Offset old = peek(header().slots); old != 0) {
    Checked<Block> slots = own_block(old, 0, "hash table");
    if (!slots) return slots.error();
    operation_.drop(*slots);
  }
  operation_.give(*block, number());
  operation_.set(header().slots, block->offset());
  operation_.set(header().slots_mask, count - 1);
  operation_.commit();
  heap_.settle(operation_);
  return ok_status();
}

Status Dict::compact_if_worthwhile() {
  if (!worth_compacting(kLeastDead)) return ok_status();
  const Guard guard(operation_, header().version);
  Status done = compact();
  if (!done && done.error().code == Errc::table_full) return ok_status();
  return done;
}

}  // namespace pyport::table
