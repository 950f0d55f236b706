// Reading without a lock: what is seen is what was there at one moment, and where that cannot be said the
// lock's way is taken.
#include <pthread.h>
#include <sched.h>

#include <array>
#include <atomic>
#include <functional>
#include <set>
#include <thread>

#include "crash_harness.h"
#include "table/limits.h"

namespace pyport::table {
namespace {

class Look : public testing::Test {
 protected:
  Look() { EXPECT_TRUE(table_.create(dict_).ok()); }

  // What get_at_once gives, as text; "(unsure)" when it does not know.
  std::string at_once(const KeyView& key) const {
    Blob blob;
    return table_.get_at_once(dict_, key, blob) ? text_of(blob) : std::string("(unsure)");
  }

  const std::unique_ptr<Table> owned_ = new_table();
  Table& table_ = *owned_;
  const Handle dict_ = handle_no(1);
};

TEST_F(Look, FindsSmallValuesUnderEveryKindOfKey) {
  const std::string long_key(100, 'k');
  for (const KeyView& key : {KeyView(std::int64_t{7}), text_key("short"), text_key(""), text_key(long_key)}) {
    for (const std::size_t size : {1, 7, 8, 100, 129, 2048}) {
      ASSERT_TRUE(put_text(table_, dict_, key, std::string(size, 'v')).ok());
      EXPECT_EQ(at_once(key), std::string(size, 'v'));
      EXPECT_EQ(table_.contains_at_once(dict_, key), true);
    }
    EXPECT_EQ(table_.stats().pinned, 0u);
  }
}

TEST_F(Look, KnowsWhatIsNotThere) {
  ASSERT_TRUE(put_text(table_, dict_, text_key("here"), "v").ok());
  EXPECT_EQ(at_once(text_key("elsewhere")), "(no blob)");
  EXPECT_EQ(table_.contains_at_once(dict_, text_key("elsewhere")), false);
  ASSERT_TRUE(table_.erase(dict_, text_key("here")).ok());
  EXPECT_EQ(at_once(text_key("here")), "(no blob)");
}

TEST_F(Look, LeavesLargeValuesToTheLock) {
  ASSERT_TRUE(put_text(table_, dict_, text_key("k"), std::string(kCopiedBytes + 1, 'v')).ok());
  EXPECT_EQ(at_once(text_key("k")), "(unsure)");
  EXPECT_EQ(table_.contains_at_once(dict_, text_key("k")), true);
  EXPECT_EQ(text_at(table_, dict_, text_key("k")).size(), kCopiedBytes + 1);
}

TEST_F(Look, DestroyedDictsAreGone) {
  ASSERT_TRUE(put_text(table_, dict_, text_key("k"), "v").ok());
  ASSERT_EQ(at_once(text_key("k")), "v");
  table_.destroy(std::array{dict_});
  EXPECT_EQ(at_once(text_key("k")), "(unsure)");
  EXPECT_TRUE(is_gone(table_.get(dict_, text_key("k"))));
  while (table_.reclaim(100)) {
  }
  // The next dict takes its place.
  const Handle next = handle_no(2);
  ASSERT_TRUE(table_.create(next).ok());
  ASSERT_TRUE(put_text(table_, next, text_key("k"), "of the next").ok());
  EXPECT_EQ(at_once(text_key("k")), "(unsure)");
  EXPECT_TRUE(is_gone(table_.get(dict_, text_key("k"))));
}

// Whoever dies in the middle of a change leaves an odd version: readers take the lock, which repairs the
// dict. What is seen without it is all of the change or nothing, also by several looks.
TEST_F(Look, AfterADeathInTheMiddleOfAChangeTheLockRepairs) {
  const std::string old_value = "the old value, in a block", new_value = "the new value, in a block";
  const std::array keys{text_key("one"), text_key("two"), text_key("three")};
  const auto put_all = [&](Table& table, const std::string& value) {
    std::vector<KeyChange> changes;
    for (const KeyView& key : keys) changes.push_back({key, *blob_of(table, value)});
    return table.change_all(dict_, changes).ok();
  };
  int unsure = 0;
  for (std::size_t point = 0;; ++point) {
    ASSERT_TRUE(put_all(table_, old_value));
    const End end = run_and_kill(table_, point, [&](Table& table) { return put_all(table, new_value); });
    ASSERT_NE(end, End::failed);
    if (end == End::finished) break;
    std::set<std::string> seen;
    for (const KeyView& key : keys) seen.insert(at_once(key));
    ASSERT_EQ(seen.size(), 1u) << "point " << point << ": " << *seen.begin() << ", " << *seen.rbegin();
    if (*seen.begin() == "(unsure)") {
      ++unsure;
      EXPECT_EQ(text_at(table_, dict_, keys[0]), new_value);
      for (const KeyView& key : keys) EXPECT_EQ(at_once(key), new_value);
    } else {
      EXPECT_TRUE(*seen.begin() == old_value || *seen.begin() == new_value) << *seen.begin();
    }
    table_.sweep();
  }
  EXPECT_GT(unsure, 3);
  EXPECT_TRUE(audited(table_));
}

std::string value_of(std::uint64_t dict, std::int64_t key, std::uint64_t size) {
  const std::string unit = std::to_string(dict) + "/" + std::to_string(key) + ";";
  std::string text;
  while (text.size() < size) text += unit;
  return text;
}

// Dicts that pass the same blocks to and fro, and grow, shrink and end: a reader who followed a block that is
// another's by now would see another's key or dict.
TEST(TableThreads, WhoReadsWithoutALockSeesWhatIsHis) {
  const auto owned = new_table();
  Table& table = *owned;
  constexpr std::uint64_t kDicts = 2;
  constexpr std::int64_t kKeys = 12;
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> found{0};
  std::vector<std::thread> threads;
  for (std::uint64_t writer = 0; writer < 2; ++writer) {
    threads.emplace_back([&, writer] {
      std::uint64_t random = writer + 1;
      while (!stop) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        const std::uint64_t dict = (random >> 33) % kDicts;
        const auto key = static_cast<std::int64_t>((random >> 40) % kKeys);
        switch ((random >> 50) % 64) {
          case 0:
            table.destroy(std::array{handle_no(dict)});
            table.reclaim(1000);
            break;
          case 1:
            (void)table.create(handle_no(dict)).ok();
            break;
          case 2:
          case 3:
          case 4:
          case 5:
          case 6:
          case 7:
            (void)table.erase(handle_no(dict), key).ok();
            break;
          default:
            (void)put_text(table, handle_no(dict), key, value_of(dict, key, 10 + (random >> 56))).ok();
        }
      }
    });
  }
  std::uint64_t random = 99;
  // On a busy machine the writers may begin late.
  for (int n = 0; (n < 300000 || (found <= 1000 && n < 300000000)) && !testing::Test::HasFailure(); ++n) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    const std::uint64_t dict = (random >> 33) % kDicts;
    const auto key = static_cast<std::int64_t>((random >> 40) % kKeys);
    Blob blob;
    if (!table.get_at_once(handle_no(dict), key, blob) || !blob) continue;
    ++found;
    EXPECT_EQ(text_of(blob), value_of(dict, key, blob.size()));
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(found, 1000u);
}

// The number again and again: quick to check.
constexpr std::size_t kNumbers = 240;

std::string numbers(std::uint64_t number) {
  const std::vector<std::uint64_t> all(kNumbers, number);
  return {reinterpret_cast<const char*>(all.data()), kNumbers * sizeof number};
}

bool is_all(ByteSpan bytes, std::uint64_t number) {
  return bytes.size() == kNumbers * sizeof number && std::memcmp(bytes.data(), &number, sizeof number) == 0 &&
         std::memcmp(bytes.data(), bytes.data() + sizeof number, bytes.size() - sizeof number) == 0;
}

// All on one processor: who is interrupted in the middle of a look goes on when the dict he looked at has
// been changed or destroyed, and its memory is another dict's.
TEST(TableThreads, ALookThatIsInterruptedSeesNoOtherDict) {
  const auto owned = new_table();
  Table& table = *owned;
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> newest{1};
  std::atomic<std::uint64_t> found{0};
  const auto make = [&](std::uint64_t dict) {
    EXPECT_TRUE(table.create(handle_no(dict)).ok());
    EXPECT_TRUE(put_text(table, handle_no(dict), std::int64_t{1}, numbers(dict)).ok());
    newest = dict;
  };
  make(1);
  const auto work_on_one_processor = [&](const std::function<void()>& work) {
    return std::thread([&, work] {
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(static_cast<unsigned>(sched_getcpu()), &one);
      static const cpu_set_t same = one;
      EXPECT_EQ(pthread_setaffinity_np(pthread_self(), sizeof same, &same), 0);
      while (!stop) work();
    });
  };
  std::vector<std::thread> threads;
  for (int reader = 0; reader < 3; ++reader) {
    threads.push_back(work_on_one_processor([&] {
      const std::uint64_t dict = newest;
      Blob blob;
      if (!table.get_at_once(handle_no(dict), std::int64_t{1}, blob) || !blob) return;
      ++found;
      EXPECT_TRUE(is_all(blob.bytes(), dict)) << dict;
    }));
  }
  const Handle other = handle_no(0);
  ASSERT_TRUE(table.create(other).ok());
  const auto put_elsewhere = [&] {
    for (std::int64_t key = 0; key < 4; ++key) EXPECT_TRUE(put_text(table, other, key, numbers(0)).ok());
  };
  threads.push_back(work_on_one_processor([&, dict = std::uint64_t{1}]() mutable {
    EXPECT_TRUE(put_text(table, handle_no(dict), std::int64_t{1}, numbers(dict)).ok());
    put_elsewhere();  // in the block that has just become free
    table.destroy(std::array{handle_no(dict)});
    table.reclaim(1000);
    put_elsewhere();
    make(++dict);
  }));
  while (newest < 20000 && !testing::Test::HasFailure()) std::this_thread::yield();
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(found, 100u);
}

}  // namespace
}  // namespace pyport::table
