#include "table/blob.h"

#include <cstdlib>
#include <new>

namespace pyport::table {

void Blob::release(Block* block) noexcept {
  // acq_rel: reads through other copies happen before the memory is given back.
  if (block->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    block->~Block();
    std::free(block);
  }
}

Result<BlobWriter> BlobWriter::make(std::size_t size) {
  if (size > kMaxBlobBytes) return make_error(Errc::table_full, "blob size");
  void* memory = std::malloc(sizeof(Blob::Block) + size);
  if (memory == nullptr) return make_error(Errc::table_full, "memory");
  auto* block = new (memory) Blob::Block;
  block->size = size;
  return BlobWriter(Blob(block));
}

Blob BlobWriter::finish(std::uint32_t tag) && {
  blob_.block_->tag = tag;
  return std::move(blob_);
}

}  // namespace pyport::table
