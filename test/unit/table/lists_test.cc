// Dicts that are lists, and values that name a child.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <thread>

#include "crash_scenarios.h"
#include "helpers.h"
#include "in_threads.h"

namespace pyport::table {
namespace {

const Handle kList = handle_no(50);

class Lists : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(table_.create(kDict).ok());
    ASSERT_TRUE(table_.create(kList, list_of()).ok());
  }
  void TearDown() override { EXPECT_TRUE(audited(table_)); }

  Result<std::uint64_t> append(const std::vector<std::string>& texts) {
    return append_texts(table_, kList, texts);
  }
  bool insert(std::int64_t at, const std::string& text) {
    return table_.insert_at(kList, at, *blob_of(table_, text)).ok();
  }
  std::vector<std::string> all() const { return texts_of(table_, kList); }
  std::string pop(std::int64_t at = -1) {
    const Result<TakenOut> taken = table_.take_at(kList, at);
    return taken.ok() ? text_of(taken->value.blob) : "(error)";
  }

  const std::unique_ptr<Table> owned_ = new_table();
  Table& table_ = *owned_;
};

using Texts = std::vector<std::string>;

TEST_F(Lists, AppendGivesTheFirstIndex) {
  EXPECT_EQ(*append({"a"}), 0u);
  EXPECT_EQ(*append({"b", kLong, kLarge}), 1u);
  EXPECT_EQ(*append({}), 4u);
  EXPECT_EQ(all(), (Texts{"a", "b", kLong, kLarge}));
}

TEST_F(Lists, IndicesCountFromBothEnds) {
  ASSERT_TRUE(append({"a", "b", "c"}).ok());
  EXPECT_EQ(text_of(*table_.get_at(kList, -1)), "c");
  EXPECT_EQ(text_of(*table_.get_at(kList, -3)), "a");
  EXPECT_FALSE(*table_.get_at(kList, -4));
  EXPECT_FALSE(*table_.get_at(kList, 3));
  EXPECT_TRUE(*table_.put_at(kList, -2, *blob_of(table_, kLong)));
  EXPECT_FALSE(*table_.put_at(kList, 3, *blob_of(table_, "no")));
  EXPECT_EQ(all(), (Texts{"a", kLong, "c"}));
}

TEST_F(Lists, InsertAndTakeInTheMiddle) {
  ASSERT_TRUE(append({"a", kLong, "c"}).ok());
  ASSERT_TRUE(insert(1, kLarge) && insert(-1, "x") && insert(100, "end") && insert(-100, "begin"));
  EXPECT_EQ(all(), (Texts{"begin", "a", kLarge, kLong, "x", "c", "end"}));
  EXPECT_EQ(pop(2), kLarge);
  EXPECT_EQ(pop(0), "begin");
  EXPECT_EQ(pop(), "end");
  EXPECT_EQ(pop(9), "(no blob)");
  EXPECT_TRUE(*table_.erase_at(kList, -2));
  EXPECT_FALSE(*table_.erase_at(kList, 3));
  EXPECT_EQ(all(), (Texts{"a", kLong, "c"}));
}

