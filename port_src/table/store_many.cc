// Several keys of one dict, or all, read at one moment.
#include <algorithm>
#include <new>

#include "table/frozen_cells.h"
#include "table/with_dict.h"

namespace pyport::table {
namespace {

Error no_memory() { return make_error(Errc::table_full, "memory"); }

}  // namespace

// REQUIRES: the dict's lock, and that a cell is frozen.
Status Store::add_value(Operation& operation, Dict& dict, DictHeader& header, const Entry& entry,
                        Snapshot& all) {
  const Checked<Stamp> stamp = stamp_of(dict, entry);
  if (!stamp) return stamp.error();
  // First: once it is pinned it must not be let go of, which takes the lock, because there is no memory.
  if (all.large_.size() == all.large_.capacity())
    all.large_.reserve(std::max<std::size_t>(4, all.large_.size() * 2));
  Blob blob;
  if (Status handed = hand_out(operation, dict, header, peek(entry.value), blob); !handed) return handed;
  Snapshot::Value value;
  value.is_there = true;
  value.stamp = *stamp;
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

template <class KeyOf>
Status Store::add_values(Operation& operation, Dict& dict, DictHeader& header, std::size_t count,
                         const KeyOf& key_of, Snapshot& all) {
  all.values_.reserve(count);
  FrozenCells frozen;
  for (std::size_t i = 0; i < count && peek(header.cells) != 0; ++i) {
    const Checked<Dict::Found> found = dict.find(key_of(i));
    if (!found) return found.error();
    if (found->entry != nullptr) frozen.freeze(dict, *found->entry);
  }
  for (std::size_t i = 0; i < count; ++i) {
    const Checked<Dict::Found> found = dict.find_used(key_of(i));
    if (!found) return found.error();
    if (found->entry == nullptr) {
      all.values_.emplace_back();
    } else if (Status added = add_value(operation, dict, header, *found->entry, all); !added) {
      return added;
    }
  }
  return ok_status();
}

Result<Snapshot> Store::get_many(const Handle& handle, std::span<const KeyView> keys) {
  Result<Snapshot> all{Snapshot()};
  Operation operation(*mapping_, *place_, *this);
  Status got = with_dict(operation, handle, [&](Dict& dict, DictHeader& header) -> Status {
    const auto key_of = [&](std::size_t i) { return HashedKey(seed_, keys[i]); };
    try {
      return add_values(operation, dict, header, keys.size(), key_of, *all);
    } catch (const std::bad_alloc&) {
      return no_memory();
    }
  });
  if (!got) return std::move(got).error();
  return all;
}

Result<Snapshot> Store::get_slice(const Handle& handle, const ListSlice& slice) {
  Result<Snapshot> all{Snapshot()};
  Operation operation(*mapping_, *place_, *this);
  Status got = with_dict(operation, handle, [&](Dict& dict, DictHeader& header) -> Status {
    if (!dict.is_list()) return make_error(Errc::bad_key, "no list");
    const Checked<std::uint64_t> live = dict.list_size();
    if (!live) return live.error();
    const ListRange range = slice.of(*live);
    const auto key_of = [&](std::size_t i) { return HashedKey(seed_, range.at(i)); };
    try {
      return add_values(operation, dict, header, range.count, key_of, *all);
    } catch (const std::bad_alloc&) {
      return no_memory();
    }
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
      if (Status all_frozen = frozen.freeze_all(dict, header); !all_frozen) return all_frozen;
      const Checked<Stamp> stamp = stamp_of_all(dict, header);
      if (!stamp) return stamp.error();
      all->stamp_of_all_ = *stamp;
      return dict.each([&](const Entry& entry, Key&& key) -> Status {
        Status added = add_value(operation, dict, header, entry, *all);
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
