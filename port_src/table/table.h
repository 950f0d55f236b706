// The table of all live dictionaries: handle -> insertion-ordered map of key -> blob.
//
// The table knows neither Python nor Erlang: a key is bytes or a 64-bit integer, a value is a blob of
// bytes with a 32-bit tag that the `value` layer gives a meaning to. This is the heap form; the
// interface is what the shared-memory form will keep.
//
// Thread safety: all of Table is safe from any thread. Every operation on one key is atomic and
// linearizable. No callback runs and nothing is converted or written under a lock; a blob that was
// handed out stays readable whatever happens to its key, dict or table entry.
//
// Locks: the handle index has its own (a shard each), each dict has one. An index lock is never held while a
// dict's is taken, no blob is freed under either. Never call with a Python thread state attached.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "table/blob.h"
#include "table/handle.h"
#include "table/key.h"

namespace pyport::table {

struct TableStats {
  std::uint64_t dicts = 0;
  std::uint64_t keys = 0;
  std::uint64_t bytes = 0;  // key bytes + blob bytes; an integer key counts 8
};

class Table {
 public:
  Table();
  ~Table();
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  // Makes an empty dict. Errc::exists when the handle is taken. A handle that was destroyed may be made
  // again: that is a new, empty dict. Errc::table_full when there is no memory.
  Status create(const Handle& handle);
  // Ends the dicts; unknown handles are ignored. Returns how many were there. The memory is given
  // back by a background thread, so that ending a huge dict stalls nobody.
  std::size_t destroy(std::span<const Handle> handles);

  // A private block of `size` bytes. Errc::table_full when there is no memory.
  Result<BlobWriter> allocate(std::size_t size);

  // All of these: Errc::gone when there is no such dict. An operation that races a destroy either comes
  // before it or gives Errc::gone.
  // An empty Blob when the key is not there.
  Result<Blob> get(const Handle& handle, const KeyView& key) const;
  // Replacing keeps the key's place in the order. Errc::table_full when there is no memory: the dict is then
  // as it was. REQUIRES: blob is not empty.
  Status put(const Handle& handle, const KeyView& key, Blob blob);
  // True when the key was there.
  Result<bool> erase(const Handle& handle, const KeyView& key);
  Result<bool> contains(const Handle& handle, const KeyView& key) const;
  Result<std::uint64_t> size(const Handle& handle) const;
  // In insertion order. A deleted and re-inserted key comes last. Errc::table_full when there is no memory
  // for the answer.
  Result<std::vector<Key>> keys(const Handle& handle) const;
  // True while the dict lives.
  bool alive(const Handle& handle) const;

  // Each number is exact when no change is under way.
  TableStats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pyport::table
