#include "table/ordered_map.h"

#include <algorithm>
#include <cassert>
#include <new>
#include <utility>

namespace pyport::table {
namespace {

constexpr std::size_t kMinSlots = 8;
constexpr std::size_t kMaxEntries = std::size_t{1} << 31;
constexpr std::size_t kDeadAllowed = 32;  // fewer dead entries than this are not worth a compaction

bool too_full(std::size_t used, std::size_t slots) { return used * 3 > slots * 2; }

std::size_t slots_for(std::size_t used) {
  std::size_t slots = kMinSlots;
  while (too_full(used, slots)) slots *= 2;
  return slots;
}

}  // namespace

std::size_t OrderedMap::slot_of(const HashedKey& key) const {
  if (slots_.empty()) return kNotFound;
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = key.hash & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.entry == kNoEntry) return kNotFound;
    if (slot.hash == key.hash && same_key(entries_[slot.entry].key, key.key)) return at;
  }
}

const Blob* OrderedMap::find(const HashedKey& key) const {
  const std::size_t at = slot_of(key);
  return at == kNotFound ? nullptr : &entries_[slots_[at].entry].blob;
}

Blob OrderedMap::put(const HashedKey& key, Blob blob) {
  assert(blob);
  const std::size_t at = slot_of(key);
  if (at == kNotFound) {
    insert(key, std::move(blob));
    return Blob();
  }
  Blob& place = entries_[slots_[at].entry].blob;
  bytes_ += blob.size() - place.size();  // may wrap on the way, the sum does not
  std::swap(place, blob);
  return blob;
}

// Everything that may throw comes before the first change.
void OrderedMap::insert(const HashedKey& key, Blob blob) {
  Key copy = copy_key(key.key);
  make_room();
  const auto number = static_cast<std::uint32_t>(entries_.size());
  bytes_ += key_bytes(copy) + blob.size();
  entries_.push_back(Entry{std::move(copy), std::move(blob), key.hash});  // within capacity
  insert_slot(slots_, key.hash, number);
  ++live_;
}

// After this one more entry fits into both arrays.
void OrderedMap::make_room() {
  if (entries_.size() == entries_.capacity()) {
    const std::size_t dead = entries_.size() - live_;
    if (dead > kDeadAllowed && dead * 4 > entries_.size()) {
      compact();
    } else if (entries_.size() >= kMaxEntries) {
      throw std::bad_alloc();
    } else {
      entries_.reserve(std::max<std::size_t>(4, entries_.size() + entries_.size() / 2));
    }
  }
  if (!too_full(live_ + 1, slots_.size())) return;
  std::vector<Slot> larger(slots_for(live_ + 1));
  for (const Slot& slot : slots_) {
    if (slot.entry != kNoEntry) insert_slot(larger, slot.hash, slot.entry);
  }
  slots_ = std::move(larger);
}

void OrderedMap::insert_slot(std::vector<Slot>& slots, std::uint32_t hash, std::uint32_t entry) const {
  const std::size_t mask = slots.size() - 1;
  std::size_t at = hash & mask;
  while (slots[at].entry != kNoEntry) at = (at + 1) & mask;
  slots[at] = Slot{hash, entry};
}

std::optional<OrderedMap::Entry> OrderedMap::erase(const HashedKey& key) noexcept {
  const std::size_t at = slot_of(key);
  if (at == kNotFound) return std::nullopt;
  Entry& entry = entries_[slots_[at].entry];
  std::optional<Entry> taken(std::exchange(entry, Entry()));
  remove_slot(at);
  --live_;
  bytes_ -= key_bytes(taken->key) + taken->blob.size();
  while (!entries_.empty() && !entries_.back().blob) entries_.pop_back();
  if (entries_.size() > 2 * live_ + kDeadAllowed) {
    compact();
    shrink();
  }
  return taken;
}

// Removal from linear probing without tombstones: later slots of the same run move up where their home
// allows it (Knuth, The Art of Computer Programming, volume 3, section 6.4, algorithm R).
void OrderedMap::remove_slot(std::size_t at) noexcept {
  const std::size_t mask = slots_.size() - 1;
  std::size_t hole = at;
  for (std::size_t next = (hole + 1) & mask; slots_[next].entry != kNoEntry; next = (next + 1) & mask) {
    const std::size_t home = slots_[next].hash & mask;
    if (((next - home) & mask) < ((next - hole) & mask)) continue;
    slots_[hole] = slots_[next];
    hole = next;
  }
  slots_[hole] = Slot{};
}

// Moves the live entries together, in order, in place.
void OrderedMap::compact() noexcept {
  std::erase_if(entries_, [](const Entry& entry) { return !entry.blob; });
  refill_slots();
}

void OrderedMap::refill_slots() noexcept {
  std::fill(slots_.begin(), slots_.end(), Slot{});
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    insert_slot(slots_, entries_[i].hash, static_cast<std::uint32_t>(i));
  }
}

// Gives memory back after many erasures; without memory to do it in, the map stays as large as it is.
void OrderedMap::shrink() noexcept {
  if (slots_for(live_) * 4 > slots_.size()) return;
  entries_.shrink_to_fit();
  try {
    slots_ = std::vector<Slot>(slots_for(live_ * 2));
  } catch (const std::bad_alloc&) {
    return;
  }
  refill_slots();
}

std::vector<Key> OrderedMap::keys() const {
  std::vector<Key> keys;
  keys.reserve(live_);
  for (const Entry& entry : entries_) {
    if (entry.blob) keys.push_back(copy_key(view_of(entry.key)));
  }
  return keys;
}

}  // namespace pyport::table
