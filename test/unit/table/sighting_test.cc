// What was read once and is still so need not be read again.
#include <algorithm>
#include <array>
#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "crash_harness.h"
#include "table/limits.h"

namespace pyport::table {
namespace {

class SightingTest : public testing::Test {
 protected:
  SightingTest() { EXPECT_TRUE(table_.create(dict_).ok()); }

  void put(const KeyView& key, const std::string& text) {
    EXPECT_TRUE(put_text(table_, dict_, key, text).ok());
  }
  Sighting see(const KeyView& key) const {
    Blob blob;
    const auto seen = table_.get_at_once(dict_, key, blob);
    EXPECT_TRUE(seen && blob);
    return seen.value_or(Sighting{});
  }
  bool still(const Sighting& seen) const { return table_.is_still_so(dict_, seen); }

  const std::unique_ptr<Table> owned_ = new_table();
  Table& table_ = *owned_;
  const Handle dict_ = handle_no(1);
  const std::string short_[2] = {"one", "two"};  // in the value's word
  const std::string long_[2] = {std::string(100, '1'), std::string(100, '2')};
};

TEST_F(SightingTest, IsSoUntilTheValueChanges) {
  const KeyView key = text_key("k");
  for (const auto& [before, after] :
       {std::pair(short_[0], short_[1]), std::pair(long_[0], long_[1]), std::pair(short_[0], long_[0]),
        std::pair(long_[0], short_[0]), std::pair(long_[0], long_[0])}) {
    put(key, before);
    const Sighting seen = see(key);
    EXPECT_TRUE(still(seen));
    EXPECT_TRUE(still(seen));
    put(key, after);
    EXPECT_FALSE(still(seen)) << before << " " << after;
    EXPECT_TRUE(still(see(key)));
  }
}

// Blocks are used again: another value may lie where that one lay.
TEST_F(SightingTest, IsNotTakenInByAnotherValueInTheSameBlock) {
  const KeyView key = text_key("k");
  put(key, long_[0]);
  const Sighting seen = see(key);
  int there = 0;
  for (int i = 0; i < 10; ++i) {
    put(key, std::string(100, static_cast<char>('a' + i)));
    there += see(key).word == seen.word ? 1 : 0;
    EXPECT_FALSE(still(seen));
  }
  EXPECT_GT(there, 0) << "tests nothing";
}

TEST_F(SightingTest, EndsWithTheKeyAndTheDict) {
  const KeyView key = text_key("k");
  for (const std::string& value : {short_[0], long_[0]}) {
    put(key, value);
    const Sighting seen = see(key);
    EXPECT_TRUE(*table_.erase(dict_, key));
    EXPECT_FALSE(still(seen));
    put(key, value);
    EXPECT_FALSE(still(seen));
  }
  const Sighting seen = see(key);
  table_.destroy(std::array{dict_});
  EXPECT_FALSE(still(seen));
  while (table_.reclaim(100)) {
  }
  ASSERT_TRUE(table_.create(handle_no(2)).ok());  // in its place
  ASSERT_TRUE(put_text(table_, handle_no(2), key, long_[0]).ok());
  EXPECT_FALSE(still(seen));
  EXPECT_FALSE(table_.is_still_so(handle_no(2), seen));
}

// Who has been told of a newer value never takes an older one for true.
TEST(TableThreads, WhatIsStillSoNeverGoesBack) {
  const auto table = new_table();
  const Handle dict = handle_no(1);
  const KeyView key = std::int64_t{1};
  ASSERT_TRUE(table->create(dict).ok());
  // Of lengths in turn that lie in the word and that do not.
  const auto text = [](unsigned number) {
    std::string digits = std::to_string(number);
    if (number % 3 == 0) digits += std::string(50, ' ');
    return digits;
  };
  ASSERT_TRUE(put_text(*table, dict, key, text(0)).ok());
  std::atomic<unsigned> told = 0;
  std::atomic<unsigned> known = 0;
  constexpr unsigned kLast = 30000;
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      std::optional<Sighting> seen;
      unsigned number = 0;
      while (told < kLast) {
        const unsigned least = told;
        if (seen && table->is_still_so(dict, *seen)) {
          ++known;
        } else {
          Blob blob;
          seen = table->get_at_once(dict, key, blob);
          if (!seen) continue;
          number = static_cast<unsigned>(std::stoul(text_of(blob)));
        }
        ASSERT_GE(number, least);
      }
    });
  }
  // On a busy machine the readers may come late.
  for (unsigned number = 1; number < kLast || (known == 0 && number < 1000 * kLast); ++number) {
    EXPECT_TRUE(put_text(*table, dict, key, text(number)).ok());
    told = std::min(number, kLast - 1);
  }
  told = kLast;
  for (std::thread& reader : readers) reader.join();
  EXPECT_GT(known, 0U);
}

}  // namespace
}  // namespace pyport::table