TEST_F(Lists, AreNotTornByOrdinaryOperations) {
  ASSERT_TRUE(append({"a", "b", "c"}).ok());
  const auto refused = [](const Status& done) { return !done.ok() && done.error().code == Errc::bad_key; };
  EXPECT_TRUE(put_text(table_, kList, 1, "B").ok());
  EXPECT_TRUE(put_text(table_, kList, 3, "d").ok()) << "the next";
  EXPECT_TRUE(refused(put_text(table_, kList, 5, "gap")));
  EXPECT_TRUE(refused(put_text(table_, kList, -1, "below")));
  EXPECT_TRUE(refused(put_text(table_, kList, text_key("k"), "text")));
  EXPECT_EQ(table_.erase(kList, 0).error().code, Errc::bad_key);
  EXPECT_EQ(table_.take(kList, 1).error().code, Errc::bad_key);
  EXPECT_EQ(table_.change_cell(kList, 9, {CellOp::add, 1, 0}, test_numbers()).error().code, Errc::bad_key);
  EXPECT_TRUE(*table_.erase(kList, 3));
  EXPECT_EQ(all(), (Texts{"a", "B", "c"}));
  std::vector<KeyChange> changes;
  changes.push_back({std::int64_t{3}, *blob_of(table_, "d")});
  changes.push_back({std::int64_t{5}, *blob_of(table_, "gap")});
  EXPECT_EQ(table_.change_all(kList, changes).error().code, Errc::bad_key);
  EXPECT_EQ(all().size(), 3u);
  EXPECT_EQ(append_texts(table_, kDict, {"a"}).error().code, Errc::bad_key);
  EXPECT_EQ(table_.take_at(kDict, 0).error().code, Errc::bad_key);
  EXPECT_EQ(*table_.clear(kList), 3u);
  EXPECT_EQ(*append({"again"}), 0u);
}

TEST_F(Lists, AppendAndPopTakeTheSameTimeAtAnySize) {
  for (int i = 0; i < 20000; ++i) ASSERT_TRUE(append({"v"}).ok());
  for (int i = 0; i < 50000; ++i) {
    ASSERT_EQ(pop(), "v");
    ASSERT_TRUE(append({"v"}).ok());
  }
  for (int i = 0; i < 20000; ++i) ASSERT_EQ(pop(), "v");
  EXPECT_TRUE(all().empty());
}

TEST_F(Lists, AsAVectorByChance) {
  std::mt19937 random(11);
  Texts model;
  for (int turn = 0; turn < 4000; ++turn) {
    const auto size = static_cast<std::int64_t>(model.size());
    const std::string text = turn % 3 == 0 ? kLong + std::to_string(turn) : std::to_string(turn);
    const auto at = static_cast<std::int64_t>(random() % (model.size() + 1));
    switch (random() % 5) {
      case 0:
        ASSERT_TRUE(append({text}).ok());
        model.push_back(text);
        break;
      case 1:
        ASSERT_TRUE(insert(at, text));
        model.insert(model.begin() + at, text);
        break;
      case 2:
        ASSERT_TRUE(append({text, "2", kLong}).ok());
        model.insert(model.end(), {text, "2", kLong});
        break;
      default:
        if (at >= size) break;
        ASSERT_EQ(pop(at), model[static_cast<std::size_t>(at)]);
        model.erase(model.begin() + at);
    }
    if (turn % 100 == 0) {
      ASSERT_EQ(all(), model);
    }
  }
  EXPECT_EQ(all(), model);
}

TEST_F(Lists, ManyAppendAtOnceAndNothingIsLost) {
  in_threads([&](int thread) {
    for (int i = 0; i < 2000; ++i) {
      EXPECT_TRUE(append({std::to_string(thread * 10000 + i), "b"}).ok());
      if (i % 4 == 0) (void)pop(0);
      if (i % 4 == 1) (void)pop();
    }
  });
  EXPECT_EQ(all().size(), kThreads * (2 * 2000u - 1000u));
}

TEST_F(Lists, SlicesArePythons) {
  struct {
    ListSlice slice;
    std::int64_t first;
    std::uint64_t count;
  } const cases[] = {
      {{0, INT64_MAX, 1}, 0, 10},
      {{-3, INT64_MAX, 1}, 7, 3},
      {{20, 30, 1}, 10, 0},
      {{5, 2, 1}, 5, 0},
      {{INT64_MAX, INT64_MIN, -1}, 9, 10},
      {{8, 2, -2}, 8, 3},
      {{0, 10, 3}, 0, 4},
      {{-100, -9, 1}, 0, 1},
      {{2, 8, -1}, 2, 0},
      {{0, 10, INT64_MAX}, 0, 1},
      {{9, INT64_MIN, -INT64_MAX}, 9, 1},
  };
  for (const auto& one : cases) {
    const ListRange range = one.slice.of(10);
    EXPECT_EQ(range.first, one.first);
    EXPECT_EQ(range.count, one.count);
  }
  EXPECT_EQ((ListSlice{0, 5, 1}.of(0).count), 0u);
  EXPECT_EQ((ListSlice{8, 2, -2}.of(10).ascending().first), 4);
}

