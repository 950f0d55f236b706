#include "table/size_class.h"

#include <gtest/gtest.h>

namespace pyport::table {
namespace {

TEST(SizeClass, EverySizeGetsTheSmallestClassThatHoldsIt) {
  for (std::size_t bytes = 1; bytes <= kLargestClass; ++bytes) {
    const std::size_t size_class = class_of(bytes);
    ASSERT_LT(size_class, kClasses) << bytes;
    ASSERT_GE(kClassBytes[size_class], bytes);
    if (size_class > 0) {
      ASSERT_LT(kClassBytes[size_class - 1], bytes);
    }
  }
}

TEST(SizeClass, RoundingLosesAtMostAFifthOrSixteenBytes) {
  for (std::size_t bytes = 32; bytes <= kLargestClass; ++bytes) {
    const std::size_t lost = kClassBytes[class_of(bytes)] - bytes;
    ASSERT_TRUE(lost < 16 || lost * 5 <= kClassBytes[class_of(bytes)]) << bytes;
  }
}

TEST(SizeClass, BlocksAreAlignedAndSlabsHoldEnoughOfThem) {
  for (std::size_t n = 0; n < kClasses; ++n) {
    EXPECT_EQ(kClassBytes[n] % 16, 0u) << n;
    EXPECT_LE(slab_blocks(n) * kClassBytes[n], slab_pages(n) * kPageBytes) << n;
    const std::size_t left_over = slab_pages(n) * kPageBytes - slab_blocks(n) * kClassBytes[n];
    EXPECT_LE(left_over * 8, slab_pages(n) * kPageBytes) << n << ": more than an eighth of the slab is lost";
  }
}

}  // namespace
}  // namespace pyport::table
