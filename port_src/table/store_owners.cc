// The end of dicts: by their handle, with a process, with another dict.
//
// What ends with a dict is ended after it, so that nobody adds to what is on its way out. A dead dict's
// header names what is still to be ended, so whoever reclaims finds what a killed process had left to do.
#include <algorithm>

#include "table/names.h"
#include "table/store.h"

namespace pyport::table {
namespace {

// Dicts that are ended under one hold of the index's lock.
constexpr int kPiece = 64;
// Entries that are given back by who made a dict end in passing.
constexpr std::size_t kLostPiece = 4096;

bool is_there(const DictHeader& header) {
  const std::uint32_t state = peek(header.state);
  return state == kDictLive || state == kDictCorrupt;
}

}  // namespace

// ---- By its handle

bool Store::destroy(const Handle& handle) {
  Operation operation(*mapping_, *place_, *this);
  if (!operation.lock(super().index_lock)) return false;
  std::uint32_t number = 0;
  (void)index_.make_readable(operation);
  const HandleWords words = words_of(handle);
  Half* const place = index_.find_place(words, number);
  DictHeader* const header = place == nullptr ? nullptr : index_.header(number);
  const bool ended = header != nullptr && end(operation, *header, *place);
  const bool has_children = ended && peek(header->first_child) != 0;
  operation.unlock(super().index_lock);
  if (has_children) (void)end_children(operation, *header);
  return ended;
}

// REQUIRES: the index's lock.
bool Store::end(Operation& operation, DictHeader& header, Half& place) {
  if (!operation.lock(header.lock)) return false;
  index_.remove(operation, place, header);
  index_.unlink(operation, header);
  operation.commit();
  operation.unlock(header.lock);
  operation.finish();
  tell_waiters(header, true);
  return true;
}

// ---- What ends with it

// True when nothing is left of it. Others may do the same: each step begins with what is there.
bool Store::end_children(Operation& operation, DictHeader& root) {
  for (std::uint32_t tries = index_.number_of_headers(); tries > 0; --tries) {
    if (!operation.lock(super().index_lock)) return false;
    const Progress progress = end_some_children(operation, root);
    operation.unlock(super().index_lock);
    if (progress != Progress::more) return progress == Progress::done;
  }
  return false;
}

// From the root downwards they die, from below upwards they leave their lists. REQUIRES: the index's lock.
Store::Progress Store::end_some_children(Operation& operation, DictHeader& root) {
  DictHeader* at = &root;
  if (peek(root.state) != kDictDead) return Progress::done;  // another dict by now
  for (int ended = 0; ended < kPiece;) {
    if (DictHeader* const child = index_.first_child(*at)) {
      if (is_there(*child)) {
        if (!end_child(operation, *child)) return Progress::stuck;
        ++ended;
      }
      at = child;
      continue;
    }
    if (at == &root) return Progress::done;
    DictHeader* const parent = index_.parent_of(*at);
    index_.unlink(operation, *at);
    operation.commit();
    operation.finish();
    ++ended;
    if (parent == nullptr) return Progress::stuck;
    at = parent;
  }
  return Progress::more;
}

// It stays in its list. REQUIRES: the index's lock.
bool Store::end_child(Operation& operation, DictHeader& child) {
  std::uint32_t number = 0;
  Half* const place = index_.find_place({peek(child.handle[0]), peek(child.handle[1])}, number);
  if (place == nullptr || index_.header(number) != &child || !operation.lock(child.lock)) return false;
  index_.remove(operation, *place, child);
  operation.commit();
  operation.unlock(child.lock);
  operation.finish();
  tell_waiters(child, true);
  return true;
}

// Of dicts that were ended by a process which was killed before it was done.
void Store::end_left_children(Operation& operation) {
  for (const std::uint32_t number : dead_dicts(operation)) {
    DictHeader* const header = index_.header(number);
    if (header != nullptr && peek(header->first_child) != 0) (void)end_children(operation, *header);
  }
}

void Store::listen(Dict& dict, const DictHeader& header, ChildList& lost, std::size_t most) {
  if (peek(header.first_child) == 0) return;
  lost.reserve(most);
  dict.tell_children(lost);
}

// A process that is killed before this leaves them to their parent's end.
void Store::end_lost(Operation& operation, const Handle& dict, const ChildList& lost,
                     const std::optional<Handle>& kept) {
  for (const Handle& handle : lost) {
    if (handle == kept || !operation.lock(super().index_lock)) continue;
    (void)index_.make_readable(operation);
    std::uint32_t number = 0;
    const HandleWords words = words_of(handle);
    Half* const place = index_.find_place(words, number);
    DictHeader* const child = place == nullptr ? nullptr : index_.header(number);
    const DictHeader* const parent = child == nullptr ? nullptr : index_.parent_of(*child);
    const bool ended =
        parent != nullptr && has_handle(*parent, words_of(dict)) && end(operation, *child, *place);
    operation.unlock(super().index_lock);
    if (ended && peek(child->first_child) != 0) (void)end_children(operation, *child);
  }
  // Who replaces one child after the other pays for those before: nobody else may.
  (void)reclaim(operation, kLostPiece);
}

// ---- With a process

// False when some of them could not be ended. REQUIRES: the slots' lock; the process makes no more of them.
bool Store::end_dicts_of_process(Operation& operation, std::uint32_t slot) {
  for (std::uint32_t tries = index_.number_of_headers() + 1; tries > 0; --tries) {
    if (peek(super().first_dict[slot]) == 0) return true;
    if (!operation.lock(super().index_lock)) return false;
    (void)index_.make_readable(operation);
    DictHeader* const header = index_.first_of_process(slot);
    std::uint32_t number = 0;
    Half* const place = header == nullptr
                            ? nullptr
                            : index_.find_place({peek(header->handle[0]), peek(header->handle[1])}, number);
    const bool ended = place != nullptr && index_.header(number) == header && end(operation, *header, *place);
    if (header == nullptr) table::put(super().first_dict[slot], 0, "slot.no_dicts");
    operation.unlock(super().index_lock);
    if (header != nullptr && !ended) return false;
    if (ended && peek(header->first_child) != 0) (void)end_children(operation, *header);
  }
  return false;
}

// ---- Who ends it

// REQUIRES: the index's lock.
DictHeader* Store::find_live(const HandleWords& words) const {
  std::uint32_t number = 0;
  if (index_.find_place(words, number) == nullptr) return nullptr;
  DictHeader* const header = index_.header(number);
  return header != nullptr && peek(header->state) == kDictLive ? header : nullptr;
}

Result<Adoption> Store::adopt(const Handle& child, const Handle& parent) {
  Operation operation(*mapping_, *place_, *this);
  if (Status locked = operation.lock(super().index_lock); !locked) return std::move(locked).error();
  (void)index_.make_readable(operation);
  DictHeader* const below = find_live(words_of(child));
  DictHeader* const above = find_live(words_of(parent));
  Result<Adoption> outcome = Adoption::foreign;
  if (below == nullptr || above == nullptr) {
    outcome = make_error(Errc::gone);
  } else if (index_.ends_with(*above, *below)) {
    outcome = Adoption::cycle;
  } else if (index_.parent_of(*below) == above) {
    outcome = Adoption::already;
  } else if (index_.is_of_process(*below)) {
    index_.move_to_parent(operation, *below, *above);
    operation.commit();
    outcome = Adoption::adopted;
  }
  operation.unlock(super().index_lock);
  operation.finish();
  return outcome;
}

Result<bool> Store::disown(const Handle& child, const Handle& parent) {
  Operation operation(*mapping_, *place_, *this);
  if (Status locked = operation.lock(super().index_lock); !locked) return std::move(locked).error();
  (void)index_.make_readable(operation);
  DictHeader* const below = find_live(words_of(child));
  DictHeader* const above = find_live(words_of(parent));
  const bool ours = below != nullptr && above != nullptr && index_.parent_of(*below) == above;
  if (ours) {
    index_.move_to_process(operation, *below);
    operation.commit();
  }
  operation.unlock(super().index_lock);
  operation.finish();
  return ours;
}

// A dict of this process lasts as long as the table from now on.
Status Store::make_last(const Handle& handle) {
  Operation operation(*mapping_, *place_, *this);
  if (Status locked = operation.lock(super().index_lock); !locked) return locked;
  (void)index_.make_readable(operation);
  DictHeader* const header = find_live(words_of(handle));
  Status done = header == nullptr ? Status(make_error(Errc::gone)) : operation.lock(header->lock);
  if (done) {
    operation.set(header->flags, peek(header->flags) | kDictTracked);
    index_.move_to_node(operation, *header);
    operation.commit();
    operation.unlock(header->lock);
  }
  operation.unlock(super().index_lock);
  operation.finish();
  return done;
}

std::vector<Handle> Store::handles(std::optional<DictOwner> owner) const {
  std::vector<Handle> handles;
  const HandleWords names = words_of(Names::kHandle);
  const std::uint32_t end = index_.number_of_headers();
  for (std::uint32_t number = 0; number < end; ++number) {
    const DictHeader* header = index_.header(number);
    if (header == nullptr) continue;
    const std::uint32_t state = header->state.load(std::memory_order_acquire);
    if ((state != kDictLive && state != kDictCorrupt) || has_handle(*header, names)) continue;
    if (!owner || Index::owner_of(*header) == *owner) handles.push_back(handle_of(*header));
  }
  return handles;
}

}  // namespace pyport::table
