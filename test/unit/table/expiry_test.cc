// Keys that expire: seen by nobody from then on, whichever way one looks, and their memory comes back.
#include <functional>
#include <set>

#include "crash_scenarios.h"
#include "in_threads.h"

namespace pyport::table {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;

void wait_for(std::uint64_t nanoseconds) {
  const std::uint64_t end = now() + nanoseconds;
  while (now() <= end) {
  }
}

class ExpiryTest : public testing::Test {
 protected:
  ExpiryTest() { EXPECT_TRUE(table_.create(dict_).ok()); }

  bool put(std::string_view key, std::string_view text, std::uint64_t ttl) {
    return put_timed(table_, dict_, Key(std::string(key)), std::string(text), ttl);
  }
  std::string at(std::string_view key) const { return text_at(table_, dict_, text_key(key)); }
  bool has(std::string_view key) const { return *table_.contains(dict_, text_key(key)); }
  std::uint64_t size() const { return *table_.size(dict_); }
  void create_other_with(const NewDict& wanted) { create_other(table_, wanted); }

  const std::unique_ptr<Table> owned_ = new_table();
  Table& table_ = *owned_;
  const Handle dict_ = kDict;
};

const std::vector<std::string> kTexts{"word", std::string(100, 'b'), kLarge};

TEST_F(ExpiryTest, AKeyThatLivesLongIsAsAnyOther) {
  for (const std::string& text : kTexts) {
    ASSERT_TRUE(put("k", text, kHour));
    EXPECT_EQ(at("k"), text);
    EXPECT_TRUE(has("k"));
    EXPECT_EQ(size(), 1u);
    EXPECT_EQ(table_.size_at_once(dict_), 1u);
    EXPECT_EQ(table_.items(dict_)->size(), 1u);
    EXPECT_TRUE(audited(table_));
  }
  ASSERT_TRUE(put_text(table_, dict_, text_key("k"), "for ever").ok());
  EXPECT_EQ(at("k"), "for ever");
  EXPECT_EQ(table_.stats(dict_)->bytes, 1u + 8u) << "a box is no part of a value";
}

TEST_F(ExpiryTest, WhatHasExpiredIsSeenByNobody) {
  for (const std::string& text : kTexts) {
    ASSERT_TRUE(put("gone", text, 1));
    ASSERT_TRUE(put_text(table_, dict_, text_key("stays"), text).ok());
    Blob blob;
    EXPECT_TRUE(table_.get_at_once(dict_, text_key("gone"), blob).has_value());
    EXPECT_FALSE(blob);
    EXPECT_EQ(table_.contains_at_once(dict_, text_key("gone")), false);
    EXPECT_EQ(table_.size_at_once(dict_), std::nullopt) << "that takes the lock";
    EXPECT_FALSE(table_.glimpse(dict_, 3).has_value());
    EXPECT_EQ(at("gone"), "(no blob)");
    EXPECT_FALSE(has("gone"));
    EXPECT_EQ(table_.get_stamped(dict_, text_key("gone"))->stamp, 0u);
    const std::vector<KeyView> keys{text_key("gone"), text_key("stays")};
    const Result<Snapshot> many = table_.get_many(dict_, keys);
    EXPECT_FALSE(many->has(0));
    EXPECT_TRUE(many->has(1));
    EXPECT_EQ(table_.items(dict_)->size(), 1u);
    ASSERT_TRUE(put("gone", text, 1));
    EXPECT_EQ(*table_.keys(dict_), std::vector<Key>{Key("stays")});
    ASSERT_TRUE(put("gone", text, 1));
    EXPECT_EQ(size(), 1u);
    EXPECT_EQ(table_.size_at_once(dict_), 1u) << "it was erased";
  }
  EXPECT_TRUE(audited(table_));
}

TEST_F(ExpiryTest, WhatHasExpiredIsNotThereForChanges) {
  const auto expired = [&] { return put("k", kTexts[1], 1); };
  ASSERT_TRUE(expired());
  EXPECT_FALSE(*table_.erase(dict_, text_key("k")));
  ASSERT_TRUE(expired());
  EXPECT_FALSE(*table_.erase_if(dict_, text_key("k"), {}));
  ASSERT_TRUE(expired());
  EXPECT_FALSE(table_.take(dict_, text_key("k"))->erased);
  ASSERT_TRUE(expired());
  Key last;
  EXPECT_FALSE(table_.take_last(dict_, last)->erased);
  ASSERT_TRUE(expired());
  EXPECT_TRUE(*table_.put_if(dict_, text_key("k"), *blob_of(table_, "new"), Expect::absent()));
  EXPECT_EQ(at("k"), "new");
  ASSERT_TRUE(expired());
  std::vector<KeyChange> changes;
  changes.push_back({text_key("k"), NewBlob()});
  EXPECT_EQ(*table_.change_all(dict_, changes), 0u);
}

TEST_F(ExpiryTest, AKeyThatIsSetAgainAfterItExpiredComesLast) {
  ASSERT_TRUE(put("first", "1", 1));
  ASSERT_TRUE(put("second", "2", 0));
  ASSERT_TRUE(put("first", "1", kHour));
  EXPECT_EQ(*table_.keys(dict_), (std::vector<Key>{Key("second"), Key("first")}));
}

TEST_F(ExpiryTest, ASightingOfAKeyThatExpiresIsNeverStillSo) {
  ASSERT_TRUE(put("k", "v", kHour));
  Blob blob;
  const auto seen = table_.get_at_once(dict_, text_key("k"), blob);
  ASSERT_TRUE(seen);
  EXPECT_FALSE(table_.is_still_so(dict_, *seen));
}

TEST_F(ExpiryTest, ADictSaysHowLongItsKeysLive) {
  NewDict brief;
  brief.ttl = 1;
  create_other_with(brief);
  ASSERT_TRUE(put_text(table_, kOther, text_key("k"), "v").ok());
  EXPECT_EQ(text_at(table_, kOther, text_key("k")), "(no blob)");
  ASSERT_TRUE(put_timed(table_, kOther, Key("longer"), "v", kHour));
  ASSERT_TRUE(put_timed(table_, kOther, Key("for ever"), "v", 0));
  EXPECT_EQ(*table_.size(kOther), 2u);
  std::vector<KeyChange> changes;
  changes.push_back({text_key("in a batch"), *blob_of(table_, kTexts[1])});
  ASSERT_TRUE(table_.change_all(kOther, changes).ok());
  EXPECT_EQ(*table_.size(kOther), 2u);
  ASSERT_TRUE(table_.clear(kOther).ok());
  ASSERT_TRUE(put_text(table_, kOther, text_key("after clear"), "v").ok());
  EXPECT_EQ(*table_.size(kOther), 0u);
  EXPECT_TRUE(audited(table_));
}

// A key is used more often than it would expire, for longer than it would live.
TEST_F(ExpiryTest, EachUsePutsTheEndOffWhereTheDictSaysSo) {
  constexpr std::uint64_t kTtl = 400 * kMillisecond;
  NewDict idle;
  idle.idle = true;
  idle.ttl = kTtl;
  create_other_with(idle);
  ASSERT_TRUE(put_text(table_, kOther, text_key("used"), "v").ok());
  ASSERT_TRUE(put_text(table_, kOther, text_key("not used"), "v").ok());
  std::uint64_t last = now();
  std::uint64_t end = last + 3 * kTtl;
  while (now() < end) {
    const std::string found = text_at(table_, kOther, text_key("used"));
    const std::uint64_t time = now();
    if (time - last > kTtl / 2) {  // this process was not let run for so long
      ASSERT_TRUE(put_text(table_, kOther, text_key("used"), "v").ok());
      end = time + 3 * kTtl;
    } else {
      ASSERT_EQ(found, "v");
    }
    last = time;
  }
  EXPECT_EQ(text_at(table_, kOther, text_key("not used")), "(no blob)");
  wait_for(kTtl + kMillisecond);
  EXPECT_EQ(text_at(table_, kOther, text_key("used")), "(no blob)");
}

TEST_F(ExpiryTest, NumbersExpireAsOtherValuesDo) {
  const NumberForm& form = test_numbers();
  const auto add = [&](std::int64_t n) {
    return *table_.change_cell(dict_, text_key("n"), {CellOp::add, n, 0}, form);
  };
  EXPECT_EQ(add(5).after, 5);
  Result<NewBlob> brief = blob_of(table_, "7", kDigits);
  brief->live_for(1);
  ASSERT_TRUE(table_.put(dict_, text_key("n"), *std::move(brief), &form).ok());
  EXPECT_EQ(add(1).after, 1) << "the 7 has expired";
  Result<NewBlob> longer = blob_of(table_, "7", kDigits);
  longer->live_for(kHour);
  ASSERT_TRUE(table_.put(dict_, text_key("n"), *std::move(longer), &form).ok());
  EXPECT_EQ(add(1).after, 8);
  EXPECT_EQ(add(1).after, 9);
  EXPECT_EQ(table_.hold_cell(dict_, text_key("n")).error().code, Errc::bad_key);
  NewDict brief_keys;
  brief_keys.ttl = kHour;
  create_other_with(brief_keys);
  EXPECT_EQ(table_.hold_cell(kOther, text_key("n")).error().code, Errc::bad_key);
  EXPECT_EQ(*table_.size(kOther), 0u);
  EXPECT_TRUE(audited(table_));
}

TEST_F(ExpiryTest, ALookAtAllDictsGivesTheMemoryBack) {
  EXPECT_EQ(table_.expire(), 0u);
  std::uint64_t used = 0;
  for (int round = 0; round < 3; ++round) {
    for (int n = 0; n < 10'000; ++n) ASSERT_TRUE(put("k" + std::to_string(n), kTexts[n % 2], 1));
    const std::uint64_t before = now();
    ASSERT_TRUE(put("stays", "v", kHour));
    const std::uint64_t next = table_.expire();
    EXPECT_GE(next, before + kHour);
    EXPECT_LE(next, now() + kHour);
    EXPECT_EQ(table_.size_at_once(dict_), 1u);
    EXPECT_EQ(table_.expire(), next);
    ASSERT_TRUE(*table_.erase(dict_, text_key("stays")));
    if (round == 0) used = table_.stats().used;
  }
  EXPECT_LE(table_.stats().used, used + 16'384) << "the keys of one round take 50 times as much";
  EXPECT_TRUE(audited(table_));
}

// Where nobody looks at all dicts, those who put pay for it.
// Whether nobody, somebody who changes another key, or one who asks for it comes first.
TEST_F(ExpiryTest, ADictThatLiesInAKeyEndsWithIt) {
  const std::vector<std::function<void()>> first{
      [&] { table_.expire(); }, [&] { (void)put_text(table_, dict_, text_key("child"), "next"); },
      [&] { (void)table_.erase(dict_, text_key("child")); },
      [&] { (void)*table_.take(dict_, text_key("child")); }};
  for (const auto& look : first) {
    ASSERT_TRUE(table_.create(kChild, child_of(dict_)).ok());
    ASSERT_TRUE(put_timed(table_, dict_, Key("child"), child_text(kChild), 1, kChildTag));
    look();
    EXPECT_FALSE(table_.alive(kChild));
    ASSERT_TRUE(table_.clear(dict_).ok());
    EXPECT_TRUE(audited(table_));
  }
}

TEST_F(ExpiryTest, ADictThatIsOnlyFilledDoesNotGrowForEver) {
  for (int n = 0; n < 50'000; ++n) ASSERT_TRUE(put("k" + std::to_string(n), "v", 1));
  EXPECT_LT(table_.stats().keys, 500u);
  EXPECT_TRUE(audited(table_));
}

TEST_F(ExpiryTest, ValuesLargerThanTheDictAllowsAreRefused) {
  NewDict small;
  small.max_value_bytes = 100;
  create_other_with(small);
  EXPECT_TRUE(put_text(table_, kOther, text_key("k"), std::string(100, 'v')).ok());
  const auto why = [](const auto& result) { return result.ok() ? "" : result.error().detail; };
  EXPECT_EQ(why(put_text(table_, kOther, text_key("l"), std::string(101, 'v'))), "max_value_bytes");
  EXPECT_EQ(why(table_.put_if(kOther, text_key("l"), *blob_of(table_, kLarge), Expect::absent())),
            "max_value_bytes");
  std::vector<KeyChange> changes;
  changes.push_back({text_key("k"), *blob_of(table_, "v")});
  changes.push_back({text_key("l"), *blob_of(table_, kLarge)});
  EXPECT_EQ(why(table_.change_all(kOther, changes)), "max_value_bytes");
  EXPECT_EQ(text_at(table_, kOther, text_key("k")), std::string(100, 'v'));
  EXPECT_EQ(*table_.size(kOther), 1u);
  EXPECT_TRUE(audited(table_));
}

// Some put and use keys that expire while others look for what has expired: what is seen was put, and lives.
TEST_F(ExpiryTest, ManyAtOnce) {
  constexpr int kRounds = 3000;
  std::atomic<bool> done{false};
  std::thread looks([&] {
    while (!done) (void)table_.expire();
  });
  in_threads([&](int thread) {
    for (int n = 0; n < kRounds; ++n) {
      const std::string own = std::to_string(thread) + "/" + std::to_string(n % 50);
      ASSERT_TRUE(put(own, own + kTexts[n % 2], kHour));
      ASSERT_TRUE(put(own + "x", own, 1));
      ASSERT_EQ(at(own), own + kTexts[n % 2]);
      ASSERT_EQ(at(own + "x"), "(no blob)");
      ASSERT_EQ(at("shared").substr(0, 1), "(");
      if (n % 10 == 0) {
        ASSERT_TRUE(put("shared", own, 1));
      }
    }
  });
  done = true;
  looks.join();
  EXPECT_EQ(size(), 50u * kThreads);
  EXPECT_TRUE(audited(table_));
}

}  // namespace
}  // namespace pyport::table
