// Parts of a list, as Python's slices say them.
//
// Thread safety: values.
#pragma once

#include <algorithm>
#include <cstdint>

namespace pyport::table {

// Indices that a list has, or would have next: first, first + step, ...; of none, `first` is where some would
// be.
struct ListRange {
  std::int64_t first = 0;
  std::int64_t step = 1;
  std::uint64_t count = 0;

  std::int64_t at(std::uint64_t n) const { return first + static_cast<std::int64_t>(n) * step; }
  // The same indices, the lowest one first.
  ListRange ascending() const {
    return step > 0 || count == 0 ? *this : ListRange{at(count - 1), -step, count};
  }
};

// From `start` until before `stop`; below 0 they count from the end, and what is beyond an end is that end.
// REQUIRES: `step` is neither 0 nor the least there is.
struct ListSlice {
  std::int64_t start = 0;
  std::int64_t stop = 0;
  std::int64_t step = 1;

  ListRange of(std::uint64_t size) const {
    const auto all = static_cast<std::int64_t>(size);
    const std::int64_t least = step < 0 ? -1 : 0, most = step < 0 ? all - 1 : all;
    const auto within = [&](std::int64_t at) { return std::clamp(at < 0 ? at + all : at, least, most); };
    const std::int64_t begin = within(start), end = within(stop);
    const std::int64_t way = step < 0 ? begin - end : end - begin, stride = step < 0 ? -step : step;
    return {begin, step, way <= 0 ? 0 : static_cast<std::uint64_t>((way - 1) / stride + 1)};
  }
};

// What putting values into a slice came to.
struct SlicePut {
  bool fits = true;  // false: nothing was put, as an extended slice takes as many values as it has places
  std::uint64_t count = 0;  // places that it had
};

}  // namespace pyport::table
