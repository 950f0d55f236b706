// A dict that is a list: its keys are 0, 1, 2, ..., each new one is the next, and the last alone goes. What
// is put or taken in the middle moves the values behind it from entry to entry, by one redo list.
#include "table/dict.h"
#include "table/value_word.h"

namespace pyport::table {
namespace {

HashedKey index_key(const SipKey& seed, std::uint64_t at) {
  return HashedKey(seed, static_cast<std::int64_t>(at));
}

}  // namespace

Checked<Entry*> Dict::element(const SipKey& seed, std::uint64_t at) const {
  const Checked<Found> found = find(index_key(seed, at));
  if (!found) return found.damage();
  if (found->entry == nullptr) return Damage{"a list with a gap"};
  return found->entry;
}

Status Dict::set_element(const SipKey& seed, std::uint64_t at, std::uint64_t word) {
  const Checked<Entry*> entry = element(seed, at);
  if (!entry) return entry.error();
  operation_.set((*entry)->stamp, next_change());
  operation_.set((*entry)->value, word);
  return ok_status();
}

// Room in the redo list for so many elements that move, and for what changes besides. Gives the word that
// names its block, which is to be given back after the commit.
Result<Word*> Dict::make_redo(std::uint64_t elements) {
  Word& place = operation_.fresh();
  Result<Block> redo = heap_.take(operation_, (elements * 2 + 16) * sizeof(Redo), place);
  if (!redo) return std::move(redo).error();
  operation_.more_redo(*redo);
  return &place;
}

// Completes a change that took a redo list of make_redo().
void Dict::commit_with(Word& redo) {
  tell_loss();
  told();
  operation_.commit();
  heap_.give_back(operation_, peek(redo), redo);
  heap_.settle(operation_);
}

Status Dict::insert_at(const SipKey& seed, std::uint64_t at, const NewValue& value) {
  mind_watch();
  const Guard guard(operation_, header().version);
  const std::uint64_t live = peek(header().live);
  if (live >= limits_.max_dict_keys) return make_error(Errc::table_full, "max_dict_keys");
  const std::uint64_t bytes = peek(header().bytes) + sizeof(std::int64_t) + value.bytes.size();
  if (Status within = check_bytes(bytes); !within) return within;
  if (Status room = make_room(1); !room) return room;
  const Result<Word*> redo = make_redo(live - at + 1);
  if (!redo) return redo.error();
  const Checked<Found> next = find(index_key(seed, live));
  if (!next) return next.error();
  const std::uint64_t place = slot_found();
  const std::uint64_t used = peek(header().used);
  const Checked<Entry*> last = entry(used);
  if (!last) return last.error();
  const Checked<Block> slots = own_block(peek(header().slots), (place + 1) * sizeof(Half), "hash table");
  if (!slots) return slots.error();
  const Checked<Entry*> moved = element(seed, live - 1);
  if (!moved) return moved.error();
  const Result<std::uint64_t> word = prepare_value(value);
  if (!word) return word.error();
  draft_key(**last, index_key(seed, live), 0);
  draft((*last)->stamp, next_change());
  operation_.set((*last)->value, peek((*moved)->value));
  for (std::uint64_t i = live - 1; i > at; --i) {
    const Checked<Entry*> before = element(seed, i - 1);
    if (!before) return before.error();
    if (Status set = set_element(seed, i, peek((*before)->value)); !set) return set;
  }
  if (Status set = set_element(seed, at, *word); !set) return set;
  give_value(value, *word);
  operation_.set(header().changes, next_change());
  operation_.set(slots->half(place), static_cast<std::uint32_t>(used + 1));
  operation_.set(header().used, used + 1);
  operation_.set(header().live, live + 1);
  operation_.set(header().bytes, bytes);
  commit_with(**redo);
  return ok_status();
}

Status Dict::erase_at(const SipKey& seed, std::uint64_t at) {
  mind_watch();
  const Guard guard(operation_, header().version);
  const std::uint64_t live = peek(header().live);
  const Result<Word*> redo = make_redo(live - at);
  if (!redo) return redo.error();
  const Checked<Entry*> gone = element(seed, at);
  if (!gone) return gone.error();
  const std::uint64_t word = peek((*gone)->value);
  const Checked<std::size_t> size = value_size(word);
  if (!size) return size.error();
  for (std::uint64_t i = at; i + 1 < live; ++i) {
    const Checked<Entry*> behind = element(seed, i + 1);
    if (!behind) return behind.error();
    if (Status set = set_element(seed, i, peek((*behind)->value)); !set) return set;
  }
  const Checked<Entry*> last = element(seed, live - 1);
  if (!last) return last.error();
  if (Status dropped = drop_value(word); !dropped) return dropped;
  operation_.set(header().changes, next_change());
  operation_.set((*last)->value, 0);
  operation_.set(header().live, live - 1);
  operation_.set(header().bytes, peek(header().bytes) - *size - sizeof(std::int64_t));
  commit_with(**redo);
  return ok_status();
}

}  // namespace pyport::table
