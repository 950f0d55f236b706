// Tells the node the changes of the dicts that it watches: a thread that sleeps until one of them was
// changed.
//
// A node that is slow costs no memory and holds nobody up: of each dict one CHANGES event is on its way, and
// the next is made when the node has seen that. Meanwhile the changes wait in the table, as far as there is
// room for them; then the node is told that it has missed some.
//
// Thread safety: all members, from any thread. The lock is a leaf: the table and the outbox are called
// without it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "server/outbox.h"
#include "table/table.h"

namespace pyport::server {

class ChangeFeed {
 public:
  // The references outlive the process.
  ChangeFeed(table::Table& table, Outbox& outbox, std::size_t max_frame)
      : table_(table), outbox_(outbox), max_frame_(max_frame) {}

  // Starts the thread, which never ends. REQUIRES: *this is never destroyed afterwards.
  Status start();

  // From now on the dict's changes are told; it may be watched already. Errors as Table::wait_changes.
  Status watch(const table::Handle& handle) EXCLUDES(mutex_);
  void unwatch(const table::Handle& handle) EXCLUDES(mutex_);
  // The node has seen the last event of that dict.
  void seen(const table::Handle& handle) EXCLUDES(mutex_);

 private:
  using Clock = std::chrono::steady_clock;
  using Bits = decltype(table::Handle::bits);
  struct Watched {
    table::WatchPosition position;
    std::uint64_t serial = 0;  // of this time that it is watched
    bool on_its_way = false;
  };
  struct Known {
    table::Handle handle;
    Watched watched;
  };

  [[noreturn]] void run();
  // Those of which something may be told.
  std::vector<Known> ready() EXCLUDES(mutex_);
  // True when something was told.
  bool look_at(const Known& known) EXCLUDES(mutex_);
  bool settle(const Known& known, bool told, bool over) EXCLUDES(mutex_);
  void tell(const table::Handle& handle, const std::vector<table::DictChange>& changes);
  void tell(const table::Handle& handle, std::string_view what);

  table::Table& table_;
  Outbox& outbox_;
  const std::size_t max_frame_;
  Mutex mutex_;
  std::map<Bits, Watched> watched_ GUARDED_BY(mutex_);
  std::uint64_t serials_ GUARDED_BY(mutex_) = 0;
};

}  // namespace pyport::server
