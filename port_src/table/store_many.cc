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
        } else if (Status added = add_value(operation, dict, header, *found->entry, *all); !added) {
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
