#include "table/dict.h"

#include <new>
#include <optional>
#include <utility>

namespace pyport::table {
namespace {

Error gone() { return make_error(Errc::gone); }

void add(std::atomic<std::uint64_t>& sum, std::uint64_t more) {
  if (more != 0) sum.fetch_add(more, std::memory_order_relaxed);
}

}  // namespace

Result<Blob> Dict::get(const HashedKey& key) {
  MutexLock lock(mutex_);
  if (destroyed_) return gone();
  const Blob* blob = map_.find(key);
  return blob == nullptr ? Blob() : *blob;
}

Status Dict::put(const HashedKey& key, Blob blob) {
  Blob replaced;  // outlives the lock, so that it is freed outside
  MutexLock lock(mutex_);
  if (destroyed_) return gone();
  const std::size_t keys_before = map_.size();
  const std::uint64_t bytes_before = map_.bytes();
  try {
    replaced = map_.put(key, std::move(blob));
  } catch (const std::bad_alloc&) {
    return make_error(Errc::table_full, "memory");
  }
  add(counters_.keys, map_.size() - keys_before);
  add(counters_.bytes, map_.bytes() - bytes_before);
  return ok_status();
}

Result<bool> Dict::erase(const HashedKey& key) {
  std::optional<OrderedMap::Entry> taken;  // outlives the lock
  MutexLock lock(mutex_);
  if (destroyed_) return gone();
  const std::uint64_t bytes_before = map_.bytes();
  taken = map_.erase(key);
  if (!taken) return false;
  counters_.keys.fetch_sub(1, std::memory_order_relaxed);
  counters_.bytes.fetch_sub(bytes_before - map_.bytes(), std::memory_order_relaxed);
  return true;
}

Result<bool> Dict::contains(const HashedKey& key) {
  MutexLock lock(mutex_);
  if (destroyed_) return gone();
  return map_.find(key) != nullptr;
}

Result<std::uint64_t> Dict::size() {
  MutexLock lock(mutex_);
  if (destroyed_) return gone();
  return std::uint64_t{map_.size()};
}

Result<std::vector<Key>> Dict::keys() {
  MutexLock lock(mutex_);
  if (destroyed_) return gone();
  try {
    return map_.keys();
  } catch (const std::bad_alloc&) {
    return make_error(Errc::table_full, "memory");
  }
}

OrderedMap Dict::destroy() {
  MutexLock lock(mutex_);
  destroyed_ = true;
  counters_.keys.fetch_sub(map_.size(), std::memory_order_relaxed);
  counters_.bytes.fetch_sub(map_.bytes(), std::memory_order_relaxed);
  return std::exchange(map_, OrderedMap());
}

}  // namespace pyport::table
