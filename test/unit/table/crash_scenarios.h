// The operations that the crash tests kill.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "crash_harness.h"
#include "numbers.h"
#include "table/box.h"

namespace pyport::table {

inline const Handle kDict = handle_no(1);
inline const Handle kOther = handle_no(2);
inline const std::string kLong(100, 'l');
inline const std::string kLarge(5000, 'L');

inline std::string name_no(int n) { return "a key that is longer than an entry " + std::to_string(n); }

// An operation to be killed: what is there before, what it does, and what the dict then holds.
struct Scenario {
  std::string name;
  std::function<void(Table&, Model&)> prepare;
  std::function<bool(Table&)> work;
  std::function<void(Model&)> expect = [](Model&) {};  // turns the model before into the one after
  bool ends_dict = false;                              // afterwards the dict may be gone
  bool at_attach = false;                              // points of taking a place count too
  std::function<void(Table&)> verify = [](Table&) {};  // what else holds when all was given back
};

// How GoogleTest names it.
inline void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }

inline void put_model(Table& table, Model& model, const Key& key, const std::string& value) {
  ASSERT_TRUE(put_text(table, kDict, view_of(key), value).ok());
  model.put(key, value);
}

inline void fill(Table& table, Model& model, int count, const std::string& value = "some value") {
  for (int n = 0; n < count; ++n)
    put_model(table, model, n % 2 == 0 ? Key(std::int64_t{n}) : Key(name_no(n)), value);
}

inline bool put_one(Table& table, const Key& key, const std::string& value) {
  return put_text(table, kDict, view_of(key), value).ok();
}

inline Scenario put_scenario(std::string name, int before, const Key& key, const std::string& value,
                             const std::string& old = "some value") {
  return {std::move(name), [=](Table& table, Model& model) { fill(table, model, before, old); },
          [=](Table& table) { return put_one(table, key, value); },
          [=](Model& model) { model.put(key, value); }};
}

inline Scenario erase_scenario(std::string name, int before, const Key& key,
                               const std::string& old = "some value") {
  return {std::move(name), [=](Table& table, Model& model) { fill(table, model, before, old); },
          [=](Table& table) { return table.erase(kDict, view_of(key)).ok(); },
          [=](Model& model) { model.erase(key); }};
}

// A dict in which so many entries are dead that the next change moves the live ones.
inline void fill_with_dead(Table& table, Model& model) {
  fill(table, model, 80);
  for (int n = 0; n < 40; ++n) {
    const Key key = n % 2 == 0 ? Key(std::int64_t{n}) : Key(name_no(n));
    ASSERT_TRUE(*table.erase(kDict, view_of(key)));
    model.erase(key);
  }
}

inline const std::string kLongKey = name_no(2000);

// New keys and old ones, values of all kinds; enough for the redo list to have a block of its own in use.
inline std::vector<std::pair<Key, std::string>> batch() {
  std::vector<std::pair<Key, std::string>> all{{Key("k"), kLong}, {Key("word"), "w"}, {Key("large"), kLarge}};
  for (int n = 0; n < 12; ++n)
    all.emplace_back(n % 3 == 0 ? Key(name_no(3000 + n)) : Key(std::int64_t{n}), kLong);
  return all;
}

constexpr std::uint64_t kHour = 3'600'000'000'000;  // nanoseconds

// With a time to live in nanoseconds.
inline bool put_timed(Table& table, const Handle& dict, const Key& key, const std::string& value,
                      std::uint64_t ttl, std::uint32_t tag = 0) {
  Result<NewBlob> blob = blob_of(table, value, tag);
  if (!blob.ok()) return false;
  blob->live_for(ttl);
  return table.put(dict, view_of(key), *std::move(blob)).ok();
}

inline void create_other(Table& table, const NewDict& wanted) {
  ASSERT_TRUE(table.create(kOther, wanted).ok());
}

