// Random bytes of the file are flipped while threads and another process are at work in it: what a wild
// pointer in somebody's extension module does. Nobody crashes or hangs, errors are of the kinds that are
// promised, and dicts other than the damaged one keep their values. Meant for the address sanitizer's build;
// true in all.
//
//   PYPORT_FLIPS=N    so many flips; 10,000 by default
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <random>
#include <thread>

#include "helpers.h"
#include "processes.h"
#include "table/block.h"
#include "table/index.h"
#include "table/page_word.h"
#include "table/size_class.h"
#include "temporary_table.h"

namespace pyport::table {
namespace {

constexpr std::uint64_t kDicts = 24;
constexpr std::int64_t kKeys = 40;
constexpr int kFlipsInARound = 100;
constexpr int kFlipsAtOnce = 4;
constexpr int kWorkers = 3;  // threads, one of them in another process
// ThreadSanitizer sees one process: a block that passes from a thread to another by way of a second process
// looks to it like a race. And who follows a damaged place races indeed. There all are threads, and nothing
// is damaged: what remains is the same work, watched for races.
#ifdef __SANITIZE_THREAD__
constexpr bool kHarmless = true;
#else
constexpr bool kHarmless = false;
#endif

// What the processes of a round tell each other, in memory that no flip touches.
struct Shared {
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> operations{0};
  std::atomic<bool> pause{false};
  std::atomic<int> pausing{0};
  std::atomic<bool> values_may_be_wrong{
      false};  // a flip came while the block was on its way to nobody knows where
  std::array<std::atomic<bool>, kDicts> damaged{};  // something of this dict was flipped
  std::atomic<bool> all_damaged{false};             // something that is nobody's was flipped
  std::atomic<std::uint64_t> errors{0};             // in any dict
  std::atomic<std::uint64_t> wrong_errors{0};       // of another kind, or in a dict that has no damage
  std::atomic<std::uint64_t> wrong_values{0};
  std::array<char, 400> first_wrong{};
};

void complain(Shared& shared, std::atomic<std::uint64_t>& counter, const std::string& what) {
  if (counter.fetch_add(1) == 0)
    std::snprintf(shared.first_wrong.data(), shared.first_wrong.size(), "%s", what.c_str());
}

// Every value says which dict and key it is of, all over.
std::string made_value(std::uint64_t dict, std::int64_t key, std::uint64_t version) {
  static constexpr std::size_t kSizes[] = {5, 40, 100, 200, 1000, 5000, 9000};
  const std::size_t size = kSizes[static_cast<std::uint64_t>(key) % std::size(kSizes)];
  const std::string unit = std::to_string(dict) + "/" + std::to_string(key) + ";";
  std::string text = std::to_string(version % 2) + ":";
  while (text.size() < size) text += unit;
  return text;
}

const std::string& value_of(std::uint64_t dict, std::int64_t key, std::uint64_t version) {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> values;
    for (std::uint64_t d = 0; d < kDicts; ++d)
      for (std::int64_t k = 0; k < kKeys; ++k)
        for (const std::uint64_t v : {0U, 1U}) values.push_back(made_value(d, k, v));
    return values;
  }();
  return all[(dict * kKeys + static_cast<std::uint64_t>(key)) * 2 + version % 2];
}

std::string key_of(std::int64_t key) {
  return "a key of more than sixteen bytes, number " + std::to_string(key);
}

bool is_value_of(std::uint64_t dict, std::int64_t key, std::string_view text) {
  return text == value_of(dict, key, 0) || text == value_of(dict, key, 1);
}

class Worker {
 public:
  Worker(Table& table, Shared& shared, std::uint64_t seed) : table_(table), shared_(shared), random_(seed) {}

  void work() {
    while (!shared_.stop) {
      step();
      if (!shared_.pause) continue;
      ++shared_.pausing;
      while (shared_.pause) std::this_thread::yield();
      --shared_.pausing;
    }
    held_.clear();
  }

