#include "server/reaper.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "child.h"

namespace pyport::server {
namespace {

using namespace std::chrono_literals;

// Waits until the condition holds.
template <class Condition>
bool comes_true(Condition condition) {
  for (int waited = 0; waited < test::kLimitMs; waited += 2) {
    if (condition()) return true;
    std::this_thread::sleep_for(2ms);
  }
  return false;
}

struct ReaperTest : ::testing::Test {
  // A dict with content; the bytes that blocks of the table take then.
  std::uint64_t fill(const table::Handle& handle) {
    EXPECT_TRUE(table.create(handle));
    for (std::int64_t key = 0; key < 1000; ++key) {
      auto writer = table.allocate(1000);
      EXPECT_TRUE(writer.ok());
      EXPECT_TRUE(table.put(handle, key, (*std::move(writer)).finish(0)));
    }
    return table.stats().used;
  }

  // Neither is ever destroyed: a reaper's thread never ends.
  table::Table& table = *(*table::Table::anonymous()).release();
  const std::uint64_t empty = table.stats().used;
};

TEST_F(ReaperTest, FreesDestroyedDictsWhenWoken) {
  auto& reaper = *new Reaper(table, 0ms);
  ASSERT_TRUE(reaper.start());
  const table::Handle handle{{1}};
  const std::uint64_t full = fill(handle);
  ASSERT_GT(full, empty + 1000000);
  table.destroy({&handle, 1});
  reaper.wake();
  EXPECT_TRUE(comes_true([&] { return table.stats().used < full - 1000000; }));
}

TEST_F(ReaperTest, FreesUnaskedWhatOthersDestroyed) {
  auto& reaper = *new Reaper(table, 5ms);
  ASSERT_TRUE(reaper.start());
  const table::Handle handle{{1}};
  const std::uint64_t full = fill(handle);
  table.destroy({&handle, 1});
  EXPECT_TRUE(comes_true([&] { return table.stats().used < full - 1000000; }));
}

}  // namespace
}  // namespace pyport::server