// Until a use of a key that lives so long puts its deadline off.
inline void wait_until_a_use_counts(std::uint64_t ttl) {
  const std::uint64_t end = now() + ttl / kTouches + 1'000'000;
  while (now() < end) {
  }
}

inline std::vector<Scenario> expiry_scenarios() {
  std::vector<Scenario> all;
  const Key long_key(kLong.substr(0, 30));
  const auto prepare = [=](const std::string& value) {
    return [=](Table& table, Model& model) {
      fill(table, model, 3);
      ASSERT_TRUE(put_timed(table, kDict, long_key, value, kHour));
      model.put(long_key, value);
    };
  };
  for (const auto& [size, value] :
       {std::pair("word", std::string("v")), {"block", kLong}, {"large", kLarge}}) {
    const auto put = [value = value](const Key& key) {
      return [=](Table& table) { return put_timed(table, kDict, key, value + "!", kHour); };
    };
    const auto expect = [value = value](const Key& key) {
      return [=](Model& model) { model.put(key, value + "!"); };
    };
    all.push_back(
        {std::string("set what expires, ") + size, prepare(value), put(Key("k")), expect(Key("k"))});
    all.push_back(
        {std::string("replace what expires, ") + size, prepare(value), put(long_key), expect(long_key)});
    all.push_back({std::string("delete what expires, ") + size, prepare(value),
                   [=](Table& table) { return *table.erase(kDict, view_of(long_key)); },
                   [=](Model& model) { model.erase(long_key); }});
  }
  all.push_back({"set over what has expired",
                 [](Table& table, Model& model) {
                   ASSERT_TRUE(put_timed(table, kDict, Key("k"), kLong, 1));
                   fill(table, model, 3);
                 },
                 [](Table& table) { return put_timed(table, kDict, Key("k"), kLarge, kHour); },
                 [](Model& model) { model.put(Key("k"), kLarge); }});
  all.push_back({"look for what has expired",
                 [](Table& table, Model& model) {
                   fill(table, model, 3);
                   for (std::int64_t n = 100; n < 110; ++n)
                     ASSERT_TRUE(put_timed(table, kDict, Key(n), n % 2 == 0 ? kLong : "w", 1));
                   ASSERT_TRUE(put_timed(table, kDict, Key("k"), kLong, kHour));
                   model.put(Key("k"), kLong);
                 },
                 [](Table& table) { return table.expire() != 0; }});
  all.push_back({"use what expires",
                 [](Table& table, Model&) {
                   NewDict idle;
                   idle.idle = true;
                   idle.ttl = kHour / 36000;
                   create_other(table, idle);
                   ASSERT_TRUE(put_timed(table, kOther, Key("k"), kLong, idle.ttl));
                   wait_until_a_use_counts(idle.ttl);
                 },
                 [](Table& table) { return table.get(kOther, text_key("k")).ok(); }});
  all.push_back({"several at once that expire",
                 [](Table& table, Model&) {
                   NewDict timed;
                   timed.ttl = kHour;
                   create_other(table, timed);
                   ASSERT_TRUE(put_timed(table, kOther, Key("large"), kLong, 1));
                   ASSERT_TRUE(put_timed(table, kOther, Key("k"), kLong, kHour));
                 },
                 [](Table& table) {
                   std::vector<KeyChange> changes;
                   const auto puts = batch();
                   for (const auto& [key, text] : puts)
                     changes.push_back({view_of(key), *blob_of(table, text)});
                   return table.change_all(kOther, changes).ok();
                 }});
  return all;
}

inline std::vector<Scenario> name_scenarios() {
  NewDict wanted;
  wanted.ttl = kHour;
  const auto fresh = handle_no(5555);
  std::vector<Scenario> all;
  all.push_back({"open by name", [](Table& table, Model& model) { fill(table, model, 3); },
                 [=](Table& table) {
                   const Result<Opened> opened = table.open("name", wanted, fresh);
                   return opened.ok() && opened->is_new && table.size(fresh).ok();
                 }});
  all.push_back({"remove by name",
                 [=](Table& table, Model&) { ASSERT_TRUE(table.open("name", wanted, fresh).ok()); },
                 [](Table& table) {
                   const Result<bool> removed = table.remove_name("name");
                   return removed.ok() && *removed;
                 }});
  return all;
}

