// What the table does when the allocator has nothing: every allocation of an operation is made to fail in
// turn, and each time the dict must be as it was before.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <optional>
#include <vector>

#include "helpers.h"

namespace {

// How many more allocations of this thread succeed; negative: all of them.
thread_local long allocations_left = -1;

void* allocate_or_throw(std::size_t size) {
  if (allocations_left == 0) throw std::bad_alloc();
  if (allocations_left > 0) --allocations_left;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}

}  // namespace

// All of this test program allocates through these.
void* operator new(std::size_t size) { return allocate_or_throw(size); }
void* operator new[](std::size_t size) { return allocate_or_throw(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace pyport::table {
namespace {

// Runs `operation` with 0, 1, 2 ... allocations allowed until it succeeds. Every failure must be table_full
// and be followed by a true `unchanged`. Returns how many times it failed.
template <class Operation, class Unchanged>
int fail_each_allocation(Operation operation, Unchanged unchanged) {
  for (int allowed = 0; allowed < 100; ++allowed) {
    allocations_left = allowed;
    std::optional<Errc> failure;
    {
      const auto result = operation();
      allocations_left = -1;
      if (!result.ok()) failure = result.error().code;
    }
    if (!failure) return allowed;
    EXPECT_EQ(*failure, Errc::table_full);
    EXPECT_TRUE(unchanged()) << "after " << allowed << " allocations";
  }
  ADD_FAILURE() << "never succeeded";
  return -1;
}

TEST(NoMemory, AFailedPutLeavesTheDictAsItWas) {
  Table table;
  const Handle dict = handle_no(1);
  ASSERT_TRUE(table.create(dict).ok());
  const std::string long_name(100, 'k');  // a key that needs an allocation of its own
  const Blob blob = blob_of("value");
  int failures = 0;
  std::vector<Key> expected;
  for (int n = 0; n < 100; ++n) {
    const std::string key = long_name + std::to_string(n);
    const auto put = [&] { return table.put(dict, text_key(key), blob); };
    const TableStats before = table.stats();
    failures += fail_each_allocation(put, [&] {
      return table.stats().keys == before.keys && table.stats().bytes == before.bytes &&
             *table.keys(dict) == expected && !*table.contains(dict, text_key(key));
    });
    expected.emplace_back(key);
    ASSERT_EQ(*table.keys(dict), expected);
  }
  EXPECT_GE(failures, 100 + 3);  // each key's text, and the growth of both arrays
  table.destroy(std::array{dict});
  EXPECT_EQ(table.stats().bytes, 0u);
}

TEST(NoMemory, AFailedCreateMakesNoDict) {
  Table table;
  const auto create = [&] { return table.create(handle_no(1)); };
  EXPECT_GE(
      fail_each_allocation(create, [&] { return table.stats().dicts == 0 && !table.alive(handle_no(1)); }),
      2);
  EXPECT_TRUE(table.alive(handle_no(1)));
}

TEST(NoMemory, KeysWithoutMemoryIsTableFull) {
  Table table;
  const Handle dict = handle_no(1);
  ASSERT_TRUE(table.create(dict).ok());
  ASSERT_TRUE(table.put(dict, text_key(std::string(100, 'k')), blob_of("v")).ok());
  EXPECT_EQ(fail_each_allocation([&] { return table.keys(dict); }, [] { return true; }), 2);
}

TEST(NoMemory, EraseAndDestroyNeedNone) {
  Table table;
  const Handle dict = handle_no(1);
  ASSERT_TRUE(table.create(dict).ok());
  const Blob blob = blob_of("value");
  for (std::int64_t n = 0; n < 1000; ++n) ASSERT_TRUE(table.put(dict, n, blob).ok());
  allocations_left = 0;
  for (std::int64_t n = 0; n < 900; ++n) {
    if (!*table.erase(dict, n)) break;
  }
  const bool last_is_there = *table.contains(dict, std::int64_t{950});
  const std::size_t destroyed = table.destroy(std::array{dict});
  allocations_left = -1;
  EXPECT_TRUE(last_is_there);
  EXPECT_EQ(destroyed, 1u);
  EXPECT_EQ(table.stats().keys, 0u);
  EXPECT_EQ(table.stats().bytes, 0u);
}

}  // namespace
}  // namespace pyport::table
