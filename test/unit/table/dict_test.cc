// Dicts against a model: a list of pairs in order of insertion.
#include "table/dict.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <unordered_map>

#include "helpers.h"

namespace pyport::table {
namespace {

class Model {
 public:
  void put(const std::string& key, const std::string& value, std::uint32_t tag) {
    const auto [at, is_new] = values_.try_emplace(key);
    if (is_new) at->second.order = ++order_;
    at->second.value = value;
    at->second.tag = tag;
  }
  bool erase(const std::string& key) { return values_.erase(key) != 0; }
  struct Value {
    std::string value;
    std::uint32_t tag = 0;
    std::uint64_t order = 0;
  };
  const Value* find(const std::string& key) const {
    const auto at = values_.find(key);
    return at == values_.end() ? nullptr : &at->second;
  }
  std::vector<std::string> keys() const {
    std::vector<std::pair<std::uint64_t, std::string>> all;
    for (const auto& [key, value] : values_) all.emplace_back(value.order, key);
    std::sort(all.begin(), all.end());
    std::vector<std::string> keys;
    for (const auto& pair : all) keys.push_back(pair.second);
    return keys;
  }
  std::size_t size() const { return values_.size(); }

 private:
  std::unordered_map<std::string, Value> values_;
  std::uint64_t order_ = 0;
};

// Model keys: integers are written "#n", all others stand for themselves.
struct AnyKey {
  explicit AnyKey(std::uint64_t n) {
    switch (n % 5) {
      case 0:
      case 1:
        number = static_cast<std::int64_t>(n % 2 == 0 ? n : -n);
        name = "#" + std::to_string(*number);
        break;
      case 2:
        name = "k" + std::to_string(n);
        break;
      case 3:
        name = std::to_string(n);
        name.resize(16 + n % 2, '.');  // the longest short one, the shortest long one
        break;
      default:
        name = std::to_string(n);
        name.resize(40 + n % 3000, '\0');
    }
  }
  KeyView view() const { return number ? KeyView(*number) : KeyView(as_bytes(name)); }
  std::optional<std::int64_t> number;
  std::string name;
};

std::string name_of(const Key& key) {
  const auto* number = std::get_if<std::int64_t>(&key);
  return number != nullptr ? "#" + std::to_string(*number) : *std::get_if<std::string>(&key);
}

std::string any_value(std::mt19937_64& random) {
  static constexpr std::size_t kMost[] = {3, 7, 8, 100, 128, 130, 300, 2000, 9000, 40000};
  const std::uint64_t kind = random() % 40;
  const std::size_t size = random() % (kMost[kind < 35 ? kind % 7 : kind % 10] + 1);
  return std::string(size, static_cast<char>(random()));
}

struct Mix {
  const char* name;
  std::uint64_t keys;
  int operations;
  std::uint64_t erase_percent;
};

// How GoogleTest names it.
void PrintTo(const Mix& mix, std::ostream* out) { *out << mix.name; }

class DictModel : public testing::TestWithParam<Mix> {};

TEST_P(DictModel, SaysTheSame) {
  const auto [name, keys, operations, erase_percent] = GetParam();
  const auto owned = new_table();
  Table& table = *owned;
  const Handle dict = handle_no(1);
  ASSERT_TRUE(table.create(dict).ok());
  Model model;
  std::mt19937_64 random(keys);
  std::vector<std::pair<Blob, std::string>> held;
  for (int i = 0; i < operations; ++i) {
    const AnyKey key(random() % keys);
    const std::uint64_t what = random() % 100;
    if (what < erase_percent) {
      ASSERT_EQ(*table.erase(dict, key.view()), model.erase(key.name));
    } else if (what < 60) {
      const std::string value = any_value(random);
      const auto tag = static_cast<std::uint32_t>(random() % (random() % 2 == 0 ? 8 : 65536));
      ASSERT_TRUE(put_text(table, dict, key.view(), value, tag).ok());
      model.put(key.name, value, tag);
    } else {
      Result<Blob> blob = table.get(dict, key.view());
      ASSERT_TRUE(blob.ok());
      const auto* expected = model.find(key.name);
      ASSERT_EQ(static_cast<bool>(*blob), expected != nullptr) << key.name;
      ASSERT_EQ(*table.contains(dict, key.view()), expected != nullptr);
      if (expected == nullptr) continue;
      ASSERT_EQ(text_of(*blob), expected->value);
      ASSERT_EQ(blob->tag(), expected->tag);
      held.emplace_back(*std::move(blob), expected->value);
      if (held.size() > 100) held.erase(held.begin() + static_cast<std::ptrdiff_t>(random() % held.size()));
    }
    if (i % (operations / 8) != 0) continue;
    std::vector<std::string> there;
    const Result<std::vector<Key>> found = table.keys(dict);
    for (const Key& at : *found) there.push_back(name_of(at));
    ASSERT_EQ(there, model.keys());
    ASSERT_EQ(*table.size(dict), model.size());
    ASSERT_TRUE(audited(table));
  }
  for (const auto& [blob, value] : held) EXPECT_EQ(text_of(blob), value);
  held.clear();
  EXPECT_EQ(table.stats().pinned, 0u);
  EXPECT_TRUE(audited(table));
  // And all of it goes.
  table.destroy(std::array{dict});
  while (table.reclaim(100)) {
  }
  EXPECT_TRUE(audited(table));
  EXPECT_EQ(table.audit().used_blocks, 1u) << "more than the index is left";
}

INSTANTIATE_TEST_SUITE_P(Mixes, DictModel,
                         testing::Values(Mix{"few_keys", 20, 60000, 25}, Mix{"some_keys", 500, 60000, 20},
                                         Mix{"many_keys", 100000, 60000, 5},
                                         Mix{"mostly_erased", 3000, 60000, 45}),
                         [](const auto& mix) { return std::string(mix.param.name); });

// Eight, nine, 1024, 1025...: where segments begin, directories grow and hash tables double.
TEST(Dict, GrowsAtEverySize) {
  const auto owned = new_table();
  Table& table = *owned;
  const Handle dict = handle_no(1);
  ASSERT_TRUE(table.create(dict).ok());
  std::vector<Key> expected;
  for (std::int64_t n = 0; n < 20000; ++n) {
    ASSERT_TRUE(put_text(table, dict, n, std::to_string(n)).ok());
    expected.emplace_back(n);
    if (n < 40 || (n & (n - 1)) == 0) {
      ASSERT_EQ(*table.keys(dict), expected) << n;
      ASSERT_TRUE(audited(table)) << n;
    }
  }
  for (std::int64_t n = 0; n < 20000; ++n) ASSERT_EQ(text_at(table, dict, n), std::to_string(n));
}

TEST(Dict, ErasingMostEntriesGivesTheirMemoryBack) {
  const auto owned = new_table();
  Table& table = *owned;
  const Handle dict = handle_no(1);
  ASSERT_TRUE(table.create(dict).ok());
  for (std::int64_t n = 0; n < 100000; ++n) ASSERT_TRUE(put_text(table, dict, n, "v").ok());
  const std::uint64_t full = table.stats().used;
  for (std::int64_t n = 0; n < 100000; ++n)
    if (n % 100 != 0) {
      ASSERT_TRUE(*table.erase(dict, n));
    }
  EXPECT_LT(table.stats().used, full / 10);
  EXPECT_EQ(table.keys(dict)->size(), 1000u);
  EXPECT_EQ(*std::get_if<std::int64_t>(&(*table.keys(dict))[7]), 700);
  EXPECT_TRUE(audited(table));
}

TEST(Dict, ADictThatIsEmptiedAndFilledStaysSmall) {
  const auto owned = new_table();
  Table& table = *owned;
  const Handle dict = handle_no(1);
  ASSERT_TRUE(table.create(dict).ok());
  for (std::int64_t n = 0; n < 200000; ++n) {
    ASSERT_TRUE(put_text(table, dict, n, "a queue").ok());
    if (n >= 100) {
      ASSERT_TRUE(*table.erase(dict, n - 100));
    }
  }
  EXPECT_EQ(*table.size(dict), 100u);
  EXPECT_LT(table.stats().used, 1u << 20);
  EXPECT_TRUE(audited(table));
}

TEST(Dict, ReplacingOneValueOverAndOverStaysSmall) {
  const auto owned = new_table();
  Table& table = *owned;
  const Handle dict = handle_no(1);
  ASSERT_TRUE(table.create(dict).ok());
  for (std::size_t n = 0; n < 50000; ++n)
    ASSERT_TRUE(put_text(table, dict, text_key("k"), std::string(n % 3000, 'v')).ok());
  EXPECT_LT(table.stats().used, 1u << 20);
  EXPECT_TRUE(audited(table));
}

}  // namespace
}  // namespace pyport::table
