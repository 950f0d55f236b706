// Handle -> dict, in shards with a lock each.
//
// Thread safety: all of it. A shard's lock is a leaf: it is let go before a dict's lock is taken.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <unordered_map>
#include <utility>

#include "base/mutex.h"
#include "table/dict.h"
#include "table/handle.h"

namespace pyport::table {

class Index {
 public:
  // The dict, or null.
  std::shared_ptr<Dict> find(const Handle& handle) const {
    Shard& shard = shard_of(handle);
    MutexLock lock(shard.mutex);
    const auto found = shard.dicts.find(handle);
    return found == shard.dicts.end() ? nullptr : found->second;
  }

  // False when the handle is taken. Throws std::bad_alloc; nothing is changed then.
  bool insert(const Handle& handle, const std::shared_ptr<Dict>& dict) {
    Shard& shard = shard_of(handle);
    MutexLock lock(shard.mutex);
    const bool inserted = shard.dicts.try_emplace(handle, dict).second;
    if (inserted) size_.fetch_add(1, std::memory_order_relaxed);
    return inserted;
  }

  // Takes the dict out; null when there is none.
  std::shared_ptr<Dict> take(const Handle& handle) {
    decltype(Shard::dicts)::node_type node;  // outlives the lock, so that it is freed outside
    Shard& shard = shard_of(handle);
    MutexLock lock(shard.mutex);
    node = shard.dicts.extract(handle);
    if (node.empty()) return nullptr;
    size_.fetch_sub(1, std::memory_order_relaxed);
    return std::move(node.mapped());
  }

  std::uint64_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
  struct Hash {
    // Handles are random already; the other half of the bits chooses the shard.
    std::size_t operator()(const Handle& handle) const {
      std::size_t word;
      std::memcpy(&word, handle.bits.data(), sizeof word);
      return word;
    }
  };
  struct alignas(64) Shard {
    Mutex mutex;
    std::unordered_map<Handle, std::shared_ptr<Dict>, Hash> dicts GUARDED_BY(mutex);
  };
  static constexpr std::size_t kShards = 16;

  Shard& shard_of(const Handle& handle) const { return shards_[handle.bits.back() % kShards]; }

  mutable std::array<Shard, kShards> shards_;
  std::atomic<std::uint64_t> size_{0};  // changed under the shard's lock, so never below what is there
};

}  // namespace pyport::table
