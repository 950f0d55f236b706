// Several keys of one dict in one operation.
#include <algorithm>
#include <bit>
#include <new>
#include <numeric>

#include "table/frozen_cells.h"
#include "table/with_dict.h"

namespace pyport::table {
namespace {

Error no_memory() { return make_error(Errc::table_full, "memory"); }

bool same_key(const KeyView& one, const KeyView& other) {
  const auto* text = std::get_if<ByteSpan>(&one);
  const auto* other_text = std::get_if<ByteSpan>(&other);
  if (text == nullptr || other_text == nullptr)
    return text == other_text && std::get<0>(one) == std::get<0>(other);
  return std::equal(text->begin(), text->end(), other_text->begin(), other_text->end());
}

// Of equal keys the last value counts, at the place of the first key: gives which of the changes are left,
// and for each whose value it gets.
std::vector<std::pair<std::size_t, std::size_t>> last_of_each(std::span<const HashedKey> keys) {
  std::vector<std::size_t> order(keys.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return keys[a].hash < keys[b].hash; });
  std::vector<std::pair<std::size_t, std::size_t>> left;
  left.reserve(keys.size());
  for (std::size_t begin = 0; begin < order.size();) {
    const std::size_t first_left = left.size();
    std::size_t end = begin;
    for (; end < order.size() && keys[order[end]].hash == keys[order[begin]].hash; ++end) {
      const auto same = [&](const auto& pair) {
        return same_key(keys[pair.first].key, keys[order[end]].key);
      };
      const auto known =
          std::find_if(left.begin() + static_cast<std::ptrdiff_t>(first_left), left.end(), same);
      if (known != left.end()) {
        known->second = order[end];
      } else {
        left.emplace_back(order[end], order[end]);
      }
    }
    begin = end;
  }
  std::sort(left.begin(), left.end());
  return left;
}

}  // namespace

NewValue Store::new_value(const NewBlob& blob, const NumberForm* numbers) {
  NewValue value;
  value.bytes = blob.bytes();
  value.tag = blob.tag();
  value.numbers = numbers;
  value.ttl = blob.ttl();
  if (!blob.holds_block()) return value;
  // Not what the record says, which others may have damaged.
  value.block = static_cast<Offset>(blob.data_ - mapping_->base()) - kHeaderBytes;
  Block(*mapping_, value.block).describe(static_cast<std::uint32_t>(blob.size()), blob.tag());
  value.record = &record(blob.record_).block;
  return value;
}

void Store::has_its_place(NewBlob& blob) {
  if (!blob.holds_block()) return;
  place_->leave_record(blob.record_);
  blob.store_ = nullptr;
}

Result<std::uint64_t> Store::change_all(const Handle& handle, std::span<KeyChange> wanted,
                                        const NumberForm* numbers) {
  for (const KeyChange& change : wanted)
    if (Status within = check_key(change.key); !within) return std::move(within).error();
  // All memory that it needs is got before the lock is taken.
  std::vector<Change> changes;
  std::vector<std::uint64_t> scratch;
  std::vector<std::pair<std::size_t, std::size_t>> left;
  try {
    std::vector<HashedKey> keys;
    keys.reserve(wanted.size());
    for (const KeyChange& change : wanted) keys.emplace_back(seed_, change.key);
    left = last_of_each(keys);
    changes.reserve(left.size());
    for (const auto& [key, value] : left) {
      const NewBlob& blob = wanted[value].blob;
      changes.push_back({keys[key], blob ? new_value(blob, numbers) : NewValue{}, !blob});
    }
    scratch.resize(std::bit_ceil(left.size() * 2 + 2));
  } catch (const std::bad_alloc&) {
    return no_memory();
  }
  Operation operation(*mapping_, *place_, *this);
  ChildList lost;
  Result<std::uint64_t> erased = with_dict(operation, handle, [&](Dict& dict, DictHeader& header) {
    listen(dict, header, lost, changes.size());
    return dict.change_all(changes, scratch);
  });
  if (!erased) return erased;
  std::erase_if(lost, [&](const Handle& child) {
    return std::any_of(left.begin(), left.end(), [&](const auto& pair) {
      const NewBlob& blob = wanted[pair.second].blob;
      return blob && child_in(blob.tag(), blob.bytes()) == child;
    });
  });
  if (!lost.empty()) end_lost(operation, handle, lost);
  for (const auto& [key, value] : left) has_its_place(wanted[value].blob);
  return erased;
}

// REQUIRES: the dict's lock.
Status Store::add_value(Operation& operation, Dict& dict, DictHeader& header, std::uint64_t word,
                        Snapshot& all) {
  // First: once it is pinned it must not be let go of, which takes the lock, because there is no memory.
  if (all.large_.size() == all.large_.capacity())
    all.large_.reserve(std::max<std::size_t>(4, all.large_.size() * 2));
  Blob blob;
  if (Status handed = hand_out(operation, dict, header, word, blob); !handed) return handed;
  Snapshot::Value value;
  value.is_there = true;
  value.tag = blob.tag();
  value.size = static_cast<std::uint32_t>(blob.size());
  value.is_large = blob.size() > kCopiedBytes;
  if (value.is_large) {
    value.at = all.large_.size();
    all.large_.push_back(std::move(blob));
  } else {
    value.at = all.small_.size();
    pyport::append(all.small_, blob.bytes());
  }
  all.values_.push_back(value);
  return ok_status();
}

Result<Snapshot> Store::get_many(const Handle& handle, std::span<const KeyView> keys) {
  Result<Snapshot> all{Snapshot()};
  Operation operation(*mapping_, *place_, *this);
  Status got = with_dict(operation, handle, [&](Dict& dict, DictHeader& header) -> Status {
    try {
      all->values_.reserve(keys.size());
      FrozenCells frozen;
      for (const KeyView& key : keys) {
        if (peek(header.cells) == 0) break;
        const Checked<Dict::Found> found = dict.find(HashedKey(seed_, key));
        if (!found) return found.error();
        if (found->entry != nullptr) frozen.freeze(dict, *found->entry);
      }
      for (const KeyView& key : keys) {
        const Checked<Dict::Found> found = dict.find_used(HashedKey(seed_, key));
        if (!found) return found.error();
        if (found->entry == nullptr) {
          all->values_.emplace_back();
        } else if (Status added = add_value(operation, dict, header, peek(found->entry->value), *all);
                   !added) {
          return added;
        }
      }
    } catch (const std::bad_alloc&) {
      return no_memory();
    }
    return ok_status();
  });
  if (!got) return std::move(got).error();
  return all;
}

Result<Snapshot> Store::items(const Handle& handle) {
  Result<Snapshot> all{Snapshot()};
  Operation operation(*mapping_, *place_, *this);
  Status got = with_dict(operation, handle, [&](Dict& dict, DictHeader& header) -> Status {
    try {
      dict.purge_if_due();
      FrozenCells frozen;
      for (std::uint64_t i = 0; peek(header.cells) != 0 && i < peek(header.used); ++i) {
        const Checked<Entry*> entry = dict.entry(i);
        if (!entry) return entry.error();
        frozen.freeze(dict, **entry);
      }
      return dict.each([&](const Entry& entry, Key&& key) -> Status {
        Status added = add_value(operation, dict, header, peek(entry.value), *all);
        if (added) all->keys_.push_back(std::move(key));
        return added;
      });
    } catch (const std::bad_alloc&) {
      return no_memory();
    }
  });
  if (!got) return std::move(got).error();
  return all;
}

}  // namespace pyport::table
