// One live dict: its contents under its own lock, and whether it was destroyed.
//
// A dict is found in the index and kept alive by a shared_ptr; by the time its lock is taken it may have
// been destroyed. So `destroyed` lies under the same lock as the contents: an operation that races destroy
// either comes before it or gives Errc::gone, and a destroyed dict never changes again.
//
// Thread safety: all of it. The lock is a leaf: nothing is called and no blob is freed while it is held.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "table/ordered_map.h"

namespace pyport::table {

// Sums over all dicts of a table. Changed under the lock of the dict that the change is about, so that what
// a destroy takes off was added before it: no sum is ever below what is there.
struct Counters {
  std::atomic<std::uint64_t> keys{0};
  std::atomic<std::uint64_t> bytes{0};
};

class Dict {
 public:
  // `counters` outlives the dict.
  explicit Dict(Counters& counters) : counters_(counters) {}

  // As the functions of Table of the same name.
  Result<Blob> get(const HashedKey& key) EXCLUDES(mutex_);
  Status put(const HashedKey& key, Blob blob) EXCLUDES(mutex_);
  Result<bool> erase(const HashedKey& key) EXCLUDES(mutex_);
  Result<bool> contains(const HashedKey& key) EXCLUDES(mutex_);
  Result<std::uint64_t> size() EXCLUDES(mutex_);
  Result<std::vector<Key>> keys() EXCLUDES(mutex_);

  // Ends the dict and hands out what was in it, to be freed by the caller.
  OrderedMap destroy() EXCLUDES(mutex_);

 private:
  Counters& counters_;
  Mutex mutex_;
  bool destroyed_ GUARDED_BY(mutex_) = false;
  OrderedMap map_ GUARDED_BY(mutex_);
};

}  // namespace pyport::table
