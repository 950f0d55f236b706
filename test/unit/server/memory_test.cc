#include "server/memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <new>

#include "child.h"
#include "server/process.h"

namespace pyport::server {
namespace {

constexpr std::size_t kBig = std::size_t{64} << 20;

void* map(int kind) {
  void* memory = mmap(nullptr, kBig, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

TEST(Memory, InUseCountsWhatIsPrivate) {
  const MemoryInUse before = memory_in_use();
  EXPECT_GT(before.resident, 0u);
  std::memset(map(MAP_PRIVATE), 1, kBig);
  const MemoryInUse after = memory_in_use();
  EXPECT_GE(after.resident, before.resident + kBig);
  EXPECT_GE(after.data, before.data + kBig);
}

TEST(Memory, InUseLeavesOutWhatIsShared) {
  const MemoryInUse before = memory_in_use();
  std::memset(map(MAP_SHARED), 1, kBig);
  const MemoryInUse after = memory_in_use();
  EXPECT_LT(after.resident, before.resident + kBig / 2);
  EXPECT_LT(after.data, before.data + kBig / 2);
}

TEST(Memory, LimitMakesAllocationsFailAndSharedMemoryGoOn) {
  EXPECT_EQ(0, test::exit_status(test::in_child([] {
              if (!limit_memory(memory_in_use().data + kBig / 2)) return 1;
              if (map(MAP_SHARED) == nullptr) return 2;
              if (map(MAP_PRIVATE) != nullptr) return 3;
              lift_memory_limit();
              return map(MAP_PRIVATE) != nullptr ? 0 : 4;
            })));
}

TEST(Memory, NoLimitChangesNothing) {
  EXPECT_TRUE(limit_memory(0));
  EXPECT_NE(map(MAP_PRIVATE), nullptr);
}

TEST(Memory, LimitBelowWhatIsInUseIsRefused) {
  const Status status = limit_memory(4096);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Errc::bad_config);
  EXPECT_TRUE(status.error().detail.starts_with("max_memory: 4096 is less than the "))
      << status.error().detail;
  EXPECT_NE(map(MAP_PRIVATE), nullptr);
}

void no_memory() { throw std::bad_alloc(); }

TEST(Memory, NoneLeftIsAnExitStatusOfItsOwn) {
  EXPECT_EQ(kExitMemory, test::exit_status(test::in_child([]() -> int {
              prepare_process();
              []() noexcept { no_memory(); }();
              return 0;
            })));
}

}  // namespace
}  // namespace pyport::server
