#include "table/blob.h"

#include <new>

#include "table/store.h"

namespace pyport::table {

void BlobBytes::take_outside(BlobBytes& other) noexcept {
  record_ = other.record_;
  generation_ = other.generation_;
  store_ = std::exchange(other.store_, nullptr);
  heap_ = std::move(other.heap_);
}

void BlobBytes::release_block() noexcept { std::exchange(store_, nullptr)->release(*this); }

bool BlobBytes::make_own() noexcept {
  constexpr std::size_t kLine = 64;  // blocks of more than 256 bytes begin at a multiple of it
  heap_.reset(new (std::nothrow) std::uint8_t[size_ + kLine]);
  if (heap_ == nullptr) return false;
  data_ = heap_.get() + (kHeaderBytes - reinterpret_cast<std::uintptr_t>(heap_.get())) % kLine;
  return true;
}

void BlobBytes::publish() {
  if (store_ == nullptr || heap_ == nullptr) return;
  store_->publish(*this);
  heap_.reset();
}

}  // namespace pyport::table
