// Changes that depend on what is there, stamps, and clear.
#include <algorithm>
#include <atomic>
#include <random>
#include <set>
#include <thread>

#include "crash_harness.h"
#include "in_threads.h"

namespace pyport::table {
namespace {

class IfTest : public testing::Test {
 protected:
  IfTest() { EXPECT_TRUE(table_.create(dict_).ok()); }

  Stamp stamp_of(std::string_view key) {
    Result<Stamped> found = table_.get_stamped(dict_, text_key(key));
    EXPECT_TRUE(found.ok());
    return found.ok() ? found->stamp : ~Stamp{0};
  }
  bool put(std::string_view key, std::string_view text) {
    return put_text(table_, dict_, text_key(key), text).ok();
  }
  bool put_if(std::string_view key, std::string_view text, const Expect& expect, Stamped* present = nullptr) {
    const Result<bool> stored = table_.put_if(dict_, text_key(key), *blob_of(table_, text), expect, present);
    EXPECT_TRUE(stored.ok());
    return stored.ok() && *stored;
  }
  std::string at(std::string_view key) const { return text_at(table_, dict_, text_key(key)); }
  Model there() const { return contents(table_, dict_); }
  void give_back() {
    while (table_.reclaim(1000)) {
    }
  }

  const std::unique_ptr<Table> owned_ = new_table();
  Table& table_ = *owned_;
  const Handle dict_ = handle_no(1);
};

// Values in the word, in a block, and pinned.
const std::vector<std::string> kTexts{
    "1", "2", std::string(100, 'a'), std::string(100, 'b'), std::string(9000, 'c'), "3"};

TEST_F(IfTest, EveryChangeOfAKeyGivesItALaterStamp) {
  EXPECT_EQ(stamp_of("k"), 0u);
  Stamp last = 0;
  const auto grew = [&] {
    const Stamp now = stamp_of("k");
    return now > std::exchange(last, now);
  };
  for (const std::string& text : kTexts) {
    ASSERT_TRUE(put("k", text));
    EXPECT_TRUE(grew()) << text.substr(0, 3);
    ASSERT_TRUE(put("k", text));
    EXPECT_TRUE(grew()) << "the same again: " << text.substr(0, 3);
    std::vector<KeyChange> changes;
    changes.push_back({text_key("k"), *blob_of(table_, text)});
    changes.push_back({text_key(text), *blob_of(table_, text)});
    ASSERT_TRUE(table_.change_all(dict_, changes).ok());
    EXPECT_TRUE(grew()) << "in a batch: " << text.substr(0, 3);
    EXPECT_EQ(stamp_of(text), last);
  }
  ASSERT_TRUE(*table_.erase(dict_, text_key("k")));
  EXPECT_EQ(stamp_of("k"), 0u);
  ASSERT_TRUE(put("k", "1"));
  EXPECT_TRUE(grew()) << "after it was deleted";
  ASSERT_TRUE(table_.clear(dict_).ok());
  EXPECT_EQ(stamp_of("k"), 0u);
  ASSERT_TRUE(put("k", "1"));
  EXPECT_TRUE(grew()) << "after clear";
}

TEST_F(IfTest, ChangesOfOtherKeysAndMovingLeaveTheStamp) {
  ASSERT_TRUE(put("k", "1"));
  const Stamp stamp = stamp_of("k");
  for (int n = 0; n < 3000; ++n) ASSERT_TRUE(put("other" + std::to_string(n), "v"));
  for (int n = 0; n < 2990; ++n)
    ASSERT_TRUE(*table_.erase(dict_, text_key("other" + std::to_string(n))));  // moves the live ones
  EXPECT_EQ(stamp_of("k"), stamp);
}

TEST_F(IfTest, PutIfAbsent) {
  EXPECT_TRUE(put_if("k", "first", Expect::absent()));
  for (const std::string& text : kTexts) {
    ASSERT_TRUE(put("k", text));
    Stamped present;
    EXPECT_FALSE(put_if("k", "second", Expect::absent(), &present));
    EXPECT_EQ(text_of(present.blob), text);
    EXPECT_EQ(present.stamp, stamp_of("k"));
    EXPECT_EQ(at("k"), text);
  }
  EXPECT_FALSE(put_if("k", std::string(9000, 'x'), Expect::absent()));
  EXPECT_EQ(at("k"), kTexts.back());
  EXPECT_TRUE(audited(table_));
}

TEST_F(IfTest, PutIfOfThatStamp) {
  EXPECT_FALSE(put_if("k", "v", Expect::stamped(1)));
  ASSERT_TRUE(put("k", "1"));
  const Stamp seen = stamp_of("k");
  ASSERT_TRUE(put("other", "2"));
  EXPECT_TRUE(put_if("k", std::string(200, 'n'), Expect::stamped(seen)));
  EXPECT_FALSE(put_if("k", "late", Expect::stamped(seen)));
  EXPECT_EQ(at("k"), std::string(200, 'n'));
  // The same value again is another change.
  ASSERT_TRUE(put("k", "1"));
  const Stamp one = stamp_of("k");
  ASSERT_TRUE(put("k", "1"));
  EXPECT_FALSE(put_if("k", "late", Expect::stamped(one)));
}

TEST_F(IfTest, PutIfTellsWhatIsWrong) {
  EXPECT_TRUE(is_gone(table_.put_if(handle_no(9), text_key("k"), *blob_of(table_, "v"), Expect::absent())));
  Limits limits;
  limits.max_key_bytes = 4;
  limits.max_dict_keys = 1;
  const auto small = new_table(limits);
  ASSERT_TRUE(small->create(dict_).ok());
  const auto refusal = [&](std::string_view key) -> std::string {
    const auto stored = small->put_if(dict_, text_key(key), *blob_of(*small, "v"), Expect::absent());
    return stored.ok() ? (*stored ? "done" : "not done") : stored.error().detail;
  };
  EXPECT_EQ(refusal("long key"), "max_key_bytes");
  EXPECT_EQ(refusal("k"), "done");
  EXPECT_EQ(refusal("k"), "not done");
  EXPECT_EQ(refusal("l"), "max_dict_keys");
  EXPECT_TRUE(audited(*small));
}

TEST_F(IfTest, TakeGivesTheValueAndErases) {
  for (const std::string& text : kTexts) {
    ASSERT_TRUE(put("before", "b"));
    ASSERT_TRUE(put("k", text));
    const Stamp stamp = stamp_of("k");
    {
      const Result<TakenOut> taken = table_.take(dict_, text_key("k"));
      ASSERT_TRUE(taken.ok());
      EXPECT_TRUE(taken->erased);
      EXPECT_EQ(text_of(taken->value.blob), text);
      EXPECT_EQ(taken->value.stamp, stamp);
      EXPECT_EQ(there(), (Model{{{Key("before"), "b"}}}));
    }
    EXPECT_TRUE(audited(table_)) << text.substr(0, 3);
  }
  const Result<TakenOut> nothing = table_.take(dict_, text_key("k"));
  ASSERT_TRUE(nothing.ok());
  EXPECT_FALSE(nothing->erased);
  EXPECT_FALSE(nothing->value.blob);
  EXPECT_TRUE(is_gone(table_.take(handle_no(9), text_key("k"))));
}

TEST_F(IfTest, TakeIfItIsAsExpected) {
  ASSERT_TRUE(put_text(table_, dict_, text_key("k"), "v", 5).ok());
  Result<TakenOut> taken = table_.take(dict_, text_key("k"), Expect::tagged(4, 10));
  ASSERT_TRUE(taken.ok());
  EXPECT_FALSE(taken->erased);
  EXPECT_EQ(text_of(taken->value.blob), "v");
  EXPECT_EQ(taken->value.blob.tag(), 5u);
  const Stamp seen = taken->value.stamp;
  ASSERT_TRUE(put_text(table_, dict_, text_key("k"), "w", 5).ok());
  EXPECT_FALSE(table_.take(dict_, text_key("k"), Expect::stamped(seen))->erased);
  EXPECT_FALSE(table_.take(dict_, text_key("k"), Expect::tagged(5, 0))->erased);
  EXPECT_FALSE(*table_.erase_if(dict_, text_key("k"), Expect::tagged(5, 0)));
  EXPECT_FALSE(*table_.erase_if(dict_, text_key("k"), Expect::stamped(seen)));
  EXPECT_FALSE(*table_.erase_if(dict_, text_key("nowhere"), Expect::anything()));
  EXPECT_TRUE(table_.take(dict_, text_key("k"), Expect::tagged(5, 1))->erased);
  EXPECT_EQ(there(), Model{});
}

TEST_F(IfTest, TakeLastGivesTheKeysBackwards) {
  Key key;
  EXPECT_FALSE(table_.take_last(dict_, key)->erased);
  Model model;
  for (int n = 0; n < 100; ++n) {
    const Key name = n % 2 == 0 ? Key(std::int64_t{n}) : Key("a key that is longer " + std::to_string(n));
    const std::string& text = kTexts[static_cast<std::size_t>(n) % kTexts.size()];
    ASSERT_TRUE(put_text(table_, dict_, view_of(name), text).ok());
    model.put(name, text);
  }
  ASSERT_TRUE(*table_.erase(dict_, view_of(model.entries[99].first)));
  ASSERT_TRUE(*table_.erase(dict_, view_of(model.entries[97].first)));
  model.entries.erase(model.entries.begin() + 99);
  model.entries.erase(model.entries.begin() + 97);
  while (!model.entries.empty()) {
    const Result<TakenOut> taken = table_.take_last(dict_, key);
    ASSERT_TRUE(taken.ok() && taken->erased);
    EXPECT_EQ(key, model.entries.back().first);
    EXPECT_EQ(text_of(taken->value.blob), model.entries.back().second);
    model.entries.pop_back();
  }
  EXPECT_FALSE(table_.take_last(dict_, key)->erased);
  EXPECT_TRUE(is_gone(table_.take_last(handle_no(9), key)));
  EXPECT_TRUE(audited(table_));
}

// By the square of the size it would take minutes.
TEST_F(IfTest, TakeLastOfAHugeDictIsQuick) {
  constexpr std::int64_t kKeys = 600000;
  for (std::int64_t n = 0; n < kKeys; ++n) ASSERT_TRUE(put_text(table_, dict_, n, "v").ok());
  Key key;
  std::int64_t left = kKeys;
  // Something comes now and then, as on a stack.
  for (std::int64_t n = 0; left > 0; ++n) {
    if (n % 5 == 0) {
      ASSERT_TRUE(put_text(table_, dict_, kKeys + n, "w").ok());
      ASSERT_TRUE(table_.take_last(dict_, key)->erased);
      ASSERT_EQ(std::get<std::int64_t>(key), kKeys + n);
    }
    ASSERT_TRUE(table_.take_last(dict_, key)->erased);
    ASSERT_EQ(std::get<std::int64_t>(key), --left);
  }
  EXPECT_EQ(*table_.size(dict_), 0u);
}

TEST_F(IfTest, ClearEndsAllKeysAndNothingElse) {
  ASSERT_TRUE(put("large", std::string(9000, 'l')));
  for (int n = 0; n < 2000; ++n)
    ASSERT_TRUE(put("key no. " + std::to_string(n), std::string(n % 300, 'v') + "!"));
  const Result<Blob> held = table_.get(dict_, text_key("large"));
  ASSERT_TRUE(held.ok() && held->holds_block());
  const Result<std::uint64_t> cleared = table_.clear(dict_);
  ASSERT_TRUE(cleared.ok());
  EXPECT_EQ(*cleared, 2001u);
  EXPECT_EQ(there(), Model{});
  EXPECT_EQ(*table_.size(dict_), 0u);
  EXPECT_EQ(at("large"), "(no blob)");
  EXPECT_EQ(text_of(*held), std::string(9000, 'l'));
  EXPECT_EQ(table_.handles().size(), 1u);
  EXPECT_TRUE(audited(table_));
  ASSERT_TRUE(put("again", "1"));
  ASSERT_TRUE(put("large", "2"));
  EXPECT_EQ(there(), (Model{{{Key("again"), "1"}, {Key("large"), "2"}}}));
  give_back();
  EXPECT_EQ(text_of(*held), std::string(9000, 'l'));
  EXPECT_TRUE(audited(table_));
}

TEST_F(IfTest, ClearGivesTheMemoryBack) {
  const auto fill_and_clear = [&] {
    for (int n = 0; n < 3000; ++n) ASSERT_TRUE(put("key no. " + std::to_string(n), std::string(500, 'v')));
    ASSERT_TRUE(table_.clear(dict_).ok());
    give_back();
  };
  fill_and_clear();
  const TableStats before = table_.stats();
  for (int round = 0; round < 20; ++round) fill_and_clear();
  EXPECT_EQ(table_.stats().used, before.used);
  EXPECT_EQ(table_.stats().file_bytes, before.file_bytes);
  EXPECT_EQ(table_.stats().dicts, 1u);
}

TEST_F(IfTest, WhatWasSeenBeforeClearIsNotSoAfterwards) {
  ASSERT_TRUE(put("k", "v"));
  Blob blob;
  const auto seen = table_.get_at_once(dict_, text_key("k"), blob);
  ASSERT_TRUE(seen && table_.is_still_so(dict_, *seen));
  // The header that it gets may have been that of any dict before.
  for (int round = 0; round < 200; ++round) {
    ASSERT_TRUE(table_.clear(dict_).ok());
    EXPECT_FALSE(table_.is_still_so(dict_, *seen));
    ASSERT_TRUE(put("k", "v"));
    EXPECT_FALSE(table_.is_still_so(dict_, *seen));
    if (round % 3 == 0) give_back();
  }
}

TEST_F(IfTest, ClearOfWhatIsNotThere) {
  EXPECT_TRUE(is_gone(table_.clear(handle_no(9))));
  EXPECT_EQ(*table_.clear(dict_), 0u);
  table_.destroy(std::array{dict_});
  EXPECT_TRUE(is_gone(table_.clear(dict_)));
  give_back();
  EXPECT_TRUE(audited(table_));
}

TEST_F(IfTest, AGlimpseShowsTheSizeAndTheFirstKeys) {
  EXPECT_FALSE(table_.glimpse(handle_no(9), 3));
  EXPECT_FALSE(table_.size_at_once(handle_no(9)));
  EXPECT_EQ(table_.size_at_once(dict_), 0u);
  EXPECT_TRUE(table_.glimpse(dict_, 3)->first.empty());
  const std::vector<Key> keys{Key("a"), Key(std::int64_t{-1}), Key("a key that has a block of its own"),
                              Key("d")};
  for (const Key& key : keys) ASSERT_TRUE(put_text(table_, dict_, view_of(key), "v").ok());
  ASSERT_TRUE(put("e", "v"));
  ASSERT_TRUE(*table_.erase(dict_, text_key("a")));
  const auto seen = table_.glimpse(dict_, 3);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->size, 4u);
  EXPECT_EQ(seen->first, (std::vector<Key>(keys.begin() + 1, keys.end())));
  EXPECT_EQ(table_.size_at_once(dict_), 4u);
}

TEST_F(IfTest, RandomOperationsAgreeWithAModel) {
  std::mt19937 generator(11);
  const auto random = [&generator](unsigned below) { return static_cast<unsigned>(generator()) % below; };
  Model model;
  std::map<Key, Stamp> stamps;
  std::vector<Result<TakenOut>> held;
  for (int round = 0; round < 20000; ++round) {
    const unsigned n = random(40);
    const Key key = n % 2 == 0 ? Key(std::int64_t{n}) : Key(std::string(n, 'k'));
    const std::string text = std::to_string(round) + kTexts[random(static_cast<unsigned>(kTexts.size()))];
    const auto known = std::find_if(model.entries.begin(), model.entries.end(),
                                    [&](const auto& entry) { return entry.first == key; });
    const bool there_before = known != model.entries.end();
    const Stamp stamp = table_.get_stamped(dict_, view_of(key))->stamp;
    ASSERT_EQ(stamp != 0, there_before);
    switch (random(7)) {
      case 0:
        ASSERT_EQ(*table_.put_if(dict_, view_of(key), *blob_of(table_, text), Expect::absent()),
                  !there_before);
        if (!there_before) model.put(key, text);
        break;
      case 1:
        ASSERT_TRUE(*table_.put_if(dict_, view_of(key), *blob_of(table_, text), Expect::stamped(stamp)));
        model.put(key, text);
        break;
      case 2:
        ASSERT_FALSE(*table_.put_if(dict_, view_of(key), *blob_of(table_, text), Expect::stamped(stamp + 1)));
        break;
      case 3: {
        Result<TakenOut> taken = table_.take(dict_, view_of(key));
        ASSERT_EQ(taken->erased, there_before);
        if (there_before) {
          ASSERT_EQ(text_of(taken->value.blob), known->second);
          if (taken->value.blob.holds_block()) held.push_back(std::move(taken));
          model.erase(key);
        }
        break;
      }
      case 4: {
        Key last;
        const Result<TakenOut> taken = table_.take_last(dict_, last);
        ASSERT_EQ(taken->erased, !model.entries.empty());
        if (model.entries.empty()) break;
        ASSERT_EQ(last, model.entries.back().first);
        ASSERT_EQ(text_of(taken->value.blob), model.entries.back().second);
        model.entries.pop_back();
        break;
      }
      case 5:
        if (random(30) != 0) break;
        ASSERT_EQ(*table_.clear(dict_), model.entries.size());
        model.entries.clear();
        break;
      default:
        ASSERT_TRUE(put_text(table_, dict_, view_of(key), text).ok());
        model.put(key, text);
    }
    if (held.size() > 10) held.erase(held.begin());
    ASSERT_EQ(*table_.size(dict_), model.entries.size());
    if (round % 50 == 0) {
      ASSERT_EQ(there(), model);
    }
    if (round % 2000 == 0) {
      give_back();
      ASSERT_TRUE(audited(table_));
    }
  }
  held.clear();
  give_back();
  EXPECT_TRUE(audited(table_));
}

// ---- Many at once

TEST(TableThreads, OfThoseWhoPutIfAbsentOneSucceeds) {
  const auto table = new_table();
  const Handle dict = handle_no(1);
  ASSERT_TRUE(table->create(dict).ok());
  constexpr std::int64_t kKeys = 3000;
  std::atomic<std::int64_t> won{0};
  in_threads([&](int thread) {
    for (std::int64_t key = 0; key < kKeys; ++key) {
      const std::string mine = std::to_string(thread) + "/" + std::to_string(key);
      Stamped present;
      const auto stored = table->put_if(dict, key, *blob_of(*table, mine), Expect::absent(), &present);
      ASSERT_TRUE(stored.ok());
      if (*stored) ++won;
      ASSERT_EQ(text_at(*table, dict, key), *stored ? mine : text_of(present.blob));
    }
  });
  EXPECT_EQ(won, kKeys);
}

TEST(TableThreads, EachIsTakenOnce) {
  const auto table = new_table();
  const Handle dict = handle_no(1);
  ASSERT_TRUE(table->create(dict).ok());
  constexpr std::int64_t kKeys = 20000;
  for (std::int64_t key = 0; key < kKeys; ++key)
    ASSERT_TRUE(put_text(*table, dict, key, std::to_string(key)).ok());
  std::vector<std::vector<std::int64_t>> taken(kThreads);
  in_threads([&](int thread) {
    for (;;) {
      Key key;
      const Result<TakenOut> one = table->take_last(dict, key);
      ASSERT_TRUE(one.ok());
      if (!one->erased) return;
      const std::int64_t number = std::get<std::int64_t>(key);
      ASSERT_EQ(text_of(one->value.blob), std::to_string(number));
      taken[static_cast<std::size_t>(thread)].push_back(number);
      // Another may come first here.
      const Result<TakenOut> first = table->take(dict, kKeys - 1 - number);
      ASSERT_TRUE(first.ok());
      if (first->erased) taken[static_cast<std::size_t>(thread)].push_back(kKeys - 1 - number);
    }
  });
  std::vector<std::int64_t> all;
  for (const auto& some : taken) all.insert(all.end(), some.begin(), some.end());
  EXPECT_EQ(all.size(), static_cast<std::size_t>(kKeys));
  EXPECT_EQ((std::set<std::int64_t>(all.begin(), all.end()).size()), static_cast<std::size_t>(kKeys));
}

// A counter of its own: whoever finds another stamp than he read tries again, and nothing is lost.
TEST(TableThreads, StampsMakeReadModifyWriteAtomic) {
  const auto table = new_table();
  const Handle dict = handle_no(1);
  ASSERT_TRUE(table->create(dict).ok());
  constexpr int kRounds = 4000;
  in_threads([&](int) {
    for (int round = 0; round < kRounds;) {
      const Result<Stamped> seen = table->get_stamped(dict, text_key("n"));
      ASSERT_TRUE(seen.ok());
      const int number = seen->blob ? std::stoi(text_of(seen->blob)) : 0;
      const auto stored = table->put_if(dict, text_key("n"), *blob_of(*table, std::to_string(number + 1)),
                                        Expect::stamped(seen->stamp));
      ASSERT_TRUE(stored.ok());
      if (*stored) ++round;
    }
  });
  EXPECT_EQ(text_at(*table, dict, text_key("n")), std::to_string(kThreads * kRounds));
}

TEST(TableThreads, ClearIsSeenByAllAndEndsNoOperation) {
  const auto table = new_table();
  const Handle dict = handle_no(1);
  ASSERT_TRUE(table->create(dict).ok());
  std::atomic<bool> stop{false};
  std::thread cleaner([&] {
    for (int round = 0; round < 3000; ++round) {
      ASSERT_TRUE(table->clear(dict).ok());
      table->reclaim(100);
    }
    stop = true;
  });
  in_threads([&](int thread) {
    for (std::int64_t n = 0; !stop; ++n) {
      const std::int64_t key = thread * 1000 + n % 50;
      const std::string text = std::to_string(n) + std::string(static_cast<std::size_t>(n % 200), '.');
      ASSERT_TRUE(put_text(*table, dict, key, text).ok());
      const std::string found = text_at(*table, dict, key);
      ASSERT_TRUE(found == text || found == "(no blob)") << found;
      ASSERT_TRUE(table->keys(dict).ok());
    }
  });
  cleaner.join();
  while (table->reclaim(1000)) {
  }
  EXPECT_TRUE(audited(*table));
}

}  // namespace
}  // namespace pyport::table
