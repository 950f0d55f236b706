// What a read of a small value allocates: the Python object that it gives, and nothing besides.
#include <atomic>
#include <cstdlib>
#include <new>

#include "harness.h"

// Sanitizers have a heap of their own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {
std::atomic<std::size_t> allocations{0};
}

[[gnu::noinline]] void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace pyport::python {
namespace {

using namespace testing;

// More key objects than an interpreter remembers values of, so that all of the reading is done.
constexpr const char* kSetUp = R"(
import sys

d = given
keys = ["".join(("k", "ey")) for _ in range(400)]

def blocks(value):
    """How many of Python's blocks are taken by what was read 400 times."""
    d["key"] = value
    found = [None] * len(keys)
    before = sys.getallocatedblocks()
    for i, key in enumerate(keys):
        found[i] = d[key]
    return sys.getallocatedblocks() - before

def reads():
    for _ in range(50):
        for key in keys:
            d[key]
)";

TEST(Allocations, AReadMakesOneObjectAndNothingElse) {
  const NamespaceId ns = new_namespace();
  ASSERT_EQ(exec(ns, kSetUp, p_dict({{"given", p_handle(new_dict())}})), "<done>");
  for (const char* value :
       {"42", "10**6", "2.5", "None", "'text'", "b'bytes'", "'long text' * 100", "2**60"}) {
    EXPECT_EQ(eval(ns, std::string("str(blocks(") + value + ") <= 420)"), "True") << value;
    const std::size_t before = allocations;
    EXPECT_EQ(eval(ns, "str(reads())"), "None");
    EXPECT_LT(allocations - before, 1000U) << value << ": 20,000 reads, and one job";
  }
  const std::size_t before = allocations;
  std::vector<std::unique_ptr<int>> made;
  for (int i = 0; i < 1000; ++i) made.push_back(std::make_unique<int>(i));
  EXPECT_GE(allocations - before, 1000U) << "are not counted";
}

}  // namespace
}  // namespace pyport::python

#endif
