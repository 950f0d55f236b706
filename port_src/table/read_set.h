// What a transaction has read of a dict. It is committed only if all of that is so still, at one moment.
//
// A key is told by its stamp, and a whole dict by one as well, of which there are two kinds: of the keys
// alone, which is the number of the dict's latest change; and of the values, too. The latter is another
// number where some values are cells, since these change without the dict's number; it has its highest bit
// set then.
//
// Thread safety: values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "table/expect.h"
#include "table/key.h"

namespace pyport::table {

struct KeyRead {
  KeyView key;
  Stamp stamp = 0;
};

struct ReadSet {
  std::span<const KeyRead> keys;
  std::span<const Stamp> all;  // of the whole dict
};

struct Committed {
  // The first in ReadSet::keys that is not so any more, or their number when it is the dict as a whole; then
  // nothing was changed.
  std::optional<std::size_t> broken;
  std::uint64_t erased = 0;  // keys
};

inline constexpr Stamp kStampOfCells = Stamp{1} << 63;

// Of keys and values, cells among them, from that of the keys and those of the cells in order.
class StampOfAll {
 public:
  explicit StampOfAll(Stamp keys) : all_(keys) {}
  void add_cell(Stamp stamp) {
    all_ = (all_ ^ stamp) * 0x9e3779b97f4a7c15;
    all_ ^= all_ >> 32;
    cells_ = true;
  }
  Stamp stamp() const { return cells_ ? all_ | kStampOfCells : all_; }

 private:
  Stamp all_;
  bool cells_ = false;
};

}  // namespace pyport::table
