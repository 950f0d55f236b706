// Changes of several keys if all that was read before is so still.
#include <atomic>
#include <deque>
#include <random>
#include <thread>

#include "crash_scenarios.h"
#include "in_threads.h"
#include "numbers.h"
#include "processes.h"

namespace pyport::table {
namespace {

// What one transaction reads and is to change.
class Transaction {
 public:
  Transaction(Table& table, const Handle& dict) : table_(table), dict_(dict) {}

  // The text of the key's value, which is remembered as read.
  std::string read(std::string_view key) {
    const Result<Stamped> found = table_.get_stamped(dict_, text_key(key));
    EXPECT_TRUE(found.ok());
    if (!found.ok()) return "(error)";
    read_.push_back({keep(key), found->stamp});
    return shown(found->blob);
  }
  std::int64_t number(std::string_view key) {
    const std::string text = read(key);
    return std::stoll(text[0] == '<' ? text.substr(1) : text);
  }
  std::vector<Key> keys() {
    Stamp stamp = 0;
    Result<std::vector<Key>> keys = table_.keys(dict_, &stamp);
    EXPECT_TRUE(keys.ok());
    all_.push_back(stamp);
    return keys.ok() ? *std::move(keys) : std::vector<Key>();
  }
  std::size_t items() {
    const Result<Snapshot> items = table_.items(dict_);
    EXPECT_TRUE(items.ok());
    all_.push_back(items.ok() ? items->stamp_of_all() : 0);
    return items.ok() ? items->size() : 0;
  }
  void put(std::string_view key, std::string_view text, std::uint32_t tag = 0) {
    Result<NewBlob> blob = blob_of(table_, text, tag);
    if (blob.ok()) changes_.push_back({keep(key), *std::move(blob)});
  }
  void put_number(std::string_view key, std::int64_t number) { put(key, std::to_string(number), kDigits); }
  void erase(std::string_view key) { changes_.push_back({keep(key), NewBlob()}); }

  Result<Committed> try_commit() { return table_.commit(dict_, {read_, all_}, changes_, &test_numbers()); }
  // "done", which of what was read is broken, or the error.
  std::string commit() {
    const Result<Committed> done = try_commit();
    if (!done.ok()) return done.error().code == Errc::gone ? "gone" : done.error().detail;
    if (!done->broken) return "done";
    return *done->broken == read_.size() ? "all" : std::to_string(*done->broken);
  }

 private:
  KeyView keep(std::string_view key) { return text_key(names_.emplace_back(key)); }

  Table& table_;
  const Handle dict_;
  std::deque<std::string> names_;
  std::vector<KeyRead> read_;
  std::vector<Stamp> all_;
  std::vector<KeyChange> changes_;
};

class CommitTest : public testing::Test {
 protected:
  CommitTest() { EXPECT_TRUE(table_.create(dict_).ok()); }
  ~CommitTest() override { EXPECT_TRUE(audited(table_)); }

  Transaction begin() { return {table_, dict_}; }
  void put(std::string_view key, std::string_view text) {
    ASSERT_TRUE(put_text(table_, dict_, text_key(key), text).ok());
  }
  void add(std::string_view key, std::int64_t n) {
    ASSERT_TRUE(change(table_, dict_, text_key(key), CellOp::add, n).ok());
  }
  // False when its cell is still frozen.
  bool add_at_once(std::string_view key) {
    return table_.change_cell_at_once(dict_, text_key(key), {CellOp::add, 1, 0}).has_value();
  }
  std::string at(std::string_view key) const { return shown_at(table_, dict_, text_key(key)); }
  Model there() const { return contents(table_, dict_); }

