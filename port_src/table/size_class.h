// Size classes of small blocks: 32 to 128 bytes in steps of 16, then four a doubling up to 8 KiB. At most a
// fifth of a block is lost to rounding.
//
// Thread safety: pure functions.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "table/layout.h"

namespace pyport::table {

inline constexpr std::size_t kLargestClass = 8192;  // bytes, header included

constexpr std::array<std::uint32_t, kClasses> kClassBytes = [] {
  std::array<std::uint32_t, kClasses> sizes{};
  std::size_t n = 0;
  for (std::uint32_t size = 32; size <= 128; size += 16) sizes[n++] = size;
  for (std::uint32_t base = 128; base < kLargestClass; base *= 2)
    for (std::uint32_t quarter = 1; quarter <= 4; ++quarter) sizes[n++] = base + base / 4 * quarter;
  return sizes;
}();
static_assert(kClassBytes.back() == kLargestClass);
static_assert(kClassBytes[kMagazines - 1] == 1024, "magazines are kept for blocks up to 1 KiB");

// REQUIRES: bytes <= kLargestClass.
constexpr std::size_t class_of(std::size_t bytes) {
  if (bytes <= 128) return bytes <= 32 ? 0 : (bytes - 17) / 16;
  const auto doubling = static_cast<std::size_t>(std::bit_width(bytes - 1)) - 8;  // 0: 129..256
  const std::size_t base = std::size_t{128} << doubling;
  return 7 + doubling * 4 + (bytes - base - 1) / (base / 4);
}
static_assert(class_of(1) == 0 && class_of(32) == 0 && class_of(33) == 1 && class_of(48) == 1 &&
              class_of(128) == 6);
static_assert(class_of(129) == 7 && class_of(160) == 7 && class_of(161) == 8 && class_of(256) == 10 &&
              class_of(257) == 11);
static_assert(class_of(1024) == 18 && class_of(8192) == kClasses - 1);

constexpr std::uint32_t slab_pages(std::size_t size_class) {
  if (kClassBytes[size_class] <= 256) return 4;
  return kClassBytes[size_class] <= 1024 ? 8 : 16;
}
constexpr std::uint32_t slab_blocks(std::size_t size_class) {
  return static_cast<std::uint32_t>(slab_pages(size_class) * kPageBytes / kClassBytes[size_class]);
}

}  // namespace pyport::table
