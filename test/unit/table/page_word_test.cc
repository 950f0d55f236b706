#include "table/page_word.h"

#include <gtest/gtest.h>

namespace pyport::table {
namespace {

TEST(PageWord, SaysWhatWasWritten) {
  for (const auto kind : {RunKind::large, RunKind::slab, RunKind::chunk, RunKind::inner}) {
    for (const std::uint32_t pages : {1U, 16U, 0xffffffffU}) {
      for (const std::uint32_t page : {0U, 1U, 0xfffffffeU}) {
        const PageWord what{kind, static_cast<std::uint8_t>(kind == RunKind::slab ? kClasses - 1 : 0), pages};
        const auto read = read_page_word(page, page_word(page, what));
        ASSERT_TRUE(read);
        EXPECT_EQ(read->kind, kind);
        EXPECT_EQ(read->size_class, what.size_class);
        EXPECT_EQ(read->pages, pages);
      }
    }
  }
}

TEST(PageWord, ZeroIsAFreePage) { EXPECT_EQ(read_page_word(5, 0)->kind, RunKind::free); }

TEST(PageWord, IsGoodForItsOwnPageAlone) {
  const std::uint64_t word = page_word(5, {RunKind::slab, 3, 8});
  EXPECT_TRUE(read_page_word(5, word));
  EXPECT_FALSE(read_page_word(6, word));
}

TEST(PageWord, EveryFlippedBitShows) {
  for (std::uint32_t page = 0; page < 50; ++page) {
    const std::uint64_t word = page_word(page, {RunKind::slab, 3, 8});
    for (int bit = 0; bit < 64; ++bit)
      EXPECT_FALSE(read_page_word(page, word ^ (std::uint64_t{1} << bit))) << page << ' ' << bit;
  }
}

}  // namespace
}  // namespace pyport::table