inline const Handle kChild = handle_no(3);
inline const Handle kGrandchild = handle_no(4);

inline NewDict child_of(const Handle& parent) {
  NewDict wanted;
  wanted.owner = DictOwner::parent;
  wanted.parent = parent;
  return wanted;
}

inline NewDict of_process() {
  NewDict wanted;
  wanted.owner = DictOwner::process;
  return wanted;
}

inline NewDict list_of() {
  NewDict wanted;
  wanted.is_list = true;
  return wanted;
}

inline Result<std::uint64_t> append_texts(Table& table, const Handle& list,
                                          const std::vector<std::string>& texts) {
  std::vector<NewBlob> blobs;
  for (const std::string& text : texts) blobs.push_back(*blob_of(table, text));
  return table.append(list, blobs);
}

inline bool put_texts(Table& table, const Handle& list, const ListSlice& slice,
                      const std::vector<std::string>& texts) {
  std::vector<NewBlob> blobs;
  for (const std::string& text : texts) blobs.push_back(*blob_of(table, text));
  const Result<SlicePut> put = table.put_slice(list, slice, blobs);
  return put.ok() && put->fits;
}

// The elements in the order of their indices; an error in place of one that is not there.
inline std::vector<std::string> texts_of(const Table& table, const Handle& list) {
  std::vector<std::string> texts;
  for (std::uint64_t i = 0; i < *table.size(list); ++i)
    texts.push_back(text_at(table, list, static_cast<std::int64_t>(i)));
  return texts;
}

inline std::string child_text(const Handle& child) {
  return std::string(child.bits.begin(), child.bits.end()) + " and more";
}

inline Status put_child(Table& table, const Handle& parent, const KeyView& key, const Handle& child) {
  return put_text(table, parent, key, child_text(child), kChildTag);
}

// kDict, two that end with it, and one that ends with one of these.
inline void make_family(Table& table, Model& model) {
  fill(table, model, 4);
  ASSERT_TRUE(table.create(kOther, child_of(kDict)).ok());
  ASSERT_TRUE(table.create(kChild, child_of(kDict)).ok());
  ASSERT_TRUE(table.create(kGrandchild, child_of(kChild)).ok());
  ASSERT_TRUE(put_text(table, kGrandchild, 1, kLong).ok());
}

// Of a dict that may have ended there are all children or none.
inline void expect_whole_family(Table& table) {
  EXPECT_EQ(table.handles().size(), table.alive(kDict) ? 4u : 0u);
}

