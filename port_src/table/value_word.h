// The word of an entry that says where its value is: one store of it is what makes a value visible.
//
//   0                                      no value: the entry is dead
//   ...offset of a block (16-aligned) | 1  the value lies in a block
//   ...offset of a block (16-aligned) | 3  the block is a cell (cell.h)
//   ...offset of a block (16-aligned) | 5  the block is a box: a value that expires (box.h)
//   bytes 7..1 | tag u3 | length u3 | 2    up to seven bytes with a tag below 8 lie in the word itself
//
// Thread safety: values.
#pragma once

#include <cstring>

#include "base/bytes.h"
#include "table/layout.h"

namespace pyport::table {

inline constexpr std::size_t kWordBytes = 7;
inline constexpr std::uint32_t kWordTags = 8;

constexpr bool is_block_word(std::uint64_t word) { return (word & 15) == 1; }
constexpr bool is_inline_word(std::uint64_t word) { return (word & 3) == 2; }
constexpr bool is_cell_word(std::uint64_t word) { return (word & 15) == 3; }
constexpr bool is_box_word(std::uint64_t word) { return (word & 15) == 5; }
constexpr bool has_block(std::uint64_t word) { return is_block_word(word) || is_cell_word(word); }
constexpr std::uint64_t block_word(Offset block) { return block | 1; }
constexpr std::uint64_t cell_word(Offset block) { return block | 3; }
constexpr std::uint64_t box_word(Offset block) { return block | 5; }
constexpr Offset block_of(std::uint64_t word) { return word & ~std::uint64_t{15}; }

inline bool fits_word(ByteSpan bytes, std::uint32_t tag) {
  return bytes.size() <= kWordBytes && tag < kWordTags;
}

// REQUIRES: fits_word.
inline std::uint64_t inline_word(ByteSpan bytes, std::uint32_t tag) {
  std::uint64_t word = 0;
  if (!bytes.empty()) std::memcpy(&word, bytes.data(), bytes.size());
  return (word << 8) | (tag << 5) | (bytes.size() << 2) | 2;
}
constexpr std::size_t inline_size(std::uint64_t word) { return (word >> 2) & 7; }
constexpr std::uint32_t inline_tag(std::uint64_t word) { return static_cast<std::uint32_t>(word >> 5) & 7; }
constexpr std::uint64_t inline_bytes(std::uint64_t word) { return word >> 8; }  // little-endian

}  // namespace pyport::table