TEST_F(Lists, SlicesArePutAndErased) {
  ASSERT_TRUE(append({"a", kLong, "c", kLarge, "e"}).ok());
  EXPECT_TRUE(put_texts(table_, kList, {1, 3}, {"x", kLarge, "y", kLong}));
  EXPECT_EQ(all(), (Texts{"a", "x", kLarge, "y", kLong, kLarge, "e"}));
  EXPECT_TRUE(put_texts(table_, kList, {5, 99}, {"f", "g", "h"})) << "beyond the end";
  EXPECT_TRUE(put_texts(table_, kList, {3, 1}, {"!"})) << "of none: inserted";
  EXPECT_EQ(all(), (Texts{"a", "x", kLarge, "!", "y", kLong, "f", "g", "h"}));
  EXPECT_TRUE(put_texts(table_, kList, {0, 9, 4}, {"0", "4", "8"}));
  EXPECT_FALSE(put_texts(table_, kList, {0, 9, 4}, {"0", "4"}));
  EXPECT_EQ(*table_.erase_slice(kList, {-1, INT64_MIN, -4}), 3u);
  EXPECT_EQ(all(), (Texts{"x", kLarge, "!", kLong, "f", "g"}));
  ASSERT_TRUE(table_.reverse(kList).ok());
  EXPECT_EQ(all(), (Texts{"g", "f", kLong, "!", kLarge, "x"}));
  EXPECT_EQ(table_.get_slice(kList, {4, 0, -2})->size(), 2u);
  EXPECT_EQ(*table_.erase_slice(kList, {0, INT64_MAX}), 6u);
  EXPECT_TRUE(table_.reverse(kList).ok());
  EXPECT_TRUE(all().empty());
  EXPECT_EQ(table_.erase_slice(kDict, {}).error().code, Errc::bad_key);
  EXPECT_EQ(table_.reverse(kDict).error().code, Errc::bad_key);
  EXPECT_EQ(table_.get_slice(kDict, {}).error().code, Errc::bad_key);
}

TEST_F(Lists, SlicesAsAVectorByChance) {
  std::mt19937 random(12);
  Texts model;
  const auto below = [&](std::size_t most) { return static_cast<std::int64_t>(random() % most); };
  for (int turn = 0; turn < 3000; ++turn) {
    const auto first = below(model.size() + 1),
               last = first + below(model.size() - static_cast<std::size_t>(first) + 1);
    const auto begin = model.begin() + first, end = model.begin() + last;
    switch (random() % 4) {
      case 0: {
        Texts texts(model.size() > 300 ? 0 : random() % 12,
                    turn % 2 == 0 ? "w" : kLong + std::to_string(turn));
        ASSERT_TRUE(put_texts(table_, kList, {first, last}, texts));
        model.erase(begin, end);
        model.insert(model.begin() + first, texts.begin(), texts.end());
        break;
      }
      case 1: {
        const auto step = 1 + below(4);
        ASSERT_TRUE(table_.erase_slice(kList, {first, last, step}).ok());
        for (auto at = first + (last - first + step - 1) / step * step - step; last > first && at >= first;
             at -= step)
          model.erase(model.begin() + at);
        break;
      }
      case 2:
        if (random() % 8 != 0) break;
        ASSERT_TRUE(table_.reverse(kList).ok());
        std::reverse(model.begin(), model.end());
        break;
      default:
        ASSERT_TRUE(append({kLong, "end", std::to_string(turn)}).ok());
        model.insert(model.end(), {kLong, "end", std::to_string(turn)});
    }
    if (turn % 50 == 0) {
      ASSERT_EQ(all(), model);
    }
  }
  EXPECT_EQ(all(), model);
}

