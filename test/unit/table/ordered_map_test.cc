#include "table/ordered_map.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "helpers.h"

namespace pyport::table {
namespace {

constexpr SipKey kSeed{11, 22};

// A map with keys hashed on the way, and the plain truth beside it.
class Checked {
 public:
  void put(const Key& key, const std::string& value) {
    const Blob replaced = map_.put(hashed(key), blob_of(value));
    const auto [at, is_new] = truth_.try_emplace(key, value);
    EXPECT_EQ(static_cast<bool>(replaced), !is_new);
    if (is_new) {
      order_.push_back(key);
    } else {
      EXPECT_EQ(text_of(replaced), at->second);
      at->second = value;
    }
  }

  void erase(const Key& key) {
    const auto taken = map_.erase(hashed(key));
    const auto at = truth_.find(key);
    ASSERT_EQ(taken.has_value(), at != truth_.end());
    if (!taken) return;
    EXPECT_EQ(taken->key, key);
    EXPECT_EQ(text_of(taken->blob), at->second);
    truth_.erase(at);
    order_.erase(std::find(order_.begin(), order_.end(), key));
  }

  void check_one(const Key& key) const {
    const Blob* blob = map_.find(hashed(key));
    const auto at = truth_.find(key);
    ASSERT_EQ(blob != nullptr, at != truth_.end());
    if (blob != nullptr) {
      EXPECT_EQ(text_of(*blob), at->second);
    }
  }

  void check_all() const {
    ASSERT_EQ(map_.size(), truth_.size());
    ASSERT_EQ(map_.keys(), order_);
    std::uint64_t bytes = 0;
    for (const auto& [key, value] : truth_) {
      check_one(key);
      bytes += key_bytes(key) + value.size();
    }
    EXPECT_EQ(map_.bytes(), bytes);
    EXPECT_LE(map_.entries_kept(), 2 * truth_.size() + 64);
  }

  const std::vector<Key>& order() const { return order_; }

 private:
  static HashedKey hashed(const Key& key) { return HashedKey(kSeed, view_of(key)); }

  OrderedMap map_;
  std::map<Key, std::string> truth_;
  std::vector<Key> order_;
};

// Integers, short and long texts, and texts that have the bytes of an integer key.
Key random_key(std::mt19937_64& random, std::uint64_t range) {
  const auto n = static_cast<std::int64_t>(random() % range);
  switch (random() % 4) {
    case 0:
      return n - static_cast<std::int64_t>(range / 2);
    case 1:
      return std::to_string(n);
    case 2:
      return std::string(40, 'k') + std::to_string(n);
    default:
      return std::string(reinterpret_cast<const char*>(&n), sizeof n);
  }
}

TEST(OrderedMap, AgreesWithAModelOver100000RandomOperations) {
  std::mt19937_64 random(20240611);
  Checked map;
  for (int i = 0; i < 100000; ++i) {
    // Phases that mostly grow and phases that mostly shrink, so that compaction and shrinking happen.
    const bool growing = (i / 5000) % 2 == 0;
    const Key key = random_key(random, 500);
    const auto dice = random() % 10;
    if (dice < (growing ? 6u : 2u)) {
      map.put(key, std::string(random() % 30, 'v') + std::to_string(i));
    } else if (dice < 8) {
      map.erase(growing || map.order().empty() ? key : map.order()[random() % map.order().size()]);
    } else {
      map.check_one(key);
    }
    if (i % 1000 == 0) map.check_all();
    if (testing::Test::HasFailure()) FAIL() << "after operation " << i;
  }
  map.check_all();
}

TEST(OrderedMap, AQueueOfKeysKeepsItsSize) {
  Checked map;
  for (int i = 0; i < 20000; ++i) {
    map.put(std::int64_t{i}, "v");
    if (i >= 50) map.erase(std::int64_t{i - 50});
  }
  map.check_all();
}

TEST(OrderedMap, KeysOfOneHashAreToldApart) {
  OrderedMap map;
  const auto key = [](std::int64_t n) {
    HashedKey hashed(kSeed, KeyView(n));
    hashed.hash = 6;  // near the end of eight slots: the run wraps round
    return hashed;
  };
  for (std::int64_t n = 0; n < 200; ++n) map.put(key(n), blob_of(std::to_string(n)));
  for (std::int64_t n = 0; n < 200; n += 2) EXPECT_TRUE(map.erase(key(n)));
  for (std::int64_t n = 0; n < 200; ++n) {
    const Blob* blob = map.find(key(n));
    ASSERT_EQ(blob != nullptr, n % 2 == 1) << n;
    if (blob != nullptr) {
      EXPECT_EQ(text_of(*blob), std::to_string(n));
    }
  }
}

TEST(OrderedMap, GivesMemoryBackAfterManyErasures) {
  OrderedMap large;
  for (std::int64_t i = 0; i < 10000; ++i) large.put(HashedKey(kSeed, KeyView(i)), blob_of("v"));
  for (std::int64_t i = 0; i < 9990; ++i) large.erase(HashedKey(kSeed, KeyView(i)));
  EXPECT_EQ(large.size(), 10u);
  EXPECT_LT(large.entries_kept(), 64u);
}

}  // namespace
}  // namespace pyport::table
