// Several keys in one operation: as if each came alone, but at one moment.
#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

#include "crash_harness.h"
#include "table/limits.h"

namespace pyport::table {
namespace {

class ManyTest : public testing::Test {
 protected:
  ManyTest() { EXPECT_TRUE(table_.create(dict_).ok()); }

  Result<std::uint64_t> change(const std::vector<std::pair<Key, std::string>>& puts,
                               const std::vector<Key>& erases = {}) {
    std::vector<KeyChange> changes;
    for (const auto& [key, text] : puts) changes.push_back({view_of(key), *blob_of(table_, text)});
    for (const Key& key : erases) changes.push_back({view_of(key), NewBlob()});
    return table_.change_all(dict_, changes);
  }
  Model there() const { return contents(table_, dict_); }

  const std::unique_ptr<Table> owned_ = new_table();
  Table& table_ = *owned_;
  const Handle dict_ = handle_no(1);
};

TEST_F(ManyTest, PutsReplacesAndErases) {
  ASSERT_TRUE(change({{Key("a"), "1"}, {Key("b"), std::string(300, 'b')}, {Key(std::int64_t{3}), "3"}}).ok());
  EXPECT_EQ(there(),
            (Model{{{Key("a"), "1"}, {Key("b"), std::string(300, 'b')}, {Key(std::int64_t{3}), "3"}}}));
  const auto erased =
      change({{Key("b"), "small"}, {Key("c"), std::string(9000, 'c')}}, {Key("a"), Key("nowhere")});
  ASSERT_TRUE(erased.ok());
  EXPECT_EQ(*erased, 1u);
  EXPECT_EQ(there(),
            (Model{{{Key("b"), "small"}, {Key(std::int64_t{3}), "3"}, {Key("c"), std::string(9000, 'c')}}}));
  EXPECT_TRUE(audited(table_));
}

TEST_F(ManyTest, OfEqualKeysTheLastCountsAtThePlaceOfTheFirst) {
  ASSERT_TRUE(
      change({{Key("a"), "1"}, {Key("b"), "2"}, {Key("a"), std::string(300, '3')}, {Key("b"), "4"}}).ok());
  EXPECT_EQ(there(), (Model{{{Key("a"), std::string(300, '3')}, {Key("b"), "4"}}}));
  EXPECT_TRUE(audited(table_));
}

TEST_F(ManyTest, NothingIsNoChange) {
  EXPECT_EQ(*change({}), 0u);
  EXPECT_EQ(*change({}, {Key("nowhere")}), 0u);
  EXPECT_EQ(table_.get_many(dict_, {})->size(), 0u);
  EXPECT_EQ(table_.items(dict_)->size(), 0u);
  EXPECT_TRUE(is_gone(table_.items(handle_no(9))));
  EXPECT_TRUE(is_gone(table_.get_many(handle_no(9), {})));
}

TEST_F(ManyTest, GetManySaysWhichAreMissing) {
  ASSERT_TRUE(change({{Key("a"), "1"}, {Key("large"), std::string(100000, 'l')}}).ok());
  const std::vector<KeyView> keys{text_key("a"), text_key("nowhere"), text_key("large"), text_key("a")};
  const auto all = table_.get_many(dict_, keys);
  ASSERT_TRUE(all.ok());
  ASSERT_EQ(all->size(), 4u);
  EXPECT_EQ(as_text(all->bytes(0)), "1");
  EXPECT_FALSE(all->has(1));
  EXPECT_EQ(as_text(all->bytes(2)), std::string(100000, 'l'));
  EXPECT_EQ(as_text(all->bytes(3)), "1");
  EXPECT_EQ(table_.stats().pinned, 1u);
}

TEST_F(ManyTest, ALimitRefusesAllOfIt) {
  Limits limits;
  limits.max_dict_keys = 3;
  limits.max_dict_bytes = 1000;
  limits.max_key_bytes = 500;
  const auto table = new_table(limits);
  ASSERT_TRUE(table->create(dict_).ok());
  ASSERT_TRUE(put_text(*table, dict_, text_key("a"), "old").ok());
  const auto refused = [&](std::vector<std::pair<std::string, std::string>> puts) -> std::string {
    std::vector<KeyChange> changes;
    for (const auto& [key, text] : puts) changes.push_back({text_key(key), *blob_of(*table, text)});
    const auto result = table->change_all(dict_, changes);
    return result.ok() ? "done" : result.error().detail;
  };
  EXPECT_EQ(refused({{"a", "new"}, {"b", "v"}, {"c", "v"}, {"d", "v"}}), "max_dict_keys");
  EXPECT_EQ(refused({{"a", "new"}, {"b", std::string(2000, 'v')}}), "max_dict_bytes");
  EXPECT_EQ(refused({{"a", "new"}, {std::string(limits.max_key_bytes + 1, 'k'), "v"}}), "max_key_bytes");
  EXPECT_EQ(contents(*table, dict_), (Model{{{Key("a"), "old"}}}));
  EXPECT_EQ(refused({{"a", "new"}, {"b", "v"}, {"c", "v"}}), "done");
  EXPECT_TRUE(audited(*table));
}

TEST_F(ManyTest, AFullTableRefusesAllOfIt) {
  Limits limits;
  limits.max_table_bytes = 4 << 20;
  const auto table = new_table(limits);
  ASSERT_TRUE(table->create(dict_).ok());
  ASSERT_TRUE(put_text(*table, dict_, text_key("a"), "old").ok());
  // Small enough to be filled outside of the table, too many to fit.
  std::vector<KeyChange> changes;
  changes.push_back({text_key("a"), *blob_of(*table, "new")});
  for (std::int64_t n = 0; n < 60000; ++n) changes.push_back({n, *blob_of(*table, std::string(100, 'v'))});
  const auto result = table->change_all(dict_, changes);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Errc::table_full);
  EXPECT_EQ(contents(*table, dict_), (Model{{{Key("a"), "old"}}}));
  EXPECT_TRUE(audited(*table));
  changes.resize(1000);
  EXPECT_TRUE(table->change_all(dict_, changes).ok());
  EXPECT_EQ(*table->size(dict_), 1000u);
  EXPECT_TRUE(audited(*table));
}

TEST_F(ManyTest, RandomBatchesAgreeWithAModel) {
  std::mt19937 generator(5);
  const auto random = [&generator] { return static_cast<unsigned>(generator()); };
  Model model;
  std::vector<Result<Blob>> held;
  for (int round = 0; round < 400; ++round) {
    std::vector<std::pair<Key, std::string>> puts;
    std::vector<Key> erases;
    const auto key = [&](unsigned n) {
      return n % 2 == 0 ? Key(std::int64_t{n}) : Key(std::string(n % 40, 'k') + std::to_string(n));
    };
    const unsigned base = random() % 100;
    for (unsigned n = random() % 40; n-- > 0;)
      puts.emplace_back(key(base + random() % 30),
                        std::string(random() % 8 == 0 ? 5000 : random() % 200 + 1, 'v'));
    for (unsigned n = random() % 20; n-- > 0;) erases.push_back(key(200 + random() % 100));
    for (unsigned n = 0; n < 3; ++n) puts.emplace_back(key(200 + random() % 100), "to be erased");
    std::erase_if(puts, [&](const auto& put) {
      return std::find(erases.begin(), erases.end(), put.first) != erases.end();
    });
    ASSERT_TRUE(change(puts, erases).ok());
    for (const Key& erased : erases) model.erase(erased);
    for (const auto& [name, text] : puts) model.put(name, text);
    // Values that somebody reads meanwhile are retired, not given back.
    if (!model.entries.empty()) {
      held.push_back(table_.get(dict_, view_of(model.entries[random() % model.entries.size()].first)));
    }
    if (held.size() > 20) held.erase(held.begin());
    Model found = there();
    const auto by_key = [](const auto& a, const auto& b) { return a.first < b.first; };
    std::sort(found.entries.begin(), found.entries.end(), by_key);
    Model expected = model;
    std::sort(expected.entries.begin(), expected.entries.end(), by_key);
    ASSERT_EQ(found, expected) << "round " << round;
    if (round % 50 == 0) {
      ASSERT_TRUE(audited(table_));
    }
  }
  held.clear();
  EXPECT_TRUE(audited(table_));
}

// Two keys that are always changed together are never seen apart.
TEST(TableThreads, ManyAtOnceAreSeenTogether) {
  const auto owned = new_table();
  Table& table = *owned;
  const Handle dict = handle_no(1);
  ASSERT_TRUE(table.create(dict).ok());
  std::atomic<bool> stop{false};
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 2; ++writer) {
    writers.emplace_back([&, writer] {
      for (int n = 0; !stop; ++n) {
        const std::string text =
            std::to_string(writer) + "/" + std::to_string(n) + std::string(n % 300 + 10, '.');
        std::vector<KeyChange> changes;
        for (std::int64_t key = 0; key < 8; ++key) changes.push_back({key, *blob_of(table, text)});
        if (n % 7 == 0)
          for (KeyChange& change : changes) change.blob = NewBlob();
        if (!table.change_all(dict, changes).ok()) stop = true;
      }
    });
  }
  const std::vector<KeyView> keys{std::int64_t{7}, std::int64_t{0}, std::int64_t{4}};
  for (int n = 0; n < 20000 && !stop; ++n) {
    const auto all = table.get_many(dict, keys);
    ASSERT_TRUE(all.ok());
    for (std::size_t i = 1; i < keys.size(); ++i) {
      ASSERT_EQ(all->has(i), all->has(0));
      if (all->has(0)) {
        ASSERT_EQ(as_text(all->bytes(i)), as_text(all->bytes(0)));
      }
    }
    const auto items = table.items(dict);
    ASSERT_TRUE(items.ok());
    ASSERT_TRUE(items->size() == 0 || items->size() == 8) << items->size();
  }
  EXPECT_FALSE(stop);
  stop = true;
  for (std::thread& writer : writers) writer.join();
  EXPECT_TRUE(audited(table));
}

}  // namespace
}  // namespace pyport::table
