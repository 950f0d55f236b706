#include "python/python_home.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "python/python_api.h"

namespace pyport::python {
namespace {

namespace fs = std::filesystem;

const std::string kVersion = std::to_string(PY_MAJOR_VERSION) + "." + std::to_string(PY_MINOR_VERSION);

class PythonHomeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "pyport_home_XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path script(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
    fs::permissions(path, fs::perms::owner_all);
    return path;
  }
  fs::path venv(const std::string& config) {
    const fs::path place = folder_ / "venv";
    script(place / "bin" / "python", "#!/bin/sh\nexit 1\n");
    std::ofstream(place / "pyvenv.cfg") << config;
    return place;
  }
  static std::string refusal(const std::string& option) {
    const auto home = find_python_home(option);
    if (home.ok()) return "accepted: " + home->executable;
    EXPECT_EQ(home.error().code, Errc::bad_config);
    EXPECT_TRUE(home.error().detail.starts_with("python: ")) << home.error().detail;
    return home.error().detail;
  }

  fs::path folder_;
};

TEST_F(PythonHomeTest, EmptyMeansTheLinkedInstallation) {
  const auto home = find_python_home("");
  ASSERT_TRUE(home.ok());
  EXPECT_TRUE(home->executable.ends_with("/bin/python" + kVersion)) << home->executable;
}

TEST_F(PythonHomeTest, AnExecutableIsTakenByTheNameBehindItsSymlinks) {
  const fs::path link = folder_ / "python";
  fs::create_symlink(PYPORT_TEST_PYTHON, link);
  const auto home = find_python_home(link.string());
  ASSERT_TRUE(home.ok()) << home.error().detail;
  EXPECT_EQ(home->executable, link.string()) << "not resolved: pyvenv.cfg lies beside the link";
}

TEST_F(PythonHomeTest, AVenvTellsItsVersion) {
  for (const std::string& line :
       {"version = " + kVersion + ".7\n", "version_info=" + kVersion + ".0.final.0\n"}) {
    const fs::path place = venv("home = /nowhere\n" + line);
    const auto home = find_python_home(place.string());
    ASSERT_TRUE(home.ok()) << home.error().detail;
    EXPECT_EQ(home->executable, (place / "bin" / "python").string());
  }
}

TEST_F(PythonHomeTest, AVenvOfAnotherVersionIsRefused) {
  const std::string why = refusal(venv("version = 3.9.2\n").string());
  EXPECT_NE(why.find("is Python 3.9, pyport is linked to " + kVersion), std::string::npos) << why;
}

TEST_F(PythonHomeTest, AnExecutableWithAStrangeNameIsAsked) {
  const std::string says = "#!/bin/sh\necho ";
  EXPECT_TRUE(find_python_home(script(folder_ / "good", says + kVersion + "\n").string()).ok());
  EXPECT_NE(refusal(script(folder_ / "old", says + "3.8\n").string()).find("is Python 3.8"),
            std::string::npos);
  EXPECT_NE(refusal(script(folder_ / "nogil", says + kVersion + "t\n").string())
                .find("is Python " + kVersion + "t"),
            std::string::npos);
  EXPECT_NE(refusal(script(folder_ / "mute", "#!/bin/sh\n").string()).find("does not tell its version"),
            std::string::npos);
}

TEST_F(PythonHomeTest, ABuildWithoutTheGilIsRefusedByName) {
  EXPECT_NE(refusal(script(folder_ / ("python" + kVersion + "t"), "#!/bin/sh\n").string()).find("t, pyport"),
            std::string::npos);
}

TEST_F(PythonHomeTest, OtherThingsAreRefused) {
  EXPECT_NE(refusal((folder_ / "missing").string()).find("does not exist"), std::string::npos);
  EXPECT_NE(refusal(folder_.string()).find("no pyvenv.cfg"), std::string::npos);
  std::ofstream(folder_ / "text") << "x";
  EXPECT_NE(refusal((folder_ / "text").string()).find("neither"), std::string::npos);
  const fs::path place = venv("version = " + kVersion + "\n");
  fs::remove(place / "bin" / "python");
  EXPECT_NE(refusal(place.string()).find("no bin/python"), std::string::npos);
}

}  // namespace
}  // namespace pyport::python