  void step() {
    const std::uint64_t dict = random_() % kDicts;
    const auto key = static_cast<std::int64_t>(random_() % kKeys);
    const std::string name = key_of(key);
    const KeyView view = key % 3 == 0 ? KeyView(as_bytes(name)) : KeyView(key);
    const std::uint64_t what = random_() % 16;
    shared_.operations.fetch_add(1, std::memory_order_relaxed);
    if (what < 7) return read(dict, key, view);
    if (what < 12)
      return check(dict, put_text(table_, handle_no(dict), view, value_of(dict, key, random_())));
    if (what == 12) return check(dict, table_.erase(handle_no(dict), view));
    if (what == 13) return check(dict, table_.keys(handle_no(dict)));
    if (what == 14) return check(dict, table_.stats(handle_no(dict)));
    rare();
  }

 private:
  void read(std::uint64_t dict, std::int64_t key, const KeyView& view) {
    Result<Blob> blob = table_.get(handle_no(dict), view);
    check(dict, blob);
    if (!blob.ok() || !*blob) return;
    if (!is_value_of(dict, key, as_text(blob->bytes())) && !shared_.damaged[dict] &&
        !shared_.values_may_be_wrong)
      complain(shared_, shared_.wrong_values,
               "dict " + std::to_string(dict) + ", key " + std::to_string(key) + ": " +
                   text_of(*blob).substr(0, 80));
    if (held_.size() < 20) held_.push_back(*std::move(blob));
    if (random_() % 4 == 0) held_.clear();
  }

  // Dicts of this worker's own, that come and go.
  void rare() {
    const Handle own = handle_no(1000 + random_() % 50);
    switch (random_() % 6) {
      case 0:
        check(kDicts, table_.create(own));
        break;
      case 1:
        table_.destroy(std::array{own});
        break;
      case 2:
        check(kDicts, put_text(table_, own, static_cast<std::int64_t>(random_() % 100),
                               std::string(random_() % 3000, 'o')));
        break;
      case 3:
        (void)table_.reclaim(20);
        break;
      case 4:
        (void)table_.stats();
        (void)table_.handles();
        break;
      default:
        (void)table_.sweep();
    }
  }

  template <class T>
  void check(std::uint64_t dict, const Result<T>& result) {
    if (result.ok()) return;
    const Error& error = result.error();
    ++shared_.errors;
    const bool promised = error.code == Errc::corrupt || error.code == Errc::gone ||
                          error.code == Errc::busy || error.code == Errc::table_full ||
                          (dict == kDicts && error.code == Errc::exists);
    const bool has_cause = dict == kDicts || shared_.damaged[dict] || shared_.all_damaged;
    if (!promised || !has_cause)
      complain(shared_, shared_.wrong_errors,
               "dict " + std::to_string(dict) + ": error " + std::to_string(static_cast<int>(error.code)) +
                   " " + error.detail);
  }

  Table& table_;
  Shared& shared_;
  std::mt19937_64 random_;
  std::vector<Blob> held_;
};

// Where the bytes are that are flipped.
enum class Zone : std::uint8_t {
  dicts,
  blocks,
  anything,
  superblock,
  processes,
  slots,
  directory,
  bitmap,
  descriptors
};

class FlipTest : public testing::TestWithParam<Zone> {
 protected:
  void SetUp() override {
    void* memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(memory, MAP_FAILED);
    shared_ = new (memory) Shared;
  }
  void TearDown() override { munmap(shared_, sizeof(Shared)); }

  static Limits limits() {
    Limits limits;
    limits.max_table_bytes = 64 << 20;
    return limits;
  }

  void fill(Table& table) const {
    // What has the number 0 cannot be told from the index.
    ASSERT_TRUE(table.create(handle_no(999)).ok());
    for (std::uint64_t dict = 0; dict < kDicts; ++dict) {
      ASSERT_TRUE(table.create(handle_no(dict)).ok());
      for (std::int64_t key = 0; key < kKeys; ++key) {
        const std::string name = key_of(key);
        const KeyView view = key % 3 == 0 ? KeyView(as_bytes(name)) : KeyView(key);
        ASSERT_TRUE(put_text(table, handle_no(dict), view, value_of(dict, key, 0)).ok());
      }
    }
  }

  std::uint64_t operations() const { return shared_->operations; }
  void let_them_work(std::uint64_t more) const {
    const std::uint64_t until = operations() + more;
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (operations() < until) {
      ASSERT_LT(std::chrono::steady_clock::now(), limit) << "nobody gets on";
      std::this_thread::yield();
    }
  }

