// Several keys of one dict changed in one operation, if what was read before is so still.
//
// It is the last phase of optimistic concurrency control, after H. T. Kung and J. T. Robinson, "On optimistic
// methods for concurrency control" (TODS 1981): what was read is compared with what is there, and all is
// written, under the dict's lock. Cells change without it: those that were read are frozen from the
// comparison until the change is made, so that no addition falls between.
#include <algorithm>
#include <bit>
#include <new>
#include <numeric>
#include <utility>

#include "table/child_value.h"
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

// For whom nobody's cell is frozen any more, as far as it has one.
void thaw(const DictReader& dict, const Entry& entry) {
  const std::uint64_t word = peek(entry.value);
  if (!is_cell_word(word)) return;
  if (const Checked<Cell*> cell = dict.cell(word)) (*cell)->thaw();
}

bool of_cells(Stamp all) { return (all & kStampOfCells) != 0; }

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

Result<Store::Preparation> Store::prepare(std::span<KeyChange> wanted, const NumberForm* numbers) {
  for (const KeyChange& change : wanted)
    if (Status within = check_key(change.key); !within) return std::move(within).error();
  try {
    Preparation made;
    std::vector<HashedKey> keys;
    keys.reserve(wanted.size());
    for (const KeyChange& change : wanted) keys.emplace_back(seed_, change.key);
    made.left = last_of_each(keys);
    made.changes.reserve(made.left.size());
    for (const auto& [key, value] : made.left) {
      const NewBlob& blob = wanted[value].blob;
      made.changes.push_back({keys[key], blob ? new_value(blob, numbers) : NewValue{}, !blob});
    }
    made.scratch.resize(std::bit_ceil(made.left.size() * 2 + 2));
    return made;
  } catch (const std::bad_alloc&) {
    return no_memory();
  }
}

// REQUIRES: the cells are frozen.
Checked<Stamp> Store::stamp_of_all(const Dict& dict, const DictHeader& header) {
  StampOfAll all(peek(header.changes));
  for (std::uint64_t i = 0; peek(header.cells) != 0 && i < peek(header.used); ++i) {
    const Checked<Entry*> entry = dict.entry(i);
    if (!entry) return entry.damage();
    if (!is_cell_word(peek((*entry)->value))) continue;
    const Checked<Stamp> stamp = stamp_of(dict, **entry);
    if (!stamp) return stamp.damage();
    all.add_cell(*stamp);
  }
  return all.stamp();
}

// What is not so any more, if anything. Freezes the cells that were read. Throws std::bad_alloc.
Result<std::optional<std::size_t>> Store::find_broken(const Dict& dict, const DictHeader& header,
                                                      const ReadSet& read, std::span<const HashedKey> keys,
                                                      FrozenCells& frozen) {
  for (const HashedKey& key : keys) {
    if (peek(header.cells) == 0) break;
    const Checked<Dict::Found> found = dict.find_now(key);
    if (!found) return found.error();
    if (found->entry != nullptr) frozen.freeze(dict, *found->entry);
  }
  if (std::any_of(read.all.begin(), read.all.end(), of_cells))
    if (Status all_frozen = frozen.freeze_all(dict, header); !all_frozen)
      return std::move(all_frozen).error();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const Checked<Dict::Found> found = dict.find_now(keys[i]);
    if (!found) return found.error();
    const Checked<bool> holds = is_as(dict, found->entry, Expect::stamped(read.keys[i].stamp));
    if (!holds) return holds.error();
    if (!*holds) return std::optional(i);
  }
  for (const Stamp all : read.all) {
    const Checked<Stamp> now =
        of_cells(all) ? stamp_of_all(dict, header) : Checked<Stamp>(peek(header.changes));
    if (!now) return now.error();
    if (*now != all) return std::optional(keys.size());
  }
  return std::optional<std::size_t>();
}

// Those of the cells that were read which are still cells of the dict.
void Store::thaw_read(const Dict& dict, const DictHeader& header, const ReadSet& read,
                      std::span<const HashedKey> keys) {
  if (peek(header.cells) == 0) return;
  for (const HashedKey& key : keys)
    if (const Checked<Dict::Found> found = dict.find_now(key); found && found->entry != nullptr)
      thaw(dict, *found->entry);
  if (std::none_of(read.all.begin(), read.all.end(), of_cells)) return;
  for (std::uint64_t i = 0; i < peek(header.used); ++i)
    if (const Checked<Entry*> entry = dict.entry(i)) thaw(dict, **entry);
}

Result<Committed> Store::commit(const Handle& handle, const ReadSet& read, std::span<KeyChange> wanted,
                                const NumberForm* numbers) {
  // All memory that the change needs is got before the lock is taken.
  Result<Preparation> made = prepare(wanted, numbers);
  if (!made) return std::move(made).error();
  std::vector<HashedKey> keys;
  try {
    keys.reserve(read.keys.size());
    for (const KeyRead& one : read.keys) keys.emplace_back(seed_, one.key);
  } catch (const std::bad_alloc&) {
    return no_memory();
  }
  Operation operation(*mapping_, *place_, *this);
  ChildList lost;
  Result<Committed> committed =
      with_dict(operation, handle, [&](Dict& dict, DictHeader& header) -> Result<Committed> {
        try {
          // So that what has expired since it was read is a change of the dict.
          if (!read.all.empty()) dict.purge_if_due();
          FrozenCells frozen;
          Result<std::optional<std::size_t>> broken = find_broken(dict, header, read, keys, frozen);
          if (!broken) return std::move(broken).error();
          if (*broken || made->changes.empty()) return Committed{*broken, 0};
          frozen.leave();
        } catch (const std::bad_alloc&) {
          return no_memory();
        }
        listen(dict, header, lost, made->changes.size());
        Result<std::uint64_t> erased = dict.change_all(made->changes, made->scratch);
        thaw_read(dict, header, read, keys);
        if (!erased) return std::move(erased).error();
        return Committed{std::nullopt, *erased};
      });
  // What is put again is not lost.
  std::erase_if(lost, [&](const Handle& child) {
    return std::any_of(made->left.begin(), made->left.end(), [&](const auto& pair) {
      const NewBlob& blob = wanted[pair.second].blob;
      return blob && child_in(blob.tag(), blob.bytes()) == child;
    });
  });
  if (!lost.empty() && committed && !committed->broken) end_lost(operation, handle, lost);
  if (committed && !committed->broken)
    for (const auto& [key, value] : made->left) has_its_place(wanted[value].blob);
  return committed;
}

}  // namespace pyport::table