  const std::unique_ptr<Table> owned_ = new_table();
  Table& table_ = *owned_;
  const Handle dict_ = handle_no(1);
};

const std::string kBlock(100, 'b');
const std::string kLarge(9000, 'L');

TEST_F(CommitTest, AllIsChangedWhenAllHolds) {
  put("a", "1");
  put("b", kBlock);
  put("c", kLarge);
  Transaction t = begin();
  EXPECT_EQ(t.read("a") + t.read("b") + t.read("c") + t.read("none"), "1" + kBlock + kLarge + "(no blob)");
  t.put("a", kLarge);
  t.put("none", "new");
  t.erase("b");
  t.erase("never there");
  EXPECT_EQ(t.commit(), "done");
  EXPECT_EQ(there(), (Model{{{Key("a"), kLarge}, {Key("c"), kLarge}, {Key("none"), "new"}}}));
}

TEST_F(CommitTest, NothingIsChangedWhenOneDoesNot) {
  for (const std::string& text : {std::string("1"), kBlock, kLarge}) {
    for (const std::string_view changed : {"a", "b", "none"}) {
      put("a", text);
      put("b", text);
      (void)table_.erase(dict_, text_key("none"));
      Transaction t = begin();
      (void)t.read("a");
      (void)t.read("b");
      (void)t.read("none");
      t.put("a", "lost");
      t.put("other", kLarge);
      t.erase("b");
      put(changed, text);  // the same again is another change
      const Model before = there();
      EXPECT_EQ(t.commit(), changed == "a" ? "0" : changed == "b" ? "1" : "2");
      EXPECT_EQ(there(), before);
    }
  }
}

TEST_F(CommitTest, AKeyThatWentAndCameIsAnother) {
  put("a", "1");
  Transaction t = begin();
  (void)t.read("a");
  ASSERT_TRUE(*table_.erase(dict_, text_key("a")));
  Transaction late = begin();
  (void)late.read("a");
  put("a", "1");
  t.put("b", "2");
  EXPECT_EQ(t.commit(), "0");
  EXPECT_EQ(late.commit(), "0") << "reading alone is held to it, too";
  ASSERT_TRUE(*table_.erase(dict_, text_key("a")));
  EXPECT_EQ(late.commit(), "done") << "it is as it was";
}

TEST_F(CommitTest, WithoutReadingItIsABatch) {
  Transaction t = begin();
  t.put("a", "1");
  t.put("b", "2");
  t.put("a", "3");
  EXPECT_EQ(t.commit(), "done");
  EXPECT_EQ(there(), (Model{{{Key("a"), "3"}, {Key("b"), "2"}}}));
  EXPECT_EQ(begin().commit(), "done");
}

TEST_F(CommitTest, TheKeysAsAWhole) {
  put("a", "1");
  add("n", 5);
  const auto broken_by = [&](const std::function<void()>& change) {
    Transaction t = begin();
    EXPECT_FALSE(t.keys().empty());
    t.put("mine", "1");
    change();
    return t.commit();
  };
  EXPECT_EQ(broken_by([] {}), "done");
  EXPECT_EQ(broken_by([&] { put("phantom", "1"); }), "all");
  EXPECT_EQ(broken_by([&] { ASSERT_TRUE(*table_.erase(dict_, text_key("phantom"))); }), "all");
  EXPECT_EQ(broken_by([&] { put("a", "2"); }), "all");
  EXPECT_EQ(broken_by([&] { add("n", 1); }), "done") << "the keys do not change with a number";
  EXPECT_EQ(broken_by([&] { ASSERT_TRUE(table_.clear(dict_).ok()); }), "all");
  put("a", "1");
  Transaction t = begin();
  const Stamp stamp = table_.stats(dict_)->stamp;
  (void)t.keys();
  ASSERT_TRUE(table_.clear(dict_).ok());
  put("a", "1");
  EXPECT_GT(table_.stats(dict_)->stamp, stamp);
  EXPECT_EQ(t.commit(), "all") << "cleared, and as it was again";
}

TEST_F(CommitTest, TheValuesAsAWhole) {
  put("a", "1");
  const auto stamp = [&] { return table_.items(dict_)->stamp_of_all(); };
  EXPECT_EQ(stamp(), table_.stats(dict_)->stamp) << "without cells both are one";
  add("n", 5);
  add("m", 6);
  EXPECT_NE(stamp() & kStampOfCells, 0u);
  EXPECT_EQ(stamp(), stamp());
  Transaction t = begin();
  EXPECT_EQ(t.items(), 3u);
  t.put("b", "2");
  EXPECT_EQ(t.commit(), "done");
  EXPECT_TRUE(add_at_once("n") && add_at_once("m")) << "they are thawed";
  for (const std::string_view key : {"n", "m"}) {
    Transaction late = begin();
    (void)late.items();
    add(key, 1);
    EXPECT_EQ(late.commit(), "all");
    add(key, -1);
    EXPECT_EQ(late.commit(), "done") << "it is as it was";
  }
  Transaction crossed = begin();
  (void)crossed.items();
  add("n", 1);
  add("m", -1);
  EXPECT_EQ(crossed.commit(), "all");
}

TEST_F(CommitTest, MovingTheEntriesIsNoChange) {
  for (int n = 0; n < 400; ++n) put("k" + std::to_string(n), kBlock);
  for (int n = 1; n < 190; ++n) ASSERT_TRUE(*table_.erase(dict_, text_key("k" + std::to_string(n))));
  Transaction t = begin();
  EXPECT_EQ(t.keys().size(), 211u);
  (void)t.read("k0");
  for (int n = 190; n < 399; ++n) t.erase("k" + std::to_string(n));
  EXPECT_EQ(t.commit(), "done");
  EXPECT_EQ(there().entries.size(), 2u);
}

TEST_F(CommitTest, ANumberThatWasRead) {
  add("n", 5);
  Transaction t = begin();
  EXPECT_EQ(t.read("n"), "<5>");
  t.put("a", "1");
  EXPECT_TRUE(add_at_once("n"));
  EXPECT_EQ(t.commit(), "0");
  EXPECT_EQ(at("a"), "(no blob)");
  EXPECT_TRUE(add_at_once("n")) << "it is thawed";
  add("n", -2);
  EXPECT_EQ(t.commit(), "done") << "it is as it was";
  EXPECT_TRUE(add_at_once("n")) << "it is thawed";
}

// Tries to add without the lock at every point of a change of many keys.
class AddsBetween {
 public:
  AddsBetween(const Table& table, const Handle& dict) {
    table_ = &table;
    dict_ = dict;
    points_ = added_ = 0;
    crash_hook = [](const char* name, bool) {
      if (!std::string_view(name).starts_with("batch.")) return;
      ++points_;
      added_ += table_->change_cell_at_once(dict_, text_key("n"), {CellOp::add, 1, 0}).has_value() ? 1 : 0;
    };
  }
  ~AddsBetween() { crash_hook = nullptr; }
  AddsBetween(const AddsBetween&) = delete;
  AddsBetween& operator=(const AddsBetween&) = delete;
  int points() const { return points_; }
  int added() const { return added_; }

