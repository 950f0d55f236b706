// Several keys of a dict changed at once: all of it becomes visible by one store, or nothing.
#include <utility>

#include "table/bulk_change.h"
#include "table/value_word.h"

namespace pyport::table {

class Batch : BulkChange {
 public:
  Batch(Dict& dict, std::span<const Change> changes, std::span<std::uint64_t> scratch)
      : BulkChange(dict, scratch), changes_(changes) {}

  Result<std::uint64_t> run() {
    if (Status counted = count(); !counted) return std::move(counted).error();
    if (new_keys_ != 0)
      if (Status room = dict_.make_room(new_keys_); !room) return std::move(room).error();
    // Of each change at most a value, its box and a key; and the value's word and stamp or place in the hash
    // table, its record, its block's state and that of the block before.
    if (Status begun = begin(changes_.size() * 3, changes_.size() * 5); !begun)
      return std::move(begun).error();
    if (Status prepared = prepare(); !prepared) {
      undo();
      return std::move(prepared).error();
    }
    commit(used_, live_, bytes_);
    return erased_;
  }

 private:
  // What the dict will have afterwards, held to the limits.
  Status count() {
    std::uint64_t live = peek(header().live), bytes = peek(header().bytes);
    const std::uint64_t bytes_before = bytes;
    for (const Change& change : changes_) {
      Checked<DictReader::Found> found = dict_.find(change.key);
      if (!found) return found.error();
      if (found->entry == nullptr) {
        if (change.erase) continue;
        if (Status next = dict_.check_new_key(change.key, live); !next) return next;
        ++new_keys_;
        ++live;
        bytes += bytes_of(change.key) + change.value.bytes.size();
        continue;
      }
      const std::uint64_t word = peek(found->entry->value);
      if (!change.erase && dict_.number_for_cell(word, change.value)) continue;
      Checked<std::size_t> old = dict_.value_size(word);
      if (!old) return old.error();
      bytes += change.value.bytes.size() - *old;
      if (!change.erase) continue;
      if (Status last = dict_.check_old_key(*found->entry); !last) return last;
      bytes -= bytes_of(change.key);
      --live;
      ++erased_;
    }
    if (new_keys_ != 0 && live > dict_.limits_.max_dict_keys)
      return make_error(Errc::table_full, "max_dict_keys");
    live_ = live;
    bytes_ = bytes;
    return bytes > bytes_before ? dict_.check_bytes(bytes) : ok_status();
  }

  static std::size_t bytes_of(const HashedKey& key) {
    const auto* text = std::get_if<ByteSpan>(&key.key);
    return text != nullptr ? text->size() : sizeof(std::int64_t);
  }

  Status prepare() {
    used_ = peek(header().used);
    for (const Change& change : changes_) {
      Checked<DictReader::Found> found = dict_.find(change.key);
      if (!found) return found.error();
      Status prepared = ok_status();
      if (found->entry != nullptr) {
        prepared = change.erase ? erase(*found->entry) : replace(*found->entry, change.value);
      } else if (!change.erase) {
        prepared = insert(change);
      }
      if (!prepared) return prepared;
    }
    return ok_status();
  }

  Status erase(Entry& entry) {
    if (Status dropped = drop(peek(entry.value)); !dropped) return dropped;
    dict_.tell(ChangeKind::erased, dict_.next_change(), entry);
    if (key_kind(entry) == kKeyBlock) drop_block(peek(entry.key[0]));
    operation_.set(entry.value, 0);
    return ok_status();
  }

  // It stays frozen: whoever comes next thaws it.
  Status set_cell(Entry& entry, std::int64_t number) {
    const Checked<Cell*> cell = dict_.cell(peek(entry.value));
    if (!cell) return cell.error();
    (*cell)->freeze();
    operation_.set(entry.stamp, dict_.next_change());
    operation_.set((*cell)->number_word(), static_cast<std::uint64_t>(number));
    dict_.tell(ChangeKind::put, cell_stamp(dict_.next_change(), number), entry);
    return ok_status();
  }

  Status replace(Entry& entry, const NewValue& value) {
    if (const auto number = dict_.number_for_cell(peek(entry.value), value)) return set_cell(entry, *number);
    Result<std::uint64_t> word = prepare_value(value);
    if (!word) return std::move(word).error();
    if (Status dropped = drop(peek(entry.value)); !dropped) return dropped;
    operation_.set(entry.stamp, dict_.next_change());
    operation_.set(entry.value, *word);
    dict_.tell(ChangeKind::put, dict_.next_change(), entry);
    return ok_status();
  }

  Status insert(const Change& change) {
    const std::uint64_t slot = free_slot(dict_.slot_found());
    const std::uint64_t mask = peek(header().slots_mask);
    Checked<Entry*> at = dict_.entry(used_);
    if (!at) return at.error();
    Checked<Block> slots = dict_.own_block(peek(header().slots), (mask + 1) * sizeof(Half), "hash table");
    if (!slots) return slots.error();
    Result<std::uint64_t> word = prepare_value(change.value);
    if (!word) return std::move(word).error();
    if (Status stored = prepare_key(**at, change.key); !stored) return stored;
    draft((*at)->stamp, dict_.next_change());
    operation_.set((*at)->value, *word);
    operation_.set(slots->half(slot), static_cast<std::uint32_t>(++used_));
    dict_.tell(ChangeKind::put, dict_.next_change(), change.key.key);
    return ok_status();
  }

  Status prepare_key(Entry& entry, const HashedKey& key) {
    const auto* text = std::get_if<ByteSpan>(&key.key);
    if (text == nullptr || text->size() <= kShortKey) {
      draft_key(entry, key, 0);
      return ok_status();
    }
    Result<Offset> block = make_block(*text, 0);
    if (!block) return std::move(block).error();
    draft_key(entry, key, *block);
    return ok_status();
  }

  const std::span<const Change> changes_;
  std::uint64_t new_keys_ = 0;
  std::uint64_t erased_ = 0;
  std::uint64_t live_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t used_ = 0;
};

// Keys that have expired are gone before it begins.
Status Dict::make_ready(const Change& change) {
  if (Status within = check_value(change.value); !within) return within;
  if (peek(header().first_deadline) == 0) return ok_status();
  const Result<Found> found = find_alive(change.key);
  return found ? ok_status() : Status(found.error());
}

Result<std::uint64_t> Dict::change_all(std::span<const Change> changes, std::span<std::uint64_t> scratch) {
  if (changes.empty()) return std::uint64_t{0};
  for (const Change& change : changes)
    if (Status ready = make_ready(change); !ready) return std::move(ready).error();
  purge_if_worthwhile();
  mind_watch();
  const Guard guard(operation_, header().version);
  Result<std::uint64_t> erased = Batch(*this, changes, scratch).run();
  if (!erased || *erased == 0) return erased;
  if (Status compacted = compact_if_worthwhile(); !compacted) return std::move(compacted).error();
  return erased;
}

}  // namespace pyport::table
