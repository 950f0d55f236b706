// A blob: the immutable stored bytes of one value, as a reader holds it; and the writer that makes one.
//
// A reader gets small values as a copy of its own. A larger one stays where it is in the table, pinned: it
// stays readable whatever happens to its key or dict, until the Blob goes.
//
// Thread safety: one object belongs to one thread at a time. To let go of a pinned Blob, or of an unused
// NewBlob, takes a lock of the table for a moment: never do that with a Python thread state attached.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "base/bytes.h"
#include "table/shared_copy.h"

namespace pyport::table {

class Store;  // the mapping and this process's place in it

// Larger values are refused.
inline constexpr std::size_t kMaxBlobBytes = (std::size_t{1} << 32) - (std::size_t{1} << 20);
// Values up to this size are copied to the reader rather than pinned: it costs less than two locks.
inline constexpr std::size_t kCopiedBytes = 2048;
// Values up to this size are filled in the writer's own memory, and copied into their place under the lock.
inline constexpr std::size_t kInlineBytes = 128;

// What a Blob, a BlobWriter or a NewBlob has in its hand: bytes of its own, or a block in the table.
class BlobBytes {
 public:
  BlobBytes(const BlobBytes&) = delete;
  BlobBytes& operator=(const BlobBytes&) = delete;
  ~BlobBytes() { release(); }

  // REQUIRES: not empty.
  ByteSpan bytes() const { return {data_, size_}; }
  std::uint32_t tag() const { return tag_; }
  std::size_t size() const { return size_; }
  explicit operator bool() const { return data_ != nullptr; }
  // True when letting go of it takes a lock of the table.
  bool holds_block() const { return store_ != nullptr; }

 protected:
  friend class Store;
  BlobBytes() = default;
  // Bytes that are not its own.
  void take_outside(BlobBytes& other) noexcept;
  void release() noexcept {
    if (store_ != nullptr) release_block();
    heap_.reset();
    data_ = nullptr;
  }
  void release_block() noexcept;
  // Memory of this process for them, when a block is not to be had. It begins where a block's bytes would, as
  // far as a line of the cache is concerned: what the layer above has aligned there stays so in a block, and
  // the other way round. False when there is none.
  bool make_own() noexcept;
  void publish();  // under ThreadSanitizer: what was filled outside of the block goes into it

  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
  std::uint32_t tag_ = 0;
  std::uint32_t record_ = 0;      // with store_: the record of this process that names the block
  std::uint32_t generation_ = 0;  // with store_: of the process; a forked child is another
  Store* store_ = nullptr;        // a block in the table
  std::unique_ptr<std::uint8_t[]> heap_;
};

// One with room for kOwn bytes in itself.
template <std::size_t kOwn>
class OwnBlob : public BlobBytes {
 public:
  OwnBlob() { std::memset(own_.data(), 0, kFew); }
  OwnBlob(OwnBlob&& other) noexcept : BlobBytes() { take(other); }
  OwnBlob& operator=(OwnBlob&& other) noexcept {
    if (this != &other) {
      release();
      take(other);
    }
    return *this;
  }

 protected:
  friend class Store;
  static constexpr std::size_t kFew = 16;

  void take(OwnBlob& other) noexcept {
    data_ = other.data_;
    size_ = other.size_;
    tag_ = other.tag_;
    if (data_ == other.own_.data()) {
      data_ = own_.data();
      copy_own(other);
    } else if (data_ != nullptr) {
      take_outside(other);
    }
    other.data_ = nullptr;
  }
  // Few bytes by two words, without a call.
  void copy_own(const OwnBlob& other) noexcept {
    std::memcpy(own_.data(), other.own_.data(), kFew);
    if (size_ > kFew) std::memcpy(own_.data() + kFew, other.own_.data() + kFew, size_ - kFew);
  }

  std::array<std::uint8_t, kOwn> own_;  // kFew are initialised, or size_ where that is more
};

// Immutable stored bytes of one value.
class Blob : public OwnBlob<kCopiedBytes> {};

// A block that is pinned for its own sake: it stays where it is, whatever is written there.
class Pin : public BlobBytes {
 public:
  Pin() = default;
  Pin(Pin&& other) noexcept { take_all(other); }
  Pin& operator=(Pin&& other) noexcept {
    if (this != &other) {
      release();
      take_all(other);
    }
    return *this;
  }

 private:
  void take_all(Pin& other) noexcept {
    data_ = std::exchange(other.data_, nullptr);
    take_outside(other);
  }
};

// Filled bytes that no key has yet; Table::put takes it.
class NewBlob : public OwnBlob<kInlineBytes> {
 public:
  // As long as the dict says, unless told otherwise; 0: for ever. In nanoseconds.
  void live_for(std::uint64_t nanoseconds) { ttl_ = nanoseconds; }
  const std::optional<std::uint64_t>& ttl() const { return ttl_; }

 private:
  std::optional<std::uint64_t> ttl_;
};

// Bytes on their way to becoming a blob: Table::allocate, fill bytes(), finish. A writer that is dropped
// gives its block back.
class BlobWriter : private OwnBlob<kInlineBytes> {
 public:
  BlobWriter() = default;
  // The bytes to fill. REQUIRES: not finished.
  std::span<std::uint8_t> bytes() { return {data_, size_}; }
  std::size_t size() const { return size_; }
  // The writer is spent. `tag` is below 2^16: what the value layer wants to know of the bytes.
  NewBlob finish(std::uint32_t tag) && {
#ifdef PYPORT_SANITIZE_THREAD
    publish();
#endif
    tag_ = tag;
    NewBlob blob;
    using Bytes = OwnBlob<kInlineBytes>;
    static_cast<Bytes&>(blob) = std::move(static_cast<Bytes&>(*this));
    return blob;
  }

 private:
  friend class Store;
};

}  // namespace pyport::table
