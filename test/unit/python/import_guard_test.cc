// The import guard with real extension modules, made by extensions/CMakeLists.txt.
#include <signal.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "harness.h"
#include "python/extension_probe.h"
#include "python/module_definition.h"
#include "python/program_answer.h"

namespace pyport::python {
namespace {

using namespace testing;
namespace fs = std::filesystem;

// The look-up starts the program that it runs in, so this test program, too, must be able to look. GoogleTest
// owns main(); what runs before it gets the arguments, too.
__attribute__((constructor)) void probe_when_asked(int count, char** arguments, char**) {
  if (count > 1 && std::strcmp(arguments[1], kProbeOption) == 0) probe_extension(count - 2, arguments + 2);
}

constexpr const char* kMark = "PYPORT_EXTENSION_RAN";

class Extensions : public ::testing::Test {
 protected:
  void SetUp() override {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    unsetenv(kMark);
    std::string pattern = ::testing::TempDir() + "pyport_guard_XXXXXX";
    folder_ = mkdtemp(pattern.data());
    link("single_phase", "single_phase");
    for (const char* name :
         {"declares", "shares_gil", "says_nothing", "has_no_slots", "raises", "crashes", "lies"})
      link("many", name);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void link(const std::string& from, const std::string& name) const {
    fs::copy_file(std::string(PYPORT_TEST_EXTENSIONS) + "/" + from + ".so", file(name));
  }
  std::string file(const std::string& name) const { return folder_ + "/" + name + ".so"; }
  void write(const std::string& name, const std::string& text) const { std::ofstream(file(name)) << text; }

  Declaration look_up(const std::string& name) const {
    return own_gil_declaration(PYPORT_TEST_PYTHON, file(name), "package." + name);
  }
  // Imports the module by a statement in an interpreter of the port.
  std::string import(const std::string& name, const std::string& then = "") const {
    return exec(new_namespace(), "import sys\nsys.path.append('" + folder_ + "')\ntry:\n import " + name +
                                     "\nfinally:\n sys.path.pop()\n" + then);
  }

  std::string folder_;
};

TEST_F(Extensions, AreLookedUp) {
  EXPECT_EQ(look_up("declares").support, OwnGil::declared);
  for (const char* name : {"shares_gil", "says_nothing", "has_no_slots", "lies", "single_phase"})
    EXPECT_EQ(look_up(name).support, OwnGil::not_declared) << name;
  EXPECT_EQ(std::getenv(kMark), nullptr) << "an init function ran here";
}

TEST_F(Extensions, ThatFailAreNotKnown) {
  const Declaration raises = look_up("raises");
  EXPECT_EQ(raises.support, OwnGil::unknown);
  EXPECT_EQ(raises.why, "its init function raised ImportError: no luck at all");
  const Declaration crashes = look_up("crashes");
  EXPECT_EQ(crashes.support, OwnGil::unknown);
  EXPECT_EQ(crashes.why, "its init function crashes or does not end");
  EXPECT_EQ(std::getenv(kMark), nullptr) << "an init function ran here";
}

TEST_F(Extensions, OfOddNamesAndFiles) {
  link("many", "other");
  EXPECT_EQ(look_up("other").support, OwnGil::unknown) << "no such init function in the file";
  EXPECT_NE(look_up("other").why.find("PyInit_other"), std::string::npos) << look_up("other").why;
  write("no_elf", "PyModuleDef_Init");
  EXPECT_EQ(look_up("no_elf").support, OwnGil::no_module);
  write("empty", "");
  EXPECT_EQ(look_up("empty").support, OwnGil::no_module);
  EXPECT_EQ(look_up("missing").support, OwnGil::no_module);
  write("damaged", std::string("\x7f"
                               "ELF PyModuleDef_Init\0",
                               22));
  EXPECT_EQ(look_up("damaged").support, OwnGil::unknown);
  fs::create_directory(file("folder"));
  EXPECT_EQ(look_up("folder").support, OwnGil::no_module);
}

// The name may lie across two of the pieces that are read.
TEST_F(Extensions, TheScreenReadsTheWholeFile) {
  const std::string name("PyModuleDef_Init\0", 17);
  for (std::size_t before = (1 << 20) - 20; before <= (1 << 20) + 3; ++before) {
    write("large",
          "\x7f"
          "ELF" +
              std::string(before - 4, ' ') + name);
    ASSERT_EQ(look_up("large").support, OwnGil::unknown) << before;
    if (before % 8 == 0) before += 5;  // each look-up starts a process
  }
  write("large",
        "\x7f"
        "ELF" +
            std::string(3 << 20, ' ') + "PyModuleDef_Initialise");
  EXPECT_EQ(look_up("large").support, OwnGil::not_declared);
}

TEST_F(Extensions, AnotherVersionOfAFileIsLookedUpAnew) {
  EXPECT_EQ(look_up("declares").support, OwnGil::declared);
  fs::remove(file("declares"));
  fs::copy_file(file("single_phase"), file("declares"));
  EXPECT_EQ(look_up("declares").support, OwnGil::not_declared);
}

TEST_F(Extensions, AreLookedUpOnce) {
  EXPECT_EQ(look_up("declares").support, OwnGil::declared);
  // Another look would find this, in the same file of the same size and time.
  const auto size = fs::file_size(file("declares"));
  const auto time = fs::last_write_time(file("declares"));
  write("declares",
        "\x7f"
        "ELF" +
            std::string(size - 4, ' '));
  fs::last_write_time(file("declares"), time);
  EXPECT_EQ(look_up("declares").support, OwnGil::declared);
  fs::last_write_time(file("declares"), time + std::chrono::seconds(1));
  EXPECT_EQ(look_up("declares").support, OwnGil::not_declared);
}

TEST_F(Extensions, AreLookedUpByManyThreads) {
  std::vector<std::thread> threads;
  std::atomic<int> declared{0};
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] { declared += look_up("declares").support == OwnGil::declared ? 1 : 0; });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(declared, 8);
}

TEST_F(Extensions, ThatDeclareItAreLoaded) {
  EXPECT_EQ(import("declares", "assert declares.answer() == 42"), "<done>");
}

TEST_F(Extensions, ThatDoNotDeclareItAreRefused) {
  for (const std::string name : {"shares_gil", "says_nothing", "has_no_slots", "lies", "single_phase"}) {
    const std::string wanted = "ImportError: " + name +
                               " does not support own-GIL interpreters (its extension module " + name +
                               " does not declare it); use a pool with isolation => process";
    EXPECT_EQ(import(name).substr(0, wanted.size()), wanted);
    EXPECT_EQ(import(name).substr(0, wanted.size()), wanted) << "the second time";
  }
  EXPECT_EQ(std::getenv(kMark), nullptr) << "an init function ran here";
}

TEST_F(Extensions, ThatFailAreRefused) {
  EXPECT_NE(import("raises").find("raises does not support own-GIL interpreters (its extension module raises "
                                  "could not be looked up: its init function raised ImportError: no luck at "
                                  "all); use a pool with isolation => process"),
            std::string::npos);
  EXPECT_NE(import("crashes").find("could not be looked up: its init function crashes or does not end"),
            std::string::npos);
  EXPECT_EQ(std::getenv(kMark), nullptr) << "an init function ran here";
}

TEST_F(Extensions, AreRefusedInEveryWayOfLoading) {
  const std::string ways = R"(
import importlib, importlib.machinery, importlib.util, runpy, sys
name, file = 'says_nothing', folder + '/says_nothing.so'
def by_spec(spec):
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
def by_loader():
    loader = importlib.machinery.ExtensionFileLoader('a.b.says_nothing', file)
    loader.create_module(importlib.machinery.ModuleSpec('a.b.says_nothing', loader, origin=file))
def by_imp():
    import _imp
    _imp.create_dynamic(importlib.util.spec_from_file_location(name, file))
def by_load_module():
    importlib.machinery.ExtensionFileLoader(name, file).load_module()
sys.path.append(folder)
ways = [lambda: importlib.import_module(name), lambda: __import__(name), lambda: exec('from says_nothing import answer'),
        lambda: by_spec(importlib.util.spec_from_file_location(name, file)), lambda: by_spec(importlib.util.find_spec(name)),
        by_loader, by_imp, lambda: runpy.run_module(name)]
said = []
for way in ways:
    try: way()
    except ImportError as error: said.append(str(error))
assert name not in sys.modules
said = [text for text in said if 'use a pool with isolation => process' in text]
assert len(said) >= len(ways) - 1, said
)";
  const std::string set = "folder = '" + folder_ + "'\n";
  EXPECT_EQ(exec(new_namespace(), set + ways), "<done>");
  EXPECT_EQ(std::getenv(kMark), nullptr) << "an init function ran here";
}