inline std::vector<Scenario> owner_scenarios() {
  std::vector<Scenario> all;
  all.push_back(
      {"create what ends with the process", [](Table& table, Model& model) { fill(table, model, 2); },
       [](Table& table) {
         return table.create(kOther, of_process()).ok() && table.create(kChild, of_process()).ok() &&
                table.create(kGrandchild, child_of(kChild)).ok();
       },
       [](Model&) {}, false, false,
       [](Table& table) { EXPECT_EQ(table.handles().size(), 1u) << "it outlives its process"; }});
  all.push_back({"create what ends with another",
                 [](Table& table, Model& model) {
                   fill(table, model, 2);
                   ASSERT_TRUE(table.create(kChild, child_of(kDict)).ok());
                 },
                 [](Table& table) { return table.create(kOther, child_of(kDict)).ok(); }});
  all.push_back({"destroy what has children", make_family,
                 [](Table& table) { return table.destroy(std::array{kDict}) == 1; }, [](Model&) {}, true,
                 false, expect_whole_family});
  all.push_back({"destroy the one in the middle",
                 [](Table& table, Model& model) {
                   make_family(table, model);
                   ASSERT_TRUE(table.create(handle_no(5), child_of(kDict)).ok());
                 },
                 [](Table& table) { return table.destroy(std::array{kChild}) == 1; }, [](Model&) {}, false,
                 false, [](Table& table) { EXPECT_EQ(table.alive(kChild), table.alive(kGrandchild)); }});
  all.push_back({"clear what has children", make_family, [](Table& table) { return table.clear(kDict).ok(); },
                 [](Model& model) { model.entries.clear(); }, false, false,
                 [](Table& table) { EXPECT_EQ(table.handles().size(), *table.size(kDict) == 0 ? 1u : 4u); }});
  all.push_back({"clear what is a child",
                 [](Table& table, Model& model) {
                   make_family(table, model);
                   ASSERT_TRUE(put_text(table, kChild, 1, kLong).ok());
                 },
                 [](Table& table) { return table.clear(kChild).ok(); }, [](Model&) {}, false, false,
                 [](Table& table) {
                   EXPECT_EQ(table.handles().size(), *table.size(kChild) == 0 ? 3u : 4u);
                   table.destroy(std::array{kDict});
                   EXPECT_FALSE(table.alive(kChild)) << "after clear() it is no longer its parent's";
                 }});
  all.push_back({"replace the value of a child",
                 [](Table& table, Model& model) {
                   make_family(table, model);
                   ASSERT_TRUE(put_child(table, kDict, 0, kChild).ok());
                   model.put(Key(std::int64_t{0}), text_at(table, kDict, 0));
                 },
                 [](Table& table) { return put_one(table, std::int64_t{0}, kLong); },
                 [](Model& model) { model.put(Key(std::int64_t{0}), kLong); }, false, false,
                 [](Table& table) {
                   EXPECT_EQ(table.alive(kChild), table.alive(kGrandchild));
                   EXPECT_TRUE(table.alive(kChild) || text_at(table, kDict, 0) == kLong);
                 }});
  all.push_back({"adopt",
                 [](Table& table, Model& model) {
                   fill(table, model, 2);
                   for (const Handle& handle : {kOther, kChild, kGrandchild})
                     ASSERT_TRUE(table.create(handle, of_process()).ok());
                 },
                 [](Table& table) { return *table.adopt(kChild, kDict) == Adoption::adopted; }, [](Model&) {},
                 false, false, [](Table& table) { EXPECT_TRUE(table.alive(kChild)); }});
  all.push_back({"disown", make_family, [](Table& table) { return *table.disown(kChild, kDict); },
                 [](Model&) {}, false, false,
                 [](Table& table) { EXPECT_EQ(table.handles().size(), table.alive(kChild) ? 4u : 2u); }});
  return all;
}

inline std::vector<std::string> list_before() {
  std::vector<std::string> texts{"a", kLong, "c", kLarge};
  for (int n = 0; n < 20; ++n) texts.push_back(n % 2 == 0 ? kLong + std::to_string(n) : "w");
  return texts;
}

// Of a list that is kOther: as it was, or as `change` makes it.
inline Scenario list_scenario(std::string name, std::function<bool(Table&)> work,
                              const std::function<void(std::vector<std::string>&)>& change) {
  return {std::move(name),
          [](Table& table, Model& model) {
            fill(table, model, 2);
            ASSERT_TRUE(table.create(kOther, list_of()).ok());
            ASSERT_TRUE(append_texts(table, kOther, list_before()).ok());
          },
          std::move(work),
          [](Model&) {},
          false,
          false,
          [change](Table& table) {
            auto changed = list_before();
            change(changed);
            const auto found = texts_of(table, kOther);
            EXPECT_TRUE(found == list_before() || found == changed) << found.size() << " elements";
          }};
}