 private:
  static inline const Table* table_ = nullptr;
  static inline Handle dict_{};
  static inline int points_ = 0;
  static inline int added_ = 0;
};

// A cell that was read keeps its number from the comparison until the change is made.
TEST_F(CommitTest, NoAdditionFallsBetweenTheComparisonAndTheChange) {
  for (const bool whole : {false, true}) {
    add("n", 5);
    Transaction t = begin();
    if (whole) {
      (void)t.items();
    } else {
      (void)t.read("n");
    }
    t.put("a", kBlock);
    {
      const AddsBetween adding(table_, dict_);
      EXPECT_EQ(t.commit(), "done");
      EXPECT_GT(adding.points(), 5);
      EXPECT_EQ(adding.added(), 0);
    }
    EXPECT_TRUE(add_at_once("n")) << "it is thawed";
  }
}

TEST_F(CommitTest, ANumberThatIsReadAndChanged) {
  add("n", 5);
  const HeldCell held = *table_.hold_cell(dict_, text_key("n"));
  Transaction t = begin();
  t.put_number("n", t.number("n") + 1);
  EXPECT_EQ(t.commit(), "done");
  EXPECT_EQ(held.load(), 6) << "the cell stays, and is thawed";
  EXPECT_TRUE(add_at_once("n"));
  Transaction late = begin();
  late.put_number("n", late.number("n") + 1);
  EXPECT_TRUE(held.change({CellOp::add, 1, 0}));
  EXPECT_EQ(late.commit(), "0");
  EXPECT_EQ(held.load(), 8);
}

TEST_F(CommitTest, ANumberThatIsReadAndReplaced) {
  for (const bool erased : {false, true}) {
    add("n", 5);
    {
      const HeldCell held = *table_.hold_cell(dict_, text_key("n"));
      Transaction t = begin();
      (void)t.read("n");
      (void)t.items();
      if (erased) {
        t.erase("n");
      } else {
        t.put("n", kBlock);
      }
      EXPECT_EQ(t.commit(), "done");
      EXPECT_FALSE(held.load());
    }
    ASSERT_TRUE(*table_.erase(dict_, text_key("n")) != erased);
  }
}

TEST_F(CommitTest, WhatFitsNoLimitChangesNothing) {
  Limits limits;
  limits.max_key_bytes = 8;
  limits.max_dict_keys = 3;
  const auto small = new_table(limits);
  ASSERT_TRUE(small->create(dict_).ok());
  ASSERT_TRUE(change(*small, dict_, text_key("n"), CellOp::add, 5).ok());
  const auto refusal = [&](const std::vector<std::string_view>& keys) {
    Transaction t(*small, dict_);
    (void)t.read("n");
    for (const std::string_view key : keys) t.put(key, kBlock);
    return t.commit();
  };
  EXPECT_EQ(refusal({"k", "much too long"}), "max_key_bytes");
  EXPECT_EQ(refusal({"a", "b", "c"}), "max_dict_keys");
  EXPECT_EQ(contents(*small, dict_).entries.size(), 1u);
  EXPECT_TRUE(small->change_cell_at_once(dict_, text_key("n"), {CellOp::add, 1, 0})) << "it is thawed";
  EXPECT_EQ(refusal({"a", "n"}), "done");
  EXPECT_TRUE(audited(*small));
}

// A key that was read and has expired since is another; and so is a dict that was read as a whole.
TEST_F(CommitTest, WhatHasExpiredSinceItWasRead) {
  constexpr std::uint64_t kShort = 30'000'000;
  for (const bool whole : {false, true}) {
    const std::uint64_t begin = now();
    ASSERT_TRUE(put_timed(table_, dict_, Key("k"), kBlock, kShort));
    Transaction t = this->begin();
    const bool there = whole ? !t.keys().empty() : t.read("k") == kBlock;
    t.put("mine", kBlock);
    if (now() - begin < kShort) {
      EXPECT_TRUE(there);
    }
    while (now() <= begin + 2 * kShort) {
    }
    if (there) {
      EXPECT_EQ(t.commit(), whole ? "all" : "0");
    }
    Transaction late = this->begin();
    EXPECT_EQ(late.read("k"), "(no blob)");
    EXPECT_TRUE(late.keys().empty());
    EXPECT_EQ(late.commit(), "done");
  }
}

TEST_F(CommitTest, OfADictThatIsNoMore) {
  put("a", "1");
  Transaction t = begin();
  (void)t.read("a");
  t.put("b", kBlock);
  ASSERT_EQ(table_.destroy(std::array{dict_}), 1u);
  EXPECT_EQ(t.commit(), "gone");
  while (table_.reclaim(100)) {
  }
}

// ---- At once

constexpr int kAccounts = 5;
constexpr std::int64_t kEach = 100;

std::string account_no(std::size_t n) { return "account " + std::to_string(n); }

// Some accounts are cells, and change in between without any lock.
void open_accounts(Table& table, const Handle& dict) {
  for (std::size_t n = 0; n < kAccounts; ++n) {
    const std::string name = account_no(n);
    ASSERT_TRUE(n % 2 == 0 ? put_number(table, dict, text_key(name), kEach).ok()
                           : change(table, dict, text_key(name), CellOp::add, kEach).ok());
  }
}

// Moves an amount; false: somebody else came first.
bool transfer(Table& table, const Handle& dict, std::mt19937& random) {
  const std::string from = account_no(random() % kAccounts);
  const std::string to = account_no(random() % kAccounts);
  const auto amount = static_cast<std::int64_t>(random() % 20);
  if (from == to) return true;
  Transaction t(table, dict);
  t.put_number(from, t.number(from) - amount);
  t.put_number(to, t.number(to) + amount);
  return t.commit() == "done";
}

// The sum at one moment, key by key or all at once; nothing: somebody else came first.
std::optional<std::int64_t> sum(Table& table, const Handle& dict) {
  Transaction t(table, dict);
  std::int64_t all = 0;
  for (std::size_t n = 0; n < kAccounts; ++n) all += t.number(account_no(n));
  return t.commit() == "done" ? std::optional(all) : std::nullopt;
}

TEST(CommitThreads, TheSumStays) {
  const auto table = new_table();
  const Handle dict = handle_no(1);
  ASSERT_TRUE(table->create(dict).ok());
  open_accounts(*table, dict);
  std::atomic<int> sums{0};
  in_threads([&](int thread) {
    std::mt19937 random(static_cast<unsigned>(thread));
    for (int done = 0; done < 3000;) {
      if (thread == 0) {
        const auto all = sum(*table, dict);
        if (!all) continue;
        ASSERT_EQ(*all, kAccounts * kEach);
        ++sums;
        ++done;
      } else {
        done += transfer(*table, dict, random);
      }
    }
  });
  EXPECT_EQ(sums, 3000);
  EXPECT_EQ(sum(*table, dict), kAccounts * kEach);
  EXPECT_TRUE(audited(*table));
}

// Each goes off duty only if the other is on: both are never off. Whether each is a cell or not.
TEST(CommitThreads, NoWriteSkew) {
  for (const bool cells : {false, true}) {
    const auto table = new_table();
    const Handle dict = handle_no(1);
    ASSERT_TRUE(table->create(dict).ok());
    const std::array<std::string, 2> names{"alice", "bob"};
    for (const std::string& name : names)
      ASSERT_TRUE(cells ? change(*table, dict, text_key(name), CellOp::add, 1).ok()
                        : put_number(*table, dict, text_key(name), 1).ok());
    std::atomic<int> refused{0};
    in_threads([&](int thread) {
      const std::string& mine = names[static_cast<std::size_t>(thread % 2)];
      for (int done = 0; done < 3000;) {
        Transaction t(*table, dict);
        const std::int64_t on_duty = t.number(names[0]) + t.number(names[1]);
        t.put_number(mine, on_duty == 2 ? 0 : 1);
        if (t.commit() != "done") {
          ++refused;
          continue;
        }
        ++done;
        ASSERT_GE(on_duty, 1) << "it was committed, so it was so";
      }
    });
  }
}

// A number that was read is added to without the lock: no addition falls between the comparison and the
// change. Whoever has added finds, whenever he looks, what was copied before or a copy of what he made.
TEST(CommitThreads, NoAdditionFallsBetween) {
  const auto table = new_table();
  const Handle dict = handle_no(1);
  ASSERT_TRUE(table->create(dict).ok());
  ASSERT_TRUE(change(*table, dict, text_key("n"), CellOp::add, 1).ok());
  ASSERT_TRUE(put_number(*table, dict, text_key("copy"), 0).ok());
  std::atomic<bool> stop{false};
  std::thread copier([&] {
    while (!stop) {
      Transaction t(*table, dict);
      t.put_number("copy", t.number("n"));
      (void)t.commit();
    }
  });
  const auto copy = [&] { return std::stoll(shown_at(*table, dict, text_key("copy"))); };
  for (int round = 0; round < 60000; ++round) {
    const auto added = change(*table, dict, text_key("n"), CellOp::add, 1);
    ASSERT_TRUE(added.ok());
    const std::int64_t before = copy();
    for (int look = 0; look < 3; ++look) {
      const std::int64_t now = copy();
      ASSERT_TRUE(now == before || now == added->after) << before << " " << now << " " << added->after;
    }
  }
  stop = true;
  copier.join();
}

TEST(CommitProcesses, TheSumStaysWhenTheyAreKilled) {
  const auto table = new_table();
  const Handle dict = handle_no(1);
  ASSERT_TRUE(table->create(dict).ok());
  open_accounts(*table, dict);
  std::mt19937 random(11);
  for (int round = 0; round < 60; ++round) {
    std::vector<std::unique_ptr<Child>> children;
    const Signal began;
    for (unsigned n = 0; n < 2; ++n)
      children.push_back(std::make_unique<Child>([&, n] {
        if (!table->after_fork().ok()) return 2;
        std::mt19937 own(static_cast<unsigned>(round) * 2 + n);
        for (int done = 0;; ++done) {
          (void)transfer(*table, dict, own);
          if (done == 20) began.give();
        }
      }));
    began.await();
    for (auto n = random() % 20000; n > 0; --n) std::atomic_signal_fence(std::memory_order_seq_cst);
    for (const auto& child : children) child->kill_it();
    for (const auto& child : children) EXPECT_EQ(child->wait(), -SIGKILL);
    std::optional<std::int64_t> all;
    while (!(all = sum(*table, dict))) {
    }
    ASSERT_EQ(*all, kAccounts * kEach);
  }
  table->sweep();
  EXPECT_TRUE(audited(*table));
}

}  // namespace
}  // namespace pyport::table
