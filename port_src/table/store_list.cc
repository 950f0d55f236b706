// Lists: dicts whose keys are 0, 1, 2, ... An index below 0 counts from the end, as it is under the lock.
#include <bit>
#include <new>
#include <utility>

#include "table/with_dict.h"

namespace pyport::table {
namespace {

Error no_list() { return make_error(Errc::bad_key, "no list"); }
Error no_memory() { return make_error(Errc::table_full, "memory"); }

}  // namespace

// No entry: the list is not so long.
Checked<Dict::Found> Store::find_element(const Dict& dict, const DictHeader& header, std::int64_t at,
                                         std::uint64_t& found_at) const {
  const auto live = static_cast<std::int64_t>(peek(header.live));
  if (at < 0) at += live;
  if (at < 0 || at >= live) return Dict::Found{};
  found_at = static_cast<std::uint64_t>(at);
  return dict.find(HashedKey(seed_, at));
}

Result<std::uint64_t> Store::append(const Handle& handle, std::span<NewBlob> blobs,
                                    const NumberForm* numbers) {
  // All memory that it needs is got before the lock is taken.
  std::vector<Change> changes;
  std::vector<std::uint64_t> scratch;
  try {
    changes.reserve(blobs.size());
    for (NewBlob& blob : blobs)
      changes.push_back({HashedKey(seed_, std::int64_t{0}), new_value(blob, numbers), false});
    scratch.resize(blobs.size() == 1 ? 0 : std::bit_ceil(blobs.size() * 2 + 2));
  } catch (const std::bad_alloc&) {
    return no_memory();
  }
  Operation operation(*mapping_, *place_, *this);
  Result<std::uint64_t> first =
      with_dict(operation, handle, [&](Dict& dict, DictHeader& header) -> Result<std::uint64_t> {
        if (!dict.is_list()) return no_list();
        const std::uint64_t live = peek(header.live);
        for (std::size_t i = 0; i < changes.size(); ++i)
          changes[i].key = HashedKey(seed_, static_cast<std::int64_t>(live + i));
        if (changes.size() == 1) {
          Status put = dict.put(changes[0].key, changes[0].value);
          if (!put) return std::move(put).error();
          return live;
        }
        Result<std::uint64_t> changed = dict.change_all(changes, scratch);
        if (!changed) return changed;
        return live;
      });
  if (!first) return first;
  for (NewBlob& blob : blobs) has_its_place(blob);
  return first;
}

// As list.insert: what is beyond an end goes to that end.
Result<bool> Store::insert_at(const Handle& handle, std::int64_t at, NewBlob blob,
                              const NumberForm* numbers) {
  const NewValue value = new_value(blob, numbers);
  Result<bool> done = false;
  {
    Operation operation(*mapping_, *place_, *this);
    done = with_dict(operation, handle, [&](Dict& dict, DictHeader& header) -> Result<bool> {
      if (!dict.is_list()) return no_list();
      const auto live = static_cast<std::int64_t>(peek(header.live));
      std::int64_t place = at < 0 ? at + live : at;
      place = place < 0 ? 0 : place;
      Status stored = place >= live ? dict.put(HashedKey(seed_, live), value)
                                    : dict.insert_at(seed_, static_cast<std::uint64_t>(place), value);
      if (!stored) return std::move(stored).error();
      return true;
    });
  }
  if (done) has_its_place(blob);
  return done;
}

Result<bool> Store::put_at(const Handle& handle, std::int64_t at, NewBlob blob, const NumberForm* numbers) {
  const NewValue value = new_value(blob, numbers);
  Result<bool> done = false;
  {
    Operation operation(*mapping_, *place_, *this);
    ChildList lost;
    done = with_dict(operation, handle, [&](Dict& dict, DictHeader& header) -> Result<bool> {
      if (!dict.is_list()) return no_list();
      std::uint64_t place = 0;
      const Checked<Dict::Found> found = find_element(dict, header, at, place);
      if (!found) return found.error();
      if (found->entry == nullptr) return false;
      listen(dict, header, lost);
      Status stored = dict.put(HashedKey(seed_, static_cast<std::int64_t>(place)), value);
      if (!stored) return std::move(stored).error();
      return true;
    });
    if (done && !lost.empty()) end_lost(operation, handle, lost, child_in(value.tag, value.bytes));
  }
  if (done && *done) has_its_place(blob);
  return done;
}

Result<Blob> Store::get_at(const Handle& handle, std::int64_t at) {
  Result<Blob> result{Blob()};
  Operation operation(*mapping_, *place_, *this);
  Status found = with_dict(operation, handle, [&](Dict& dict, DictHeader& header) -> Status {
    std::uint64_t place = 0;
    const Checked<Dict::Found> element = find_element(dict, header, at, place);
    if (!element) return element.error();
    if (element->entry == nullptr) return ok_status();
    return hand_out(operation, dict, header, peek(element->entry->value), *result);
  });
  if (!found) return std::move(found).error();
  return result;
}

Status Store::erase_element(Operation& operation, Dict& dict, Entry& entry, std::uint64_t at) {
  const Checked<Dict::Found> behind = dict.find(HashedKey(seed_, static_cast<std::int64_t>(at + 1)));
  if (!behind) return behind.error();
  if (behind->entry == nullptr) return erase_entry(operation, dict, entry);
  if (Status erased = dict.erase_at(seed_, at); !erased) return erased;
  return dict.compact_if_worthwhile();
}

Result<TakenOut> Store::take_at(const Handle& handle, std::int64_t at, const Expect& expect) {
  Result<TakenOut> result{TakenOut()};
  Operation operation(*mapping_, *place_, *this);
  Status taken = with_dict(operation, handle, [&](Dict& dict, DictHeader& header) -> Status {
    if (!dict.is_list()) return no_list();
    std::uint64_t place = 0;
    const Checked<Dict::Found> found = find_element(dict, header, at, place);
    if (!found) return found.error();
    if (found->entry == nullptr) return ok_status();
    Status handed = hand_out_as(operation, dict, header, *found->entry, expect, *result);
    if (!handed || !result->erased) return handed;
    return erase_element(operation, dict, *found->entry, place);
  });
  if (!taken) return std::move(taken).error();
  return result;
}

Result<bool> Store::erase_at(const Handle& handle, std::int64_t at, const Expect& expect) {
  Operation operation(*mapping_, *place_, *this);
  ChildList lost;
  Result<bool> done = with_dict(operation, handle, [&](Dict& dict, DictHeader& header) -> Result<bool> {
    if (!dict.is_list()) return no_list();
    std::uint64_t place = 0;
    const Checked<Dict::Found> found = find_element(dict, header, at, place);
    if (!found) return found.error();
    if (found->entry == nullptr) return false;
    const Checked<bool> holds = freeze_as(dict, *found->entry, expect);
    if (!holds) return holds.error();
    if (!*holds) return false;
    listen(dict, header, lost);
    Status erased = erase_element(operation, dict, *found->entry, place);
    if (!erased) return std::move(erased).error();
    return true;
  });
  if (done && !lost.empty()) end_lost(operation, handle, lost);
  return done;
}

}  // namespace pyport::table
