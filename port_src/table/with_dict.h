// One operation on one dict: what most functions of Store are built on.
#pragma once

#include "table/store.h"
#include "table/wake_word.h"

namespace pyport::table {

// The dict where it was found lately, locked; null when it is no longer there, or cannot be locked at once.
inline DictHeader* Store::lock_recent(Operation& operation, const HandleWords& words) const {
  DictHeader* const header = recent(words).load(std::memory_order_relaxed);
  if (header == nullptr || !has_handle(*header, words) || !operation.lock_at_once(header->lock))
    return nullptr;
  if (has_handle(*header, words) && peek(header->state) == kDictLive) return header;
  // Destroyed; but a dict of that handle may have been made again.
  operation.unlock(header->lock);
  return nullptr;
}

template <class Work>
auto Store::with_dict(Operation& operation, const Handle& handle, Work work)
    -> decltype(work(std::declval<Dict&>(), std::declval<DictHeader&>())) {
  const HandleWords words = words_of(handle);
  DictHeader* header = lock_recent(operation, words);
  if (header == nullptr) {
    Result<DictHeader*> locked = lock_dict(operation, words);
    if (!locked) return std::move(locked).error();
    header = *locked;
  }
  if ((peek(header->flags) & kDictTracked) != 0) note_use(*header);
  const std::uint64_t changes = peek(header->changes);
  Dict dict(operation, heap_, limits_, *header);
  auto result = work(dict, *header);
  const bool corrupt = !result.ok() && result.error().code == Errc::corrupt;
  if (corrupt) table::put(header->state, kDictCorrupt, "dict.corrupt");
  const bool changed = corrupt || peek(header->changes) != changes;
  const bool watched = dict.is_watched();
  operation.unlock(header->lock);
  if (changed) tell_waiters(*header, watched);
  if (!result.ok()) {
    heap_.abandon(operation);
  } else if (operation.committed()) {
    heap_.settle(operation);
  }
  if (!dict.expired_children().empty()) end_lost(operation, handle, dict.expired_children());
  return result;
}

}  // namespace pyport::table
