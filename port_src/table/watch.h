// What it takes to watch a dict: where one is in the list of its changes, and what came next.
//
// Thread safety: values.
#pragma once

#include <cstdint>
#include <vector>

#include "table/change_ring.h"
#include "table/wait.h"

namespace pyport::table {

// How far one who watches a dict has read. Of a dict that was made anew he begins anew.
struct WatchPosition {
  std::uint64_t at = 0;
  std::uint64_t made = 0;  // when the dict was made, which tells it from others; 0: he has not begun
};

struct WatchedChanges {
  WaitEnd end = WaitEnd::changed;
  std::vector<DictChange> changes;  // in the order in which they were made; those of a batch at one moment
};

}  // namespace pyport::table
