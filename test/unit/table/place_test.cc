#include "table/place.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "heap_harness.h"

namespace pyport::table {
namespace {

TEST(Place, EachLaneIsTakenOnce) {
  HeapHarness harness;
  std::set<std::size_t> lanes;
  for (std::size_t i = 0; i < kLanes; ++i) lanes.insert(harness.place().take_lane());
  EXPECT_EQ(lanes.size(), kLanes);
  for (const std::size_t lane : lanes) harness.place().leave_lane(lane);
}

TEST(Place, WhoFindsNoLaneWaitsForOne) {
  HeapHarness harness;
  std::vector<std::size_t> lanes;
  for (std::size_t i = 0; i < kLanes; ++i) lanes.push_back(harness.place().take_lane());
  std::thread other([&] { harness.place().leave_lane(harness.place().take_lane()); });
  harness.place().leave_lane(lanes[3]);
  other.join();
}

TEST(Place, RecordsAreTakenOnceUntilThereAreNone) {
  HeapHarness harness;
  std::set<std::uint32_t> records;
  for (std::size_t i = 0; i < kRecords; ++i) records.insert(*harness.place().take_record());
  EXPECT_EQ(records.size(), kRecords);
  EXPECT_EQ(*records.rbegin(), kRecords - 1);
  EXPECT_FALSE(harness.place().take_record());
  harness.place().leave_record(77);
  EXPECT_EQ(harness.place().take_record(), 77u);
}

TEST(Place, RecordsAreTakenOnceByThreads) {
  HeapHarness harness;
  std::array<std::atomic<int>, kRecords> taken{};
  std::vector<std::thread> threads;
  for (int n = 0; n < 4; ++n) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20000; ++i) {
        const auto record = harness.place().take_record();
        ASSERT_TRUE(record);
        ASSERT_EQ(taken[*record].fetch_add(1), 0);
        taken[*record] = 0;
        harness.place().leave_record(*record);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace pyport::table
