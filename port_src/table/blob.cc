#include "table/blob.h"

#include "table/store.h"

namespace pyport::table {

void BlobBytes::take_outside(BlobBytes& other) noexcept {
  record_ = other.record_;
  generation_ = other.generation_;
  store_ = std::exchange(other.store_, nullptr);
  heap_ = std::move(other.heap_);
}

void BlobBytes::release_block() noexcept { std::exchange(store_, nullptr)->release(*this); }

void BlobBytes::publish() {
  if (store_ == nullptr || heap_ == nullptr) return;
  store_->publish(*this);
  heap_.reset();
}

}  // namespace pyport::table
