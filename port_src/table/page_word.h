// The word of a page's descriptor. It is the truth about its pages: all else in the heap can be found out
// from these words and the states of the blocks.
//
//   | check u16 | pages u32 (inner: how far back the run begins) | size class u8 | kind u8 |     0: a free
//   page
//
// Thread safety: values.
#pragma once

#include <optional>

#include "table/block.h"
#include "table/layout.h"

namespace pyport::table {

struct PageWord {
  RunKind kind = RunKind::free;
  std::uint8_t size_class = 0;
  std::uint32_t pages = 1;
};

inline std::uint64_t page_word(std::uint32_t page, const PageWord& what) {
  const std::uint64_t low = static_cast<std::uint64_t>(what.kind) | (std::uint64_t{what.size_class} << 8) |
                            (std::uint64_t{what.pages} << 16);
  const std::uint64_t check = (mix(low ^ (std::uint64_t{page} << 24)) & 0xffff) | 1;
  return low | (check << 48);
}

// Nothing for a damaged word.
inline std::optional<PageWord> read_page_word(std::uint32_t page, std::uint64_t word) {
  if (word == 0) return PageWord{};
  PageWord what{static_cast<RunKind>(word & 0xff), static_cast<std::uint8_t>(word >> 8),
                static_cast<std::uint32_t>(word >> 16)};
  const auto kind = static_cast<std::uint8_t>(word & 0xff);
  const bool known = kind >= 1 && kind <= 4 && what.pages != 0 && what.size_class < kClasses;
  if (!known || page_word(page, what) != word) return std::nullopt;
  return what;
}

}  // namespace pyport::table