TEST_F(Extensions, ThatCannotBeLoadedSaySoThemselves) {
  write("no_elf", "text");
  EXPECT_NE(import("no_elf").find("no_elf.so: "), std::string::npos);
}

// In a process of their own, as the Runtime is set up otherwise.
[[noreturn]] void leave_after(const RuntimeConfig& config, const std::string& code) {
  table::Table* const table = (*table::Table::anonymous()).release();
  auto* const sink = new RecordingSink;
  auto runtime = Runtime::start(config, *table, *sink);
  if (!runtime.ok()) std::_Exit(2);
  Job job;
  job.id = 1;
  job.any = true;
  job.what = ExecJob{code, {}};
  if (!(*runtime)->submit(job).ok()) std::_Exit(3);
  const std::string outcome = shown(sink->wait(1));
  std::fprintf(stderr, "%s\n", outcome.c_str());
  std::_Exit(outcome == "<done>" ? 0 : 1);
}

TEST_F(Extensions, ThatAreAllowedAreLoadedWhateverTheyDeclare) {
  RuntimeConfig config = test_config();
  config.interpreters = 1;
  config.python_path.push_back(folder_);
  config.allow_import = {"says_nothing", "single_phase"};
  EXPECT_EXIT(leave_after(config, "import says_nothing\nassert says_nothing.answer() == 42"),
              ::testing::ExitedWithCode(0), "<done>");
  EXPECT_EXIT(leave_after(config, "import has_no_slots"), ::testing::ExitedWithCode(1),
              "has_no_slots does not support own-GIL interpreters");
  // CPython's check is back on afterwards.
  EXPECT_EXIT(leave_after(config,
                          "import says_nothing, _imp\n"
                          "assert _imp._override_multi_interp_extensions_check(0) == 0"),
              ::testing::ExitedWithCode(0), "<done>");
}

