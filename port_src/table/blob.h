// A blob: the immutable stored bytes of one value, and the writer that makes one.
//
// One allocation holds header and bytes:
//
//   | references u32 | tag u32 | size u64 | bytes ... |
//
// The count of references is intrusive: copying a blob under a dict's lock is one atomic increment.
//
// Thread safety: a block is shared by any number of threads; one Blob or BlobWriter object belongs to
// one thread at a time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"

namespace pyport::table {

// Larger values are refused before the allocator is asked.
inline constexpr std::size_t kMaxBlobBytes = std::size_t{1} << 40;

// Immutable stored bytes of one value. Copying shares, it does not copy the bytes.
class Blob {
 public:
  Blob() = default;
  Blob(const Blob& other) noexcept : block_(other.block_) {
    if (block_ != nullptr) block_->references.fetch_add(1, std::memory_order_relaxed);
  }
  Blob(Blob&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Blob& operator=(Blob other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Blob() {
    if (block_ != nullptr) release(block_);
  }

  // REQUIRES: not empty. Valid as long as any copy of this blob lives.
  ByteSpan bytes() const { return {block_->data(), block_->size}; }
  // What the value layer gave to BlobWriter::finish. REQUIRES: not empty.
  std::uint32_t tag() const { return block_->tag; }
  std::size_t size() const { return block_->size; }
  explicit operator bool() const { return block_ != nullptr; }

 private:
  friend class BlobWriter;
  struct Block {
    std::atomic<std::uint32_t> references{1};
    std::uint32_t tag = 0;
    std::size_t size = 0;
    std::uint8_t* data() { return reinterpret_cast<std::uint8_t*>(this + 1); }
  };

  explicit Blob(Block* block) : block_(block) {}
  static void release(Block* block) noexcept;

  Block* block_ = nullptr;
};

// A private block on its way to becoming a blob: Table::allocate, fill bytes(), finish. A writer that is
// dropped gives its block back.
class BlobWriter {
 public:
  // Errc::table_full when there is no memory for `size` bytes.
  static Result<BlobWriter> make(std::size_t size);

  BlobWriter(BlobWriter&& other) noexcept = default;
  BlobWriter& operator=(BlobWriter&& other) noexcept = default;
  BlobWriter(const BlobWriter&) = delete;
  BlobWriter& operator=(const BlobWriter&) = delete;
  ~BlobWriter() = default;

  // The bytes to fill. REQUIRES: not finished.
  std::span<std::uint8_t> bytes() { return {blob_.block_->data(), blob_.block_->size}; }
  // The blob; the writer is spent.
  Blob finish(std::uint32_t tag) &&;

 private:
  explicit BlobWriter(Blob blob) : blob_(std::move(blob)) {}

  Blob blob_;  // nobody else holds its block before finish
};

}  // namespace pyport::table
