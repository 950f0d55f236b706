// A Runtime that is started otherwise than the other tests' one: in processes of their own.
#include <filesystem>
#include <fstream>

#include "harness.h"

namespace pyport::python {
namespace {

using namespace testing;

// Starts a Runtime in this (child) process and leaves with 0 when `code` runs in it without an exception.
[[noreturn]] void leave_after(const RuntimeConfig& config, const std::string& code) {
  auto* const table = (*table::Table::anonymous()).release();
  auto* const sink = new RecordingSink;
  auto runtime = Runtime::start(config, *table, *sink);
  if (!runtime.ok()) {
    std::fprintf(stderr, "%s\n", runtime.error().detail.c_str());
    std::_Exit(2);
  }
  Job job;
  job.id = 1;
  job.any = true;
  job.what = ExecJob{code, {}};
  if (!(*runtime)->submit(job).ok()) std::_Exit(3);
  const std::string outcome = shown(sink->wait(1));
  std::fprintf(stderr, "%s\n", outcome.c_str());
  std::_Exit(outcome == "<done>" ? 0 : 1);
}

class StartTest : public ::testing::Test {
 protected:
  void SetUp() override {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    std::string pattern = ::testing::TempDir() + "pyport_start_XXXXXX";
    folder_ = mkdtemp(pattern.data());
    config_ = test_config();
    config_.interpreters = 1;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
  RuntimeConfig config_;
};

TEST_F(StartTest, AVenvGivesPrefixAndPackages) {
  const std::string make = std::string(PYPORT_TEST_PYTHON) + " -m venv --without-pip " + folder_ + "/venv";
  ASSERT_EQ(std::system(make.c_str()), 0);
  config_.python = folder_ + "/venv";
  const std::string code =
      "import sys, subprocess, glob\n"
      "venv = "
      "'" +
      folder_ +
      "/venv'\n"
      "assert sys.prefix == venv, sys.prefix\n"
      "assert sys.base_prefix != venv\n"
      "assert sys.executable == venv + '/bin/python', sys.executable\n"
      "assert any(p.startswith(venv) and p.endswith('site-packages') for p in sys.path), sys.path\n"
      "out = subprocess.check_output([sys.executable, '-c', 'import sys; print(sys.prefix)'])\n"
      "assert out.decode().strip() == venv, out\n";
  EXPECT_EXIT(leave_after(config_, code), ::testing::ExitedWithCode(0), "<done>");
}

TEST_F(StartTest, PythonPathComesFirst) {
  config_.python_path = {folder_ + "/a", folder_ + "/b"};
  const std::string code = "import sys\nassert sys.path[1:3] == ['" + folder_ + "/a', '" + folder_ +
                           "/b'], sys.path\n"
                           "assert '' not in sys.path";
  EXPECT_EXIT(leave_after(config_, code), ::testing::ExitedWithCode(0), "<done>");
}

TEST_F(StartTest, TheUsersEnvironmentDoesNotCount) {
  setenv("PYTHONPATH", folder_.c_str(), 1);
  setenv("PYTHONHOME", folder_.c_str(), 1);
  EXPECT_EXIT(leave_after(config_, "import sys\nassert '" + folder_ + "' not in sys.path"),
              ::testing::ExitedWithCode(0), "<done>");
  unsetenv("PYTHONPATH");
  unsetenv("PYTHONHOME");
}

TEST_F(StartTest, AWrongPythonIsRefused) {
  config_.python = folder_ + "/missing";
  EXPECT_EXIT(leave_after(config_, ""), ::testing::ExitedWithCode(2), "python: .*/missing does not exist");
}

TEST_F(StartTest, AMissingPackageIsRefused) {
  config_.package_path = folder_;
  EXPECT_EXIT(leave_after(config_, ""), ::testing::ExitedWithCode(2),
              "the package erlang cannot be imported");
}

TEST_F(StartTest, TheMainInterpreterIsOneOnly) {
  config_.isolation = Isolation::process;
  config_.interpreters = 2;
  EXPECT_EXIT(leave_after(config_, ""), ::testing::ExitedWithCode(2), "interpreters: must be 1");
}

// Modules in one step, as most of those that refuse interpreters are, are loaded by the main one.
TEST_F(StartTest, TheMainInterpreterRunsJobsWithoutTheImportGuard) {
  config_.isolation = Isolation::process;
  const std::string code =
      "import _interpreters\n"
      "assert _interpreters.get_current()[0] == 0\n"
      "import sys\n"
      "sys.path.append('" +
      std::string(PYPORT_TEST_EXTENSIONS) +
      "')\n"
      "import single_phase";
  EXPECT_EXIT(leave_after(config_, code), ::testing::ExitedWithCode(0), "<done>");
  config_.isolation = Isolation::interpreter;
  EXPECT_EXIT(leave_after(config_, code.substr(code.find("import sys"))), ::testing::ExitedWithCode(1),
              "ImportError");
}

TEST_F(StartTest, CodeOfEachInterpreterRunsInAllOfThem) {
  config_.interpreters = 3;
  config_.on_restart = "import sys\nsys.stdout.write('begun in ' + str(sys.flags.isolated) + chr(10))";
  const auto count = [&] {
    auto* const sink = new RecordingSink;
    const auto runtime = Runtime::start(config_, *(*table::Table::anonymous()).release(), *sink);
    std::_Exit(runtime.ok() ? static_cast<int>(sink->logs().size()) : 100);
  };
  EXPECT_EXIT(count(), ::testing::ExitedWithCode(3), "");
}

TEST_F(StartTest, TheQueueIsBounded) {
  config_.max_queue = 2;
  const auto overload = [&] {
    auto* const table = (*table::Table::anonymous()).release();
    auto* const sink = new RecordingSink;
    auto runtime = Runtime::start(config_, *table, *sink);
    Job job;
    job.any = true;
    job.what = ExecJob{"print('busy')\nwhile True: pass", {}};
    job.id = 1;
    bool good = (*runtime)->submit(job).ok();
    sink->wait_log([](const LogRecord& record) { return record.text == "busy"; });
    for (job.id = 2; job.id <= 3; ++job.id) good = good && (*runtime)->submit(job).ok();
    const Status refused = (*runtime)->submit(job);
    good = good && !refused.ok() && refused.error().code == Errc::overloaded;
    runtime->reset();  // gives up what waits
    for (const RequestId id : {2U, 3U}) good = good && is_error(sink->wait(id), Errc::shutting_down);
    std::_Exit(good && !sink->is_done(4) ? 0 : 1);
  };
  EXPECT_EXIT(overload(), ::testing::ExitedWithCode(0), "");
}

TEST(Start, OnceOnly) {
  port();
  RecordingSink sink;
  const auto again = Runtime::start(test_config(), port().table, sink);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, Errc::bad_config);
  EXPECT_NE(Runtime::python_version().find("3."), std::string::npos);
}

}  // namespace
}  // namespace pyport::python
