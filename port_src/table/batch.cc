// Several keys of a dict changed at once: all of it becomes visible by one store, or nothing.
#include <algorithm>
#include <limits>
#include <optional>

#include "table/block_list.h"
#include "table/dict.h"
#include "table/segments.h"
#include "table/shared_copy.h"
#include "table/value_word.h"

namespace pyport::table {

// The new blocks stand in a list that a survivor finds in the hand, and so do those that have lost their
// place when the change is committed; the redo list has a block of its own.
class Batch {
 public:
  Batch(Dict& dict, std::span<const Change> changes, std::span<std::uint64_t> scratch)
      : dict_(dict), operation_(dict.operation_), heap_(dict.heap_), changes_(changes), promised_(scratch) {}

  Result<std::uint64_t> run() {
    if (Status counted = count(); !counted) return std::move(counted).error();
    if (new_keys_ != 0)
      if (Status room = dict_.make_room(new_keys_); !room) return std::move(room).error();
    if (Status made = make_lists(); !made) {
      heap_.abandon(operation_);
      return std::move(made).error();
    }
    if (Status prepared = prepare(); !prepared) {
      undo();
      return std::move(prepared).error();
    }
    commit();
    return erased_;
  }

 private:
  Hand& hand() const { return operation_.hand(); }
  DictHeader& header() const { return dict_.header(); }

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

  Status make_lists() {
    const std::size_t count = changes_.size() * 3;  // a value, its box and a key each
    Result<BlockList> old = BlockList::make(operation_, heap_, dict_.number(), count);
    if (!old) return std::move(old).error();
    old_ = *old;
    Result<BlockList> made = BlockList::make(operation_, heap_, dict_.number(), count);
    if (!made) return std::move(made).error();
    new_ = *made;
    // Of each change at most: the value's word and stamp or place in the hash table, its record, its block's
    // state and that of the block before.
    Result<Block> redo = heap_.take(operation_, changes_.size() * 5 * sizeof(Redo), operation_.fresh());
    if (!redo) return std::move(redo).error();
    operation_.more_redo(*redo);
    put(hand().fresh_list, new_->offset(), "batch.list");
    return ok_status();
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
    if (key_kind(entry) == kKeyBlock) old_->add(peek(entry.key[0]));
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

  // The place that was found, unless a key before it in this batch is on its way there: then the next that is
  // empty.
  std::uint64_t free_slot(std::uint64_t at) {
    if (promise(at)) return at;
    const std::uint64_t mask = peek(header().slots_mask);
    const Block slots(operation_.mapping(), peek(header().slots));
    do {
      at = (at + 1) & mask;
    } while (peek(slots.half(at)) != 0 || !promise(at));
    return at;
  }

  // False when that place of the hash table was promised before.
  bool promise(std::uint64_t place) {
    std::uint64_t at = place * 0x9e3779b97f4a7c15 >> 32;
    for (;; ++at) {
      std::uint64_t& promised = promised_[at % promised_.size()];
      if (promised == place + 1) return false;
      if (promised == 0) return promised = place + 1, true;
    }
  }

  // A new block with these bytes: it is the dict's when the list names it, as far as a survivor is concerned.
  Result<Offset> make_block(ByteSpan bytes, std::uint32_t tag) {
    Result<Block> block = heap_.take(operation_, bytes.size(), hand().moving);
    if (!block) {
      put(hand().moving, 0, "batch.none");
      return std::move(block).error();
    }
    copy_to_shared(block->payload(), bytes);
    block->describe(static_cast<std::uint32_t>(bytes.size()), tag);
    put(new_->next(), block->offset(), "batch.name");
    put(block->header().state, block_state(BlockState::used, dict_.number()), "batch.use");
    put(hand().moving, 0, "batch.moved");
    return block->offset();
  }

  Result<std::uint64_t> prepare_value(const NewValue& value) {
    const Expiry expiry = dict_.expiry_of(value);
    Result<std::uint64_t> word = prepare_unboxed(value);
    if (!word || expiry.deadline == 0) return word;
    first_deadline_ = std::min(first_deadline_, expiry.deadline);
    ++timed_puts_;
    Box box;
    draft_box(box, *word, expiry);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&box);
    Result<Offset> block = make_block(ByteSpan(bytes, sizeof box), 0);
    if (!block) return std::move(block).error();
    return last_box_ = box_word(*block);
  }

  Result<std::uint64_t> prepare_unboxed(const NewValue& value) {
    if (value.record != nullptr) {
      operation_.give(Block(operation_.mapping(), value.block), dict_.number());
      operation_.set(*value.record, 0);
      return block_word(value.block);
    }
    if (fits_word(value.bytes, value.tag)) return inline_word(value.bytes, value.tag);
    Result<Offset> block = make_block(value.bytes, value.tag);
    if (!block) return std::move(block).error();
    return block_word(*block);
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

  Status drop(std::uint64_t word) {
    if (is_box_word(word)) {
      const Checked<std::uint64_t> inside = dict_.unboxed(word);
      if (!inside) return inside.error();
      old_->add(block_of(word));
      return drop(*inside);
    }
    if (!has_block(word)) return ok_status();
    Checked<Block> block = dict_.value_block(word);
    if (!block) return block.error();
    if (is_cell_word(word)) {
      const Checked<Cell*> cell = dict_.cell(word);
      if (!cell) return cell.error();
      (*cell)->freeze();
    }
    dict_.tell_child(*block);
    if (block->pins() == 0) {
      old_->add(block->offset());
    } else {
      operation_.set(block->header().state, block_state(BlockState::retired, dict_.number()));
    }
    return ok_status();
  }

  void commit() {
    operation_.set(header().changes, dict_.next_change());
    operation_.set(header().used, used_);
    operation_.set(header().live, live_);
    operation_.set(header().bytes, bytes_);
    if (timed_puts_ != 0) dict_.note_deadline(first_deadline_, timed_puts_);
    operation_.set(hand().fresh_list, 0);
    operation_.set(hand().stale_list, old_->offset());
    dict_.told();
    operation_.commit();
    dict_.announce_expiry_of(last_box_);
    old_->give_back(operation_, heap_, operation_.slot(), hand().moving);
    put(hand().stale_list, 0, "batch.done");
    give_back_lists(operation_, heap_);
    operation_.finish();
  }

  void undo() {
    new_->give_back(operation_, heap_, operation_.slot(), hand().moving);
    put(hand().fresh_list, 0, "batch.undo");
    heap_.abandon(operation_);
  }

  Dict& dict_;
  Operation& operation_;
  Heap& heap_;
  const std::span<const Change> changes_;
  std::optional<BlockList> old_;
  std::optional<BlockList> new_;
  const std::span<std::uint64_t> promised_;  // places in the hash table, plus one; a hash table itself
  std::uint64_t new_keys_ = 0;
  std::uint64_t erased_ = 0;
  std::uint64_t live_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t used_ = 0;
  std::uint64_t first_deadline_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t timed_puts_ = 0;
  std::uint64_t last_box_ = 0;
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
