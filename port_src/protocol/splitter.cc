#include "protocol/splitter.h"

#include <algorithm>

#include "protocol/header.h"

namespace pyport::protocol {
namespace {

// What one read of a pipe usually brings, and then some.
constexpr std::size_t kUsualCapacity = std::size_t{256} << 10;
// The buffer is tidied when less than this (counted from the unfinished frame) is left to its end.
constexpr std::size_t kLeastRoom = std::size_t{16} << 10;

}  // namespace

Splitter::Splitter(std::size_t cap)
    : cap_(cap),
      capacity_(kUsualCapacity),
      buffer_(std::make_unique_for_overwrite<std::uint8_t[]>(kUsualCapacity)) {}

std::size_t Splitter::wanted() const {
  if (waiting() < kLengthSize) return kLengthSize;
  return kLengthSize + load_u32(&buffer_[begin_]);
}

std::span<std::uint8_t> Splitter::room() {
  const std::size_t needed = std::max(wanted(), kLeastRoom);
  if (needed > capacity_) {
    move_to(needed);
  } else if (capacity_ > kUsualCapacity && needed <= kUsualCapacity) {
    move_to(kUsualCapacity);  // the big frame has gone; so does its buffer
  } else if (waiting() == 0 || begin_ + needed > capacity_) {
    move_to(capacity_);
  }
  return {&buffer_[end_], capacity_ - end_};
}

void Splitter::move_to(std::size_t capacity) {
  const std::size_t kept = waiting();
  if (capacity != capacity_) {
    auto next = std::make_unique_for_overwrite<std::uint8_t[]>(capacity);
    std::copy_n(buffer_.get() + begin_, kept, next.get());
    buffer_ = std::move(next);
    capacity_ = capacity;
  } else if (kept > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, kept);
  }
  begin_ = 0;
  end_ = kept;
}

Cut Splitter::next() {
  if (waiting() < kLengthSize) return {};
  const std::uint32_t length = load_u32(&buffer_[begin_]);
  if (length > cap_) return {Cut::Kind::too_large, {}, length};
  if (waiting() - kLengthSize < length) return {};
  const ByteSpan frame{&buffer_[begin_ + kLengthSize], length};
  begin_ += kLengthSize + length;
  return {Cut::Kind::frame, frame, length};
}

}  // namespace pyport::protocol