inline std::vector<Scenario> list_scenarios() {
  return {list_scenario(
              "append many",
              [](Table& table) {
                return append_texts(table, kOther, {"x", kLong}).ok();
              },
              [](auto& list) {
                list.insert(list.end(), {"x", kLong});
              }),
          list_scenario(
              "insert into a list",
              [](Table& table) { return table.insert_at(kOther, 3, *blob_of(table, kLong + "!")).ok(); },
              [](auto& list) { list.insert(list.begin() + 3, kLong + "!"); }),
          list_scenario(
              "put many into the middle of a list",
              [](Table& table) {
                return put_texts(table, kOther, {1, 4}, {kLarge + "!", "x", kLong, kLong + "!", "y"});
              },
              [](auto& list) {
                list.erase(list.begin() + 1, list.begin() + 4);
                list.insert(list.begin() + 1, {kLarge + "!", "x", kLong, kLong + "!", "y"});
              }),
          list_scenario(
              "delete each third of a list",
              [](Table& table) {
                return *table.erase_slice(kOther, {0, 13, 3}) == 5;
              },
              [](auto& list) {
                for (const int at : {12, 9, 6, 3, 0}) list.erase(list.begin() + at);
              }),
          list_scenario(
              "turn a list round", [](Table& table) { return table.reverse(kOther).ok(); },
              [](auto& list) { std::reverse(list.begin(), list.end()); }),
          list_scenario(
              "take from the middle of a list", [](Table& table) { return table.take_at(kOther, 1).ok(); },
              [](auto& list) { list.erase(list.begin() + 1); })};
}