  Offset any_place(const Mapping& raw, Zone zone) {
    const Geometry& geometry = raw.geometry();
    const std::uint64_t pages = raw.pages();
    switch (zone) {
      case Zone::superblock:
        return 64 * 2 + random_() % (sizeof(Superblock) - 128);
      case Zone::processes:
        return geometry.processes + random_() % (4 * sizeof(ProcessEntry));
      case Zone::slots:
        return geometry.slots + random_() % (3 * sizeof(Slot));
      case Zone::directory:
        return geometry.directory + random_() % 64;
      case Zone::bitmap:
        return geometry.bitmap + random_() % (pages / 8);
      case Zone::descriptors:
        return geometry.descriptors + random_() % (pages * sizeof(PageDescriptor));
      default:
        return geometry.data + random_() % (pages * kPageBytes);
    }
  }

  // Whose the byte is; kDicts: nobody's.
  static std::uint64_t owner_of(const Mapping& raw, Offset at) {
    const Geometry& geometry = raw.geometry();
    if (at < geometry.data) return kDicts;
    auto page = static_cast<std::uint32_t>((at - geometry.data) / kPageBytes);
    const auto word = [&](std::uint32_t number) {
      return read_page_word(number,
                            peek(raw.at<Word>(geometry.descriptors + number * sizeof(PageDescriptor))));
    };
    auto what = word(page);
    if (what && what->kind == RunKind::inner && what->pages <= page) {
      page -= what->pages;
      what = word(page);
    }
    if (!what) return kDicts;
    const Offset first = geometry.data + page * kPageBytes;
    if (what->kind == RunKind::chunk) {
      const auto& header = raw.at<DictHeader>(at / sizeof(DictHeader) * sizeof(DictHeader));
      return owner_of(header);
    }
    Offset block = first;
    if (what->kind == RunKind::slab)
      block += (at - first) / kClassBytes[what->size_class] * kClassBytes[what->size_class];
    if (what->kind != RunKind::slab && what->kind != RunKind::large) return kDicts;
    const std::uint32_t state = peek(raw.at<BlockHeader>(block).state);
    if (state >> kIdBits != static_cast<std::uint32_t>(BlockState::used)) return kDicts;
    return owner_by_number(raw, state & kIdMask);
  }
  static std::uint64_t owner_of(const DictHeader& header) {
    for (std::uint64_t dict = 0; dict < kDicts; ++dict)
      if (has_handle(header, words_of(handle_no(dict)))) return dict;
    return kDicts;
  }
  static std::uint64_t owner_by_number(const Mapping& raw, std::uint32_t number) {
    // The index has the number 0, too; a number may be damaged itself, and lie beyond what has memory behind
    // it.
    if (number == 0 || number / kDictsInChunk >= peek(raw.superblock().chunks)) return kDicts;
    const Offset chunk = peek(raw.at<Word>(raw.geometry().directory + number / kDictsInChunk * sizeof(Word)));
    if (chunk < raw.geometry().data || chunk + (std::uint64_t{1} << 14) > raw.data_end() ||
        chunk % kPageBytes != 0)
      return kDicts;
    return owner_of(raw.at<DictHeader>(chunk + number % kDictsInChunk * sizeof(DictHeader)));
  }

  // In `blocks` and `dicts` only what is certain to be one dict's, so that all others have to be as they
  // were.
  void flip(const Mapping& raw, Zone zone) {
    for (int tries = 0; tries < 10000; ++tries) {
      const Offset at = any_place(raw, zone);
      const std::uint64_t owner = owner_of(raw, at);
      const bool in_header = zone == Zone::dicts;
      if (in_header && (owner == kDicts || !is_in_chunk(raw, at))) continue;
      if (zone == Zone::blocks && owner == kDicts) continue;
      if (owner == kDicts) {
        shared_->all_damaged = true;
      } else {
        shared_->damaged[owner] = true;
      }
      auto& byte = raw.at<std::atomic<std::uint8_t>>(at);
      byte.store(
          static_cast<std::uint8_t>(random_() % 4 == 0 ? random_() : byte.load() ^ (1U << random_() % 8)));
      return;
    }
  }
  static bool is_in_chunk(const Mapping& raw, Offset at) {
    const auto page = static_cast<std::uint32_t>((at - raw.geometry().data) / kPageBytes);
    const auto what =
        read_page_word(page, peek(raw.at<Word>(raw.geometry().descriptors + page * sizeof(PageDescriptor))));
    const Offset chunk = peek(raw.at<Word>(raw.geometry().directory));
    return what && at >= chunk && at < chunk + kDictsInChunk * sizeof(DictHeader);
  }

