// Parts of lists, and lists as a whole: which part a slice is, is seen under the lock.
#include <algorithm>
#include <bit>
#include <new>
#include <utility>

#include "table/with_dict.h"

namespace pyport::table {
namespace {

Error no_list() { return make_error(Errc::bad_key, "no list"); }
Error no_memory() { return make_error(Errc::table_full, "memory"); }

}  // namespace

// Where each value gets a place of its own nothing moves.
Status Store::replace_range(Dict& dict, const ListRange& range, std::uint64_t live, SliceValues& values) {
  const std::uint64_t count = values.changes.size();
  const bool at_end = range.step == 1 && static_cast<std::uint64_t>(range.first) + range.count == live;
  if (count != range.count && !(at_end && count > range.count))
    return dict.splice(seed_, range.ascending(), values.changes, values.scratch);
  for (std::uint64_t i = 0; i < count; ++i) values.changes[i].key = HashedKey(seed_, range.at(i));
  const Result<std::uint64_t> changed = dict.change_all(values.changes, values.scratch);
  return changed ? ok_status() : Status(changed.error());
}

Result<SlicePut> Store::change_slice(const Handle& handle, const ListSlice& slice, SliceValues& values,
                                     bool erases) {
  Operation operation(*mapping_, *place_, *this);
  ChildList lost;
  Result<SlicePut> put =
      with_dict(operation, handle, [&](Dict& dict, DictHeader& header) -> Result<SlicePut> {
        if (!dict.is_list()) return no_list();
        const Checked<std::uint64_t> live = dict.list_size();
        if (!live) return live.error();
        const ListRange range = slice.of(*live);
        if (!erases && range.step != 1 && values.changes.size() != range.count)
          return SlicePut{false, range.count};
        try {
          listen(dict, header, lost, range.count);
        } catch (const std::bad_alloc&) {
          return no_memory();
        }
        if (range.count != 0 || !values.changes.empty())
          if (Status changed = replace_range(dict, range, *live, values); !changed)
            return std::move(changed).error();
        return SlicePut{true, range.count};
      });
  // What is put again is not lost.
  std::erase_if(lost, [&](const Handle& child) {
    return std::any_of(values.changes.begin(), values.changes.end(), [&](const Change& change) {
      return child_in(change.value.tag, change.value.bytes) == child;
    });
  });
  if (put && !lost.empty()) end_lost(operation, handle, lost);
  return put;
}

Result<SlicePut> Store::put_slice(const Handle& handle, const ListSlice& slice, std::span<NewBlob> blobs,
                                  const NumberForm* numbers) {
  SliceValues values;
  try {
    values.changes.reserve(blobs.size());
    for (NewBlob& blob : blobs)
      values.changes.push_back({HashedKey(seed_, std::int64_t{0}), new_value(blob, numbers), false});
    values.scratch.resize(std::bit_ceil(blobs.size() * 2 + 2));
  } catch (const std::bad_alloc&) {
    return no_memory();
  }
  Result<SlicePut> put = change_slice(handle, slice, values, false);
  if (put && put->fits)
    for (NewBlob& blob : blobs) has_its_place(blob);
  return put;
}

Result<std::uint64_t> Store::erase_slice(const Handle& handle, const ListSlice& slice) {
  SliceValues none;
  const Result<SlicePut> put = change_slice(handle, slice, none, true);
  if (!put) return put.error();
  return put->count;
}

Status Store::reverse(const Handle& handle) {
  Operation operation(*mapping_, *place_, *this);
  return with_dict(operation, handle, [&](Dict& dict, DictHeader&) -> Status {
    return dict.is_list() ? dict.reverse(seed_) : Status(no_list());
  });
}

}  // namespace pyport::table