TEST_F(Lists, SlicesThatDoNotFitChangeNothing) {
  Limits limits;
  limits.max_dict_keys = 4;
  const auto small = new_table(limits);
  ASSERT_TRUE(small->create(kList, list_of()).ok());
  ASSERT_TRUE(append_texts(*small, kList, {"a", "b", "c"}).ok());
  EXPECT_FALSE(put_texts(*small, kList, {1, 2}, {kLong, kLarge, "z"}));
  EXPECT_EQ(texts_of(*small, kList), (Texts{"a", "b", "c"}));
  EXPECT_TRUE(put_texts(*small, kList, {1, 2}, {kLong, kLarge}));
  EXPECT_TRUE(put_texts(*small, kList, {0, 3}, {"z"}));
  EXPECT_EQ(texts_of(*small, kList), (Texts{"z", "c"}));
  EXPECT_TRUE(audited(*small));
}

// What is read under one lock is of one moment: always all numbers, however they are turned and cut.
TEST_F(Lists, NobodySeesHalfASlice) {
  ASSERT_TRUE(append({"0", "1", "2", "3", "4", "5", "6", "7"}).ok());
  in_threads([&](int thread) {
    for (int i = 0; i < 1000; ++i) {
      if (thread == 0) {
        EXPECT_TRUE(put_texts(table_, kList, {2, 6}, {})) << "as four";
        EXPECT_TRUE(put_texts(table_, kList, {2, 2}, {"2", "3", "4", "5"}));
      } else if (const Result<Snapshot> seen = table_.get_slice(kList, {0, INT64_MAX}); seen.ok()) {
        EXPECT_TRUE(seen->size() == 8 || seen->size() == 4) << seen->size();
        const auto last = seen->bytes(seen->size() - 1);
        EXPECT_EQ(std::string(last.begin(), last.end()), "7");
      }
    }
  });
}

TEST_F(Lists, HeldCellsMoveWithTheirElements) {
  ASSERT_TRUE(append({"a", "b"}).ok());
  ASSERT_TRUE(put_text(table_, kList, 2, "7", kDigits).ok());
  ASSERT_EQ(table_.change_cell(kList, 2, {CellOp::add, 1, 0}, test_numbers())->after, 8);
  const Result<HeldCell> held = table_.hold_cell(kList, 2);
  ASSERT_TRUE(held.ok() && *held);
  EXPECT_EQ(pop(0), "a");
  EXPECT_EQ(held->change({CellOp::add, 1, 0})->after, 9);
  EXPECT_EQ(shown(*table_.get(kList, 1)), "<9>");
  EXPECT_TRUE(*table_.is_held(kList, 1, *held));
}

// ---- Values that name a child

class Children : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(table_.create(kDict).ok());
    ASSERT_TRUE(table_.create(kChild, child_of(kDict)).ok());
    ASSERT_TRUE(table_.create(kGrandchild, child_of(kChild)).ok());
    ASSERT_TRUE(put_child(table_, kDict, text_key("c"), kChild).ok());
  }
  void TearDown() override { EXPECT_TRUE(audited(table_)); }
  void expect_ended() {
    EXPECT_FALSE(table_.alive(kChild));
    EXPECT_FALSE(table_.alive(kGrandchild));
  }

  const std::unique_ptr<Table> owned_ = new_table();
  Table& table_ = *owned_;
};

TEST_F(Children, EndWhenTheirValueIsReplaced) {
  ASSERT_TRUE(put_text(table_, kDict, text_key("c"), "other").ok());
  expect_ended();
}

TEST_F(Children, EndWhenTheirValueIsErased) {
  ASSERT_TRUE(*table_.erase(kDict, text_key("c")));
  expect_ended();
}

