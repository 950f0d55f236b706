// A stack whose first elements lie in itself: what a small value needs allocates nothing.
//
// Thread safety: values.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <vector>

namespace pyport::python {

// push() throws std::bad_alloc.
template <class T, std::size_t kInside>
class SmallStack {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // REQUIRES: i < size(), also below.
  T& operator[](std::size_t i) { return i < kInside ? inside_[i] : outside_[i - kInside]; }
  T& back() { return (*this)[size_ - 1]; }

  void push(T value) {
    if (size_ >= kInside) {
      outside_.resize(size_ - kInside);
      outside_.push_back(value);
    } else {
      inside_[size_] = value;
    }
    ++size_;
  }
  T pop() {
    const T last = back();
    --size_;
    return last;
  }
  // Forgets all but the first `size`.
  void shrink(std::size_t size) { size_ = size; }

 private:
  std::array<T, kInside> inside_;  // not initialised: size_ of them are what counts
  std::vector<T> outside_;
  std::size_t size_ = 0;
};

}  // namespace pyport::python