  void pause() const {
    shared_->pause = true;
    while (shared_->pausing != kWorkers) std::this_thread::yield();
  }
  void go_on() const {
    shared_->pause = false;
    while (shared_->pausing != 0) std::this_thread::yield();
  }

  std::unique_ptr<Child> other_process(const std::string& path) {
    return std::make_unique<Child>([this, path] {
      const auto table = Table::attach(path);
      if (!table.ok()) return 1;
      Worker(**table, *shared_, random_()).work();
      return 0;
    });
  }

  // `between`: flips come between operations, so that it is known whose the byte is; else at any moment.
  void round(Zone zone, int flips, bool between) {
    const TemporaryTable file(limits());
    fill(file.table());
    new (shared_) Shared;
    shared_->values_may_be_wrong = !between;
    const std::unique_ptr<Child> child = kHarmless ? nullptr : other_process(file.path());
    std::vector<std::thread> threads;
    for (int n = kHarmless ? 0 : 1; n < kWorkers; ++n)
      threads.emplace_back([&, seed = random_()] { Worker(file.table(), *shared_, seed).work(); });
    let_them_work(100);
    for (int n = 0; n < flips; n += kFlipsAtOnce) {
      if (between) pause();
      for (int i = 0; i < kFlipsAtOnce && !kHarmless; ++i) flip(file.raw(), zone);
      if (between) go_on();
      let_them_work(100);
    }
    shared_->stop = true;
    for (std::thread& thread : threads) thread.join();
    if (child != nullptr) {
      EXPECT_EQ(child->wait(), 0);
    }
    errors_ += shared_->errors;
    EXPECT_EQ(shared_->wrong_errors, 0u) << shared_->first_wrong.data();
    EXPECT_EQ(shared_->wrong_values, 0u) << shared_->first_wrong.data();
    (void)file.table().audit();
    (void)file.table().sweep();
  }

  Shared* shared_ = nullptr;
  std::mt19937_64 random_{GetParam() == Zone::anything ? 7U : static_cast<unsigned>(GetParam())};
  std::uint64_t errors_ = 0;
};

int wanted_flips() {
  const char* text = std::getenv("PYPORT_FLIPS");
  return text == nullptr ? 10000 : std::atoi(text);
}

// Of all flips: how many hundredths fall into each zone.
int share(Zone zone) {
  switch (zone) {
    case Zone::dicts:
      return 10;
    case Zone::blocks:
      return 50;
    case Zone::anything:
      return 15;
    default:
      return 4;
  }
}

TEST_P(FlipTest, HarmsNobodyElse) {
  const Zone zone = GetParam();
  const int all = wanted_flips() * share(zone) / 100;
  // Few at a time where one dict alone is harmed, so that others are left.
  const int at_once = zone == Zone::dicts || zone == Zone::blocks ? 40 : kFlipsInARound;
  bool between = true;
  for (int done = 0; done < all && !HasFailure(); done += at_once) {
    round(zone, std::min(at_once, all - done), between);
    if (zone != Zone::dicts && zone != Zone::blocks) between = !between;
  }
  std::printf("%d flips%s, %llu errors told\n", all, kHarmless ? " left out" : "",
              static_cast<unsigned long long>(errors_));
}

std::string name_of(const testing::TestParamInfo<Zone>& zone) {
  static constexpr const char* kNames[] = {"dicts", "blocks",    "anything", "superblock", "processes",
                                           "slots", "directory", "bitmap",   "descriptors"};
  return kNames[static_cast<std::size_t>(zone.param)];
}

INSTANTIATE_TEST_SUITE_P(Zones, FlipTest,
                         testing::Values(Zone::dicts, Zone::blocks, Zone::anything, Zone::superblock,
                                         Zone::processes, Zone::slots, Zone::directory, Zone::bitmap,
                                         Zone::descriptors),
                         name_of);

}  // namespace
}  // namespace pyport::table
