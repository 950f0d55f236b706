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
// Locks: one Mutex over the handle index, one per dict. The index lock is never held while a dict's
// is taken. Never call with a Python thread state attached.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace pyport::table {

// Opaque name of a dict: 128 random bits, chosen by the Erlang side.
struct Handle {
  std::array<std::uint8_t, 16> bits{};
  auto operator<=>(const Handle&) const = default;
};

// A key as the caller holds it. Bytes and integers never equal each other.
using KeyView = std::variant<std::int64_t, ByteSpan>;
// A key as the table gives it back.
using Key = std::variant<std::int64_t, std::string>;

// Immutable stored bytes of one value. Copying shares, it does not copy the bytes.
class Blob {
 public:
  Blob() = default;
  ByteSpan bytes() const;
  std::uint32_t tag() const;
  explicit operator bool() const { return block_ != nullptr; }

 private:
  friend class BlobWriter;
  struct Block;
  explicit Blob(std::shared_ptr<const Block> block);
  std::shared_ptr<const Block> block_;
};

// A private block on its way to becoming a blob: Table::allocate, fill bytes(), finish.
class BlobWriter {
 public:
  BlobWriter(BlobWriter&&) noexcept;
  BlobWriter& operator=(BlobWriter&&) noexcept;
  ~BlobWriter();
  std::span<std::uint8_t> bytes();
  // The blob; the writer is spent.
  Blob finish(std::uint32_t tag) &&;

 private:
  friend class Table;
  explicit BlobWriter(std::size_t size);
  std::shared_ptr<Blob::Block> block_;
};

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

  // Makes an empty dict. Errc::exists when the handle is taken or was destroyed while this ran.
  Status create(const Handle& handle);
  // Ends the dicts; unknown handles are ignored. Returns how many were there. The memory is given
  // back by a background thread, so that ending a huge dict stalls nobody.
  std::size_t destroy(std::span<const Handle> handles);

  // A private block of `size` bytes. Errc::table_full when there is no memory.
  Result<BlobWriter> allocate(std::size_t size);

  // All of these: Errc::gone when there is no such dict.
  // An empty Blob when the key is not there.
  Result<Blob> get(const Handle& handle, const KeyView& key) const;
  // Replacing keeps the key's place in the order. REQUIRES: blob is not empty.
  Status put(const Handle& handle, const KeyView& key, Blob blob);
  // True when the key was there.
  Result<bool> erase(const Handle& handle, const KeyView& key);
  Result<bool> contains(const Handle& handle, const KeyView& key) const;
  Result<std::uint64_t> size(const Handle& handle) const;
  // In insertion order. A deleted and re-inserted key comes last.
  Result<std::vector<Key>> keys(const Handle& handle) const;
  // True while the dict lives.
  bool alive(const Handle& handle) const;

  TableStats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pyport::table