TEST_F(Children, EndWithConditionalChangesThatAreMade) {
  EXPECT_FALSE(*table_.erase_if(kDict, text_key("c"), Expect::stamped(1234)));
  EXPECT_FALSE(*table_.put_if(kDict, text_key("c"), *blob_of(table_, "other"), Expect::absent()));
  EXPECT_TRUE(table_.alive(kChild));
  EXPECT_TRUE(*table_.put_if(kDict, text_key("c"), *blob_of(table_, "other"), Expect::anything()));
  expect_ended();
}

TEST_F(Children, EndWithBatches) {
  std::vector<KeyChange> changes;
  changes.push_back({text_key("c"), NewBlob()});
  changes.push_back({text_key("d"), *blob_of(table_, "new")});
  ASSERT_TRUE(table_.change_all(kDict, changes).ok());
  expect_ended();
}

TEST_F(Children, StayWhenTheyAreTakenOrStoredAgain) {
  ASSERT_TRUE(put_child(table_, kDict, text_key("c"), kChild).ok());
  EXPECT_TRUE(table_.alive(kChild));
  ASSERT_TRUE(table_.take(kDict, text_key("c"))->erased);
  EXPECT_TRUE(table_.alive(kChild));
  EXPECT_TRUE(*table_.disown(kChild, kDict));
}

// Whoever can write values must not be able to end what is not his.
TEST_F(Children, OfOthersAreLeftAlone) {
  ASSERT_TRUE(table_.create(kOther).ok());
  ASSERT_TRUE(put_child(table_, kDict, text_key("x"), kOther).ok());
  ASSERT_TRUE(put_child(table_, kOther, text_key("x"), kChild).ok());
  ASSERT_TRUE(*table_.erase(kDict, text_key("x")));
  ASSERT_TRUE(*table_.erase(kOther, text_key("x")));
  EXPECT_TRUE(table_.alive(kOther) && table_.alive(kChild));
}

TEST_F(Children, OfListsEndToo) {
  ASSERT_TRUE(table_.create(kList, list_of()).ok());
  for (std::uint64_t n = 60; n < 64; ++n) {
    ASSERT_TRUE(table_.create(handle_no(n), child_of(kList)).ok());
    ASSERT_TRUE(put_child(table_, kList, static_cast<std::int64_t>(n - 60), handle_no(n)).ok());
  }
  ASSERT_TRUE(*table_.put_at(kList, 0, *blob_of(table_, "other")));
  ASSERT_TRUE(*table_.erase_at(kList, 1));
  ASSERT_TRUE(*table_.erase_at(kList, -1));
  EXPECT_EQ(table_.take_at(kList, 1)->value.blob.tag(), kChildTag);
  for (std::uint64_t n = 60; n < 64; ++n) EXPECT_EQ(table_.alive(handle_no(n)), n == 62) << n;
}

TEST_F(Children, OfSlicesEndUnlessTheyArePutAgain) {
  ASSERT_TRUE(table_.create(kList, list_of()).ok());
  std::vector<NewBlob> again;
  for (std::uint64_t n = 60; n < 66; ++n) {
    ASSERT_TRUE(table_.create(handle_no(n), child_of(kList)).ok());
    ASSERT_TRUE(put_child(table_, kList, static_cast<std::int64_t>(n - 60), handle_no(n)).ok());
  }
  const Handle kept = handle_no(61);
  again.push_back(*blob_of(table_, std::string(kept.bits.begin(), kept.bits.end()), kChildTag));
  ASSERT_TRUE(table_.put_slice(kList, {0, 3}, again)->fits);
  ASSERT_TRUE(table_.reverse(kList).ok());
  ASSERT_EQ(*table_.erase_slice(kList, {0, 1}), 1u);
  for (std::uint64_t n = 60; n < 66; ++n)
    EXPECT_EQ(table_.alive(handle_no(n)), n == 61 || n == 63 || n == 64) << n;
}

}  // namespace
}  // namespace pyport::table
