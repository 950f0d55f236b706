#include "table/segments.h"

#include <gtest/gtest.h>

namespace pyport::table {
namespace {

TEST(Segments, EntriesFollowEachOtherWithoutAGap) {
  EntryPlace expected{0, 0};
  for (std::uint64_t entry = 0; entry < 100000; ++entry) {
    const EntryPlace place = place_of(entry);
    ASSERT_EQ(place.segment, expected.segment) << entry;
    ASSERT_EQ(place.index, expected.index) << entry;
    if (++expected.index == segment_entries(expected.segment)) expected = {expected.segment + 1, 0};
  }
}

TEST(Segments, AsManyAsItTakes) {
  EXPECT_EQ(segments_for(0), 0u);
  EXPECT_EQ(segments_for(1), 1u);
  EXPECT_EQ(segments_for(8), 1u);
  EXPECT_EQ(segments_for(9), 2u);
  for (const std::uint64_t entries : {std::uint64_t{1024}, std::uint64_t{1000000}, kMostEntries}) {
    std::uint64_t held = 0;
    for (std::size_t n = 0; n < std::min<std::size_t>(segments_for(entries), kFirstSegments); ++n)
      held += segment_entries(n);
    if (segments_for(entries) > kFirstSegments)
      held += (segments_for(entries) - kFirstSegments) * kFullSegment;
    EXPECT_GE(held, entries);
    EXPECT_LT(held - kFullSegment, entries);
  }
}

TEST(Segments, OfTheLastEntryIsReckonedWithoutOverflow) {
  EXPECT_EQ(place_of(kMostEntries - 1).segment,
            kFirstSegments + (kMostEntries - 1 - kFullSegment) / kFullSegment);
}

}  // namespace
}  // namespace pyport::table
