// A stack whose first elements lie in itself: what a small value needs allocates nothing.
//
// Thread safety: values.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <type_traits>

namespace pyport::python {

// push() throws std::bad_alloc.
template <class T, std::size_t kInside>
class SmallStack {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  SmallStack() = default;
  SmallStack(const SmallStack&) = delete;
  SmallStack& operator=(const SmallStack&) = delete;

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // REQUIRES: i < size(), also below.
  T& operator[](std::size_t i) { return items_[i]; }
  T& back() { return items_[size_ - 1]; }

  void push(T value) {
    if (size_ == room_) [[unlikely]]
      grow();
    items_[size_++] = value;
  }
  T pop() { return items_[--size_]; }
  // Forgets all but the first `size`.
  void shrink(std::size_t size) { size_ = size; }

 private:
  void grow() {
    auto larger = std::make_unique_for_overwrite<T[]>(2 * room_);
    std::copy_n(items_, size_, larger.get());
    outside_ = std::move(larger);
    items_ = outside_.get();
    room_ *= 2;
  }

  std::array<T, kInside> inside_;  // not initialised: size_ of them are what counts
  std::unique_ptr<T[]> outside_;
  T* items_ = inside_.data();
  std::size_t size_ = 0;
  std::size_t room_ = kInside;
};

}  // namespace pyport::python
