// The transcoder against CPython's own picklers and unpicklers, and against Erlang's own codec, over
// thousands of random values. The two scripts beside this file make the values and judge the results.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "etf/validate.h"
#include "value/to_etf.h"
#include "value/to_pickle.h"

namespace pyport::value {
namespace {

const std::string kSource = std::string(PYPORT_GOLDEN_DIR) + "/../unit/value/";

class CrossCheck : public ::testing::Test {
 protected:
  CrossCheck() : folder_((std::filesystem::temp_directory_path() / "pyport_cross_check_XXXXXX").string()) {
    if (mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("no temporary folder");
  }
  ~CrossCheck() override { std::filesystem::remove_all(folder_); }

  std::string file() const { return folder_ + "/records"; }

  // Runs a command on file(); what it prints goes to this test's own output.
  void run(const std::string& command) const {
    ASSERT_EQ(std::system((command + " " + file()).c_str()), 0) << command;
  }
  void python(const std::string& verb) const {
    run("'" PYPORT_TEST_PYTHON "' -B '" + kSource + "cross_check.py' " + verb);
  }
  void erlang(const std::string& verb) const { run("escript '" + kSource + "cross_check.escript' " + verb); }

  std::vector<Bytes> read() const {
    std::ifstream stream(file(), std::ios::binary);
    const std::string data{std::istreambuf_iterator<char>(stream), {}};
    ByteSpan left = as_bytes(data);
    std::vector<Bytes> records;
    while (!left.empty()) {
      const std::size_t size = load_u32(left.data());
      const ByteSpan bytes = left.subspan(4, size);
      records.emplace_back(bytes.begin(), bytes.end());
      left = left.subspan(4 + size);
    }
    return records;
  }

  void write(const std::vector<Bytes>& records) const {
    Bytes data;
    for (const Bytes& record : records) {
      append_u32(data, static_cast<std::uint32_t>(record.size()));
      append(data, record);
    }
    std::ofstream stream(file(), std::ios::binary | std::ios::trunc);
    stream.write(reinterpret_cast<const char*>(data.data()), static_cast<std::streamsize>(data.size()));
  }

 private:
  std::string folder_;
};

Bytes text(const std::string& words) { return Bytes(words.begin(), words.end()); }

// The term, or the name of the error.
Bytes etf_of(const Bytes& pickle) {
  Bytes out;
  EXPECT_TRUE(is_plain(pickle));
  const Status status = to_etf(pickle, {}, out);
  if (!status.ok()) return text(status.error().detail);
  const Status valid = etf::validate_term(out);
  EXPECT_TRUE(valid.ok()) << (valid.ok() ? "" : valid.error().detail);
  return out;
}

Bytes pickle_of(const Bytes& term) {
  Bytes out;
  const auto pickled = to_pickle(term, out);
  return pickled.ok() ? out : text(pickled.error().detail);
}

TEST_F(CrossCheck, PythonValuesInEveryPickle) {
  python("generate");
  std::vector<Bytes> results;
  for (const Bytes& pickle : read()) {
    const Bytes term = etf_of(pickle);
    results.push_back(term);
    results.push_back(term == text("duplicate_key") ? Bytes{} : pickle_of(term));
  }
  ASSERT_EQ(results.size(), 2U * 2000 * 8);
  write(results);
  python("check");
}

// Erlang -> C++ -> CPython -> all pickles of it -> C++ -> Erlang.
TEST_F(CrossCheck, ErlangTermsThroughPython) {
  constexpr std::size_t kPickles = 8;
  erlang("generate");
  const std::vector<Bytes> terms = read();
  ASSERT_EQ(terms.size(), 2000U);
  std::vector<Bytes> pickles;
  std::vector<bool> refused;
  for (const Bytes& term : terms) {
    const Status valid = etf::validate(term);
    ASSERT_TRUE(valid.ok()) << valid.error().detail;
    Bytes pickle;
    const bool good = to_pickle(ByteSpan(term).subspan(1), pickle).ok();
    refused.push_back(!good);
    if (good) pickles.push_back(pickle);
  }
  const std::vector<Bytes> direct = pickles;
  write(pickles);
  python("load");
  const std::vector<Bytes> loaded = read();
  ASSERT_EQ(loaded.size(), kPickles * direct.size());
  std::vector<Bytes> results;
  const auto add = [&results](const Bytes& pickle) {
    const Bytes term = etf_of(pickle);
    results.push_back(term == text("duplicate_key") ? text("refused") : term);
  };
  std::size_t next = 0;
  for (const bool was_refused : refused) {
    if (was_refused) {
      results.insert(results.end(), kPickles + 1, text("refused"));
      continue;
    }
    add(direct[next]);
    for (std::size_t i = 0; i < kPickles; ++i) add(loaded[kPickles * next + i]);
    ++next;
  }
  write(results);
  erlang("check");
}

}  // namespace
}  // namespace pyport::value
