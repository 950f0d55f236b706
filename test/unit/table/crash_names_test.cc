// The list of points is complete: every store into the table's file is made in one of the ways that
// crash_point.h knows, and every point that the source names is passed by the operations that the crash tests
// kill.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "crash_harness.h"
#include "crash_scenarios.h"

namespace pyport::table {
namespace {

const std::filesystem::path kSource =
    std::filesystem::path(PYPORT_PACKAGE_DIR).parent_path() / "port_src" / "table";

std::map<std::string, std::string> sources() {
  std::map<std::string, std::string> texts;
  for (const auto& entry : std::filesystem::directory_iterator(kSource)) {
    std::ifstream file(entry.path());
    std::stringstream text;
    text << file.rdbuf();
    texts[entry.path().filename()] = text.str();
  }
  return texts;
}

// Points that only damage, a lack of memory or a stuck process leads to, and the tests of those see to them;
// and rebuild.pages, which needs a kill at the one point inside of grow that CrashPoints finds.
const std::set<std::string> kElsewhere{
    "slot.no_dicts", "give.nothing", "give.damaged", "lock.refused",  "record.none", "reclaim.skip",
    "dict.corrupt",  "unpin.lost",   "compact.undo", "rebuild.pages", "batch.none",  "batch.undo",
};

std::set<std::string> named_points() {
  std::set<std::string> names;
  const std::regex point(R"re((?:put|crash_point)\([^;]*"([a-z_.]+)")re");
  for (const auto& [file, text] : sources())
    for (std::sregex_iterator at(text.begin(), text.end(), point), end; at != end; ++at)
      names.insert((*at)[1]);
  return names;
}

// A killed process's lock, hand, magazines and records: what repair and sweep have to do with.
void leave_a_dead_process(Table& table, const Scenario& scenario, std::size_t point) {
  ASSERT_NE(run_and_kill(table, point, scenario.work), End::failed);
}

TEST(CrashNames, EveryNamedPointIsPassedByWhatTheCrashTestsKill) {
  std::set<std::string> passed;
  for (const Scenario& scenario : scenarios()) {
    for (const std::size_t dead_at : {0u, 15u, 60u, 200u}) {
      const auto table = new_table({.max_table_bytes = std::uint64_t{64} << 20});
      Model model;
      ASSERT_TRUE(table->create(kDict).ok());
      scenario.prepare(*table, model);
      if (dead_at != 0) leave_a_dead_process(*table, scenario, dead_at);
      Points::record(passed);
      ASSERT_TRUE(table->after_fork().ok());  // another place; the first is given back with the dead one's
      (void)scenario.work(*table);
      table->sweep();
      while (table->reclaim(10)) {
      }
      Points::stop();
    }
  }
  std::vector<std::string> missed;
  for (const std::string& name : named_points())
    if (!passed.contains(name) && !kElsewhere.contains(name)) missed.push_back(name);
  EXPECT_EQ(missed, std::vector<std::string>{});
}

// Where a store is not a point: the file and the words that show why.
struct Exception {
  std::string file;
  std::string words;
};
const std::vector<Exception> kExceptions{
    {"crash_point.h", ""},                          // the three ways themselves
    {"place.cc", ""},                               // this process's own memory
    {"place.h", ""},                                // this process's own memory
    {"mapping.cc", "known_"},                       // this process's own memory
    {"mapping.h", "known_"},                        // this process's own memory
    {"heap.cc", "known_pages_"},                    // this process's own memory
    {"shared_lock.h", "word_."},                    // lock.name and lock.taken stand around it
    {"shared_lock.cc", "word_."},                   // lock.name and lock.taken stand around it
    {"recovery.cc", "entry.pid.compare_exchange"},  // slot.claimed stands behind it
    {"store.cc", "recent(words).store("},           // this process's own memory
    {"look.cc", "recent(words).store("},            // this process's own memory
    {"recovery.cc", "super().repairs.fetch_add"},   // a statistic
    {"wake_word.h", "word_."},                      // wait.mark stands around it
    {"wake_word.cc", "word_."},                     // wake.count stands around it, but in stir()
    {"wait.cc", "stopped_."},                       // this process's own memory
};

bool is_exception(const std::string& file, const std::string& line) {
  return std::any_of(kExceptions.begin(), kExceptions.end(), [&](const Exception& exception) {
    return exception.file == file && line.find(exception.words) != std::string::npos;
  });
}

TEST(CrashNames, EveryStoreIsAPointOrSaysWhyNot) {
  const std::regex store(R"(\.(store|exchange|fetch_\w+|compare_exchange_\w+)\()");
  std::vector<std::string> bare;
  for (const auto& [file, text] : sources()) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
      if (std::regex_search(line, store) && !is_exception(file, line)) bare.push_back(file + ": " + line);
  }
  EXPECT_EQ(bare, std::vector<std::string>{});
}

}  // namespace
}  // namespace pyport::table
