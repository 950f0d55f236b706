// Changes that depend on what is there: put if, take, and the end of all keys.
#include <utility>

#include "table/frozen_cells.h"
#include "table/value_word.h"
#include "table/wake_word.h"
#include "table/with_dict.h"

namespace pyport::table {

// REQUIRES: a cell is frozen.
Checked<Stamp> Store::stamp_of(const Dict& dict, const Entry& entry) {
  const Stamp made = peek(entry.stamp);
  if (!is_cell_word(peek(entry.value))) return made;
  const Checked<Cell*> cell = dict.cell(peek(entry.value));
  if (!cell) return cell.damage();
  return cell_stamp(made, (*cell)->number());
}

// REQUIRES: a cell is frozen.
Status Store::hand_out_stamped(Operation& operation, Dict& dict, DictHeader& header, const Entry& entry,
                               Stamped& out) {
  if (Status handed = hand_out(operation, dict, header, peek(entry.value), out.blob); !handed) return handed;
  const Checked<Stamp> stamp = stamp_of(dict, entry);
  if (!stamp) return stamp.error();
  out.stamp = *stamp;
  // A pin is a change of its own.
  if (operation.committed()) heap_.settle(operation);
  return ok_status();
}

Result<Stamped> Store::get_stamped(const Handle& handle, const KeyView& key) {
  const HashedKey hashed(seed_, key);
  Result<Stamped> result{Stamped()};
  Operation operation(*mapping_, *place_, *this);
  Status found = with_dict(operation, handle, [&](Dict& dict, DictHeader& header) -> Status {
    const Checked<Dict::Found> at = dict.find_used(hashed);
    if (!at) return at.error();
    if (at->entry == nullptr) return ok_status();
    const FrozenCells frozen(dict, *at->entry);
    return hand_out_stamped(operation, dict, header, *at->entry, *result);
  });
  if (!found) return std::move(found).error();
  return result;
}

Result<Stamp> Store::look_at_stamp(const Dict& dict, const HashedKey& key) {
  const Checked<Dict::Found> found = dict.find_now(key);
  if (!found) return found.error();
  if (found->entry == nullptr) return Stamp{0};
  const FrozenCells frozen(dict, *found->entry);
  const Checked<Stamp> stamp = stamp_of(dict, *found->entry);
  if (!stamp) return stamp.error();
  return *stamp;
}

Result<Stamp> Store::stamp(const Handle& handle, const KeyView& key) {
  const HashedKey hashed(seed_, key);
  Operation operation(*mapping_, *place_, *this);
  return with_dict(operation, handle, [&](Dict& dict, DictHeader&) { return look_at_stamp(dict, hashed); });
}

// Null: the key is not there. REQUIRES: a cell is frozen.
Checked<bool> Store::is_as(const Dict& dict, const Entry* entry, const Expect& expect) {
  if (entry == nullptr) return expect.holds_of_absent();
  const Checked<DictReader::Outline> value = dict.outline(peek(entry->value));
  if (!value) return value.damage();
  const Checked<Stamp> stamp = stamp_of(dict, *entry);
  if (!stamp) return stamp.damage();
  return expect.holds_of(*stamp, value->tag, value->size);
}

Result<bool> Store::put_if(const Handle& handle, const KeyView& key, NewBlob blob, const Expect& expect,
                           Stamped* present, const NumberForm* numbers) {
  if (Status within = check_key(key); !within) return std::move(within).error();
  const HashedKey hashed(seed_, key);
  const NewValue value = new_value(blob, numbers);
  ChildList lost;
  const auto work = [&](Operation& operation, Dict& dict, DictHeader& header) -> Result<bool> {
    const Result<Dict::Found> at = dict.find_alive(hashed);
    if (!at) return at.error();
    FrozenCells frozen;
    if (at->entry != nullptr) frozen.freeze(dict, *at->entry);
    const Checked<bool> holds = is_as(dict, at->entry, expect);
    if (!holds) return holds.error();
    if (*holds) {
      frozen.leave();
      listen(dict, header, lost);
      Status stored = dict.put(hashed, value);
      if (!stored) return std::move(stored).error();
      return true;
    }
    if (at->entry != nullptr && present != nullptr)
      if (Status handed = hand_out_stamped(operation, dict, header, *at->entry, *present); !handed)
        return std::move(handed).error();
    return false;
  };
  Result<bool> stored = false;
  {
    Operation operation(*mapping_, *place_, *this);
    stored = with_dict(operation, handle,
                       [&](Dict& dict, DictHeader& header) { return work(operation, dict, header); });
    if (stored && !lost.empty()) end_lost(operation, handle, lost, child_in(value.tag, value.bytes));
  }
  if (stored && *stored) has_its_place(blob);
  return stored;
}

// Whether it is so; then its cell stays frozen, and who asked erases it.
Checked<bool> Store::freeze_as(const Dict& dict, const Entry& entry, const Expect& expect) {
  FrozenCells frozen(dict, entry);
  const Checked<bool> holds = is_as(dict, &entry, expect);
  if (holds && *holds) frozen.leave();
  return holds;
}

Status Store::erase_entry(Operation& operation, Dict& dict, Entry& entry) {
  if (Status erased = dict.erase(entry); !erased) return erased;
  heap_.settle(operation);
  return dict.compact_if_worthwhile();
}

Result<bool> Store::erase_if(const Handle& handle, const KeyView& key, const Expect& expect) {
  const HashedKey hashed(seed_, key);
  Operation operation(*mapping_, *place_, *this);
  ChildList lost;
  Result<bool> done = with_dict(operation, handle, [&](Dict& dict, DictHeader& header) -> Result<bool> {
    const Result<Dict::Found> at = dict.find_alive(hashed);
    if (!at) return at.error();
    if (at->entry == nullptr) return false;
    const Checked<bool> holds = freeze_as(dict, *at->entry, expect);
    if (!holds) return holds.error();
    if (!*holds) return false;
    listen(dict, header, lost);
    if (Status erased = erase_entry(operation, dict, *at->entry); !erased) return std::move(erased).error();
    return true;
  });
  if (done && !lost.empty()) end_lost(operation, handle, lost);
  return done;
}

// Says that it is erased if it is as expected; then its cell stays frozen, and the caller erases it.
Status Store::hand_out_as(Operation& operation, Dict& dict, DictHeader& header, const Entry& entry,
                          const Expect& expect, TakenOut& out) {
  FrozenCells frozen(dict, entry);
  if (Status handed = hand_out_stamped(operation, dict, header, entry, out.value); !handed) return handed;
  out.erased = expect.holds_of(out.value.stamp, out.value.blob.tag(), out.value.blob.size());
  if (out.erased) frozen.leave();
  return ok_status();
}

Status Store::take_out(Operation& operation, Dict& dict, DictHeader& header, Entry& entry,
                       const Expect& expect, TakenOut& out) {
  Status handed = hand_out_as(operation, dict, header, entry, expect, out);
  if (!handed || !out.erased) return handed;
  return erase_entry(operation, dict, entry);
}

Result<TakenOut> Store::take(const Handle& handle, const KeyView& key, const Expect& expect) {
  const HashedKey hashed(seed_, key);
  Result<TakenOut> result{TakenOut()};
  Operation operation(*mapping_, *place_, *this);
  Status taken = with_dict(operation, handle, [&](Dict& dict, DictHeader& header) -> Status {
    const Result<Dict::Found> at = dict.find_alive(hashed);
    if (!at) return at.error();
    if (at->entry == nullptr) return ok_status();
    return take_out(operation, dict, header, *at->entry, expect, *result);
  });
  if (!taken) return std::move(taken).error();
  return result;
}

Result<TakenOut> Store::take_last(const Handle& handle, Key& key, const Expect& expect) {
  Result<TakenOut> result{TakenOut()};
  Operation operation(*mapping_, *place_, *this);
  Status taken = with_dict(operation, handle, [&](Dict& dict, DictHeader& header) -> Status {
    dict.purge_if_due();
    const Checked<Dict::Found> at = dict.last();
    if (!at) return at.error();
    if (at->entry == nullptr) return ok_status();
    Result<Key> last = dict.key_of(*at->entry);
    if (!last) return std::move(last).error();
    key = *std::move(last);
    return take_out(operation, dict, header, *at->entry, expect, *result);
  });
  if (!taken) return std::move(taken).error();
  return result;
}

// The dict gets another header; what was in it is given back as that of a destroyed dict is. So it takes the
// same time whatever its size, and is there for all at once.
Result<std::uint64_t> Store::clear(const Handle& handle) {
  Operation operation(*mapping_, *place_, *this);
  if (Status locked = operation.lock(super().index_lock); !locked) return std::move(locked).error();
  DictHeader* left = nullptr;
  Result<std::uint64_t> cleared = renew(operation, words_of(handle), left);
  operation.unlock(super().index_lock);
  if (cleared) {
    operation.finish();
    tell_waiters(*left, true);  // who waits there finds the other header
    if (peek(left->first_child) != 0) (void)end_children(operation, *left);
  } else {
    heap_.abandon(operation);
  }
  return cleared;
}

// `left` is the header that the dict had. REQUIRES: the index's lock.
Result<std::uint64_t> Store::renew(Operation& operation, const HandleWords& words, DictHeader*& left) {
  if (Status readable = index_.make_readable(operation); !readable) return std::move(readable).error();
  if (Status room = index_.make_room(operation); !room) return std::move(room).error();
  std::uint32_t number = 0;
  Half* const place = index_.find_place(words, number);
  DictHeader* const header = place == nullptr ? nullptr : index_.header(number);
  if (header == nullptr) return make_error(Errc::gone);
  if (Status locked = operation.lock(header->lock); !locked) return std::move(locked).error();
  const std::uint64_t size = peek(header->live);
  Status renewed = check_alive(*header, words);
  if (renewed) renewed = index_.renew(operation, *place, *header);
  if (renewed) operation.commit();
  operation.unlock(header->lock);
  if (!renewed) return std::move(renewed).error();
  left = header;
  return size;
}

}  // namespace pyport::table
