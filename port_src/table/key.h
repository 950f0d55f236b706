// Keys of a dict: bytes or a 64-bit integer, never equal to each other, and their keyed hash.
//
// Thread safety: values; no shared state.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "base/bytes.h"
#include "table/siphash.h"

namespace pyport::table {

// A key as the caller holds it. Bytes and integers never equal each other.
using KeyView = std::variant<std::int64_t, ByteSpan>;
// A key as the table gives it back.
using Key = std::variant<std::int64_t, std::string>;

// A key with its hash, made before a lock is taken. Looking up with it allocates nothing.
struct HashedKey {
  KeyView key;
  std::uint32_t hash;

  HashedKey(const SipKey& seed, const KeyView& view);
};

// Valid as long as `key` is.
KeyView view_of(const Key& key);

// How many bytes a key counts in TableStats.
std::size_t key_bytes(const Key& key);

bool same_key(const Key& stored, const KeyView& asked);

// Throws std::bad_alloc.
Key copy_key(const KeyView& key);

}  // namespace pyport::table