// Why there is a guard: see docs/design.md. When this fails, CPython has become better.
TEST_F(Extensions, WithoutTheGuardThoseThatRaiseEndTheProcess) {
  RuntimeConfig config = test_config();
  config.interpreters = 1;
  config.python_path.push_back(folder_);
  config.allow_import = {"raises"};
  EXPECT_DEATH(leave_after(config, "try:\n import raises\nexcept ImportError as error:\n del error\n"), "");
}

TEST(AskProgram, EndsAProgramThatDoesNotAnswer) {
  ProgramQuestion question{"/bin/sleep", {"1000"}};
  question.limit = std::chrono::milliseconds(50);
  const ProgramAnswer answer = ask_program(question);
  EXPECT_FALSE(answer.line.has_value());
  EXPECT_EQ(answer.why, Unanswered::silent);
}

TEST(AskProgram, TakesOneLine) {
  EXPECT_EQ(ask_program({"/bin/echo", {"one line"}}).line, "one line");
  EXPECT_EQ(ask_program({"/bin/sh", {"-c", "echo first; echo second; exec sleep 1000"}}).line, "first");
  EXPECT_FALSE(ask_program({"/bin/sh", {"-c", "printf unfinished"}}).line.has_value());
  EXPECT_FALSE(ask_program({"/bin/true", {}}).line.has_value());
  EXPECT_EQ(ask_program({"/does/not/exist", {}}).why, Unanswered::not_started);
}

}  // namespace
}  // namespace pyport::python