inline std::vector<Scenario> scenarios() {
  const Key long_key = name_no(1000);
  std::vector<Scenario> all{
      put_scenario("set new, the first", 0, Key("k"), "v"),
      put_scenario("set new, a value in the word", 3, Key("k"), "v"),
      put_scenario("set new, a value in a block", 3, Key("k"), kLong),
      put_scenario("set new, a large value", 3, Key("k"), kLarge),
      put_scenario("set new, a long key", 3, long_key, kLong),
      put_scenario("set new, a segment more and a larger hash table", 8, long_key, kLong),
      put_scenario("set new, a larger hash table", 10, Key("k"), "v"),
      put_scenario("set new, a directory of segments", 1024, Key("k"), "v"),
      put_scenario("replace, word by word", 3, Key(std::int64_t{0}), "w", "v"),
      put_scenario("replace, word by block", 3, Key(std::int64_t{0}), kLong, "v"),
      put_scenario("replace, block by word", 3, Key(std::int64_t{0}), "w", kLong),
      put_scenario("replace, block by block", 3, Key(std::int64_t{0}), kLong + "!", kLong),
      put_scenario("replace, large by large", 3, Key(std::int64_t{0}), kLarge + "!", kLarge),
      erase_scenario("delete, a value in the word", 3, Key(std::int64_t{0}), "v"),
      erase_scenario("delete, a long key and a block", 3, Key(name_no(1)), kLong),
      erase_scenario("delete, a large value", 3, Key(std::int64_t{0}), kLarge),
  };
  all.push_back({"wait, and change what is waited for",
                 [](Table& table, Model& model) {
                   fill(table, model, 3);
                   ASSERT_TRUE(table.wait_change(kDict, text_key("k"), 0, {WaitClock::now()}).ok());
                 },
                 [](Table& table) {
                   return put_one(table, Key("k"), "v") &&
                          table.wait_change(kDict, text_key("k"), 0, {WaitClock::now()}).ok();
                 },
                 [](Model& model) { model.put(Key("k"), "v"); }});
  all.push_back({"watch, and change what is watched",
                 [](Table& table, Model& model) {
                   WatchPosition position;
                   ASSERT_TRUE(table.wait_changes(kDict, position).ok());
                   for (int n = 0; n < 3000; ++n) put_model(table, model, Key("k"), "w");
                   ASSERT_TRUE(table.create(kOther).ok());
                 },
                 [](Table& table) {
                   WatchPosition position, other;
                   return table.wait_changes(kOther, other).ok() &&
                          table.wait_changes(kDict, position).ok() && put_one(table, Key("k"), "v") &&
                          table.wait_changes(kDict, position).ok();
                 },
                 [](Model& model) { model.put(Key("k"), "v"); }});
  all.push_back({"rehash by delete", fill_with_dead,
                 [](Table& table) { return table.erase(kDict, std::int64_t{40}).ok(); },
                 [](Model& model) { model.erase(Key(std::int64_t{40})); }});
  all.push_back({"destroy", [](Table& table, Model& model) { fill(table, model, 20, kLong); },
                 [](Table& table) { return table.destroy(std::array{kDict}) == 1; }, [](Model&) {}, true});
  all.push_back({"give a dead dict's memory back",
                 [](Table& table, Model&) {
                   ASSERT_TRUE(table.create(kOther).ok());
                   for (std::int64_t n = 0; n < 20; ++n) ASSERT_TRUE(put_text(table, kOther, n, kLong).ok());
                   table.destroy(std::array{kOther});
                 },
                 [](Table& table) {
                   while (table.reclaim(5)) {
                   }
                   return true;
                 }});
  all.push_back({"create", [](Table& table, Model& model) { fill(table, model, 2); },
                 [](Table& table) { return table.create(kOther).ok(); }});
  all.push_back({"create, a chunk and a larger index",
                 [](Table& table, Model& model) {
                   fill(table, model, 2);
                   for (std::uint64_t n = 10; n < 10 + 511; ++n) ASSERT_TRUE(table.create(handle_no(n)).ok());
                 },
                 [](Table& table) {
                   bool good = true;
                   for (std::uint64_t n = 1000; n < 1000 + 2; ++n)
                     good = good && table.create(handle_no(n)).ok();
                   return good;
                 }});
  all.push_back({"allocate and give back", [](Table& table, Model& model) { fill(table, model, 2); },
                 [](Table& table) {
                   for (const std::size_t size : {200, 3000, 100000})
                     if (!table.allocate(size).ok()) return false;
                   return true;
                 }});
  all.push_back({"slabs come and go", [](Table& table, Model& model) { fill(table, model, 2); },
                 [](Table& table) {
                   std::vector<Result<BlobWriter>> writers;
                   for (int n = 0; n < 35; ++n) writers.push_back(table.allocate(4000));
                   return writers.back().ok();
                 }});
  all.push_back({"pin and let go",
                 [](Table& table, Model& model) { put_model(table, model, Key("k"), kLarge); },
                 [](Table& table) {
                   const Result<Blob> blob = table.get(kDict, text_key("k"));
                   return blob.ok() && blob->holds_block();
                 }});
  all.push_back({"replace what is pinned, and let go",
                 [](Table& table, Model& model) { put_model(table, model, Key("k"), kLarge); },
                 [](Table& table) {
                   const Result<Blob> blob = table.get(kDict, text_key("k"));
                   return blob.ok() && put_one(table, Key("k"), kLong);
                 },
                 [](Model& model) { model.put(Key("k"), kLong); }});
  all.push_back({"several at once: replaced, new and erased, small and large",
                 [](Table& table, Model& model) {
                   fill(table, model, 20);
                   put_model(table, model, Key("k"), kLarge);
                   put_model(table, model, Key(kLongKey), kLong);
                   put_model(table, model, Key("erased"), kLong);
                 },
                 [](Table& table) {
                   std::vector<KeyChange> changes;
                   const auto puts = batch();
                   for (const auto& [key, text] : puts)
                     changes.push_back({view_of(key), *blob_of(table, text)});
                   changes.push_back({text_key("erased"), NewBlob()});
                   changes.push_back({text_key(kLongKey), NewBlob()});
                   const Result<std::uint64_t> erased = table.change_all(kDict, changes);
                   return erased.ok() && *erased == 2;
                 },
                 [](Model& model) {
                   for (const auto& [key, text] : batch()) model.put(key, text);
                   model.erase(Key("erased"));
                   model.erase(Key(kLongKey));
                 }});
  all.push_back({"set if it is not there", [](Table& table, Model& model) { fill(table, model, 3); },
                 [](Table& table) {
                   const Result<bool> stored =
                       table.put_if(kDict, text_key("k"), *blob_of(table, kLong), Expect::absent());
                   return stored.ok() && *stored;
                 },
                 [](Model& model) { model.put(Key("k"), kLong); }});
  all.push_back({"set if it is not there, though it is",
                 [](Table& table, Model& model) { put_model(table, model, Key("k"), kLarge); },
                 [](Table& table) {
                   Stamped present;
                   const Result<bool> stored = table.put_if(kDict, text_key("k"), *blob_of(table, kLarge),
                                                            Expect::absent(), &present);
                   return stored.ok() && !*stored && present.blob.holds_block();
                 }});
  for (const auto& [size, value] : {std::pair("small", kLong), std::pair("large", kLarge)})
    all.push_back({std::string("take, ") + size,
                   [value = value](Table& table, Model& model) {
                     fill(table, model, 3);
                     put_model(table, model, Key(kLongKey), value);
                   },
                   [](Table& table) {
                     const Result<TakenOut> taken = table.take(kDict, text_key(kLongKey));
                     return taken.ok() && taken->erased;
                   },
                   [](Model& model) { model.erase(Key(kLongKey)); }});
  all.push_back({"take the last, behind which others were",
                 [](Table& table, Model& model) {
                   fill(table, model, 40);
                   for (int n = 20; n < 40; ++n) {
                     const Key key = n % 2 == 0 ? Key(std::int64_t{n}) : Key(name_no(n));
                     ASSERT_TRUE(*table.erase(kDict, view_of(key)));
                     model.erase(key);
                   }
                 },
                 [](Table& table) {
                   Key key;
                   const Result<TakenOut> taken = table.take_last(kDict, key);
                   return taken.ok() && taken->erased && key == Key(name_no(19));
                 },
                 [](Model& model) { model.erase(Key(name_no(19))); }});
  all.push_back({"clear", [](Table& table, Model& model) { fill(table, model, 20, kLong); },
                 [](Table& table) {
                   const Result<std::uint64_t> cleared = table.clear(kDict);
                   return cleared.ok() && *cleared == 20;
                 },
                 [](Model& model) { model.entries.clear(); }});
  // A cell of 5 among other keys; what readers get of it is the model's text.
  const auto with_cell = [](Table& table, Model& model) {
    fill(table, model, 3);
    ASSERT_TRUE(change(table, kDict, text_key("n"), CellOp::add, 5).ok());
    model.put(Key("n"), cell_text(5));
  };
  all.push_back(
      {"a number becomes a cell",
       [](Table& table, Model& model) {
         fill(table, model, 3);
         ASSERT_TRUE(put_number(table, kDict, text_key("n"), 12).ok());
         model.put(Key("n"), "12");
       },
       [](Table& table) { return change(table, kDict, text_key("n"), CellOp::add, 1)->after == 13; },
       [](Model& model) { model.put(Key("n"), cell_text(13)); }});
  all.push_back(
      {"a new cell", [](Table& table, Model& model) { fill(table, model, 8); },
       [](Table& table) { return change(table, kDict, text_key("n"), CellOp::sub, 1)->after == -1; },
       [](Model& model) { model.put(Key("n"), cell_text(-1)); }});
  all.push_back({"add to a cell, and read it among others", with_cell,
                 [](Table& table) {
                   return change(table, kDict, text_key("n"), CellOp::add, 1)->after == 6 &&
                          table.items(kDict).ok();
                 },
                 [](Model& model) { model.put(Key("n"), cell_text(6)); }});
  all.push_back({"give a cell a number", with_cell,
                 [](Table& table) { return put_number(table, kDict, text_key("n"), 7).ok(); },
                 [](Model& model) { model.put(Key("n"), cell_text(7)); }});
  all.push_back({"give cells numbers, several at once", with_cell,
                 [](Table& table) {
                   std::vector<KeyChange> changes;
                   changes.push_back({text_key("n"), *blob_of(table, "7", kDigits)});
                   changes.push_back({text_key("k"), *blob_of(table, kLong)});
                   return table.change_all(kDict, changes, &test_numbers()).ok();
                 },
                 [](Model& model) {
                   model.put(Key("n"), cell_text(7));
                   model.put(Key("k"), kLong);
                 }});
  // Reads them, cells among them, and changes one that was read, one that was not and one that goes.
  const auto transact = [](Table& table, bool broken) {
    const Stamp cell = table.get_stamped(kDict, text_key("n"))->stamp;
    const Result<Snapshot> items = table.items(kDict);
    if (!items.ok()) return false;
    const std::vector<KeyRead> read{{text_key("n"), broken ? cell ^ 1 : cell}, {text_key("k"), 0}};
    const std::array all_read{items->stamp_of_all()};
    std::vector<KeyChange> changes;
    changes.push_back({text_key("n"), *blob_of(table, "7", kDigits)});
    changes.push_back({text_key("k"), *blob_of(table, kLarge)});
    changes.push_back({text_key("m"), *blob_of(table, kLong)});
    changes.push_back({std::int64_t{0}, NewBlob()});
    const Result<Committed> done = table.commit(kDict, {read, all_read}, changes, &test_numbers());
    return done.ok() && (done->broken == std::optional<std::size_t>(0)) == broken;
  };
  const auto with_cells = [with_cell](Table& table, Model& model) {
    with_cell(table, model);
    ASSERT_TRUE(change(table, kDict, text_key("m"), CellOp::add, 6).ok());
    model.put(Key("m"), cell_text(6));
  };
  all.push_back({"commit what holds", with_cells, [=](Table& table) { return transact(table, false); },
                 [](Model& model) {
                   model.put(Key("n"), cell_text(7));
                   model.put(Key("k"), kLarge);
                   model.put(Key("m"), kLong);
                   model.erase(Key(std::int64_t{0}));
                 }});
  all.push_back({"commit what does not", with_cells, [=](Table& table) { return transact(table, true); }});
  all.push_back({"replace a cell", with_cell, [](Table& table) { return put_one(table, Key("n"), kLong); },
                 [](Model& model) { model.put(Key("n"), kLong); }});
  all.push_back(
      {"read a cell among others, and take it", with_cell,
       [](Table& table) { return table.items(kDict).ok() && table.take(kDict, text_key("n"))->erased; },
       [](Model& model) { model.erase(Key("n")); }});
  all.push_back({"hold a cell", with_cell, [](Table& table) {
                   const Result<HeldCell> cell = table.hold_cell(kDict, text_key("n"));
                   return cell.ok() && cell->load() == 5;
                 }});
  all.push_back({"grow the file", [](Table& table, Model& model) { fill(table, model, 2); },
                 [](Table& table) { return put_one(table, Key("k"), std::string(3 << 20, 'g')); },
                 [](Model& model) { model.put(Key("k"), std::string(3 << 20, 'g')); }});
  all.push_back({"many sets and deletes: magazines filled and emptied",
                 [](Table& table, Model& model) { fill(table, model, 2); },
                 [](Table& table) {
                   for (int n = 0; n < 40; ++n)
                     if (!put_text(table, kOther, std::int64_t{n}, kLong).ok())
                       return table.create(kOther).ok();
                   return true;
                 }});
  all.push_back({"take a place", [](Table& table, Model& model) { fill(table, model, 2); },
                 [](Table& table) { return put_one(table, Key("k"), "v"); },
                 [](Model& model) { model.put(Key("k"), "v"); }, false, true});
  for (const auto& more : {expiry_scenarios(), name_scenarios()})
    all.insert(all.end(), more.begin(), more.end());
  for (Scenario& scenario : owner_scenarios()) all.push_back(std::move(scenario));
  for (Scenario& scenario : list_scenarios()) all.push_back(std::move(scenario));
  return all;
}

}  // namespace pyport::table
