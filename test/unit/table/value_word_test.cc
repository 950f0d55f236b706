#include "table/value_word.h"

#include <gtest/gtest.h>

#include <string>

namespace pyport::table {
namespace {

TEST(ValueWord, HoldsSmallValuesWithTheirTags) {
  for (std::size_t size = 0; size <= kWordBytes; ++size) {
    for (std::uint32_t tag = 0; tag < kWordTags; ++tag) {
      const std::string value(size, '\xfe');
      ASSERT_TRUE(fits_word(as_bytes(value), tag));
      const std::uint64_t word = inline_word(as_bytes(value), tag);
      ASSERT_NE(word, 0u);
      EXPECT_TRUE(is_inline_word(word));
      EXPECT_FALSE(is_block_word(word));
      EXPECT_EQ(inline_size(word), size);
      EXPECT_EQ(inline_tag(word), tag);
      const std::uint64_t bytes = inline_bytes(word);
      EXPECT_EQ(std::memcmp(&bytes, value.data(), size), 0);
    }
  }
}

TEST(ValueWord, WhatDoesNotFitIsTold) {
  EXPECT_FALSE(fits_word(as_bytes("12345678"), 0));
  EXPECT_FALSE(fits_word(as_bytes("1"), kWordTags));
}

TEST(ValueWord, NamesBlocks) {
  for (const Offset block : {Offset{16}, Offset{1} << 44, (Offset{1} << 44) - 16}) {
    const std::uint64_t word = block_word(block);
    EXPECT_TRUE(is_block_word(word));
    EXPECT_FALSE(is_inline_word(word));
    EXPECT_EQ(block_of(word), block);
  }
}

TEST(ValueWord, ZeroIsNeither) {
  EXPECT_FALSE(is_block_word(0));
  EXPECT_FALSE(is_inline_word(0));
}

}  // namespace
}  // namespace pyport::table
