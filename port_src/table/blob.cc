#include "table/blob.h"

#include <cstring>

#include "table/store.h"

namespace pyport::table {

void BlobBytes::take(BlobBytes& other) noexcept {
  const bool own = other.data_ == other.own_.data();
  size_ = other.size_;
  tag_ = other.tag_;
  record_ = other.record_;
  generation_ = other.generation_;
  store_ = std::exchange(other.store_, nullptr);
  heap_ = std::move(other.heap_);
  data_ = own ? own_.data() : other.data_;
  if (own && size_ != 0) std::memcpy(own_.data(), other.own_.data(), size_);
  other.data_ = nullptr;
}

void BlobBytes::release() noexcept {
  if (store_ != nullptr) std::exchange(store_, nullptr)->release(*this);
  heap_.reset();
  data_ = nullptr;
}

}  // namespace pyport::table
