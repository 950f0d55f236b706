// Values of several keys of one dict as they were at one moment.
//
// Small values lie together in one piece of memory; larger ones are pinned in the table, as a Blob has them.
//
// Thread safety: one object belongs to one thread. To let go of one that holds blocks takes locks of the
// table: never do that with a Python thread state attached.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "table/blob.h"
#include "table/expect.h"
#include "table/key.h"

namespace pyport::table {

class Snapshot {
 public:
  std::size_t size() const { return values_.size(); }
  // False for a key that was not there.
  bool has(std::size_t i) const { return values_[i].is_there; }
  // REQUIRES: has(i). Valid as long as this object.
  ByteSpan bytes(std::size_t i) const {
    const Value& value = values_[i];
    if (value.is_large) return large_[value.at].bytes();
    return ByteSpan(small_).subspan(value.at, value.size);
  }
  std::uint32_t tag(std::size_t i) const { return values_[i].tag; }
  // Of the change by which the key got it; 0 for a key that was not there.
  Stamp stamp(std::size_t i) const { return values_[i].stamp; }
  // The keys, where it is of a whole dict, and the stamp of all that was in there (read_set.h).
  const std::vector<Key>& keys() const { return keys_; }
  Stamp stamp_of_all() const { return stamp_of_all_; }
  bool holds_blocks() const { return !large_.empty(); }

 private:
  friend class Store;
  struct Value {
    std::size_t at = 0;  // in small_ or in large_
    std::uint32_t size = 0;
    std::uint32_t tag = 0;
    Stamp stamp = 0;
    bool is_there = false;
    bool is_large = false;
  };

  std::vector<Value> values_;
  Bytes small_;
  std::vector<Blob> large_;
  std::vector<Key> keys_;
  Stamp stamp_of_all_ = 0;
};

}  // namespace pyport::table
